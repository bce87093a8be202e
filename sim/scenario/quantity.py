"""A number with its unit, uncertainty and source: the atom of a scenario file.

In a file a quantity is a plain number (fixed, no source) or a table on one line::

    grade_3plus = { value = 0.38, ci = [0.18, 0.79], dist = "lognormal", source = "..." }

`Spec` is what a field says about its quantities: the unit and the values that make sense. This module checks
that the specification is complete and consistent. It draws nothing: sampling belongs to the analysis.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Literal, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, PrivateAttr
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

Distribution = Literal[
    "fixed", "normal", "lognormal", "beta", "gamma", "uniform", "triangular", "pert", "dirichlet", "empirical"
]
DISTRIBUTIONS: Final[tuple[str, ...]] = get_args(Distribution)
BELONGING: Final = {"count": "dirichlet", "draws": "empirical"}
BOUNDED: Final = frozenset({"uniform", "triangular", "pert"})

# Units that only say what kind of pure number it is: they may be left out even in strict mode.
DIMENSIONLESS: Final = frozenset(
    {
        "probability",
        "proportion",
        "multiplier",
        "hazard ratio",
        "utility",
        "variance",
        "log scale",
        "ratio",
        "correlation",
    }
)

CURRENCY: Final = "{currency}"
Z_95: Final = 1.96
"""Half the width of a 95 % interval in standard errors, as this field rounds it (NICE CG144, Appendix H)."""

_SHORTEST_BEGINNING = 4
"""Letters from which a word counts as the beginning of a name."""


Standing = Literal["assumption", "recalled", "no source", "sourced"]


class Quantity(BaseModel):
    """One number of a scenario, with what is known about it.

    How the spread is read: `normal`, `beta` and `gamma` have mean `value` and spread from `ci` or `se`;
    `lognormal` has median `value` and its log standard deviation is (ln high - ln low) / 3.92, so it takes `ci` only
    (NICE CG144, Appendix H, Table 2); `uniform`, `triangular` and `pert` live on `range`, the latter two with mode
    `value`. `dirichlet` is for shares that add up to 1, each with the same `count`, the number of patients that they
    are worth; `empirical` takes the column named by the quantity's path from the table `draws`, the same row for
    every quantity that names this table.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float = Field(description="The base-case value.")
    unit: str = Field(default="", description="Unit, exactly as the field states it.")
    dist: Distribution = Field(default="fixed", description="Distribution in the probabilistic analysis.")
    ci: tuple[float, float] | None = Field(
        default=None, description="95 % interval [low, high]; the spread of normal, lognormal, beta, gamma."
    )
    se: float | None = Field(default=None, description="Standard error, instead of ci, for normal, beta, gamma.")
    range: tuple[float, float] | None = Field(
        default=None,
        description="[low, high]: support of uniform, triangular and pert; for any other distribution the bounds of "
        "one-way sensitivity analysis, where they should differ from the 95 % interval.",
    )
    count: float | None = Field(
        default=None, description="Of dirichlet: how many patients the shares are worth, the same for all of them."
    )
    draws: str | None = Field(
        default=None, description="Of empirical: a CSV or Parquet table in the scenario's folder, one row a draw."
    )
    source: str = Field(
        default="",
        description="Where the number comes from. Begins with 'assumption:' when it is one, with 'recalled:' when "
        "it was not checked against its source.",
    )

    _bounds: tuple[float, float] = PrivateAttr(default=(-math.inf, math.inf))

    @property
    def bounds(self) -> tuple[float, float]:
        """Smallest and largest value that the field allows; draws are cut there."""
        return self._bounds

    @property
    def is_uncertain(self) -> bool:
        """Whether the probabilistic analysis draws it."""
        return self.dist != "fixed"

    @property
    def standing(self) -> Standing:
        """What the source says of itself: an assumption, written from memory, something to look up, or nothing."""
        said = self.source.strip().casefold()
        if said.startswith("assumption:"):
            return "assumption"
        if said.startswith("recalled:"):
            return "recalled"
        return "sourced" if said else "no source"


class Fault(NamedTuple):
    """Something wrong inside one value: the keys below it, what was found, what is allowed."""

    keys: tuple[str, ...]
    found: str
    allowed: str


def faulty(faults: list[Fault]) -> PydanticCustomError:
    """Pack faults into the one error that pydantic lets a validator raise."""
    return PydanticCustomError("faults", "{summary}", {"summary": str(faults), "faults": faults})


def shown(value: object) -> str:
    """Write a value found in a file back, short enough for a message."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            text = f'"{value}"'
        case Mapping():
            return "a table"
        case list() | tuple():
            text = "[" + ", ".join(shown(item) for item in value[:4]) + (", ...]" if len(value) > 4 else "]")
        case int() if abs(value) >= 10**30:
            return "a number of more than 30 digits"
        case _:
            text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def suggestion(word: str, known: object) -> str:
    """Return ' (did you mean "x"?)' when one of the known names is close to `word`, else nothing."""
    names = [str(name) for name in known] if isinstance(known, list | tuple | set | frozenset) else []
    begun = [name for name in names if len(word) >= _SHORTEST_BEGINNING and name.startswith(word)]
    close = begun or get_close_matches(word[:80], names, n=1, cutoff=0.6)
    return f' (did you mean "{close[0]}"?)' if close else ""


def number_fault(value: object) -> str:
    """Say why a value is not a finite number; nothing when it is one."""
    if isinstance(value, str):
        if re.fullmatch(r"\s*[-+]?\d+,\d+\s*", value):
            return f"must be a number with a decimal point, not a comma: {value.strip().replace(',', '.')}"
        if re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", value):
            return f"must be a number: write it without quotes, {value.strip()}"
        return "must be a number"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "must be a number"
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    return "" if finite else "must be a finite number"


@dataclass(frozen=True)
class Spec:
    """What a field accepts: `Annotated[Quantity, Spec("per month", ge=0)]`.

    Attributes:
        unit: The field's unit; "{currency}" in it stands for the scenario's currency.
        ge: Smallest value allowed; None for no bound.
        gt: Value that must be exceeded; None for no bound.
        le: Largest value allowed; None for no bound.
    """

    unit: str
    ge: float | None = None
    gt: float | None = None
    le: float | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(self._validate, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        bounds = {"minimum": self.ge, "exclusiveMinimum": self.gt, "maximum": self.le}
        number = {"type": "number"} | {key: bound for key, bound in bounds.items() if bound is not None}
        return {"anyOf": [number, handler(schema)], "x-unit": self.unit}

    def _validate(
        self,
        raw: object,
        inner: core_schema.ValidatorFunctionWrapHandler,
        info: core_schema.ValidationInfo,
    ) -> Quantity:
        context: Mapping[str, Any] = info.context or {}
        table = raw.model_dump(exclude_none=True) if isinstance(raw, Quantity) else raw
        table = table if isinstance(table, Mapping) else {"value": table}
        unit = self.unit_in(str(context.get("currency") or ""))
        faults = [*_shape_faults(table), *self._unit_faults(table, unit, context)]
        sound = {key: table[key] for key in table if not any(key in fault.keys[:1] for fault in faults)}
        if not any(fault.keys == () for fault in faults):
            faults += self._bound_faults(sound, unit)
            if "dist" in sound or "dist" not in table:
                faults += _spread_faults(sound, given=table.keys())
        if context.get("strict"):
            faults += _strict_faults(table, unit, is_table=isinstance(raw, Mapping))
        if faults:
            raise faulty(faults)
        quantity: Quantity = inner({**table, "unit": unit})
        low = self.ge if self.gt is None else self.gt
        quantity._bounds = (-math.inf if low is None else low, math.inf if self.le is None else self.le)
        return quantity

    def unit_in(self, currency: str) -> str:
        """Return the unit with the currency filled in."""
        return self.unit.replace(CURRENCY, currency)

    def _unit_faults(self, table: Mapping[str, object], unit: str, context: Mapping[str, object]) -> list[Fault]:
        is_money = CURRENCY in self.unit
        if is_money and not context.get("currency"):
            return []  # the currency itself is at fault, and reported once
        given = table.get("unit")
        because = f" (analysis.currency is {context['currency']})" if is_money else ""
        if given is None and is_money and len(table) > 1:
            return [Fault(("unit",), "", f'is missing; must be "{unit}"{because}')]
        if isinstance(given, str) and given != unit and not (given == "" and unit in DIMENSIONLESS):
            return [Fault(("unit",), shown(given), f'must be "{unit}"{because}')]
        return []

    def _bound_faults(self, table: Mapping[str, Any], unit: str) -> list[Fault]:
        places: list[tuple[tuple[str, ...], object, float]] = []
        if "value" in table:
            places.append(((), table["value"], float(table["value"])))
        for key in ("ci", "range"):
            places += [((key,), table[key], float(end)) for end in table.get(key) or ()]
        outside = {keys: found for keys, found, number in places if not self._allows(number)}
        return [Fault(keys, shown(found), f"{self.words()} ({unit})") for keys, found in outside.items()]

    def _allows(self, number: float) -> bool:
        return (
            (self.ge is None or number >= self.ge)
            and (self.gt is None or number > self.gt)
            and (self.le is None or number <= self.le)
        )

    def words(self) -> str:
        """Say in words which values are allowed."""
        if self.ge is not None and self.le is not None:
            return f"must be from {self.ge:g} to {self.le:g}"
        parts = [f"{self.ge:g} or more"] if self.ge is not None else []
        parts += [f"above {self.gt:g}"] if self.gt is not None else []
        parts += [f"at most {self.le:g}"] if self.le is not None else []
        return "must be " + (" and ".join(parts) or "a number")


def _shape_faults(table: Mapping[str, object]) -> list[Fault]:
    known = list(Quantity.model_fields)
    faults = [
        Fault((str(key),), shown(table[key]), f"unknown key{suggestion(str(key), known)}; "
              f"a quantity has {', '.join(known)}")
        for key in table
        if key not in Quantity.model_fields
    ]  # fmt: skip
    if "value" not in table:
        faults.append(Fault(("value",), "", "is missing; a quantity is written whole: { value = ..., ... }"))
    elif wrong := number_fault(table["value"]):
        faults.append(Fault((), shown(table["value"]), wrong))
    if "dist" in table and table["dist"] not in DISTRIBUTIONS:
        hint = suggestion(str(table["dist"]), DISTRIBUTIONS)
        faults.append(Fault(("dist",), shown(table["dist"]), f"must be one of {', '.join(DISTRIBUTIONS)}{hint}"))
    for key in ("se", "count"):
        if key in table:
            wrong = number_fault(table[key])
            if wrong or float(table[key]) <= 0:  # type: ignore[arg-type]
                faults.append(Fault((key,), shown(table[key]), wrong or "must be above 0"))
    faults += [
        Fault((key,), shown(table[key]), "must be text")
        for key in ("unit", "source", "draws")
        if key in table and not isinstance(table[key], str)
    ]
    for key in ("ci", "range"):
        if key in table and (wrong := _interval_fault(table[key])):
            faults.append(Fault((key,), shown(table[key]), wrong))
    return faults


def _interval_fault(pair: object) -> str:
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        return "must be two numbers, [low, high]"
    if wrong := number_fault(pair[0]) or number_fault(pair[1]):
        return f"each end {wrong}"
    return "" if pair[0] < pair[1] else "must be [low, high] with low below high"


def _spread_faults(table: Mapping[str, Any], given: Collection[str]) -> list[Fault]:
    """Check that the keys given, faulty or not, make one distribution, and that the value lies in it."""
    dist = table.get("dist", "fixed")
    faults = []
    for key in ("ci", "range"):
        if key in table and "value" in table and not table[key][0] <= table["value"] <= table[key][1]:
            faults.append(Fault((key,), shown(table[key]), f"must contain the value, {shown(table['value'])}"))
    spread = [key for key in ("ci", "se") if key in given]
    faults += _belonging_faults(dist, table, given)
    if dist in BELONGING.values():
        faults += [Fault((key,), shown(table.get(key)), f"{dist} takes no {key}") for key in spread]
    elif dist == "fixed" or dist in BOUNDED:
        wanted = "range = [low, high]"
        meaning = f"{dist} takes no {{}}: give dist = ..., or {wanted} for sensitivity bounds alone"
        if dist in BOUNDED:
            meaning = f"{dist} takes no {{}}: its bounds are {wanted}"
            if "range" not in given:
                faults.append(Fault(("range",), "", f"is missing; {dist} needs {wanted}"))
        faults += [Fault((key,), shown(table.get(key)), meaning.format(key)) for key in spread]
    elif dist == "lognormal":
        if "ci" not in given:
            faults.append(Fault(("ci",), "", "is missing; lognormal needs ci = [low, high] (95 %)"))
        if "se" in table:
            faults.append(Fault(("se",), shown(table["se"]), "lognormal takes ci, not se"))
    elif len(spread) != 1:
        found = "both ci and se" if spread else ""
        faults.append(Fault((), found, f"{dist} needs either ci = [low, high] (95 %) or se"))
    return faults + _support_faults(dist, table)


def _belonging_faults(dist: str, table: Mapping[str, Any], given: Collection[str]) -> list[Fault]:
    """Keys that one distribution needs and no other takes."""
    faults = []
    for key, owner in BELONGING.items():
        if dist == owner and key not in given:
            faults.append(Fault((key,), "", f"is missing; {owner} needs {key} = ..."))
        elif dist != owner and key in given:
            faults.append(Fault((key,), shown(table.get(key)), f"{dist} takes no {key}: only {owner} does"))
    return faults


def _support_faults(dist: str, table: Mapping[str, Any]) -> list[Fault]:
    value = table.get("value")
    low = table["ci"][0] if "ci" in table else None
    if value is None:
        return []
    faults = []
    if dist in ("lognormal", "gamma"):
        if value <= 0:
            faults.append(Fault((), shown(value), f"must be above 0 for {dist}"))
        if low is not None and low <= 0 and dist == "lognormal":
            faults.append(Fault(("ci",), shown(table["ci"]), "must be above 0 for lognormal"))
    if dist == "beta":
        if not 0 < value < 1:
            faults.append(Fault((), shown(value), "must be between 0 and 1, both excluded, for beta"))
        else:
            limit = math.sqrt(value * (1 - value))
            if "se" in table and table["se"] >= limit:
                faults.append(
                    Fault(("se",), shown(table["se"]), f"must be below {limit:.3g} for beta with this mean")
                )
            if "ci" in table and table["ci"][1] - table["ci"][0] >= 2 * Z_95 * limit:
                allowed = f"must be narrower than {2 * Z_95 * limit:.3g} for beta with this mean"
                faults.append(Fault(("ci",), shown(table["ci"]), allowed))
    return faults


def _strict_faults(table: Mapping[str, object], unit: str, *, is_table: bool) -> list[Fault]:
    if not is_table:
        example = "" if unit in DIMENSIONLESS else f', unit = "{unit}"'
        allowed = f'needs a source: {{ value = ...{example}, source = "..." }}'
        return [Fault((), shown(table.get("value")), allowed)]
    faults = []
    source = table.get("source", "")
    if isinstance(source, str) and not source.strip():
        faults.append(Fault(("source",), "", "is missing; every quantity needs one in strict mode"))
    if "unit" not in table and unit not in DIMENSIONLESS:
        faults.append(Fault(("unit",), "", f'is missing; must be "{unit}" in strict mode'))
    return faults
