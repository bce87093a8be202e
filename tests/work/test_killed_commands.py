"""Commands killed, crowded out and shut out: what is finished is kept, and the end is an undisturbed run's bytes.

What interrupts one sweep by signals, and a cluster that goes, is in test_interrupted and test_cluster.
"""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sim.cli import build_app
from sim.store import read_manifest
from tests.work.test_long_runs import REPOSITORY, TUTORIAL, igsim

PROGRAMME = REPOSITORY / "scenarios" / "programme-shortage.toml"
SMALL = ["--set", "programme.years=1", "--set", "programme.warm_up_months=1"]
COMMANDS = {
    "capacity": ["capacity", PROGRAMME, "--replications", "6", *SMALL],
    "psa": ["psa", TUTORIAL, "--draws", "40", "--patients", "200"],
    "sweep": ["sweep", TUTORIAL, "--vary", "immunoglobulin.price_per_gram=20:150:12", "--patients", "60"],
}
SECONDS = 120
"""No wait is longer."""


def files(out: Path) -> list[dict[str, str]]:
    """Digests of the files of every finished run folder, each of which is verified."""
    folders = [each for each in out.glob("*/*") if not each.name.startswith(".")]
    return [read_manifest(folder)["files"] for folder in folders]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Callable[[str], dict[str, str]]:
    """Digests of the files of a command that nothing disturbs, played when first asked for."""
    known: dict[str, dict[str, str]] = {}

    def of(name: str) -> dict[str, str]:
        if name not in known:
            out = tmp_path_factory.mktemp(name)
            done = igsim(*COMMANDS[name], "--workers", 1, "--out", out)
            assert done.returncode == 0, done.stderr
            (known[name],) = files(out)
        return known[name]

    return of


def begin(name: str, out: Path, *options: str, seconds: float = 0.1) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.work.slowly", str(seconds), *map(str, COMMANDS[name]), *options]
    return subprocess.Popen(
        [*command, "--out", str(out)], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def batches(out: Path) -> int:
    """Files of finished batches on disk."""
    return len(list(out.glob("*/.unfinished-*/*.npz")))


def await_batches(process: subprocess.Popen[str], out: Path, more: int) -> None:
    """Wait until so many more files of batches are on disk, or the process has ended."""
    ends, enough = time.monotonic() + SECONDS, batches(out) + more
    while process.poll() is None and batches(out) < enough:
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_a_capacity_run_killed_twice_ends_with_the_same_bytes(tmp_path, undisturbed):
    for options in ((), ("--resume",)):
        process = begin("capacity", tmp_path, "--workers", "1", *options)
        await_batches(process, tmp_path, 1)
        assert process.poll() is None, process.communicate()
        process.kill()
        process.communicate(timeout=SECONDS)
        assert files(tmp_path) == []  # nothing half-written can be taken for a run
    done = igsim(*COMMANDS["capacity"], "--workers", 1, "--out", tmp_path, "--resume")
    assert done.returncode == 0, done.stderr
    assert "finished batches are used again" in done.stderr
    assert files(tmp_path) == [undisturbed("capacity")]


def test_two_runs_at_once_in_one_folder_disturb_neither(tmp_path, undisturbed):
    processes = [begin(name, tmp_path, "--workers", "1", seconds=0.0) for name in ("capacity", "sweep")]
    said = [process.communicate(timeout=2 * SECONDS) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert sorted(map(str, files(tmp_path))) == sorted(str(undisturbed(name)) for name in ("capacity", "sweep"))


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC], ids=errno.errorcode.get)
def test_a_results_folder_that_cannot_be_written_is_told(tmp_path, monkeypatch, number):
    """No folder can be made, as where rights are missing or the disk is read-only; played as any user, root too."""

    def refuses(*arguments: object, **options: object) -> None:
        raise OSError(number, os.strerror(number))

    command = [*map(str, COMMANDS["sweep"]), "--workers", "1", "--out", str(tmp_path / "results")]
    with monkeypatch.context() as patched:
        patched.setattr(Path, "mkdir", refuses)
        patched.setattr(os, "mkdir", refuses)
        said = CliRunner().invoke(build_app(), command)
    assert (said.exit_code, said.stdout) == (1, "")
    assert os.strerror(number) in said.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_killed_at_any_moment(name, tmp_path, undisturbed):
    """Kill -9 at fifty random moments, on one worker or two.

    Half of them are any moment of a whole run, of which most is the start of Python, half are shortly after a batch
    was kept. The seed is new each time; it is part of every failing assertion.
    """
    seed = random.SystemRandom().randrange(10**9)
    chance, rounds, killed, kept = random.Random(seed), 0, 0, 0
    expected = undisturbed(name)
    began = time.monotonic()
    begin(name, tmp_path / "whole", "--workers", "1", seconds=0.3).communicate(timeout=SECONDS)
    whole = time.monotonic() - began
    while killed < 50:
        rounds += 1
        out = tmp_path / str(rounds)
        for _ in range(chance.randint(1, 4)):
            process = begin(name, out, "--workers", chance.choice("12"), "--resume", seconds=0.3)
            late = chance.random() < 0.5
            if late:
                await_batches(process, out, chance.randint(1, 3))
            try:
                process.communicate(timeout=chance.uniform(0, 0.5 if late else whole))
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate(timeout=SECONDS)
                killed += 1
                kept += batches(out) > 0
            else:
                assert process.returncode == 0, seed
                break
        else:
            done = igsim(*COMMANDS[name], "--out", out, "--resume")
            assert done.returncode == 0, (seed, done.stderr)
        finished = files(out)
        assert finished, seed
        assert all(each == expected for each in finished), seed
    print(f"{name}, seed {seed}: {killed} kills, {kept} of them after a batch was kept, {rounds} runs finished")
    assert kept >= 10, seed
