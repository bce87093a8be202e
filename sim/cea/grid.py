"""A table file of any accepted kind to a header and cells, with the row numbers a spreadsheet shows.

Here end the differences between CSV, Parquet and Excel; `sim.cea.tables` gives the cells meaning.
"""

from __future__ import annotations

import csv
import gzip
import io
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from sim.cea.cells import as_text
from sim.errors import Problem, TableError

_EXTENSIONS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz", ".parquet", ".xlsx")
_DELIMITERS = (",", ";", "\t")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SHOWN = 10

MOST_BYTES = 200_000_000
"""Of a table file, as it lies on disk and unpacked: ten thousand draws of a hundred columns are a tenth of it."""
MOST_CELLS = 50_000_000
"""Of a Parquet file, which may say in a few bytes that a value repeats."""


@dataclass(frozen=True, eq=False)
class Grid:
    """A table as it stands in its file.

    Attributes:
        header: Names of the columns, without spaces around them; empty where the cell is blank.
        cells: One column for each name, labelled 0, 1, ...; the index is the spreadsheet row, from 2.
            Cells are text, numbers, or whatever Excel and Parquet hold; wholly blank rows are left out.
    """

    header: tuple[str, ...]
    cells: pd.DataFrame

    @property
    def rows(self) -> list[int]:
        """Spreadsheet row of each row of cells."""
        return [int(row) for row in self.cells.index]

    def column(self, position: int) -> list[object]:
        """Contents of one column, from the top.

        Args:
            position: Which, from 0.

        Returns:
            One item a row.
        """
        return list(self.cells[position])


def read_grid(path: Path, sheet: str | None = None) -> Grid:
    """Read a table file.

    Text is UTF-8, with or without a byte order mark, separated by commas, semicolons or tabs, whichever
    splits the header line into most names.

    Args:
        path: A .csv, .tsv, .txt (any of them .gz), .parquet or .xlsx file.
        sheet: Sheet of a workbook; needed only where there are several.

    Returns:
        Header and cells; at least one of each.

    Raises:
        TableError: The file is missing, empty, of another kind or encoding, or no table.
    """
    kind = next((end for end in reversed(_EXTENSIONS) if path.name.lower().endswith(end)), None)
    if kind is None:
        raise _refusal(path, "extension", path.suffix or "none", f"one of {', '.join(_EXTENSIONS)}")
    if not path.is_file():
        raise _refusal(path, "file", "a folder" if path.is_dir() else "no such file", "a file that exists")
    if sheet is not None and kind != ".xlsx":
        raise _refusal(path, "sheet", sheet, "no sheet: only .xlsx files have sheets")
    try:
        size = path.stat().st_size
        if size == 0:
            raise _refusal(path, "file", "an empty file", "a header and at least one row")
        _refuse_the_enormous(path, size=size)
        if kind == ".parquet":
            return _from_parquet(path)
        raw = _excel_rows(path, sheet) if kind == ".xlsx" else _csv_rows(path, compressed=kind.endswith(".gz"))
    except OSError as error:
        raise _refusal(path, "file", str(error), "a file that can be read") from error
    return _grid(path, raw)


def _grid(path: Path, raw: pd.DataFrame) -> Grid:
    """Split the header from the cells and leave out wholly blank rows."""
    if raw.empty:
        raise _refusal(path, "file", "an empty table", "a header and at least one row")
    header = tuple(as_text(value) for value in raw.iloc[0])
    if not any(header):
        raise _refusal(path, "row 1", "a blank row", "the column names")
    raw.index = pd.RangeIndex(1, len(raw) + 1)
    cells = raw.iloc[1:]
    blank = cells.isna() | (cells == "")
    return _with_rows(path, Grid(header, cells[~blank.all(axis=1)]))


def _with_rows(path: Path, grid: Grid) -> Grid:
    if grid.cells.empty:
        raise _refusal(path, "row 2", "nothing beneath the header", "at least one row")
    return grid


def _csv_rows(path: Path, *, compressed: bool) -> pd.DataFrame:
    text = _decoded(path, compressed=compressed)
    if not text.strip():
        raise _refusal(path, "file", "an empty file", "a header and at least one row")
    header = io.StringIO(text, newline=None).readline()
    if not header.strip():
        raise _refusal(path, "row 1", "a blank row", "the column names")
    delimiter = max(_DELIMITERS, key=header.count)
    try:
        return pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            header=None,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
        )
    except pd.errors.ParserError as error:
        msg = "the table cannot be read"
        raise TableError(msg, _ragged(path, text, delimiter, error)) from error


def _decoded(path: Path, *, compressed: bool) -> str:
    content = path.read_bytes()
    if compressed:
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
                content = stream.read(MOST_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise _refusal(path, "file", str(error), "a whole gzip file") from error
        _refuse_the_enormous(path, size=len(content))
    if content.startswith(_UTF16_MARKS):
        raise _refusal(path, "encoding", "UTF-16", "UTF-8: save as 'CSV UTF-8'")
    if b"\0" in content:
        raise _refusal(path, "encoding", "zero bytes: UTF-16 or no text at all", "UTF-8 text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{content[error.start]:02X}, which is not UTF-8"
        raise _refusal(path, f"line {line}", found, "UTF-8: save as 'CSV UTF-8'") from error


def _ragged(path: Path, text: str, delimiter: str, error: Exception) -> list[Problem]:
    """Every row with more cells than the header, or what the parser said where there is none."""
    try:
        sizes = [len(row) for row in csv.reader(io.StringIO(text), delimiter=delimiter)]
    except csv.Error:
        sizes = []
    wide = [(row, size) for row, size in enumerate(sizes, start=1) if size > sizes[0]]
    if not wide:
        return [Problem("file", str(error).strip(), "rows of cells, quotes closed", str(path))]
    hint = "; a decimal comma makes one number two cells" if delimiter == "," else ""
    allowed = f"at most the header's {sizes[0]}{hint}"
    problems = [Problem(f"row {row}", f"{size} cells", allowed, str(path)) for row, size in wide[:_SHOWN]]
    if len(wide) > _SHOWN:
        problems.append(Problem("rows below", f"{len(wide) - _SHOWN} more such rows", allowed, str(path)))
    return problems


def _excel_rows(path: Path, sheet: str | None) -> pd.DataFrame:
    try:
        # From memory: a workbook that fails to open must not leave its file open.
        content = io.BytesIO(path.read_bytes())
        _refuse_the_enormous(path, size=unpacked_bytes(content))
        with warnings.catch_warnings():
            # Its notes on styles, footers and drop-down lists do not concern the cells.
            warnings.filterwarnings("ignore", module="openpyxl")
            with pd.ExcelFile(content, engine="openpyxl") as book:
                name = _sheet_name(path, [str(name) for name in book.sheet_names], sheet)
                return pd.read_excel(book, sheet_name=name, header=None, dtype=object)
    except TableError:
        raise
    except Exception as error:  # a broken workbook provokes whatever its broken part provokes
        raise _refusal(path, "file", str(error), "an .xlsx workbook") from error


def unpacked_bytes(workbook: io.BytesIO) -> int:
    """Bytes of a workbook once it is unpacked.

    Raises:
        BadZipFile: It is none.
    """
    with zipfile.ZipFile(workbook) as parts:
        return sum(part.file_size for part in parts.infolist())


def _sheet_name(path: Path, names: list[str], sheet: str | None) -> str:
    if sheet is None and len(names) > 1:
        allowed = "one of them, chosen with --sheet NAME"
        raise _refusal(path, "sheet", f"{len(names)} sheets: {', '.join(names)}", allowed)
    if sheet is not None and sheet not in names:
        raise _refusal(path, "sheet", sheet, f"one of {', '.join(names)}")
    return names[0] if sheet is None else sheet


def _from_parquet(path: Path) -> Grid:
    try:
        shape = pq.read_metadata(path)
        _refuse_the_enormous(path, cells=shape.num_rows * shape.num_columns)
        frame = pd.read_parquet(path)
        if any(name is not None for name in frame.index.names):
            frame = frame.reset_index()
        # As objects at once: Arrow decodes text only when it is looked at, which is too late to refuse it.
        frame = frame.astype(object)
    except TableError:
        raise
    except Exception as error:  # a broken file provokes whatever its broken part provokes
        raise _refusal(path, "file", str(error), "a Parquet file") from error
    header = tuple(as_text(name) for name in frame.columns)
    frame.columns = pd.RangeIndex(len(header))
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    return _with_rows(path, Grid(header, frame))


def _refuse_the_enormous(path: Path, *, size: int = 0, cells: int = 0) -> None:
    if size > MOST_BYTES:
        raise _refusal(path, "file", "a larger one", f"at most {MOST_BYTES:,} bytes, also once unpacked")
    if cells > MOST_CELLS:
        raise _refusal(path, "file", f"{cells:,} cells", f"at most {MOST_CELLS:,} cells")


def _refusal(path: Path, place: str, found: str, allowed: str) -> TableError:
    return TableError("the table cannot be read", [Problem(place, found, allowed, str(path))])
