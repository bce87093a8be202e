"""Reading a cohort: real patients, who are then played in place of drawn ones.

A table with one row for each patient and a column for each attribute that is known:

    weight_kg                                             more than 0 and at most 400
    igg_polyclonal_mg_dl, iga_mg_dl, igm_mg_dl            from 0 to 20,000
    m_protein_mg_dl                                       the same; 0 where the myeloma does not make IgG
    frailty                                               more than 0 and at most 1,000; rates are those at 1
    age_years                                             from 0, or the first age of the life table, to 120
    sex                                                   male or female, m or f
    agent                                                 name of an agent of the scenario
    anti_cd38, responder, each serostatus of the scenario yes or no, 1 or 0, true or false
    patient                                               an identifier, kept and never used as luck

Age and sex are read where the scenario has them. Attributes without a column are drawn as the scenario says,
independently of those that are given. Patient i is row i modulo the rows, with the luck of number i: rows in
another order are the same people with one another's luck. Other columns are left alone. All faults are reported at
once, each with its row as a spreadsheet numbers it; none is repaired.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import pairwise
from os import PathLike
from pathlib import Path

import numpy as np

from sim.cea.cells import BadCell, as_text, number_cells, text_cells
from sim.cea.grid import Grid, read_grid
from sim.errors import Problem, TableError
from sim.model.parts import MEASURED, Booleans, Floats, GivenAttributes, Integers
from sim.model.structure import ClinicalModel
from sim.scenario import Scenario
from sim.scenario.quantity import suggestion

IDENTIFIER = "patient"
_AGENT = "agent"
_FLAGS = ("anti_cd38", "responder")
_AGE, _SEX = "age_years", "sex"
_MALE_OR_FEMALE = {"male": True, "m": True, "female": False, "f": False}
_YES_OR_NO = {"yes": True, "no": False, "1": True, "0": False, "true": True, "false": False}
_BLANK = "a blank cell, missing value or error value"
_COMPLETE = "complete the value, leave the patient out, or leave the column out to have it drawn"
_SHOWN = 10
"""Faults of one kind listed one by one; the rest are counted."""


@dataclass(frozen=True)
class _Bounds:
    """Values an attribute may have, from `low` (itself refused unless `low_too`) to `high`."""

    low: float
    high: float
    unit: str = ""
    low_too: bool = False

    def admit(self, values: Floats) -> Booleans:
        above: Booleans = values >= self.low if self.low_too else values > self.low
        return above & (values <= self.high)

    def __str__(self) -> str:
        low = f"from {self.low:g} to" if self.low_too else f"more than {self.low:g} and at most"
        return f"{low} {self.high:,g} {self.unit}".strip()


# Wider than any adult patient, narrower than a slip of the unit by a factor of 100. Assumption.
_BOUNDS = {
    **dict.fromkeys(MEASURED, _Bounds(0, 20_000, "mg/dL", low_too=True)),
    "weight_kg": _Bounds(0, 400, "kg"),
    "frailty": _Bounds(0, 1_000),
    _AGE: _Bounds(0, 120, "years", low_too=True),
}


@dataclass(frozen=True)
class Vocabulary:
    """What a cohort may speak of in one scenario.

    Attributes:
        agents: Names, in the scenario's order.
        unplayable: Agents for whose target a cause of infection has no rate, and which those causes are.
        serostatus: Names, in the scenario's order.
        youngest: First age of the life table, 0 without one; None where the scenario has no ages.
        has_sex: Whether the scenario has men and women.
    """

    agents: tuple[str, ...]
    unplayable: tuple[tuple[str, str], ...]
    serostatus: tuple[str, ...]
    youngest: int | None = None
    has_sex: bool = False

    @classmethod
    def of(cls, scenario: Scenario) -> Vocabulary:
        """The vocabulary of a scenario."""
        causes = scenario.infections.causes.items()
        without = {
            name: [cause for cause, rates in causes if agent.target not in rates.rate_per_month]
            for name, agent in scenario.agents.items()
        }
        table = scenario.treatment.life_table
        return cls(
            youngest=None if scenario.patients.age_years is None else table.first_age if table else 0,
            has_sex=scenario.patients.male_proportion is not None,
            agents=tuple(scenario.agents),
            unplayable=tuple((name, ", ".join(missing)) for name, missing in without.items() if missing),
            serostatus=tuple(scenario.patients.serostatus),
        )

    @property
    def attributes(self) -> tuple[str, ...]:
        """Everything about a patient that a cohort may tell."""
        measured = tuple(name for name in MEASURED if name != _AGE or self.youngest is not None)
        return (*measured, *((_SEX,) if self.has_sex else ()), _AGENT, *_FLAGS, *self.serostatus)


@dataclass(frozen=True, eq=False)
class Cohort:
    """Real patients, checked against a scenario.

    Attributes:
        file: Name of the file, without its folder.
        sha256: Digest of its bytes.
        identifiers: Of the patients, in the order of the rows; empty where the file has none.
        columns: Attribute to the column that gives it.
        drawn: Attributes that no column gives.
        left_alone: Columns that are not used.
        vocabulary: Of the scenario.
        given: The attributes as the model takes them.
    """

    file: str
    sha256: str
    identifiers: tuple[str, ...]
    columns: Mapping[str, str]
    drawn: tuple[str, ...]
    left_alone: tuple[str, ...]
    vocabulary: Vocabulary
    given: GivenAttributes

    @property
    def rows(self) -> int:
        """Number of patients."""
        return self.given.rows

    def errors_of(self, patients: int) -> str:
        """What the standard errors of a run of so many patients mean, in a sentence; empty if nobody is played twice.

        A patient's plays differ by luck alone, so the error of the cohort's own mean has the variance within patients
        over the plays; the printed one has that between patients as well, as if every play were another patient.
        """
        if patients <= self.rows:
            return ""
        return (
            f"Standard errors take every play for another patient: for these {self.rows:,} patients themselves they "
            "are if anything too large; for a population that they stand for, too small."
        )

    @property
    def lookalikes(self) -> dict[str, str]:
        """Columns left alone whose names come close to an attribute that is drawn, and that attribute."""
        close = {name: _close_to(name.casefold()[:80], self.drawn) for name in self.left_alone}
        return {name: match[0] for name, match in close.items() if match}

    def identity(self, patient: int) -> str:
        """Who of the cohort a patient of a run is: identifier if there is one, row, and file."""
        place = patient % self.rows
        named = f"{self.identifiers[place]}, " if self.identifiers else ""
        return f"{named}row {place + 1} of the {self.rows:,} patients of {self.file}"

    def fits(self, scenario: Scenario) -> bool:
        """Whether a scenario means the same by the names of agents and serostatus as the one it was read for."""
        return self.vocabulary == Vocabulary.of(scenario)

    def join(self, model: ClinicalModel) -> ClinicalModel:
        """The model with these patients; everything else, the translation of hazard ratios too, as it was."""
        return dataclasses.replace(model, population=dataclasses.replace(model.population, cohort=self.given))


def _close_to(word: str, attributes: Sequence[str]) -> list[str]:
    """Attributes that a word begins or is begun by (igg, hbv_status), or else that are spelt much like it."""
    begun = [name for name in attributes if name.startswith(f"{word}_") or word.startswith(f"{name}_")]
    # At 0.6, the default, gender comes close to responder and age to agent.
    return begun or get_close_matches(word, attributes, n=1, cutoff=0.8)


def read_cohort(
    path: str | PathLike[str],
    scenario: Scenario,
    *,
    columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
) -> Cohort:
    """Read real patients from a CSV, Parquet or Excel file.

    Args:
        path: A .csv, .csv.gz, .parquet or .xlsx file, one row a patient.
        scenario: The scenario they are to be played in.
        columns: Attribute to the name of its column, where that is not the attribute's.
        sheet: Sheet of a workbook; needed only where there are several.

    Returns:
        The cohort; give it to `sim.run`.

    Raises:
        TableError: The file, a column or a cell cannot be used; names every fault with its place.
    """
    file = Path(path)
    reader = _Reader(read_grid(file, sheet), str(path), Vocabulary.of(scenario))
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return reader.read(columns or {}, digest)


@dataclass
class _Reader:
    """One reading of one grid: faults gather here by kind until nothing more can be found."""

    grid: Grid
    file: str
    vocabulary: Vocabulary
    faults: dict[str, list[Problem]] = field(default_factory=dict)

    def read(self, columns: Mapping[str, str], digest: str) -> Cohort:
        self._refuse_ambiguous_names()
        self._refuse_blank_rows()
        positions = self._positions(columns)
        self._refuse_shared_columns(positions)
        identifiers = self._identifiers(positions.pop(IDENTIFIER, None))
        self._refuse_nothing_known(positions)
        known = positions.items()
        flags = (*_FLAGS, *self.vocabulary.serostatus)
        given = GivenAttributes(
            rows=len(self.grid.rows),
            numbers={name: self._numbers(name, position) for name, position in known if name in _BOUNDS},
            flags={
                **{name: self._flags(position) for name, position in known if name in flags},
                **({"male": self._sexes(positions[_SEX])} if _SEX in positions else {}),
            },
            agent=self._agents(positions[_AGENT]) if _AGENT in positions else None,
        )
        self._raise_if_any()
        header, used = self.grid.header, {*positions.values(), *([] if identifiers is None else [identifiers[0]])}
        return Cohort(
            file=Path(self.file).name,
            sha256=digest,
            identifiers=() if identifiers is None else tuple(identifiers[1]),
            columns={
                **({} if identifiers is None else {IDENTIFIER: header[identifiers[0]]}),
                **{name: header[position] for name, position in known},
            },
            drawn=tuple(name for name in self.vocabulary.attributes if name not in positions),
            left_alone=tuple(name or "(no name)" for i, name in enumerate(header) if i not in used),
            vocabulary=self.vocabulary,
            given=given,
        )

    # Faults

    def _fault(self, kind: str, place: str, found: str, allowed: str) -> None:
        self.faults.setdefault(kind, []).append(Problem(place, found, allowed, self.file))

    def _bad_cells(self, position: int, cells: Sequence[BadCell]) -> None:
        for cell in cells:
            kind = f"other cells of column {self.grid.header[position]}"
            self._fault(kind, f"row {cell.row}, column {cell.column}", cell.found, cell.allowed)

    def _raise_if_any(self) -> None:
        problems = []
        for kind, faults in self.faults.items():
            problems += faults[:_SHOWN]
            if len(faults) > _SHOWN:
                problems.append(Problem(kind, f"{len(faults) - _SHOWN} more like these", "as above", self.file))
        if problems:
            raise TableError("the cohort cannot be used", problems)

    # Header and rows

    def _refuse_ambiguous_names(self) -> None:
        header = self.grid.header
        for name in dict.fromkeys(header):
            positions = [str(i) for i, other in enumerate(header, start=1) if other == name]
            if name and len(positions) > 1:
                place = f"row 1, columns {', '.join(positions)}"
                self._fault("other columns", place, f"{len(positions)} columns named {name}", "each name once")
        for name in self.vocabulary.serostatus:
            if name in (IDENTIFIER, *MEASURED, _AGENT, _SEX, "male", *_FLAGS):
                allowed = "a name that no attribute has: rename this serostatus to read a cohort"
                self._fault("other names", f"the scenario's patients.serostatus.{name}", name, allowed)

    def _refuse_blank_rows(self) -> None:
        for before, after in pairwise([1, *self.grid.rows]):
            for row in range(before + 1, after):
                self._fault("other rows", f"row {row}", "a blank row", "a patient; or delete the row")

    def _positions(self, columns: Mapping[str, str]) -> dict[str, int]:
        """Attribute to the position of its column: the one it is mapped to, or else the one of its name."""
        attributes = (IDENTIFIER, *self.vocabulary.attributes)
        for name in columns:
            if name not in attributes:
                allowed = f"one of {', '.join(attributes)}{suggestion(name, attributes)}"
                self._fault("other attributes", "attribute of a column", name, allowed)
        positions = {}
        for name in attributes:
            wanted = columns.get(name, name)
            found = self._find(wanted)
            if len(found) > 1:
                names = ", ".join(self.grid.header[i] for i in found)
                self._fault("other columns", "row 1", f"columns {names}", f"one column for {name}, not {len(found)}")
            elif found:
                positions[name] = found[0]
            elif name in columns:
                header = tuple(filter(None, self.grid.header))
                allowed = f"one of the columns {', '.join(header)}{suggestion(wanted, header)}"
                self._fault("other columns", f"column of {name}", wanted, allowed)
        return positions

    def _find(self, name: str) -> list[int]:
        """Positions of the columns of a name; upper and lower case count only where they tell columns apart."""
        header = self.grid.header
        exact = [i for i, other in enumerate(header) if other == name]
        return exact[:1] or [i for i, other in enumerate(header) if other.casefold() == name.casefold()]

    def _refuse_shared_columns(self, positions: Mapping[str, int]) -> None:
        for position in dict.fromkeys(positions.values()):
            names = [name for name, other in positions.items() if other == position]
            if len(names) > 1:
                place = f"row 1, column {self.grid.header[position]}"
                self._fault("other columns", place, f"one column for {', '.join(names)}", "one attribute a column")

    def _refuse_nothing_known(self, positions: Mapping[str, int]) -> None:
        if not positions and not self.faults:
            found = f"columns {', '.join(name or '(blank)' for name in self.grid.header)}"
            allowed = (
                f"at least one of {', '.join(self.vocabulary.attributes)}; "
                "a column of another name is mapped with --column ATTRIBUTE=COLUMN"
            )
            self._fault("other columns", "row 1", found, allowed)

    # Columns

    def _identifiers(self, position: int | None) -> tuple[int, list[str]] | None:
        if position is None:
            return None
        name, rows = self.grid.header[position], self.grid.rows
        texts, bad = text_cells(self.grid.column(position), rows, name)
        first: dict[str, int] = {}
        for row, text in zip(rows, texts, strict=True):
            if text and first.setdefault(text, row) != row:
                bad.append(BadCell(row, name, f"{text!r} again", f"each patient once; first in row {first[text]}"))
        self._bad_cells(position, sorted(bad))
        return position, texts

    def _numbers(self, attribute: str, position: int) -> Floats:
        name, rows, bounds = self.grid.header[position], self.grid.rows, _BOUNDS[attribute]
        if attribute == _AGE and self.vocabulary.youngest:
            bounds = replace(bounds, low=self.vocabulary.youngest)
        numbers, bad = number_cells(self.grid.column(position), rows, name, missing=f"a number; {_COMPLETE}")
        outside = np.flatnonzero(np.isfinite(numbers) & ~bounds.admit(numbers))
        bad += [BadCell(rows[i], name, f"{numbers[i]:.12g}", f"must be {bounds}") for i in outside]
        self._bad_cells(position, sorted(bad))
        return numbers

    def _flags(self, position: int) -> Booleans:
        allowed = "yes or no (1 or 0, true or false)"
        return np.array(self._chosen(position, _YES_OR_NO, allowed, fold=True), dtype=np.bool_)

    def _sexes(self, position: int) -> Booleans:
        allowed = "male or female (m or f)"
        return np.array(self._chosen(position, _MALE_OR_FEMALE, allowed, fold=True), dtype=np.bool_)

    def _agents(self, position: int) -> Integers:
        unplayable = dict(self.vocabulary.unplayable)
        index = {name: i for i, name in enumerate(self.vocabulary.agents) if name not in unplayable}
        allowed = f"one of {', '.join(index)}"
        for name, causes in unplayable.items():
            allowed += f"; {name} cannot be played: no rate of {causes} for its target"
        return np.array(self._chosen(position, index, allowed, fold=False), dtype=np.int64)

    def _chosen(self, position: int, meaning: Mapping[str, int], allowed: str, *, fold: bool) -> list[int]:
        """What each cell of a column of known words means; 0 for a bad cell, which is noted."""
        name, chosen, bad = self.grid.header[position], [], []
        for row, cell in zip(self.grid.rows, self.grid.column(position), strict=True):
            text = as_text(cell)
            word = text.casefold() if fold else text
            chosen.append(meaning.get(word, 0))
            if not text:
                bad.append(BadCell(row, name, _BLANK, f"{allowed}; {_COMPLETE}"))
            elif word not in meaning:
                hint = "" if fold else suggestion(text.casefold(), list(meaning))
                bad.append(BadCell(row, name, repr(text), allowed + hint))
        self._bad_cells(position, bad)
        return chosen
