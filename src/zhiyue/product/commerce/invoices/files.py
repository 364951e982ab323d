"""Files of invoices, as PDF or OFD: looked into, kept under a name that nobody guesses, and handed out by views that
ask whose they are."""

import io
import secrets
import zipfile

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import Unfit

FOLDER = "invoices"
BYTES_AT_MOST = 5_000_000
PDF, OFD = "pdf", "ofd"
CONTENT_TYPES = {PDF: "application/pdf", OFD: "application/ofd"}
# Entries of an OFD, which is a ZIP: one with more isn't a paper.
_ENTRIES_AT_MOST = 2_000


def kind_of(content: bytes) -> str:
    """What a file is by its content, whatever it is called. Raises Unfit."""
    if len(content) > BYTES_AT_MOST:
        raise Unfit(
            pgettext_lazy("invoice", "The file is larger than 5 MB. Download it anew where it was issued.")
        )
    if content.startswith(b"%PDF-"):
        return PDF
    if _is_ofd(content):
        return OFD
    raise Unfit(
        pgettext_lazy("invoice", "This file is no PDF and no OFD. Choose the invoice as it was issued.")
    )


def keep(content: bytes) -> str:
    """Store a file; its name in the storage. Raises Unfit."""
    name = f"{FOLDER}/{secrets.token_hex(16)}.{kind_of(content)}"
    return str(default_storage.save(name, ContentFile(content)))


def read(name: str) -> bytes:
    """Raises FileNotFoundError."""
    with default_storage.open(name) as file:
        return bytes(file.read())


def forget(name: str) -> None:
    default_storage.delete(name)


def ending_of(name: str) -> str:
    return name.rpartition(".")[2]


def _is_ofd(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            names = packed.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return len(names) <= _ENTRIES_AT_MOST and "OFD.xml" in names
