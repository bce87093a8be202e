"""Sentences and tables of reports in cases that no shipped scenario has, from documents made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sim.figures import FigureSet, Look, Setting
from sim.report.page.folder import RunFolder
from sim.report.page.other_results import (
    MOST_ROWS,
    cea_sections,
    compare_sections,
    compare_sentences,
    decision_sections,
    decision_sentences,
    price_sections,
    short,
    threshold_sentences,
    tornado_sections,
    tornado_sentences,
)
from sim.report.page.parts import Grid, Section
from sim.report.page.psa_results import at_wtp, decision_grid, evppi_grids, psa_sections, psa_sentences
from sim.report.page.run_results import played
from sim.report.page.study import spread
from sim.report.page.voi_results import voi_sections
from sim.scenario import Quantity

Rows = list[dict[str, Any]]


def folder(document: Mapping[str, Any], **settings: Any) -> RunFolder:
    """A run folder of US dollars that holds this document and no table."""
    figures = FigureSet({}, Setting.of(Look("USD"), [100.0]))
    manifest = {"command": "psa", "settings": {"currency": "USD", **settings}, "files": {}}
    return RunFolder(Path("nowhere"), manifest, document, (), figures)


def rows_of(sections: list[Section], key: str) -> list[tuple[str, ...]]:
    """Rows of all tables of one section."""
    items = next(section for section in sections if section.key == key).items
    return [row for item in items if isinstance(item, Grid) for row in item.rows]


# ---------------------------------------------------------------------- probabilistic analyses


def psa(*, could_flip: bool = False, population: float | None = None, **changes: Any) -> RunFolder:
    """Two strategies at two thresholds; nothing known of parameters, prices and subgroups."""
    leads = [
        {"wtp": 50.0, "best": "a", "next": "b", "lead": 4.0, "mcse": 3.0, "could_flip": could_flip},
        {"wtp": 100.0, "best": "b", "next": "a", "lead": 40.0, "mcse": 3.0, "could_flip": False},
    ]
    by_wtp = [
        {"wtp": wtp, "optimal": best, "evpi": 9.0, "evpi_se": 1.0, "evpi_corrected": 8.0}
        for wtp, best in ((50.0, "a"), (100.0, "b"))
    ]
    chances = [
        {"wtp": wtp, "strategy": name, "ceac": share, "ceac_corrected": share}
        for wtp in (50.0, 100.0)
        for name, share in (("a", 0.25), ("b", 0.75))
    ]
    means = {"cost": 10.0, "cost_mcse": 1.0, "cost_low": 5.0, "cost_high": 15.0}
    means |= {"qaly": 1.0, "qaly_mcse": 0.1, "qaly_low": 0.5, "qaly_high": 1.5}
    first: dict[str, Any] = dict.fromkeys(("delta_cost", "delta_cost_mcse", "delta_qaly", "delta_qaly_mcse", "icer"))
    first |= {"strategy": "a", "comparator": None, "status": "reference", **means}
    document = {
        "leads": leads,
        "by_wtp": by_wtp,
        "by_wtp_strategy": chances,
        "strategies": [{"name": "a"}, {"name": "b"}],
        "incremental": [first],
        **{name: [] for name in ("precision", "evppi", "price_of_immunoglobulin", "subgroups")},
    }
    settings = {"draws": 60, "parameters": 3, "patients": 100, "shared_luck": True, "seed": 1}
    settings |= {"wtp_per_qaly": [50.0, 100.0], "population": population}
    return folder(document | changes, **settings)


def test_a_lead_that_noise_could_turn_is_said_and_where() -> None:
    sure, unsure = psa_sentences(psa()), psa_sentences(psa(could_flip=True))
    assert any(text.startswith("At none of these thresholds could Monte Carlo noise flip") for text in sure)
    assert any(text.startswith("Noise could flip this at 50 USD per QALY") for text in unsure)
    assert not any("flip" in text for text in psa_sentences(psa(leads=[])))


def test_the_value_for_a_population_is_said_where_one_is_known() -> None:
    alone, together = (" ".join(psa_sentences(psa(population=known))) for known in (None, 1000.0))
    assert "patients concerned" not in alone
    assert "at the highest 8,000 USD for the 1,000 patients concerned (discounted)." in together
    assert [row[-1] for row in decision_grid(psa()).rows] == ["", ""]
    assert [row[-1] for row in decision_grid(psa(population=1000.0)).rows] == ["8,000", "8,000"]


def worth(name: str, evppi: float | None, error: float | None = 1.0, **others: Any) -> dict[str, Any]:
    row = {"wtp": 100.0, "name": name, "kind": "parameter", "evppi": evppi, "standard_error": error}
    return row | {"share_of_evpi": 0.5, "less_than_member": None, "note": None} | others


def test_parameters_are_named_only_where_their_value_stands_clear_of_its_error() -> None:
    def said(*rows: dict[str, Any]) -> str:
        return " ".join(psa_sentences(psa(evppi=list(rows))))

    assert "Most of that comes from knowing price (6)" in said(worth("price", 6.0), worth("delay", 1.5))
    assert "delay" not in said(worth("price", 6.0), worth("delay", 1.5))
    assert "No single parameter or group" in said(worth("rate", 1.5))
    assert "No single parameter or group" in said(worth("rate", 0.0))
    assert "parameter or group" not in said()


def test_the_table_of_parameters_says_why_a_number_is_not_what_it_seems() -> None:
    group = worth("rates", 2.0, kind="group", less_than_member="rate", share_of_evpi=None)
    (table,) = evppi_grids(psa(evppi=[group, worth("rate", 3.0, note="extrapolated"), worth("none", 0.0)]), [100.0])
    assert [row[0] for row in table.rows] == ["Rates", "rate"]
    assert [row[3:] for row in table.rows] == [("", "less than rate alone"), ("50%", "extrapolated")]
    assert evppi_grids(psa(evppi=[worth("none", 0.0)]), [100.0]) == []
    assert (at_wtp(psa(), 100.0), at_wtp(psa(), 0.0)) == (" at 100 USD per QALY", "")


def price(wtp: float, **others: Any) -> dict[str, Any]:
    row = {"strategy": "b", "comparator": "a", "wtp": wtp, "price": 40.0, "mcse": 1.0, "low": 30.0, "high": 50.0}
    return row | others


def test_break_even_prices_are_those_of_everyone_at_the_scenarios_thresholds() -> None:
    def of(*rows: dict[str, Any]) -> tuple[str, list[tuple[str, ...]]]:
        asked = psa(price_of_immunoglobulin=list(rows))
        return " ".join(psa_sentences(asked)), rows_of(psa_sections(asked), "price")

    said, rows = of(price(100.0), price(100.0, subgroup="old", price=9.0), price(70.0), price(100.0, comparator="c"))
    assert "worth more than a at 100 USD per QALY, in USD: b 40.0 (95 % of draws 30.0 to 50.0)." in said
    assert rows == [("b", "a", "100", "40.0 ± 1.0", "30.0 to 50.0")]
    # Known at the lower threshold alone: shown in the table, and no sentence about the highest.
    said, rows = of(price(50.0))
    assert "Price of immunoglobulin" not in said
    assert len(rows) == 1
    assert of(price(100.0, price=None)) == of()
    assert of()[1] == []


def test_one_strategy_has_nothing_to_compare_and_blanks_where_nothing_is_known() -> None:
    sections = psa_sections(psa())
    assert rows_of(sections, "psa")[0][-4:] == ("", "", "", "reference")
    assert rows_of(sections, "convergence") == rows_of(sections, "subgroups") == []
    (last,) = (section for section in sections if section.key == "convergence")
    assert last.paragraphs == ("One strategy: nothing to compare.",)
    drawn = {"strategy": "b", "comparator": "a", "wtp": 100.0, "inmb": 5.0, "mcse": 2.0, "low": -1.0, "high": 9.0}
    drawn |= {"mcse_draws": 1.5, "mcse_patients": 1.3, "noise_share": 0.4}
    drawn |= {"best_draws": 200, "best_patients": 50, "best_mcse": 1.8}
    both = psa(precision=[drawn, drawn | {"wtp": 50.0, "mcse": None}])
    (last,) = (section for section in psa_sections(both) if section.key == "convergence")
    assert last.paragraphs[0].startswith("The least certain net benefit is that of b at 100 per QALY, ± 2; 40.0%")
    own = {"wtp": 100.0, "label": "Old", "share": 0.25, "best": "b", "best_for_others": "a", "mcse": 0.5}
    shown = psa_sections(psa(subgroups=[own | {"value_of_deciding_apart": 3.0}]))
    assert rows_of(shown, "subgroups") == [("100", "Old", "25.0%", "b", "a", "3 ± 0")]


# ---------------------------------------------------------------------- other analyses


def moved(path: str, *, changes: bool) -> dict[str, Any]:
    row = {"path": path, "unit": "USD", "base": 2.0, "low": 1.0, "high": 30_000.0, "changes_decision": changes}
    return row | dict.fromkeys(("outcome_low", "outcome_low_mcse", "outcome_high", "outcome_high_mcse"), 1.0)


def test_a_tornado_names_what_changes_the_decision() -> None:
    def asked(changing: int, **settings: Any) -> RunFolder:
        rows = [moved(f"x{n}", changes=n < changing) for n in range(10)]
        return folder({"tornado": rows, "base": {"best": "a"}}, outcome="cost", **settings)

    assert "No input alone, within its range, changes which strategy is best (a)." in tornado_sentences(asked(0))
    assert tornado_sentences(asked(2))[1].endswith("(a in the base case): x0 and x1.")
    assert tornado_sentences(asked(10))[1].endswith("x6, x7 and 2 more.")
    rows = rows_of(tornado_sections(asked(1)), "tornado")
    assert [row[-1] for row in rows[:2]] == ["changes", ""]
    assert rows[0][3] == "1 to 30,000"
    ((plain,), (named,)) = (
        tornado_sections(each)[0].items for each in (asked(1), asked(1, strategy="b", comparator="a"))
    )
    assert isinstance(plain, Grid)
    assert isinstance(named, Grid)
    assert "cost (USD" in plain.title
    assert "cost of b against a (USD" in named.title


def decided(point: int, best: str, margin: float | None, **others: Any) -> dict[str, Any]:
    row = {"point": point, "x": float(point), "wtp": 100.0, "best": best, "second": "c"}
    return row | {"margin": margin, "margin_mcse": 1.0} | others


def test_points_of_a_design_are_counted_and_a_long_table_says_what_it_leaves_out() -> None:
    rows = [decided(n, "a" if n else "b", 5.0) for n in range(MOST_ROWS + 2)]
    (sure,) = decision_sentences(folder({"decisions": rows}))
    assert sure == f"At 100 USD per QALY, of {MOST_ROWS + 2} points: a at {MOST_ROWS + 1} and b at 1."
    (unsure,) = decision_sentences(folder({"decisions": [*rows, decided(99, "a", 1.0), decided(100, "a", None)]}))
    assert unsure.endswith("; at 2 of them Monte Carlo noise could flip the choice.")
    for n, note in ((MOST_ROWS, False), (MOST_ROWS + 2, True)):
        asked = folder({"kind": "sweep", "decisions": rows[:n]})
        (section,) = decision_sections(asked)
        (table,) = section.items
        assert isinstance(table, Grid)
        assert len(table.rows) == MOST_ROWS
        assert (f"The first {MOST_ROWS} of {n}" in table.note) is note
        assert section.title == "Sweep over inputs"
    assert decision_sections(folder({"kind": "two-way", "decisions": rows}))[0].title == "Two-way sensitivity"


def test_a_threshold_that_is_not_there_is_said() -> None:
    asked = {"path": "price", "between": [1.0, 20_000.0], "unit": "USD"}
    (none,) = threshold_sentences(folder({"thresholds": []}, **asked))
    assert none == "Between 1 and 20,000 the best strategy does not change: price."
    found = {"threshold": 3.0, "mcse": 0.5, "before": "a", "after": "b"}
    (some,) = threshold_sentences(folder({"thresholds": [found]}, **asked))
    assert some == "As this input rises, the best strategy changes from a to b at 3.000 ± 0.500 USD: price."


@pytest.mark.parametrize(("n", "note"), [(MOST_ROWS, ""), (MOST_ROWS + 1, "Of 41 rows the first 40.")])
def test_break_even_prices_of_many_rows_say_how_many_there_are(n: int, note: str) -> None:
    found = {"strategy": "b", "comparator": "a", "wtp": 1.0, "threshold": 3.0, "mcse": 0.5, "ci_low": 2, "ci_high": 4}
    rows = [found | {"subgroup": "all"}] * n + [found | {"subgroup": "old"}, found | {"threshold": None}]
    rows[-1]["subgroup"] = "all"
    (table,) = price_sections(folder({"thresholds": rows}, path="price", unit="USD", price=2.0))[0].items
    assert isinstance(table, Grid)
    assert (len(table.rows), table.note) == (MOST_ROWS, note)


def test_scenarios_that_agree_are_told_from_those_that_do_not() -> None:
    def said(*best: str) -> str:
        rows = [{"scenario": f"s{n}", "wtp": 100.0, "best": name} for n, name in enumerate(best)]
        (sentence,) = compare_sentences(folder({"decisions": rows}))
        return sentence

    assert said("a", "a") == "At 100 USD per QALY both scenarios have the highest net benefit with a."
    assert said("a", "a", "a") == "At 100 USD per QALY all 3 scenarios have the highest net benefit with a."
    assert said("a", "b") == "At 100 USD per QALY s0: a; s1: b."


def test_what_deciding_by_one_scenario_loses_is_shown_where_scenarios_have_weights() -> None:
    decision = {"scenario": "s", "wtp": 100.0, "best": "a", "margin": 2.0, "margin_mcse": 1.0}
    loss = {"wtp": 100.0, "decided_by": "average", "best": "a", "expected_loss": 3.0, "expected_loss_mcse": 1.0}
    averaging = {"losses": [loss | {"worst_loss": 7.0, "worst_model": "s"}]}
    document = {"incremental": [], "decisions": [decision]}
    assert len(compare_sections(folder(document))[0].items) == 2
    *_, losses = compare_sections(folder(document | {"averaging": averaging}, weights=[0.75, 0.25]))[0].items
    assert isinstance(losses, Grid)
    assert "weights 0.75 and 0.25" in losses.title
    assert losses.rows == (("100", "average", "a", "3 ± 1", "7 (s)"),)


def test_an_outside_table_of_one_iteration_has_no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr("sim.report.page.other_results.plots", lambda _, *names: asked.append(names) or [])
    for iterations in (1, 2):
        cea_sections(folder({"incremental": []}, iterations=iterations))
    assert len(asked) == 1
    assert "ceac" in asked[0]


def test_values_of_inputs_are_shown_in_few_digits_and_all_before_the_point() -> None:
    values = (True, "high", 0.123456, 9_999.6, 12_345.6, -20_000)
    assert [short(value) for value in values] == ["True", "high", "0.1235", "10,000", "12,346", "-20,000"]


# ---------------------------------------------------------------------- value of information, runs


def test_the_population_is_said_only_where_it_is_known() -> None:
    def words(**known: Any) -> str:
        document = {"by_wtp": [], "evppi": [], "designs": [], "evsi": []}
        asked = {"wtp_per_qaly": [100.0], "draws": 60, "parameters": 3, "source": "a table", "population": None}
        first, *_ = voi_sections(folder(document, **asked | known))
        return first.paragraphs[0]

    assert "Population" not in words()
    people = {"patients_per_year": 100.0, "years": 5.0, "discount_rate_per_year": 0.03, "population": 465.0}
    assert "Population: 100 patients a year for 5 years at 3.0% a year, 465 discounted patients." in words(**people)


def test_how_many_were_played_names_the_cohort_they_came_from() -> None:
    def words(**others: Any) -> str:
        return played(folder({"strategies": ["a", "b"]}, patients=3000, seed=1, **others))

    assert words().startswith("3,000 patients under each of 2 strategies")
    cohort = {"file": "mine.csv", "rows": 1500}
    assert words(cohort=cohort).startswith("3,000 patients of the cohort mine.csv (1,500 rows) under each of 2")


def test_the_spread_of_an_input_is_said_by_what_fixes_it() -> None:
    def words(**fields: Any) -> str:
        return spread(Quantity(value=0.5, **fields))

    assert words() == "fixed"
    assert words(range=(0.1, 0.9)) == "range 0.1 to 0.9"
    assert words(dist="lognormal", ci=(0.2, 0.8)) == "lognormal, 95 % 0.2 to 0.8"
    assert words(dist="beta", se=0.05) == "beta, SE 0.05"
    assert words(dist="dirichlet", count=40.0) == "dirichlet, worth 40 patients"
    assert words(dist="empirical", draws="mine.csv") == "empirical, draws of mine.csv"
