"""Where what a command found is kept: a run folder, and in it, if asked for, the report and the workbook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.errors import Problem, UsageError


@dataclass(frozen=True)
class Keeping:
    """What `--out`, `--save` and `--report` ask for.

    Attributes:
        root: Folder for run folders; None keeps nothing.
        report: Whether report and workbook are written too.
    """

    root: Path | None
    report: bool = False

    @classmethod
    def of(cls, out: Path, save: bool, report: bool) -> Keeping:
        """What the options ask for.

        Raises:
            UsageError: A report of what is not kept.
        """
        if report and not save:
            raise UsageError(
                "no report can be written", [Problem("--report", "--no-save", "needs a run folder: --save")]
            )
        return cls(out if save else None, report)

    def home(self, name: str) -> Path | None:
        """The folder of a scenario's run folders."""
        return None if self.root is None else self.root / name

    def papers(self, folder: Path | None) -> dict[str, Path]:
        """Report and workbook of a run folder by what they are, written if asked for."""
        return papers_of([folder]) if self.report and folder is not None else {}


def papers_of(runs: Sequence[Path], report: Path | None = None, verification: Sequence[Path] = ()) -> dict[str, Path]:
    """Write the report of run folders, and their workbook beside it unless the report goes elsewhere.

    Args:
        runs: Run folders, the main one first.
        report: Where the report goes; None puts it into the first folder.
        verification: What `igsim verify --format json` printed.

    Returns:
        What was written, by what it is.
    """
    from rich.console import Console

    from sim.report.page.write import write_report
    from sim.report.workbook.run_workbook import write_run_workbook

    with Console(stderr=True).status("writing the report"):
        written = {"report": write_report(runs, report or runs[0] / "report.html", verification=verification)}
        if report is None:
            written["workbook"] = write_run_workbook(runs, runs[0] / "workbook.xlsx")
    return written
