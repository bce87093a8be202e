"""Silent inputs and outputs of a probabilistic analysis; what is looked for, and how, is in `sim.runs.detect`."""

from __future__ import annotations

import numpy as np

from sim.parameters import unread
from sim.psa.result import PsaResult
from sim.runs.detect import PROBED_AT, Finding, identical, kept, not_adding_up, silent


def findings(result: PsaResult) -> tuple[Finding, ...]:
    """Everything suspicious about one probabilistic analysis, parameters first."""
    draws = result.draws
    column = {path: place for place, path in enumerate(draws.paths)}
    return (
        *silent(
            result.scenario,
            draws.paths,
            unread(result.scenario),
            lambda path: np.quantile(draws.matrix[:, column[path]], PROBED_AT).tolist(),
            result.seed,
        ),
        *kept(result.scenario),
        *identical_strategies(result),
        *costs_that_do_not_add_up(result),
    )


def identical_strategies(result: PsaResult) -> list[Finding]:
    """Pairs of strategies with the same cost and QALYs in every draw."""
    return identical(result.strategies, np.stack([result.table.cost, result.table.qaly]), "every draw gives")


def costs_that_do_not_add_up(result: PsaResult) -> list[Finding]:
    """Strategies whose cost items differ from their total cost by more than rounding."""
    names = [name for name in result.components if name.startswith("cost:")]
    total = result.component("cost")
    items = sum((result.component(name) for name in names), start=np.zeros_like(total))
    return not_adding_up(result.strategies, items, total, "draw")
