"""The reference of commands, written from the command line itself."""

from __future__ import annotations

import re

import typer
from typer import _click
from typer.cli import get_docs_for_click

from sim.cli import build_app

ABOUT = """
Written from the program. Every command answers `--help`. Exit status: 0 done; 1 the analysis failed; 2 an input
cannot be used, and nothing was written; 130 interrupted, and a long run says how to go on.
"""


def page() -> str:
    """Every command with its arguments, options, defaults and an example."""
    app = typer.main.get_command(build_app())
    context = _click.Context(app, info_name="igsim")
    whole = get_docs_for_click(obj=app, ctx=context, name="igsim", title="Commands")
    # The list of commands in the head has each one's words cut off; the sections below have them whole.
    sections = re.split(r"^(?=## )", whole, flags=re.MULTILINE)[1:]
    linked = [re.match(r"## `igsim ([\w-]+)`", section) for section in sections]
    links = ", ".join(f"[{match[1]}](#igsim-{match[1]})" for match in linked if match)
    text = "\n".join(["# Commands", ABOUT, links, "", *sections]).replace("igsim\\[", "igsim[")
    return re.sub(r"^((?:Example|Examples|Start with)): (igsim .*)$", r"\1: `\2`", text, flags=re.MULTILINE)
