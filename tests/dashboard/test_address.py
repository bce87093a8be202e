"""A view is its address: written and read back, and whatever else is put there is named or left out."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.dashboard.address import PAGES, View, read

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)
TEXTS = st.text(max_size=30)


@given(
    st.builds(
        View,
        page=st.sampled_from(list(PAGES)),
        look_at=TEXTS,
        beside=TEXTS,
        wtp=st.none() | st.integers(0, 10**7).map(float),
        against=TEXTS,
        strategy=TEXTS,
        patient=st.integers(0, 10**8),
        moved=st.dictionaries(st.from_regex(r"[a-z_.]{1,20}", fullmatch=True), st.integers(-99, 99).map(float)),
    )
)
def test_a_view_survives_its_address(view):
    parts = urlsplit(f"http://here{view.href()}")
    assert read(parts.path, f"?{parts.query}") == view


@given(st.text(max_size=60), st.text(max_size=200))
def test_no_address_is_an_error(path, search):
    view = read(path, search)
    assert view.page == "" or view.page in PAGES


@pytest.mark.parametrize(
    ("search", "told"),
    [
        ("?patient=x", "patient: found 'x'; must be a whole number"),
        ("?patient=-1", "patient: found -1; must be from 0"),
        ("?wtp=nan", "wtp: found 'nan'; must be a number"),
        ("?wtp=-3", "wtp: found -3; must be 0 or more"),
        ("?set.a.b=1e999", "set.a.b: found '1e999'; must be a number"),
        ("?look_at=" + "x" * 9000, "longer than 8,000"),
    ],
)
def test_what_cannot_be_read_is_named_and_left_out(search, told):
    view = read("/decision", search)
    assert told in "; ".join(view.faults)
    assert (view.patient, view.wtp, view.moved) == (0, None, {})


def test_a_page_that_is_none_is_the_list():
    view = read("/../../etc/passwd", "")
    assert view.page == ""
    assert "there is no page" in view.faults[0]
