"""Commands with workers: the same bytes, whoever computes them and whatever interrupts them."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sim
from sim.cli import build_app
from sim.errors import UsageError
from sim.outcomes import BLOCK
from sim.psa import Settings, play, prepare, report_of
from sim.report.psa_document import psa_tables
from sim.sensitivity import parse_axes, sweep, thresholds, tornado
from sim.store import read_manifest
from sim.work import digest_of, run_batches
from sim.work.long_work import LongWork
from sim.work.processes import Processes

REPOSITORY = Path(__file__).resolve().parents[2]
TUTORIAL = REPOSITORY / "scenarios" / "tutorial.toml"


def igsim(*arguments, **how):
    command = [sys.executable, "-m", "sim", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **how)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def tables(root):
    """Digest of every file of the only run folder but its manifest, by the manifest, which is verified."""
    (folder,) = (root / "tutorial").iterdir()
    assert not folder.name.startswith(".")
    return read_manifest(folder)["files"]


@pytest.fixture(scope="module")
def crew():
    """Two workers."""
    with closing(Processes(2, print)) as crew:
        yield crew


def test_two_workers_and_any_batches_give_the_same_psa(crew):
    """Every table of the run folder, as CSV and to the last bit."""
    scenario = sim.load(TUTORIAL)

    def played(runner, draws_per_batch):
        settings = Settings(draws=42, patients=30, seed=5, draws_per_batch=draws_per_batch)
        report = report_of(play(prepare(scenario, settings), runner))
        return {name: digest_of(table.to_csv(float_format="%r")) for name, table in psa_tables(report).items()}

    alone = played(run_batches, 10)
    assert {"psa", "draws", "precision", "incremental"} <= alone.keys()
    assert played(LongWork(crew), 10) == alone
    assert played(LongWork(crew), 7) == alone


def test_two_workers_give_the_same_report_and_value_of_information(crew):
    """From Python, with what `progress` is told: five batches of ten draws, then the sets of parameters."""
    scenario, how, told = sim.load(TUTORIAL), {"draws": 50, "patients": 6, "seed": 5}, []

    def tell(done, total):
        told.append((done, total))

    alone = sim.run_psa(scenario, **how)
    shared = sim.run_psa(scenario, **how, runner=LongWork(crew), progress=tell)
    sets = alone.evppi[["kind", "name"]].drop_duplicates()
    assert told == [(i + 1, total) for total in (5, len(sets)) for i in range(total)]
    for name, table in psa_tables(alone).items():
        assert psa_tables(shared)[name].to_csv(float_format="%r") == table.to_csv(float_format="%r"), name
    told.clear()
    worth = sim.value_of_information(scenario, **how, runner=LongWork(crew), progress=tell)
    assert told[:5] == [(i, 5) for i in range(1, 6)]
    assert worth.evppi.to_csv(float_format="%r") == alone.evppi.to_csv(float_format="%r")


def test_two_workers_and_any_batches_give_the_same_run(crew):
    """Three blocks of patients, by one and by two at a time."""
    scenario = sim.load(TUTORIAL)
    alone = sim.run(scenario, patients=2 * BLOCK + 5, seed=3)
    for blocks in (1, 2):
        shared = sim.run(scenario, patients=2 * BLOCK + 5, seed=3, blocks_per_batch=blocks, runner=LongWork(crew))
        assert digest_of(shared.outcomes) == digest_of(alone.outcomes)
    assert digest_of(sim.run(scenario, patients=2 * BLOCK + 5, seed=4).outcomes) != digest_of(alone.outcomes)


def test_two_workers_give_the_same_sweep(crew):
    scenario, axes = sim.load(TUTORIAL), parse_axes(["immunoglobulin.price_per_gram=20:150:5"])
    alone, shared = (sweep(scenario, axes, patients=50, runner=runner) for runner in (run_batches, LongWork(crew)))
    for table in ("table", "decisions"):
        assert getattr(alone, table).to_csv() == getattr(shared, table).to_csv()
    assert digest_of(alone.means) == digest_of(shared.means)


def test_two_workers_give_the_same_tornado_and_thresholds(crew):
    scenario = sim.load(TUTORIAL)
    path = "immunoglobulin.hr.grade_3plus"

    def played(runner):
        moved = tornado(scenario, patients=50, runner=runner)
        found = thresholds(scenario, path, between=(0.1, 1.0), patients=50, scan=5, runner=runner)
        return [frame.to_csv(float_format="%r") for frame in (moved.table, found.table, found.scan)]

    assert played(run_batches) == played(LongWork(crew))


class StopHereError(Exception):
    pass


def test_an_interrupted_script_uses_its_batches_again(tmp_path):
    """The first call of a script is finished, its second interrupted; run again, only what is missing is played."""
    scenario, told, done = sim.load(TUTORIAL), [], []
    alone = [sim.run(scenario, patients=2 * BLOCK + 5, seed=seed) for seed in (1, 2)]

    def stop(at, total):
        if at == BLOCK * 2:
            raise StopHereError

    def script(progress):
        with sim.workers(keep=tmp_path, tell=told.append) as runner:
            for seed, report in ((1, None), (2, progress)):
                yield sim.run(
                    scenario, patients=2 * BLOCK + 5, seed=seed, blocks_per_batch=1, progress=report, runner=runner
                )

    with pytest.raises(StopHereError):
        list(script(stop))
    assert told == []
    again = list(script(lambda at, total: done.append(at)))
    assert [digest_of(each.outcomes) for each in again] == [digest_of(each.outcomes) for each in alone]
    assert done == [2 * BLOCK, 2 * BLOCK + 5]
    assert [text.partition(": ")[2] for text in told] == [
        "3 finished batches are used again.",
        "2 finished batches are used again.",
    ]
    assert list(tmp_path.iterdir()) == []


def test_numbers_of_workers_that_cannot_be_are_refused():
    for n in (0, 2000):
        with pytest.raises(UsageError, match=f"n: found {n}; must be from 1 to 1,024"), sim.workers(n):
            pytest.fail("nothing begins")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--workers", "0"], "greater than or equal to 1"),
        (["--workers", "2", "--scheduler", "tcp://127.0.0.1:1"], "--workers: found 2 together with --scheduler"),
        (["--resume", "--no-save"], "--resume: found --no-save; needs a run folder"),
        (["--scheduler", "nowhere"], "--scheduler: found nowhere; must be like tcp://10.0.0.1:8786"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, options, told):
    arguments = ["psa", str(TUTORIAL), *options, "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(build_app(), arguments, env={"COLUMNS": "200"})
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in " ".join(done.stderr.split())
    assert list(tmp_path.iterdir()) == []
