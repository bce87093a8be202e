"""Identities: of a job's contents, of this version of the program, and of this machine's arithmetic.

Results are the same bytes only if the same program computes them with the same arithmetic, so unfinished work is
taken up, and a cluster used, only where all three agree.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

DECIDING_PACKAGES = ("numpy", "scipy", "scikit-learn")


def digest_of(value: object) -> str:
    """SHA-256 of plain values, arrays, sequences, mappings and dataclasses of these; their types count.

    Raises:
        TypeError: Something else is in there, whose contents cannot be known.
    """
    found = hashlib.sha256()
    _add(found, value)
    return found.hexdigest()


def _add(found: hashlib._Hash, value: object) -> None:
    """Feed one value with its type and length, so that no two values feed the same bytes."""
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            message = "an array of objects has no digest"
            raise TypeError(message)
        _feed(found, "array", f"{value.dtype.str}{value.shape}".encode())
        _feed(found, "bytes", np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Enum):
        _feed(found, type(value).__name__, value.name.encode())
    elif value is None or isinstance(value, bool | int | str | bytes):
        _feed(found, type(value).__name__, value if isinstance(value, bytes) else str(value).encode())
    elif isinstance(value, float | np.generic):
        _feed(found, type(value).__name__, struct.pack("<d", value) if isinstance(value, float) else value.tobytes())
    elif is_dataclass(value) and not isinstance(value, type):
        _feed(found, "dataclass", type(value).__name__.encode())
        _add(found, {field.name: getattr(value, field.name) for field in fields(value)})
    elif isinstance(value, Mapping):
        _feed(found, "mapping", str(len(value)).encode())
        for key in sorted(value, key=repr):
            _add(found, key)
            _add(found, value[key])
    elif isinstance(value, Sequence):
        _feed(found, "sequence", str(len(value)).encode())
        for each in value:
            _add(found, each)
    else:
        message = f"{type(value).__name__} has no digest"
        raise TypeError(message)


def _feed(found: hashlib._Hash, kind: str, content: bytes) -> None:
    found.update(f"{kind}:{len(content)}:".encode() + content)


@cache
def program_digest() -> str:
    """SHA-256 of the source of igsim and of the versions of the libraries that compute."""
    home = Path(__file__).resolve().parents[1]
    source = {str(path.relative_to(home)): path.read_bytes() for path in sorted(home.rglob("*.py"))}
    return digest_of([source, {name: version(name) for name in DECIDING_PACKAGES}])


@cache
def arithmetic_digest() -> str:
    """SHA-256 of elementary and special functions at fixed points.

    Processors with other vector instructions may round the last digit of these differently, and results with them.
    """
    from scipy import special  # takes longer to load than all else that a worker needs to begin

    x = (np.arange(4096) + 0.5) / 4096
    values = [
        *(function(x) for function in (np.exp, np.log, np.log1p, np.expm1, np.sqrt, np.sin, np.cos, np.tanh)),
        np.vecdot(x, x),  # block sums; the library's kernel goes by the processor
        *(function(8 * x) for function in (special.gammaln, special.ndtr, special.erf)),
        *(x**power for power in (0.37, 1.4, 2.9)),
        special.ndtri(x),
        special.gammaincinv(1.7, x),
        special.betaincinv(2.3, 5.1, x),
        x.sum(),
        x.mean(),
    ]
    return digest_of(values)
