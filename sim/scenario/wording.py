"""Inputs in words: what a committee reads in place of the dotted path of a number.

`input_names(scenario)` gives every quantity of a scenario its name. Agents, causes, harms, antimicrobials, strategies
and arms go by the labels that the scenario gives them. No two inputs have the same name, and a name says what the
number is, so that only units that are not pure numbers are told beside it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sim.scenario.calibration import CalibrationTarget, ProportionTarget, RateTarget
from sim.scenario.quantity import DIMENSIONLESS
from sim.scenario.schema import Scenario, quantities
from sim.scenario.strategies import Group

LONGEST_LABEL: Final = 60
"""Letters that a label of the scenario may take of a name; the rest of it is left out."""

# What matches a part of a path, in pointed brackets, and how the name says it, in braces. <n> is a place in a list;
# {infection} and {grade} both say the grade, of an infection and of anything else.
_PATTERNS: Final[Mapping[str, str]] = {
    "analysis.horizon_months": "Time horizon",
    "analysis.discount_rate_costs_per_year": "Discount rate of costs",
    "analysis.discount_rate_effects_per_year": "Discount rate of health effects",
    "patients.<attribute>.value": "{attribute}",
    "patients.<attribute>.mean": "Mean {of_attribute}",
    "patients.<attribute>.sd": "Standard deviation of {of_attribute}",
    "patients.<attribute>.median": "Median {of_attribute}",
    "patients.<attribute>.log_sd": "Log standard deviation of {of_attribute}",
    "patients.igg_type_proportion": "Share of patients whose myeloma makes IgG",
    "patients.frailty_variance": "Variance of frailty towards infection",
    "patients.anti_cd38_proportion": "Share of patients with a prior anti-CD38 antibody",
    "patients.responder_proportion": "Share of patients who respond",
    "patients.male_proportion": "Share of men",
    "patients.serostatus.<name>": "Share of patients exposed to {name}",
    "patients.agents.<agent>": "Share of patients on {agent}",
    "patients.correlations.<n>.value": "Correlation of {between}",
    "targets.<target>.suppressed_fraction": "Share of immunoglobulin production suppressed, {target}",
    "targets.<target>.recovery_start_months": "Time until immunoglobulin production recovers, {target}",
    "targets.<target>.recovered_fraction": "Share of the lost production that recovers, {target}",
    "targets.<target>.therapeutic_antibody_mg_dl": "Bispecific antibody measured as IgG, {target}",
    "targets.<target>.hazard_periods.<n>.multiplier": "Multiplier of infection rates in period {n}, {target}",
    "agents.<agent>.stop_rate_per_month": "Rate of stopping {agent}",
    "agents.<agent>.drug_cost_per_month": "Drug cost of {agent}",
    "agents.<agent>.step_up.<n>.hospital_hours": "Hospital stay at step-up dose {n} of {agent}",
    "agents.<agent>.crs.<grade>": "Probability of CRS of {grade}, {agent}",
    "agents.<agent>.icans.<grade>": "Probability of ICANS of {grade}, {agent}",
    "treatment.death_rate_per_month.on_treatment": "Rate of death without infection, on treatment",
    "treatment.death_rate_per_month.off_treatment": "Rate of death without infection, off treatment",
    "treatment.hospital_day_cost": "Cost of a day in hospital for step-up dosing",
    "treatment.end_of_life_cost": "Cost of the end of life",
    "treatment.life_table.hazard_multiplier": "Multiplier of the life table's death rates",
    "treatment.reduced_frequency.from_month": "Start of less frequent dosing of responders",
    "treatment.reduced_frequency.infection_multiplier": "Multiplier of infection rates when dosed less often",
    "treatment.reduced_frequency.drug_cost_multiplier": "Multiplier of drug cost when dosed less often",
    "<toxicity>.cost.<grade>": "Cost of {toxicity} of {grade}",
    "<toxicity>.utility_decrement.<grade>": "Utility lost in {toxicity} of {grade}",
    "<toxicity>.duration_days.<grade>": "Duration of {toxicity} of {grade}",
    "<toxicity>.hospital_days.<grade>": "Hospital stay for {toxicity} of {grade}",
    "tocilizumab.crs_multiplier.<grade>": "Multiplier of CRS of {grade} by tocilizumab",
    "tocilizumab.icans_multiplier.<grade>": "Multiplier of ICANS of {grade} by tocilizumab",
    "tocilizumab.cost": "Cost of tocilizumab",
    "tocilizumab.infection_multiplier": "Multiplier of infection rates after tocilizumab",
    "tocilizumab.infection_months": "Time for which tocilizumab changes infection rates",
    "infections.off_treatment_multiplier": "Multiplier of infection rates off treatment",
    "infections.causes.<cause>.rate_per_month.<target>.<grade>": "Rate of {infection}: {cause}, {target}",
    "infections.causes.<cause>.case_fatality.<grade>": "Case fatality of {infection}: {cause}",
    "infections.causes.<cause>.stop_probability.<grade>": "Probability that {infection} ends treatment: {cause}",
    "infections.causes.<cause>.hold_days.<grade>": "Treatment held after {infection}: {cause}",
    "infections.causes.<cause>.cost.<grade>": "Cost of {infection}: {cause}",
    "infections.causes.<cause>.hospital_days.<grade>": "Hospital stay for {infection}: {cause}",
    "infections.causes.<cause>.utility_decrement.<grade>": "Utility lost in {infection}: {cause}",
    "infections.causes.<cause>.duration_days.<grade>": "Duration of {infection}: {cause}",
    "<regimen>.dose_g_per_kg": "Dose of {regimen}",
    "<regimen>.vial_size_g": "Vial size of {regimen}",
    "<regimen>.interval_days": "Interval between infusions of {regimen}",
    "<regimen>.price_per_gram": "Price of {regimen}",
    "<regimen>.administration_cost": "Cost of giving {regimen}",
    "<regimen>.onset_lag_days": "Time until {regimen} protects",
    "<regimen>.protection_days": "Protection by one infusion of {regimen}",
    "<regimen>.infusion_utility_decrement": "Utility lost on the day of {regimen}",
    "<regimen>.adherence": "Share of infusions of {regimen} that are given",
    "immunoglobulin.washout_months": "Time on immunoglobulin after the bispecific has ended",
    "immunoglobulin.marginal_follow_up_months": "Follow-up behind the marginal hazard ratio of immunoglobulin",
    "immunoglobulin.benefit_below_igg_mg_dl": "IgG under which immunoglobulin prevents infection",
    "immunoglobulin.hr.<grade>": "Hazard ratio of {infection}, immunoglobulin",
    "immunoglobulin.hr_by_cause.<cause>.<grade>": "Hazard ratio of {infection}, immunoglobulin: {cause}",
    "immunoglobulin.reaction.probability": "Probability of an infusion reaction",
    "immunoglobulin.reaction.cost": "Cost of an infusion reaction",
    "immunoglobulin.reaction.utility_decrement": "Utility lost in an infusion reaction",
    "immunoglobulin.reaction.duration_days": "Duration of an infusion reaction",
    "immunoglobulin.harms.<harm>.rate_per_month": "Rate of harm by immunoglobulin: {harm}",
    "immunoglobulin.harms.<harm>.cost": "Cost of harm by immunoglobulin: {harm}",
    "immunoglobulin.harms.<harm>.utility_decrement": "Utility lost in harm by immunoglobulin: {harm}",
    "immunoglobulin.harms.<harm>.duration_days": "Duration of harm by immunoglobulin: {harm}",
    "immunoglobulin.harms.<harm>.hospital_days": "Hospital stay for harm by immunoglobulin: {harm}",
    "immunoglobulin.dose_adjustment.step_up_factor": "Factor on the dose at each serious infection",
    "immunoglobulin.dose_adjustment.maximum_factor": "Largest multiple of the dose of immunoglobulin",
    "immunoglobulin.dose_adjustment.step_down_after_months": "Time without serious infection until the dose falls",
    "immunoglobulin.dose_adjustment.step_down_factor": "Factor on the dose when it falls",
    "immunoglobulin.dose_adjustment.stop_after_months": "Time without serious infection until immunoglobulin ends",
    "immunoglobulin.dose_adjustment.hr_dose_exponent": "Exponent of the dose in the hazard ratio",
    "antimicrobials.<drug>.adherence": "Share of patients who take it: {drug}",
    "antimicrobials.<drug>.start_cost": "Cost at the first dose: {drug}",
    "antimicrobials.<drug>.cost_per_month": "Running cost: {drug}",
    "antimicrobials.<drug>.months_after_treatment": "Time after the bispecific: {drug}",
    "antimicrobials.<drug>.course_cost": "Cost of a preemptive course: {drug}",
    "antimicrobials.<drug>.viraemia.found_per_month.<target>": "Rate of passing viraemias found, {target}: {drug}",
    "antimicrobials.<drug>.viraemia.treated_share": "Share of passing viraemias treated: {drug}",
    "antimicrobials.<drug>.hr.<cause>.<grade>": "Hazard ratio of {infection}, {drug}: {cause}",
    "igg.half_life_days": "Half-life of IgG",
    "igg.iga_half_life_days": "Half-life of IgA",
    "igg.igm_half_life_days": "Half-life of IgM",
    "igg.assay_cv": "Coefficient of variation of the IgG assay",
    "igg.m_protein_half_life_days": "Half-life of M-protein on treatment",
    "igg.low_mg_dl": "IgG under which a patient counts as vulnerable",
    "igg.test_cost": "Cost of an IgG test",
    "laboratory.phenotyping_cost": "Cost of phenotyping after an anti-CD38 antibody",
    "laboratory.transfusions_per_month": "Rate of transfusions",
    "laboratory.crossmatch_cost": "Cost of cross-matching after an anti-CD38 antibody",
    "laboratory.transfusion_delay_days": "Delay of a transfusion after an anti-CD38 antibody",
    "laboratory.monitoring_cost_per_month": "Cost of laboratory monitoring after an anti-CD38 antibody",
    "utilities.on_treatment": "Utility on treatment",
    "utilities.off_treatment": "Utility off treatment",
    "strategies.<strategy>.start.<rule>.threshold_mg_dl": "{measured} under which infusions start{place}: {strategy}",
    "strategies.<strategy>.start.<rule>.within_months": "Time within which infections count{place}: {strategy}",
    "strategies.<strategy>.start.delay_days": "Delay from order to first infusion: {strategy}",
    "strategies.<strategy>.igg_tests.interval_months": "Interval between IgG tests: {strategy}",
    "voi.patients_per_year": "Patients whom the decision concerns",
    "voi.years": "Time for which the decision holds",
    "voi.discount_rate_per_year": "Discount rate of the value of research",
    "voi.designs.<design>.follow_up_months": "Follow-up of the trial: {design}",
    "voi.designs.<design>.fixed_cost": "Fixed cost of the trial: {design}",
    "voi.designs.<design>.cost_per_patient": "Cost of the trial: {design}",
    "voi.designs.<design>.recruited_per_year": "Recruitment of the trial: {design}",
    "calibration.cohorts.<cohort>.ig_uptake": "Share of the cohort on immunoglobulin: {cohort}",
    "calibration.targets.<fit>": "{studied}: {seen}",
    "programme.warm_up_months": "Warm-up of the programme",
    "programme.years": "Years of the programme",
    "programme.arrivals.<n>.patients_per_year": "New patients, period {n}",
    "programme.dosing.<n>.interval_days": "Interval between doses of the bispecific, period {n}",
    "programme.booking.on_time_days": "Time within which a visit is on time",
    "programme.booking.patience_days": "Time after which a visit is missed",
    "programme.chairs.count": "Chairs",
    "programme.chairs.nurses": "Nurses on duty",
    "programme.chairs.patients_per_nurse": "Patients per nurse",
    "programme.chairs.days_per_week": "Days open per week",
    "programme.chairs.hours_per_dose": "Chair time of a dose of the bispecific",
    "programme.chairs.hours_per_infusion": "Chair time of an infusion, whatever its grams",
    "programme.chairs.hours_per_gram": "Chair time of each gram",
    "programme.supply.<route>.grams_per_month": "Quota of {route}",
    "programme.supply.<route>.delivery_interval_days": "Interval between deliveries of {route}",
    "programme.supply.<route>.order_up_to_grams": "Stock of {route} up to which deliveries are taken",
    "programme.supply.<route>.opening_grams": "Opening stock of {route}",
    "programme.supply.<route>.safety_grams": "Safety stock of {route}",
    "programme.supply.<route>.shelf_life_days": "Shelf life of {route}",
    "programme.supply.<route>.episodes.<n>.share_missing": "Share of {route} missing in shortage {n}",
    "programme.arms.<arm>.strategies.<strategy>": "Share of patients under “{strategy}”, arm “{arm}”",
    "programme.arms.<arm>.response.dose_factor": "Factor on the dose in a shortage, arm “{arm}”",
    "programme.arms.<arm>.response.interval_factor": "Factor on the interval in a shortage, arm “{arm}”",
}

_ATTRIBUTES: Final[Mapping[str, str]] = {
    "weight_kg": "body weight",
    "igg_polyclonal_mg_dl": "polyclonal IgG at the first dose",
    "iga_mg_dl": "IgA at the first dose",
    "igm_mg_dl": "IgM at the first dose",
    "m_protein_mg_dl": "M-protein at the first dose",
    "age_years": "age at the first dose",
    "frailty": "frailty",
    "male": "being a man",
}
_GRADES: Final = {"grade_1_2": "grade 1–2", "grade_3plus": "grade ≥ 3"}
_INFECTIONS: Final = {"grade_1_2": "grade 1–2 infection", "grade_3plus": "serious infection"}
_ABBREVIATIONS: Final = frozenset({"scig", "ivig", "hbv", "cmv", "crs", "icans", "vzv", "hsv"})
_NAME: Final = r"\w+"
_SHAPES: Final = {
    "n": r"\d+",
    "grade": "grade_1_2|grade_3plus",
    "toxicity": "crs|icans",
    "attribute": "|".join(_ATTRIBUTES),
    "regimen": r"immunoglobulin|regimens\.\w+",
    "rule": r"(?:conditions\.\d+\.)*",
}


def input_names(scenario: Scenario) -> dict[str, str]:
    """Every quantity of a scenario in words, without its unit.

    Args:
        scenario: What names agents, causes, strategies and the like.

    Returns:
        Dotted path to name. Where two inputs would have one name, the path is put behind it in brackets.

    Example:
        >>> from sim.scenario import load, shipped_scenarios
        >>> names = input_names(load(shipped_scenarios()["base-case"]))
        >>> names["immunoglobulin.hr.grade_3plus"]
        'Hazard ratio of serious infection, immunoglobulin'
        >>> names["agents.teclistamab.stop_rate_per_month"]
        'Rate of stopping Teclistamab'
    """
    return _told_apart({path: input_name(path, scenario) for path, _, _ in quantities(scenario)})


def target_names(scenario: Scenario) -> dict[str, str]:
    """What a scenario is fitted to, in words: the study and what it saw.

    Args:
        scenario: A scenario, with targets of a calibration or without.

    Returns:
        Path of the target to name. Where two would have one name, the path is put behind it in brackets.
    """
    targets = scenario.calibration.targets if scenario.calibration else {}
    return _told_apart(
        {f"calibration.targets.{name}": input_name(f"calibration.targets.{name}", scenario) for name in targets}
    )


def input_name(path: str, scenario: Scenario) -> str:
    """One path of a scenario in words; what has no words of its own is the path itself."""
    for pattern, template in _COMPILED:
        if (found := pattern.fullmatch(path)) is not None:
            parts = found.groupdict()
            said = {kind: _say(kind, part, scenario) for kind, part in parts.items()}
            try:
                return template.format(**said, **_derived(parts, path, scenario))
            except LookupError:  # a strategy or a place in a list that this scenario does not have
                return path
    return path


def _told_apart(names: Mapping[str, str]) -> dict[str, str]:
    """The same names, with the path in brackets behind each that several paths share."""
    found = dict(names)
    while shared := {name for name, count in Counter(found.values()).items() if count > 1}:
        found |= {path: f"{name} [{path}]" for path, name in found.items() if name in shared}
    return found


def unit_beside(unit: str) -> str:
    """The unit that is told beside a name; nothing of pure numbers, whose name says what they are."""
    return "" if unit in DIMENSIONLESS else unit


def _compiled(pattern: str) -> re.Pattern[str]:
    escaped = pattern.replace(".", r"\.").replace(r"<rule>\.", "<rule>")
    return re.compile(re.sub(r"<(\w+)>", lambda kind: f"(?P<{kind[1]}>{_SHAPES.get(kind[1], _NAME)})", escaped))


_COMPILED: Final = tuple((_compiled(pattern), template) for pattern, template in _PATTERNS.items())


def _say(kind: str, part: str, scenario: Scenario) -> str:
    """One part of a path, in the scenario's own words where it has any."""
    match kind:
        case "grade":
            return _GRADES[part]
        case "toxicity" | "route":
            return part.upper()
        case "attribute":
            return _ATTRIBUTES[part][:1].upper() + _ATTRIBUTES[part][1:]
        case "regimen":
            own = part.rpartition(".")[2]
            return "immunoglobulin" if own == part else f"immunoglobulin (regimen {_spelt(own)})"
        case _:
            labels = _LABELS[kind](scenario) if kind in _LABELS else {}
            return _short(labels.get(part, "")) or _spelt(part)


def _derived(parts: Mapping[str, str], path: str, scenario: Scenario) -> dict[str, str]:
    """What a name says that is no part of the path by itself."""
    derived = {}
    if "grade" in parts:
        derived["infection"] = _INFECTIONS[parts["grade"]]
    if "attribute" in parts:
        derived["of_attribute"] = _ATTRIBUTES[parts["attribute"]]
    if path.startswith("patients.correlations."):
        pair = scenario.patients.correlations[int(parts["n"]) - 1].between
        derived["between"] = " and ".join(_ATTRIBUTES.get(name, _spelt(name)) for name in pair)
    if "fit" in parts and scenario.calibration:
        target = scenario.calibration.targets[parts["fit"]]
        derived["studied"] = _short(scenario.calibration.cohorts[target.cohort].label)
        derived["seen"] = _seen(target)
    if "rule" in parts:
        places = re.findall(r"\d+", parts["rule"])
        derived["place"] = f" (condition {'.'.join(places)})" if places else ""
        derived["measured"] = _measured(scenario.strategies[parts["strategy"]].start, places)
    return derived


def _measured(node: object, places: Sequence[str]) -> str:
    """Which immunoglobulin a condition of a start rule looks at."""
    for place in places:
        node = node.conditions[int(place) - 1] if isinstance(node, Group) else node
    return {"iga_below": "IgA", "igm_below": "IgM"}.get(getattr(node, "kind", ""), "IgG")


def _spelt(name: str) -> str:
    """A name of the file in words."""
    return " ".join(word.upper() if word in _ABBREVIATIONS else word for word in name.split("_"))


def _short(label: str) -> str:
    """A label on one line, and not too long of it."""
    line = " ".join(label.split())
    return line if len(line) <= LONGEST_LABEL else line[: LONGEST_LABEL - 1].rstrip() + "…"


def _seen(target: CalibrationTarget) -> str:
    """What a study saw, and by which months."""
    if isinstance(target, ProportionTarget):
        return f"on treatment at month {target.month:g}"
    infection = "infection" if target.infections == "any" else "serious infection"
    if isinstance(target, RateTarget):
        return f"{infection}s a month on treatment"
    *earlier, last = (f"{month:g}" for month in target.months)
    return f"first {infection} by " + (f"months {', '.join(earlier)} and {last}" if earlier else f"month {last}")


def _heads(labels: Mapping[str, str]) -> Mapping[str, str]:
    """Labels to their first colon, where that still tells all of them apart."""
    heads = {name: label.split(":")[0].strip() for name, label in labels.items()}
    return heads if all(heads.values()) and len({*heads.values()}) == len(heads) else labels


_LABELS: Final[Mapping[str, Callable[[Scenario], Mapping[str, str]]]] = {
    "agent": lambda s: {name: agent.label for name, agent in s.agents.items()},
    "target": lambda s: {name: target.label for name, target in s.targets.items()},
    "cause": lambda s: {name: cause.label for name, cause in s.infections.causes.items()},
    "harm": lambda s: {name: harm.label for name, harm in s.immunoglobulin.harms.items()},
    "drug": lambda s: {name: each.label for name, each in s.antimicrobials.items()},
    "strategy": lambda s: _heads({name: strategy.label for name, strategy in s.strategies.items()}),
    "arm": lambda s: {name: arm.label for name, arm in s.programme.arms.items()} if s.programme else {},
    "design": lambda s: {name: design.label for name, design in s.voi.designs.items()} if s.voi else {},
    "cohort": lambda s: {name: each.label for name, each in s.calibration.cohorts.items()} if s.calibration else {},
}
