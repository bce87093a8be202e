"""Tables of virtual trials: how estimates scatter, how often tests reject, where published estimates lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from sim.model.parts import Floats, Integers
from sim.scenario import Scenario, Trial
from sim.trial.analyses import Estimand, asked_in, estimands
from sim.trial.power import schoenfeld_events, schoenfeld_power

AS_MODELLED, NO_EFFECT = "as_modelled", "no_effect"
WORLDS = (AS_MODELLED, NO_EFFECT)
TARGET_POWERS = (0.8, 0.9)
VALUE, ERROR, LOW, HIGH = range(4)


@dataclass(frozen=True, eq=False)
class Played:
    """Replications of one study at one size in one world.

    Attributes:
        name: Of the trial.
        world: `AS_MODELLED`, or `NO_EFFECT`: immunoglobulin changes no hazard, all else alike.
        size: Patients.
        estimates: [replication, estimand, (value, standard error, low, high)], ratios as logarithms.
        events: [replication, arm].
        truth: Value of every estimand in each batch of the truth, [batch, estimand].
        apart: Largest difference from lifelines in the first replication; nan where it was not looked at.
    """

    name: str
    world: str
    size: int
    estimates: Floats
    events: Integers
    truth: Floats
    apart: float


@dataclass(frozen=True, eq=False)
class TrialResult:
    """Virtual trials of a scenario.

    Attributes:
        scenario: What was played.
        names: Which of its trials.
        replications: How often each was played at each size in each world.
        seed: Root of the luck.
        played: One entry for each trial, size and world.
    """

    scenario: Scenario
    names: tuple[str, ...]
    replications: int
    seed: int
    played: tuple[Played, ...]

    def estimates(self) -> pd.DataFrame:
        """How every estimate scatters over replications, and how far its mean is from the true value.

        Columns: trial, patients, world, analysis, group, comparator, month; true_value and its Monte Carlo error;
        mean, median, low and high (95 % of the estimates); bias and its error; empirical_se, mean_se, rmse; coverage
        and its 95 % interval; rejected (share of intervals that leave out 1; ratios only); estimable.

        True value, mean (a geometric one), median, low and high of ratios are ratios; their errors and biases are of
        the logarithm. Replications without an estimate count in `estimable` and, as not rejecting, in `rejected`.
        """
        rows = [row for each in self.played for row in _scatter(self._trial(each), each)]
        return pd.DataFrame(rows)

    def power(self) -> pd.DataFrame:
        """Share of the replications of a randomised trial that reject, by size, beside Schoenfeld's figure.

        Columns: trial, patients, analysis, group, comparator, true_ratio, events (mean, of the two arms), power with
        its 95 % interval, schoenfeld_power (Cox alone), type_1_error with its interval, significance, patients_for_80
        and patients_for_90 (Schoenfeld, at the events per patient seen).
        """
        rows = []
        for modelled in self.played:
            trial = self._trial(modelled)
            if modelled.world != AS_MODELLED or trial.kind != "randomised":
                continue
            null = [p for p in self.played if (p.name, p.size, p.world) == (modelled.name, modelled.size, NO_EFFECT)]
            ratios = [(place, each) for place, each in enumerate(estimands(trial)) if each.is_ratio]
            for order, (place, each) in enumerate(ratios):
                rows.append(_powered(trial, each, modelled, place, null[0].estimates[:, order]))
        return pd.DataFrame(rows, columns=None if rows else ["trial", "patients", "analysis", "power"])

    def published(self) -> pd.DataFrame:
        """Published estimates in the sampling distribution of the model's own.

        Columns: trial, patients (as played), analysis, group, month, published with its interval, model (median)
        with the 95 % of its estimates, below (share of the estimates below the published one), p (two-sided),
        true_value, published_se and empirical_se (ratios: of the logarithm), source.
        """
        rows = [row for each in self.played if each.world == AS_MODELLED for row in _placed(self._trial(each), each)]
        return pd.DataFrame(rows, columns=None if rows else ["trial", "analysis", "published"])

    def replicates(self) -> pd.DataFrame:
        """Every estimate with its interval, ratios as ratios: one row a replication and estimand."""
        frames = []
        for each in self.played:
            for place, what in enumerate(estimands(self._trial(each))):
                own = each.estimates[:, place]
                shown = np.exp(own) if what.is_ratio else own
                frames.append(
                    pd.DataFrame(
                        {
                            **_names(each, what),
                            "replication": np.arange(1, len(own) + 1),
                            "estimate": shown[:, VALUE],
                            "low": shown[:, LOW],
                            "high": shown[:, HIGH],
                        }
                    )
                )
        return pd.concat(frames, ignore_index=True)

    def largest_disagreement(self) -> float:
        """Largest difference between a hazard ratio or its error as fitted here and by lifelines; nan if none was."""
        found = [each.apart for each in self.played if np.isfinite(each.apart)]
        return max(found, default=np.nan)

    def _trial(self, each: Played) -> Trial:
        return asked_in(self.scenario.trials[each.name], effect=each.world == AS_MODELLED)


Row = dict[str, object]


def _names(each: Played, what: Estimand) -> Row:
    return {
        "trial": each.name,
        "patients": each.size,
        "world": each.world,
        "analysis": what.analysis,
        "group": what.group,
        "comparator": what.comparator,
        "month": what.month,
    }


def _scatter(trial: Trial, each: Played) -> list[Row]:
    rows: list[Row] = []
    for place, what in enumerate(estimands(trial)):
        own, true = each.estimates[:, place], each.truth[:, place]
        known = own[np.isfinite(own[:, VALUE])]
        truth, n = float(true.mean()), len(known)
        values = known[:, VALUE] if n else np.array([np.nan])
        low, middle, high = np.quantile(values, (0.025, 0.5, 0.975))
        spread = float(values.std(ddof=1)) if n > 1 else np.nan
        truth_error = float(true.std(ddof=1) / np.sqrt(true.size))
        bounded = known[np.isfinite(known[:, LOW])]
        held = int(((bounded[:, LOW] <= truth) & (truth <= bounded[:, HIGH])).sum())
        show = np.exp if what.is_ratio else _as_it_is
        bias = float(values.mean() - truth)
        rows.append(
            {
                **_names(each, what),
                "true_value": float(show(truth)),
                "true_mcse": truth_error,
                "mean": float(show(values.mean())),
                "median": float(show(middle)),
                "low": float(show(low)),
                "high": float(show(high)),
                "bias": bias,
                "bias_mcse": float(np.hypot(spread / np.sqrt(max(n, 1)), truth_error)),
                "empirical_se": spread,
                "mean_se": float(bounded[:, ERROR].mean()) if len(bounded) else np.nan,
                "rmse": float(np.sqrt(((values - truth) ** 2).mean())),
                **_share("coverage", held, len(bounded)),
                "rejected": float(_rejected(own).mean()) if what.is_ratio else np.nan,
                "estimable": n / len(own),
            }
        )
    return rows


def _as_it_is(value: float) -> float:
    return value


def _rejected(own: Floats) -> Floats:
    """Whether the interval leaves out no effect; what could not be estimated rejects nothing."""
    return np.asarray((own[:, LOW] > 0) | (own[:, HIGH] < 0), dtype=np.float64)


def _share(name: str, found: int, n: int) -> Row:
    """A share with its 95 % interval (Wilson)."""
    if n == 0:
        return {name: np.nan, f"{name}_low": np.nan, f"{name}_high": np.nan}
    ends = binomtest(found, n).proportion_ci(method="wilson")
    return {name: found / n, f"{name}_low": float(ends.low), f"{name}_high": float(ends.high)}


def _powered(trial: Trial, what: Estimand, modelled: Played, place: int, null: Floats) -> Row:
    arms = list(trial.arms)
    two = [arms.index(what.group), arms.index(what.comparator)]
    share = trial.arms[what.group] / (trial.arms[what.group] + trial.arms[what.comparator])
    events = float(modelled.events[:, two].sum(axis=1).mean())
    truth = float(modelled.truth[:, place].mean())
    n, level = len(modelled.estimates), trial.significance
    row: Row = {
        "trial": modelled.name,
        "patients": modelled.size,
        "analysis": what.analysis,
        "group": what.group,
        "comparator": what.comparator,
        "true_ratio": float(np.exp(truth)),
        "events": events,
        **_share("power", int(_rejected(modelled.estimates[:, place]).sum()), n),
        "schoenfeld_power": np.nan,
        **_share("type_1_error", int(_rejected(null).sum()), n),
        "significance": level,
    }
    is_cox = what.analysis == "cox" and trial.outcome != "infections"
    if is_cox:
        row["schoenfeld_power"] = schoenfeld_power(truth, events, share, level)
    for target in TARGET_POWERS:
        wanted = schoenfeld_events(truth, share, level, target) if is_cox else np.nan
        row[f"patients_for_{100 * target:.0f}"] = wanted * modelled.size / events if events else np.nan
    return row


def _placed(trial: Trial, each: Played) -> list[Row]:
    rows: list[Row] = []
    every = estimands(trial)
    for found in trial.published:
        place, what = next((k, e) for k, e in enumerate(every) if _is_of(e, found.analysis, found.arm, found.month))
        own = each.estimates[:, place, VALUE]
        values = own[np.isfinite(own)]
        told = np.log(found.value) if what.is_ratio else found.value
        show = np.exp if what.is_ratio else _as_it_is
        below = float((np.sum(values < told) + 0.5 * np.sum(values == told)) / values.size) if values.size else np.nan
        low, middle, high = np.quantile(values, (0.025, 0.5, 0.975)) if values.size else (np.nan,) * 3
        rows.append(
            {
                "trial": each.name,
                "patients": each.size,
                "analysis": what.analysis,
                "group": what.group,
                "month": what.month,
                "published": found.value,
                "published_low": np.nan if found.low is None else found.low,
                "published_high": np.nan if found.high is None else found.high,
                "model": float(show(middle)),
                "model_low": float(show(low)),
                "model_high": float(show(high)),
                "below": below,
                # One study more, so that none is ever called impossible.
                "p": min(1.0, (2 * min(below, 1 - below) * values.size + 1) / (values.size + 1)),
                "true_value": float(show(each.truth[:, place].mean())),
                "published_se": _error(found.low, found.high, is_ratio=what.is_ratio),
                "empirical_se": float(values.std(ddof=1)) if values.size > 1 else np.nan,
                "source": found.source,
            }
        )
    return rows


def _is_of(what: Estimand, analysis: str, arm: str | None, month: float | None) -> bool:
    return what.analysis == analysis and (arm is None or what.group == arm) and (month is None or what.month == month)


def _error(low: float | None, high: float | None, *, is_ratio: bool) -> float:
    """Standard error that an interval of 95 % has."""
    if low is None or high is None or (is_ratio and low == 0):
        return np.nan
    ends: Sequence[float] = np.log([low, high]).tolist() if is_ratio else [low, high]
    return (ends[1] - ends[0]) / (2 * 1.959963984540054)
