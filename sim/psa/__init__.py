"""Probabilistic analysis: parameter draws played on the same patients, and what they say of the decision."""
