"""Progress is shown with rate and time left on a terminal, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import time
from sim.cli.options import Bar
with Bar("batches of draws") as bar:
    for done in range(1, 16):
        time.sleep(0.1)
        bar(done, 40)
"""


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are of POSIX")
def test_a_terminal_shows_how_far_how_fast_and_how_long_still():
    ours, theirs = os.openpty()
    environment = {**os.environ, "COLUMNS": "100", "TERM": "xterm"}
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    while True:
        try:
            shown += os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
    os.close(ours)
    assert process.wait() == 0
    text = shown.decode()
    assert "batches of draws" in text
    assert "15/40" in text
    assert "/s" in text
    assert "0:00:0" in text
    assert "left" in text


def test_nothing_is_shown_where_there_is_no_terminal():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")
