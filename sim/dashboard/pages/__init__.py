"""The pages, each a pure function of what is looked at and how.

    decision, infections, patients, uncertainty, sweep, programme, parameters   of a run folder or a scenario
    start                                                                      the list of both
    what_if                                                                    the sliders, and what they give

`Desk` is what all of them may use.
"""

from sim.dashboard.pages.desk import Desk

__all__ = ["Desk"]
