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
    return next((extra for module, extra in _needed(policy) if find_spec(module) is None), "")


def needs_extra(policy: str) -> bool:
    """Whether it takes an extra, installed or not: such policies cost many times what the others do."""
    return bool(_needed(policy))


def _needed(policy: str) -> list[tuple[str, str]]:
    names = (POLICIES[policy].needs, POLICIES[policy].ranker)
    return [_NEEDED[name] for name in names if name is not None and name in _NEEDED]
