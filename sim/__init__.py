"""igsim: who should get immunoglobulin, and when.

    import sim
    scenario = sim.load("scenarios/base-case.toml")
    result = sim.run(scenario, patients=5000)
    result.table()

Where things are, from what a user writes to what a user reads:

    scenario    the file format, checked all at once      -> Scenario
    build       names to indices, days to months          -> ClinicalModel
    model       the clinical rules, pure functions of arrays
    streams     luck by address; population: patients from it
    engines     numpy_engine is fast, simpy_engine is readable; their event logs are equal; programme plays a centre
    outcomes    means with Monte Carlo standard errors, of differences too
    cohort      real patients from a table, in place of drawn ones
    runs        patients in batches -> RunResult; tracing: one patient, side by side; timelines: a sample over time;
                explain: the compiled model in words
    capacity    patients who compete for chairs and immunoglobulin, on calendar time
    calibrate   a scenario fitted to published data; trial: studies of simulated patients, and their bias and power
    cea         incremental analysis, CEAC, CEAF, EVPI, of the simulation or of anyone's table
    work        many cores, many machines, interrupted runs; psa, sensitivity: what is played many times
    verify      the model against itself and against exact values
    figures     Plotly figures of any of these tables
    store       run folders; files: single ones; report: text, JSON and the HTML page
    dashboard   the same in a browser; cli: the command
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.cea import PsaTable, analyse, incremental_analysis, read_psa_table
    from sim.cohort import Cohort, read_cohort
    from sim.errors import IgsimError, InputError
    from sim.psa import PsaReport, VoiReport, run_psa, value_of_information
    from sim.report.page.write import write_report
    from sim.runs import RunResult, run
    from sim.scenario import Scenario, load, shipped_scenarios
    from sim.sensitivity import Sweep, compare, parse_axes, price_thresholds, sweep, thresholds, tornado
    from sim.tracing import Trace, trace
    from sim.trial import TrialResult, run_trials
    from sim.work.long_work import workers

_HOME = {
    "Cohort": "sim.cohort",
    "IgsimError": "sim.errors",
    "InputError": "sim.errors",
    "PsaReport": "sim.psa",
    "PsaTable": "sim.cea",
    "RunResult": "sim.runs",
    "Scenario": "sim.scenario",
    "Sweep": "sim.sensitivity",
    "Trace": "sim.tracing",
    "TrialResult": "sim.trial",
    "VoiReport": "sim.psa",
    "analyse": "sim.cea",
    "compare": "sim.sensitivity",
    "incremental_analysis": "sim.cea",
    "load": "sim.scenario",
    "parse_axes": "sim.sensitivity",
    "price_thresholds": "sim.sensitivity",
    "read_cohort": "sim.cohort",
    "read_psa_table": "sim.cea",
    "run": "sim.runs",
    "run_psa": "sim.psa",
    "run_trials": "sim.trial",
    "shipped_scenarios": "sim.scenario",
    "sweep": "sim.sensitivity",
    "thresholds": "sim.sensitivity",
    "tornado": "sim.sensitivity",
    "trace": "sim.tracing",
    "value_of_information": "sim.psa",
    "workers": "sim.work.long_work",
    "write_report": "sim.report.page.write",
}

__all__ = [
    "Cohort",
    "IgsimError",
    "InputError",
    "PsaReport",
    "PsaTable",
    "RunResult",
    "Scenario",
    "Sweep",
    "Trace",
    "TrialResult",
    "VoiReport",
    "analyse",
    "compare",
    "incremental_analysis",
    "load",
    "parse_axes",
    "price_thresholds",
    "read_cohort",
    "read_psa_table",
    "run",
    "run_psa",
    "run_trials",
    "shipped_scenarios",
    "sweep",
    "thresholds",
    "tornado",
    "trace",
    "value_of_information",
    "workers",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `import sim` costs nothing."""
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    message = f"module 'sim' has no attribute {name!r}"
    raise AttributeError(message)
