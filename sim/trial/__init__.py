"""Studies inside the model: patients who are simulated, enrolled, watched, and analysed as a publication would.

    from sim.trial import run_trials
    run_trials(sim.load("scenarios/trials.toml")).estimates()

    watch       who is enrolled and allotted, and what the study sees of them until it closes
    spells      time at risk by arm, by ever received, by a landmark, by what is given now
    estimators  Kaplan-Meier and Aalen-Johansen by lifelines, Cox models, rate ratios
    analyses    the estimates of one study
    truth       what they should come to
    job, run    many studies, as modelled and with no effect; result: tables; power: Schoenfeld's formula
    follow      the first infection on treatment of given histories, for calibration

Start with `run.run_trials`. How it is read is in docs/trials.md.
"""

from sim.trial.result import TrialResult
from sim.trial.run import run_trials

__all__ = ["TrialResult", "run_trials"]
