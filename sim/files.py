"""Single files: written whole or not at all, and one clear error where that cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sim.errors import ResultsError


def write_file(path: Path, content: str | bytes, what: str) -> Path:
    """Write one file; what was there before is replaced in one step.

    Args:
        path: The file.
        content: Text, written as UTF-8, or bytes.
        what: What it holds, for the message, e.g. "the report".

    Returns:
        The file.

    Raises:
        ResultsError: It cannot be written; what was there before still is.
    """
    with written_whole(path, what) as partial:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@contextmanager
def written_whole(path: Path, what: str) -> Iterator[Path]:
    """A hidden name beside a file, to be filled; it takes the file's place when the block ends without an error.

    What is there and no file (a device, a pipe) is filled itself: it has no place that another could take.

    Args:
        path: The file.
        what: What it holds, for the message.

    Raises:
        ResultsError: It cannot be written; what was there before still is.
    """
    partial = path
    try:
        if path.name and (path.is_file() or not path.exists()):
            partial = path.with_name(f".{path.name}.partial")
        yield partial
        if partial != path:
            partial.replace(path)
    except OSError as error:
        message = f"{path}: {what} cannot be written ({error.strerror or error}); nothing was left behind"
        raise ResultsError(message) from error
    finally:
        if partial != path:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
