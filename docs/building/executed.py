"""Commands shown on a page are run, and what they print is put under them.

A page is played from top to bottom in a scratch folder that holds a copy of `scenarios/`:

- a `console` block holds lines `$ command`; under each goes what it printed. `console fails` shows commands that are
  refused. `console lines=20` keeps the first and last lines of what is longer;
- a `toml`, `csv` or `python` block with `title="name"` is written to that file first;
- SVG files that the commands leave in the folder can be shown as pictures: `![what](PAGE/name.svg)`.

Nothing is kept from an older build unless neither the program, the scenarios nor the page's blocks have changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "docs"
LONGEST_SECONDS = 300
WIDTH = 118
BLOCK = re.compile(r"^```(?P<kind>[a-z]+)(?P<how>[^\n]*)\n(?P<body>.*?)^```$", flags=re.DOTALL | re.MULTILINE)
TITLE = re.compile(r'title="([^"]+)"')
LINES = re.compile(r"lines=(\d+)")


class CommandError(Exception):
    """A command of a page did not end as the page says."""


@dataclass(frozen=True)
class Played:
    """A page whose commands have been run.

    Attributes:
        markdown: The page with the output under each command.
        pictures: SVG files left behind, by name.
    """

    markdown: str
    pictures: dict[str, str]


def play(name: str, markdown: str) -> Played:
    """Run the commands of a page, or take what an equal page gave before.

    Args:
        name: The page's path without its ending, such as `tutorial`.
        markdown: Its text.

    Raises:
        CommandError: A command ended otherwise than the page says.
    """
    if not any("$ " in match["body"] for match in BLOCK.finditer(markdown) if match["kind"] == "console"):
        return Played(markdown, {})
    return Played(**remembered(name + markdown, lambda: _played(name, markdown)))


def remembered(key: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `make` gives, or gave for the same key, program and scenarios.

    Args:
        key: What it depends on beside the program and the scenarios.
        make: Called where nothing is kept; its value must be what JSON can hold.
    """
    kept = CACHE / f"{hashlib.sha256((key + _program()).encode()).hexdigest()}.json"
    if not kept.exists():
        value = make()
        CACHE.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(value), encoding="utf-8")
    found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    return found


def _played(name: str, markdown: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="igsim-docs-") as scratch:
        folder = Path(scratch)
        shutil.copytree(ROOT / "scenarios", folder / "scenarios")
        text = BLOCK.sub(lambda match: _block(name, match, folder), markdown)
        pictures = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.svg"))}
    return {"markdown": text, "pictures": pictures}


def _block(name: str, match: re.Match[str], folder: Path) -> str:
    """A block as the reader sees it."""
    kind, how, body = match["kind"], match["how"], match["body"]
    if title := TITLE.search(how):
        (folder / title[1]).write_text(body, encoding="utf-8")
    if kind != "console":
        return match[0]
    limit = LINES.search(how)
    shown = []
    for line in body.splitlines():
        shown.append(line)
        if line.startswith("$ "):
            shown += _shortened(_run(name, line[2:], folder, fails="fails" in how), int(limit[1]) if limit else None)
    return "\n".join(["```console", *shown, "```"])


def _run(name: str, command: str, folder: Path, *, fails: bool) -> list[str]:
    """Lines that a command prints, with its complaints."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    plain = {"PATH": path, "COLUMNS": str(WIDTH), "NO_COLOR": "1", "TERM": "dumb", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, **plain},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    if (done.returncode != 0) != fails:
        message = f"{name}: `{command}` ended with {done.returncode}:\n{done.stdout[-2000:]}"
        raise CommandError(message)
    return [line.rstrip() for line in done.stdout.replace(str(folder), ".").strip("\n").splitlines()]


def _shortened(lines: list[str], limit: int | None) -> list[str]:
    if limit is None or len(lines) <= limit:
        return lines
    head = limit - limit // 4
    return [*lines[:head], "...", *lines[len(lines) - limit // 4 :]]


@cache
def _program() -> str:
    """Digest of everything that a command's output depends on."""
    found = hashlib.sha256()
    for path in sorted([*(ROOT / "sim").rglob("*.py"), *(ROOT / "scenarios").iterdir(), Path(__file__)]):
        if path.is_file():
            found.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return found.hexdigest()
