"""The model checks itself: engines against each other, simulation against exact values, extremes, conservation.

`closed_form*` share no code with the model; `agreement` sets the simulation beside them; `checks` holds the
claims and their verdicts. Start with `checks.verify`.
"""
