"""The command `igsim`, but every batch is on disk at once and slowly, so that there is a moment to be interrupted at.

python -m tests.work.slowly SECONDS ARGUMENT...
"""

from __future__ import annotations

import sys
import time
from typing import Any

from sim.cli import main
from sim.work import folder

if __name__ == "__main__":
    seconds = float(sys.argv.pop(1))
    write_batches = folder.write_batches

    def slowly(*arguments: Any) -> Any:
        path = write_batches(*arguments)
        time.sleep(seconds)
        return path

    folder.SECONDS_BETWEEN_FILES = 0.0
    folder.write_batches = slowly
    main()
