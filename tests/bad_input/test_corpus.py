"""Broken inputs, each a file named for its fault with the message beside it: one clear refusal, and nothing else.

The folder says what is done with the file: a scenario (and one with targets) is validated, a cohort played, a table
of draws analysed, a run folder plotted, a parameter sheet imported, starts put before a programme; life tables and
posterior draws are named by a sound scenario. A file of options holds the words of a command line; one of edits what
is changed in a fresh parameter sheet, `input | column | value as JSON` a line. Each ends with exit status 2, the
message on standard error, nothing on standard output and nothing written.

In messages {here} stands for the folder of the file, {given} for one in which it was put beside a sound scenario,
{row} for a row of a sheet, {scenarios} for the folder of the shipped scenarios and {shipped} for their names.
`python -m tests.bad_input.test_corpus` writes the messages of files that have none, to be read and judged before they
are kept.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from sim.cli import build_app
from sim.report.workbook.parameters import COLUMNS, export_parameters
from sim.scenario import load

CORPUS = Path(__file__).parent / "corpus"
REPOSITORY = Path(__file__).parents[2]
BROKEN = sorted(
    path
    for kind in CORPUS.iterdir()
    if kind.is_dir()
    for path in kind.iterdir()
    if path.suffix != ".txt" and not path.name.startswith("sound")
)
PLACES = {
    "scenarios": REPOSITORY / "scenarios",
    "base": REPOSITORY / "scenarios/base-case.toml",
    "tutorial": REPOSITORY / "scenarios/tutorial.toml",
    "table": CORPUS / "psa_table/sound.csv",
}
VALID = REPOSITORY / "tests/scenario/faults/valid.toml"
BESIDE_A_SCENARIO = ("life_table", "parameter_sheet", "posterior", "targets")
SHIPPED = ", ".join(sorted(path.stem for path in PLACES["scenarios"].glob("*.toml")))


def arguments(path: Path, folder: Path) -> list[str]:
    """The command line that hands a broken input to igsim; what it needs besides is put into `folder`."""
    kind = path.parent.name
    if kind in BESIDE_A_SCENARIO:
        shutil.copy(VALID, folder)
        shutil.copy((path.parent if kind == "targets" else CORPUS) / "sound.toml", folder)
        (folder / "life_table").mkdir()
        shutil.copy(CORPUS / "life_table/sound.csv", folder / "life_table")
    sound = str(folder / "sound.toml")
    match kind:
        case "cohort":
            return ["run", str(PLACES["base"]), "--cohort", str(path)]
        case "life_table":
            shutil.copy(path, folder / kind)
            return ["validate", sound, "--set", f"treatment.life_table.file={kind}/{path.name}"]
        case "parameter_sheet":
            book = edited_sheet(path, folder) if path.suffix == ".edits" else path
            return ["excel", "import", str(book), sound, "-o", "imported.toml"]
        case "posterior":
            (folder / kind).mkdir()
            shutil.copy(path, folder / kind)
            drawn = f'{{ value = 0.4, dist = "empirical", draws = "{kind}/{path.name}" }}'
            return ["validate", sound, "--set", f"immunoglobulin.hr.grade_3plus={drawn}"]
        case "psa_table":
            return ["cea", str(path)]
        case "run_folder":
            return ["plot", str(path), "costs_by_item"]
        case "scenario":
            return ["validate", str(path)]
        case "starts":
            return ["capacity", str(PLACES["scenarios"] / "programme-shortage.toml"), "--arrivals", str(path)]
        case "targets":
            return ["validate", shutil.copy(path, folder)]
    return shlex.split(path.read_text(encoding="utf-8").format(**PLACES))


def edits(path: Path) -> Iterator[tuple[str, str, object]]:
    """Input, column and new value of each line of a file of edits."""
    for line in path.read_text(encoding="utf-8").splitlines():
        name, column, value = line.split(" | ")
        yield name, column, json.loads(value)


def edited_sheet(path: Path, folder: Path) -> Path:
    """The parameter sheet of the sound scenario, as the file of edits changes it."""
    sheet_path = export_parameters(load(folder / "sound.toml"), folder / f"{path.stem}.xlsx")
    book = openpyxl.load_workbook(sheet_path)
    sheet = book["Parameters"]
    rows = {str(line[0].value): line[0].row for line in sheet.iter_rows()}
    for name, column, value in edits(path):
        sheet.cell(rows[name], COLUMNS.index(column) + 1).value = value
    book.save(sheet_path)
    return sheet_path


def expectation(path: Path) -> Path:
    return path.with_name(f"{path.name}.txt")


def refusal(path: Path, folder: Path) -> tuple[int, str, str, list[str]]:
    """Exit status, standard output, standard error in words that hold on any machine, and files written."""
    home, given = folder / "home", folder / "given"
    home.mkdir()
    given.mkdir()
    words_given = arguments(path, given)
    with chdir(home):
        said = CliRunner(env={"COLUMNS": "120", "TERM": "dumb"}).invoke(build_app(), words_given)
    assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
    words = (
        said.stderr.replace(str(path.parent), "{here}")
        .replace(str(given), "{given}")
        .replace(str(PLACES["scenarios"]), "{scenarios}")
    )
    words = words.replace(str(PLACES["table"].parent), "{tables}").replace(SHIPPED, "{shipped}")
    words = re.sub(r"(Parameters![A-Z]+|is there already, in row )\d+", r"\1{row}", words)
    return said.exit_code, said.stdout, words, sorted(each.name for each in home.iterdir())


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_broken_input_gets_one_clear_refusal_and_leaves_nothing(path: Path, tmp_path: Path) -> None:
    status, out, err, written = refusal(path, tmp_path)
    assert err == expectation(path).read_text(encoding="utf-8")
    assert (status, out, written) == (2, "", [])


def zipped(name: str, size: int) -> bytes:
    """An archive of one part that is enormous once unpacked."""
    content = io.BytesIO()
    with (
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as parts,
        parts.open(name, "w", force_zip64=True) as part,
    ):
        for _ in range(size // 10**6 + 1):
            part.write(b" " * 10**6)
    return content.getvalue()


def repeated(rows: int) -> bytes:
    """A Parquet file that says in a few bytes that a cost repeats."""
    content, groups = io.BytesIO(), 10
    group = pa.table({"cost": pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows // groups, np.int8)), ["1"])})
    with pq.ParquetWriter(content, group.schema) as writer:
        for _ in range(groups):
            writer.write_table(group)
    return content.getvalue()


@pytest.mark.parametrize(
    ("kind", "name", "content", "told"),
    [
        ("scenario", "large.toml", lambda: b"#" * 1_000_001, "a scenario has at most 1000000 bytes"),
        ("life_table", "large.csv", lambda: b"age,male,female\n" + b"#\n" * 500_000, "at most 1,000,000 bytes"),
        ("life_table", "cell.csv", lambda: b"age,male,female\n50,0.1,0." + b"1" * 200_000, "field larger than"),
        ("posterior", "large.csv", lambda: 200_000_001, "must have at most 200,000,000 bytes"),
        ("posterior", "long.parquet", lambda: repeated(50_000_010), "at most 50,000,000 cells"),
        ("psa_table", "large.csv", lambda: 200_000_001, "at most 200,000,000 bytes"),
        ("psa_table", "bomb.csv.gz", lambda: gzip.compress(b" " * 200_000_001, 1), "also once unpacked"),
        ("psa_table", "bomb.xlsx", lambda: zipped("xl/workbook.xml", 200_000_001), "also once unpacked"),
        ("cohort", "long.parquet", lambda: repeated(50_000_010), "found 50,000,010 cells; at most 50,000,000"),
        ("starts", "large.csv", lambda: 200_000_001, "at most 200,000,000 bytes"),
        ("parameter_sheet", "large.xlsx", lambda: 20_000_001, "must have at most 20,000,000 bytes"),
        ("parameter_sheet", "bomb.xlsx", lambda: zipped("xl/workbook.xml", 200_000_001), "200,000,000 once unpacked"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value and " " not in value else "",
)
def test_an_enormous_file_is_refused_before_it_is_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    name: str,
    content: Callable[[], bytes | int],
    told: str,
) -> None:
    """Content is made here and not kept; a number is the size of a file full of nothing."""
    corpus = tmp_path / "corpus"
    (corpus / kind).mkdir(parents=True)
    path, made = corpus / kind / name, content()
    path.write_bytes(made if isinstance(made, bytes) else b"")
    if isinstance(made, int):
        os.truncate(path, made)
    (tmp_path / "folder").mkdir()
    status, out, err, written = refusal(path, tmp_path / "folder")
    assert told in err
    assert (status, out, written) == (2, "", [])
    assert len(err) < 500


def test_every_message_belongs_to_a_fault() -> None:
    messages = set(CORPUS.rglob("*.txt"))
    assert messages == {expectation(path) for path in BROKEN}
    assert len(BROKEN) >= 250


if __name__ == "__main__":
    for each in BROKEN:
        if not expectation(each).exists():
            with tempfile.TemporaryDirectory() as empty:
                _, _, told, _ = refusal(each, Path(empty))
            expectation(each).write_text(told, encoding="utf-8")
            sys.stdout.write(f"{each.relative_to(CORPUS)}\n")
