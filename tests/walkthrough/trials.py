"""Entries of virtual trials: `igsim trial` reads them, and no output of `igsim run` moves."""

from __future__ import annotations

from typing import Any

from tests.walkthrough.changes import reworded
from tests.walkthrough.entries import Change, PathKeys, Tables, parent_of, put, usual
from tests.walkthrough.expectation import Expectation

NOTE = "read by `igsim trial` alone"


def _quiet(to: Change = usual) -> Expectation:
    return Expectation(to=to, note=NOTE)


def _reshared(tables: Tables, keys: PathKeys) -> None:
    """A tenth of the patients change sides."""
    shares, _ = parent_of(tables, keys)
    other = next(name for name in shares if name != keys[-1])
    shares[keys[-1]] -= 0.1
    shares[other] += 0.1


def _refused(value: Any, note: str) -> Expectation:
    return Expectation(to=put(value), refused=True, note=note)


def of_the_trials() -> dict[str, Expectation]:
    """Every entry of [trials]."""
    descriptive = Expectation(to=reworded, note="descriptive")
    return {
        "trials.{trial}.label": descriptive,
        "trials.{trial}.source": descriptive,
        "trials.{trial}.kind": _refused("survey", "each has analyses of its own"),
        "trials.{trial}.arms.{arm}": _quiet(_reshared),
        "trials.{trial}.patients": _quiet(put([70, 90])),
        "trials.{trial}.accrual_months": _quiet(),
        "trials.{trial}.follow_up_months": _quiet(),
        "trials.{trial}.loss_per_month": _quiet(put(0.02)),
        "trials.{trial}.outcome": _refused("relapse", "deaths count no infections"),
        "trials.planned.infections": _quiet(put("any")),
        "trials.{trial}.infections": _quiet(put("3plus")),
        "trials.{trial}.cause": _quiet(put("cmv")),
        "trials.planned.observed": _quiet(put("alive")),
        "trials.{trial}.observed": _quiet(put("on_treatment")),
        "trials.{trial}.analyses": _refused([], "what a trial is asked goes with its other entries"),
        "trials.planned.months": _quiet(put([3, 6, 9])),
        "trials.{trial}.months": _refused([3.0], "no analysis there reads a curve"),
        "trials.{trial}.landmark_months": _quiet(),
        "trials.{trial}.significance": _quiet(put(0.1)),
        "trials.{trial}.agents.{agent}": _quiet(_reshared),
        "trials.{trial}.published": _quiet(put([])),
        "trials.{trial}.published.{n}.analysis": _refused("guess", "each is of other entries"),
        "trials.{trial}.published.{n}.value": _quiet(put(0.25)),
        "trials.{trial}.published.{n}.low": _quiet(put(0.15)),
        "trials.{trial}.published.{n}.high": _quiet(put(0.4)),
        "trials.{trial}.published.{n}.arm": _quiet(put("none")),
        "trials.{trial}.published.{n}.month": _quiet(put(3)),
        "trials.{trial}.published.{n}.source": descriptive,
    }
