"""One-way sensitivity: every uncertain quantity at both its bounds, on the patients and luck of the base case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from sim.errors import Problem, ScenarioError, UsageError
from sim.scenario import Scenario
from sim.sensitivity.changes import Uncertain, changed, uncertain
from sim.sensitivity.outcome import Outcome, choose, middle
from sim.sensitivity.played import component_names, mean_mcse, net_benefit, patient_values, settled
from sim.work import Arrays, Progress, Runner, digest_of, run_batches

ENDS = ("low", "high")


@dataclass(frozen=True)
class Tornado:
    """One-way sensitivity of one outcome.

    Attributes:
        outcome: What was looked at.
        base: Its mean in the base case.
        base_mcse: Monte Carlo standard error of that.
        best: The strategy with the highest net benefit in the base case.
        table: One row a quantity, the widest swing first; see `tornado`.
        patients: Patients under each strategy.
        seed: Root of the luck.
    """

    outcome: Outcome
    base: float
    base_mcse: float
    best: str
    table: pd.DataFrame
    patients: int
    seed: int


@dataclass(frozen=True)
class _Ends:
    """Plays both ends of the quantity that a batch number names."""

    scenario: Scenario
    quantities: tuple[Uncertain, ...]
    outcome: Outcome
    best: int
    patients: int
    seed: int

    @property
    def digest(self) -> str:
        return digest_of([self.scenario.digest, self.quantities, self.outcome, self.patients, self.seed])

    def __call__(self, batch: int) -> Arrays:
        quantity = self.quantities[batch]
        found = {f"{key}_{end}": np.array(np.nan) for key in ("outcome", "mcse", "lead", "lead_mcse") for end in ENDS}
        found |= {f"best_{end}": np.array(-1) for end in ENDS} | {
            "swing": np.array(np.nan),
            "swing_mcse": np.array(np.nan),
        }
        notes, played = [], {}
        for end, value in zip(ENDS, (quantity.low, quantity.high), strict=True):
            try:
                scenario = changed(self.scenario, {quantity.path: value})
            except ScenarioError as error:
                reasons = "; ".join(problem.allowed for problem in error.problems)
                notes.append(f"{end} end not possible: {reasons}")
                continue
            components = {"cost", "qaly", *self.outcome.components}
            values = patient_values(scenario, self.patients, self.seed, components)
            played[end] = self.outcome.of(values)
            benefit = net_benefit(values, self.outcome.wtp)
            best = int(np.argmax(benefit.mean(axis=1)))
            found[f"outcome_{end}"], found[f"mcse_{end}"] = mean_mcse(played[end])
            found[f"best_{end}"] = np.array(best)
            found[f"lead_{end}"], found[f"lead_mcse_{end}"] = mean_mcse(benefit[best] - benefit[self.best])
        if len(played) == len(ENDS):
            found["swing"], found["swing_mcse"] = mean_mcse(played["high"] - played["low"])
        return {**found, "note": np.array("; ".join(notes))}


def tornado(
    scenario: Scenario,
    *,
    outcome: str = "inmb",
    strategy: str | None = None,
    comparator: str | None = None,
    wtp: float | None = None,
    patients: int | None = 2000,
    seed: int | None = None,
    paths: Sequence[str] | None = None,
    runner: Runner = run_batches,
    progress: Progress | None = None,
) -> Tornado:
    """Move every uncertain quantity to both its bounds, one at a time.

    Bounds are the quantity's `range`, else its 95 % interval, else the 2.5 and 97.5 % quantiles of its distribution.
    Both ends play the same patients and luck, so the standard error of a swing is that of paired differences.

    Args:
        scenario: A validated scenario.
        outcome: "inmb", "nmb" or a component, see `sim.sensitivity.outcome.choose`.
        strategy: Whose outcome; None takes the best of the base case, the comparator aside.
        comparator: Against whom; None takes the first strategy for "inmb" and nobody otherwise.
        wtp: Willingness to pay per QALY; None takes the scenario's middle one.
        patients: Patients under each strategy, from 1.
        seed: Root of the luck; None takes the scenario's.
        paths: Quantities to move; None moves all that are uncertain.
        runner: How batches are worked off.
        progress: Called with quantities done and quantities in all.

    Returns:
        A table with columns path, unit, base, low, high, bounds, outcome_base, outcome_low, outcome_low_mcse,
        outcome_high, outcome_high_mcse, swing (outcome at high minus at low), swing_mcse, best_low, best_high
        (strategy of highest net benefit), lead_low, lead_low_mcse, lead_high, lead_high_mcse (its net benefit over
        that of the base case's best), changes_decision, note (why an end cannot be played).

    Raises:
        UsageError: There is no such outcome, strategy or uncertain quantity, or nothing is uncertain.
    """
    quantities = _chosen(scenario, paths)
    patients, root = settled(scenario, patients, seed)
    wtp = middle(scenario.analysis.wtp_per_qaly) if wtp is None else wtp
    names = scenario.strategy_names
    components = component_names(scenario)
    base = patient_values(scenario, patients, root, {"cost", "qaly", outcome} & {*components})
    benefit = net_benefit(base, wtp).mean(axis=1)
    look = partial(choose, outcome, strategies=names, components=components, benefit=benefit)
    looked_at = look(wtp=wtp, strategy=strategy, comparator=comparator)
    best = int(np.argmax(benefit))
    job = _Ends(scenario, quantities, looked_at, best, patients, root)
    rows = []
    mean, mcse = (float(x) for x in mean_mcse(looked_at.of(base)))
    for quantity, found in zip(quantities, runner(job, range(len(quantities)), progress=progress), strict=True):
        rows.append(_row(quantity, found, mean, names, best))
    table = pd.DataFrame(rows)
    order = table["swing"].abs().sort_values(ascending=False, kind="stable", na_position="first").index
    return Tornado(looked_at, mean, mcse, names[best], table.loc[order].reset_index(drop=True), patients, root)


def _chosen(scenario: Scenario, paths: Sequence[str] | None) -> tuple[Uncertain, ...]:
    everything = uncertain(scenario)
    if paths is None and everything:
        return everything
    known = {quantity.path: quantity for quantity in everything}
    problems = [
        Problem(path, "", "is not an uncertain quantity of this scenario: it needs a range, ci or dist")
        for path in paths or ()
        if path not in known
    ]
    if problems:
        raise UsageError("these cannot be varied", problems)
    if not everything:
        raise UsageError("nothing to vary: no quantity of this scenario has a range, an interval or a distribution")
    return tuple(known[path] for path in paths or ())


def _row(quantity: Uncertain, found: Arrays, mean: float, names: tuple[str, ...], best: int) -> dict[str, object]:
    ends: dict[str, object] = {}
    for end in ENDS:
        ends |= {f"outcome_{end}": float(found[f"outcome_{end}"]), f"outcome_{end}_mcse": float(found[f"mcse_{end}"])}
    leaders = {end: int(found[f"best_{end}"]) for end in ENDS}
    for end, leader in leaders.items():
        ends |= {
            f"best_{end}": names[leader] if leader >= 0 else None,
            f"lead_{end}": float(found[f"lead_{end}"]),
            f"lead_{end}_mcse": float(found[f"lead_mcse_{end}"]),
        }
    return {
        "path": quantity.path,
        "unit": quantity.unit,
        "base": quantity.value,
        "low": quantity.low,
        "high": quantity.high,
        "bounds": quantity.bounds,
        "outcome_base": mean,
        **ends,
        "swing": float(found["swing"]),
        "swing_mcse": float(found["swing_mcse"]),
        "changes_decision": any(leader not in (best, -1) for leader in leaders.values()),
        "note": str(found["note"]),
    }
