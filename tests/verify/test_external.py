"""External validation: its items are sound, its verdicts fair, and a wrong model is found out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.errors import UsageError
from sim.report.external_text import external_page
from sim.scenario import load, shipped_scenarios
from sim.verify import external
from sim.verify.external import DRAWS, PATIENTS, Comparison, Verdict, compare, left_out, published_items, verdict
from sim.verify.measures import GRADES, MEASURES, READINGS
from tests.cli.conftest import REPOSITORY

ITEMS = published_items()
STRATEGIES = {name: load(shipped_scenarios()[name]).strategies for name in {item.scenario for item in ITEMS}}


def test_every_item_can_be_played_and_says_what_a_miss_would_mean() -> None:
    assert len(ITEMS) >= 43
    assert len({item.id for item in ITEMS}) == len(ITEMS)
    for item in ITEMS:
        assert item.measure in MEASURES, item.id
        assert item.grade in GRADES, item.id
        assert item.reading in READINGS, item.id
        assert item.ig in STRATEGIES[item.scenario], item.id
        assert all(0 <= share <= 1 for share in item.uptakes(5)), item.id
        assert min(len(item.study), len(item.outcome), len(item.discussion)) > 15, item.id


def test_what_is_left_out_says_why_and_is_on_the_page() -> None:
    page = (REPOSITORY / "docs/validation.md").read_text(encoding="utf-8")
    assert len(left_out()) >= 9
    for each in left_out():
        assert min(len(each.outcome), len(each.study), len(each.why)) > 20, each
        assert f"- {each.outcome} ({each.study}): {each.why}." in page


def test_the_calibration_targets_are_not_among_the_items() -> None:
    assert not any("158 patients" in item.study for item in ITEMS)


def test_an_interval_is_the_published_one_or_wilsons() -> None:
    # Wilson (1927), J Am Stat Assoc 22:209, worked by hand for 10 of 40.
    item = replace(ITEMS[0], value=0.25, n=40, low=None, high=None)
    z, n, p = 1.959963985, 40, 0.25
    centre, half = (
        (p + z**2 / (2 * n)) / (1 + z**2 / n),
        z / (1 + z**2 / n) * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5,
    )
    assert item.interval == pytest.approx((centre - half, centre + half), rel=1e-8)
    assert replace(item, low=0.1, high=0.5).interval == (0.1, 0.5)
    assert replace(item, n=None).interval is None


@pytest.mark.parametrize(
    ("model", "interval", "published", "theirs", "expected"),
    [
        (0.5, (0.4, 0.6), 0.55, (0.45, 0.65), Verdict.AGREES),
        (0.5, (0.4, 0.6), 0.55, (0.52, 0.58), Verdict.OVERLAPS),
        (0.5, (0.4, 0.6), 0.65, (0.58, 0.72), Verdict.OVERLAPS),
        (0.5, (0.4, 0.6), 0.70, (0.61, 0.79), Verdict.MISSES),
        (0.5, (0.4, 0.6), 0.30, (0.20, 0.39), Verdict.MISSES),
        (0.5, (0.4, 0.6), 0.60, None, Verdict.AGREES),
        (0.5, (0.4, 0.6), 0.61, None, Verdict.MISSES),
    ],
)
def test_verdicts(
    model: float,
    interval: tuple[float, float],
    published: float,
    theirs: tuple[float, float] | None,
    expected: Verdict,
) -> None:
    assert verdict(model, interval, published, theirs) is expected


def test_the_page_is_what_the_command_writes() -> None:
    page = (REPOSITORY / "docs/validation.md").read_text(encoding="utf-8")
    found = compare()
    written = external_page(found, patients=PATIENTS, draws=DRAWS)
    assert page == written, "write it anew: igsim verify --external --page docs/validation.md"
    misses = [each for each in found if each.verdict is not Verdict.AGREES]
    assert all(each.item.discussion in page for each in misses)


def test_a_model_with_thrice_the_infections_misses_what_the_sound_one_meets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Power: thrice the rate moves the incidence at 12 months from 0.60 to over 0.8, above the published interval."""
    asked = [item for item in ITEMS if item.id == "cohort-225-any-without"]
    (sound,) = compare(asked, patients=300, draws=20)
    honest = external.compile_model

    def thrice(scenario: object) -> object:
        model = honest(scenario)  # type: ignore[arg-type]
        return replace(model, infections=replace(model.infections, rate=3 * model.infections.rate))

    monkeypatch.setattr(external, "compile_model", thrice)
    (broken,) = compare(asked, patients=300, draws=20)
    assert sound.verdict is Verdict.AGREES
    assert broken.verdict is not Verdict.AGREES
    assert broken.model > sound.model + 0.15


def test_uptake_moves_what_immunoglobulin_moves() -> None:
    item = next(item for item in ITEMS if item.id == "cohort-225-severe-without")
    treated, half = replace(item, id="t", uptake=1.0), replace(item, id="h", uptake=(0.0, 1.0))
    none, every, mixed = compare([item, treated, half], patients=300, draws=20)
    assert every.model < mixed.model < none.model
    assert np.corrcoef(half.uptakes(20), mixed.draws - none.draws)[0, 1] < -0.3


def test_a_number_that_a_draw_cannot_give_is_left_out_of_the_interval() -> None:
    draws = np.array([np.nan, *np.linspace(0.2, 0.4, 41)])
    found = Comparison(ITEMS[0], draws)
    assert found.model == pytest.approx(0.3)
    assert found.low == pytest.approx(0.205)


def test_too_few_patients_or_draws_are_refused() -> None:
    with pytest.raises(UsageError, match="patients: found 10; must be 200 or more") as caught:
        compare(patients=10, draws=3)
    assert len(caught.value.problems) == 2
