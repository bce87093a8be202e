"""Mutation testing of sim/model and sim/cea: does a test fail where the code is changed?

    python -m tests.mutants NUMBER SEED

changes one thing at a time in NUMBER places drawn by chance from all that mutmut can think of, runs the tests that
reach the place, and lists the changes that no test noticed. It needs mutmut, which is not locked with the rest; it
works on a copy in mutants/. A mutant takes seconds to minutes. What came of it stands in docs/robustness.md.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
KILLED = 1
LAST_WORDS = 4000
FATES = {0: "survived", 33: "no test reaches it", None: "not tried"}
"""What the exit codes mean that mutmut keeps for a mutant."""


def outcomes() -> Iterator[tuple[str, int | None]]:
    """Every mutant there is, and what came of it so far."""
    for path in sorted((REPOSITORY / "mutants").rglob("*.meta")):
        yield from json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"].items()


def mutmut(*arguments: str) -> str:
    """What mutmut says; ends with its last words where it gives up, as when a test fails without any change."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if re.search(r"\bfailed to\b|stopping early", done.stdout, re.IGNORECASE):
        sys.exit(f"mutmut gave up:\n{done.stdout[-LAST_WORDS:]}")
    return done.stdout


def main() -> None:
    """Draw mutants, try them, and list what was not noticed."""
    number, seed = map(int, sys.argv[1:])
    mutmut("run", "--max-children", "1", "none of them: makes the mutants and notes which test reaches what")
    names = [name for name, _ in outcomes()]
    if not names:
        sys.exit("no mutants were made; is mutmut there? .venv/bin/pip install mutmut")
    drawn = set(random.Random(seed).sample(names, min(number, len(names))))
    mutmut("run", "--max-children", "2", *sorted(drawn))
    found = {name: code for name, code in outcomes() if name in drawn}
    killed = sum(code == KILLED for code in found.values())
    print(f"{killed} of {len(found)} mutants were noticed, of {len(names)} that there are")
    for name, code in sorted(found.items()):
        if code != KILLED:
            fate = FATES.get(code, f"ended with {code}")
            print(f"\n{name}: {fate}\n{mutmut('show', name)}")


if __name__ == "__main__":
    main()
