"""When a background process has to go: a signal, or the supervisor that started it is gone."""

import signal
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic
from types import FrameType

from zhiyue.core.kit.supervised import leave_with_supervisor


class Lifetime:
    """Says whether to end, and sleeps no longer than that.

    `grace_seconds` is what unfinished work still gets after the call; supervisors kill after ten.
    """

    def __init__(self, *, grace_seconds: float = 8.0) -> None:
        self._grace_seconds = grace_seconds
        self._deadline = float("inf")
        # Not an Event: a signal can come while this very thread holds its lock, and setting it would hang.
        self._calls: SimpleQueue[None] = SimpleQueue()

    def listen(self) -> None:
        """Takes TERM, INT and the supervisor's death as the call to end. Main thread only."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        leave_with_supervisor()

    def end(self) -> None:
        if not self.ending:
            self._deadline = monotonic() + self._grace_seconds
            self._calls.put(None)

    @property
    def ending(self) -> bool:
        return self._deadline < float("inf")

    @property
    def grace_is_over(self) -> bool:
        return monotonic() >= self._deadline

    def sleep(self, seconds: float) -> None:
        if not self.ending:
            with suppress(Empty):
                self._calls.get(timeout=seconds)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.end()
