"""Places for what a command writes: taken before the work begins, filled at once, or left as they were."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from zhiyue.recommend.errors import NotPossible


@dataclass(frozen=True, slots=True)
class Place:
    """A file to be and the draft beside it: a reader sees the old file or the new, never half."""

    path: Path
    draft: Path

    def fill(self, write: Callable[[Path], object]) -> None:
        """Let `write` fill the draft. Raises NotPossible if that fails."""
        try:
            write(self.draft)
        except OSError as problem:
            raise self._failed(problem) from problem

    def settle(self) -> None:
        """Make a filled draft the file. Raises NotPossible if that fails."""
        try:
            if self.draft.stat().st_size:
                self.draft.chmod(0o644)
                self.draft.replace(self.path)
        except OSError as problem:
            raise self._failed(problem) from problem

    def _failed(self, problem: OSError) -> NotPossible:
        return NotPossible(
            f"{self.path}: writing failed, nothing was left behind: {problem.strerror or problem}."
        )


@contextmanager
def reserved(path: Path) -> Iterator[Place]:
    """A place for `path`, taken before the work begins. What was filled is put in place when the block ends
    well; else nothing is left behind.

    Raises NotPossible if the folder does not take it.
    """
    place = Place(path, path.with_name(f".{path.name}.{token_hex(4)}{path.suffix}"))
    # Named before it is made, so that whenever Ctrl-C comes there is nothing that isn't taken away again.
    try:
        try:
            place.draft.touch(mode=0o600, exist_ok=False)
        except OSError as problem:
            raise NotPossible(f"{path}: nothing can be written there: {problem.strerror}.") from problem
        yield place
        place.settle()
    finally:
        with suppress(OSError):
            place.draft.unlink(missing_ok=True)
