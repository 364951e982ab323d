"""Packages that a policy needs beyond those of every installation."""

from collections.abc import Mapping
from importlib.util import find_spec

from zhiyue.recommend.policies import POLICIES

# By the part or the ranker that needs it: the module that is imported, and the extra of zhiyue that brings it.
_NEEDED: Mapping[str, tuple[str, str]] = {
    "self-attention": ("torch", "deep"),
    "boosted": ("lightgbm", "boost"),
}


def missing_extra(policy: str) -> str:
    """The extra that must be installed before this policy can be fitted as itself; empty where nothing is missing."""
    for name in (POLICIES[policy].needs, POLICIES[policy].ranker):
        if name is not None and name in _NEEDED:
            module, extra = _NEEDED[name]
            if find_spec(module) is None:
                return extra
    return ""
