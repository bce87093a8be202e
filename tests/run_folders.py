"""Run folders of every command, made once for the tests that read them."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from sim.cli import build_app

SCENARIOS = Path(__file__).parents[1] / "scenarios"
TUTORIAL, BASE_CASE = SCENARIOS / "tutorial.toml", SCENARIOS / "base-case.toml"
CENTRE = SCENARIOS / "programme-shortage.toml"
TRIALS = SCENARIOS / "trials.toml"
PRICE, EFFECT = "immunoglobulin.price_per_gram", "immunoglobulin.hr.grade_3plus"
SHARED = 'analysis.strategies=["none", "primary", "secondary"]'
UNCERTAIN = (
    "--set",
    f'{EFFECT}={{value = 0.4, dist = "lognormal", ci = [0.2, 0.8], source = "a cohort"}}',
    "--set",
    f'{PRICE}={{value = 90, unit = "USD per gram", dist = "gamma", se = 20, source = "assumption: a list"}}',
)
POPULATION = (
    "--set",
    "voi.patients_per_year=100",
    "--set",
    "voi.years=5",
    "--set",
    "voi.discount_rate_per_year=0.03",
)
ALONE = ("--workers", 1)
"""Few patients are played sooner than a second process is started; `tests/work` shows that it changes no result."""
SMALL = ("--replications", 2, "--set", "programme.years=3", "--set", "programme.warm_up_months=6")
SMALL += ("--set", "programme.arrivals.1.patients_per_year=20", *ALONE)
COMMANDS = {
    "run": ("run", TUTORIAL, "--patients", 400),
    "psa": ("psa", TUTORIAL, "--draws", 60, "--patients", 200, *UNCERTAIN, *POPULATION, *ALONE),
    "tornado": ("dsa", TUTORIAL, "--patients", 100),
    "two_way": ("dsa", TUTORIAL, "--patients", 100, "--two-way", f"{PRICE}=10:60:4", f"{EFFECT}=0.1:1:4"),
    "price": ("dsa", TUTORIAL, "--patients", 200, "--price", PRICE, "--wtp", "0:100000:3"),
    "threshold": ("dsa", TUTORIAL, "--patients", 200, "--threshold", PRICE, "--between", 5, 200),
    "sweep": ("sweep", TUTORIAL, "--patients", 100, "--vary", f"{PRICE}=10:60:4", "--vary", f"{EFFECT}=0.1:1:3"),
    "one_input": ("sweep", TUTORIAL, "--patients", 100, "--vary", f"{PRICE}=2:60:5"),
    "voi": ("voi", TUTORIAL, "--draws", 60, "--patients", 100, *UNCERTAIN, *POPULATION, *ALONE),
    "capacity": ("capacity", CENTRE, *SMALL),
    "trial": (
        "trial",
        TRIALS,
        "--trial",
        "planned",
        "--trial",
        "multicentre_225",
        "--replications",
        20,
        "--size",
        60,
        *ALONE,
    ),
    "compare": ("compare", TUTORIAL, BASE_CASE, "--patients", 100, "--set", SHARED),
}


OUTSIDE = """strategy,iteration,cost,qaly
a,1,100,1.0
b,1,300,1.1
a,2,110,0.9
b,2,250,1.2
a,3,90,1.0
b,3,310,0.95
"""


DRAWS = "cost_a,effect_a,cost_b,effect_b,x\n" + "".join(f"0,0,100,{(x * 7 % 60) / 1e4},{x}\n" for x in range(60))


def make_folder(kind: str, root: Path) -> Path:
    """The run folder of one of `COMMANDS`, or of an outside table ("cea", "voi of a table"), under `root`."""
    if kind in ("cea", "voi of a table"):
        table = root / "outside.csv"
        table.write_text(OUTSIDE if kind == "cea" else DRAWS)
        command: tuple[object, ...] = (kind.split()[0], table)
    else:
        command = COMMANDS[kind]
    done = CliRunner().invoke(build_app(), [*map(str, command), "--out", str(root / kind)])
    assert done.exit_code == 0, (kind, done.output, done.exception)
    (folder,) = (root / kind).glob("*/*")
    return folder
