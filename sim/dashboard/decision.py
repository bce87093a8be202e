"""What pages say of the decision, from the tables of a run: pure functions, no components."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sim.errors import Problem, UsageError
from sim.figures import Look
from sim.figures.tables import psa_table
from sim.report.text import number
from sim.scenario import Scenario, standing_words

Tables = Mapping[str, pd.DataFrame]

SURE = 3.0
"""A lead of fewer standard errors than this is called open (as in `igsim run`)."""


def reference(tables: Tables, strategies: tuple[str, ...]) -> str:
    """The reference of the incremental analysis, else the first strategy."""
    if "incremental" in tables:
        found = tables["incremental"].query("status == 'reference'")["strategy"]
        if len(found):
            return str(found.iloc[0])
    return strategies[0] if strategies else ""


def comparator(tables: Tables, strategies: tuple[str, ...], wanted: str) -> str:
    """The comparator wanted.

    Raises:
        UsageError: There is no such strategy.
    """
    if not wanted:
        return reference(tables, strategies)
    if wanted not in strategies:
        problem = Problem("against", wanted, f"one of {', '.join(strategies)}")
        raise UsageError("no such strategy", [problem])
    return wanted


def benefits(tables: Tables, wtp: float, against: str) -> pd.DataFrame:
    """Incremental net monetary benefit of every other strategy against one.

    Args:
        tables: With `increments` of a run, or `psa`, the draws.
        wtp: Willingness to pay per QALY.
        against: Comparator.

    Returns:
        Columns strategy, inmb, and inmb_mcse of a run; inmb_low and inmb_high (95 % of draws) and share_above_0 of
        draws.
    """
    if "increments" in tables:
        own = tables["increments"]
        own = own[own["comparator"] == against]
        variance = own["delta_cost_mcse"] ** 2 + (wtp * own["delta_qaly_mcse"]) ** 2 - 2 * wtp * own["covariance"]
        columns = {
            "strategy": own["strategy"],
            "inmb": wtp * own["delta_qaly"] - own["delta_cost"],
            "inmb_mcse": np.sqrt(np.maximum(variance, 0.0)),
        }
        return pd.DataFrame(columns).reset_index(drop=True)
    draws = psa_table(tables["psa"])
    benefit = wtp * draws.qaly - draws.cost
    gains = benefit - benefit[:, [draws.strategies.index(against)]]
    rows = [
        (name, gains[:, s].mean(), *np.quantile(gains[:, s], [0.025, 0.975]), np.mean(gains[:, s] > 0))
        for s, name in enumerate(draws.strategies)
        if name != against
    ]
    return pd.DataFrame(rows, columns=["strategy", "inmb", "inmb_low", "inmb_high", "share_above_0"])


def verdict(tables: Tables, wtp: float, look: Look) -> str:
    """Which strategy has the highest mean net benefit, by how much, and how surely; no advice."""
    names = tuple(tables["incremental"]["strategy"])
    table = benefits(tables, wtp, names[0])
    mean = {names[0]: 0.0, **dict(zip(table["strategy"], table["inmb"], strict=True))}
    order = sorted(names, key=lambda name: -mean[name])
    at = f"At a willingness to pay of {number(wtp)} {look.currency} per QALY"
    if len(order) < 2:
        return f"{at}: one strategy, nothing to compare."
    best, second = order[0], order[1]
    lead = benefits(tables, wtp, second).set_index("strategy").loc[best]
    has = f"{at}, “{_label(look, best)}” has the highest mean net benefit"
    over = f"more per patient than “{_label(look, second)}”, the next"
    amount = f"{number(lead['inmb'])} {look.currency}"
    if "inmb_mcse" in lead.index:
        mcse = float(lead["inmb_mcse"])
        turn = "" if lead["inmb"] > SURE * mcse else " The Monte Carlo error could turn this round."
        ahead = f"{number(lead['inmb'])} ± {number(mcse)} {look.currency}"
        return f"{has}: {ahead} {over} (± one Monte Carlo standard error).{turn}"
    draws = psa_table(tables["psa"])
    benefit = wtp * draws.qaly - draws.cost
    share = np.mean(benefit.argmax(axis=1) == draws.strategies.index(best))
    spread = f"95 % of draws {number(lead['inmb_low'])} to {number(lead['inmb_high'])}"
    return (
        f"{has} over {draws.n_iterations:,} draws: {amount} ({spread}) {over}. It is the best of all in {share:.0%}."
    )


def scope(tables: Tables) -> str:
    """Which uncertainty the numbers of a page carry, and which not."""
    if "psa" in tables:
        return (
            "Intervals hold 95 % of the parameter draws. Uncertainty about the structure of the model is not in them."
        )
    return (
        "± is one Monte Carlo standard error, from simulating a sample of patients. Parameters stand at their "
        "base-case values: how uncertain they are is not part of these numbers, see the page Uncertainty."
    )


def rests_on(scenario: Scenario) -> str:
    """How much of the evidence is none."""
    return f"{standing_words(scenario)}: see the page Parameters. This page describes; it recommends nothing."


def _label(look: Look, name: str) -> str:
    return str(look.labels.get(name, name))
