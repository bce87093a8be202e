"""Coverage-guided fuzzing of what reads files from outside: nothing but our own errors may come out.

    python -m tests.fuzz READER SECONDS [FOLDER]

needs atheris, which is not locked with the rest because it does not install everywhere. Inputs of tests/bad_input
are the seeds. A workbook is a zip archive, whose bytes a fuzzer only ever breaks. So for the reader `archive` an
input is the new content of one part of a sound parameter sheet, chosen by its first byte; for the reader `sheet` it
is a list of edits of cells in memory (`tests.fuzz.sheet`), and a sheet that is taken is written as a scenario too,
which must say the same. An input that provokes any other exception is written into FOLDER by the fuzzer, which then
ends with its traceback; the input belongs into tests/bad_input/corpus, with the message that it should have had.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("fuzzing needs atheris: .venv/bin/pip install atheris (Linux and macOS)")

with atheris.instrument_imports(
    include=["sim.capacity", "sim.cea", "sim.cohort", "sim.report.workbook", "sim.scenario"]
):
    from sim.capacity import read_starts
    from sim.cea import read_psa_table
    from sim.cohort import read_cohort
    from sim.errors import IgsimError
    from sim.report.workbook.changes import read_changes
    from sim.report.workbook.parameters import export_parameters
    from sim.scenario import load

from tests.fuzz.sheet import Sheet

REPOSITORY = Path(__file__).parents[2]
CORPUS = REPOSITORY / "tests/bad_input/corpus"
CENTRE = load(REPOSITORY / "scenarios/programme-shortage.toml")
TUTORIAL_FILE = REPOSITORY / "scenarios/tutorial.toml"
TUTORIAL = load(TUTORIAL_FILE)
WORKBOOK = "parameter_sheet"
READERS: dict[str, tuple[str, str, Callable[[Path], object]]] = {
    "scenario": ("scenario", ".toml", load),
    "table": ("psa_table", ".csv", read_psa_table),
    "cohort": ("cohort", ".csv", lambda path: read_cohort(path, TUTORIAL)),
    "starts": ("starts", ".csv", lambda path: read_starts(path, CENTRE)),
    "archive": (WORKBOOK, ".xlsx", lambda path: read_changes(path, TUTORIAL_FILE)),
    "sheet": (WORKBOOK, ".xlsx", lambda path: None),
}


def main() -> None:
    """Fuzz one reader for so many seconds."""
    name, seconds, *rest = sys.argv[1:]
    kind, ending, read = READERS[name]
    home = Path(tempfile.mkdtemp(prefix="igsim-fuzz-"))
    path, seeds = home / f"input{ending}", home / "seeds"
    seeds.mkdir()
    for seed in () if kind == WORKBOOK else (CORPUS / kind).glob(f"*{ending}"):
        (seeds / seed.name).write_bytes(seed.read_bytes())
    if kind == "scenario":
        (seeds / "tutorial.toml").write_bytes(TUTORIAL_FILE.read_bytes())
    parts = _parts_of_a_sound_sheet(home) if name == "archive" else {}
    for number, part in enumerate(parts):
        (seeds / f"part-{number}").write_bytes(bytes([number]) + parts[part])
    sheet = Sheet(TUTORIAL_FILE, home) if name == "sheet" else None
    for number in range(64 if sheet else 0):
        (seeds / f"edits-{number}").write_bytes(random.Random(number).randbytes(100))

    def once(content: bytes) -> None:
        with contextlib.suppress(IgsimError):
            if sheet:
                sheet.read_edited(atheris.FuzzedDataProvider(content))
                return
            if parts:
                changed = list(parts)[content[0] % len(parts)] if content else ""
                _write_sheet(path, parts | {changed: content[1:]})
            else:
                path.write_bytes(content)
            read(path)

    found = f"{rest[0] if rest else home}{os.sep}"
    options = [f"-max_total_time={seconds}", f"-artifact_prefix={found}", "-max_len=20000", "-timeout=30"]
    atheris.Setup([sys.argv[0], *options, str(seeds)], once)
    atheris.Fuzz()


def _parts_of_a_sound_sheet(home: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(export_parameters(TUTORIAL, home / "sound.xlsx")) as book:
        return {name: book.read(name) for name in book.namelist()}


def _write_sheet(path: Path, parts: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            book.writestr(name or "nothing", content)


if __name__ == "__main__":
    main()
