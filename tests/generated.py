"""Hypothesis strategies for whole scenarios: valid in shape and meaning, wide in what they ask of the engines."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from sim.scenario import Scenario, from_tables

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"


def _number(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


def _or_zero(strategy: st.SearchStrategy[float]) -> st.SearchStrategy[float]:
    return st.one_of(st.just(0.0), strategy)


PROBABILITY = st.one_of(st.sampled_from([0.0, 1.0]), _number(0.0, 1.0))
RATE = _or_zero(_number(0.001, 0.4))


def _by_grade(strategy: st.SearchStrategy[float]) -> st.SearchStrategy[dict[str, float]]:
    return st.fixed_dictionaries({"grade_1_2": strategy, "grade_3plus": strategy})


def _cause() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "label": st.just("a cause"),
            "rate_per_month": _by_grade(_number(0.001, 0.3)),
            "case_fatality": st.fixed_dictionaries({"grade_3plus": PROBABILITY}),
            "stop_probability": st.fixed_dictionaries({"grade_3plus": PROBABILITY}),
            "cost": _by_grade(_number(0, 50_000)),
            "hospital_days": _by_grade(_number(0, 30)),
            "utility_decrement": _by_grade(_number(0, 0.4)),
            "duration_days": _by_grade(_number(0, 40)),
        }
    )


def _start() -> st.SearchStrategy[dict[str, Any]]:
    delay = _or_zero(_number(0.1, 60))
    return st.one_of(
        st.just({"rule": "never"}),
        st.just({"rule": "at_start"}),
        st.fixed_dictionaries(
            {"rule": st.just("igg_below"), "threshold_mg_dl": _number(50, 1500), "delay_days": delay}
        ),
        st.fixed_dictionaries(
            {
                "rule": st.just("after_infections"),
                "minimum_grade": st.sampled_from(["1_2", "3plus"]),
                "count": st.integers(1, 4),
                "within_months": _number(0.5, 24),
                "delay_days": delay,
            }
        ),
    )


@st.composite
def _strategy(draw: st.DrawFn) -> dict[str, Any]:
    start = draw(_start())
    made: dict[str, Any] = {"start": start}
    if start["rule"] == "igg_below" or draw(st.booleans()):
        made["igg_tests"] = {
            "interval_months": draw(_number(0.4, 6)),
            "until": draw(st.sampled_from(["ig_ordered", "treatment_end"])),
        }
    return made


@st.composite
def scenarios(draw: st.DrawFn, *, horizon: st.SearchStrategy[float] | None = None) -> Scenario:
    """A scenario: the tutorial's skeleton with every number and rule drawn anew."""
    tables = tomllib.loads((SCENARIOS / "tutorial.toml").read_text(encoding="utf-8"))
    analysis = tables["analysis"]
    analysis["horizon_months"] = draw(horizon or st.one_of(st.just(0.0), _number(0.5, 48)))
    analysis["discount_rate_costs_per_year"] = draw(_or_zero(_number(1e-12, 0.2)))
    analysis["discount_rate_effects_per_year"] = draw(_or_zero(_number(1e-12, 0.2)))
    analysis["seed"] = draw(st.integers(0, 2**63 - 1))
    people = tables["patients"]
    people["frailty_variance"] = draw(_or_zero(_number(0.01, 4)))
    people["igg_type_proportion"] = draw(PROBABILITY)
    treatment = tables["treatment"]
    treatment["stop_rate_per_month"] = draw(RATE)
    treatment["death_rate_per_month"] = {"on_treatment": draw(RATE), "off_treatment": draw(RATE)}
    treatment["include_drug_cost"] = draw(st.booleans())
    names = draw(st.sampled_from([["any"], ["bacterial", "viral"], ["bacterial", "viral", "fungal"]]))
    tables["infections"] = {
        "off_treatment_multiplier": draw(_or_zero(_number(0.1, 2))),
        "causes": {name: draw(_cause()) for name in names},
    }
    ig = tables["immunoglobulin"]
    ig |= {
        "vial_size_g": draw(_or_zero(_number(1, 10))),
        "interval_days": draw(_number(14, 90)),
        "onset_lag_days": draw(_or_zero(_number(1, 60))),
        "protection_days": draw(_or_zero(_number(1, 120))),
        "washout_months": draw(_or_zero(_number(0.1, 12))),
        "hr": draw(_by_grade(st.one_of(st.sampled_from([0.0, 1.0, 2.0]), _number(0.0, 3.5)))),
    }
    tables["igg"]["suppressed_fraction"] = draw(PROBABILITY)
    tables["igg"]["assay_cv"] = draw(_or_zero(_number(0.01, 0.5)))
    tables["strategies"] = {
        "none": {"label": "None", "start": {"rule": "never"}},
        **{f"s{n}": {"label": f"Strategy {n}"} | draw(_strategy()) for n in range(draw(st.integers(1, 4)))},
    }
    return from_tables(tables)
