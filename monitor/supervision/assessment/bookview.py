"""Rule books (考评细则) as people read them: those of the halls that are theirs, in the API's and the pages' shape."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from monitor.access import Principal, Target, covers, refusal
from monitor.assessment.book import RuleBook
from monitor.assessment.bookdiff import Difference
from monitor.assessment.check import Finding
from monitor.model import Registry
from monitor.store import ledgers, rulebooks
from monitor.supervision.assessment.books import book_of_version, parsed, shipped, shipped_text
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused

DIGEST_SIGN: Final = "@"
"""NAME@DIGEST is a version that a hall had; without the sign it is a shipped book."""


def halls_of(registry: Registry, who: Principal) -> dict[str, str]:
    """Halls whose rule book is somebody's business, {id: name}: whoever is assessed by a book may read it."""
    found = halls_within(registry, who)
    own = registry.hall_of_staff(who.staff) if who.staff else None
    if own is not None and own in registry.halls and own not in found:
        found = dict(sorted({**found, own: registry.halls[own].name or own}.items()))
    return found


def require_reader(registry: Registry, who: Principal, hall: str) -> None:
    """Raises Refused: role, a hall beyond reach or that there is not."""
    no = refusal(who, "scores:read")
    if no is not None:
        raise Refused.because(no)
    if hall not in halls_of(registry, who):
        raise Refused(f"没有这个大厅 no such hall: {hall[:40]!r}", field="hall", sort="missing")


def may_change(who: Principal, hall: str) -> bool:
    return refusal(who, "scores:book", Target(hall=hall)) is None


def require_changer(registry: Registry, who: Principal, hall: str) -> None:
    """Raises Refused: role, a hall beyond reach or that there is not."""
    no = refusal(who, "scores:book")
    if no is not None:
        raise Refused.because(no)
    if hall not in registry.halls or not covers(who, Target(hall=hall)):
        raise Refused(f"没有这个大厅 no such hall: {hall[:40]!r}", field="hall", sort="missing")


def text_named(conn: Connection, hall: str, version: str) -> str:
    """The text of a version that the hall had, or of a shipped book by its name. Raises Refused: there is none."""
    if DIGEST_SIGN not in version:
        return shipped_text(version)
    text = rulebooks.of_version(conn, hall, version)
    if text is None:
        raise Refused(f"没有这个版本 no such version: {version[:60]!r}", field="version", sort="missing")
    return text


def book_named(conn: Connection, hall: str, version: str) -> RuleBook:
    """The same, read. Raises Refused, BadBook."""
    found = book_of_version(conn, hall, version) if DIGEST_SIGN in version else None
    return found or parsed(text_named(conn, hall, version))


def in_force(conn: Connection, hall: str, month: str) -> Row[Any] | None:
    """The row of the book in force: `version`, `name`, `first_month`, `body`, `changed_by`, `changed_at`."""
    return rulebooks.in_force(conn, hall, month)


def first_free(conn: Connection, hall: str, today: date) -> str:
    """The month from which on another book is proposed: the next one, or the first after what is signed off."""
    wanted = f"{today.replace(day=1) + timedelta(days=32):%Y-%m}"
    last = max(ledgers.closed_months(conn, hall), default="")
    if last < wanted:
        return wanted
    return f"{date.fromisoformat(f'{last}-01') + timedelta(days=32):%Y-%m}"


def shipped_books() -> list[tuple[str, RuleBook]]:
    return [(name, parsed(shipped_text(name))) for name in shipped()]


# --------------------------------------------------------------------------- as JSON


def book_json(book: RuleBook) -> dict[str, Any]:
    return {"version": book.version, **book.model_dump(mode="json")}


def short_json(name: str, book: RuleBook) -> dict[str, Any]:
    return {
        "name": name, "title": book.title.model_dump(), "version": book.version, "rows": len(book.rows),
        "effects": len(book.effects),
    }  # fmt: skip


def finding_json(one: Finding) -> dict[str, Any]:
    return {"kind": one.kind, "fault": one.fault, "where": one.where, "zh": one.zh, "en": one.en, "key": one.key}


def difference_json(one: Difference) -> dict[str, Any]:
    return {
        "section": one.section, "id": one.id, "key": one.key, "before": one.before, "after": one.after,
        "name": one.name.model_dump() if one.name is not None else None,
    }  # fmt: skip


def history_json(rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    return [
        {
            "number": row.id, "hall": row.hall, "from": row.first_month, "name": row.name, "version": row.version,
            "at": row.changed_at.isoformat(), "by": row.changed_by, "reason": row.reason,
        }
        for row in rows
    ]  # fmt: skip
