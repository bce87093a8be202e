"""IgG, true and measured."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from sim.model.igg import Kinetics, concentration, measured_igg, months_low, with_error
from sim.model.parts import Floats
from sim.model.structure import Baseline, ClinicalModel
from sim.population import draw_baseline
from sim.streams import AddressedLuck
from tests.conftest import build_model, change


@pytest.fixture
def halving(model: ClinicalModel) -> ClinicalModel:
    """Three quarters of production lost, half-lives 1 month (IgG) and 2 months (M-protein), no assay error."""
    return change(
        model,
        igg__suppressed_fraction=0.75,
        igg__decay_rate=np.log(2.0),
        igg__m_protein_decay_rate=np.log(2.0) / 2,
        igg__assay_log_sd=0.0,
    )


def true_igg(model: ClinicalModel, time: Floats, baseline: Floats) -> Floats:
    """Polyclonal IgG of patients of the only target."""
    kinetics = Kinetics.of(model, np.zeros(time.size, dtype=np.int64))
    return concentration(time, baseline, model.igg.decay_rate, kinetics)


def reported(model: ClinicalModel, time: Floats, true: Floats, m_protein: Floats, noise: Floats) -> Floats:
    """What the laboratory reports of patients with the given M-protein at t = 0."""
    who: Baseline = replace(draw_baseline(model, AddressedLuck(0), np.arange(time.size)), m_protein_mg_dl=m_protein)
    return measured_igg(time, true, who, noise, model)


def test_polyclonal_igg_halves_its_distance_to_the_floor_every_half_life(halving: ClinicalModel) -> None:
    """Of 800 mg/dL 200 stay; the other 600 halve each month: 800, 500, 350, 275."""
    time = np.array([0.0, 1.0, 2.0, 3.0])
    assert true_igg(halving, time, np.full(4, 800.0)) == pytest.approx([800.0, 500.0, 350.0, 275.0])


def test_polyclonal_igg_ends_at_the_production_that_is_spared(halving: ClinicalModel) -> None:
    assert true_igg(halving, np.array([1e6]), np.array([800.0])) == pytest.approx([200.0])


def test_without_suppression_polyclonal_igg_stays(halving: ClinicalModel) -> None:
    spared = change(halving, igg__suppressed_fraction=0.0)
    assert true_igg(spared, np.array([0.0, 9.0]), np.array([800.0, 650.0])).tolist() == [800.0, 650.0]


def test_the_assay_counts_the_m_protein_that_is_left(halving: ClinicalModel) -> None:
    """600 mg/dL of M-protein are 300 after 2 months and 150 after 4, on top of a true 350."""
    measured = reported(halving, np.array([0.0, 2.0, 4.0]), np.full(3, 350.0), np.full(3, 600.0), np.zeros(3))
    assert measured == pytest.approx([950.0, 650.0, 500.0])


def test_without_m_protein_and_error_the_laboratory_reports_the_truth(halving: ClinicalModel) -> None:
    measured = reported(halving, np.array([3.0]), np.array([275.0]), np.zeros(1), np.array([2.5]))
    assert measured == pytest.approx([275.0])


@pytest.mark.parametrize("log_sd", [0.05, 0.2, 0.5])
def test_the_assay_error_has_mean_one_and_spares_the_m_protein(halving: ClinicalModel, log_sd: float) -> None:
    """Gauss-Hermite expectation over the noise: 350 + 300 on average, sd 350 sqrt(exp(sigma^2) - 1)."""
    node, weight = np.polynomial.hermite_e.hermegauss(40)
    weight = weight / weight.sum()
    measured = reported(
        change(halving, igg__assay_log_sd=log_sd), np.full(40, 2.0), np.full(40, 350.0), np.full(40, 600.0), node
    )
    mean = float(weight @ measured)
    assert mean == pytest.approx(650.0, rel=1e-10)
    assert float(np.sqrt(weight @ (measured - mean) ** 2)) == pytest.approx(
        350 * np.sqrt(np.expm1(log_sd**2)), rel=1e-8
    )


# ---------------------------------------------------------------------- recovery, and months under a level


@dataclass(frozen=True)
class Course:
    """One patient's IgG on treatment: production p(t) as a share of the baseline, half-life of a month."""

    baseline: float
    spared: float
    turn: float
    recovered: float

    def model(self, level: float = 400.0) -> ClinicalModel:
        """The model under test with this patient's kinetics."""
        model = build_model(igg__decay_rate=float(np.log(2.0)), igg__low_mg_dl=level)
        (target,) = model.targets
        kinetics = {
            "suppressed_fraction": 1 - self.spared,
            "recovery_start": self.turn,
            "recovered_fraction": self.recovered,
        }
        return replace(model, targets=(replace(target, **kinetics),))

    def integrated(self, until: float) -> tuple[Floats, Floats]:
        """Months and mg/dL from the differential equation G' = log 2 (G0 p(t) - G), by an ODE solver."""
        back = self.spared + (1 - self.spared) * self.recovered

        def slope(t: float, g: Floats) -> Floats:
            share = back if t > self.turn else self.spared
            return np.asarray(np.log(2.0) * (self.baseline * share - g))

        at = np.linspace(0.0, until, 4_001)
        solved = solve_ivp(slope, (0.0, until), [self.baseline], t_eval=at, rtol=1e-9, atol=1e-9, max_step=0.05)
        return solved.t, solved.y[0]

    def months_low(self, level: float, until: float) -> float:
        """What the closed form says."""
        model = self.model(level)
        who = draw_baseline(model, AddressedLuck(0), np.arange(1))
        return float(months_low(model, replace(who, igg_mg_dl=np.array([self.baseline])), np.array([until]))[0])


def courses(turns: st.SearchStrategy[float]) -> st.SearchStrategy[Course]:
    share = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0.0, 1.0))
    return st.builds(Course, st.floats(50.0, 2_000.0), share, turns, share)


@given(course=courses(st.floats(0.1, 9.0)), until=st.floats(0.5, 12.0))
@settings(max_examples=30)
def test_the_concentration_solves_its_differential_equation(course: Course, until: float) -> None:
    at, solved = course.integrated(until)
    model = course.model()
    kinetics = Kinetics.of(model, np.zeros(at.size, dtype=np.int64))
    found = concentration(at, np.full(at.size, course.baseline), model.igg.decay_rate, kinetics)
    # The solver's steps of 0.05 months may straddle the turn, where production jumps.
    np.testing.assert_allclose(found, solved, atol=2e-3 * course.baseline)


@given(
    course=courses(st.one_of(st.just(np.inf), st.floats(0.0, 9.0))),
    level=st.floats(40.0, 1_500.0),
    until=st.floats(0.0, 12.0),
)
@example(Course(800.0, 0.25, 2.0, 1.0), 400.0, 6.0)
@example(Course(800.0, 0.5, np.inf, 0.0), 400.0, 6.0)
@example(Course(800.0, 0.25, 0.0, 1.0), 400.0, 6.0)
@example(Course(1_600.0, 0.0, 2.0, 0.25), 400.0, 9.0)
@settings(max_examples=300)
def test_months_low_are_those_of_a_dense_grid(course: Course, level: float, until: float) -> None:
    """20,000 midpoints of the course itself; a crossing costs at most one of them, and there are at most two."""
    n = 20_000
    at = (np.arange(n) + 0.5) / n * until
    model = course.model(level)
    kinetics = Kinetics.of(model, np.zeros(n, dtype=np.int64))
    under = concentration(at, np.full(n, course.baseline), model.igg.decay_rate, kinetics) < level * (1 - 1e-12)
    above = concentration(at, np.full(n, course.baseline), model.igg.decay_rate, kinetics) > level * (1 + 1e-12)
    # A course that rests exactly on the level is low or not as rounding has it: only bounds can be asked for then.
    slack = 2 * until / n + 1e-9
    found = course.months_low(level, until)
    assert under.mean() * until - slack <= found <= (1 - above.mean()) * until + slack


def test_months_low_by_hand() -> None:
    """800 spares 200: 200 + 600 / 2^t < 400 after log2(3) = 1.584963 months, so 2.415037 of 4.

    With recovery from month 2 (350) to 800: 800 - 450 / 2^x > 400 after log2(450 / 400) = 0.169925 months.
    """
    assert Course(800.0, 0.25, np.inf, 0.0).months_low(400.0, 4.0) == pytest.approx(2.415037, abs=1e-6)
    assert Course(800.0, 0.25, 2.0, 1.0).months_low(400.0, 4.0) == pytest.approx(0.584963, abs=1e-6)
    assert Course(300.0, 0.25, np.inf, 0.0).months_low(400.0, 4.0) == 4.0
    assert Course(800.0, 0.75, np.inf, 0.0).months_low(400.0, 4.0) == 0.0
    assert Course(800.0, 0.25, np.inf, 0.0).months_low(400.0, 0.0) == 0.0


def test_the_assay_counts_a_therapeutic_antibody_without_error(halving: ClinicalModel) -> None:
    """150 mg/dL on top of 350, whatever the noise does to the 350: twice the noise adds to the truth alone."""
    (target,) = halving.targets
    counted = replace(
        change(halving, igg__assay_log_sd=0.3), targets=(replace(target, therapeutic_antibody_mg_dl=150.0),)
    )
    noise = np.array([0.0, 1.0])
    seen = reported(counted, np.zeros(2), np.full(2, 350.0), np.zeros(2), noise)
    assert seen == pytest.approx(350 * np.exp(0.3 * noise - 0.045) + 150)


@pytest.mark.parametrize("log_sd", [0.05, 0.2, 0.5])
def test_the_error_on_other_isotypes_has_mean_one(log_sd: float) -> None:
    """Gauss-Hermite expectation over the noise."""
    node, weight = np.polynomial.hermite_e.hermegauss(40)
    assert float(weight @ with_error(np.full(40, 35.0), node, log_sd) / weight.sum()) == pytest.approx(35.0)


def test_a_start_on_the_level_is_low_from_the_first_instant() -> None:
    """400 spares 100: under 400 at every t > 0. Without suppression it stays at 400 and is never low."""
    assert Course(400.0, 0.25, np.inf, 0.0).months_low(400.0, 6.0) == 6.0
    assert Course(400.0, 1.0, np.inf, 0.0).months_low(400.0, 6.0) == 0.0
