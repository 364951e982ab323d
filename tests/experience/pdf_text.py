"""The text of a PDF file of ours, as a reader finds it: the strings of its pages, by the encoding of their font."""

import re
import zlib
from base64 import a85decode

_OBJECT = re.compile(rb"(?s)(\d+) 0 obj(.*?)endobj")
_STREAM = re.compile(rb"(?s)(.*?)stream\r?\n(.*)endstream")
_SHOWN = re.compile(rb"(?s)/(F\S+) [\d.]+ Tf|\(((?:\\.|[^\\()])*)\) Tj")
_CODE = re.compile(rb"<([0-9A-F]{2})> <([0-9A-F]{4,8})>")


def lines_of(file):
    """What stands on each page, line by line as it was written."""
    objects = {int(number): body for number, body in _OBJECT.findall(file)}
    pages = [body for body in objects.values() if re.search(rb"/Type /Page\b", body)]
    maps = _maps(objects)
    return [_lines(_stream(objects[int(re.search(rb"/Contents (\d+)", page)[1])]), maps) for page in pages]


def _lines(content, maps):
    """A line of a font of several parts is written in several strings; each line of ours ends its text object."""
    found = []
    for block in re.findall(rb"(?s)BT(.*?)ET", content):
        name, said = b"", ""
        for font, shown in _SHOWN.findall(block):
            name = font or name
            if not font:
                said += _said(_unescaped(shown), maps.get(name))
        if said:
            found.append(said)
    return found


def _said(shown, known):
    """By the map of an embedded font; else as UTF-16, which the reader's own font for Chinese takes."""
    return shown.decode("utf-16-be") if known is None else "".join(known[code] for code in shown)


def _maps(objects):
    """By the name of each embedded font, which code stands for which sign."""
    found = {}
    for body in objects.values():
        name, mapped = re.search(rb"/Name /(F\S+)", body), re.search(rb"/ToUnicode (\d+)", body)
        if name and mapped:
            rows = _CODE.findall(_stream(objects[int(mapped[1])]))
            found[name[1]] = {
                int(code, 16): bytes.fromhex(sign.decode()).decode("utf-16-be") for code, sign in rows
            }
    return found


def _stream(body):
    head, data = _STREAM.search(body).groups()
    data = data.rstrip(b"\r\n")
    if b"/ASCII85Decode" in head:
        data = a85decode(data.removesuffix(b"~>"))
    return zlib.decompress(data) if b"/FlateDecode" in head else data


def _unescaped(shown):
    plain = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}

    def said(found):
        what = found[1]
        return bytes([int(what, 8)]) if what[:1].isdigit() else plain.get(what, what)

    return re.sub(rb"(?s)\\([0-7]{1,3}|.)", said, shown)
