"""Amounts in the capital characters that can't be altered by a stroke (大写金额), as receipts and invoices have them:
the People's Bank's rules for filling in vouchers (支付结算办法, annex 1)."""

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿")
MOST_FEN = 10**14 - 1


def capitals(fen: int) -> str:
    """`140950` → “壹仟肆佰零玖元伍角整”. Zeros between other digits are said once, those at the end of the yuan not at
    all; what ends with yuan or jiao is closed by 整, so that nothing can be added. Raises ValueError below 0 and past
    12 digits of yuan."""
    if not 0 <= fen <= MOST_FEN:
        raise ValueError("an amount in capitals is 0 or more fen, and has 12 digits of yuan at most")
    yuan, rest = divmod(fen, 100)
    jiao, cents = divmod(rest, 10)
    said = f"{_whole(yuan)}元" if yuan else ""
    if jiao:
        said += f"{_DIGITS[jiao]}角"
    elif cents and yuan:
        said += _DIGITS[0]
    if cents:
        return f"{said}{_DIGITS[cents]}分"
    return f"{said or '零元'}整"


def _whole(number: int) -> str:
    """A number above 0, read in groups of four digits."""
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    said = ""
    for place in range(len(groups) - 1, -1, -1):
        group = groups[place]
        if not group:
            continue
        if said and (group < 1_000 or groups[place + 1] == 0):
            said += _DIGITS[0]
        said += _group(group) + _GROUPS[place]
    return said


def _group(group: int) -> str:
    """1 to 9,999, without zeros before it."""
    said, skipped = "", False
    for place in (3, 2, 1, 0):
        digit = group // 10**place % 10
        if digit:
            said += (_DIGITS[0] if skipped and said else "") + _DIGITS[digit] + _PLACES[place]
            skipped = False
        else:
            skipped = True
    return said
