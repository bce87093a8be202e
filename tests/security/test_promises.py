"""What must never be in the program: code run from what it is given, pickles from files, dependencies without hashes.

That the dashboard stays on the loopback, refuses foreign Host headers and paths that lead out is in tests/dashboard;
that reports escape text and workbooks carry no formula, in tests/report.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SOURCES = sorted((REPOSITORY / "sim").rglob("*.py"))
RUNS_CODE = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "runpy.run_path"}
UNPICKLES = {"pickle.load", "pickle.loads", "pickle.Unpickler", "joblib.load", "pd.read_pickle", "marshal.loads"}
# From the memory of the process that began the work, by a pipe or by Dask; never from a file.
FROM_MEMORY = {"sim/work/worker.py", "sim/work/cluster.py"}


def uses(text: str) -> Iterator[tuple[str, ast.AST]]:
    """Dotted name of every name and attribute that a program uses."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name | ast.Attribute):
            yield ast.unparse(node), node


def forbidden(text: str, name: str) -> list[str]:
    """What a module must not do."""
    found = [f"runs {used}" for used, _ in uses(text) if used in RUNS_CODE]
    found += [f"unpickles by {used}" for used, _ in uses(text) if used in UNPICKLES and name not in FROM_MEMORY]
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        keywords = {each.arg: ast.unparse(each.value) for each in node.keywords}
        if keywords.get("shell") == "True":
            found.append("starts a shell")
        if ast.unparse(node.func) in ("np.load", "numpy.load") and keywords.get("allow_pickle") != "False":
            found.append("np.load may unpickle")
        if keywords.get("allow_pickle") == "True":
            found.append("allows pickles")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_no_module_runs_or_unpickles_what_it_is_given(path: Path) -> None:
    assert forbidden(path.read_text(encoding="utf-8"), path.relative_to(REPOSITORY).as_posix()) == []


@pytest.mark.parametrize(
    "text",
    ["eval(x)", "pickle.load(f)", "subprocess.run(x, shell=True)", "np.load(f)", "np.load(f, allow_pickle=True)"],
)
def test_the_search_finds_what_it_looks_for(text: str) -> None:
    assert forbidden(text, "sim/somewhere.py")


def test_every_dependency_is_locked_with_hashes_and_from_nowhere_else() -> None:
    text = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    pinned = re.split(r"\n(?=\S)", text.strip())
    for each in pinned:
        assert re.match(r"[A-Za-z0-9_.\[\]-]+==[^ ]+", each), each[:80]
        assert "--hash=sha256:" in each, each[:80]
    assert "://" not in text
    assert "--require-hashes" in (REPOSITORY / "Makefile").read_text(encoding="utf-8")
