"""Every sentence is true of the numbers it is made of, and says nothing that noise could turn round."""

from __future__ import annotations

import re
from typing import Any

import pytest

from docs.building.results_pages import words
from tests.results_pages.made_up import REFERENCE, folder, frontier

ADVOCACY = re.compile(r"\b(should|must|recommend\w*|optimal|superior|inferior|ought|justif\w+)\b")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (160_000, 200_000, "above the highest willingness to pay named, 150,000"),
        (20_000, 40_000, "below the lowest willingness to pay named, 50,000"),
        (90_000, 120_000, "not told from 100,000 by this many patients"),
        (90_000, 160_000, "not told from 100,000 or 150,000 by this many patients"),
        (60_000, 80_000, "between the willingness to pay of 50,000 and 100,000"),
    ],
)
def test_a_ratio_is_placed_beside_the_thresholds(low: float, high: float, said: str):
    row = frontier("primary", (low + high) / 2, low, high)
    (sentence,) = words.ratios(folder({"incremental": [REFERENCE, row]}, wtp_per_qaly=[50_000, 100_000, 150_000]))
    assert said in sentence
    limits = f"(95 % by Monte Carlo error {low:,.0f} to {high:,.0f})"
    assert f"beyond none is that of primary, {(low + high) / 2:,.0f} USD {limits}: " in sentence


def test_a_ratio_without_limits_or_without_a_frontier_is_said_to_be_so():
    row = frontier("primary", 9e4, None, None, "line")
    (sentence,) = words.ratios(folder({"incremental": [REFERENCE, row]}, wtp_per_qaly=[50_000]))
    assert "too few patients to place it" in sentence
    (sentence,) = words.ratios(folder({"incremental": [REFERENCE]}, wtp_per_qaly=[50_000]))
    assert sentence.startswith("No strategy gains health over none")


def averting(serious: float, deaths: float, cost: float = 5_000.0) -> str:
    row = {
        "strategy": "primary",
        "comparator": "none",
        "serious_averted": serious,
        "serious_averted_mcse": 0.01,
        "number_needed_to_treat": 1 / serious if serious > 0 else None,
        "cost_per_serious_averted": cost,
        "deaths_averted": deaths,
        "deaths_averted_mcse": 0.001,
        "grams_per_patient_year": 234.0,
    }
    (sentence,) = words.averted(folder({"incremental": [REFERENCE], "efficiency": [row]}))
    return sentence


def test_what_is_averted_is_told_with_its_error_and_only_beyond_noise():
    assert averting(0.2, 0.02) == (
        "primary against none: 200 ± 10 fewer serious infections per 1,000 patients and 20.0 ± 1.0 fewer deaths of "
        "infection per 1,000 patients; 5.0 patients under it for one serious infection averted, at 5,000 USD each; "
        "234 g of immunoglobulin per patient-year."
    )
    assert "200 ± 10 more serious infections" in averting(-0.2, 0.02)
    assert "averted" not in averting(-0.2, 0.02)
    unsure = averting(0.015, 0.001)
    assert "a number of serious infections that noise does not tell from that under none" in unsure
    assert "a number of deaths of infection that noise does not tell" in unsure
    assert "averted" not in unsure
    assert "at no further cost" in averting(0.2, 0.02, cost=-10.0)


def tornado(**changes: Any) -> Any:
    row = {
        "path": "a.price",
        "low": 75.0,
        "high": 130.0,
        "outcome_low": -4000.0,
        "outcome_low_mcse": 100.0,
        "outcome_high": -9000.0,
        "outcome_high_mcse": 120.0,
        "swing": -5000.0,
        "swing_mcse": 90.0,
        "best_low": "none",
        "best_high": "none",
        "lead_low": 0.0,
        "lead_low_mcse": 0.0,
        "lead_high": 0.0,
        "lead_high_mcse": 0.0,
    }
    return {**row, **changes}


def driving(*rows: Any, only: str = "") -> str:
    document = {"tornado": list(rows), "base": {"best": "none"}}
    return " ".join(words.drivers(folder(document, wtp=1e5, strategy="secondary", comparator="none"), only))


def test_what_drives_the_decision():
    said = driving(tornado(), tornado(path="b.idle", swing=10.0, swing_mcse=50.0))
    assert "move the net benefit of secondary against none most, at 100,000 USD per QALY: a.price (75 to 130:" in said
    assert "2 inputs were moved; 1 of them move it by nothing that noise lets be seen." in said
    assert "No input alone, within its range, puts another strategy before none beyond noise." in said
    assert "Within noise" not in said
    some = driving(tornado(), only="those of the base case")
    assert "1 inputs were moved, those of the base case; 0 of them" in some
    assert "Of these inputs none alone, within its range, puts" in some
    turned = driving(tornado(best_low="primary", lead_low=500.0, lead_low_mcse=100.0))
    assert "each of these puts another strategy before none, beyond noise: a.price at 75 (primary)" in turned
    unsure = driving(tornado(best_high="primary", lead_high=150.0, lead_high_mcse=100.0))
    assert "No input alone" in unsure
    assert "Within noise: a.price at 130 (primary)." in unsure
    still = driving(tornado(swing=None, swing_mcse=None))
    assert "No input moves the net benefit of secondary against none beyond noise" in still
    assert "0 of them move it by nothing that noise lets be seen, 1 could not be moved to both ends." in still


def ranges(*best: tuple[str, float, float | None]) -> Any:
    rows = [
        {"wtp": 1e5, "subgroup": "all", "best": name, "price_low": low, "price_high": high}
        for name, low, high in best
    ]
    pair = {
        "wtp": 1e5,
        "subgroup": "all",
        "strategy": "primary",
        "comparator": "none",
        "ci_low": 20.0,
        "ci_high": 24.0,
    }
    other = {**pair, "strategy": "secondary", "ci_low": None}
    document = {"best_by_price": rows, "thresholds": [pair, other]}
    return folder(document, unit="USD per gram", price=100.0)


def test_the_best_strategy_by_price():
    (never,) = words.by_price(ranges(("none", 0.0, None)))
    assert never == (
        "The price is 100 USD per gram; at 100,000 USD per QALY none has the highest net benefit at every price from "
        "0."
    )
    (once,) = words.by_price(ranges(("primary", 0.0, 22.0), ("none", 22.0, None)))
    assert "by price, primary up to 22.0 (20.0 to 24.0) and none above" in once
    (twice,) = words.by_price(ranges(("primary", 0.0, 22.0), ("secondary", 22.0, 40.0), ("none", 40.0, None)))
    assert "primary up to 22.0, secondary from there to 40.0 and none above" in twice


def searched(*rows: Any) -> Any:
    scan = [
        {"value": 0.02, "best": "none", "second": "secondary", "margin": 900.0, "margin_mcse": 200.0},
        {"value": 1.0, "best": "none", "second": "secondary", "margin": 5000.0, "margin_mcse": 200.0},
    ]
    document = {"thresholds": list(rows), "scan": scan}
    return folder(document, path="x.hr", unit="", between=[0.02, 1.0], wtp=1e5)


def test_the_hazard_ratio_at_which_the_decision_turns():
    (never,) = words.by_effect(searched())
    assert "At no hazard ratio of x.hr between 0.02 and 1 does another strategy come first" in never
    assert "none is best at all 2 values looked at, by 900 ± 200 where its lead is smallest" in never
    assert "(0.02, over secondary)" in never
    row = {"before": "primary", "after": "none", "threshold": 0.31, "ci_low": 0.25, "ci_high": 0.37}
    (once,) = words.by_effect(searched(row))
    assert "changes from primary to none at 0.31 (95 % by Monte Carlo error 0.25 to 0.37), at 100,000 USD" in once
    near = searched()
    near.document["scan"][0]["margin"] = 100.0
    assert words.by_effect(near)[0].endswith("; so small a lead noise could turn round).")
    assert never.endswith("(0.02, over secondary).")
    (loose,) = words.by_effect(searched({**row, "ci_low": None}))
    assert "not bounded by this many patients" in loose


def means(infections: float, averted: float, comparator: str = "none") -> Any:
    row = {"name": "none"}
    for name in words.COMPARED:
        row |= {name: infections, f"{name}_mcse": 0.01}
    gain = {
        "strategy": "primary",
        "comparator": comparator,
        "serious_averted": averted,
        "serious_averted_mcse": 0.01,
    }
    return folder({"strategies": [row], "efficiency": [gain]})


def test_two_targets_side_by_side():
    said = " ".join(words.beside(means(0.4, 0.1), means(0.8, 0.3), ("G", "B")))
    assert "0.400 ± 0.010 and 0.800 ± 0.010 serious infections" in said
    assert "not told apart" not in said
    assert "primary averts fewer serious infections per patient in G than in B" in said
    assert "(0.100 ± 0.010 and 0.300 ± 0.010)" in said
    said = " ".join(words.beside(means(0.4, 0.3), means(0.41, 0.1), ("G", "B")))
    assert said.count("(not told apart)") == len(words.COMPARED)
    assert "averts more serious infections per patient in G than in B" in said
    said = " ".join(words.beside(means(0.4, 0.3), means(0.4, 0.31), ("G", "B")))
    assert "averts a number of serious infections per patient in G and B that noise does not tell apart" in said
    assert len(words.beside(means(0.4, 0.3), means(0.4, 0.31, "secondary"), ("G", "B"))) == 1, "other comparators"


def compared(*decisions: tuple[str, str, float, float], moved: float = 1.0) -> str:
    rows = [
        {"scenario": name, "wtp": 1e5, "best": best, "second": "x", "margin": margin, "margin_mcse": error}
        for name, best, margin, error in decisions
    ]
    last = {"scenario": decisions[-1][0], "component": "qaly", "strategy": "none", "mean": moved, "mcse": 0.1}
    return " ".join(words.structures(folder({"decisions": rows, "differences": [last]})))


def test_what_other_scenarios_change():
    base = ("base", "none", 900.0, 50.0)
    said = compared(base, ("a", "none", 500.0, 50.0), ("b", "none", 2000.0, 90.0))
    assert "no other assumption puts a strategy other than none first beyond noise (2 looked at)." in said
    assert "The lead of none over the next best, 900 ± 50 USD per patient" in said
    assert 'runs from 500 ± 50 in "a" to 2,000 ± 90 in "b" where it stays first' in said
    assert "depends on" not in said
    said = compared(base, ("a", "primary", 500.0, 50.0))
    assert 'another strategy comes first, beyond noise: primary in "a" (1 looked at)' in said
    assert "The lead of" not in said
    said = compared(base, ("a", "primary", 50.0, 50.0))
    assert "no other assumption puts a strategy other than none first beyond noise" in said
    assert 'which is first is within noise in "a"' in said
    said = compared(base, ("a", "none", 900.0, 50.0), moved=0.0)
    assert 'No cost and no QALY of these strategies depends on "a".' in said


def test_places_are_listed_by_setting():
    said = words.places([("US", 5e4), ("US", 1e5), ("UK", 2e4)])
    assert said == "US at 50,000 and 100,000; UK at 20,000"


def test_base_values_beside_draws():
    rows = [{"name": "none", "qaly": 1.0, "cost": 0.0}, {"name": "primary", "qaly": 1.1, "cost": 5_000.0}]
    run = folder({"strategies": rows}, wtp_per_qaly=[40_000.0, 60_000.0])
    same = folder({"leads": [{"wtp": 40_000.0, "best": "none"}, {"wtp": 60_000.0, "best": "primary"}]})
    assert words.agreement(run, same).startswith("Base values and means over draws put the same strategy first")
    apart = folder({"leads": [{"wtp": 40_000.0, "best": "none"}, {"wtp": 60_000.0, "best": "none"}]})
    assert "at 60,000 primary by base values and none over draws" in words.agreement(run, apart)


def test_no_sentence_advocates():
    """The words of this file's own sentences, and of those above, are looked at: none tells a reader what to do."""
    said = [
        averting(0.2, 0.02),
        driving(tornado(best_low="primary", lead_low=500.0, lead_low_mcse=100.0)),
        *words.by_price(ranges(("primary", 0.0, 22.0), ("none", 22.0, None))),
        *words.by_effect(searched()),
    ]
    assert not [text for text in said if ADVOCACY.search(text)]
    assert ADVOCACY.search("primary should be given"), "the pattern finds what it looks for"
