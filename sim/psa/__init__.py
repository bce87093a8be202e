"""Probabilistic analysis: parameter draws played on the same patients, and what they say of the decision.

    psa(scenario, draws=..., patients=...)   every draw -> PsaResult
    report_of(result)                        findings, value of information, prices, subgroups -> PsaReport

`job` cuts the work into batches, `result` holds what came of it, `precision` tells parameters from luck, `decision`
draws the acceptability curves as they would be without luck, `detect` looks for silent inputs.
"""

from sim.psa.analysis import PsaReport, report_of
from sim.psa.result import PsaResult
from sim.psa.run import Settings, play, prepare, psa, until_precise

__all__ = ["PsaReport", "PsaResult", "Settings", "play", "prepare", "psa", "report_of", "until_precise"]
