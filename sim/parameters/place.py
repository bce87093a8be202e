"""A scenario with other values in some of its places, sharing everything else with the first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from sim.parameters.draws import DrawTable
from sim.scenario import Quantity, Scenario


def at_draw(scenario: Scenario, table: DrawTable, i: int) -> Scenario:
    """The scenario at one draw.

    Args:
        scenario: The scenario that was drawn from.
        table: Its draws.
        i: Which, from 0.

    Returns:
        A scenario with the drawn values in place. It is not validated again: draws lie within the bounds of their
        fields and satisfy the rules that join them.
    """
    return with_values(scenario, dict(zip(table.paths, table.matrix[i].tolist(), strict=True)))


def with_values(scenario: Scenario, values: Mapping[str, float]) -> Scenario:
    """The scenario with other values of some quantities.

    Args:
        scenario: A validated scenario.
        values: Dotted path of a quantity to its value, within the bounds of its field.

    Returns:
        A scenario that shares with the given one whatever lies on no path; its text and files are those of the
        given one, its digest is not.
    """
    tree: dict[str, Any] = {}
    for path, value in values.items():
        node = tree
        *tables, last = path.split(".")
        for key in tables:
            node = node.setdefault(key, {})
        node[last] = value
    changed: Scenario = _with(scenario, tree)
    return changed


def _with(node: Any, tree: Any) -> Any:
    """The node with the values of the tree in place."""
    if isinstance(node, Quantity):
        return _changed(node, {"value": tree})
    if isinstance(node, BaseModel):
        return _changed(node, {key: _with(getattr(node, key), below) for key, below in tree.items()})
    if isinstance(node, Mapping):
        return {**node, **{key: _with(node[key], below) for key, below in tree.items()}}
    items = list(node)
    for position, below in tree.items():
        items[int(position) - 1] = _with(items[int(position) - 1], below)
    return tuple(items)


def _changed(node: BaseModel, values: Mapping[str, Any]) -> BaseModel:
    """A copy with other values of some fields, for values that need no validation.

    Does what `model_copy` does, without its generality: a draw sets a hundred places, a thousand times over.
    """
    copy = type(node).__new__(type(node))
    object.__setattr__(copy, "__dict__", {**node.__dict__, **values})
    object.__setattr__(copy, "__pydantic_extra__", node.__pydantic_extra__)
    object.__setattr__(copy, "__pydantic_fields_set__", node.__pydantic_fields_set__ | values.keys())
    object.__setattr__(copy, "__pydantic_private__", node.__pydantic_private__)
    return copy
