"""Broken inputs, each a file named for its fault with the message beside it: one clear refusal, and nothing else.

The folder says what is done with the file: a cohort is played, a table of draws analysed, a run folder plotted; a
file of options holds the words of a command line. Each ends with exit status 2, the message on standard error,
nothing on standard output and nothing written. In messages {here} stands for the folder of the file, {scenarios} for
that of the shipped scenarios and {shipped} for their names. `python -m tests.bad_input.test_corpus` writes the
messages of files that have none, to be read and judged before they are kept.
"""

from __future__ import annotations

import shlex
import sys
import tempfile
from contextlib import chdir
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sim.cli import build_app

CORPUS = Path(__file__).parent / "corpus"
REPOSITORY = Path(__file__).parents[2]
BROKEN = sorted(
    path
    for kind in CORPUS.iterdir()
    for path in kind.iterdir()
    if path.suffix != ".txt" and not path.name.startswith("sound")
)
PLACES = {
    "scenarios": REPOSITORY / "scenarios",
    "base": REPOSITORY / "scenarios/base-case.toml",
    "tutorial": REPOSITORY / "scenarios/tutorial.toml",
    "table": CORPUS / "psa_table/sound.csv",
}
SHIPPED = ", ".join(sorted(path.stem for path in PLACES["scenarios"].glob("*.toml")))


def arguments(path: Path) -> list[str]:
    """The command line that hands a broken input to igsim."""
    match path.parent.name:
        case "cohort":
            return ["run", str(PLACES["base"]), "--cohort", str(path)]
        case "psa_table":
            return ["cea", str(path)]
        case "run_folder":
            return ["plot", str(path), "costs"]
    return shlex.split(path.read_text(encoding="utf-8").format(**PLACES))


def expectation(path: Path) -> Path:
    return path.with_name(f"{path.name}.txt")


def refusal(path: Path, folder: Path) -> tuple[int, str, str, list[str]]:
    """Exit status, standard output, standard error in words that hold on any machine, and files written."""
    with chdir(folder):
        said = CliRunner(env={"COLUMNS": "120", "TERM": "dumb"}).invoke(build_app(), arguments(path))
    assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
    words = said.stderr.replace(str(path.parent), "{here}").replace(str(PLACES["scenarios"]), "{scenarios}")
    words = words.replace(str(PLACES["table"].parent), "{tables}").replace(SHIPPED, "{shipped}")
    return said.exit_code, said.stdout, words, sorted(each.name for each in folder.iterdir())


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_broken_input_gets_one_clear_refusal_and_leaves_nothing(path: Path, tmp_path: Path) -> None:
    status, out, err, written = refusal(path, tmp_path)
    assert err == expectation(path).read_text(encoding="utf-8")
    assert (status, out, written) == (2, "", [])


def test_every_message_belongs_to_a_fault() -> None:
    messages = set(CORPUS.rglob("*.txt"))
    assert messages == {expectation(path) for path in BROKEN}
    assert len(BROKEN) >= 100


if __name__ == "__main__":
    for each in BROKEN:
        if not expectation(each).exists():
            with tempfile.TemporaryDirectory() as empty:
                _, _, told, _ = refusal(each, Path(empty))
            expectation(each).write_text(told, encoding="utf-8")
            sys.stdout.write(f"{each.relative_to(CORPUS)}\n")
