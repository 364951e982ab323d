"""Dividing an amount, to the fen. Numbers in, numbers out."""

from collections.abc import Mapping


def shared_out(total_fen: int, shares: Mapping[int, int]) -> dict[int, int]:
    """An amount divided by shares, to the fen: what rounding leaves goes to the first ones."""
    whole = sum(shares.values())
    parts = {key: total_fen * share // whole if whole else 0 for key, share in shares.items()}
    left = total_fen - sum(parts.values())
    for key in list(parts)[:left]:
        parts[key] += 1
    return parts
