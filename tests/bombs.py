"""Workbooks that a malicious hand has changed: small on the wire, large or treacherous once they are read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from typing import Final

import openpyxl

SHEET: Final = "xl/worksheets/sheet1.xml"
_MAIN: Final = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
Parts = dict[str, bytes]
Change = Callable[[Parts], None]


def workbook() -> Parts:
    """The parts of a good workbook: a table `halls` of one row."""
    book = openpyxl.Workbook()
    book.active.title = "halls"
    book.active.append(["id", "name"])
    book.active.append(["h1", "一号大厅"])
    written = io.BytesIO()
    book.save(written)
    with zipfile.ZipFile(written) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: Mapping[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return written.getvalue()


def changed(change: Change) -> bytes:
    parts = workbook()
    change(parts)
    return packed(parts)


def _into(part: str, end: bytes, body: bytes) -> Change:
    def change(parts: Parts) -> None:
        assert end in parts[part]
        parts[part] = parts[part].replace(end, body + end, 1)

    return change


def _declares(dtd: bytes) -> Change:
    def change(parts: Parts) -> None:
        head, _, rest = parts[SHEET].partition(b"<sheetData>")
        told = rest.replace(b"</row>", b'<c r="C1" t="inlineStr"><is><t>&x;</t></is></c></row>', 1)
        parts[SHEET] = dtd + head.removeprefix(b'<?xml version="1.0"?>') + b"<sheetData>" + told

    return change


def _laughs() -> bytes:
    lines = [b'<!ENTITY l0 "' + b"ha" * 50 + b'">']
    lines += [f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">'.encode() for n in range(1, 10)]
    return b"<!DOCTYPE w [" + b"".join(lines) + b'<!ENTITY x "&l9;">]>'


def _sheet(rows: bytes) -> Change:
    def change(parts: Parts) -> None:
        parts[SHEET] = b"<worksheet " + _MAIN + b"><sheetData>" + rows + b"</sheetData></worksheet>"

    return change


def _many_parts(parts: Parts) -> None:
    parts.update({f"xl/media/image{n}.png": b"" for n in range(3000)})


def _hidden_sheet(parts: Parts) -> None:
    """A sheet of another name, in an encoding that expat does not read and lxml does."""
    body = "<?xml version='1.0' encoding='UTF-32'?><styleSheet/>".encode("utf-32")
    parts["xl/styles.bin"] = body
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(b"styles.xml", b"styles.bin")


BOMBS: Final[Mapping[str, Change]] = {
    "elements in the styles": _into("xl/styles.xml", b"</styleSheet>", b"<a/>" * 6_000_000),
    "elements in one row": _into(SHEET, b"</row>", b"<c/>" * 6_000_000),
    "rows within rows": _into(SHEET, b"</sheetData>", b"<row>" * 2_000_000),
    "elements among the types of parts": _into("[Content_Types].xml", b"</Types>", b"<a/>" * 6_000_000),
    "a tag without an end": _into("xl/styles.xml", b"</styleSheet>", b'<a b="' + b"x" * 5_000_000 + b'"/>'),
    "a part of zeros": lambda parts: parts.update({"xl/media/z.png": bytes(80 << 20)}),
    "rows that begin in the last column": _sheet(
        b"".join(b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (n, n) for n in range(1, 5000))
    ),
    "a laugh a billion times": _declares(_laughs()),
    "a file of this machine": _declares(b'<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    "an address of the network": _declares(b'<!DOCTYPE w [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>'),
    "thousands of parts": _many_parts,
    "a part that hides as another": _hidden_sheet,
}
"""What they are → what is done to a good workbook."""
