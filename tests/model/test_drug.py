"""The price of the bispecific against numerical integration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.model.drug import drug_cost
from sim.population import draw_baseline
from sim.streams import AddressedLuck
from tests.conftest import build_model

MONTHS = st.floats(0.0, 60.0)
NODE, WEIGHT = np.polynomial.legendre.leggauss(16)


@given(
    start=MONTHS,
    length=MONTHS,
    turn=st.one_of(st.just(np.inf), MONTHS),
    is_responder=st.booleans(),
    delta=st.one_of(st.just(0.0), st.floats(1e-6, 0.02)),
)
def test_the_drug_is_paid_month_by_month_and_less_once_dosed_less_often(
    start: float, length: float, turn: float, is_responder: bool, delta: float
) -> None:
    """1,000 a month, a quarter of it for responders from `turn` on, discounted continuously."""
    model = build_model(treatment__reduced_from=turn, treatment__reduced_drug_multiplier=0.25)
    who = replace(draw_baseline(model, AddressedLuck(0), np.arange(1)), responder=np.array([is_responder]))
    paid = float(drug_cost(model, who, delta, np.array([start]), np.array([start + length]))[0])

    def worth(a: float, b: float) -> float:
        return float((b - a) / 2 * WEIGHT @ (1_000 * np.exp(-delta * (a + (b - a) / 2 * (1 + NODE)))))

    middle = min(max(turn, start), start + length) if is_responder else start + length
    assert paid == pytest.approx(worth(start, middle) + 0.25 * worth(middle, start + length), rel=1e-7, abs=1e-6)


def test_each_agent_has_its_own_price() -> None:
    """Six months at 1,000 and at 250."""
    model = build_model()
    (agent,) = model.agents
    two = replace(model, agents=(agent, replace(agent, name="other", drug_cost_per_month=250.0)))
    who = replace(draw_baseline(model, AddressedLuck(0), np.arange(2)), agent=np.array([0, 1]))
    assert drug_cost(two, who, 0.0, np.zeros(2), np.full(2, 6.0)) == pytest.approx([6_000.0, 1_500.0])
