"""Children that end when we end, even when we are killed with -9.

Linux signals a tethered child when the thread that started it is gone (prctl(2), PR_SET_PDEATHSIG). Other
systems have nothing like it: there, what a killed supervisor leaves behind is ended by the next start
(simulator/lock.py).
"""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
# Loaded now: between fork and exec it is too late to load a library safely.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class WrongThreadError(RuntimeError):
    """A tethered child was started from a thread whose end would end the child too."""


def tethered(death_signal: signal.Signals) -> Callable[[], None]:
    """Return a ``preexec_fn`` that has the child sent ``death_signal`` when this process dies.

    It runs after Popen has switched users, which matters: a change of user clears the tether.
    Raises WrongThreadError outside the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        raise WrongThreadError(
            "Start processes from the main thread: a tethered child ends with the thread that started it."
        )
    parent = os.getpid()

    def tether() -> None:
        _set_death_signal(death_signal)
        if os.getppid() != parent:  # It died before we were tethered, so no signal will come.
            os.kill(os.getpid(), signal.SIGKILL)

    return tether


def tether_to_make() -> None:
    """When ``make`` started us, end in order when it ends: killing make must not leave us behind."""
    if "MAKELEVEL" in os.environ:
        _set_death_signal(signal.SIGTERM)


def _set_death_signal(death_signal: signal.Signals) -> None:
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
