"""Studies inside the model: patients who are simulated, followed, censored and analysed as a publication would.

`follow` says what a study sees of histories: when the first event came, or what ended watching. `estimators` has the
cumulative incidence by Aalen-Johansen, from lifelines.
"""
