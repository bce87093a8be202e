"""Probabilistic analysis: parameter draws played on the same patients, and what they say of the decision.

    psa(scenario, draws=..., patients=...)   every draw -> PsaResult
    run_psa(scenario, ...)                   both at once
    value_of_information(source, ...)        what more evidence is worth -> VoiReport
    report_of(result)                        findings, value of information, prices, subgroups -> PsaReport

`job` cuts the work into batches, `result` holds what came of it, `precision` tells parameters from luck, `decision`
draws the acceptability curves as they would be without luck, `detect` looks for silent inputs.
"""

from sim.psa.analysis import PsaReport, report_of, run_psa
from sim.psa.research import VoiReport, value_of_information
from sim.psa.result import PsaResult
from sim.psa.run import Settings, play, prepare, psa, until_precise

__all__ = [
    "PsaReport",
    "PsaResult",
    "Settings",
    "VoiReport",
    "play",
    "prepare",
    "psa",
    "report_of",
    "run_psa",
    "until_precise",
    "value_of_information",
]
