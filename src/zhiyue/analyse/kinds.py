"""Records of analysis."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Act:
    """One weighted act of one person on one course, not decayed."""

    event_pk: int
    event: str
    course_id: int
    weight: float
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Acts:
    """Many acts as columns of one length n: who (`m12` a member, `v…` a visitor), which course, weight, when (UTC)."""

    actor_key: npt.NDArray[np.str_]
    course_id: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float32]
    occurred_at: npt.NDArray[np.datetime64]
