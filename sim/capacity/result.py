"""What comes of a programme played many times: means over replications with 95 % intervals, as tidy tables."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.stats import t as student

from sim.capacity.arrivals import Starts
from sim.capacity.measures import GROUP, MONTHLY, NUMBERS
from sim.capacity.sizing import Sized
from sim.model.accrual import COST_ITEMS
from sim.model.parts import GRADES, Floats
from sim.model.parts.programme import Programme
from sim.scenario import Scenario
from sim.work import Arrays

UNLIMITED = "unlimited"


@dataclass(frozen=True)
class CapacityResult:
    """Replications of a programme.

    Attributes:
        scenario: What was played.
        programme: Its compiled programme.
        seed: Root of the luck.
        arms: Names of the arms played; the last may be the first arm without shortages.
        labels: Their labels.
        groups: Names of the groups of patients.
        arrays: Measures, each with replications as the first axis, then arms.
        starts: Dates read from a file; None for a Poisson process.
        sized: Searches for the smallest chairs and quota.
    """

    scenario: Scenario
    programme: Programme
    seed: int
    arms: tuple[str, ...]
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    arrays: Arrays
    starts: Starts | None = None
    sized: tuple[Sized, ...] = ()

    @property
    def replications(self) -> int:
        """How often the programme was played."""
        return int(self.arrays["numbers"].shape[0])

    @cached_property
    def years(self) -> tuple[str, ...]:
        """Names of the programme's years: calendar years where they begin on 1 January."""
        plan = self.scenario.programme
        assert plan is not None
        first = datetime.date.fromisoformat(plan.first_day)
        if (first.month, first.day) == (1, 1):
            return tuple(str(first.year + n) for n in range(plan.years))
        return tuple(f"{first.year + n}/{(first.year + n + 1) % 100:02d}" for n in range(plan.years))

    def numbers(self) -> pd.DataFrame:
        """Every number of every arm.

        Columns: arm, measure, mean, se, ci_low, ci_high, and delta, delta_se, delta_ci_low, delta_ci_high against the
        first arm, replication by replication.
        """
        values = self.arrays["numbers"]
        rows = []
        for a, arm in enumerate(self.arms):
            for k, measure in enumerate(NUMBERS):
                rows.append({"arm": arm, "measure": measure, **_beside(values[:, a, k], values[:, 0, k])})
        return pd.DataFrame(rows)

    def mean(self, arm: str, measure: str) -> tuple[float, float]:
        """Mean and standard error of one number."""
        found = _plain(self.arrays["numbers"][:, self.arms.index(arm), list(NUMBERS).index(measure)])
        return found["mean"], found["se"]

    def monthly(self) -> pd.DataFrame:
        """Series by month: columns arm, month (from 1), series, mean, ci_low, ci_high."""
        return self._frame(self.arrays["monthly"], [("arm", self.arms), ("series", tuple(MONTHLY)), ("month", None)])

    def hourly(self) -> pd.DataFrame:
        """Share of the chairs in use by hour of the day: columns arm, hour (0 to 23), mean, ci_low, ci_high."""
        frame = self._frame(self.arrays["hourly"], [("arm", self.arms), ("hour", None)])
        return frame.assign(hour=frame["hour"] - 1)

    def spend(self) -> pd.DataFrame:
        """Undiscounted spend: columns arm (the last is `unlimited`), item, year, mean, ci_low, ci_high."""
        axes = [("arm", (*self.arms, UNLIMITED)), ("item", COST_ITEMS), ("year", self.years)]
        return self._frame(self.arrays["spend"], axes)

    def yearly(self) -> pd.DataFrame:
        """All items together: columns arm, year, mean, ci_low, ci_high, delta and its limits against `unlimited`."""
        total = self.arrays["spend"].sum(axis=2)
        rows = []
        for a, arm in enumerate((*self.arms, UNLIMITED)):
            for y, year in enumerate(self.years):
                rows.append({"arm": arm, "year": year, **_beside(total[:, a, y], total[:, -1, y])})
        return pd.DataFrame(rows).drop(columns=["se", "delta_se"])

    def items(self) -> pd.DataFrame:
        """Undiscounted spend of all years: columns arm (the last is `unlimited`), item, mean, se, ci_low, ci_high."""
        values = self.arrays["spend"].sum(axis=3)
        rows = [
            {"arm": arm, "item": item, **_plain(values[:, a, i])}
            for a, arm in enumerate((*self.arms, UNLIMITED))
            for i, item in enumerate(COST_ITEMS)
        ]
        return pd.DataFrame(rows)

    def infections(self) -> pd.DataFrame:
        """Infections by cause and grade, of all patients together.

        Columns: arm, cause, grade, mean, se, ci_low, ci_high, and delta, delta_se, delta_ci_low, delta_ci_high
        against the same patients and strategies without limits: what the limits caused less what they spared.
        """
        values, causes = self.arrays["causes"], tuple(self.scenario.infections.causes)
        rows = []
        for a, arm in enumerate(self.arms):
            for c, cause in enumerate(causes):
                for g, grade in enumerate(GRADES):
                    found = _beside(*values[:, a, :, c, g].T)
                    rows.append({"arm": arm, "cause": cause, "grade": grade, **found})
        return pd.DataFrame(rows)

    def who_paid(self) -> pd.DataFrame:
        """What each group paid.

        Columns: arm, group, measure, mean, ci_low, ci_high per replication, and per_100: infusions by 100 due, all
        else by 100 patients of the group (ratio of means; `loss_gap` compares two groups with their error).
        """
        frame = self._frame(
            self.arrays["groups"], [("arm", self.arms), ("group", self.groups), ("measure", tuple(GROUP))]
        )
        wide = frame.set_index(["arm", "group", "measure"])["mean"]
        base = [
            wide.loc[(arm, group, "infusions_wanted" if measure in _OF_INFUSIONS else "patients")]
            for arm, group, measure in zip(frame["arm"], frame["group"], frame["measure"], strict=True)
        ]
        whole = np.array(base, dtype=np.float64)
        per_100 = np.divide(100 * frame["mean"], whole, out=np.full(whole.size, np.nan), where=whole > 0)
        return frame.assign(per_100=per_100)

    def loss_gap(self, arm: str, group: str, other: str) -> dict[str, float]:
        """How many more of 100 infusions due one group lost than another: late or given up, with the error.

        Returns:
            mean, se, ci_low, ci_high: the difference of two ratios of means. Its error is that of the linearised
            ratios (Cochran 1977, section 2.9), replication by replication: the groups shared each one's queue.
        """
        values, names = self.arrays["groups"][:, self.arms.index(arm)], list(GROUP)

        def ratio(of: str) -> tuple[float, Floats]:
            own = values[:, self.groups.index(of)]
            due = own[:, names.index("infusions_wanted")]
            lost = own[:, names.index("infusions_late")] + own[:, names.index("infusions_missed")]
            if due.sum() == 0:
                return np.nan, np.full(due.size, np.nan)
            share = lost.sum() / due.sum()
            residual: Floats = (lost - share * due) / due.mean()
            return share, residual

        (one, left), (two, right) = ratio(group), ratio(other)
        return _plain(100 * (one - two + left - right))

    def sizes(self) -> pd.DataFrame:
        """Every size tried: columns what, size, share_on_time, is_smallest."""
        rows = [
            (each.what, size, share, size == each.smallest)
            for each in self.sized
            for size, share in sorted(each.tried)
        ]
        return pd.DataFrame(rows, columns=["what", "size", "share_on_time", "is_smallest"])

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table, by the name it has in a run folder."""
        found = {
            "capacity_numbers": self.numbers(),
            "capacity_months": self.monthly(),
            "capacity_hours": self.hourly(),
            "capacity_infections": self.infections(),
            "capacity_spend": self.spend(),
            "capacity_years": self.yearly(),
            "who_paid": self.who_paid(),
        }
        return {**found, "capacity_sizes": self.sizes()} if self.sized else found

    def _frame(self, values: Floats, axes: Sequence[tuple[str, tuple[str, ...] | None]]) -> pd.DataFrame:
        """Means over replications, a row for each cell of the other axes; None counts from 1."""
        found = interval(values)
        names = [name for name, _ in axes]
        levels = [
            np.arange(1, size + 1) if known is None else np.array(known, dtype=object)
            for (_, known), size in zip(axes, values.shape[1:], strict=True)
        ]
        grid = np.meshgrid(*levels, indexing="ij")
        columns = {name: part.ravel() for name, part in zip(names, grid, strict=True)}
        return pd.DataFrame({**columns, **{key: np.ravel(found[key]) for key in ("mean", "ci_low", "ci_high")}})


_OF_INFUSIONS = frozenset({"infusions_wanted", "infusions_late", "infusions_missed", "delay_days", "grams_short"})


def interval(values: Floats) -> dict[str, Floats]:
    """Mean over the first axis, its standard error and 95 % limits (Student); nan limits for one replication."""
    n = values.shape[0]
    mean = np.asarray(values.mean(axis=0), dtype=np.float64)
    if n < 2:
        nothing = np.full_like(mean, np.nan)
        return {"mean": mean, "se": nothing, "ci_low": nothing, "ci_high": nothing}
    se = np.asarray(values.std(axis=0, ddof=1) / np.sqrt(n), dtype=np.float64)
    half = float(student.ppf(0.975, n - 1)) * se
    return {"mean": mean, "se": se, "ci_low": mean - half, "ci_high": mean + half}


def _beside(values: Floats, others: Floats) -> dict[str, float]:
    """The interval of one number, and that of its difference from another, replication by replication."""
    delta = {f"delta_{name}": value for name, value in _plain(values - others).items()}
    return {**_plain(values), "delta": delta.pop("delta_mean"), **delta}


def _plain(values: Floats) -> dict[str, float]:
    """The interval of one number."""
    return {name: float(value) for name, value in interval(values).items()}
