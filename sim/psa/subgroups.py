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
        without = [_value(result, parts, share, leave_out=g) for g in range(len(result.sizes))]
        for i, wtp in enumerate(result.wtp):
            by_group = apart.by_subgroup[apart.by_subgroup["wtp"] == wtp].set_index("subgroup")
            value = [each.by_wtp["value_of_individualised_care"].iloc[i] for each in without]
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
                    "mcse": float(np.sqrt((len(value) - 1) * np.var(value))),
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _value(result: PsaResult, parts: Floats, share: float, leave_out: int | None = None) -> Individualised:
    """Individualised care in and out of the subgroup: contributions over the mean share are its means."""
    kept = np.ones(len(result.sizes), dtype=bool)
    if leave_out is not None:
        kept[leave_out] = False
    weight = result.sizes[kept] / result.sizes[kept].sum()
    inside = np.einsum("igcs,g->ics", parts[:, kept], weight)
    everyone = np.einsum("igcs,g->ics", result.groups[:, kept, :2], weight)
    iterations = np.arange(1, result.n_draws + 1)
    tables = {
        name: PsaTable(result.strategies, iterations, values[:, 0] / part, values[:, 1] / part)
        for name, values, part in (("in", inside, share), ("out", everyone - inside, 1 - share))
    }
    return individualised_care(tables, {"in": share, "out": 1 - share}, result.wtp)
