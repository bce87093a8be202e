"""Changed parameters put into the text of a scenario file; comments, order and everything else stay."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import AbstractTable

from sim.scenario.overrides import apply_overrides
from sim.scenario.read import WHOLE, read_chain

KEYS = ("value", "unit", "dist", "ci", "se", "range", "count", "draws", "source")


def edited(path: Path, overrides: Mapping[str, Mapping[str, object]]) -> str:
    """The text of a scenario file with other parameters.

    Args:
        path: The file; what it extends stays as it is, and what was changed there is stated here.
        overrides: Dotted path to the whole table of a quantity.

    Returns:
        The text; unchanged, byte for byte, where nothing is overridden.
    """
    chain = read_chain(path)
    text = chain.files[0].text
    if not overrides:
        return text
    document = tomlkit.parse(text)
    merged = apply_overrides(chain.tables, overrides)
    for place, table in overrides.items():
        _put(document, tuple(place.split(".")), table, merged)
    return tomlkit.dumps(document)


def _put(document: MutableMapping[str, Any], path: tuple[str, ...], table: Mapping[str, object], merged: Any) -> None:
    """Change one quantity where the file states it; else state there what the file must then say."""
    node: Any = document
    whole = merged
    for depth, key in enumerate(path):
        step: Any = int(key) - 1 if isinstance(node, list) else key
        whole = whole[int(key) - 1] if isinstance(whole, list) else whole[key]
        there = step < len(node) if isinstance(node, list) else step in node
        last = depth == len(path) - 1
        if there and not last:
            node = node[step]
        elif there:
            _replace(node, step, table)
            return
        elif last or isinstance(whole, list) or (isinstance(whole, Mapping) and WHOLE & whole.keys()):
            # A list, or a table that is replaced whole when a file extends another, is stated whole.
            node[step] = _item(whole)
            return
        else:
            node[step] = tomlkit.table()
            node = node[step]


def _replace(node: Any, step: Any, table: Mapping[str, object]) -> None:
    old = node[step]
    if not isinstance(old, AbstractTable):
        plain = table.keys() <= {"value", "unit", "dist"} and table.get("dist", "fixed") == "fixed"
        node[step] = _number(table["value"], like=old) if plain else _item(_needed(table))
        return
    stated = _stated(old, table)
    if list(old) == list(stated):
        for key, new in stated.items():
            if old[key] != new:
                old[key] = _value(new, like=old[key])
    else:
        node[step] = _item(stated)


def _stated(old: Mapping[str, Any], table: Mapping[str, object]) -> dict[str, object]:
    """The keys that a file must then state, those there in their order, new ones where the format has them.

    A unit or `dist = "fixed"` that the file left out stays out, unless a table of more than the value needs the unit.
    """
    left_out = set() if len(old) == 1 else {"unit"}
    wanted = {key: table[key] for key in KEYS if key in table and (key in old or key not in left_out)}
    if "dist" not in old and wanted.get("dist") == "fixed":
        del wanted["dist"]
    there = [key for key in old if key in wanted]
    order = there if len(there) == len(wanted) else [key for key in KEYS if key in wanted]
    return {key: wanted[key] for key in order}


def _needed(table: Mapping[str, object]) -> dict[str, object]:
    return {key: table[key] for key in KEYS if key in table and (key, table[key]) != ("dist", "fixed")}


def _item(value: Any) -> Any:
    """A value of plain Python as TOML on one line."""
    if isinstance(value, Mapping):
        parts = ", ".join(
            f"{tomlkit.key(key).as_string()} = {tomlkit.item(_item(one)).as_string()}" for key, one in value.items()
        )
        return tomlkit.parse(f"one = {{ {parts} }}")["one"]
    if isinstance(value, list | tuple):
        return [_item(child) for child in value]
    return _value(value)


def _value(value: object, like: object = None) -> Any:
    if isinstance(value, list | tuple):
        old = like if isinstance(like, list) else [None] * len(value)
        return [_number(each, like=before) for each, before in zip(value, [*old, None, None], strict=False)]
    if isinstance(value, float):
        return _number(value, like=like)
    return value


def _number(value: object, like: object = None) -> int | float:
    """A number as it would be typed: whole ones without a point, unless one stood there with it."""
    number = float(value)  # type: ignore[arg-type]
    if number.is_integer() and abs(number) < 1e15 and not (isinstance(like, float) and not isinstance(like, int)):
        return int(number)
    return number
