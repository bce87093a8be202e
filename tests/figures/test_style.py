"""Looks: a strategy is drawn alike everywhere, and text is never taken for markup."""

import pytest

from sim.figures.style import COLOURS, DASHES, SYMBOLS, Look, few, number, plain, sentence, tinted, words, wrapped
from tests.figures.examples import LOOK, STRATEGIES


def test_a_strategy_keeps_its_colour_whatever_is_shown_beside_it():
    alone = LOOK.over(["secondary"])
    assert alone.colour("secondary") == LOOK.colour("secondary") == COLOURS[3]
    assert alone.dash("secondary") == LOOK.dash("secondary") == DASHES[3]
    assert alone.symbol("secondary") == LOOK.symbol("secondary") == SYMBOLS[3]


def test_unknown_strategies_come_last_in_the_order_in_which_they_appear():
    assert LOOK.over(["new", "none", "newer"]).strategies == (*STRATEGIES, "new", "newer")


def test_strategies_are_told_apart_without_colour_and_by_colour_and_dash_when_there_are_many():
    many = Look("EUR", tuple(f"s{i}" for i in range(42)))
    assert len({(many.colour(s), many.dash(s)) for s in many.strategies}) == 42
    assert len({many.dash(s) for s in many.strategies[:6]}) == 6
    assert len({many.hatch(s) for s in many.strategies[:8]}) == 8


def _contrast_with_white(colour: str) -> float:
    """Contrast ratio of WCAG 2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def test_every_colour_can_be_seen_on_white_paper():
    assert min(_contrast_with_white(colour) for colour in COLOURS) > 2
    assert _contrast_with_white("#F0E442") < 2, "the yellow that was left out would fail"


@pytest.mark.parametrize("text", ["<b>bold</b>", "<script>alert(1)</script>", "a<br>b", "%{x}"])
def test_markup_and_templates_are_plain_text(text: str):
    shown = plain(text)
    assert "<" not in shown
    assert "%{" not in shown
    assert "<b>" not in Look("USD", ("s",), {"s": text}).label("s")


def test_long_names_break_at_spaces_and_dots_and_lose_nothing():
    path = "infections.respiratory_viral.rate_per_month.grade_3plus"
    lines = wrapped(path, 30).split("<br>")
    assert "".join(lines) == path
    assert max(map(len, lines)) <= 30
    assert wrapped("Preemptive: IgG under 400 mg/dL", 20) == "Preemptive: IgG<br>under 400 mg/dL"
    assert wrapped("", 20) == ""
    assert wrapped("1.5 g < 2 g", 40) == "1.5 g &lt; 2 g"


def test_component_names_become_words():
    assert words("cost:ig_administration") == "Ig administration"
    assert words("infections_grade_3plus") == "Infections grade ≥ 3"
    assert words("qaly") == "QALYs"


def test_numbers_bands_and_subtitles():
    assert number(-1234.5) == "−1,234"
    assert tinted("#0072B2", 0.5) == "rgba(0,114,178,0.5)"
    assert sentence(["one", "", "two"]) == "one; two"
    assert "<br>" in sentence(["word " * 40])


def test_all_digits_before_the_point_are_shown():
    assert [few(value) for value in (0.123456, 9_999.4, 9_999.5, -45_230.4)] == [
        "0.1235",
        "9,999",
        "10,000",
        "−45,230",
    ]
