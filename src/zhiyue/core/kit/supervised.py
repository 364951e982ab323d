"""Processes that must not outlive the supervisor that started them."""

import os
import signal
import threading
import time

SUPERVISOR_VARIABLE = "ZHIYUE_SUPERVISOR_PID"


def supervisor_is_gone() -> bool:
    """True where this process was started by a supervisor and that one is no longer its parent."""
    wanted = os.environ.get(SUPERVISOR_VARIABLE)
    return wanted is not None and os.getppid() != int(wanted)


def leave_with_supervisor() -> None:
    """Watch from a thread, and ask this process to end (SIGTERM) when its supervisor was killed."""
    if SUPERVISOR_VARIABLE in os.environ:
        threading.Thread(target=_watch, name="supervisor-watch", daemon=True).start()


def _watch() -> None:
    while not supervisor_is_gone():
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
