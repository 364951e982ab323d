"""Zhiyue 知跃: the self-hosted platform for paid knowledge that raises and proves user activity."""

__version__ = "0.1.0"
