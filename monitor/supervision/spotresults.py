"""What spot checks (抽查, A17) found: recorded once by whoever may, corrected with a reason. The caller commits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from monitor.access import Principal, Target, refusal
from monitor.model import Registry, SubjectRef
from monitor.store import audit, spotchecks
from monitor.store.calendars import CalendarBook
from monitor.store.subjects import mark
from monitor.supervision.commands import MOST_WORDS, local, require_known
from monitor.supervision.files import is_plain
from monitor.supervision.refused import Refused
from monitor.supervision.views import stamp

CHECK: Final = "posts:check"
RESULTS: Final = ("present", "short", "empty", "closed", "dropped")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What an inspector found: `at` when they looked, `people` how many were at the window."""

    result: str
    at: datetime
    people: int | None = None
    note: str = ""


def record(
    conn: Connection,
    number: int,
    found: Found,
    registry: Registry,
    book: CalendarBook,
    *,
    actor: str | Principal,
    now: datetime,
    correct: bool = False,
) -> dict[str, Any]:
    """Record what a check found; gives the check. The caller commits. Raises Refused.

    Once: a later correction (`correct`) says why in its note, and is an audit row of its own beside the first. The
    window's posts of the day are judged again, for what was seen there is evidence.
    """
    row = spotchecks.find(conn, number, lock=True)
    if row is None:
        raise Refused(
            f"spot {number}: 没有这个号的抽查 there is none of this number; `jiancha spot list` 列出 shows them",
            sort="missing",
        )
    place = registry.charge(window=row.window)
    who = may(actor, Target(hall=row.hall, unit=place.unit, window=row.window))
    known = registry.windows.get(row.window)
    _check(row, found, known.min_staff if known else 1, now, correct)
    values = {
        "result": found.result, "people": 0 if found.result == "empty" else found.people,
        "seen_at": found.at, "recorded_at": now, "recorded_by": who.id,
    }  # fmt: skip
    spotchecks.record(conn, number, values)
    body = {
        "window": row.window, "hall": row.hall, "draw": row.draw, "result": found.result, "people": values["people"],
        "seen_at": found.at.isoformat(),
    }  # fmt: skip
    if row.result is not None:
        body["before"] = {"result": row.result, "people": row.people, "seen_at": row.seen_at.isoformat(),
                          "recorded_by": row.recorded_by, "recorded_at": row.recorded_at.isoformat()}  # fmt: skip
    event = "spot.recorded" if row.result is None else "spot.corrected"
    audit.record(conn, now, who.id, event, "spot_check", str(number), body, private={"note": found.note})
    calendar = book.for_window(registry, row.window)
    days = {calendar.local_date(at) for at in (found.at, row.seen_at) if at is not None}
    mark(conn, [SubjectRef(kind="post", key=f"{row.window}/{day.isoformat()}/") for day in sorted(days)], due=now)
    after = spotchecks.find(conn, number)
    assert after is not None  # its row is locked
    return check_json(after, registry, now)


def _check(row: Row[Any], found: Found, min_staff: int, now: datetime, correct: bool) -> None:
    """Refuse a result that cannot be, naming the field."""
    if found.result not in RESULTS:
        raise Refused(f"{found.result!r} 不在可选值之内 is none of {', '.join(RESULTS)}", field="found")
    if row.result is not None and not correct:
        raise Refused(
            f"spot {row.id}: 已登记为 is recorded as {row.result}; 更正请加 --correct to correct it",
            field="correct",
        )
    if row.result is None and correct:
        raise Refused(
            f"spot {row.id}: 尚未登记，无可更正 has no result to correct; leave --correct out", field="correct"
        )
    if (correct or found.result == "dropped") and not found.note.strip():
        raise Refused("须写明理由 a reason is needed", field="note")
    if len(found.note) > MOST_WORDS or not is_plain(found.note):
        raise Refused(f"至多 {MOST_WORDS} 个可显示的字 at most so many characters, all shown", field="note")
    if found.at > now:
        raise Refused(f"{found.at.isoformat()} 晚于当前时钟 is after the clock ({now.isoformat()})", field="at")
    if found.at < row.ordered_at:
        raise Refused(
            f"{found.at.isoformat()} 早于下达时间 is before the order ({row.ordered_at.isoformat()}): "
            "那次所见不属本次抽查 what was seen then is no result of it",
            field="at",
        )
    _check_people(found, min_staff)


def _check_people(found: Found, min_staff: int) -> None:
    people = found.people
    if found.result in ("present", "short") and (people is None or people < 1):
        raise Refused("须填写在岗人数（至少 1 人） how many were there, at least 1", field="people")
    if found.result == "empty" and people not in (None, 0):
        raise Refused(f"{people}: 无人在岗时为 0 an empty window has 0; 否则用 else --found present", field="people")
    if found.result in ("closed", "dropped") and people is not None:
        raise Refused("窗口停办或未检查时不填人数 leave it out: nobody was counted", field="people")
    if found.result == "present" and people is not None and people < min_staff:
        raise Refused(f"{people} 人少于最低在岗 are fewer than min_staff {min_staff}: --found short", field="people")
    if found.result == "short" and people is not None and people >= min_staff:
        raise Refused(
            f"{people} 人不少于最低在岗 are not fewer than min_staff {min_staff}: --found present", field="people"
        )


# --------------------------------------------------------------------------- reading


def list_checks(
    conn: Connection, registry: Registry, now: datetime, *, hall: str | None = None, open_only: bool = False,
    who: Principal | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Checks by number in the shape of `check_json`; with `who` those that they may read. Raises Refused for a hall
    that there is not.
    """
    require_known(registry, hall=hall)
    rows = spotchecks.listed(conn, hall=hall, open_only=open_only)
    if who is not None:
        targets = {row.id: Target(hall=row.hall, window=row.window) for row in rows}
        rows = [row for row in rows if refusal(who, "cards:read", targets[row.id]) is None]
    return [check_json(row, registry, now) for row in rows]


def check_json(row: Row[Any], registry: Registry, now: datetime) -> dict[str, Any]:
    """One check with fixed names; instants RFC 3339 in the hall's zone; `overdue`: it waits past its time."""
    zone = registry.zone_of(row.hall)
    instants = {key: stamp(getattr(row, key), zone) for key in ("ordered_at", "due_at", "seen_at", "recorded_at")}
    plain = ("hall", "window", "draw", "seed", "cause", "ordered_by", "result", "people", "recorded_by")
    told: Mapping[str, Any] = {key: getattr(row, key) for key in plain}
    return {"id": row.id, **told, **instants, "overdue": row.result is None and row.due_at <= now}


def may(actor: str | Principal, target: Target) -> Principal:
    """Who acts, if they may order or record checks there. Raises Refused."""
    who = local(actor) if isinstance(actor, str) else actor
    no = refusal(who, CHECK, target)
    if no is not None:
        raise Refused.because(no)
    return who
