"""Coverage-guided fuzzing of what reads files from outside: nothing but our own errors may come out.

    python -m tests.fuzz READER SECONDS [FOLDER]

needs atheris, which is not locked with the rest because it does not install everywhere. Inputs of tests/bad_input
are the seeds. An input that provokes any other exception is written into FOLDER by the fuzzer, which then ends with
its traceback; the input belongs into tests/bad_input/corpus, with the message that it should have had.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("fuzzing needs atheris: .venv/bin/pip install atheris (Linux and macOS)")

with atheris.instrument_imports(include=["sim.cea", "sim.cohort", "sim.scenario"]):
    from sim.capacity import read_starts
    from sim.cea import read_psa_table
    from sim.cohort import read_cohort
    from sim.errors import IgsimError
    from sim.scenario import load

REPOSITORY = Path(__file__).parents[2]
CORPUS = REPOSITORY / "tests/bad_input/corpus"
CENTRE = load(REPOSITORY / "scenarios/programme-shortage.toml")
TUTORIAL = load(REPOSITORY / "scenarios/tutorial.toml")
READERS: dict[str, tuple[str, str, Callable[[Path], object]]] = {
    "scenario": ("scenario", ".toml", load),
    "table": ("psa_table", ".csv", read_psa_table),
    "cohort": ("cohort", ".csv", lambda path: read_cohort(path, TUTORIAL)),
    "starts": ("starts", ".csv", lambda path: read_starts(path, CENTRE)),
    "workbook": ("parameter_sheet", ".xlsx", lambda path: read_cohort(path, TUTORIAL)),
}


def main() -> None:
    """Fuzz one reader for so many seconds."""
    name, seconds, *rest = sys.argv[1:]
    kind, ending, read = READERS[name]
    home = Path(tempfile.mkdtemp(prefix="igsim-fuzz-"))
    path, seeds = home / f"input{ending}", home / "seeds"
    seeds.mkdir()
    for seed in (CORPUS / kind).glob(f"*{ending}"):
        (seeds / seed.name).write_bytes(seed.read_bytes())
    if kind == "scenario":
        (seeds / "tutorial.toml").write_bytes((REPOSITORY / "scenarios/tutorial.toml").read_bytes())

    def once(content: bytes) -> None:
        path.write_bytes(content)
        with contextlib.suppress(IgsimError):
            read(path)

    found = f"{rest[0] if rest else home}{os.sep}"
    options = [f"-max_total_time={seconds}", f"-artifact_prefix={found}", "-max_len=20000", "-timeout=30"]
    atheris.Setup([sys.argv[0], *options, str(seeds)], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
