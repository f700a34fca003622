"""What may be attached to an answer or an appeal: a few kinds of document, told by their content, of limited size."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import PurePosixPath, PureWindowsPath
from typing import Final
from unicodedata import category
from zipfile import BadZipFile, ZipFile

from monitor.store.attachments import File
from monitor.supervision.refused import Refused

MOST_BYTES: Final = 10 * 1024 * 1024
MOST_FILES: Final = 10
NAME_MOST: Final = 120
_SIGNATURES: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_INSIDE: Final = (
    ("word/document.xml", _OFFICE + "wordprocessingml.document"),
    ("xl/workbook.xml", _OFFICE + "spreadsheetml.sheet"),
)
KINDS: Final = "pdf, png, jpeg, docx, xlsx, txt"
MEDIA_TYPES: Final = frozenset({*dict(_SIGNATURES).values(), *dict(_INSIDE).values(), "text/plain"})
"""The types that are taken."""


def checked(named: Sequence[tuple[str, bytes]]) -> list[File]:
    """The files by name and content, each with the type that its content shows; Refused names the one at fault.

    Macros (docm, xlsm) and web pages are not taken: what a colleague opens must not run.
    """
    if len(named) > MOST_FILES:
        raise Refused(f"附件过多 too many files: {len(named)}, 至多 at most {MOST_FILES}")
    return [File(name=_plain(name), media_type=_type_of(name, data), content=data) for name, data in named]


def _plain(name: str) -> str:
    """The name alone, without the path of somebody's machine and without what a terminal or a header would obey."""
    last = PureWindowsPath(PurePosixPath(name).name).name
    clean = "".join(c for c in last if c.isprintable() and c not in '"\\/')
    if not clean.strip(". "):
        raise Refused(f"附件 file {name!r}: 没有文件名 has no name")
    return clean[-NAME_MOST:]


def _type_of(name: str, data: bytes) -> str:
    if not data:
        raise Refused(f"附件 file {name}: 是空文件 is empty")
    if len(data) > MOST_BYTES:
        raise Refused(f"附件 file {name}: {len(data)} 字节，超过 bytes are more than {MOST_BYTES}")
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    found = _office(data) if data.startswith(b"PK\x03\x04") else _text(data)
    if found is None:
        raise Refused(f"附件 file {name}: 不是可收的类型 is none of {KINDS} by its content")
    return found


def _office(data: bytes) -> str | None:
    try:
        with ZipFile(BytesIO(data)) as archive:
            names = set(archive.namelist())
    except (BadZipFile, NotImplementedError, ValueError):  # a version of zip to come; names that are no UTF-8
        return None
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return None
    return next((kind for inside, kind in _INSIDE if inside in names), None)


def _text(data: bytes) -> str | None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return "text/plain" if is_plain(text) and not text.lstrip().startswith("<") else None


def is_plain(text: str) -> bool:
    """Whether it is text for people: no control characters (full-width spaces, 全角空格, are none)."""
    return all(c in "\r\n\t" or category(c) not in ("Cc", "Cs") for c in text)
