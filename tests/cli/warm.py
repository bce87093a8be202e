"""`python -m sim`, again and again, from a process that has imported the third-party libraries once.

Each command is a process of its own, forked from this one: with its own arguments, folder, environment, output and
exit status, and with igsim itself imported anew. Only the second or two in which Python reads numpy, SciPy, pandas,
Plotly and the like is spent once. `test_warm.py` holds it against processes started from nothing.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
LIBRARIES = (
    "arviz_stats", "emcee", "jinja2", "joblib", "lifelines", "numpy", "openpyxl", "pandas", "plotly.graph_objects",
    "plotly.io", "plotly.subplots", "pyarrow.parquet", "pydantic", "rich.console", "rich.progress", "rich.table",
    "SALib.analyze.sobol", "SALib.sample.sobol", "scipy.integrate", "scipy.interpolate", "scipy.linalg",
    "scipy.ndimage", "scipy.optimize", "scipy.special", "scipy.stats", "simpy", "sklearn.gaussian_process",
    "threadpoolctl", "tomlkit", "typer", "xlsxwriter",
)  # fmt: skip
LONGEST = 300.0
"""Seconds that a command may take."""


@dataclass(frozen=True)
class Said:
    """What a command said: exit status, standard output, standard error."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document it must be."""
        return json.loads(self.out)


class Warm:
    """The process from which commands are forked, and a way to ask it for one."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.warm"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, arguments: list[str], cwd: Path, environment: Mapping[str, str]) -> Said:
        """Run `python -m sim` with these arguments.

        Raises:
            TimeoutError: It took longer than `LONGEST`; it and the process it comes from are ended.
        """
        assert self._server.stdin
        assert self._server.stdout
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            asked = [arguments, str(cwd), dict(environment), str(out), str(err)]
            alarm = threading.Timer(LONGEST, os.killpg, [self._server.pid, signal.SIGKILL])
            alarm.start()
            try:
                self._server.stdin.write(json.dumps(asked) + "\n")
                self._server.stdin.flush()
                answer = self._server.stdout.readline()
            finally:
                alarm.cancel()
            if not answer:
                raise TimeoutError(f"igsim {' '.join(arguments)}: no end within {LONGEST:g} s")
            return Said(int(answer), out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))

    def close(self) -> None:
        """End the process."""
        assert self._server.stdin
        self._server.stdin.close()
        self._server.wait(timeout=10)
        if self._server.stdout:
            self._server.stdout.close()


def serve() -> bool:
    """Fork a command for every line asked for. True in the process of a command, False when nobody asks any more."""
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.freeze()
    for line in sys.stdin:
        arguments, cwd, environment, out, err = json.loads(line)
        command = os.fork()
        if command == 0:
            os.chdir(cwd)
            os.environ.clear()
            os.environ.update(environment)
            for stream, path in ((1, out), (2, err)):
                file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                os.dup2(file, stream)
                os.close(file)
            nothing = os.open(os.devnull, os.O_RDONLY)
            os.dup2(nothing, 0)
            os.close(nothing)
            sys.argv = ["igsim", *arguments]
            return True
        print(os.waitstatus_to_exitcode(os.waitpid(command, 0)[1]), flush=True)
    return False


if __name__ == "__main__" and serve():
    runpy.run_module("sim", run_name="__main__", alter_sys=True)
