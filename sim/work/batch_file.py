"""Finished batches on disk: one NumPy archive that names its job and, in its file name, its own SHA-256.

Nothing is unpickled. A file that was cut short, altered or belongs to other work is known by its digest or its job.
"""

from __future__ import annotations

import hashlib
import io
import os
import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sim.work.contract import Arrays

JOB_DIGITS = 16
SUFFIX = ".npz"
PARTIAL = ".partial-"


def write_batches(folder: Path, job: str, batches: Mapping[int, Arrays]) -> Path:
    """Write batches under a temporary name, flush them to disk and rename: the file is whole or not there.

    Args:
        folder: Where to.
        job: Digest of the job.
        batches: Batch numbers and their results.

    Returns:
        The file, `<job>-<first batch>-<SHA-256>.npz`.

    Raises:
        OSError: It cannot be written; nothing is left behind.
        ValueError: An array holds objects.
    """
    content = io.BytesIO()
    entries: Arrays = {"job": np.array(job), "batches": np.array(list(batches))}
    for batch, arrays in batches.items():
        entries |= {f"{batch}/{name}": array for name, array in arrays.items()}
    for entry, array in entries.items():
        if array.dtype.hasobject:
            message = f"{entry} holds objects, which could only be pickled"
            raise ValueError(message)
    np.savez(content, **entries)  # type: ignore[arg-type]  # a name is never that of an option
    digest = hashlib.sha256(content.getbuffer()).hexdigest()
    path = folder / f"{job[:JOB_DIGITS]}-{min(batches):06d}-{digest}{SUFFIX}"
    write_whole(path, content.getvalue())
    return path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, also after a loss of power."""
    temporary = path.parent / f"{PARTIAL}{uuid.uuid4().hex}"
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def files_of(folder: Path, job: str) -> list[Path]:
    """Files that, by their names, hold batches of the job."""
    return sorted(folder.glob(f"{job[:JOB_DIGITS]}-*{SUFFIX}"))


def read_batches(path: Path, job: str) -> dict[int, Arrays] | None:
    """Read batches back.

    Args:
        path: From `files_of`.
        job: Digest of the job.

    Returns:
        Batch numbers and their results; None if the file is not what was written, or is of another job.
    """
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != path.stem.rpartition("-")[2]:
            return None
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            if str(archive["job"]) != job:
                return None
            found: dict[int, Arrays] = {int(batch): {} for batch in archive["batches"]}
            for entry in archive.files:
                batch, _, name = entry.partition("/")
                if name:
                    found[int(batch)][name] = archive[entry]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return found
