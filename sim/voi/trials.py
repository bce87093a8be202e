"""Two-arm trials: what data each would give, draw by draw.

A trial of n patients per arm contains every smaller one: its further patients add to the same data, so
trials of different sizes share their luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sim.errors import Problem
from sim.voi.checks import at_least

Floats = NDArray[np.float64]


class Trial(Protocol):
    """A study whose data depend on some columns of the draws."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that determine the data."""

    def problems(self, values: Floats) -> list[Problem]:
        """What is wrong with the design or with the values of its columns, shape (n_draws, n_columns)."""

    def summaries(self, values: Floats, sizes: Sequence[int], rng: np.random.Generator) -> Floats:
        """Summary statistics of one data set for each draw.

        Args:
            values: Of the columns, shape (n_draws, n_columns).
            sizes: Patients per arm, rising.
            rng: Luck of the data.

        Returns:
            Shape (n_sizes, n_draws, n_summaries); they hold all that the data tell of the columns.
        """


@dataclass(frozen=True)
class TwoArmBinary:
    """Counts patients with an event in each arm.

    Attributes:
        control: Column with the probability of the event in the control arm, 0 to 1.
        treatment: Column with that of the treatment arm.
    """

    control: str
    treatment: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that determine the data."""
        return (self.control, self.treatment)

    def problems(self, values: Floats) -> list[Problem]:
        """Probabilities outside 0 to 1."""
        return _outside(self.columns, values, 0.0, 1.0)

    def summaries(self, values: Floats, sizes: Sequence[int], rng: np.random.Generator) -> Floats:
        """Log odds of the event in each arm, with half an event added to either side."""
        steps = np.diff([0, *sizes])
        events = np.cumsum([rng.binomial(step, values) for step in steps], axis=0)
        n = np.reshape(sizes, (-1, 1, 1))
        return np.asarray(np.log((events + 0.5) / (n - events + 0.5)))


@dataclass(frozen=True)
class TwoArmCount:
    """Counts events in each arm, of which a patient may have several; everyone is followed equally long.

    A patient's rate is the mean rate times a gamma frailty of mean 1, so counts are negative binomial.

    Attributes:
        control: Column with the mean rate per patient-year in the control arm.
        treatment: Column with that of the treatment arm.
        follow_up_years: Of every patient.
        frailty_variance: Variance of the frailty, taken as known; 0 for Poisson counts.
    """

    control: str
    treatment: str
    follow_up_years: float
    frailty_variance: float = 0.0

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that determine the data."""
        return (self.control, self.treatment)

    def problems(self, values: Floats) -> list[Problem]:
        """Negative rates, or a design that cannot be."""
        problems = _outside(self.columns, values, 0.0, np.inf)
        at_least(problems, "follow_up_years", self.follow_up_years, 0, strictly=True)
        at_least(problems, "frailty_variance", self.frailty_variance, 0)
        return problems

    def summaries(self, values: Floats, sizes: Sequence[int], rng: np.random.Generator) -> Floats:
        """Log of the total count of each arm, with half an event added.

        With the frailty variance known, the total is all that the counts tell of the mean rate. The
        frailties of m patients sum to a gamma of shape m / variance.
        """
        counts = []
        for step in np.diff([0, *sizes]):
            frailties = np.full(values.shape, float(step))
            if self.frailty_variance > 0:
                frailties = rng.gamma(step / self.frailty_variance, self.frailty_variance, values.shape)
            counts.append(rng.poisson(frailties * values * self.follow_up_years))
        return np.asarray(np.log(np.cumsum(counts, axis=0) + 0.5))


@dataclass(frozen=True)
class TwoArmContinuous:
    """Measures an outcome of every patient, such as a utility or a cost, and compares means.

    Attributes:
        control: Column with the mean outcome in the control arm.
        treatment: Column with that of the treatment arm.
        sd: Standard deviation between patients of one arm, taken as known.
    """

    control: str
    treatment: str
    sd: float

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that determine the data."""
        return (self.control, self.treatment)

    def problems(self, values: Floats) -> list[Problem]:
        """A design that cannot be."""
        problems: list[Problem] = []
        at_least(problems, "sd", self.sd, 0, strictly=True)
        return problems

    def summaries(self, values: Floats, sizes: Sequence[int], rng: np.random.Generator) -> Floats:
        """Mean outcome of each arm, normal as means of many patients are."""
        steps = np.diff([0, *sizes])
        noise = np.cumsum([np.sqrt(step) * rng.standard_normal(values.shape) for step in steps], axis=0)
        return np.asarray(values + self.sd * noise / np.reshape(sizes, (-1, 1, 1)))


def _outside(columns: Sequence[str], values: Floats, low: float, high: float) -> list[Problem]:
    problems = []
    for name, column in zip(columns, values.T, strict=True):
        wrong = column[(column < low) | (column > high)]
        if wrong.size:
            allowed = f"from {low:g} to {high:g}" if np.isfinite(high) else f"from {low:g}"
            problems.append(Problem(f"parameter {name}", f"{wrong[0]:g} ({wrong.size} such draws)", allowed))
    return problems
