"""A probabilistic analysis as other tools read it: SAVI, BCEA, dampack and voi.

All four take three tables with one row a draw, in the same order: costs and effects with a column a strategy, and the
parameters. Names are made such that R leaves them as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from sim.psa.result import PsaResult

RESERVED = {"if", "else", "repeat", "while", "function", "for", "next", "break", "in", "TRUE", "FALSE", "NULL", "NA"}


def names_for_r(names: Sequence[str]) -> list[str]:
    """Names that are valid and unique in R, as close to the given ones as can be.

    Args:
        names: Any texts, all different.

    Returns:
        Letters, digits, dots and underscores, beginning with a letter; repeats are numbered.
    """
    made: list[str] = []
    for name in names:
        valid = re.sub(r"[^A-Za-z0-9._]", "_", name)
        if not re.match(r"[A-Za-z]", valid) or valid in RESERVED:
            valid = f"x_{valid}"
        candidate, number = valid, 2
        while candidate in made:
            candidate, number = f"{valid}_{number}", number + 1
        made.append(candidate)
    return made


def export_tables(result: PsaResult) -> dict[str, pd.DataFrame]:
    """The three tables.

    Returns:
        "costs" and "effects" (QALYs), one column a strategy; "parameters", one column a drawn parameter that varies
        (regressions of the value of information cannot use a constant).
    """
    strategies = names_for_r(result.strategies)
    varies = np.ptp(result.draws.matrix, axis=0) > 0
    paths = [path for path, used in zip(result.draws.paths, varies, strict=True) if used]
    return {
        "costs": pd.DataFrame(result.table.cost, columns=strategies),
        "effects": pd.DataFrame(result.table.qaly, columns=strategies),
        "parameters": pd.DataFrame(result.draws.matrix[:, varies], columns=names_for_r(paths)),
    }


def r_script(result: PsaResult) -> str:
    """An R script that hands the three tables to BCEA, dampack and voi."""
    wtp = result.wtp[0]
    reference = result.strategies.index(result.reference) + 1
    return f"""# Costs, effects (QALYs) and parameters of one probabilistic analysis, one row a draw.
# SAVI (https://savi.shef.ac.uk/SAVI/) takes the three files as they are.
costs <- read.csv("export_costs.csv")
effects <- read.csv("export_effects.csv")
parameters <- read.csv("export_parameters.csv")

# BCEA: strategy {reference} is the reference.
# b <- BCEA::bcea(eff = as.matrix(effects), cost = as.matrix(costs), ref = {reference}, interventions = names(costs))

# dampack
# p <- dampack::make_psa_obj(cost = costs, effectiveness = effects, parameters = parameters,
#                            strategies = names(costs), currency = "{result.scenario.analysis.currency}")

# voi
# v <- voi::evppi(outputs = list(c = costs, e = effects, k = {wtp:g}), inputs = parameters,
#                 pars = as.list(names(parameters)))
"""
