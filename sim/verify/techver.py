"""The black-box tests of TECH-VER on any scenario (Büyükkaramikli et al. 2019, PharmacoEconomics 37:1391).

Each changes some numbers of the scenario by kind or place, plays the same patients on the same luck, and knows what
must come out. The sections are the stages of the checklist; what the other checks of `sim.verify.checks` settle
(engines, exact values, rates and horizons of 0, no discounting, conservation) is not repeated here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from sim.build import compile_model
from sim.cea import PsaTable, analyse
from sim.engines import numpy_engine
from sim.model.accrual import accrue
from sim.model.parts import MONTHS_PER_YEAR, Floats
from sim.model.structure import Event
from sim.outcomes import COST_ROW, QALY_ROW
from sim.parameters import at_draw, draw_parameters, unread, with_values
from sim.population import draw_baseline
from sim.psa.job import play_draws
from sim.scenario import Scenario, quantities
from sim.streams import AddressedLuck
from sim.verify.checks import Check

PATIENTS = 1_000
DRAWS, PATIENTS_A_DRAW = 200, 100
ROUNDING = 1e-6
AT_ONCE = 1e3
"""A monthly rate at which what can happen happens within a day or so."""

Values = Mapping[str, Floats]


@dataclass(frozen=True)
class Subject:
    """A scenario under test.

    Attributes:
        scenario: What is played.
        seed: Root of the luck.
    """

    scenario: Scenario
    seed: int

    def played(self, changes: Mapping[str, float] | None = None) -> Values:
        """Outcomes of every patient with some numbers changed, name to [strategy, patient]."""
        scenario = with_values(self.scenario, changes) if changes else self.scenario
        model, luck, patient = compile_model(scenario), AddressedLuck(self.seed), np.arange(PATIENTS)
        return accrue(model, draw_baseline(model, luck, patient), numpy_engine.simulate(model, luck, patient))

    def all(self, chosen: Callable[[str, str], bool], value: float) -> dict[str, float]:
        """Every number that is chosen by its path and unit, set to one value."""
        return {path: value for path, _, unit in quantities(self.scenario) if chosen(path, unit)}

    def scaled(self, chosen: Callable[[str, str], bool], factor: float) -> dict[str, float]:
        """Every number that is chosen by its path and unit, multiplied."""
        return {path: q.value * factor for path, q, unit in quantities(self.scenario) if chosen(path, unit)}

    def is_price(self, path: str, unit: str) -> bool:
        """Whether a number is money spent on patients."""
        return unit.startswith(self.scenario.analysis.currency) and not path.startswith("voi.")


def techver(scenario: Scenario, seed: int) -> dict[str, tuple[Check, ...]]:
    """Every black-box test.

    Args:
        scenario: A validated scenario.
        seed: Root of the luck.

    Returns:
        Stage of the checklist to its checks.
    """
    subject = Subject(scenario, seed)
    base = subject.played()
    return {
        "Input calculations": tuple(_inputs(subject, base)),
        "Event-state calculations": tuple(_events(subject, base)),
        "Result calculations": tuple(_results(subject, base)),
        "Uncertainty analysis calculations": tuple(_uncertainty(subject)),
    }


def _check(claim: str, passed: bool, finding: str, compared: str = f"{PATIENTS:,} patients, every strategy") -> Check:
    return Check(claim, compared, bool(passed), finding)


def _total(values: Values, name: str) -> float:
    return float(values[name].sum())


def _unmoved(before: Values, after: Values, *moving: str) -> list[str]:
    """Names of outputs that moved although only those that begin with `moving` may."""
    return [n for n in before if not n.startswith(moving) and not np.array_equal(before[n], after[n])]


# ---------------------------------------------------------------------- inputs


def _inputs(subject: Subject, base: Values) -> Iterator[Check]:
    price = subject.scaled(lambda path, unit: path.endswith("price_per_gram"), 2.0)
    after = subject.played(price)
    item = "cost:immunoglobulin"
    gap = float(np.abs(after[item] - 2 * base[item]).max())
    strays = _unmoved(base, after, "cost", item)
    yield _check(
        "twice the price of immunoglobulin is twice its cost, and moves nothing but cost",
        gap <= ROUNDING and not strays,
        f"largest gap {gap:.1e}" + (f"; moved: {', '.join(strays)}" if strays else ""),
    )
    if (base["ig_grams"] > 0).any():
        heavier = {path: 1.2 * q.value for path, q, _ in quantities(subject.scenario) if _is_mean_weight(path)}
        more, less = _total(subject.played(heavier), "ig_grams"), _total(base, "ig_grams")
        yield _check("heavier patients need more immunoglobulin", more > less, f"{more / less - 1:+.1%} grams")
        # Nobody dies or stops, so that no patient lives on to meet what an infection would have spared.
        steady = subject.all(lambda path, unit: _is_mortal(path, unit) or _ends_treatment(path, unit), 0.0)
        ratios = subject.scaled(lambda path, unit: path.startswith("immunoglobulin.hr"), 0.5)
        fewer = _total(subject.played(steady | ratios), "infections_any")
        before = _total(subject.played(steady), "infections_any")
        yield _check(
            "half the hazard ratios of immunoglobulin give fewer infections",
            fewer < before,
            f"{fewer / before - 1:+.1%}",
        )
    rates = subject.scaled(lambda path, unit: ".rate_per_month." in path and path.startswith("infections."), 1.5)
    more, before = _total(subject.played(rates), "infections_any"), _total(base, "infections_any")
    yield _check("higher infection rates give more infections", more > before, f"{more / before - 1:+.1%}")


def _is_mean_weight(path: str) -> bool:
    return path in ("patients.weight_kg.mean", "patients.weight_kg.median", "patients.weight_kg.value")


# ---------------------------------------------------------------------- events


def _events(subject: Subject, base: Values) -> Iterator[Check]:
    immortal = subject.all(_is_mortal, 0.0)
    alive = float(subject.played(immortal)["alive_at_horizon"].mean())
    yield _check("without any mortality everybody lives to the horizon", alive == 1, f"{alive:.1%} alive")
    mortal = subject.all(lambda path, unit: path.startswith("treatment.death_rate_per_month."), AT_ONCE)
    years = float(subject.played(mortal)["life_years"].max())
    most = 40 / AT_ONCE / MONTHS_PER_YEAR
    yield _check(
        "with certain death at once nobody lives on", years < most, f"longest life {years * 365.25:.2f} days"
    )
    after = subject.played(subject.all(_ends_treatment, 0.0))
    gap = float(np.abs(after["months_on_treatment"] / MONTHS_PER_YEAR - after["life_years"]).max())
    yield _check("if nothing ends treatment it lasts for life", gap <= ROUNDING, f"largest gap {gap:.1e} years")
    longer = {"analysis.horizon_months": 1.5 * subject.scenario.analysis.horizon_months.value}
    lost = float((base["life_years"] - subject.played(longer)["life_years"]).max())
    yield _check("a longer horizon shortens no life", lost <= ROUNDING, f"largest loss {max(lost, 0):.1e} years")
    yield _order_of_events(subject)


def _is_mortal(path: str, unit: str) -> bool:
    return path.startswith("treatment.death_rate_per_month.") or ".case_fatality." in path


def _ends_treatment(path: str, unit: str) -> bool:
    return "stop_rate_per_month" in path or ".stop_probability." in path


def _order_of_events(subject: Subject) -> Check:
    model, luck = compile_model(subject.scenario), AddressedLuck(subject.seed)
    log = numpy_engine.event_log(model, luck, np.arange(200))
    same = (log.strategy[1:] == log.strategy[:-1]) & (log.patient[1:] == log.patient[:-1])
    ends = np.isin(log.event, (Event.INFECTION_DEATH, Event.OTHER_DEATH, Event.HORIZON))
    after_death = int((same & ends[:-1]).sum())
    backwards = int((same & (np.diff(log.time) < 0)).sum()) + int((log.time < 0).sum())
    return _check(
        "time never runs backwards and nothing befalls the dead",
        after_death == 0 and backwards == 0,
        f"{backwards} out of order, {after_death} after the end",
        f"event logs of 200 patients, {len(log):,} events",
    )


# ---------------------------------------------------------------------- results


def _results(subject: Subject, base: Values) -> Iterator[Check]:
    free = subject.played(subject.all(subject.is_price, 0.0))
    cost = float(np.abs(free["cost"]).max())
    yield _check("with every price 0 nothing costs", cost == 0, f"largest cost {cost:g}")
    lossless = subject.all(lambda path, unit: unit == "utility", 0.0)
    perfect = lossless | subject.all(lambda path, unit: path.startswith("utilities."), 1.0)
    after = subject.played(perfect)
    gap = float(np.abs(after["qaly_undiscounted"] - after["life_years"]).max())
    yield _check("with utilities of 1 and no decrements a QALY is a life-year", gap <= ROUNDING, f"gap {gap:.1e}")
    worth = float(np.abs(subject.played(lossless)["qaly"]).max())
    yield _check("with utilities and decrements of 0 there are no QALYs", worth == 0, f"largest {worth:g}")
    best = max(q.value for path, q, _ in quantities(subject.scenario) if path.startswith("utilities."))
    over = float((base["qaly_undiscounted"] - best * base["life_years"]).max())
    yield _check("QALYs never exceed life-years at the best utility", over <= ROUNDING, f"largest excess {over:.1e}")
    for kind, path, name in (
        ("costs", "analysis.discount_rate_costs_per_year", "cost"),
        ("health effects", "analysis.discount_rate_effects_per_year", "life_years_discounted"),
    ):
        higher = subject.played({path: 0.1})
        totals = [_total(subject.played({path: 0.0}), name), _total(subject.played({path: 0.05}), name)]
        falls = totals[0] >= totals[1] >= _total(higher, name)
        yield _check(f"a higher discount rate of {kind} lowers their total", falls, _falling(totals, higher, name))
    names = list(reversed(subject.scenario.strategy_names))
    turned = subject.scenario.model_copy(
        update={"analysis": subject.scenario.analysis.model_copy(update={"strategies": tuple(names)})}
    )
    after = Subject(turned, subject.seed).played()
    same = all(np.array_equal(after[name][::-1], base[name]) for name in base)
    yield _check("the order of the strategies is of no consequence", same, "holds" if same else "does not hold")


def _falling(totals: list[float], higher: Values, name: str) -> str:
    of_plain = [total / totals[0] for total in (*totals, _total(higher, name))] if totals[0] else [1.0]
    return ", ".join(f"{share:.3f}" for share in of_plain) + " of the undiscounted"


# ---------------------------------------------------------------------- uncertainty


def _uncertainty(subject: Subject) -> Iterator[Check]:
    table = draw_parameters(subject.scenario, DRAWS, subject.seed)
    drawn = dict(zip(table.paths, table.matrix.T, strict=True))
    uncertain = {path for path, q, _ in quantities(subject.scenario) if q.is_uncertain}
    what = f"{len(drawn)} parameters, {DRAWS} draws"
    missing = sorted(uncertain - drawn.keys())
    yield _check("every uncertain parameter is drawn", not missing, f"missing: {', '.join(missing) or 'none'}", what)
    constant = [path for path, values in drawn.items() if np.ptp(values) == 0]
    yield _check("every drawn parameter varies", not constant, f"constant: {', '.join(constant) or 'none'}", what)
    never = [path for path in unread(subject.scenario) if not path.startswith("voi.")]
    yield _check(
        "every drawn parameter is read by the model", not never, f"never read: {', '.join(never) or 'none'}", what
    )
    outside = [
        path
        for path, q, _ in quantities(subject.scenario)
        if path in drawn and not (q.bounds[0] <= drawn[path].min() and drawn[path].max() <= q.bounds[1])
    ]
    yield _check("every draw is possible", not outside, f"out of bounds: {', '.join(outside) or 'none'}", what)
    yield from _acceptability(subject)


def _acceptability(subject: Subject) -> Iterator[Check]:
    """The curves of a small probabilistic analysis."""
    table, n_draws = draw_parameters(subject.scenario, DRAWS // 4, subject.seed), DRAWS // 4
    drawn = [at_draw(subject.scenario, table, i) for i in range(n_draws)]
    mean = play_draws(drawn, [AddressedLuck(subject.seed)] * n_draws, PATIENTS_A_DRAW)["mean"]
    names, cost = subject.scenario.strategy_names, mean[:, COST_ROW]
    psa = PsaTable(names, np.arange(1, n_draws + 1), cost, mean[:, QALY_ROW])
    curves = analyse(psa, [0.0, *subject.scenario.analysis.wtp_per_qaly])
    what = f"{n_draws} draws of {PATIENTS_A_DRAW} patients"
    sums = curves.by_wtp_strategy.groupby("wtp")["ceac"].sum()
    gap = float(np.abs(sums - 1).max())
    yield _check("the acceptability curves add up to 1", gap <= ROUNDING, f"largest gap {gap:.1e}", what)
    cheapest = names[int(cost.mean(axis=0).argmin())]
    optimal = str(curves.by_wtp.loc[curves.by_wtp["wtp"] == 0, "optimal"].iloc[0])
    yield _check("if health is worth nothing the cheapest strategy is best", optimal == cheapest, f"{optimal}", what)
