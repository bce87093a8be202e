"""Hypothesis strategies for parts of a scenario: patients, targets, agents, infections, and what prevents them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from hypothesis import strategies as st

Tables = dict[str, Any]
Drawn = st.SearchStrategy[Tables]


def number(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


def or_zero(strategy: st.SearchStrategy[float]) -> st.SearchStrategy[float]:
    return st.one_of(st.just(0.0), strategy)


PROBABILITY = st.one_of(st.sampled_from([0.0, 1.0]), number(0.0, 1.0))
RATE = or_zero(number(0.001, 0.4))
DAYS = or_zero(number(0.1, 60))
# Above 1 a hazard ratio asks for further processes of candidates: a few are enough.
HAZARD_RATIO = st.one_of(st.sampled_from([0.0, 1.0, 2.0]), number(0.0, 1.0), number(1.0, 2.5))
# One cause strikes everybody at both grades, and one antimicrobial covers it, or a rule might never fire.
SURE_CAUSE, SURE_ANTIMICROBIAL = "bacterial", "antibacterial"
CORRELATED = ("weight_kg", "igg_polyclonal_mg_dl", "iga_mg_dl", "igm_mg_dl", "m_protein_mg_dl", "frailty")
AGE_AND_SEX = ("age_years", "male")
YOUNGEST = 50


def by_grade(strategy: st.SearchStrategy[float]) -> st.SearchStrategy[dict[str, float]]:
    return st.fixed_dictionaries({"grade_1_2": strategy, "grade_3plus": strategy})


def maybe(drawn: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), drawn)


def given(tables: Tables) -> Tables:
    """Leave out what is not there: in a file, None is a key that is not written."""
    return {key: value for key, value in tables.items() if value is not None}


# --- Patients, targets, agents -------------------------------------------------------------------------------------


def shares(names: Sequence[str]) -> Drawn:
    weights = st.lists(or_zero(number(0.01, 1)), min_size=len(names), max_size=len(names)).filter(any)
    return weights.map(lambda drawn: {name: weight / sum(drawn) for name, weight in zip(names, drawn, strict=True)})


def concentration(median: float) -> Drawn:
    return st.one_of(
        st.just({"distribution": "fixed", "value": median}),
        st.just({"distribution": "lognormal", "median": median, "log_sd": 0.6}),
        st.just({"distribution": "normal", "mean": median, "sd": median, "min": 0.0, "max": 4 * median}),
    )


@st.composite
def correlations(draw: st.DrawFn, attributes: Sequence[str]) -> list[Tables]:
    pairs = draw(st.lists(st.sampled_from(list(combinations(attributes, 2))), max_size=3, unique=True))
    # Three values of at most 0.3 in a row leave the matrix diagonally dominant, so positive definite.
    strongest = 0.95 if len(pairs) == 1 else 0.3
    return [{"between": list(pair), "value": draw(number(-strongest, strongest))} for pair in pairs]


@st.composite
def target(draw: st.DrawFn) -> Tables:
    starts = sorted(draw(st.sets(number(0.1, 24), max_size=2)))
    return {
        "label": "a target",
        "suppressed_fraction": draw(PROBABILITY),
        "recovery_start_months": draw(or_zero(number(0.1, 24))),
        "recovered_fraction": draw(PROBABILITY),
        "therapeutic_antibody_mg_dl": draw(or_zero(number(1, 300))),
        "hazard_periods": [
            {"from_month": start, "multiplier": draw(st.one_of(st.sampled_from([0.0, 1.0]), number(0.1, 3)))}
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
def agent(draw: st.DrawFn, targets: Sequence[str]) -> Tables:
    return {
        "label": "an agent",
        "target": draw(st.sampled_from(targets)),
        "stop_rate_per_month": draw(RATE),
        "drug_cost_per_month": draw(or_zero(number(100, 50_000))),
        "step_up": draw(_step_up()),
        "crs": draw(_toxicity_risk()),
        "icans": draw(_toxicity_risk()),
    }


# --- Infections and what prevents them -----------------------------------------------------------------------------


@st.composite
def cause(draw: st.DrawFn, targets: Sequence[str], groups: Sequence[str], *, sure: bool) -> Tables:
    rate = number(0.001, 0.3) if sure else or_zero(number(0.001, 0.3))
    return {
        "label": "a cause",
        "only_in": "" if sure else draw(st.sampled_from(["", *groups])),
        "rate_per_month": {target: draw(by_grade(rate)) for target in targets},
        "case_fatality": {"grade_3plus": draw(PROBABILITY)},
        "stop_probability": {"grade_3plus": draw(PROBABILITY)},
        "hold_days": draw(by_grade(DAYS)),
        "cost": draw(by_grade(number(0, 50_000))),
        "hospital_days": draw(by_grade(number(0, 30))),
        "utility_decrement": draw(by_grade(number(0, 0.4))),
        "duration_days": draw(by_grade(number(0, 40))),
    }


@st.composite
def antimicrobial(draw: st.DrawFn, causes: Sequence[str], groups: Sequence[str], *, sure: bool) -> Tables:
    covered = draw(st.sets(st.sampled_from(causes), min_size=1))
    watched = {}
    if draw(st.booleans()):
        watched = {"kind": "surveillance", "course_cost": draw(or_zero(number(1, 1000)))}
        if draw(st.booleans()):
            found = {"found_per_month": {"BCMA": draw(RATE)}, "treated_share": draw(PROBABILITY)}
            watched = {**watched, "viraemia": found}
    return {
        **watched,
        "label": "an antimicrobial",
        "given_to": "all" if sure else draw(st.sampled_from(["all", *groups])),
        "adherence": draw(number(0.05, 1) if sure else PROBABILITY),
        "start_cost": draw(or_zero(number(1, 100))),
        "cost_per_month": draw(or_zero(number(1, 100))),
        "months_after_treatment": draw(or_zero(number(0.1, 24))),
        "hr": {
            **{cause: draw(by_grade(HAZARD_RATIO)) for cause in sorted(covered)},
            **({SURE_CAUSE: draw(by_grade(number(0.05, 0.95)))} if sure else {}),
        },
    }


def regimen(route: str) -> Drawn:
    return st.fixed_dictionaries(
        {
            "route": st.just(route),
            "dose_g_per_kg": number(0.05, 1),
            "vial_size_g": or_zero(number(1, 10)),
            "interval_days": number(14, 90),
            "price_per_gram": number(10, 200),
            "administration_cost": or_zero(number(1, 500)),
            "onset_lag_days": or_zero(number(1, 60)),
            "protection_days": or_zero(number(1, 120)),
            "infusion_utility_decrement": or_zero(number(0.001, 0.1)),
            "adherence": PROBABILITY,
        }
    )


@st.composite
def _dose_adjustment(draw: st.DrawFn) -> Tables:
    step = draw(st.one_of(st.just(1.0), number(1, 1.5)))
    return given(
        {
            "step_up_factor": step,
            "maximum_factor": draw(number(step, 2)),
            "step_down_after_months": draw(number(0.5, 24)),
            "step_down_factor": draw(st.one_of(st.just(1.0), number(0.2, 1))),
            "stop_after_months": draw(maybe(number(0.5, 36))),
            "hr_dose_exponent": draw(or_zero(number(0.1, 1))),
        }
    )


def _harm() -> Drawn:
    return st.fixed_dictionaries(
        {
            "label": st.just("a harm"),
            "rate_per_month": RATE,
            "cost": or_zero(number(1, 30_000)),
            "utility_decrement": number(0, 0.3),
            "duration_days": DAYS,
            "hospital_days": DAYS,
        }
    )


@st.composite
def immunoglobulin(draw: st.DrawFn, causes: Sequence[str]) -> Tables:
    marginal = draw(st.booleans())
    # Marginal ratios over 1 are too often out of reach; tests/model/test_marginal.py has those that can be met.
    hazard_ratio = st.one_of(st.sampled_from([0.0, 1.0]), number(0.0, 1.0)) if marginal else HAZARD_RATIO
    own = draw(st.sets(st.sampled_from(causes)))
    harms = draw(st.sampled_from([[], ["thrombosis"], ["thrombosis", "renal_injury"]]))
    reaction = {"probability": draw(PROBABILITY), "cost": 50, "utility_decrement": 0.01, "duration_days": 5}
    return draw(regimen("IVIG")) | given(
        {
            "washout_months": draw(or_zero(number(0.1, 12))),
            "effect": "marginal" if marginal else "subject",
            "marginal_follow_up_months": draw(number(1, 24)) if marginal else None,
            "marginal_antimicrobials": [SURE_ANTIMICROBIAL] if marginal and draw(st.booleans()) else None,
            "benefit_below_igg_mg_dl": draw(maybe(number(50, 1500))),
            "hr": draw(by_grade(hazard_ratio)),
            "hr_by_cause": {cause: draw(by_grade(hazard_ratio)) for cause in sorted(own)},
            "reaction": reaction if draw(st.booleans()) else None,
            "harms": {name: draw(_harm()) for name in harms},
            "dose_adjustment": draw(maybe(_dose_adjustment())),
        }
    )
