"""Make the results pages: `python -m docs.building.results_pages [PAGE ...]`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import sim
from docs.building.results_pages.markdown import write
from docs.building.results_pages.pages import PAGES
from docs.building.results_pages.plays import Plays
from docs.building.results_pages.settings import Sizes
from sim.errors import IgsimError

HOME = Path(__file__).resolve().parents[2] / "results"
"""docs/results."""


def make(
    names: list[str], out: Path, *, part: float = 1.0, keep: Path | None = None, workers: int | None = None
) -> list[Path]:
    """Play what the pages need and write them.

    Args:
        names: Pages.
        out: Folder of the pages.
        part: Part of the usual patients and draws.
        keep: Where run folders are left; None leaves none.
        workers: Processes; None takes one a core.

    Returns:
        The files.

    Raises:
        IgsimError: Something cannot be played, drawn or written.
    """
    files = []
    with tempfile.TemporaryDirectory() as scratch, sim.workers(workers) as runner:
        plays = Plays(keep or Path(scratch), Sizes().times(part), runner, lambda text: print(text, file=sys.stderr))  # noqa: T201
        if set(names) == set(PAGES):
            plays.ahead(workers or os.cpu_count() or 1)
        for name in names:
            files += write(PAGES[name](plays).page, out)
    return files


def main() -> int:
    """Parse and make; 1 if something cannot be played or drawn."""
    parser = argparse.ArgumentParser(prog="python -m docs.building.results_pages", description=__doc__)
    parser.add_argument("pages", nargs="*", metavar="PAGE", help=f"{', '.join(PAGES)} (default: all)")
    parser.add_argument("--out", type=Path, default=HOME, help="folder of the pages")
    parser.add_argument("--part", type=float, default=1.0, help="part of the usual patients and draws, for a trial")
    parser.add_argument("--keep", type=Path, help="leave the run folders here")
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
    chosen = parser.parse_args()
    if unknown := [name for name in chosen.pages if name not in PAGES]:
        parser.error(f"no page {', '.join(unknown)}; there are {', '.join(PAGES)}")
    if chosen.workers is not None and chosen.workers < 1:
        parser.error(f"--workers {chosen.workers}: must be 1 or more")
    if not 0 < chosen.part <= 1:
        parser.error(f"--part {chosen.part:g}: must be above 0 and at most 1")
    try:
        for file in make(
            chosen.pages or list(PAGES), chosen.out, part=chosen.part, keep=chosen.keep, workers=chosen.workers
        ):
            print(file)  # noqa: T201
    except IgsimError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
