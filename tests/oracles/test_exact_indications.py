"""Nested indications against chains that are exact (`tests.oracles.indication_chain`), and recurrence by renewal.

Bound: 4 Monte Carlo standard errors at 40,000 patients; over luck, a right engine exceeds it in one of the 21
comparisons once in 750 times. Power: every case names wrong readings of the rule, and some outcome must lie more than
6 standard errors from what each of them gives, so an engine that reads it so stays within the bound in under 3 %.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri

from sim.model.parts import GRADE_1_2, GRADE_3PLUS, Antimicrobial, Condition, Distribution, Immunoglobulin, Strategy
from sim.model.structure import ClinicalModel
from sim.outcomes import Outcomes
from sim.runs import play
from sim.streams import AddressedLuck
from tests.conftest import build_model
from tests.oracles.indication_chain import Indications, expectations

N_PATIENTS = 40_000
BOUND, POWER = 4.0, 6.0
HORIZON = 100
EVER = 2.0 * HORIZON
ASSAY_LOG_SD = 0.3
THRESHOLDS = {"igg": 400.0, "iga": 70.0, "igm": 40.0}

RULE = Indications(
    mild=0.2,
    severe=0.06,
    preventable_severe=0.08,
    drug_ratio=0.4,
    adherent=0.6,
    exposed=0.5,
    igg_low=0.25,
    iga_low=0.6,
    igm_low=0.7,
    window=3,
    stop=0.15,
    delay=0.5,
    ig_ratio=0.4,
)
MISREADINGS = (
    "or for and",
    "exposure not asked",
    "IgA or IgM",
    "no second indication",
    "no third indication",
    "any severe is despite",
    "despite without the drug",
)


def level(kind: str, low: float) -> Distribution:
    """The true level, the same in all, at which a test is under its threshold with the given probability.

    A test shows level * exp(s e - s² / 2) with e standard normal.
    """
    return Distribution("fixed", THRESHOLDS[kind] * np.exp(ASSAY_LOG_SD**2 / 2 - ASSAY_LOG_SD * ndtri(low)))


def steady(rule: Indications, start: Condition, *drugs: Antimicrobial) -> ClinicalModel:
    """Two causes under one strategy; true levels stay where they are, and nothing happens after treatment."""
    plan = Strategy(
        name="indication",
        label="On indication",
        start=start,
        delay=rule.delay,
        test_interval=1.0,
        antimicrobials=tuple(range(len(drugs))),
    )
    return build_model(
        horizon=float(HORIZON),
        population__frailty_variance=0.0,
        population__anti_cd38_proportion=rule.exposed,
        population__igg_type_proportion=0.0,
        population__igg_polyclonal_mg_dl=level("igg", rule.igg_low),
        population__iga_mg_dl=level("iga", rule.iga_low),
        population__igm_mg_dl=level("igm", rule.igm_low),
        igg__assay_log_sd=ASSAY_LOG_SD,
        igg__suppressed_fraction=0.0,
        treatment__stop_rate=rule.stop,
        treatment__death_rate_on=0.0,
        treatment__death_rate_off=0.0,
        infections__causes=("any", "herpes"),
        infections__rate=np.array([[rule.mild, rule.severe], [0.0, rule.preventable_severe]]),
        infections__hazard_ratio=np.array([[1.0, rule.ig_ratio]] * 2),
        infections__off_multiplier=0.0,
        infections__case_fatality=np.zeros(2),
        infections__stop_probability=np.zeros(2),
        infections__cost=np.zeros((2, 2)),
        infections__hospital_days=np.zeros((2, 2)),
        infections__qaly_loss=np.zeros((2, 2)),
        immunoglobulin=Immunoglobulin(washout=0.0),
        immunoglobulin__onset_lag=0.0,
        antimicrobials=drugs,
        strategies=(plan,),
    )


def errors_off(outcomes: Outcomes, exact: dict[str, float]) -> dict[str, float]:
    """Distance of each mean from a value, in standard errors."""
    return {name: float((outcomes.mean(name)[0] - value) / outcomes.mcse(name)[0]) for name, value in exact.items()}


def infections(count: int, minimum_grade: int, within: float) -> Condition:
    return Condition("infections", minimum_grade=minimum_grade, count=count, within=within)


def test_nested_indications_have_the_means_of_the_chain_and_of_no_wrong_reading() -> None:
    by_igg = Condition(
        "all_of",
        parts=(
            Condition("igg_below", threshold_mg_dl=THRESHOLDS["igg"]),
            Condition(
                "any_of",
                parts=(infections(1, GRADE_3PLUS, float(RULE.window)), infections(2, GRADE_1_2, EVER)),
            ),
        ),
    )
    by_class = Condition(
        "all_of",
        parts=(
            Condition("anti_cd38"),
            Condition("iga_below", threshold_mg_dl=THRESHOLDS["iga"]),
            Condition("igm_below", threshold_mg_dl=THRESHOLDS["igm"]),
            infections(2, GRADE_1_2, EVER),
        ),
    )
    despite = Condition("despite_prophylaxis", minimum_grade=GRADE_3PLUS)
    drug = Antimicrobial("aciclovir", -1, RULE.adherent, np.array([[1.0, 1.0], [1.0, RULE.drug_ratio]]))
    model = steady(RULE, Condition("any_of", parts=(by_igg, by_class, despite)), drug)
    outcomes = play(model, AddressedLuck(59), N_PATIENTS)
    off = errors_off(outcomes, expectations(RULE, HORIZON))
    assert max(map(abs, off.values())) <= BOUND, off
    for misread in MISREADINGS:
        wrong = errors_off(outcomes, expectations(replace(RULE, misread=misread), HORIZON))
        assert max(map(abs, wrong.values())) > POWER, misread


@pytest.mark.parametrize(("window", "others"), [(1, (0, 2)), (2, (1, 4))])
def test_a_severe_infection_counts_with_a_low_igg_for_its_window_alone(window: int, others: tuple[int, ...]) -> None:
    """Low IgG and a severe infection within the window; a month less, and one or two more, are found out."""
    rule = replace(RULE, window=window, two_count=False, exposed=0.0, preventable_severe=0.0)
    both = Condition(
        "all_of",
        parts=(
            Condition("igg_below", threshold_mg_dl=THRESHOLDS["igg"]),
            infections(1, GRADE_3PLUS, float(window)),
        ),
    )
    outcomes = play(steady(rule, both), AddressedLuck(61), N_PATIENTS)
    off = errors_off(outcomes, expectations(rule, HORIZON))
    assert max(map(abs, off.values())) <= BOUND, off
    for other in others:
        wrong = errors_off(outcomes, expectations(replace(rule, window=other), HORIZON))
        assert max(map(abs, wrong.values())) > POWER, other


def renewal(mild: float, severe: float, leaving: float, window: float) -> float:
    """Probability of an order before leaving, if one severe infection or two within a window order.

    Before it infections are mild. With none in the window the next event is a severe infection (order), a mild one,
    or leaving. Within the window of a mild one every infection orders; after it one is where one was.
    """
    any_event = mild + severe + leaving
    ends = np.exp(-any_event * window)
    in_window = (mild + severe) / any_event * (1 - ends)
    # none = (severe + mild * (in_window + ends * none)) / any_event
    return float((severe + mild * in_window) / (any_event - mild * ends))


@pytest.mark.parametrize("serious_counts", [True, False])
def test_recurrence_within_a_window_is_a_renewal_process(serious_counts: bool) -> None:
    """Two infections within 0.9 months, or one severe; a window a third wider or narrower is found out."""
    rule = replace(RULE, preventable_severe=0.0, mild=0.35, severe=0.05, delay=0.25)
    recurrent = infections(2, GRADE_1_2, 0.9)
    parts = (infections(1, GRADE_3PLUS, EVER), recurrent) if serious_counts else (recurrent,)
    outcomes = play(steady(rule, Condition("any_of", parts=parts)), AddressedLuck(67), N_PATIENTS)

    def exact(window: float) -> dict[str, float]:
        mild, severe = (rule.mild, rule.severe) if serious_counts else (rule.mild + rule.severe, 0.0)
        on_ig = renewal(mild, severe, rule.stop, window) * np.exp(-rule.stop * rule.delay)
        kept = 1 - (1 - rule.ig_ratio) * on_ig
        return {
            "ig_ever": on_ig,
            "ig_months": on_ig / rule.stop,
            "infections_grade_3plus": rule.severe / rule.stop * kept,
        }

    off = errors_off(outcomes, exact(0.9))
    assert max(map(abs, off.values())) <= BOUND, off
    for window in (0.6, 1.2):
        assert max(map(abs, errors_off(outcomes, exact(window)).values())) > POWER, window


def test_a_chain_whose_every_test_is_low_orders_at_the_first_infection_that_counts() -> None:
    """The chain itself: severe infections at a + b, or a second mild one, race the end of treatment.

    From none: severe (order), mild (one), end. From one: any infection orders.
    """
    rule = replace(RULE, igg_low=1.0, preventable_severe=0.0, exposed=0.0)
    one = (rule.mild + rule.severe) / (rule.mild + rule.severe + rule.stop)
    none = (rule.severe + rule.mild * one) / (rule.mild + rule.severe + rule.stop)
    assert expectations(rule, 300)["ig_ever"] == pytest.approx(none * np.exp(-rule.stop * rule.delay), rel=1e-9)


def test_a_chain_whose_tests_are_never_low_orders_for_the_drug_alone() -> None:
    """The chain itself: those on the drug whose severe infection came through it, before treatment ends."""
    rule = replace(RULE, igg_low=0.0, iga_low=0.0)
    through = rule.preventable_severe * rule.drug_ratio
    exact = rule.adherent * through / (through + rule.stop) * np.exp(-rule.stop * rule.delay)
    assert expectations(rule, 300)["ig_ever"] == pytest.approx(exact, rel=1e-9)
