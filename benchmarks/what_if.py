"""How long the dashboard takes from a moved slider to what it draws: `python -m benchmarks.what_if [--moves N]`.

A dashboard of its own on a free port, a headless Chromium, the base case with 20,000 patients under every strategy.
One arrow key moves a slider by a step; the page notes when what is in its window was painted, and when everything
was. That is time that passes, and grows with whatever else the machine does; the processor time of the answer, which
is this process' own, does not.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from threading import Thread

from playwright.sync_api import Page, sync_playwright

from sim.dashboard.server import create_app, listen
from sim.scenario import shipped_scenarios

SLIDERS = ("Price (USD per gram)", "Hazard ratio, grade ≥ 3", "Rates, grade ≥ 3, all causes (× base)")
MEASURES = ("in the window", "everything", "answer, CPU")
LONGEST = 60.0
"""Seconds after which a move counts as lost."""
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


def until(page: Page, condition: str) -> None:
    """Wait until an expression of the page holds."""
    end = time.monotonic() + LONGEST
    while not page.evaluate(condition):
        if time.monotonic() > end:
            message = f"never came true: {condition}"
            raise TimeoutError(message)
        page.wait_for_timeout(50)


def move(page: Page) -> tuple[float, ...]:
    """Milliseconds of one move, in the order of `MEASURES`."""
    page.evaluate("() => { delete document.getElementById('answer').dataset.whole; }")
    answering = time.process_time()
    page.keyboard.press("ArrowLeft")
    until(page, "document.getElementById('answer').dataset.whole !== undefined")
    seen, whole = page.evaluate("(({ seen, whole }) => [+seen, +whole])(document.getElementById('answer').dataset)")
    return seen, whole, 1000 * (time.process_time() - answering)


def measured(page: Page, moves: int) -> dict[str, list[tuple[float, ...]]]:
    """All moves of every slider."""
    found = {}
    for name in SLIDERS:
        page.get_by_label(f"{name}, slider", exact=True).focus()
        move(page)  # the first one may play what is kept from then on
        found[name] = [move(page) for _ in range(moves)]
    return found


def main() -> None:
    """Print a table of medians and, in brackets, of the least."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=10)
    moves = parser.parse_args().moves
    with tempfile.TemporaryDirectory() as empty, sync_playwright() as driver:
        server = listen(create_app(Path(empty), shipped_scenarios()), "127.0.0.1", 0)
        Thread(target=server.serve_forever, daemon=True).start()
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"http://127.0.0.1:{server.port}/what-if?look_at=scenario:base-case")
        until(page, "(document.getElementById('answer') || { dataset: {} }).dataset.whole !== undefined")
        sys.stdout.write("| moved (ms) | " + " | ".join(MEASURES) + " |\n|---|" + "--:|" * len(MEASURES) + "\n")
        for name, rows in measured(page, moves).items():
            cells = (f"{median(values):.0f} ({min(values):.0f})" for values in zip(*rows, strict=True))
            sys.stdout.write(f"| {name} | " + " | ".join(cells) + " |\n")
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main()
