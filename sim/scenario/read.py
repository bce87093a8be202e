"""Scenario files on disk: bytes to tables, and `extends` followed and merged.

Only files in the folder of the main file, or below it, are read. Whether the tables make sense is not known here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeGuard

from sim.errors import Problem, ScenarioError
from sim.scenario.quantity import shown, suggestion

FORMAT: Final = 1
MAX_BYTES: Final = 1_000_000
MAX_DEPTH_OF_TABLES: Final = 20
MAX_CHAIN: Final = 10

# A table stated with one of these keys is one thing, and replaces the whole when a file extends another.
WHOLE: Final = frozenset({"value", "distribution", "rule"})


@dataclass(frozen=True)
class File:
    """One file of a chain.

    Attributes:
        path: As opened.
        text: Verbatim.
        tables: Parsed, without `extends`.
        extends: What the file extends, as written; empty for nothing.
    """

    path: Path
    text: str
    tables: dict[str, Any]
    extends: str


@dataclass
class Chain:
    """A scenario file and what it extends, merged.

    Attributes:
        tables: Merged tables.
        origins: File in which the value at a path was written, for the paths where it changes.
        files: The files, main file first.
        replaced: Paths of tables in place of which a file put one of its own.
    """

    tables: dict[str, Any] = field(default_factory=dict)
    origins: dict[tuple[str, ...], str] = field(default_factory=dict)
    files: list[File] = field(default_factory=list)
    replaced: set[tuple[str, ...]] = field(default_factory=set)


def read_chain(path: Path) -> Chain:
    """Read a scenario file and everything it extends.

    Raises:
        ScenarioError: A file cannot be found, read or parsed, or `extends` leads out, astray or in a circle.
    """
    files = [_read(path)]
    folder = path.parent
    while (last := files[-1]).extends:
        base = _base_of(last, folder)
        names = [file.path for file in files]
        if _same(base) in map(_same, names):
            circle = " -> ".join(_below(name, folder) for name in [*names, base])
            raise _one(last.path, "extends", shown(last.extends), f"goes in a circle: {circle}")
        if len(names) > MAX_CHAIN:
            allowed = f"a chain of extends may have at most {MAX_CHAIN} steps"
            raise _one(last.path, "extends", shown(last.extends), allowed)
        files.append(_read(base))
    return merged(files)


def merged(files: list[File]) -> Chain:
    """A file and those that it extends, the main file first, as one."""
    chain = Chain(files=files)
    for file in reversed(files):
        chain.origins[()] = str(file.path)
        _merge(chain, chain.tables, file.tables, (), str(file.path))
    return chain


def _merge(chain: Chain, base: dict[str, Any], over: Mapping[str, Any], path: tuple[str, ...], file: str) -> None:
    origins = chain.origins
    for key, new in over.items():
        here, old = (*path, key), base.get(key)
        origins[here] = file
        if not _is_open(new):
            base[key] = new
        else:
            if not _is_open(old):
                # A key of a rule or distribution may be changed alone, one of a quantity may not.
                old = base[key] = dict(old) if isinstance(old, dict) and "value" not in old else {}
            _merge(chain, old, new, here, file)
        if isinstance(old, dict) and not _is_open(new):
            chain.replaced.add(here)
            for stale in [place for place in origins if place[: len(here)] == here and place != here]:
                del origins[stale]


def _is_open(node: object) -> TypeGuard[dict[str, Any]]:
    """Whether a node is a table whose keys are replaced one by one."""
    return isinstance(node, dict) and not WHOLE & node.keys()


def _read(path: Path) -> File:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _one(path, "the file", "", f"cannot be read: {reason}") from error
    if len(content) > MAX_BYTES:
        raise _one(path, "the file", "more than 1 MB", f"a scenario has at most {MAX_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"byte 0x{content[error.start]:02x} at position {error.start}"
        raise _one(path, "the file", found, "must be UTF-8 text") from error
    tables = _parsed(path, text)
    _check_depth(path, tables)
    _check_format(path, tables)
    extends = tables.pop("extends", None)
    if extends is not None and (not isinstance(extends, str) or not extends):
        raise _one(path, "extends", shown(extends), 'must be the name of a file, such as "base-case.toml"')
    return File(path, text, tables, extends or "")


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise _one(path, "the file", "", "is nested too deeply") from error
    except ValueError as error:
        message = str(error)
        match = re.search(r"\(at line (\d+), column \d+\)", message)
        line = text.splitlines()[int(match[1]) - 1] if match and int(match[1]) <= len(text.splitlines()) else ""
        hint = "; numbers take a decimal point, not a comma" if re.search(r"=\s*[-+]?\d+,\d", line) else ""
        raise _one(path, "the file", "", f"is not valid TOML: {message}{hint}") from error


def _check_depth(path: Path, tables: Mapping[str, Any]) -> None:
    level: list[Any] = [tables]
    for _ in range(MAX_DEPTH_OF_TABLES):
        level = [child for node in level for child in (node.values() if isinstance(node, dict) else node)]
        level = [node for node in level if isinstance(node, dict | list)]
    if level:
        raise _one(path, "the file", "", "is nested too deeply")


def _check_format(path: Path, tables: Mapping[str, Any]) -> None:
    version = tables.get("format")
    if version is None:
        raise _one(path, "format", "", f"is missing; a scenario file begins with format = {FORMAT}")
    if isinstance(version, bool) or version != FORMAT or not isinstance(version, int):
        newer = "; this file is for a newer igsim" if isinstance(version, int) and version > FORMAT else ""
        raise _one(path, "format", shown(version), f"must be {FORMAT}{newer}")


def _base_of(file: File, folder: Path) -> Path:
    """Return the path of what a file extends, refusing to leave the main file's folder."""
    name = file.extends
    parts = PurePosixPath(name).parts
    if "\\" in name or ":" in name or "\0" in name or name.startswith(("/", "~")) or ".." in parts or not parts:
        allowed = "must name a file in the same folder or below, without .., drive or leading /"
        raise _one(file.path, "extends", shown(name), allowed)
    base = file.path.parent / name
    if not _same(base).is_relative_to(_same(folder)):
        raise _one(file.path, "extends", shown(name), "leads out of the folder of the scenario")
    if not base.is_file():
        there = sorted(other.name for other in base.parent.glob("*.toml"))
        hint = suggestion(base.name, there)
        raise _one(file.path, "extends", shown(name), f"there is no such file beside {file.path.name}{hint}")
    return base


def _same(path: Path) -> Path:
    return path.resolve()


def _below(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _one(path: Path, place: str, found: str, allowed: str) -> ScenarioError:
    return ScenarioError(f"{path}: 1 problem", [Problem(place, found, allowed, str(path))])
