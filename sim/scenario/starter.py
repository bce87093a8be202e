"""The scenarios that come with igsim, and the first scenario file of a new user.

A scenario may only extend a file beside it, so a new scenario gets its own copy of what it extends: the folder can
be moved, archived and read without igsim.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sim.errors import UsageError
from sim.scenario.load import load
from sim.scenario.quantity import Quantity, suggestion

PACKAGE: Final = Path(__file__).resolve().parents[1]

STARTER: Final = """\
# {name}: a scenario of your own.
#
# It holds every number of {base}, which lies beside this file, except those stated here.
# To change a number, take the # away from its line, and change value, spread and source together.
# Check with:  igsim validate {path}

extends = "{base}"
format = 1
title = "{name}"
description = "What this scenario represents, and what it leaves out."

[analysis]
# wtp_per_qaly = {wtp}
# patients = {patients}
# strategies = {strategies}

[immunoglobulin]
# price_per_gram = {price_per_gram}
# dose_g_per_kg = {dose_g_per_kg}
# administration_cost = {administration_cost}

[immunoglobulin.hr]
# grade_3plus = {hr}

# A policy of your own: immunoglobulin after two infections of any grade within six months.
[strategies.two_infections]
label = "After two infections in six months"
antimicrobials = {antimicrobials}
[strategies.two_infections.start]
rule = "after_infections"
minimum_grade = "1_2"
count = 2
within_months = {within}
delay_days = {delay}
"""


def shipped_scenarios() -> dict[str, Path]:
    """Return the scenarios that come with igsim, by name.

    Returns:
        Path of each file; the name is that of the file without its ending.

    Raises:
        UsageError: The installation has none.
    """
    for folder in (PACKAGE / "shipped", PACKAGE.parent / "scenarios"):
        if files := sorted(folder.glob("*.toml")):
            return {file.stem: file for file in files}
    message = "the scenarios that come with igsim are not installed"
    raise UsageError(message)


def starter_text(name: str, based_on: str, path: str = "") -> str:
    """Write a commented scenario that extends a shipped one and shows what is changed most often.

    Args:
        name: Name of the new scenario.
        based_on: Name of a shipped scenario.
        path: Where it will lie, as the user wrote it; empty for the folder that commands are given in.

    Raises:
        UsageError: There is no shipped scenario of that name.
    """
    shipped = _shipped(based_on)
    base = load(shipped)
    ig = base.immunoglobulin
    strategies = ", ".join(f'"{strategy}"' for strategy in (*base.strategy_names, "two_infections"))
    months = Quantity(value=6, unit="months", source="assumption: the window of this policy")
    days = Quantity(value=14, unit="days", source="assumption: recovery, approval and a free chair")
    package = ", ".join(f'"{name}"' for name in base.strategies[base.strategy_names[0]].antimicrobials)
    return STARTER.format(
        name=name,
        path=f'"{path}"' if " " in path else path or f"{name}.toml",
        base=shipped.name,
        wtp=[float(wtp) for wtp in base.analysis.wtp_per_qaly],
        patients=base.analysis.patients,
        strategies=f"[{strategies}]",
        antimicrobials=f"[{package}]",
        price_per_gram=_written(ig.price_per_gram),
        dose_g_per_kg=_written(ig.dose_g_per_kg),
        administration_cost=_written(ig.administration_cost),
        hr=_written(ig.hr.grade_3plus),
        within=_written(months),
        delay=_written(days),
    )


def init_files(target: Path, based_on: str) -> list[Path]:
    """Write a new scenario and, beside it, copies of what it extends and of the draws that it names.

    Args:
        target: The new file (ending .toml), or a folder to put `my-scenario.toml` into.
        based_on: Name of a shipped scenario.

    Returns:
        The files written, the new scenario first. A copy that is already there, byte for byte, is not written again.

    Raises:
        UsageError: No such shipped scenario, or a file is in the way or cannot be written; nothing is then written.
    """
    new = target if target.suffix == ".toml" else target / "my-scenario.toml"
    shipped = load(_shipped(based_on))
    chain = [Path(file) for file in shipped.files]
    chain += [chain[0].parent / name for name in shipped.beside]
    wanted = {new: starter_text(new.stem, based_on, str(new)).encode()}
    for file in chain:
        copy = new.parent / file.relative_to(chain[0].parent)
        if copy in wanted:
            message = f"{new}: must not have the name of the scenario it extends"
            raise UsageError(message)
        if not (copy.is_file() and copy.read_bytes() == file.read_bytes()):
            wanted[copy] = file.read_bytes()
    if there := [str(path) for path in wanted if path.exists()]:
        message = f"would overwrite {', '.join(there)}; choose another folder or name"
        raise UsageError(message)
    return _write_all(wanted)


def _write_all(wanted: dict[Path, bytes]) -> list[Path]:
    written: list[Path] = []
    try:
        for path, content in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as stream:
                written.append(path)
                stream.write(content)
    except OSError as error:
        for path in written:
            path.unlink()
        message = f"{error.filename or 'file'}: cannot be written: {error.strerror}"
        raise UsageError(message) from error
    return written


def _shipped(name: str) -> Path:
    shipped = shipped_scenarios()
    if name not in shipped:
        hint = suggestion(name, list(shipped))
        message = f"no shipped scenario {name!r}{hint}; there are {', '.join(shipped)}"
        raise UsageError(message)
    return shipped[name]


def _written(quantity: Quantity) -> str:
    """Write a quantity as one line of TOML."""
    parts = []
    for key, value in quantity.model_dump(exclude_defaults=True).items():
        if isinstance(value, str):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            parts.append(f'{key} = "{escaped}"')
        else:
            parts.append(f"{key} = {list(value) if isinstance(value, tuple) else value}")
    return "{ " + ", ".join(parts) + " }"
