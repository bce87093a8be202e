"""The claims `igsim verify` puts to the test, on whatever scenario it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from sim.engines import numpy_engine, simpy_engine
from sim.engines.log import first_difference
from sim.errors import Problem, UsageError
from sim.model.accrual import accrue
from sim.model.histories import Histories
from sim.model.parts import ALWAYS, Floats, Immunoglobulin
from sim.model.structure import ClinicalModel
from sim.population import draw_baseline
from sim.runs import play
from sim.streams import AddressedLuck
from sim.verify.agreement import Comparison, compare, markov_variants
from sim.verify.closed_form_terms import Parameters

PROPHYLAXIS = (
    "immunoglobulin",
    "ig_administration",
    "ig_adverse_events",
    "igg_tests",
    "antimicrobials",
    "crs_icans",
    "tocilizumab",
)
"""Cost items in which strategies may differ although nothing they do changes an infection."""

STANDARD_ERRORS = 4.0
"""Difference from an exact value that a check lets pass; a correct mean exceeds it once in 16,000 comparisons."""

EXACT_PATIENTS = 40_000
FEWEST_EXACT_PATIENTS = 1000
"""Below this a sample standard error is too rough to judge by."""

CONTROL_FACTOR = 1.15
"""The negative control multiplies infection and stop rates by this; it must be found out."""


@dataclass(frozen=True)
class Check:
    """A claim and its verdict.

    Attributes:
        claim: What should hold.
        compared: What was compared, with numbers.
        passed: Whether it held.
        finding: The largest deviation, or the first difference.
    """

    claim: str
    compared: str
    passed: bool
    finding: str


def verify(
    model: ClinicalModel,
    seed: int,
    *,
    engine_patients: int = 300,
    exact_patients: int = EXACT_PATIENTS,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Check, ...]:
    """Run every check on a model.

    Args:
        model: Compiled model.
        seed: Root of the luck.
        engine_patients: Patients compared event by event.
        exact_patients: Patients simulated for each comparison with exact values.
        progress: Called with checks done and checks in all.

    Returns:
        Verdicts; the report shows all of them, passed or not.

    Raises:
        UsageError: If there are too few patients for the standard errors to mean anything, or no such seed.
    """
    problems = [
        Problem(name, str(found), f"must be {least:,} or more")
        for name, found, least in (
            ("patients", exact_patients, FEWEST_EXACT_PATIENTS),
            ("engine patients", engine_patients, 1),
            ("seed", seed, 0),
        )
        if found < least
    ]
    if problems:
        raise UsageError("this verification cannot be started", problems)
    luck = AddressedLuck(seed)
    steps: list[Callable[[], Iterator[Check]]] = [
        lambda: _engines(model, luck, engine_patients),
        *(
            lambda name=name, variant=variant: _exact(name, variant, luck, exact_patients)
            for name, variant in markov_variants(replace(model, horizon=min(model.horizon, 36.0))).items()
        ),
        lambda: _extremes(model, luck),
        lambda: _conservation(model, luck),
    ]
    checks: list[Check] = []
    for done, step in enumerate(steps, start=1):
        checks += step()
        if progress:
            progress(done, len(steps))
    return tuple(checks)


def _engines(model: ClinicalModel, luck: AddressedLuck, n_patients: int) -> Iterator[Check]:
    patient = np.arange(n_patients)
    fast, slow = numpy_engine.event_log(model, luck, patient), simpy_engine.event_log(model, luck, patient)
    difference = first_difference(fast, slow)
    yield Check(
        "the vectorised and the SimPy engine play the same histories, event by event",
        f"{n_patients} patients x {len(model.strategies)} strategies, {len(fast):,} events, every field bit for bit",
        difference is None,
        difference or "equal",
    )


def _exact(name: str, variant: ClinicalModel, luck: AddressedLuck, n_patients: int) -> Iterator[Check]:
    if not variant.strategies:
        return
    outcomes = play(variant, luck, n_patients)
    found = list(compare(variant, outcomes))
    worst = max(found, key=lambda comparison: abs(comparison.z))
    yield Check(
        f"simulated means equal the exact values of the Markov chain ({name})",
        f"{len(found)} means of {len(variant.strategies)} strategies, {n_patients:,} patients, "
        f"within {STANDARD_ERRORS:g} standard errors",
        abs(worst.z) <= STANDARD_ERRORS,
        _furthest(worst),
    )
    # The cheapest chain is control enough, and quick.
    first = replace(variant, strategies=variant.strategies[:1])
    control = max(compare(first, outcomes, _too_high), key=lambda comparison: abs(comparison.z))
    yield Check(
        f"the comparison would notice a wrong model ({name})",
        f"the means of {variant.strategies[0].name} against rates {CONTROL_FACTOR - 1:.0%} too high must differ",
        abs(control.z) > STANDARD_ERRORS,
        _furthest(control),
    )


def _too_high(chain: Parameters) -> Parameters:
    return replace(
        chain,
        rate_grade_1_2=chain.rate_grade_1_2 * CONTROL_FACTOR,
        rate_grade_3plus=chain.rate_grade_3plus * CONTROL_FACTOR,
        stop_rate=chain.stop_rate * CONTROL_FACTOR,
    )


def _furthest(comparison: Comparison) -> str:
    return f"furthest: {comparison.quantity} of {comparison.strategy}, {comparison.z:+.2f} standard errors"


def _histories(
    model: ClinicalModel, luck: AddressedLuck, n_patients: int = 2000
) -> tuple[Histories, dict[str, Floats]]:
    patient = np.arange(n_patients)
    histories = numpy_engine.simulate(model, luck, patient)
    return histories, accrue(model, draw_baseline(model, luck, patient), histories)


def _extremes(model: ClinicalModel, luck: AddressedLuck) -> Iterator[Check]:
    """Extreme values, each with the answer known beforehand."""
    infections, what = model.infections, "2,000 patients, every strategy"

    _, values = _histories(replace(model, infections=replace(infections, rate=infections.rate * 0)), luck)
    total = sum(float(values[n].sum()) for n in ("infections_any", "infection_death", "infection_hospital_days"))
    claim = "without infection rates nobody is infected, dies of an infection or is admitted for one"
    yield Check(claim, what, total == 0, f"{total:g} infections, deaths and days")

    ones = np.ones_like(infections.hazard_ratio)
    no_effect = replace(
        model,
        infections=replace(infections, hazard_ratio=ones),
        antimicrobials=tuple(replace(drug, hazard_ratio=ones) for drug in model.antimicrobials),
        tocilizumab=replace(model.tocilizumab, infection_multiplier=1.0),
    )
    histories, values = _histories(no_effect, luck)
    same = bool(
        np.all(histories.end == histories.end[0])
        and np.all(histories.illnesses.count == histories.illnesses.count[:, :, :1])
    )
    yield Check("with hazard ratios of 1 every strategy gives the same history", what, same, _yes(same))
    rest = [name for name in values if name.startswith("cost:") and name.removeprefix("cost:") not in PROPHYLAXIS]
    spread = max(float(np.abs(values[name] - values[name][0]).max()) for name in rest)
    yield Check(
        "and the same cost, but for prophylaxis itself",
        what,
        spread <= 1e-6,
        f"largest difference {spread:.1e}",
    )

    if any(strategy.start == ALWAYS for strategy in model.strategies):
        yield from _perfect_protection(model, luck, what)

    histories, values = _histories(replace(model, horizon=0.0), luck)
    flat = all(float(np.abs(value).max()) == 0 for name, value in values.items() if name != "alive_at_horizon")
    yield Check("at horizon 0 nothing happens and nothing costs", what, flat, _yes(flat))

    _, values = _histories(replace(model, discount_costs=0.0, discount_effects=0.0), luck)
    gap = max(
        float(np.abs(values[a] - values[b]).max())
        for a, b in (
            ("cost", "cost_undiscounted"),
            ("qaly", "qaly_undiscounted"),
            ("life_years_discounted", "life_years"),
        )
    )
    yield Check(
        "without discounting, discounted and plain totals are one", what, gap <= 1e-6, f"largest difference {gap:.1e}"
    )


def _perfect_protection(model: ClinicalModel, luck: AddressedLuck, what: str) -> Iterator[Check]:
    perfect = replace(
        model,
        infections=replace(model.infections, hazard_ratio=np.zeros_like(model.infections.hazard_ratio)),
        immunoglobulin=Immunoglobulin(washout=np.inf),
        regimens=tuple(replace(r, onset_lag=0.0, protection=2 * r.interval, adherence=1.0) for r in model.regimens),
    )
    histories, _ = _histories(perfect, luck)
    primary = [index for index, strategy in enumerate(model.strategies) if strategy.start == ALWAYS]
    total = float(histories.illnesses.count[:, :, primary].sum())
    yield Check(
        "with a hazard ratio of 0 and immunoglobulin from the start for life nobody is infected",
        what,
        total == 0,
        f"{total:g} infections",
    )


def _conservation(model: ClinicalModel, luck: AddressedLuck) -> Iterator[Check]:
    """What must add up in every single history."""
    what = "2,000 patients, every strategy, history by history"
    histories, values = _histories(model, luck)
    ended = values["infection_death"] + values["other_death"] + values["alive_at_horizon"]
    once = bool(np.all(ended == 1) and np.all(np.isfinite(histories.end)) and np.all(histories.end <= model.horizon))
    yield Check("every history ends exactly once, by the horizon", what, once, _yes(once))
    ordered = bool(np.all(histories.treatment_end <= histories.end) and np.all(histories.ig_end <= histories.end))
    yield Check("treatment and immunoglobulin end no later than life", what, ordered, _yes(ordered))
    items = np.abs(sum(value for name, value in values.items() if name.startswith("cost:")) - values["cost"]).max()
    yield Check("cost items add up to the total", what, bool(items <= 1e-6), f"largest difference {items:.1e}")
    by_grade = values["infections_grade_1_2"] + values["infections_grade_3plus"] - values["infections_any"]
    yield Check(
        "infections by grade add up to all infections",
        what,
        bool(np.all(by_grade == 0)),
        _yes(bool(np.all(by_grade == 0))),
    )
    few, _ = _histories(model, luck, 200)
    prefix = bool(
        np.array_equal(few.end, histories.end[:, :200])
        and np.array_equal(few.infusions.count, histories.infusions.count[:, :200])
    )
    yield Check(
        "a larger population begins with the same patients",
        "the first 200 of 2,000 patients against a run of 200",
        prefix,
        _yes(prefix),
    )
    alone = replace(model, strategies=model.strategies[-1:])
    single, _ = _histories(alone, luck)
    same = bool(
        np.array_equal(single.end, histories.end[-1:])
        and np.array_equal(single.illnesses.count, histories.illnesses.count[:, :, -1:])
    )
    yield Check(
        "a strategy plays out the same whatever it is compared with", f"{what}, last strategy alone", same, _yes(same)
    )


def _yes(held: bool) -> str:
    return "holds" if held else "does not hold"
