"""Reviews (复核, G15–G16): who is charged asks, another than who confirmed or closed decides.

Granted, the claim is rejected and its entry countered in the open month; the closed sheet stays as it was signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row

from monitor.access import Principal, Target
from monitor.assessment.model import Entry, Ledger
from monitor.assessment.scores import months_of
from monitor.store import cycle, ledgers
from monitor.store.facts.look import Look
from monitor.supervision.assessment import proposals
from monitor.supervision.assessment.books import book_of
from monitor.supervision.assessment.cycle import tasks
from monitor.supervision.assessment.cycle.ground import (
    APPEAL,
    PAGE,
    REVIEW,
    after,
    calendar_of,
    record,
    require,
    require_closed,
    require_period,
    require_row,
    rows_within,
    seen_row,
    staff_place,
    today,
    window_place,
    words,
)
from monitor.supervision.refused import Refused

NAMED: Final = ("复核申请", "review")


def ask_of_entry(look: Look, who: Principal, number: int, why: str) -> int:
    """Ask for the review of an entry, at the latest so many days of the book after its month was closed; the review's
    number. Raises Refused.
    """
    hall, entry = entry_for(look, who, number)
    if entry.reverses is not None or is_countered(look, hall, entry):
        raise Refused(f"{number}: 该分录已冲销 was taken back already", field="entry", sort="state")
    _in_time(look, hall, until_of(look, hall, entry.month))
    where = replace(_whom(look, entry.key.ledger, entry.key.whom), window=entry.window)
    return _ask(look, who, hall, entry.key.ledger, entry.key.whom, where, why, entry=number)


def entry_for(look: Look, who: Principal, number: int) -> tuple[str, Entry]:
    """(hall, entry) of whoever may ask for its review. Raises Refused alike for none and for one beyond reach."""
    found = ledgers.entry(look.conn, number)
    place = _whom(look, found[1].key.ledger, found[1].key.whom) if found is not None else None
    if found is None or place is None or not _reaches(look, who, place):
        raise Refused(f"{number}: 没有这个号的分录 there is no entry of this number", field="entry", sort="missing")
    return found


def ask_of_result(look: Look, who: Principal, hall: str, ledger: Ledger, whom: str, period: str, why: str) -> int:
    """Ask for the review of what a closed period came to for a window or person; the review's number."""
    row = result_for(look, who, hall, ledger, whom, period)
    _in_time(look, hall, until_of(look, hall, period))
    place = _whom(look, ledger, whom)
    return _ask(look, who, hall, ledger, whom, replace(place, window=row.window or place.window), why, period=period)


def result_for(look: Look, who: Principal, hall: str, ledger: Ledger, whom: str, period: str) -> Row[Any]:
    """The result of whoever may ask for its review. Raises Refused."""
    require_period(period, "month", "quarter", "half", "year")
    place = _whom(look, ledger, whom)
    require(look, who, APPEAL, place)
    if place.hall != hall:
        raise Refused(f"{whom[:64]!r} 不属大厅 {hall} lies in another hall", field="hall")
    require_closed(look, hall, period)
    found = cycle.results(look.conn, hall, period, cycle.RESULT.c.ledger == ledger, cycle.RESULT.c.whom == whom)
    if not found:
        raise Refused(f"{whom}: {period} 无考评结果 has no result", field="period", sort="missing")
    return found[0]


def _ask(
    look: Look, who: Principal, hall: str, ledger: str, whom: str, place: Target, why: str, *,
    entry: int | None = None, period: str | None = None,
) -> int:  # fmt: skip
    said, table = words(reason=why), cycle.REVIEW
    known = {"hall": hall, "ledger": ledger, "whom": whom, "entry": entry, "period": period}
    before = asked_before(look, hall, ledger, whom, entry=entry, period=period)
    if before is not None:
        raise Refused(f"已申请复核，编号 {before.id} a review was asked for already: {before.id}", sort="state")
    values: dict[str, Any] = {
        **known, "unit": place.unit, "window": place.window, "staff": place.staff, "asked_by": who.id,
        "asked_at": look.now, "countered": [],
    }  # fmt: skip
    number = cycle.add(look.conn, table, values)
    cycle.say(look.conn, table, number, said, author=who.id, about=place.staff, now=look.now)
    book = book_of(look.conn, hall, f"{today(look, hall):%Y-%m}")
    if book is not None:
        due = after(calendar_of(look, hall), look.now, book.cycle.appeal_answer_days)
        tasks.open_all(look, [tasks.Owed(hall=hall, sort="review", period=str(number), due=due)])
    record(look, who, "assess.review_asked", table, number, known, private=said)
    return number


def asked_before(
    look: Look, hall: str, ledger: str, whom: str, *, entry: int | None = None, period: str | None = None
) -> Row[Any] | None:
    """The review that was asked for of the same."""
    table = cycle.REVIEW
    known = {"hall": hall, "ledger": ledger, "whom": whom, "entry": entry, "period": period}
    same = [table.c[name] == value for name, value in known.items() if value is not None]
    return next(iter(cycle.listed(look.conn, table, same, None, 1)), None)


def decide(look: Look, who: Principal, number: int, granted: bool, why: str, entries: Sequence[int] = ()) -> list[int]:
    """Decide it; the numbers of the entries that take back what was granted. Raises Refused.

    `entries`: of a result the entries that the review finds wrong, of that window or person; of an entry itself none
    need be named. Nobody decides who asked, who is charged, who confirmed or closed what it is about.
    """
    table = cycle.REVIEW
    row = require_row(look, who, REVIEW, table, number, NAMED)
    said = words(reason=why)
    if row.state != "asked":
        raise Refused(f"{number}: 已复核 was decided already", sort="state")
    wrong = [row.entry] if row.entry is not None else list(dict.fromkeys(entries))
    if not granted and entries:
        raise Refused("维持原结果时不冲销分录 nothing is taken back where it is refused", field="entry")
    if row.entry is not None and any(n != row.entry for n in entries):
        raise Refused(f"本复核只涉及分录 {row.entry} this review is about that entry alone", field="entry")
    if granted and not wrong:
        raise Refused("须指明查实有误的分录 name the entries that are found wrong", field="entry")
    found = [_entry_of(look, row, one) for one in (wrong if granted or row.entry is not None else [])]
    _require_other(look, who, row, found)
    numbers = _take_back(look, who, row.hall, why, found) if granted else []
    values = {"state": "granted" if granted else "refused", "decided_by": who.id, "decided_at": look.now,
              "countered": numbers}  # fmt: skip
    if not cycle.change(look.conn, table, number, table.c.state == "asked", **values):
        raise Refused(f"{number}: 刚被他人复核 somebody decided it just now", sort="state")
    cycle.say(look.conn, table, number, {"decision": said["reason"]}, author=who.id, about=row.staff, now=look.now)
    tasks.done(look, row.hall, "review", str(number))
    body = {"hall": row.hall, "state": values["state"], "entries": [e.number for e in found], "countered": numbers}
    record(look, who, "assess.review_decided", table, number, body, private=said)
    return numbers


def _entry_of(look: Look, row: Row[Any], number: int) -> Entry:
    """An entry of whoever the review is about, that still stands."""
    found = ledgers.entry(look.conn, number)
    if found is None or found[0] != row.hall or found[1].key[:2] != (row.ledger, row.whom):
        raise Refused(f"{number}: 不是其分录 is no entry of theirs", field="entry", sort="missing")
    return found[1]


def _require_other(look: Look, who: Principal, row: Row[Any], entries: Sequence[Entry]) -> None:
    """G16: not who asked or is charged, nor who found, confirmed, posted or closed it."""
    if hands_of(look, who, row, entries):
        raise Refused(
            "申请人、当事人、查实人和结账人不得复核"
            " whoever asked, is charged, confirmed or closed it does not decide the review",
            sort="role",
        )


HANDS: Final = ("asked", "charged", "found", "confirmed", "closed")


def hands_of(look: Look, who: Principal, row: Row[Any], entries: Sequence[Entry]) -> tuple[str, ...]:
    """Which of HANDS somebody had in what a review is about, so that they do not decide it (G16)."""
    closers = set()
    for period in {entry.of_month for entry in entries} | ({row.period} if row.period is not None else set()):
        closed = cycle.closed(look.conn, row.hall, period)
        closers |= {closed.closed_by} if closed is not None else set()
    had = {
        "asked": who.id == row.asked_by,
        "charged": who.staff is not None and who.staff in (row.staff, *(e.staff for e in entries)),
        "found": who.id in {e.proposer for e in entries},
        "confirmed": who.id in {e.confirmer for e in entries},
        "closed": who.id in closers,
    }  # fmt: skip
    return tuple(name for name in HANDS if had[name])


def _take_back(look: Look, who: Principal, hall: str, why: str, wrong: Sequence[Entry]) -> list[int]:
    """Reject each claim for good and counter its entry: where that is booked, or in the open month if it is closed."""
    numbers: list[int] = []
    for entry in wrong:
        assert entry.number is not None, "it comes from the store"
        proposals.take_back(look.conn, look.registry, entry.number, actor=who, why=why, now=look.now)
        mine = ledgers.entries_of_keys(look.conn, hall, [entry.key])
        numbers += [e.number for e in mine if e.reverses == entry.revision and e.number is not None]
    return numbers


def is_countered(look: Look, hall: str, entry: Entry) -> bool:
    return any(e.reverses == entry.revision for e in ledgers.entries_of_keys(look.conn, hall, [entry.key]))


def _whom(look: Look, ledger: str, whom: str) -> Target:
    return window_place(look, whom) if ledger == "window" else staff_place(look, whom)


def _reaches(look: Look, who: Principal, place: Target) -> bool:
    try:
        require(look, who, APPEAL, place)
    except Refused as error:
        if error.sort == "role" and error.reason is not None and error.reason.code == "access.not_in_role":
            raise
        return False
    return True


def until_of(look: Look, hall: str, period: str) -> datetime | None:
    """Until when a review of the closed period, or of an entry booked in it, may be asked for, by the days of the book
    in force now; None: at any time, while it is open or where the book sets no days.
    """
    closed = cycle.closed(look.conn, hall, period)
    book = book_of(look.conn, hall, f"{today(look, hall):%Y-%m}")
    if closed is None or book is None or book.cycle.appeal_days is None:
        return None
    return after(calendar_of(look, hall), closed.closed_at, book.cycle.appeal_days)


def _in_time(look: Look, hall: str, until: datetime | None) -> None:
    if until is not None and look.now > until:
        book = book_of(look.conn, hall, f"{today(look, hall):%Y-%m}")
        days = book.cycle.appeal_days if book is not None else None
        raise Refused(f"已过申请复核的 {days} 个工作日 more than so many working days have passed", sort="state")


def due_of(look: Look, row: Row[Any]) -> datetime | None:
    """By when it is to be decided; None where nobody was told of it."""
    wanted = [cycle.TASK.c.task == tasks.key_of(row.hall, "review", str(row.id))]
    task = next(iter(cycle.listed(look.conn, cycle.TASK, wanted, None, 1)), None)
    return task.due if task is not None else None


def shown(look: Look, who: Principal, number: int) -> Row[Any]:
    """One within reach. Raises Refused."""
    return seen_row(look, who, cycle.REVIEW, number, NAMED)


def listed(
    look: Look, who: Principal, *, hall: str | None = None, state: str | None = None, before: int | None = None,
    limit: int = PAGE,
) -> Sequence[Row[Any]]:  # fmt: skip
    """The newest first, one more than `limit` where others follow."""
    wanted = [cycle.REVIEW.c[n] == v for n, v in (("hall", hall), ("state", state)) if v is not None]
    return rows_within(look, who, cycle.REVIEW, *wanted, before=before, limit=limit)


def entries_about(look: Look, row: Row[Any]) -> list[Entry]:
    """What a review is about: its entry; of a result those entries of theirs of the period that still stand."""
    if row.entry is not None:
        found = ledgers.entry(look.conn, row.entry)
        return [found[1]] if found is not None else []
    months = months_of(row.period)
    mine = ledgers.entries_of(look.conn, row.hall, of_months=months, ledger=row.ledger, whom=row.whom)
    taken = {(e.key, e.reverses) for e in mine if e.reverses is not None}
    return [e for e in mine if e.reverses is None and (e.key, e.revision) not in taken]
