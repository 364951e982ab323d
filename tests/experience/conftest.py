"""Every test begins with nothing counted against anybody."""

import pytest

from zhiyue.experience.shell import limits


@pytest.fixture(autouse=True)
def nothing_counted(own_data_dir: None) -> None:
    """`own_data_dir` empties Redis, where there is one; in memory the counts end with their counter."""
    limits.limiter.cache_clear()
