"""Tables of posterior draws beside a scenario: read once, checked, and part of what the scenario is."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from sim.errors import Problem, ScenarioError
from sim.scenario.beside import file_beside, refused
from sim.scenario.quantity import Quantity, shown

MAX_BYTES = 200_000_000
MOST_CELLS = 50_000_000
FEWEST_ROWS = 2
KINDS = (".csv", ".parquet")


@dataclass(frozen=True, eq=False)
class Posterior:
    """One table of draws.

    Attributes:
        file: Name as the scenario writes it.
        sha256: Of the file.
        columns: Dotted path to its draws, each of shape (n_rows,).
    """

    file: str
    sha256: str
    columns: Mapping[str, NDArray[np.float64]]

    @property
    def n_rows(self) -> int:
        """Number of draws."""
        return len(next(iter(self.columns.values())))


def read_posteriors(folder: Path, known: Iterable[tuple[str, Quantity, str]]) -> tuple[Posterior, ...]:
    """Read every table that empirical quantities name.

    Args:
        folder: Folder of the scenario file.
        known: Every quantity of the scenario, from `sim.scenario.quantities`.

    Returns:
        One table a file, in order of first mention, with the columns that are used.

    Raises:
        ScenarioError: A table cannot be read, lacks a column, or holds values that the field does not allow.
    """
    wanted: dict[str, dict[str, Quantity]] = {}
    for path, quantity, _ in known:
        if quantity.draws is not None:
            wanted.setdefault(quantity.draws, {})[path] = quantity
    return tuple(_read(folder, name, users) for name, users in wanted.items())


def _read(folder: Path, name: str, users: Mapping[str, Quantity]) -> Posterior:
    place = f"{next(iter(users))}.draws"
    file = file_beside(folder, name, place, KINDS)
    try:
        if file.stat().st_size > MAX_BYTES:
            raise refused(place, name, f"must have at most {MAX_BYTES:,} bytes")
        content = file.read_bytes()
        frame = _table(content, file.suffix)
    except UnicodeDecodeError as error:
        raise refused(place, name, "must be UTF-8 text") from error
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise refused(place, name, f"cannot be read: {reason}") from error
    problems = [
        problem for path, quantity in users.items() for problem in _column_problems(frame, name, path, quantity)
    ]
    if problems:
        raise ScenarioError(f"{name}: {len(problems)} problem{'s' if len(problems) > 1 else ''}", problems)
    columns = {path: frame[path].to_numpy(dtype=np.float64) for path in users}
    return Posterior(name, hashlib.sha256(content).hexdigest(), columns)


def _table(content: bytes, kind: str) -> pd.DataFrame:
    """The table in a file.

    Raises:
        ValueError: It is none, or one whose columns could be taken for one another.
    """
    stream = io.BytesIO(content)
    if kind == ".csv":
        header = pd.read_csv(stream, header=None, nrows=1, dtype=str, keep_default_na=False).iloc[0].tolist()
        stream.seek(0)
        frame = pd.read_csv(stream)
    else:
        import pyarrow.parquet as pq  # only where there is such a file: every command reads scenarios

        shape = pq.read_metadata(stream)
        if shape.num_rows * shape.num_columns > MOST_CELLS:
            message = f"{shape.num_rows:,} rows of {shape.num_columns:,} columns; at most {MOST_CELLS:,} cells"
            raise ValueError(message)
        header, frame = pq.read_schema(stream).names, None
    if twice := [name for name, times in Counter(header).items() if times > 1 and name]:
        message = f"{len(twice)} column names stand there twice: {', '.join(map(str, twice[:8]))}"
        raise ValueError(message)
    frame = pd.read_parquet(stream) if frame is None else frame
    if kind == ".csv" and not isinstance(frame.index, pd.RangeIndex):  # pandas takes what is over for row names
        message = f"its rows have more cells than the {len(header)} of its header"
        raise ValueError(message)
    return frame


def _column_problems(frame: pd.DataFrame, name: str, path: str, quantity: Quantity) -> list[Problem]:
    if path not in frame.columns:
        return [
            Problem(f"column {path}", "", f"is missing; there are {', '.join(map(str, frame.columns[:8]))}", name)
        ]
    if len(frame) < FEWEST_ROWS:
        return [Problem("rows", str(len(frame)), f"at least {FEWEST_ROWS}", name)]
    if not pd.api.types.is_numeric_dtype(frame[path]) or pd.api.types.is_bool_dtype(frame[path]):
        numbers = pd.to_numeric(
            frame[path].where(frame[path].map(lambda each: isinstance(each, str))), errors="coerce"
        )
        values = numbers.to_numpy(dtype=np.float64)
    else:
        values = frame[path].to_numpy(dtype=np.float64)
    low, high = quantity.bounds
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= low) & (values <= high)))
    if not wrong.size:
        return []
    row, allowed = int(wrong[0]), f"must be a number from {low:g} to {high:g}"
    more = f" ({wrong.size} such rows)" if wrong.size > 1 else ""
    return [Problem(f"row {row + 2}, column {path}", shown(frame[path].iloc[row]), f"{allowed}{more}", name)]
