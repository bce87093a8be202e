"""What pages may use, and how a page finds the run that can fill it."""

from __future__ import annotations

from dataclasses import dataclass

from dash import html

from sim.dashboard.bench import Bench
from sim.dashboard.library import RUN, Library, Source
from sim.dashboard.parts import Content, notice
from sim.errors import IgsimError


@dataclass(frozen=True)
class Desk:
    """The library and the bench of one dashboard."""

    library: Library
    bench: Bench


@dataclass(frozen=True)
class Suited:
    """The source that fills a page, and what to say of it.

    Attributes:
        source: None where there is none.
        note: Why it is another than the one looked at, or how to make one.
    """

    source: Source | None
    note: Content = None


def suited(desk: Desk, source: Source, tables: tuple[str, ...], commands: tuple[str, ...], what: str) -> Suited:
    """The source itself, if it has one of the tables; else the newest run of the same scenario that has.

    Args:
        desk: Where to look.
        source: What is looked at.
        tables: Tables of which one is needed.
        commands: Commands that make them; the first is recommended.
        what: What is wanted, for the message.
    """
    if any(name in source.tables for name in tables):
        return Suited(source)
    for entry in desk.library.alike(source.entry, commands):
        try:
            other = desk.library.open(entry.key)
        except IgsimError:
            continue
        if any(name in other.tables for name in tables):
            told = f"From run folder {entry.name} of the same scenario (igsim {entry.command}: {entry.words})."
            return Suited(other, html.P(told, className="provenance"))
    return Suited(None, missing(source, commands[0], what))


def no_single_scenario(source: Source, wish: str) -> Content:
    """Why there is nothing to do with a scenario here."""
    if source.entry.is_outside:
        return notice(f"This run analyses an outside table; open a scenario or one of its runs to {wish}.")
    return notice(f"This run compares several scenarios; open one of them to {wish}.")


def missing(source: Source, command: str, what: str) -> Content:
    """How to make what is not there."""
    if source.entry.is_outside:
        return notice(f"This run analyses an outside table and has no {what}.")
    if source.entry.key.startswith(RUN):
        told = f"This run has no {what}, nor has any other run folder here of the same scenario."
    else:
        told = f"No run folder here has {what} of this scenario."
    return html.Div(
        [notice(f"{told} To make one:"), html.Pre(f"igsim {command} {file_of(source)}", className="command")]
    )


def file_of(source: Source) -> str:
    """The scenario as somebody would name it on a command line."""
    name = source.entry.name.split("/")[0]
    return f"{name}.toml"
