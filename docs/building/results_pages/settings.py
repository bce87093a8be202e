"""What is played: two drug targets under three payers, and other assumptions about the shape of things."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sim
from sim.scenario import Scenario, shipped_scenarios

PRICE, EFFECT = "immunoglobulin.price_per_gram", "immunoglobulin.hr.grade_3plus"
EFFECT_SEARCHED = (0.02, 1.0)
"""From nearly full protection to none."""
HOME = "United States"
TRIAL_SIZES = (100, 200, 400, 800, 1600)
"""Patients in each arm."""
DEATHS = "treatment.death_rate_per_month"
TARGET_TABLES = ("patients.agents", DEATHS)
"""What sets the anti-GPRC5D scenario apart from the base case."""


@dataclass(frozen=True)
class Sizes:
    """How much is played.

    Attributes:
        run: Patients under each strategy of a run at base values, and of an exact price.
        draws: Parameter draws of a probabilistic analysis.
        psa: Patients under each strategy in every draw.
        tornado: Patients at each end of an input's range.
        search: Patients at each value that a search looks at.
        compare: Patients under each strategy in each of several scenarios.
    """

    run: int = 100_000
    draws: int = 1_000
    psa: int = 2_000
    tornado: int = 5_000
    search: int = 10_000
    compare: int = 50_000

    def times(self, part: float) -> Sizes:
        """The same work at a part of its size; at least 50 draws, below which nothing is regressed."""
        scaled = {name: max(2, round(part * size)) for name, size in vars(self).items()}
        return Sizes(**{**scaled, "draws": max(50, scaled["draws"])})


@dataclass(frozen=True)
class Setting:
    """A target under a payer.

    Attributes:
        name: Short name.
        target: The drugs' target in words.
        payer: The payer in words.
        file: Name of the shipped scenario.
        laid_over: What is laid over it, in words; empty for nothing.
        overrides: The same by dotted path.
    """

    name: str
    target: str
    payer: str
    file: str
    laid_over: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)

    @property
    def at_home(self) -> bool:
        """Whether it is at US prices, where every input is moved."""
        return self.payer == HOME

    @property
    def title(self) -> str:
        """Target and payer."""
        return f"{self.target[0].upper()}{self.target[1:]}, {self.payer}"

    def scenario(self) -> Scenario:
        """The scenario, validated."""
        return sim.load(shipped_scenarios()[self.file], overrides=self.overrides)


def settings() -> dict[str, Setting]:
    """The six settings by name, the base case first."""
    us, uk, italy = HOME, "England", "Italy"
    bcma, gprc5d = "anti-BCMA", "anti-GPRC5D"
    found = [
        Setting("bcma-us", bcma, us, "base-case"),
        Setting("gprc5d-us", gprc5d, us, "gprc5d-us"),
        Setting("bcma-uk", bcma, uk, "bcma-uk-nice"),
        _moved("gprc5d-uk", gprc5d, uk, "bcma-uk-nice"),
        Setting("bcma-italy", bcma, italy, "bcma-italy"),
        _moved("gprc5d-italy", gprc5d, italy, "bcma-italy"),
    ]
    return {setting.name: setting for setting in found}


def _moved(name: str, target: str, payer: str, file: str) -> Setting:
    """The anti-GPRC5D scenario's own tables laid over another payer's scenario."""
    own, base, there = (stated(each) for each in ("gprc5d-us", "base-case", file))
    tables = {path: at(own, path) for path in TARGET_TABLES}
    words = "agents and death rates of gprc5d-us"
    if DEATHS.split(".")[1] in there.get("treatment", {}):
        tables[DEATHS] = without_background(tables[DEATHS], at(base, DEATHS), at(there, DEATHS))
        words += f", these less the deaths that {file} leaves to its life table"
    return Setting(name, target, payer, file, words, tables)


def without_background(own: Mapping[str, Any], base: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    """Death rates less what another scenario takes off those of the base case, as relatively uncertain as before.

    Args:
        own: Quantities by name, rates of all deaths.
        base: Those of the base case.
        there: Those of the scenario that plays other deaths from a life table.

    Returns:
        The quantities to lay over that scenario.
    """
    made = {}
    for name, quantity in own.items():
        value = quantity["value"] - (base[name]["value"] - there[name]["value"])
        share = value / quantity["value"]
        made[name] = {
            **quantity,
            "value": value,
            "ci": [end * share for end in quantity["ci"]],
            "source": "assumption: the rate of all deaths of this target less the deaths of the life table",
        }
    return made


def alternatives() -> dict[str, Setting]:
    """The base case, then every structural choice turned the other way alone, then all at once, then others."""
    own = stated("structural-alternatives")
    correlations = {"patients.correlations": at(own, "patients.correlations")}
    early = {path: at(own, path) for path in ("patients.frailty_variance", *_periods(own))}
    alone: dict[str, dict[str, Any]] = {
        "early peak of infections in place of frailty": early,
        "IgG, IgA and IgM low together": correlations,
        "responders have the drug less often": _laid(own, "treatment.reduced_frequency"),
        "one infusion in seven missed": _laid(own, "immunoglobulin.adherence"),
        "benefit only while own IgG is low": _laid(own, "immunoglobulin.benefit_below_igg_mg_dl"),
        "no effect where T cells protect": _laid(own, "immunoglobulin.hr_by_cause"),
        "price of the bispecific counted": _laid(own, "treatment.include_drug_cost"),
    }
    us, target = HOME, "anti-BCMA"
    found = [Setting("base case", target, us, "base-case")]
    for name, tables in alone.items():
        laid = f"{', '.join(tables)} of structural-alternatives"
        found.append(Setting(name, target, us, "base-case", laid, tables))
    found.append(Setting("all of these at once", target, us, "structural-alternatives"))
    found.append(Setting("hazard ratio read as a cohort's", target, us, "marginal-effect"))
    return {setting.name: setting for setting in found}


def indications() -> Setting:
    """More ways to use immunoglobulin than four policies."""
    return Setting("on indication", "anti-BCMA", HOME, "indication-based")


def _laid(tables: Mapping[str, Any], path: str) -> dict[str, Any]:
    return {path: at(tables, path)}


def _periods(tables: Mapping[str, Any]) -> list[str]:
    return [f"targets.{target}.hazard_periods" for target in tables["targets"]]


def stated(name: str) -> dict[str, Any]:
    """What a shipped file itself states, without what it extends."""
    return tomllib.loads(Path(shipped_scenarios()[name]).read_text(encoding="utf-8"))


def at(tables: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path."""
    found: Any = tables
    for key in path.split("."):
        found = found[key]
    return found
