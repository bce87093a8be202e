"""What a careful reader would ask about in a valid scenario: questions, never errors."""

from __future__ import annotations

from collections.abc import Iterator

from sim.scenario.prophylaxis import EVERYBODY
from sim.scenario.quantity import Quantity
from sim.scenario.schema import IggBelow, IggLow, Never, Regimen, Scenario, quantities
from sim.scenario.sections import parts_of
from sim.scenario.triggers import idle_conditions, leaves

DAYS_PER_MONTH = 365.25 / 12


def warnings(scenario: Scenario) -> tuple[str, ...]:
    """List what a careful reader would ask about in a valid scenario.

    Args:
        scenario: A validated scenario.

    Returns:
        One sentence each, beginning with the dotted path it is about.
    """
    return (
        *_protection(scenario),
        *_comparison(scenario),
        *_infection_severity(scenario),
        *_lopsided(scenario),
        *_drug_cost(scenario),
        *_nobody(scenario),
        *_immunoglobulin(scenario),
        *_harmful(scenario),
        *_antimicrobials(scenario),
        *_no_hazard(scenario),
        *_tocilizumab(scenario),
        *_delays(scenario),
        *_idle(scenario),
        *scenario.kept,
    )


def _protection(scenario: Scenario) -> Iterator[str]:
    ways: dict[str, Regimen] = {"immunoglobulin": scenario.immunoglobulin}
    ways |= {f"regimens.{name}": regimen for name, regimen in scenario.regimens.items()}
    for path, regimen in ways.items():
        interval = regimen.interval_days.value
        gap = interval - regimen.protection_days.value
        if gap > 0:
            yield f"{path}.protection_days: {gap:g} days of each {interval:g}-day interval are without protection"

        if regimen.adherence.value == 0:
            yield f"{path}.adherence: is 0: of every course the first infusion alone is given"
        if regimen.onset_lag_days.value >= scenario.analysis.horizon_months.value * DAYS_PER_MONTH > 0:
            yield f"{path}.onset_lag_days: {regimen.onset_lag_days.value:g} days, past the horizon: none is protected"


def _comparison(scenario: Scenario) -> Iterator[str]:
    if all(isinstance(scenario.strategies[name].start, Never) for name in scenario.strategy_names):
        yield "analysis.strategies: no strategy compared ever gives immunoglobulin"
    for name in scenario.strategies:
        if name not in scenario.strategy_names:
            yield f"strategies.{name}: defined, but not among the strategies compared (analysis.strategies)"


def _infection_severity(scenario: Scenario) -> Iterator[str]:
    lowest = min(scenario.utilities.on_treatment.value, scenario.utilities.off_treatment.value)
    for name, cause in scenario.infections.causes.items():
        for grade in ("grade_1_2", "grade_3plus"):
            decrement = getattr(cause.utility_decrement, grade).value
            if decrement > lowest:
                yield (
                    f"infections.causes.{name}.utility_decrement.{grade}: {decrement:g} exceeds the utility it is "
                    f"taken from ({lowest:g}), a state worse than death"
                )
            if getattr(cause.hospital_days, grade).value > getattr(cause.duration_days, grade).value:
                yield (
                    f"infections.causes.{name}.hospital_days.{grade}: longer than the infection costs utility "
                    "(duration_days)"
                )
        for field in ("cost", "hospital_days", "utility_decrement"):
            pair = getattr(cause, field)
            if pair.grade_1_2.value > pair.grade_3plus.value:
                yield f"infections.causes.{name}.{field}: grade 1-2 exceeds grade 3 or more"


def _lopsided(scenario: Scenario) -> Iterator[str]:
    """Intervals that the distribution named cannot have: the draws will not reproduce them."""
    for path, quantity, _ in quantities(scenario):
        if quantity.ci is None:
            continue
        centre = _centre(quantity, quantity.ci)
        if abs(quantity.value - centre) > 0.25 * (quantity.ci[1] - quantity.ci[0]):
            yield (
                f"{path}: the {quantity.dist} distribution puts its centre near {centre:.3g}, the value is "
                f"{quantity.value:g}; the interval will not be reproduced"
            )


def _centre(quantity: Quantity, interval: tuple[float, float]) -> float:
    low, high = interval
    return float((low * high) ** 0.5) if quantity.dist == "lognormal" else (low + high) / 2


def _drug_cost(scenario: Scenario) -> Iterator[str]:
    if not scenario.treatment.include_drug_cost:
        return
    for name, share in scenario.patients.agents.items():
        if share.value and scenario.agents[name].drug_cost_per_month.value == 0:
            yield f"agents.{name}.drug_cost_per_month: is 0 although include_drug_cost = true"
    if not any(cause.hold_days.grade_3plus.value for cause in scenario.infections.causes.values()):
        yield "infections.causes.*.hold_days: the bispecific is paid for through every severe infection (all are 0)"


def _nobody(scenario: Scenario) -> Iterator[str]:
    for name in scenario.agents:
        if name not in scenario.patients.agents:
            yield f"agents.{name}: defined, but without a share of the patients (patients.agents)"
    aimed_at = {agent.target for agent in scenario.agents.values()}
    for name in scenario.targets:
        if name not in aimed_at:
            yield f"targets.{name}: defined, but no agent is directed at it"
    if scenario.treatment.reduced_frequency and scenario.patients.responder_proportion.value == 0:
        yield "patients.responder_proportion: is 0, so that treatment.reduced_frequency is without effect"


def _immunoglobulin(scenario: Scenario) -> Iterator[str]:
    ig = scenario.immunoglobulin
    for name, harm in ig.harms.items():
        if harm.rate_per_month.value == 0:
            yield f"immunoglobulin.harms.{name}.rate_per_month: is 0, a harm that never comes"
    if ig.effect == "subject" and ig.marginal_follow_up_months is not None:
        yield 'immunoglobulin.marginal_follow_up_months: is without effect while effect = "subject"'
    if ig.effect == "subject" and ig.marginal_antimicrobials:
        yield 'immunoglobulin.marginal_antimicrobials: is without effect while effect = "subject"'
    adjustment = ig.dose_adjustment
    stop = adjustment.stop_after_months if adjustment else None
    if adjustment and stop and stop.value <= adjustment.step_down_after_months.value:
        yield "immunoglobulin.dose_adjustment.step_down_after_months: immunoglobulin ends before the dose goes down"
    if ig.benefit_below_igg_mg_dl:
        level = ig.benefit_below_igg_mg_dl.value
        for name, strategy in scenario.strategies.items():
            for _, leaf in leaves(strategy.start, ()):
                if isinstance(leaf, IggBelow | IggLow) and leaf.threshold_mg_dl.value > level:
                    yield (
                        f"strategies.{name}.start: orders immunoglobulin at an IgG under "
                        f"{leaf.threshold_mg_dl.value:g} mg/dL, where it may not work yet "
                        f"(immunoglobulin.benefit_below_igg_mg_dl is {level:g})"
                    )


def _harmful(scenario: Scenario) -> Iterator[str]:
    """Hazard ratios under which what should prevent infections brings them."""
    ig = scenario.immunoglobulin
    effects = {"immunoglobulin.hr": ig.hr} | {
        f"immunoglobulin.hr_by_cause.{n}": hr for n, hr in ig.hr_by_cause.items()
    }
    for name, drug in scenario.antimicrobials.items():
        effects |= {f"antimicrobials.{name}.hr.{cause}": hr for cause, hr in drug.hr.items()}
    for path, ratio in effects.items():
        for grade in ("grade_1_2", "grade_3plus"):
            if getattr(ratio, grade).value > 1:
                yield f"{path}.{grade}: {getattr(ratio, grade).value:g} is above 1: it brings infections"


def _antimicrobials(scenario: Scenario) -> Iterator[str]:
    listed = {name for strategy in scenario.strategies.values() for name in strategy.antimicrobials}
    for name, drug in scenario.antimicrobials.items():
        path = f"antimicrobials.{name}"
        if name not in listed:
            yield f"{path}: defined, but no strategy lists it"
        elif drug.adherence.value == 0:
            yield f"{path}.adherence: is 0: nobody takes it"
        elif drug.given_to != EVERYBODY and scenario.patients.serostatus[drug.given_to].value == 0:
            yield f"{path}.given_to: nobody is positive for {drug.given_to} (patients.serostatus.{drug.given_to} = 0)"
        ratios = [ratio.value for pair in drug.hr.values() for ratio in (pair.grade_1_2, pair.grade_3plus)]
        if drug.viraemia is None and all(ratio == 1 for ratio in ratios):
            yield f"{path}.hr: are all 1: it {'finds' if drug.kind == 'surveillance' else 'prevents'} nothing"


def _no_hazard(scenario: Scenario) -> Iterator[str]:
    """Multipliers of 0 that take infections or deaths away."""
    for name, target in scenario.targets.items():
        if all(period.multiplier.value == 0 for period in target.hazard_periods):
            yield f"targets.{name}.hazard_periods: are all 0: nobody is infected on treatment"
    table = scenario.treatment.life_table
    if table is not None and table.hazard_multiplier.value == 0:
        yield "treatment.life_table.hazard_multiplier: is 0: the life table is without effect"


def _tocilizumab(scenario: Scenario) -> Iterator[str]:
    dose = scenario.tocilizumab
    given = [name for name in scenario.strategy_names if scenario.strategies[name].tocilizumab]
    if dose is None or not given:
        return
    factors = (dose.crs_multiplier, dose.icans_multiplier)
    if all(factor.value == 1 for pair in factors for factor in (pair.grade_1_2, pair.grade_3plus)):
        yield f"tocilizumab: changes no probability (all multipliers are 1), and strategies.{given[0]} gives it"


def _delays(scenario: Scenario) -> Iterator[str]:
    """Orders that no infusion can follow within the horizon, and tests of which only the first is taken."""
    horizon = scenario.analysis.horizon_months.value
    for name in scenario.strategy_names:
        tests = scenario.strategies[name].igg_tests
        if tests is not None and tests.interval_months.value >= horizon > 0:
            yield (
                f"strategies.{name}.igg_tests.interval_months: {tests.interval_months.value:g} months, past the "
                f"horizon of {horizon:g} months: only the test of month 0 is taken"
            )
        delay = getattr(scenario.strategies[name].start, "delay_days", None)
        if delay is not None and horizon > 0 and delay.value >= horizon * DAYS_PER_MONTH:
            yield (
                f"strategies.{name}.start.delay_days: {delay.value:g} days, past the horizon of {horizon:g} months: "
                "immunoglobulin is ordered and never given"
            )


def _idle(scenario: Scenario) -> Iterator[str]:
    for idle in idle_conditions(parts_of(scenario)):
        yield f"{'.'.join(idle.path)}: {idle.why} ({idle.found}); the rule fires without it"
