"""Money is integer fen; this file only writes it for people."""


def yuan(fen: int) -> str:
    """`19900` → "¥199", `1990` → "¥19.90", `-1` → "-¥0.01"; thousands are grouped."""
    sign = "-" if fen < 0 else ""
    whole, cents = divmod(abs(fen), 100)
    return f"{sign}¥{whole:,}" + (f".{cents:02d}" if cents else "")
