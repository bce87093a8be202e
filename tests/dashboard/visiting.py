"""A page of the dashboard as its user has it: opened, waited for, moved about on, looked over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.dashboard.conftest import PRICE

SHOTS = Path(__file__).parents[2] / "build" / "screenshots"
PRICE_BOX = "Price (USD per gram)"
LONG = 90_000  # ms: for a machine that has much else to do


@contextmanager
def visitor(browser: Any, url: str) -> Iterator[tuple[Callable[..., Any], list[str]]]:
    """Opens a page as a user of one's own; and what went wrong on it, or was asked of another machine."""
    contexts: list[Any] = []
    wrong: list[str] = []

    def asked(request: Any) -> None:
        if not request.url.startswith((url, "data:", "blob:")):
            wrong.append(f"asked elsewhere: {request.url}")

    def open_page(path: str, width: int = 1280, height: int = 900) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True)
        context.set_default_timeout(LONG)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", asked)
        page.on("response", lambda r: wrong.append(f"{r.status} {r.url}") if r.status >= 400 else None)
        page.goto(url + path)
        page.wait_for_selector("#body > *", state="attached")
        return page

    yield open_page, wrong
    for context in contexts:
        context.close()


def until(page: Any, condition: str, argument: Any = None) -> None:
    """Wait until an expression of the page holds; asked again and again, as the page forbids evaluating texts."""
    end = time.monotonic() + LONG / 1000
    while not page.evaluate(condition, argument):
        assert time.monotonic() < end, f"never came true: {condition} {argument or ''}"
        page.wait_for_timeout(40)


def settled(page: Any) -> None:
    """Wait until every figure is drawn and the what-if, if there is one, has answered."""
    until(
        page,
        """() => [...document.querySelectorAll(".dash-graph")].every((each) => each.querySelector(".main-svg"))
            && (!document.getElementById("status") || document.getElementById("status").textContent !== "")""",
    )


def slider(page: Any, name: str = PRICE_BOX) -> Any:
    return page.get_by_label(f"{name}, slider", exact=True)


def move(page: Any, steps: int) -> str:
    """Move the slider of the price by so many steps of 1, and wait until what is shown is the answer to the last.

    Where it goes is known beforehand; the box follows the slider, and what it reads on the way is not where it ends.
    """
    there = f"{float(slider(page).input_value()) + steps:g}"
    slider(page).focus()
    for _ in range(abs(steps)):
        page.keyboard.press("ArrowLeft" if steps < 0 else "ArrowRight")
    until(
        page,
        "(set) => `${document.getElementById('command').textContent} `.includes(set)",
        f" --set {PRICE}={there} ",
    )
    return there


def box(page: Any, name: str = PRICE_BOX) -> Any:
    return page.get_by_label(name, exact=True)


def text_changes(page: Any, selector: str, old: str) -> str:
    """The text of an element once it is another than `old`."""
    until(
        page,
        "([selector, old]) => { const e = document.querySelector(selector); return e && e.textContent !== old; }",
        [selector, old],
    )
    return str(page.text_content(selector))


def fits(page: Any, name: str, width: int) -> None:
    """Keep a screenshot; nothing but a table scrolls sideways, and no figure or text leaves its card.

    640 pixels are what a window of 1280 has at 200 % zoom.
    """
    SHOTS.mkdir(parents=True, exist_ok=True)
    settled(page)
    page.screenshot(path=SHOTS / f"{name}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    cut = page.evaluate(
        """() => [...document.querySelectorAll(".card")].filter((card) => {
            const box = card.getBoundingClientRect();
            return [...card.querySelectorAll(".main-svg, h3, .reading")].some(
                (each) => each.getBoundingClientRect().right > box.right + 1); }).length"""
    )
    assert cut == 0, name
