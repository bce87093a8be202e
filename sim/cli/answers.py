"""What an analysis has to say, and its way to disk and to the reader."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.cli import options as opt

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from sim.scenario import Scenario


@dataclass(frozen=True)
class Answer:
    """A finished analysis.

    Attributes:
        document: Its JSON document, without the run folder.
        tables: File stem to tidy table.
        show: Prints it, with the run folder if there is one.
        texts: File name to further text of the run folder.
    """

    document: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    show: Callable[[Console, Path | None], None]
    texts: Mapping[str, str] = field(default_factory=dict)


def hand_over(
    answer: Answer,
    scenarios: Sequence[Scenario],
    out: Path | None,
    name: str,
    started: float,
    settings: Sequence[str],
    output_format: opt.Format,
) -> None:
    """Write the run folder, unless `out` is None, and print; `started` is `time.perf_counter()` when work began."""
    from sim.report.dsa_folder import save_analysis

    seconds = time.perf_counter() - started
    folder = None
    if out is not None:
        document = dict(answer.document)
        folder = save_analysis(
            document, answer.tables, scenarios, out, name=name, seconds=seconds, settings=settings, texts=answer.texts
        )
    if output_format is opt.Format.JSON:
        opt.print_json({**answer.document, "run": {"path": str(folder) if folder else None}})
    else:
        answer.show(opt.console(), folder)
