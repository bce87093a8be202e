"""AdViSHE: what is answered, where, and what is left to the authors of an analysis (Vemer et al. 2016)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files

STATES = {"tool": "settled here", "part": "in part", "author": "for the authors"}


@dataclass(frozen=True)
class Question:
    """One question of the checklist.

    Attributes:
        part: Its number, such as "C2".
        title: What it asks about.
        done: One of `STATES`.
        answer: What igsim answers.
    """

    part: str
    title: str
    done: str
    answer: str


def questions() -> tuple[Question, ...]:
    """All questions, in the order of the checklist."""
    text = files("sim.verify").joinpath("advishe.toml").read_text(encoding="utf-8")
    return tuple(Question(**each) for each in tomllib.loads(text)["question"])
