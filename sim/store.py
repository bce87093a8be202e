"""Run folders: written whole or not at all, self-describing, never overwritten.

A folder is first filled under a hidden temporary name beside its final place and then renamed, which the file
system does in one step; whatever interrupts the writing leaves no folder of that name.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import Problem, ResultsError, RunFolderError

MANIFEST_FORMAT = 1
SHOWN = 12
"""Columns or entries told of a table or document that lacks one."""
REPORTED_PACKAGES = ("igsim", "numpy", "scipy", "pandas", "simpy", "pydantic", "pyarrow")


def write_run_folder(
    root: Path,
    *,
    name: str,
    digest: str,
    tables: Mapping[str, pd.DataFrame],
    texts: Mapping[str, str],
    manifest: Mapping[str, Any],
) -> Path:
    """Write one run folder, `root/name/<time>-<digest>/`.

    Args:
        root: Results folder; made if absent.
        name: Scenario name, one path component.
        digest: SHA-256 of the scenario; its first eight digits become part of the folder's name.
        tables: File stem to tidy table; each is written as Parquet and as CSV.
        texts: File name to content, e.g. "scenario.toml".
        manifest: What identifies the run (command, settings, timings); environment, columns of the tables and file
            digests are added.

    Returns:
        The folder.

    Raises:
        ResultsError: If anything cannot be written; nothing is left behind then.
    """
    home = root / name
    temporary = home / f".partial-{uuid.uuid4().hex}"
    try:
        temporary.mkdir(parents=True)
        for stem, table in tables.items():
            table.to_parquet(temporary / f"{stem}.parquet", index=False)
            table.to_csv(temporary / f"{stem}.csv", index=False)
        for file_name, text in texts.items():
            (temporary / file_name).write_text(text, encoding="utf-8")
        files = {path.name: sha256(path) for path in sorted(temporary.iterdir())}
        columns = {stem: _columns(temporary / f"{stem}.parquet") for stem in tables}
        record = {
            "format": MANIFEST_FORMAT,
            **manifest,
            "environment": environment(),
            "columns": columns,
            "files": files,
        }
        text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
        (temporary / "manifest.json").write_text(text + "\n", encoding="utf-8")
        for path in temporary.iterdir():
            _flush_to_disk(path)
        return _claim(temporary, home, f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{digest[:8]}")
    except OSError as error:
        message = f"{home}: the run folder cannot be written ({error.strerror or error}); nothing was left behind"
        raise ResultsError(message) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _claim(temporary: Path, home: Path, wanted: str) -> Path:
    """Rename to the first free name; a rename onto a folder with content fails, so no run replaces another."""
    for attempt in range(1, 1000):
        folder = home / (wanted if attempt == 1 else f"{wanted}-{attempt}")
        try:
            temporary.rename(folder)
        except OSError:
            if not folder.exists():
                raise
        else:
            return folder
    message = f"{home}: no free name for {wanted}"
    raise ResultsError(message)


def _flush_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def described(table: Path, beside: Sequence[Path] = (), options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What a manifest says of an outside table: file and SHA-256, those of files read with it, how it was read."""
    entry: dict[str, Any] = {"file": str(table), "sha256": sha256(table)}
    if beside:
        entry["with"] = [{"file": str(path), "sha256": sha256(path)} for path in beside]
    if options:
        entry["options"] = dict(options)
    return entry


def scenarios_of(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a manifest says of the scenarios that were played, the main one first; none for an outside table."""
    return list(manifest.get("scenarios") or ([manifest["scenario"]] if "scenario" in manifest else []))


def newest_run(folder: Path) -> Path:
    """The newest run folder of a folder that holds run folders, such as `results/base-case`; any other as it is."""
    if (folder / "manifest.json").exists() or not folder.is_dir():
        return folder
    # Names of run folders begin with the time.
    return max((path.parent for path in folder.glob("*/manifest.json")), default=folder)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read and verify a run folder.

    Args:
        folder: A run folder.

    Returns:
        Its manifest.

    Raises:
        RunFolderError: If the folder is missing, incomplete, altered since it was written, or of a newer format; or
            a table has not the columns that were written, though its digest was made to fit.
    """
    manifest = _manifest(folder)
    problems = [
        Problem(name, "", fault, str(folder))
        for name, digest in sorted(manifest["files"].items())
        if (fault := _file_fault(folder, name, digest))
    ]
    if not problems:  # folders of earlier versions do not say their columns
        for stem, columns in manifest.get("columns", {}).items():
            if f"{stem}.parquet" in manifest["files"]:
                problems += _column_faults(folder / f"{stem}.parquet", columns)
            if f"{stem}.csv" in manifest["files"]:
                problems += _header_faults(folder / f"{stem}.csv", columns)
    if problems:
        raise _unusable(problems)
    return manifest


def read_table(path: Path) -> pd.DataFrame:
    """One Parquet table of a run folder.

    Args:
        path: The file, in a folder that was verified.

    Raises:
        RunFolderError: It is missing, or holds no table. Digests tell what was altered, but not what was altered and
            sealed anew.
    """
    try:
        return pd.read_parquet(path)
    except FileNotFoundError:
        raise _unusable([Problem(path.name, "", "is missing", str(path.parent))]) from None
    except (OSError, ValueError) as error:
        raise _unusable([_no_table(path, error)]) from error


def _no_table(path: Path, error: Exception) -> Problem:
    found = str(error).split("\n")[0][:200]
    return Problem(path.name, found, "must be the Parquet table that the run wrote", str(path.parent))


def _columns(path: Path) -> dict[str, str]:
    """Name of each column of a Parquet table, and what kind of values it holds."""
    schema = pq.read_schema(path)
    return {field.name: _kind(field.type) for field in schema}


def _kind(values: pa.DataType) -> str:
    if pa.types.is_integer(values) or pa.types.is_floating(values):
        return "numbers"
    if pa.types.is_string(values) or pa.types.is_large_string(values):
        return "text"
    return {"bool": "yes or no", "null": "blanks"}.get(str(values), str(values))


def _column_faults(path: Path, columns: Mapping[str, str]) -> list[Problem]:
    """Columns that the run wrote and that the table has not, or has with values of another kind."""
    try:
        found = _columns(path)
    except (OSError, ValueError) as error:
        return [_no_table(path, error)]
    missing = [name for name in columns if name not in found]
    problems = [_missing(path, missing, list(found))] if missing else []
    return problems + [
        Problem(f"{path.name}: column {name}", found[name], f"must be {kind}, as the run wrote it", str(path.parent))
        for name, kind in columns.items()
        if name in found and found[name] != kind != "blanks"
    ]


def _header_faults(path: Path, columns: Mapping[str, str]) -> list[Problem]:
    """Columns that the run wrote and that are not in the first line of the CSV."""
    with path.open(encoding="utf-8", errors="replace", newline="") as lines:
        header = next(csv.reader(lines), [])
    missing = [name for name in columns if name not in header]
    return [_missing(path, missing, header)] if missing else []


def _missing(path: Path, missing: list[str], found: list[str]) -> Problem:
    shown = ", ".join(found[:SHOWN]) + (", ..." if len(found) > SHOWN else "")
    word = "the column" if len(missing) == 1 else "the columns"
    allowed = f"must have {word} {', '.join(missing)} that the run wrote"
    return Problem(path.name, f"columns {shown}" if found else "no columns", allowed, str(path.parent))


class _Entries(dict[str, Any]):
    """Entries of a JSON document that says by itself which one it lacks.

    Attributes:
        path: The document.
    """

    path: Path

    def __missing__(self, name: object) -> Any:
        shown = ", ".join(list(self)[:SHOWN]) + (", ..." if len(self) > SHOWN else "")
        allowed = f"must have the entry {name} that the run wrote"
        found = f"entries {shown}" if self else "no entries"
        raise _unusable([Problem(self.path.name, found, allowed, str(self.path.parent))])


def read_document(path: Path) -> dict[str, Any]:
    """One JSON document of a run folder.

    Returns:
        Its entries; whoever asks for one that is not there, at any depth, is told so by a RunFolderError.

    Raises:
        RunFolderError: It is missing, or no JSON document.
    """

    def entries(pairs: list[tuple[str, Any]]) -> _Entries:
        found = _Entries(pairs)
        found.path = path
        return found

    try:
        content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=entries)
    except FileNotFoundError:
        raise _unusable([Problem(path.name, "", "is missing", str(path.parent))]) from None
    except (OSError, ValueError) as error:
        allowed = "must be the JSON document that the run wrote"
        raise _unusable([Problem(path.name, str(error), allowed, str(path.parent))]) from error
    if not isinstance(content, dict):
        found = f"a JSON {type(content).__name__}"
        raise _unusable([Problem(path.name, found, "must be the JSON document that the run wrote", str(path.parent))])
    return content


def _manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder, in a shape that can be read on."""
    path = folder / "manifest.json"
    if not folder.is_dir():
        found = "a file" if folder.exists() else "no such folder"
        raise _unusable([Problem("run folder", found, "must be a folder that igsim wrote", str(folder))])
    if not path.exists():
        allowed = "is missing: not a run folder, or one whose writing never ended"
        raise _unusable([Problem("manifest.json", "", allowed, str(folder))])
    manifest = read_document(path)
    parts = [manifest.get(key, {}) for key in ("settings", "files", "columns")]
    parts += parts[-1].values() if isinstance(parts[-1], dict) else []
    if "files" not in manifest or not all(isinstance(part, dict) for part in parts):
        raise _unusable(
            [Problem("manifest.json", "", "must have settings, columns and files as the run wrote them", str(folder))]
        )
    if manifest.get("format") != MANIFEST_FORMAT:
        allowed = f"must be {MANIFEST_FORMAT}, the one that this version of igsim reads"
        found = json.dumps(manifest.get("format"))
        raise _unusable([Problem("manifest.json: format", found, allowed, str(folder))])
    return manifest


def _file_fault(folder: Path, name: str, digest: object) -> str:
    """What is wrong with one file of a manifest; nothing if it is as the run wrote it."""
    if Path(name).name != name or name in ("", ".", ".."):
        return "is named in the manifest and lies outside the folder"
    if not (folder / name).is_file():
        return "is missing"
    return "" if sha256(folder / name) == digest else "altered since the run wrote it (SHA-256 differs)"


def _unusable(problems: list[Problem]) -> RunFolderError:
    return RunFolderError("this run folder cannot be used", problems)


def environment() -> dict[str, Any]:
    """Versions, machine and source revision, so that a result can be traced to what produced it."""
    return {
        "python": sys.version.split()[0],
        "packages": {package: _version(package) for package in REPORTED_PACKAGES},
        "platform": platform.platform(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "git_revision": _git_revision(),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git_revision() -> str | None:
    """Commit of the source tree, with '+changes' if it was modified; None outside a checkout."""
    source = Path(__file__).resolve().parent.parent
    if not (source / ".git").exists():
        return None
    try:
        revision = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=source, capture_output=True, text=True, timeout=5, check=True
        ).stdout.strip()
        status = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=source,
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return revision + ("+changes" if status else "")
