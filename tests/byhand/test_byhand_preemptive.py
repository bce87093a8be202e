"""IgG tests that see the M-protein, and the immunoglobulin they order, to the day, the milligram and the cent."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from sim.model.parts import Distribution
from sim.model.structure import Event
from tests.byhand.worked import CENT, MILLIONTH, PREEMPTIVE, Played, patient_luck, play_patients, worked_model
from tests.scripted import ScriptedLuck

TESTED_ON = replace(PREEMPTIVE, name="tested_on", test_until_ordered=False)
# The standard normal's distribution function at 1, so that the assay reads one standard deviation high.
ONE_SD_HIGH = 0.8413447460685429
MICROGRAM = 0.0005
"""Half of the last digit of a hand-worked IgG, in mg/dL."""


@pytest.fixture
def played(engine: ModuleType) -> Played:
    """Polyclonal IgG 380 mg/dL; patient 0 also has 600 mg/dL of monoclonal IgG, patient 1 has none.

    Threshold 400, a test every 42 days, ordering takes 14 days, treatment until day 200, no infections.
    """
    assay = [0.5, ONE_SD_HIGH]
    luck = {
        **patient_luck(stop_day=200, number=0, patient__igg_type=[0.4], igg__assay=assay),
        **patient_luck(stop_day=200, number=1, patient__igg_type=[0.6], igg__assay=assay),
    }
    model = worked_model(PREEMPTIVE, TESTED_ON, population={"igg_polyclonal_mg_dl": Distribution("fixed", 380.0)})
    return play_patients(engine, model, ScriptedLuck(luck), n_patients=2)


def readings(played: Played, strategy: int, patient: int) -> tuple[list[float], list[float]]:
    """Measured and true IgG of one patient's tests in mg/dL."""
    log = played.log
    tests = (log.event == Event.IGG_TEST) & (log.strategy == strategy) & (log.patient == patient)
    return log.value[tests].tolist(), log.true_igg[tests].tolist()


def test_m_protein_hides_a_low_igg_at_the_first_test(played: Played) -> None:
    """Half-lives: 21 days of IgG (3/4 of its production is lost), 28 of the M-protein. Assay: mean 1, log sd 0.1.

    day   true = 380 (1/4 + 3/4 * 2^(-d/21))   M = 600 * 2^(-d/28)   factor               measured
      0   380                                  600                   e^(-0.005) = 0.995012   978.105  not under 400
     42   380 * 7/16 = 166.25                  600 / 2^1.5 = 212.132 e^(0.1 - 0.005) = 1.099659   394.950  under 400
    After the order of day 42 there are no more tests.
    """
    measured, true = readings(played, strategy=0, patient=0)
    assert measured == pytest.approx([978.105, 394.950], abs=MICROGRAM)
    assert true == pytest.approx([380.0, 166.25], abs=MICROGRAM)


def test_testing_until_the_end_of_treatment_goes_on_after_the_order(played: Played) -> None:
    """The first two tests are the same; then the assay reads at its median, 0.995012 of the truth.

     84   380 * 19/64 = 112.8125   600/8 = 75            187.250
    126   380 * 67/256 = 99.453    600/2^4.5 = 26.517    125.474
    168   380 * 259/1024 = 96.113  600/64 = 9.375        105.009
    The next would be day 210, after treatment. Tests on days 0, 42, 84, 126, 168 at 10 each:
    10 * (1 + 0.996606811 + 0.993225136 + 0.989854936 + 0.986496171) = 49.66
    """
    measured, true = readings(played, strategy=1, patient=0)
    assert measured == pytest.approx([978.105, 394.950, 187.250, 125.474, 105.009], abs=MICROGRAM)
    assert true == pytest.approx([380.0, 166.25, 112.8125, 99.453, 96.113], abs=MICROGRAM)
    assert played.days(Event.IGG_TEST, "tested_on") == [0.0, 42.0, 84.0, 126.0, 168.0]
    assert played.days(Event.IG_ORDERED, "tested_on") == [42.0]
    assert played.total("cost:igg_tests", "tested_on") == pytest.approx(49.66, abs=CENT)


def test_infusions_run_from_the_order_and_its_delay_to_the_end_of_the_washout(played: Played) -> None:
    """Ordered on day 42, first infusion on day 56, then every 28 days before 200 + 30 = 230: 56 to 224, seven.

    Sum of 1.03^(-d/365.25) = 0.995478309 * 6.952647350 = 6.921209625
    Ig          3,000 * 6.921209625                         = 20,763.63
    Giving it     300 * 6.921209625                         =  2,076.36
    Tests       10 + 10 * 1.03^(-42/365.25) = 10 + 9.96607  =     19.97
    Cost                                                      22,859.96

    0.7 * 0.545344161 to day 200 + 0.6 * 0.447248340 to day 365.25      = 0.650089917
    0.0001 * sum of 1.015^(-d/365.25) = 0.0001 * 6.960184360            = 0.000696018
    QALY                                                                  0.649394
    Months on Ig  (230 - 56) / 30.4375 = 5.716632
    """
    assert played.story("preemptive") == [
        (Event.IGG_TEST, 0.0),
        (Event.IGG_TEST, 42.0),
        (Event.IG_ORDERED, 42.0),
        (Event.INFUSION, 56.0),
        (Event.INFUSION, 84.0),
        (Event.INFUSION, 112.0),
        (Event.INFUSION, 140.0),
        (Event.INFUSION, 168.0),
        (Event.INFUSION, 196.0),
        (Event.TREATMENT_STOP, 200.0),
        (Event.INFUSION, 224.0),
        (Event.HORIZON, 365.25),
    ]
    assert played.total("cost:immunoglobulin", "preemptive") == pytest.approx(20_763.63, abs=CENT)
    assert played.total("cost:ig_administration", "preemptive") == pytest.approx(2_076.36, abs=CENT)
    assert played.total("cost:igg_tests", "preemptive") == pytest.approx(19.97, abs=CENT)
    assert played.total("cost", "preemptive") == pytest.approx(22_859.96, abs=CENT)
    assert played.total("qaly", "preemptive") == pytest.approx(0.649394, abs=MILLIONTH)
    assert played.total("ig_months", "preemptive") == pytest.approx(5.716632, abs=MILLIONTH)


def test_without_m_protein_the_first_test_already_orders(played: Played) -> None:
    """Measured on day 0: 380 * 0.995012 = 378.105 < 400. Infusions from day 14: 14 to 210, eight (238 is too late).

    Sum of 1.03^(-d/365.25) = 0.998867655 * 7.936910678 = 7.927923360
    Cost  3,300 * 7.927923360 + 10 = 26,172.15
    QALY  0.650089917 - 0.0001 * 7.963587010 = 0.649294
    """
    measured, true = readings(played, strategy=0, patient=1)
    assert measured == pytest.approx([378.105], abs=MICROGRAM)
    assert true == pytest.approx([380.0], abs=MICROGRAM)
    infusions = [14.0, 42.0, 70.0, 98.0, 126.0, 154.0, 182.0, 210.0]
    assert played.days(Event.INFUSION, "preemptive", patient=1) == infusions
    assert played.total("cost", "preemptive", patient=1) == pytest.approx(26_172.15, abs=CENT)
    assert played.total("qaly", "preemptive", patient=1) == pytest.approx(0.649294, abs=MILLIONTH)
