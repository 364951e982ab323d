"""The bill of a day as WeChat Pay gives it: a table in UTF-8, packed, each of whose cells begins with a backtick."""

import hashlib
import zlib
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from zhiyue.product.commerce.providers import refusing
from zhiyue.product.commerce.providers.protocol import BillLine

_FIRST = "交易时间"
# Of a refund the state at the moment when the bill was made, which isn't mended afterwards: PROCESSING has left the
# merchant and stands in no later bill. These didn't, or came back: the card is gone, say (CHANGE).
_NOT_GONE_BACK = frozenset({"FAIL", "CHANGE"})
_BYTES_AT_MOST = 512 * 1024 * 1024
_GZIP = 31


def unpacked(packed: object, *, sha1: str) -> str:
    """The table, where its sum is the one that WeChat signed. Raises ProviderUnreachable."""
    if not isinstance(packed, bytes):
        raise refusing.unreachable()
    try:
        table = zlib.decompressobj(_GZIP).decompress(packed, _BYTES_AT_MOST)
        if hashlib.sha1(table, usedforsecurity=False).hexdigest() != sha1.lower():
            raise refusing.unreachable()
        return table.decode("utf-8-sig")
    except (zlib.error, ValueError) as why:
        raise refusing.unreachable() from why


def lines_of(table: str) -> list[BillLine]:
    """Raises ProviderUnreachable where it is no bill."""
    try:
        return list(_lines(table))
    except (ValueError, InvalidOperation, LookupError) as why:
        raise refusing.unreachable() from why


def _lines(table: str) -> Iterator[BillLine]:
    head, *rows = table.splitlines()
    columns = head.split(",")
    if columns[0] != _FIRST:
        raise ValueError("no bill")
    for row in rows:
        if not row.startswith("`"):
            # The sums follow.
            return
        # Titles may hold commas, and no comma before a backtick.
        cells = dict(zip(columns, row[1:].split(",`"), strict=True))
        if cells["交易状态"] != "REFUND" or cells["退款状态"] not in _NOT_GONE_BACK:
            yield _line(cells)


def _line(cells: dict[str, str]) -> BillLine:
    """A payment, or money that went back: below 0, as is the fee that goes back with it."""
    went_back = cells["交易状态"] == "REFUND"
    amount = _fen(cells["申请退款金额"]) if went_back else _fen(cells["订单金额"])
    return BillLine(
        number=cells["商户订单号"],
        provider_number=cells["微信订单号"],
        amount_fen=-amount if went_back else amount,
        fee_fen=_rounded(cells["手续费"]),
        refund_number=cells["商户退款单号"] if went_back else "",
    )


def _fen(yuan: str) -> int:
    fen = Decimal(yuan) * 100
    if fen != fen.to_integral_value():
        raise ValueError(f"{yuan} isn't whole fen")
    return int(fen)


def _rounded(yuan: str) -> int:
    """Fees are written to a thousandth of a fen."""
    return int((Decimal(yuan) * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
