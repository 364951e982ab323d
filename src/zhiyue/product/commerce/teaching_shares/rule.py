"""How much of what is sold is the teacher's. Numbers in, numbers out.

A share is so many thousandths of what stays with the academy, rounded down to the fen. Whenever some of the money goes
back, so much of the share is taken back that what is left is the share of what is left: however a refund is cut into
parts, the end is the same, and where everything went back nothing is kept.
"""

THOUSAND = 1_000


def share_fen(sold_fen: int, permille: int) -> int:
    """The teacher's part of what was sold. Raises ValueError below 0 and above the whole."""
    if sold_fen < 0 or not 0 <= permille <= THOUSAND:
        raise ValueError(f"no share is {permille} ‰ of {sold_fen} fen")
    return sold_fen * permille // THOUSAND


def taken_back_fen(kept_fen: int, left_fen: int, permille: int) -> int:
    """How much of a share of which `kept_fen` are there goes back, once `left_fen` of what was sold are left."""
    return kept_fen - share_fen(left_fen, permille)
