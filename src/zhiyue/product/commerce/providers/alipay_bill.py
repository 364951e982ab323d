"""The bill of a day as Alipay gives it: a ZIP of tables in GB18030, in whose cells tabs stand for nothing."""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation

from zhiyue.product.commerce.providers import refusing
from zhiyue.product.commerce.providers.protocol import BillLine

_FIRST = "支付宝交易号"
_BYTES_AT_MOST = 512 * 1024 * 1024


def lines_of(packed: bytes) -> list[BillLine]:
    """Raises ProviderUnreachable where it is no bill."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as files:
            tables = [files.open(one).read(_BYTES_AT_MOST).decode("gb18030") for one in files.infolist()]
        found = [line for table in tables for line in _lines(table)]
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as why:
        raise refusing.unreachable() from why
    except (ValueError, InvalidOperation, LookupError, csv.Error) as why:
        raise refusing.unreachable() from why
    if not any(_FIRST in table for table in tables):
        raise refusing.unreachable()
    return found


def _lines(table: str) -> Iterator[BillLine]:
    """Of the table of payments; of the other one, of sums, nothing."""
    columns: Sequence[str] = ()
    for row in csv.reader(io.StringIO(table, newline="")):
        cells = [cell.strip() for cell in row]
        if not any(cells) or cells[0].startswith("#"):
            continue
        if cells[0] == _FIRST:
            columns = cells
        elif columns:
            yield _line(dict(zip(columns, cells, strict=False)))


def _line(cells: dict[str, str]) -> BillLine:
    """A payment, or money that went back: below 0, as is the fee that goes back with it."""
    sign = -1 if cells["业务类型"] == "退款" else 1
    return BillLine(
        number=cells["商户订单号"],
        provider_number=cells[_FIRST],
        amount_fen=sign * abs(_fen(cells["订单金额（元）"])),
        fee_fen=sign * abs(_fen(cells["服务费（元）"])),
        refund_number=cells["退款批次号/请求号"] if sign < 0 else "",
    )


def _fen(yuan: str) -> int:
    fen = Decimal(yuan or "0") * 100
    if fen != fen.to_integral_value():
        raise ValueError(f"{yuan} isn't whole fen")
    return int(fen)
