"""Hypothesis strategies for whole scenarios: valid in shape and meaning, wide in what they ask of the engines.

Every rule that a scenario must obey is met by how it is drawn (shares that add up, names that lead somewhere, rules
that can fire). Only marginal hazard ratios that a cohort cannot show, one draw in many thousands, are thrown away.
Prices that no engine reads are left as the tutorial has them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from hypothesis import assume
from hypothesis import strategies as st

from sim.build import compile_model
from sim.errors import ScenarioError
from sim.scenario import Scenario, from_tables
from tests import generated_parts as part
from tests.generated_parts import SURE_ANTIMICROBIAL, SURE_CAUSE, Drawn, Tables

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"


# --- Strategies ----------------------------------------------------------------------------------------------------

MEASURED = ("igg_below", "iga_below", "igm_below")
GRADE = st.sampled_from(["1_2", "3plus"])


def _waiting() -> Drawn:
    return st.fixed_dictionaries(
        {"minimum_grade": GRADE, "count": st.integers(1, 4), "within_months": part.number(0.5, 24)}
    )


def _condition() -> Drawn:
    leaves = st.one_of(
        st.fixed_dictionaries({"kind": st.sampled_from(MEASURED), "threshold_mg_dl": part.number(5, 1500)}),
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
    delay = part.DAYS.map(lambda days: {"delay_days": days})
    igg = part.number(50, 1500).map(lambda level: {"rule": "igg_below", "threshold_mg_dl": level})
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
            "interval_months": draw(part.number(0.4, 6)),
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
            "crs_multiplier": part.by_grade(part.PROBABILITY),
            "icans_multiplier": part.by_grade(part.PROBABILITY),
            "cost": st.just(3000),
            "infection_multiplier": st.one_of(st.sampled_from([0.0, 1.0]), part.number(0.5, 1.5)),
            "infection_months": part.or_zero(part.number(0.1, 6)),
        }
    )


def _reduced_frequency() -> Drawn:
    return st.fixed_dictionaries(
        {
            "from_month": part.or_zero(part.number(0.5, 24)),
            "infection_multiplier": st.one_of(st.sampled_from([0.0, 1.0]), part.number(0.3, 1.5)),
            "drug_cost_multiplier": part.PROBABILITY,
        }
    )


def _laboratory() -> Drawn:
    return st.fixed_dictionaries(
        {
            "phenotyping_cost": st.just(400),
            "transfusions_per_month": part.RATE,
            "crossmatch_cost": st.just(150),
            "transfusion_delay_days": part.or_zero(part.number(0.1, 2)),
            "monitoring_cost_per_month": st.just(60),
        }
    )


def _analysis(draw: st.DrawFn, horizon: st.SearchStrategy[float] | None) -> Tables:
    return {
        "horizon_months": draw(horizon or st.one_of(st.just(0.0), part.number(0.5, 48))),
        "discount_rate_costs_per_year": draw(part.or_zero(part.number(1e-12, 0.2))),
        "discount_rate_effects_per_year": draw(part.or_zero(part.number(1e-12, 0.2))),
        "seed": draw(st.integers(0, 2**63 - 1)),
    }


@st.composite
def _life_table(draw: st.DrawFn) -> Tables:
    """From the youngest age on; a year with certain death is not allowed, one close to it is."""
    probability = st.one_of(st.just(0.0), part.number(1e-4, 0.3), part.number(0.3, 0.999))
    years = draw(st.integers(1, 6))
    return {
        "annual_probability": [[part.YOUNGEST - 2 + n, draw(probability), draw(probability)] for n in range(years)],
        "hazard_multiplier": draw(part.or_zero(part.number(0.5, 2))),
        "source": "assumption: generated",
    }


def _ages() -> Drawn:
    return st.one_of(
        st.just({"distribution": "normal", "mean": 60.0, "sd": 10.0, "min": float(part.YOUNGEST), "max": 90.0}),
        part.number(part.YOUNGEST, 60).map(lambda age: {"distribution": "fixed", "value": age}),
    )


def _patients(draw: st.DrawFn, groups: Sequence[str], agents: Sequence[str], *, aged: bool) -> Tables:
    age_and_sex = {"age_years": draw(_ages()), "male_proportion": draw(part.PROBABILITY)} if aged else {}
    return {
        **age_and_sex,
        "iga_mg_dl": draw(part.concentration(40)),
        "igm_mg_dl": draw(part.concentration(20)),
        "frailty_variance": draw(part.or_zero(part.number(0.01, 4))),
        "igg_type_proportion": draw(part.PROBABILITY),
        "anti_cd38_proportion": draw(st.one_of(st.just(1.0), part.number(0.05, 1))),
        "responder_proportion": draw(part.PROBABILITY),
        "serostatus": {group: draw(part.PROBABILITY) for group in groups},
        "agents": draw(part.shares(agents)),
        "correlations": draw(part.correlations((*part.CORRELATED, *part.AGE_AND_SEX) if aged else part.CORRELATED)),
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
    tables["treatment"] |= part.given(
        {
            "death_rate_per_month": {"on_treatment": draw(part.RATE), "off_treatment": draw(part.RATE)},
            "life_table": draw(_life_table()) if aged and draw(st.booleans()) else None,
            "include_drug_cost": draw(st.booleans()),
            "reduced_frequency": draw(part.maybe(_reduced_frequency())),
        }
    )
    tables["igg"]["assay_cv"] = draw(part.or_zero(part.number(0.01, 0.5)))
    drawn = {
        "targets": {name: draw(part.target()) for name in targets},
        "agents": {name: draw(part.agent(targets)) for name in agents},
        "crs": TOXICITY,
        "icans": TOXICITY,
        "tocilizumab": draw(_tocilizumab()),
        "infections": {
            "off_treatment_multiplier": draw(part.or_zero(part.number(0.1, 2))),
            "causes": {name: draw(part.cause(targets, groups, sure=name == SURE_CAUSE)) for name in causes},
        },
        "immunoglobulin": draw(part.immunoglobulin(causes)),
        "regimens": {name: draw(part.regimen("SCIG")) for name in regimens},
        "antimicrobials": {
            name: draw(part.antimicrobial(causes, groups, sure=name == SURE_ANTIMICROBIAL)) for name in antimicrobials
        },
        "laboratory": draw(part.maybe(_laboratory())),
    }
    tables |= part.given(drawn)
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
