"""What is found where somebody looks how this installation is."""

from dataclasses import dataclass
from typing import Literal

State = Literal["good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `bad` needs somebody now, `warn` soon."""

    key: str
    name: str
    state: State
    said: str
