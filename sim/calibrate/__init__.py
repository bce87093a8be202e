"""Fitting a scenario to published data: priors of the scenario, exact curves, a likelihood with its sampling error.

    from sim.calibrate import calibrate
    calibrate(sim.load("scenarios/calibration.toml")).parameters

    curve       first infection under frailty, competing exit and a mix of exposures: a one-dimensional integral
    prior       the scenario's distributions in standard normal scores
    forward     from drawn values to what each target should show
    likelihood  what was seen, with the information that follow-up left in it
    sample      emcee, its convergence, its stopping rule
    predict     the fit played back: simulated cohorts beside the published ones
    result      tables of all of it

What it leaves out is said in docs/calibration.md. Start with `result.calibrate`.
"""

from sim.calibrate.result import CalibrationResult, calibrate

__all__ = ["CalibrationResult", "calibrate"]
