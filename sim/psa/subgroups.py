"""The value of deciding for a subgroup apart from everyone else, from the draws of a probabilistic analysis."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.cea import Individualised, PsaTable, individualised_care
from sim.psa.job import TRACKED
from sim.psa.result import PsaResult

Floats = NDArray[np.float64]

COLUMNS = (
    *("wtp", "subgroup", "label", "share", "best", "gain", "best_for_others", "best_for_all"),
    *("value_of_deciding_apart", "mcse"),
)


def deciding_apart(result: PsaResult) -> pd.DataFrame:
    """For each subgroup of the scenario, one decision for all against one for it and one for everybody else.

    Subgroups may overlap, so each is set against its complement (Basu and Meltzer 2007, Med Decis Making 27:112).

    Returns:
        wtp, subgroup, label, share of patients, best strategy in it, gain of that over the best for all (per patient
        of the subgroup), best_for_others, best_for_all, value_of_deciding_apart (per patient of the population) and
        its Monte Carlo error from leaving out one group of patients at a time (0 where both decide alike throughout).
    """
    n_strategies = len(result.strategies)
    rows = []
    for k, (name, subgroup) in enumerate(result.scenario.subgroups.items()):
        inside = result.subgroups[:, :, k]
        share = inside[..., -1].mean(axis=0) @ result.sizes / result.n_patients
        if not 0 < share < 1:
            continue
        parts = inside[..., :-1].reshape(*inside.shape[:2], len(TRACKED), n_strategies)[:, :, :2]
        apart = _value(result, parts, share)
        without = _without_one(result, parts)
        for i, wtp in enumerate(result.wtp):
            by_group = apart.by_subgroup[apart.by_subgroup["wtp"] == wtp].set_index("subgroup")
            rows.append(
                {
                    "wtp": wtp,
                    "subgroup": name,
                    "label": subgroup.label,
                    "share": share,
                    "best": by_group.loc["in", "best"],
                    "gain": by_group.loc["in", "gain"],
                    "best_for_others": by_group.loc["out", "best"],
                    "best_for_all": apart.by_wtp["best_for_all"].iloc[i],
                    "value_of_deciding_apart": apart.by_wtp["value_of_individualised_care"].iloc[i],
                    "mcse": float(np.sqrt((len(without) - 1) * np.var(without[:, i]))),
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _value(result: PsaResult, parts: Floats, share: float) -> Individualised:
    """Individualised care in and out of the subgroup: contributions over the mean share are its means."""
    weight = result.sizes / result.sizes.sum()
    inside = np.einsum("igcs,g->ics", parts, weight)
    everyone = np.einsum("igcs,g->ics", result.groups[:, :, :2], weight)
    iterations = np.arange(1, result.n_draws + 1)
    tables = {
        name: PsaTable(result.strategies, iterations, values[:, 0] / part, values[:, 1] / part)
        for name, values, part in (("in", inside, share), ("out", everyone - inside, 1 - share))
    }
    return individualised_care(tables, {"in": share, "out": 1 - share}, result.wtp)


def _without_one(result: PsaResult, parts: Floats) -> Floats:
    """Value of deciding apart with each group of patients left out, shape (n_groups, n_wtp).

    What deciding apart gains in the subgroup and among the others; contributions are shares of a population's mean.
    """
    kept = (1 - np.eye(len(result.sizes))) * result.sizes
    kept /= kept.sum(axis=1, keepdims=True)
    wtp = np.array(result.wtp)[:, np.newaxis]
    inside, everyone = (
        wtp * means[:, np.newaxis, 1] - means[:, np.newaxis, 0]
        for means in (np.tensordot(kept, each.mean(axis=0), 1) for each in (parts, result.groups[:, :, :2]))
    )
    common = everyone.argmax(axis=-1)[..., np.newaxis]
    gains = [each.max(axis=-1) - np.take_along_axis(each, common, -1)[..., 0] for each in (inside, everyone - inside)]
    return np.asarray(gains[0] + gains[1])
