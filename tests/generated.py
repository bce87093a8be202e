"""Hypothesis strategies for whole scenarios: valid in shape and meaning, wide in what they ask of the engines.

Every rule that a scenario must obey is met by how it is drawn (shares that add up, names that lead somewhere, rules
that can fire). Only marginal hazard ratios that a cohort cannot show, one draw in many thousands, are thrown away.
Prices that no engine reads are left as the tutorial has them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from sim.build import compile_model
from sim.errors import ScenarioError
from sim.scenario import Scenario, from_tables

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"

Tables = dict[str, Any]
Drawn = st.SearchStrategy[Tables]


def _number(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


def _or_zero(strategy: st.SearchStrategy[float]) -> st.SearchStrategy[float]:
    return st.one_of(st.just(0.0), strategy)


PROBABILITY = st.one_of(st.sampled_from([0.0, 1.0]), _number(0.0, 1.0))
RATE = _or_zero(_number(0.001, 0.4))
DAYS = _or_zero(_number(0.1, 60))
# Above 1 a hazard ratio asks for further processes of candidates: a few are enough.
HAZARD_RATIO = st.one_of(st.sampled_from([0.0, 1.0, 2.0]), _number(0.0, 1.0), _number(1.0, 2.5))
# One cause strikes everybody at both grades, and one antimicrobial covers it, or a rule might never fire.
SURE_CAUSE, SURE_ANTIMICROBIAL = "bacterial", "antibacterial"
CORRELATED = ("weight_kg", "igg_polyclonal_mg_dl", "iga_mg_dl", "igm_mg_dl", "m_protein_mg_dl", "frailty")
AGE_AND_SEX = ("age_years", "male")
YOUNGEST = 50


def _by_grade(strategy: st.SearchStrategy[float]) -> st.SearchStrategy[dict[str, float]]:
    return st.fixed_dictionaries({"grade_1_2": strategy, "grade_3plus": strategy})


def _maybe(drawn: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), drawn)


def _given(tables: Tables) -> Tables:
    """Leave out what is not there: in a file, None is a key that is not written."""
    return {key: value for key, value in tables.items() if value is not None}


# --- Patients, targets, agents -------------------------------------------------------------------------------------


def _shares(names: Sequence[str]) -> Drawn:
    weights = st.lists(_or_zero(_number(0.01, 1)), min_size=len(names), max_size=len(names)).filter(any)
    return weights.map(lambda drawn: {name: weight / sum(drawn) for name, weight in zip(names, drawn, strict=True)})


def _concentration(median: float) -> Drawn:
    return st.one_of(
        st.just({"distribution": "fixed", "value": median}),
        st.just({"distribution": "lognormal", "median": median, "log_sd": 0.6}),
        st.just({"distribution": "normal", "mean": median, "sd": median, "min": 0.0, "max": 4 * median}),
    )


@st.composite
def _correlations(draw: st.DrawFn, attributes: Sequence[str]) -> list[Tables]:
    pairs = draw(st.lists(st.sampled_from(list(combinations(attributes, 2))), max_size=3, unique=True))
    # Three values of at most 0.3 in a row leave the matrix diagonally dominant, so positive definite.
    strongest = 0.95 if len(pairs) == 1 else 0.3
    return [{"between": list(pair), "value": draw(_number(-strongest, strongest))} for pair in pairs]


@st.composite
def _target(draw: st.DrawFn) -> Tables:
    starts = sorted(draw(st.sets(_number(0.1, 24), max_size=2)))
    return {
        "label": "a target",
        "suppressed_fraction": draw(PROBABILITY),
        "recovery_start_months": draw(_or_zero(_number(0.1, 24))),
        "recovered_fraction": draw(PROBABILITY),
        "therapeutic_antibody_mg_dl": draw(_or_zero(_number(1, 300))),
        "hazard_periods": [
            {"from_month": start, "multiplier": draw(st.one_of(st.sampled_from([0.0, 1.0]), _number(0.1, 3)))}
            for start in [0.0, *starts]
        ],
    }


@st.composite
def _toxicity_risk(draw: st.DrawFn) -> Tables:
    risk, severe = draw(PROBABILITY), draw(PROBABILITY)
    return {"grade_1_2": risk * (1 - severe), "grade_3plus": risk * severe * (1 - 1e-12)}


@st.composite
def _step_up(draw: st.DrawFn) -> list[Tables]:
    days = sorted(draw(st.sets(st.integers(1, 200), max_size=3)))
    return [
        {"day": day, "dose": "0.3 mg/kg", "hospital_hours": draw(st.sampled_from([0.0, 12.5, 24.0]))}
        for day in ([0, *days] if draw(st.booleans()) or days else [])
    ]


@st.composite
def _agent(draw: st.DrawFn, targets: Sequence[str]) -> Tables:
    return {
        "label": "an agent",
        "target": draw(st.sampled_from(targets)),
        "stop_rate_per_month": draw(RATE),
        "drug_cost_per_month": draw(_or_zero(_number(100, 50_000))),
        "step_up": draw(_step_up()),
        "crs": draw(_toxicity_risk()),
        "icans": draw(_toxicity_risk()),
    }


# --- Infections and what prevents them -----------------------------------------------------------------------------


@st.composite
def _cause(draw: st.DrawFn, targets: Sequence[str], groups: Sequence[str], *, sure: bool) -> Tables:
    rate = _number(0.001, 0.3) if sure else _or_zero(_number(0.001, 0.3))
    return {
        "label": "a cause",
        "only_in": "" if sure else draw(st.sampled_from(["", *groups])),
        "rate_per_month": {target: draw(_by_grade(rate)) for target in targets},
        "case_fatality": {"grade_3plus": draw(PROBABILITY)},
        "stop_probability": {"grade_3plus": draw(PROBABILITY)},
        "hold_days": draw(_by_grade(DAYS)),
        "cost": draw(_by_grade(_number(0, 50_000))),
        "hospital_days": draw(_by_grade(_number(0, 30))),
        "utility_decrement": draw(_by_grade(_number(0, 0.4))),
        "duration_days": draw(_by_grade(_number(0, 40))),
    }


@st.composite
def _antimicrobial(draw: st.DrawFn, causes: Sequence[str], groups: Sequence[str], *, sure: bool) -> Tables:
    covered = draw(st.sets(st.sampled_from(causes), min_size=1))
    watched = {}
    if draw(st.booleans()):
        watched = {"kind": "surveillance", "course_cost": draw(_or_zero(_number(1, 1000)))}
        if draw(st.booleans()):
            found = {"found_per_month": {"BCMA": draw(RATE)}, "treated_share": draw(PROBABILITY)}
            watched = {**watched, "viraemia": found}
    return {
        **watched,
        "label": "an antimicrobial",
        "given_to": "all" if sure else draw(st.sampled_from(["all", *groups])),
        "adherence": draw(_number(0.05, 1) if sure else PROBABILITY),
        "start_cost": draw(_or_zero(_number(1, 100))),
        "cost_per_month": draw(_or_zero(_number(1, 100))),
        "months_after_treatment": draw(_or_zero(_number(0.1, 24))),
        "hr": {
            **{cause: draw(_by_grade(HAZARD_RATIO)) for cause in sorted(covered)},
            **({SURE_CAUSE: draw(_by_grade(_number(0.05, 0.95)))} if sure else {}),
        },
    }


def _regimen(route: str) -> Drawn:
    return st.fixed_dictionaries(
        {
            "route": st.just(route),
            "dose_g_per_kg": _number(0.05, 1),
            "vial_size_g": _or_zero(_number(1, 10)),
            "interval_days": _number(14, 90),
            "price_per_gram": _number(10, 200),
            "administration_cost": _or_zero(_number(1, 500)),
            "onset_lag_days": _or_zero(_number(1, 60)),
            "protection_days": _or_zero(_number(1, 120)),
            "infusion_utility_decrement": _or_zero(_number(0.001, 0.1)),
            "adherence": PROBABILITY,
        }
    )


@st.composite
def _dose_adjustment(draw: st.DrawFn) -> Tables:
    step = draw(st.one_of(st.just(1.0), _number(1, 1.5)))
    return _given(
        {
            "step_up_factor": step,
            "maximum_factor": draw(_number(step, 2)),
            "step_down_after_months": draw(_number(0.5, 24)),
            "step_down_factor": draw(st.one_of(st.just(1.0), _number(0.2, 1))),
            "stop_after_months": draw(_maybe(_number(0.5, 36))),
            "hr_dose_exponent": draw(_or_zero(_number(0.1, 1))),
        }
    )


def _harm() -> Drawn:
    return st.fixed_dictionaries(
        {
            "label": st.just("a harm"),
            "rate_per_month": RATE,
            "cost": _or_zero(_number(1, 30_000)),
            "utility_decrement": _number(0, 0.3),
            "duration_days": DAYS,
            "hospital_days": DAYS,
        }
    )


@st.composite
def _immunoglobulin(draw: st.DrawFn, causes: Sequence[str]) -> Tables:
    marginal = draw(st.booleans())
    # Marginal ratios over 1 are too often out of reach; tests/model/test_marginal.py has those that can be met.
    hazard_ratio = st.one_of(st.sampled_from([0.0, 1.0]), _number(0.0, 1.0)) if marginal else HAZARD_RATIO
    own = draw(st.sets(st.sampled_from(causes)))
    harms = draw(st.sampled_from([[], ["thrombosis"], ["thrombosis", "renal_injury"]]))
    reaction = {"probability": draw(PROBABILITY), "cost": 50, "utility_decrement": 0.01, "duration_days": 5}
    return draw(_regimen("IVIG")) | _given(
        {
            "washout_months": draw(_or_zero(_number(0.1, 12))),
            "effect": "marginal" if marginal else "subject",
            "marginal_follow_up_months": draw(_number(1, 24)) if marginal else None,
            "marginal_antimicrobials": [SURE_ANTIMICROBIAL] if marginal and draw(st.booleans()) else None,
            "benefit_below_igg_mg_dl": draw(_maybe(_number(50, 1500))),
            "hr": draw(_by_grade(hazard_ratio)),
            "hr_by_cause": {cause: draw(_by_grade(hazard_ratio)) for cause in sorted(own)},
            "reaction": reaction if draw(st.booleans()) else None,
            "harms": {name: draw(_harm()) for name in harms},
            "dose_adjustment": draw(_maybe(_dose_adjustment())),
        }
    )


# --- Strategies ----------------------------------------------------------------------------------------------------

MEASURED = ("igg_below", "iga_below", "igm_below")
GRADE = st.sampled_from(["1_2", "3plus"])


def _waiting() -> Drawn:
    return st.fixed_dictionaries(
        {"minimum_grade": GRADE, "count": st.integers(1, 4), "within_months": _number(0.5, 24)}
    )


def _condition() -> Drawn:
    leaves = st.one_of(
        st.fixed_dictionaries({"kind": st.sampled_from(MEASURED), "threshold_mg_dl": _number(5, 1500)}),
        _waiting().map(lambda drawn: {"kind": "infections", **drawn}),
        GRADE.map(lambda grade: {"kind": "despite_prophylaxis", "minimum_grade": grade}),
        st.just({"kind": "anti_cd38"}),
    )
    return st.recursive(
        leaves,
        lambda inner: st.fixed_dictionaries(
            {"kind": st.sampled_from(["any_of", "all_of"]), "conditions": st.lists(inner, min_size=1, max_size=3)}
        ),
        max_leaves=4,
    )


def _start() -> Drawn:
    delay = DAYS.map(lambda days: {"delay_days": days})
    igg = _number(50, 1500).map(lambda level: {"rule": "igg_below", "threshold_mg_dl": level})
    joined = st.fixed_dictionaries(
        {
            "rule": st.sampled_from(["any_of", "all_of"]),
            "conditions": st.lists(_condition(), min_size=1, max_size=3),
        }
    )
    later = st.one_of(igg, _waiting().map(lambda drawn: {"rule": "after_infections", **drawn}), joined)
    delayed = st.tuples(later, delay).map(lambda both: both[0] | both[1])
    return st.one_of(st.sampled_from([{"rule": "never"}, {"rule": "at_start"}]), delayed)


def _kinds(rule: Tables) -> set[str]:
    """Name the rules and conditions that a start rule asks, down to the innermost."""
    own = {rule.get("rule", rule.get("kind"))}
    return own.union(*(_kinds(inner) for inner in rule.get("conditions", [])))


@st.composite
def _strategy(draw: st.DrawFn, regimens: Sequence[str], antimicrobials: Sequence[str]) -> Tables:
    start = draw(_start())
    asked = _kinds(start)
    package = draw(st.lists(st.sampled_from(antimicrobials), unique=True))
    if "despite_prophylaxis" in asked and SURE_ANTIMICROBIAL not in package:
        package.append(SURE_ANTIMICROBIAL)
    made: Tables = {
        "start": start,
        "regimen": draw(st.sampled_from(["standard", *regimens])),
        "antimicrobials": package,
        "tocilizumab": draw(st.booleans()),
    }
    if asked & set(MEASURED) or draw(st.booleans()):
        made["igg_tests"] = {
            "interval_months": draw(_number(0.4, 6)),
            "until": draw(st.sampled_from(["ig_ordered", "treatment_end"])),
        }
    return made


# --- The whole -----------------------------------------------------------------------------------------------------

TOXICITY = {
    "cost": {"grade_1_2": 1500, "grade_3plus": 30_000},
    "utility_decrement": {"grade_1_2": 0.03, "grade_3plus": 0.2},
    "duration_days": {"grade_1_2": 2, "grade_3plus": 5},
    "hospital_days": {"grade_1_2": 1, "grade_3plus": 5},
}


def _tocilizumab() -> Drawn:
    return st.fixed_dictionaries(
        {
            "crs_multiplier": _by_grade(PROBABILITY),
            "icans_multiplier": _by_grade(PROBABILITY),
            "cost": st.just(3000),
            "infection_multiplier": st.one_of(st.sampled_from([0.0, 1.0]), _number(0.5, 1.5)),
            "infection_months": _or_zero(_number(0.1, 6)),
        }
    )


def _reduced_frequency() -> Drawn:
    return st.fixed_dictionaries(
        {
            "from_month": _or_zero(_number(0.5, 24)),
            "infection_multiplier": st.one_of(st.sampled_from([0.0, 1.0]), _number(0.3, 1.5)),
            "drug_cost_multiplier": PROBABILITY,
        }
    )


def _laboratory() -> Drawn:
    return st.fixed_dictionaries(
        {
            "phenotyping_cost": st.just(400),
            "transfusions_per_month": RATE,
            "crossmatch_cost": st.just(150),
            "transfusion_delay_days": _or_zero(_number(0.1, 2)),
            "monitoring_cost_per_month": st.just(60),
        }
    )


def _analysis(draw: st.DrawFn, horizon: st.SearchStrategy[float] | None) -> Tables:
    return {
        "horizon_months": draw(horizon or st.one_of(st.just(0.0), _number(0.5, 48))),
        "discount_rate_costs_per_year": draw(_or_zero(_number(1e-12, 0.2))),
        "discount_rate_effects_per_year": draw(_or_zero(_number(1e-12, 0.2))),
        "seed": draw(st.integers(0, 2**63 - 1)),
    }


@st.composite
def _life_table(draw: st.DrawFn) -> Tables:
    """From the youngest age on; a year with certain death is not allowed, one close to it is."""
    probability = st.one_of(st.just(0.0), _number(1e-4, 0.3), _number(0.3, 0.999))
    years = draw(st.integers(1, 6))
    return {
        "annual_probability": [[YOUNGEST - 2 + n, draw(probability), draw(probability)] for n in range(years)],
        "hazard_multiplier": draw(_or_zero(_number(0.5, 2))),
        "source": "assumption: generated",
    }


def _ages() -> Drawn:
    return st.one_of(
        st.just({"distribution": "normal", "mean": 60.0, "sd": 10.0, "min": float(YOUNGEST), "max": 90.0}),
        _number(YOUNGEST, 60).map(lambda age: {"distribution": "fixed", "value": age}),
    )


def _patients(draw: st.DrawFn, groups: Sequence[str], agents: Sequence[str], *, aged: bool) -> Tables:
    age_and_sex = {"age_years": draw(_ages()), "male_proportion": draw(PROBABILITY)} if aged else {}
    return {
        **age_and_sex,
        "iga_mg_dl": draw(_concentration(40)),
        "igm_mg_dl": draw(_concentration(20)),
        "frailty_variance": draw(_or_zero(_number(0.01, 4))),
        "igg_type_proportion": draw(PROBABILITY),
        "anti_cd38_proportion": draw(st.one_of(st.just(1.0), _number(0.05, 1))),
        "responder_proportion": draw(PROBABILITY),
        "serostatus": {group: draw(PROBABILITY) for group in groups},
        "agents": draw(_shares(agents)),
        "correlations": draw(_correlations((*CORRELATED, *AGE_AND_SEX) if aged else CORRELATED)),
    }


@st.composite
def scenarios(draw: st.DrawFn, *, horizon: st.SearchStrategy[float] | None = None) -> Scenario:
    """A scenario: the tutorial's skeleton with every number and rule that an engine reads drawn anew."""
    tables = tomllib.loads((SCENARIOS / "tutorial.toml").read_text(encoding="utf-8"))
    targets = draw(st.sampled_from([["BCMA"], ["BCMA", "GPRC5D"]]))
    agents = draw(st.sampled_from([["first"], ["first", "second"], ["first", "second", "third"]]))
    groups = draw(st.sampled_from([[], ["hbv"], ["hbv", "cmv"]]))
    causes = draw(st.sampled_from([[SURE_CAUSE], [SURE_CAUSE, "viral"], [SURE_CAUSE, "viral", "fungal"]]))
    antimicrobials = draw(st.sampled_from([[SURE_ANTIMICROBIAL], [SURE_ANTIMICROBIAL, "antiviral"]]))
    regimens = draw(st.sampled_from([[], ["scig"]]))
    tables["analysis"] |= _analysis(draw, horizon)
    aged = draw(st.booleans())
    tables["patients"] |= _patients(draw, groups, agents, aged=aged)
    tables["treatment"] |= _given(
        {
            "death_rate_per_month": {"on_treatment": draw(RATE), "off_treatment": draw(RATE)},
            "life_table": draw(_life_table()) if aged and draw(st.booleans()) else None,
            "include_drug_cost": draw(st.booleans()),
            "reduced_frequency": draw(_maybe(_reduced_frequency())),
        }
    )
    tables["igg"]["assay_cv"] = draw(_or_zero(_number(0.01, 0.5)))
    drawn = {
        "targets": {name: draw(_target()) for name in targets},
        "agents": {name: draw(_agent(targets)) for name in agents},
        "crs": TOXICITY,
        "icans": TOXICITY,
        "tocilizumab": draw(_tocilizumab()),
        "infections": {
            "off_treatment_multiplier": draw(_or_zero(_number(0.1, 2))),
            "causes": {name: draw(_cause(targets, groups, sure=name == SURE_CAUSE)) for name in causes},
        },
        "immunoglobulin": draw(_immunoglobulin(causes)),
        "regimens": {name: draw(_regimen("SCIG")) for name in regimens},
        "antimicrobials": {
            name: draw(_antimicrobial(causes, groups, sure=name == SURE_ANTIMICROBIAL)) for name in antimicrobials
        },
        "laboratory": draw(_maybe(_laboratory())),
    }
    tables |= _given(drawn)
    tables["strategies"] = {
        "none": {"label": "None", "start": {"rule": "never"}},
        **{
            f"s{n}": {"label": f"Strategy {n}"} | draw(_strategy(regimens, antimicrobials))
            for n in range(draw(st.integers(1, 4)))
        },
    }
    scenario = from_tables(tables)
    assume(scenario.immunoglobulin.effect == "subject" or _can_be_met(scenario))
    return scenario


def _can_be_met(scenario: Scenario) -> bool:
    """Whether patients' own ratios can show as the stated marginal ones."""
    try:
        compile_model(scenario)
    except ScenarioError as refused:
        if "a marginal hazard ratio cannot be met" not in str(refused):
            raise
        return False
    return True
