"""The column names of other programs, in terms of ours.

Ours are cost_NAME and effect_NAME or qaly_NAME in wide tables, and strategy, iteration, cost and qaly in long ones.
Others write Total_Costs.NAME, NAME_QALYs, cost1 or c_NAME; treatment, strategy_id, rep or effectiveness. A name is
translated only where the whole table then makes sense: as many costs as effects, of the same strategies.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_COST = r"(?:total|mean|disc|discounted)?[ ._-]?costs?(?:[ ._-]?total)?"
_QALY = r"(?:qalys?|effects?|effectiveness|eff|outcomes?|benefits?)"
_EFFECT = rf"(?:total|mean|disc|discounted)?[ ._-]?{_QALY}(?:[ ._-]?total)?"
_STYLES: tuple[tuple[str, str], ...] = (
    (rf"{_COST}[ ._:-]+(?P<name>.+)", rf"{_EFFECT}[ ._:-]+(?P<name>.+)"),
    (rf"{_COST}[\[(](?P<name>.+)[\])]", rf"{_EFFECT}[\[(](?P<name>.+)[\])]"),
    (rf"(?P<name>.+?)[ ._:-]+{_COST}", rf"(?P<name>.+?)[ ._:-]+{_EFFECT}"),
    (rf"(?P<name>.+?) *[\[(]{_COST}[\])]", rf"(?P<name>.+?) *[\[(]{_EFFECT}[\])]"),
    (rf"{_COST}(?P<name>\d+)", rf"{_EFFECT}(?P<name>\d+)"),
    (r"c[ ._-](?P<name>.+)", r"[eqb][ ._-](?P<name>.+)"),
    (r"c(?P<name>\d+)", r"[eqb](?P<name>\d+)"),
)
_OWN = ("cost_.", "(qaly|effect)_.")
_FURTHER: dict[str, tuple[str, ...]] = {
    "strategy": (
        *("strategy_name", "strategies", "interventions", "intervention_name", "treatment", "treatments"),
        *("treatment_name", "trt", "arm_name", "option", "alternative", "comparator", "strategy_id", "treatment_id"),
        *("intervention_id", "arm_id"),
    ),
    "iteration": (
        *("iter", "iterations", "iteration_id", "sample_id", "samples", "simulation", "simulation_id", "sim_id"),
        *("sims", "nsim", "n_sim", "draw_id", "draws", "replication", "replicate", "rep", "run", "run_id"),
        *("psa", "psa_id", "psa_iteration", "psa_sample", ".iteration", ".draw"),
    ),
    "cost": ("total_cost", "total_costs", "totalcost", "totalcosts", "cost_total", "costs_total", "mean_cost", "c"),
    "qaly": (
        *("total_qaly", "total_qalys", "totalqaly", "totalqalys", "qaly_total", "qalys_total", "mean_qaly"),
        *("effectiveness", "eff", "total_effect", "total_effects", "outcome", "benefit", "e"),
    ),
}


def canonical(header: Sequence[str], own: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """A header in our terms where that can be told, else as it is.

    Args:
        header: Column names.
        own: Role to the names of long tables that need no translation.

    Returns:
        As many names, in the same order.
    """
    new = list(header)
    # What stands in brackets behind a name is a unit: Cost (GBP).
    bare_of_unit = [re.sub(r"(?<=.)[\[(][^\])]*[\])]$", "", name.strip()) for name in header]
    plain = [re.sub(r"[ ._-]+", "_", name.casefold()).strip("_ ") for name in bare_of_unit]
    known = {role for role, names in own.items() if any(name in names for name in plain)}
    if "strategy" not in known:
        ours = all(any(re.match(start, name, re.IGNORECASE) for name in header) for start in _OWN)
        wide = {} if ours else wide_names(header)
        for place, name in wide.items():
            new[place] = name
        if wide or ours:
            return tuple(_with_role(new, plain, "iteration", own))
    for role in own:
        new = _with_role(new, plain, role, own)
    return tuple(new)


def _with_role(new: list[str], plain: list[str], role: str, own: dict[str, tuple[str, ...]]) -> list[str]:
    """The header with one column named for a role that none plays yet."""
    if any(name.strip().casefold() in own[role] for name in new):
        return new
    for candidate in (*own[role], *_FURTHER[role]):
        places = [place for place, name in enumerate(plain) if name == candidate.strip(".")]
        if len(places) == 1:
            return [own[role][0] if place == places[0] else name for place, name in enumerate(new)]
    return new


def wide_names(header: Sequence[str]) -> dict[int, str]:
    """Columns of a wide table by position, named cost_NAME and effect_NAME; empty where no style fits all of them.

    Args:
        header: Column names.
    """
    for cost, effect in _STYLES:
        costs, effects = (_named(header, pattern) for pattern in (cost, effect))
        alike = {name.casefold() for name in costs} == {name.casefold() for name in effects}
        if len(costs) > 1 and alike and len(costs) == len(effects):
            spelt = {name.casefold(): name for name in costs}
            return {place: f"cost_{name}" for name, place in costs.items()} | {
                place: f"effect_{spelt[name.casefold()]}" for name, place in effects.items()
            }
    return {}


def _named(header: Sequence[str], pattern: str) -> dict[str, int]:
    """Strategy to position of the columns that a pattern fits; empty where a strategy comes twice."""
    matches = [(re.fullmatch(pattern, name.strip(), re.IGNORECASE), place) for place, name in enumerate(header)]
    named = [(match["name"].strip(), place) for match, place in matches if match is not None]
    return dict(named) if len({name for name, _ in named}) == len(named) else {}


def bare(name: str) -> str:
    """A column of costs alone or of effects alone as the name of its strategy: without any such word around it.

    Args:
        name: Column name.
    """
    for pair in _STYLES:
        for pattern in pair:
            match = re.fullmatch(pattern, name.strip(), re.IGNORECASE)
            if match is not None:
                return match["name"].strip()
    return name.strip()
