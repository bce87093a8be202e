"""From a scenario file to a checked `Scenario`: read, override, validate shape and meaning, report all at once.

Nothing is evaluated and nothing outside the scenario's own folder is read. Start with `load`; `from_tables` does
the same for tables already in memory.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from sim.errors import Problem, ScenarioError
from sim.scenario.ages import age_contradictions
from sim.scenario.beside import refused
from sim.scenario.inherited import kept_questions
from sim.scenario.jointly import uncertain_contradictions
from sim.scenario.life_table import PATH as LIFE_TABLE
from sim.scenario.life_table import with_life_table
from sim.scenario.meaning import contradictions
from sim.scenario.overrides import ON_COMMAND_LINE, apply_overrides, path_of
from sim.scenario.posterior import read_posteriors
from sim.scenario.problems import Origins, problem, translated
from sim.scenario.quantity import shown
from sim.scenario.read import read_chain
from sim.scenario.schema import Analysis, Scenario, quantities
from sim.scenario.sections import parts_of, sound_parts

LIMIT: Final = "whole numbers have at most 19 digits (64 bits)"


def load(path: str | Path, *, overrides: Mapping[str, object] | None = None, strict: bool = False) -> Scenario:
    """Read and check a scenario file.

    Args:
        path: The TOML file.
        overrides: Values by dotted path, applied after `extends`; see `apply_overrides`.
        strict: Also ask for a source and a unit on every quantity.

    Returns:
        The validated scenario.

    Raises:
        ScenarioError: The file cannot be read or cannot be meant; carries every problem found.
    """
    chain = read_chain(Path(path))
    tables = apply_overrides(chain.tables, overrides or {})
    unread: Collection[Problem] = ()
    try:
        tables = with_life_table(tables, Path(path).parent)
    except ScenarioError as error:
        # The rest is checked without the table, so that all problems are told at once.
        unread = error.problems
        tables = {**tables, "treatment": {k: v for k, v in tables["treatment"].items() if k != LIFE_TABLE[-1]}}
    scenario = _checked(
        tables,
        chain.origins,
        overrides or {},
        name=str(path),
        strict=strict,
        unread=unread,
        replaced=chain.replaced,
    )
    scenario._kept = kept_questions(chain, tables, map(path_of, overrides or {}))
    scenario._posteriors = read_posteriors(Path(path).parent, quantities(scenario))
    scenario._source_text = chain.files[0].text
    scenario._files = tuple(str(file.path) for file in chain.files)
    return scenario


def from_tables(
    tables: Mapping[str, Any], *, overrides: Mapping[str, object] | None = None, strict: bool = False
) -> Scenario:
    """Check a scenario given as nested tables, such as `Scenario.resolved()` returns.

    Args:
        tables: Complete tables; `extends` is not followed.
        overrides: Values by dotted path; see `apply_overrides`.
        strict: Also ask for a source and a unit on every quantity.

    Returns:
        The validated scenario.

    Raises:
        ScenarioError: The tables cannot be meant; carries every problem found.
    """
    _refuse_files(overrides or {})
    changed = apply_overrides(tables, overrides or {})
    return _checked(changed, {}, overrides or {}, name="scenario", strict=strict)


def with_overrides(scenario: Scenario, overrides: Mapping[str, object]) -> Scenario:
    """The scenario with values replaced, and everything checked again.

    Sections into which no path leads are not read again, which is most of the work of `from_tables`; what all of
    them must mean together is checked anew.

    Args:
        scenario: A checked scenario.
        overrides: Values by dotted path; see `apply_overrides`.

    Returns:
        The validated scenario, as `from_tables` gives it.

    Raises:
        ScenarioError: A path leads nowhere, or the values cannot be meant; carries every problem found.
    """
    _refuse_files(overrides)
    read_again = {path_of(place)[0] for place in overrides}
    # The currency, of the analysis, decides what units are allowed everywhere; errors are told of the whole.
    if "analysis" not in read_again:
        with suppress(ScenarioError):
            return _checked(_partly_read(scenario, read_again, overrides), {}, overrides, name="", strict=False)
    return from_tables(scenario.resolved(), overrides=overrides)


def _refuse_files(overrides: Mapping[str, object]) -> None:
    """A table has no folder in which a file could be looked for."""
    for place, value in overrides.items():
        if path_of(place) == (*LIFE_TABLE, "file"):
            raise refused(place, str(value), "can be changed only where the scenario is read from its file")


def _partly_read(scenario: Scenario, read_again: set[str], overrides: Mapping[str, object]) -> dict[str, Any]:
    """Tables of the sections to read again, with values replaced, and the other sections as they were read."""
    analysis = scenario.analysis.model_copy(update={"strategies": scenario.strategy_names})
    sections = {name: getattr(scenario, name) for name in type(scenario).model_fields} | {"analysis": analysis}
    as_read = {name: section for name, section in sections.items() if section is not None and name not in read_again}
    tables = scenario.model_dump(mode="json", exclude_none=True, include=read_again)
    return apply_overrides(as_read | tables, overrides)


def _checked(
    tables: Mapping[str, Any],
    origins: Origins,
    changes: Iterable[str],
    *,
    name: str,
    strict: bool,
    unread: Collection[Problem] = (),
    replaced: Collection[tuple[str, ...]] = (),
) -> Scenario:
    origins = {**origins, **{path_of(place): ON_COMMAND_LINE for place in changes}}
    if too_large := [problem(path, shown(number), LIMIT, origins) for path, number in _too_large((), tables)]:
        raise _error(name, too_large)
    context = {"strict": strict, "currency": _currency(tables)}
    problems = set(unread)
    try:
        scenario = Scenario.model_validate(tables, context=context)
    except ValidationError as error:
        problems |= set(translated(error, tables, origins, replaced))
        wrong = [*contradictions(sound_parts(tables, context))]
    else:
        wrong = [*contradictions(parts_of(scenario))]
        wrong += [*uncertain_contradictions(scenario), *age_contradictions(scenario)]
    problems |= {problem(path, found, allowed, origins) for path, found, allowed in wrong}
    if problems:
        raise _error(name, problems)
    return scenario


def _error(name: str, problems: Collection[Problem]) -> ScenarioError:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return ScenarioError(f"{name}: {count}", sorted(problems))


def _too_large(path: tuple[str, ...], node: object) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield whole numbers outside the 64 bits that TOML promises; Python reads longer ones, but cannot print them."""
    if isinstance(node, int) and not -(2**63) <= node < 2**63:
        yield path, node
    elif isinstance(node, Mapping):
        for key, child in node.items():
            yield from _too_large((*path, str(key)), child)
    elif isinstance(node, list | tuple):
        for position, child in enumerate(node, start=1):
            yield from _too_large((*path, str(position)), child)


def _currency(tables: Mapping[str, Any]) -> str:
    analysis = tables.get("analysis")
    if isinstance(analysis, Analysis):
        return analysis.currency
    currency = analysis.get("currency") if isinstance(analysis, Mapping) else None
    return currency if isinstance(currency, str) and re.fullmatch("[A-Z]{3}", currency) else ""
