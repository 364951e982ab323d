"""When a background process has to go: a signal, or the supervisor that started it is gone."""

import signal
from threading import Event
from time import monotonic
from types import FrameType

from zhiyue.core.kit.supervised import leave_with_supervisor


class Lifetime:
    """Says whether to end, and sleeps no longer than that.

    `grace_seconds` is what unfinished work still gets after the call; supervisors kill after ten.
    """

    def __init__(self, *, grace_seconds: float = 8.0) -> None:
        self._grace_seconds = grace_seconds
        self._ended = Event()
        self._deadline = float("inf")

    def listen(self) -> None:
        """Takes TERM, INT and the supervisor's death as the call to end. Main thread only."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        leave_with_supervisor()

    def end(self) -> None:
        if not self._ended.is_set():
            self._deadline = monotonic() + self._grace_seconds
            self._ended.set()

    @property
    def ending(self) -> bool:
        return self._ended.is_set()

    @property
    def grace_is_over(self) -> bool:
        return monotonic() >= self._deadline

    def sleep(self, seconds: float) -> None:
        self._ended.wait(seconds)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.end()
