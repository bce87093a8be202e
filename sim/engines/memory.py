"""How the process keeps the memory of one block of patients for the next."""

from __future__ import annotations

import ctypes
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names of glibc's malloc.h
_KEPT = 256 * 2**20


@cache
def keep_memory() -> bool:
    """Tell the C library to keep freed arrays for the next ones, once a process; whether it heard.

    glibc hands large arrays back to the system as soon as they are freed, and the next array then costs a page fault
    for every 4 KiB: about 15 % of the time of a run. Elsewhere nothing happens. At most 256 MiB are kept.
    """
    try:
        libc = ctypes.CDLL(None)
        return all(libc.mallopt(name, _KEPT) == 1 for name in (_MMAP_THRESHOLD, _TRIM_THRESHOLD))
    except (OSError, TypeError, AttributeError):
        return False
