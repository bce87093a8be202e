"""From run folders to the page: which sections, and the page itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from sim.errors import Problem, UsageError
from sim.figures.export import NO_NETWORK
from sim.files import write_file
from sim.report.page import other_results as other
from sim.report.page.calibration_results import calibration_sections, calibration_sentences
from sim.report.page.cheers import cheers_section
from sim.report.page.folder import RunFolder, open_folder
from sim.report.page.methods import methods_section
from sim.report.page.parts import Plot, Section
from sim.report.page.programme_results import programme_sections, programme_sentences
from sim.report.page.psa_results import psa_sections, psa_sentences
from sim.report.page.run_results import run_sections, run_sentences
from sim.report.page.study import inputs_section, problem_section
from sim.report.page.trial_results import trial_sections, trial_sentences
from sim.report.page.validation import origin_section, read_verification, validation_section
from sim.report.page.voi_results import voi_sections, voi_sentences
from sim.scenario import standing_words

MOST_BYTES = 8_000_000
FIGURE_WIDTH = 940
PRINTED_WIDTH, PRINTED_HEIGHT = 680, 900
"""Pixels of the printed area of A4 at 96 to the inch, with margins of 15 mm and room for a heading."""

Sentences = Callable[[RunFolder], list[str]]
Sections = Callable[[RunFolder], list[Section]]
RESULTS: Mapping[str, tuple[Sections, Sentences]] = {
    "run": (run_sections, run_sentences),
    "psa": (psa_sections, psa_sentences),
    "tornado": (other.tornado_sections, other.tornado_sentences),
    "two-way": (other.decision_sections, other.decision_sentences),
    "threshold": (other.threshold_sections, other.threshold_sentences),
    "price": (other.price_sections, other.price_sentences),
    "sweep": (other.decision_sections, other.decision_sentences),
    "compare": (other.compare_sections, other.compare_sentences),
    "cea": (other.cea_sections, other.cea_sentences),
    "voi": (voi_sections, voi_sentences),
    "capacity": (programme_sections, programme_sentences),
    "calibrate": (calibration_sections, calibration_sentences),
    "trial": (trial_sections, trial_sentences),
}


def write_report(paths: Sequence[Path], output: Path, *, verification: Sequence[Path] = ()) -> Path:
    """Write the report of one or several run folders.

    Args:
        paths: Run folders, the main one first; a run and its probabilistic analysis make one report.
        output: HTML file.
        verification: Files that `igsim verify --format json` printed, with or without --full or --external.

    Returns:
        The file.

    Raises:
        IgsimError: A folder cannot be used, or the file cannot be written; nothing half-written is left.
    """
    if output.suffix.lower() not in {".html", ".htm"}:
        raise UsageError("the report cannot be written", [Problem("-o", str(output), "must end in .html")])
    page = report_page([open_folder(path) for path in paths], read_verification(verification))
    return write_file(output, page, "the report")


def report_page(folders: Sequence[RunFolder], verification: Mapping[str, Any] | None = None) -> str:
    """The page as text.

    Args:
        folders: What it reports, the main one first.
        verification: Document of `igsim verify`.
    """
    sections = report_sections(folders, verification)
    drawn = [item for section in sections for item in section.items if isinstance(item, Plot)]
    page: str = _template().render(
        title=_title(folders[0]),
        subtitle=_subtitle(folders[0]),
        sections=sections,
        number_of=lambda plot: next(number for number, other in enumerate(drawn) if other is plot),
        size=lambda plot: _size(plot),
        # Ours, not a user's: policy, style and library go in as they are; figures as JSON that cannot end a script.
        policy=Markup(NO_NETWORK),
        style=Markup(_text("report.css")),
        library=Markup(_library()),
        figures=Markup(_safe_json(drawn)),
        script=Markup(_text("report.js")),
    )
    return page


def report_sections(folders: Sequence[RunFolder], verification: Mapping[str, Any] | None = None) -> list[Section]:
    """All sections in order: summary, problem, methods, results of each folder, checks, inputs, checklist, origin."""
    results = [(folder, *RESULTS[folder.kind]) for folder in folders]
    scenario = folders[0].scenario
    sections = [summary_section(folders)]
    if scenario is not None:
        sections.append(problem_section(folders[0], scenario))
    sections.append(methods_section(folders, scenario))
    for place, (folder, make, _) in enumerate(results):
        for section in make(folder):
            if section.items or section.paragraphs:
                sections.append(_keyed(section, place))
    sections.append(validation_section(folders, verification))
    if scenario is not None:
        sections += [inputs_section(scenario), cheers_section(folders, scenario)]
    sections.append(origin_section(folders))
    return sections


def _keyed(section: Section, place: int) -> Section:
    """The same with an anchor of its own where several folders have a section of this name."""
    return section if place == 0 else Section(**{**vars(section), "key": f"{section.key}-{place + 1}"})


HEADS = {
    "run": "Base case",
    "psa": "Parameter uncertainty",
    "tornado": "One-way sensitivity",
    "two-way": "Two-way sensitivity",
    "threshold": "Threshold",
    "price": "Break-even price",
    "sweep": "Sweep",
    "compare": "Scenarios",
    "cea": "Outside table",
    "voi": "Value of information",
    "capacity": "Programme",
    "calibrate": "Calibration",
    "trial": "Virtual trials",
}


def summary_section(folders: Sequence[RunFolder]) -> Section:
    """What was found, in sentences made from the numbers and their uncertainty."""
    points = [(HEADS[folder.kind], tuple(RESULTS[folder.kind][1](folder))) for folder in folders]
    points.append(("How far this goes", tuple(_limits(folders))))
    words = (
        "Written from the numbers of the run and their uncertainty. It says what was found, and recommends nothing."
    )
    return Section("summary", "Summary", (words,), points=tuple(each for each in points if each[1]), lead=True)


def _limits(folders: Sequence[RunFolder]) -> list[str]:
    """What a reader must know before using the numbers."""
    limits = []
    scenario = folders[0].scenario
    if scenario is not None:
        limits.append(f"{standing_words(scenario)}; each is marked under Inputs.")
    if not any(folder.kind in ("psa", "cea", "voi", "calibrate") for folder in folders):
        limits.append(
            "Parameter uncertainty is not part of this report: inputs that were not varied stood at their base "
            "values."
        )
    several = {folder.identity for folder in folders if folder.kind not in ("compare", "cea")}
    if len(several) > 1:
        limits.append(
            "Attention: the folders of this report are of different scenarios or settings; their numbers are not "
            "of one "
            "analysis."
        )
    return limits


def _title(folder: RunFolder) -> str:
    if folder.scenario is None:
        return "Decision analysis of an outside table"
    several = len(folder.scenarios)
    return folder.scenario.title if several == 1 else f"{several} scenarios compared"


def _subtitle(folder: RunFolder) -> str:
    scenario = folder.scenario
    if len(folder.scenarios) > 1:
        return " · ".join([*(one.title for one in folder.scenarios), folder.path.name])
    parts = [f"igsim {folder.manifest['environment']['packages'].get('igsim') or ''}".strip(), folder.path.name]
    if scenario is not None:
        a = scenario.analysis
        parts = [f"{a.country}, {a.perspective}, {a.currency} of {a.price_year}", *parts]
    return " · ".join(parts)


def _size(plot: Plot) -> tuple[int, float]:
    """Height in pixels on the screen, and the scale at which it fits a printed page."""
    height = int(plot.figure.layout.height or 560)
    return height, round(min(PRINTED_WIDTH / FIGURE_WIDTH, PRINTED_HEIGHT / height), 3)


def _safe_json(drawn: Sequence[Plot]) -> str:
    """Figures as JSON inside a script: no letter of theirs can end it or begin markup."""
    text = json.dumps([json.loads(plot.figure.to_json()) for plot in drawn], ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["breakable"] = breakable
    return environment.from_string(_text("report.html"))


def breakable(text: str) -> Markup:
    """Text, escaped, that may break after the dots and underscores of a path, and before a ± but not after it."""
    kept = str(escape(text)).replace("± ", "±\u00a0")
    return Markup(re.sub(r"(?<=\w)([._/])(?=[A-Za-z])", r"\1<wbr>", kept))


def _text(name: str) -> str:
    return files("sim.report.page").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _library() -> str:
    """plotly.js, once."""
    from plotly.offline import get_plotlyjs

    text: str = get_plotlyjs()
    return text
