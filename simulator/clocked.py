"""``python -m simulator.clocked CLOCK worker.py …`` (or ``-m gunicorn …``): run a part of Nudges by a clock.

The program, and what it forks, then tells the time by the file CLOCK (``simulator/clock.py``), which can jump
ahead. Nudges itself knows nothing of it.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from bot import clock
from simulator.clock import Clock


def main() -> None:
    """Become the program that the rest of the command line names, as Python itself would run it."""
    _me, path, *program = sys.argv
    clock.source = Clock(Path(path)).now
    if program[0] == "-m":
        sys.argv = program[1:]
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = program
        runpy.run_path(program[0], run_name="__main__")


if __name__ == "__main__":
    main()
