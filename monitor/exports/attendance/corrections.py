"""A closed month and its corrections (关账、更正): what changed since, as rows dated after the closing. Pure.

A closed version is never altered. A later one shows the month as it then is, lists every change since the first
closing with what was there before, and frames the cells concerned.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from monitor.exports.attendance.tables import COLUMNS, PERSON_COLUMNS, Row, Tables


@dataclass(frozen=True, kw_only=True, slots=True)
class Signing:
    """Who signs a month off, when, and why, on the hall's clock."""

    by: str
    at: datetime
    zone: ZoneInfo
    reason: str

    @property
    def stamp(self) -> str:
        return f"{self.at.astimezone(self.zone):%Y-%m-%d %H:%M:%S}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A cell that is not what it was: `was` and `now` as the sheet shows them, — for a row that there was not."""

    person: Row
    column: str
    was: str
    now: str


def closed(draft: Tables, signing: Signing) -> Tables:
    """The first version of a month, from its draft."""
    return replace(draft, version=1, made=signing.at, state=f"第 1 版，{signing.by} 签核于 {signing.stamp}")


def corrected(before: Tables, draft: Tables, signing: Signing) -> Tables:
    """The next version after `before`. Raises ValueError where nothing differs."""
    found = tuple(differences(before, draft))
    if not found:
        raise ValueError("nothing differs")
    version = before.version + 1
    first = len(before.corrections) + 1
    rows = tuple(
        (first + number, version, signing.stamp, *one.person, one.column, one.was, one.now, signing.by, signing.reason)
        for number, one in enumerate(found)
    )
    return replace(
        draft,
        version=version,
        made=signing.at,
        state=f"第 {version} 版，{signing.by} 更正于 {signing.stamp}；第 1 版 {before.state.partition('，')[2]}"
        if before.version == 1
        else f"第 {version} 版，{signing.by} 更正于 {signing.stamp}；{before.state.partition('；')[2]}",
        corrections=(*before.corrections, *rows),
        changed=tuple(dict.fromkeys((*before.changed, *((str(one.person[0]), one.column) for one in found)))),
    )


def differences(before: Tables, after: Tables) -> Iterator[Difference]:
    """Cell by cell in the order of the sheet; who left or joined the sheet is one difference, of the row."""
    known, now = ({str(row[0]): row for row in tables.sheet} for tables in (before, after))
    for person in dict.fromkeys((*known, *now)):
        was, is_now = known.get(person), now.get(person)
        if was is None or is_now is None:
            row = was or is_now or ()
            yield Difference(
                person=row[: len(PERSON_COLUMNS)],
                column="整行",
                was="有" if was else "—",
                now="有" if is_now else "—",
            )
            continue
        for column, old, new in zip(COLUMNS, was, is_now, strict=True):
            if old != new:
                yield Difference(person=is_now[: len(PERSON_COLUMNS)], column=column, was=str(old), now=str(new))


# --------------------------------------------------------------------------- keeping


def kept(tables: Tables) -> tuple[bytes, str]:
    """The tables as they are kept, and their digest (SHA-256 of the JSON, hex)."""
    text = msgspec.json.encode(tables)
    return zlib.compress(text, 6), hashlib.sha256(text).hexdigest()


def unkept(body: bytes, digest: str) -> Tables:
    """The tables that were kept. Raises ValueError where they are not what the digest says."""
    try:
        text = zlib.decompress(body)
    except zlib.error:
        text = b""
    if hashlib.sha256(text).hexdigest() != digest:
        raise ValueError("the kept sheet is not what was signed off")
    return msgspec.json.decode(text, type=Tables)
