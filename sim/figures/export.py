"""Figures on disk: HTML that opens anywhere without a network, and images.

Images are drawn by Chromium through kaleido, which must be there; a page of HTML needs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import plotly.graph_objects as go

from sim.errors import Problem, UsageError
from sim.figures.style import HEIGHT, WIDTH
from sim.files import write_file

IMAGES = ("png", "svg", "pdf")
FORMATS = ("html", *IMAGES)

PNG_SCALE = 2
"""Pixels of a PNG for each pixel of the layout: 1800 across, enough for print at 15 cm."""

# The browser itself refuses any request from a page of ours, whatever a title or label holds.
NO_NETWORK = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:\">"
)
_CONFIG = {"responsive": True, "displaylogo": False, "toImageButtonOptions": {"format": "svg"}}


def save(figure: go.Figure, path: Path) -> Path:
    """Write one figure.

    Args:
        figure: The figure.
        path: File; its ending is the format, one of `FORMATS`.

    Returns:
        The path.

    Raises:
        UsageError: The ending is none of them, or an image is asked for and there is no browser to draw it.
        ResultsError: The file cannot be written.
    """
    save_all({path: figure})
    return path


def save_all(figures: Mapping[Path, go.Figure]) -> None:
    """Write several figures; images share one browser, which is much faster than one at a time.

    Args:
        figures: File to figure.

    Raises:
        UsageError: As for `save`; nothing is written then.
        ResultsError: A file cannot be written.
    """
    wrong = [path for path in figures if _format(path) not in FORMATS]
    if wrong:
        allowed = f"must end in one of {', '.join('.' + ending for ending in FORMATS)}"
        raise UsageError("the figure cannot be written", [Problem("-o", str(path), allowed) for path in wrong])
    contents = dict(_images({path: figure for path, figure in figures.items() if _format(path) in IMAGES}))
    contents |= {path: page(figure).encode() for path, figure in figures.items() if _format(path) == "html"}
    for path, content in contents.items():
        write_file(path, content, "the figure")


def page(figure: go.Figure) -> str:
    """A whole HTML page with the figure and all it needs; the browser is told to refuse any request."""
    text: str = figure.to_html(include_plotlyjs=True, include_mathjax=False, full_html=True, config=_CONFIG)
    return text.replace("<head>", f"<head>{NO_NETWORK}", 1)


def _format(path: Path) -> str:
    return path.suffix.lower().removeprefix(".")


def _images(figures: Mapping[Path, go.Figure]) -> list[tuple[Path, bytes]]:
    """Images in the order given, without touching the disk; no browser is started for none."""
    if not figures:
        return []
    import asyncio

    return asyncio.run(_drawn(figures))


async def _drawn(figures: Mapping[Path, go.Figure]) -> list[tuple[Path, bytes]]:
    try:
        import kaleido
        from choreographer.browsers import ChromeNotFoundError
        from choreographer.errors import BrowserFailedError
    except ImportError as error:
        raise _no_browser("no package kaleido") from error
    drawn = []
    try:
        # Without MathJax, which would come from the network.
        async with kaleido.Kaleido(mathjax=False) as browser:
            for path, figure in figures.items():
                drawn.append((path, await browser.calc_fig(figure, opts=_options(path, figure))))
    except ChromeNotFoundError as error:
        raise _no_browser("no Chromium or Chrome") from error
    except BrowserFailedError as error:
        raise _no_browser("one that did not start") from error
    return drawn


def _options(path: Path, figure: go.Figure) -> dict[str, object]:
    scale = PNG_SCALE if _format(path) == "png" else 1
    height = int(figure.layout.height or HEIGHT)
    return {"format": _format(path), "width": int(figure.layout.width or WIDTH), "height": height, "scale": scale}


def _no_browser(found: str) -> UsageError:
    install = "install kaleido and Chromium (Debian: apt-get install chromium fonts-liberation)"
    allowed = f"{install}, or ask for .html, which needs none"
    return UsageError("an image cannot be drawn", [Problem("browser", found, allowed)])
