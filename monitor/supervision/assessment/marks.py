"""What no feed tells of and a person enters (人工登记): a deduction or bonus by a row of the hall's rule book.

It waits until another person confirms it (`proposals`). It is never changed: whoever erred withdraws it and enters it
anew. Its words are private.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Row

from monitor.access import Principal, Target, covers, refusal
from monitor.assessment.book import Row as BookRow
from monitor.assessment.book import RuleBook
from monitor.model import Charge, Registry
from monitor.store import audit, ledgers, markfiles, marks
from monitor.store.attachments import File
from monitor.store.wanted import want
from monitor.supervision.assessment.books import book_of
from monitor.supervision.commands import local, require_known, require_words
from monitor.supervision.files import is_plain
from monitor.supervision.refused import Refused

ENTER: Final = "scores:mark"
REVIEW: Final = "scores:review"
SOURCE: Final = "mark"
OLDEST: Final = timedelta(days=400)
"""What lies further back is no matter of this year's assessment nor the last's: rather a slip of the pen."""
MOST_DOCUMENT: Final = 120
MOST_EVENT: Final = 60
MOST_AMOUNT: Final = Decimal(100)
"""Where the row itself sets no limit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Marked:
    """What is entered. `rung`: of the row's ladder; `event`: the happening, where the row counts one once; `document`:
    a letter's number or the like; `amount`: what the row's points are multiplied with, where it counts one (E24);
    `text`: what happened, private.
    """

    hall: str
    row: str
    day: date
    text: str
    unit: str | None = None
    window: str | None = None
    staff: str | None = None
    rung: str = ""
    event: str = ""
    document: str = ""
    amount: Decimal = Decimal(1)
    files: Sequence[File] = ()


def enter(conn: Connection, registry: Registry, marked: Marked, *, actor: str | Principal, now: datetime) -> int:
    """Enter it; gives its number. The caller commits.

    It is proposed by the next run and costs nothing until another person confirms it. Raises Refused: role or reach, a
    row that the hall's book of that month lacks or that nobody enters by hand, nobody whom the row could charge, a rung
    or event that is missing or none, an amount that the row does not count or allow, a date in the future, no document
    where the row demands one, or oneself.
    """
    who = local(actor) if isinstance(actor, str) else actor
    no = refusal(who, ENTER)
    if no is not None:
        raise Refused.because(no)
    require_known(registry, who, hall=marked.hall, unit=marked.unit, window=marked.window, staff=marked.staff)
    place = _place(registry, marked)
    no = refusal(who, ENTER, Target(hall=place.hall, unit=place.unit, window=place.window, staff=place.staff))
    if no is not None:
        raise Refused.because(no)
    if who.staff is not None and who.staff == marked.staff:
        raise Refused("不得登记与本人有关的事项 nobody enters what concerns themselves", field="staff", sort="role")
    require_words(marked.text)
    _require_day(registry, marked, now)
    row = _row(conn, marked)
    _require_chargeable(row, place, marked)
    _require_rung(row, marked)
    _require_event(row, marked)
    _require_amount(row, marked)
    _require_document(row, marked)
    values = {
        "hall": marked.hall, "row": row.id, "rung": marked.rung, "event": marked.event, "date": marked.day,
        "unit": place.unit, "window": place.window, "staff": marked.staff,
        "document": marked.document.strip() or _named(marked.files), "entered_by": who.id, "entered_at": now,
        "amount_cents": ledgers.cents(marked.amount),
    }  # fmt: skip
    number = marks.add(conn, values, marked.text)
    markfiles.add(conn, number, marked.files, now)
    body = {
        **{name: values[name] for name in ("hall", "row", "rung", "event", "unit", "window", "staff")},
        "date": marked.day.isoformat(), "role": who.role, "amount": str(marked.amount),
        "files": [file.digest for file in marked.files],
    }  # fmt: skip
    private = {"text": marked.text, "document": values["document"]}
    audit.record(conn, now, who.id, "score.marked", "score_mark", str(number), body, private=private)
    want(conn, marked.hall)
    return number


def withdraw(conn: Connection, number: int, *, actor: str | Principal, why: str, now: datetime) -> None:
    """Withdraw a mark: the next run takes back what it cost or earned. The caller commits.

    Whoever entered it may; once another person confirmed it, it takes one who decides reviews. Raises Refused.
    """
    who = local(actor) if isinstance(actor, str) else actor
    no = refusal(who, ENTER)
    if no is not None:
        raise Refused.because(no)
    require_words(why)
    row = find_mark(conn, who, number, lock=True)
    ledgers.hold(conn, row.hall)  # nobody confirms it meanwhile
    require_may_withdraw(conn, who, row)
    marks.withdraw(conn, number, who.id, now)
    body = {"hall": row.hall, "row": row.row, "role": who.role}
    audit.record(conn, now, who.id, "score.unmarked", "score_mark", str(number), body, private={"why": why})
    want(conn, row.hall)


def find_mark(conn: Connection, who: Principal, number: int, *, lock: bool = False) -> Row[Any]:
    """A mark within reach. Raises Refused, with the same words for one that there is not."""
    row = marks.find(conn, number, lock=lock)
    if row is None or not covers(who, target_of(row)):
        raise Refused(f"#{number}: 没有这个号的登记 there is no mark of this number", sort="missing")
    return row


def require_may_withdraw(conn: Connection, who: Principal, row: Row[Any]) -> None:
    """Refuse what `withdraw` refuses of a mark within reach."""
    no = refusal(who, ENTER, target_of(row))
    if no is not None:
        raise Refused.because(no)
    if row.withdrawn_at is not None:
        raise Refused(f"#{row.id}: 已撤回 is withdrawn already", sort="state")
    if who.staff is not None and who.staff == row.staff:
        raise Refused("不得撤回与本人有关的事项 nobody withdraws what concerns themselves", sort="role")
    if _is_confirmed(conn, row):
        no = refusal(who, REVIEW, target_of(row))
        if no is not None:
            raise Refused.because(no)
    elif who.id != row.entered_by and refusal(who, REVIEW, target_of(row)) is not None:
        raise Refused("须由登记人或复核人撤回 whoever entered it withdraws it, or one who decides reviews", sort="role")


def target_of(row: Row[Any]) -> Target:
    """Where a mark lies."""
    return Target(hall=row.hall, unit=row.unit, window=row.window, staff=row.staff)


# --------------------------------------------------------------------------- what a row demands


@dataclass(frozen=True, kw_only=True, slots=True)
class Asks:
    """What a row of the book demands of whoever enters it. `whom`: of staff, window, unit those that may be named, one
    at least; `most`: of the amount, None where the row counts none.
    """

    whom: tuple[str, ...]
    rungs: tuple[tuple[str, Decimal], ...]
    event: bool
    evidence: bool
    most: Decimal | None


def rows_of(book: RuleBook) -> tuple[BookRow, ...]:
    """The rows of a book that are entered by hand, as a form offers them."""
    return tuple(row for row in book.rows if row.source == SOURCE)


def asks(row: BookRow) -> Asks:
    names = {"person": "staff", "window": "window", "lead": "window", "head": "unit"}
    whom = {names[one] for one in row.charges}
    return Asks(
        whom=tuple(one for one in ("staff", "window", "unit") if one in whom),
        rungs=tuple((row.ladder or {}).items()), event=row.once_per_event, evidence=row.evidence != "none",
        most=(row.most or MOST_AMOUNT) if row.per == "amount" or row.wanted is not None else None,
    )  # fmt: skip


# --------------------------------------------------------------------------- inside


def _place(registry: Registry, marked: Marked) -> Charge:
    """Where it lies; what is not named follows from the registry, and all lies in the hall."""
    found = registry.charge(window=marked.window, staff=marked.staff)
    unit = marked.unit or found.unit
    lies = {found.hall, registry.units[unit].hall if unit else None, registry.hall_of_staff(marked.staff)} - {None}
    if lies - {marked.hall}:
        raise Refused(f"不在大厅 not in the hall {marked.hall}", field="hall")
    if not (unit or marked.window or marked.staff):
        raise Refused("请写明单位、窗口或人员 name a unit, a window or a member of staff", field="window")
    return Charge(hall=marked.hall, unit=unit, window=found.window, staff=marked.staff)


def _require_day(registry: Registry, marked: Marked, now: datetime) -> None:
    today = now.astimezone(registry.zone_of(marked.hall)).date()
    if marked.day > today:
        raise Refused(f"{marked.day} 晚于今天 is after today, {today}", field="date")
    if marked.day < today - OLDEST:
        raise Refused(f"{marked.day} 过早 lies more than {OLDEST.days} days back", field="date")


def _row(conn: Connection, marked: Marked) -> BookRow:
    month = f"{marked.day:%Y-%m}"
    book = book_of(conn, marked.hall, month)
    if book is None:
        raise Refused(
            f"{marked.hall} 在 {month} 没有考评细则 has no rule book in that month", field="date", sort="state"
        )
    row = book.row(marked.row)
    if row is None or row.source != SOURCE:
        rows = ", ".join(one.id for one in rows_of(book))
        raise Refused(f"{marked.row[:40]!r} 不是可人工登记的条款 is none that is entered by hand: {rows}", field="row")
    return row


def _require_chargeable(row: BookRow, place: Charge, marked: Marked) -> None:
    """Somebody whom the row charges is known: a window for `window`, a person for `person`; who leads them follows."""
    known = {"window": place.window, "person": marked.staff, "lead": place.window, "head": place.unit}
    if not any(known[one] for one in row.charges):
        wanted = "staff" if row.charges == ("person",) else "window"
        raise Refused(
            f"{row.id} 计入 charges {', '.join(row.charges)}: 请写明 name the"
            f" {'人员 member of staff' if wanted == 'staff' else '窗口 window'}",
            field=wanted,
        )  # fmt: skip


def _require_rung(row: BookRow, marked: Marked) -> None:
    rungs = tuple(row.ladder or ())
    if marked.rung and not rungs:
        raise Refused(f"{row.id} 没有分档 has no rungs; leave it out", field="rung")
    if rungs and marked.rung not in rungs:
        raise Refused(
            f"{marked.rung[:20]!r} 不是 {row.id} 的分档 is none of its rungs: {', '.join(rungs)}", field="rung"
        )


def _require_event(row: BookRow, marked: Marked) -> None:
    if len(marked.event) > MOST_EVENT or not is_plain(marked.event) or "\n" in marked.event:
        raise Refused(f"至多 {MOST_EVENT} 个可显示的字 at most so many characters, all shown", field="event")
    if row.once_per_event and not marked.event.strip():
        raise Refused(
            f"{row.id} 一件事只计一次，请写明事件 counts a happening once: name it, the same each time", field="event"
        )


def _require_amount(row: BookRow, marked: Marked) -> None:
    most, amount = asks(row).most, marked.amount
    if most is None and amount != 1:
        raise Refused(f"{row.id} 不按数量计 counts no amount; leave it out", field="amount")
    places = amount.as_tuple().exponent if amount.is_finite() else None
    if most is not None and not (isinstance(places, int) and places >= -2 and 0 < amount <= most):
        raise Refused(
            f"{str(amount)[:20]}: {row.id} 的数量应大于 0、至多 {most} the amount is above 0, {most} at most,"
            " with two places", field="amount",
        )  # fmt: skip


def _require_document(row: BookRow, marked: Marked) -> None:
    if len(marked.document) > MOST_DOCUMENT or not is_plain(marked.document) or "\n" in marked.document:
        raise Refused(f"至多 {MOST_DOCUMENT} 个可显示的字 at most so many characters, all shown", field="document")
    if row.evidence != "none" and not marked.document.strip() and not marked.files:
        raise Refused(
            f"{row.id} 须有依据：文号或附件 demands evidence: the document's number, or a file", field="document"
        )


def _named(files: Sequence[File]) -> str:
    """What is the document where a file alone is: its digest, which stays when retention takes the file."""
    return f"sha256:{files[0].digest}" if files else ""


def _is_confirmed(conn: Connection, row: Row[Any]) -> bool:
    months = [f"{row.date:%Y-%m}"]
    asked = ledgers.proposals_of(conn, row.hall, months=months, states=["confirmed"])
    return any(p.key.source == SOURCE and p.key.fact == f"mark:{row.id}" for p in asked)
