"""Scenario files: what an analysis is, written down, checked and traceable to its sources.

`load(path)` gives a `Scenario`, a frozen tree whose attributes are named like the keys of the file. Knows nothing of
arrays, engines or results.
"""

from sim.scenario.calibration import Calibration, IncidenceTarget, ProportionTarget, RateTarget, StudiedCohort
from sim.scenario.conditions import Condition, parse_condition
from sim.scenario.editor_schema import json_schema
from sim.scenario.jointly import normal_correlation
from sim.scenario.load import from_tables, load, with_overrides
from sim.scenario.overrides import apply_overrides, parse_setting
from sim.scenario.quantity import Quantity
from sim.scenario.questions import warnings
from sim.scenario.references import matching
from sim.scenario.schema import (
    AfterInfections,
    AllOf,
    AllOfThese,
    AntiCd38,
    AnyOf,
    AnyOfThese,
    AtStart,
    Correlation,
    DespiteProphylaxis,
    Fixed,
    HazardPeriod,
    IgaLow,
    IggBelow,
    IggLow,
    IgmLow,
    Immunoglobulin,
    Infectious,
    Lognormal,
    Never,
    Normal,
    Regimen,
    Scenario,
    Strategy,
    Trial,
    TwoArmTrial,
    Voi,
    quantities,
    standing_words,
)
from sim.scenario.starter import init_files, shipped_scenarios, starter_text
from sim.scenario.wording import input_name, input_names, target_names, unit_beside

__all__ = [
    "AfterInfections",
    "AllOf",
    "AllOfThese",
    "AntiCd38",
    "AnyOf",
    "AnyOfThese",
    "AtStart",
    "Calibration",
    "Condition",
    "Correlation",
    "DespiteProphylaxis",
    "Fixed",
    "HazardPeriod",
    "IgaLow",
    "IggBelow",
    "IggLow",
    "IgmLow",
    "Immunoglobulin",
    "IncidenceTarget",
    "Infectious",
    "Lognormal",
    "Never",
    "Normal",
    "ProportionTarget",
    "Quantity",
    "RateTarget",
    "Regimen",
    "Scenario",
    "Strategy",
    "StudiedCohort",
    "Trial",
    "TwoArmTrial",
    "Voi",
    "apply_overrides",
    "from_tables",
    "init_files",
    "input_name",
    "input_names",
    "json_schema",
    "load",
    "matching",
    "normal_correlation",
    "parse_condition",
    "parse_setting",
    "quantities",
    "shipped_scenarios",
    "standing_words",
    "starter_text",
    "target_names",
    "unit_beside",
    "warnings",
    "with_overrides",
]
