"""Single elements of the clinical picture against expectations that can be written down, one element at a time.

Everything else is off: constant rates, no frailty and, unless said otherwise, no exits over two years. Bound: 4 Monte
Carlo standard errors; each case would notice its element at 1.3 or 0.7 times what it is, as the control asks.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.model.parts import ALWAYS, Harm, Immunoglobulin, Laboratory, Target, Tocilizumab, Toxicity
from sim.model.structure import ClinicalModel
from sim.runs import play
from sim.streams import AddressedLuck
from tests.conftest import STRATEGIES, build_model, change

HORIZON = 24.0
N_PATIENTS = 20_000
BOUND = 4.0
NEVER_GIVEN = STRATEGIES[0]
AT_ONCE = replace(NEVER_GIVEN, name="primary", label="Primary", start=ALWAYS)


def quiet(**changes: object) -> ClinicalModel:
    """A cause of mild infections at 0.3 a month and severe ones at 0.2 that neither kill nor stop anything."""
    nothing: dict[str, object] = {
        "horizon": HORIZON,
        "discount_costs": 0.0,
        "population__frailty_variance": 0.0,
        "treatment__stop_rate": 0.0,
        "treatment__death_rate_on": 0.0,
        "treatment__death_rate_off": 0.0,
        "infections__rate": np.array([[0.3, 0.2]]),
        "infections__case_fatality": np.zeros(1),
        "infections__stop_probability": np.zeros(1),
        "strategies": (NEVER_GIVEN,),
    }
    return build_model(**{**nothing, **changes})


def agrees(model: ClinicalModel, component: str, exact: float, strategy: int = 0) -> None:
    """The simulated mean is the exact one, and is not that of an effect three tenths larger or smaller."""
    outcomes = play(model, AddressedLuck(31), N_PATIENTS)
    mean, mcse = float(outcomes.mean(component)[strategy]), float(outcomes.mcse(component)[strategy])
    assert abs(mean - exact) <= max(BOUND * mcse, 1e-9 * abs(exact)), (mean, exact, mcse)
    assert min(abs(mean - 1.3 * exact), abs(mean - 0.7 * exact)) > BOUND * mcse


def test_months_held_are_those_covered_by_holds_that_merge() -> None:
    """Held at month t with probability 1 - exp(-r min(t, h)): some severe infection in the last h = 1 months."""
    model = quiet(infections__hold=np.array([[0.0, 1.0]]), treatment__drug_cost_per_month=1_000.0)
    rate, hold = 0.2, 1.0
    caught = -np.expm1(-rate * hold)
    held = hold - caught / rate + (HORIZON - hold) * caught
    agrees(model, "months_held", held)
    outcomes = play(model, AddressedLuck(31), N_PATIENTS)
    paid = 1_000.0 * (HORIZON - outcomes.mean("months_held")[0])
    assert outcomes.mean("cost:bispecific")[0] == pytest.approx(paid, rel=1e-9)


def test_immunoglobulin_that_needs_a_low_igg_works_from_the_month_it_falls_under_the_level() -> None:
    """IgG = 700 (0.2 + 0.8 exp(-k t)) is 250 at t = ln(560 / 110) / k; before it all infections come, then 38 %."""
    igg = {"population__igg_polyclonal_mg_dl": replace(build_model().population.igg_polyclonal_mg_dl, scale=0.0)}
    model = quiet(
        **igg,
        strategies=(AT_ONCE,),
        igg__suppressed_fraction=0.8,
        igg__decay_rate=0.2,
        immunoglobulin=Immunoglobulin(washout=1.0, benefit_below_igg=250.0),
        immunoglobulin__onset_lag=0.0,
        immunoglobulin__protection=3.0,
    )
    falls_under = np.log(560 / 110) / 0.2
    agrees(model, "infections_grade_3plus", 0.2 * (falls_under + 0.38 * (HORIZON - falls_under)))


def test_missed_infusions_are_those_that_adherence_leaves_out() -> None:
    """The first is given; of the other n - 1 the share that adheres. 28 days apart there are 27 in 24 months."""
    model = quiet(strategies=(AT_ONCE,), immunoglobulin__adherence=0.7)
    agrees(model, "infusions", 1 + 0.7 * 26)


def test_a_harm_ends_immunoglobulin_at_its_rate() -> None:
    """Harmed by month H with probability 1 - exp(-0.05 H), on immunoglobulin for (1 - exp(-0.05 H)) / 0.05 months."""
    harms = (Harm("thrombosis", 0.03, 9_000.0), Harm("renal", 0.02, 4_000.0))
    model = quiet(strategies=(AT_ONCE,), immunoglobulin=Immunoglobulin(washout=1.0, harms=harms))
    ended = -np.expm1(-0.05 * HORIZON)
    agrees(model, "ig_harms:thrombosis", 0.6 * ended)
    agrees(model, "ig_months", ended / 0.05)
    agrees(model, "cost:ig_adverse_events", (0.6 * 9_000 + 0.4 * 4_000) * ended)


def test_transfusions_and_their_costs_follow_the_exposed_while_they_are_treated() -> None:
    """60 % exposed, treated for (1 - exp(-0.1 H)) / 0.1 months: 0.4 transfusions at 100 and 20 a month, 200 once."""
    model = quiet(
        treatment__stop_rate=0.1,
        population__anti_cd38_proportion=0.6,
        laboratory=Laboratory(200.0, 0.4, 100.0, 0.5, 20.0),
    )
    months = -np.expm1(-0.1 * HORIZON) / 0.1
    agrees(model, "transfusions", 0.6 * 0.4 * months)
    agrees(model, "transfusion_delay_days", 0.6 * 0.4 * 0.5 * months)
    agrees(model, "cost:laboratory", 0.6 * (200 + (0.4 * 100 + 20) * months))


def test_toxicities_have_their_probabilities_and_tocilizumab_its_factors_on_them() -> None:
    model = quiet(
        crs=Toxicity((1_000.0, 20_000.0)),
        icans=Toxicity((500.0, 30_000.0)),
        tocilizumab=Tocilizumab((0.4, 0.3), (1.0, 0.5), cost=1_700.0),
        strategies=(NEVER_GIVEN, replace(NEVER_GIVEN, name="toci", label="Tocilizumab", tocilizumab=True)),
    )
    model = change(model, agents=(replace(model.agents[0], crs=(0.5, 0.1), icans=(0.1, 0.15)),))
    for component, without, prevented in (
        ("crs", 0.6, 0.5 * 0.4 + 0.1 * 0.3),
        ("crs_grade_3plus", 0.1, 0.1 * 0.3),
        ("icans", 0.25, 0.1 + 0.15 * 0.5),
        ("icans_grade_3plus", 0.15, 0.15 * 0.5),
        ("cost:crs_icans", 500 + 2_000 + 50 + 4_500, 200 + 600 + 50 + 2_250),
    ):
        agrees(model, component, without)
        agrees(model, component, prevented, strategy=1)


def test_hazard_periods_and_reduced_dosing_change_the_pace_of_infections() -> None:
    """0.3 a month x (twice for 3 months, 0.8 for 21); responders, 40 %, have half of it from month 6 on."""
    target = Target("BCMA", 0.9, period_starts=(0.0, 3.0), period_multipliers=(2.0, 0.8))
    model = quiet(
        targets=(target,),
        population__responder_proportion=0.4,
        treatment__reduced_from=6.0,
        treatment__reduced_infection_multiplier=0.5,
    )
    others, responders = 2.0 * 3 + 0.8 * 21, 2.0 * 3 + 0.8 * (3 + 0.5 * 18)
    agrees(model, "infections_grade_1_2", 0.3 * (0.6 * others + 0.4 * responders))


def test_months_to_the_first_infection_are_those_of_a_gamma_mixture() -> None:
    """E min(T, H) integrates (1 + v r t)^(-1/v) to ((1 + v r H)^(1 - 1/v) - 1) / (r (v - 1)), at variance v = 0.6."""
    model = quiet(population__frailty_variance=0.6)
    for component, rate in (("infection_free_months", 0.5), ("serious_infection_free_months", 0.2)):
        agrees(model, component, ((1 + 0.6 * rate * HORIZON) ** (1 - 1 / 0.6) - 1) / (rate * (0.6 - 1)))
