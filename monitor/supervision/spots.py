"""Spot checks (抽查, A17): ordered at random, by name, or where a post has been unknown for too long.

Called by the command line, the console and the judging loop; the caller commits. Results: `spotresults`.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, select

from monitor.access import Principal, Target
from monitor.attendance.policy import PostPolicy
from monitor.attendance.slots import parse_post_key, post_key
from monitor.attendance.spotdraw import draw_windows
from monitor.evaluators.facts import HallFacts
from monitor.model import Outcome, Registry, Span
from monitor.store import audit, plans, spotchecks
from monitor.store.calendars import CalendarBook
from monitor.store.facts.look import Look
from monitor.store.subjects import SUBJECT
from monitor.supervision.commands import require_known
from monitor.supervision.files import is_plain
from monitor.supervision.refused import Refused
from monitor.supervision.spotresults import check_json, may

SYSTEM: Final = "system"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is asked for: so many windows of a hall at random, or those named."""

    hall: str
    count: int = 1
    named: tuple[str, ...] = ()
    within: timedelta | None = None
    seed: str | None = None


# --------------------------------------------------------------------------- ordering


def order(look: Look, policy: PostPolicy, wanted: Order, *, actor: str | Principal) -> dict[str, Any]:
    """Order spot checks; gives the draw with its checks. The caller commits. Raises Refused.

    1. The candidates: windows of the hall in service at this time, without a check that still waits.
    2. Draw by the seed (`attendance.spotdraw`): unknown posts first.
    3. A row for each, due within the time given, and one audit row that holds all that the draw is repeated from.
    """
    who = may(actor, Target(hall=wanted.hall))
    require_known(look.registry, hall=wanted.hall)
    _sensible(wanted)
    sessions = in_service(look, wanted.hall)
    waiting = spotchecks.open_windows(look.conn, wanted.hall)
    candidates = sorted(set(sessions) - waiting)
    seed = wanted.seed or secrets.token_hex(8)
    unknown = sorted(set(_unknown(look, wanted.hall, sessions)) & set(candidates))
    if wanted.named:
        chosen = dict.fromkeys(_named(wanted, sessions, waiting), "named")
    else:
        drawn = draw_windows(seed, candidates, unknown, wanted.count)
        chosen = dict.fromkeys(drawn.unknown, "unknown") | dict.fromkeys(drawn.random, "random")
    if not chosen:
        raise Refused(
            "当前没有在服务时间内且未在抽查的窗口 no window is in service without a check that waits", field="hall"
        )
    draw = f"{wanted.hall}-{look.now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    within = wanted.within or timedelta(minutes=policy.spot_within_minutes)
    rows = [
        _row(look.now, wanted.hall, window, draw=draw, seed=seed, cause=cause, by=who.id, due=look.now + within)
        for window, cause in chosen.items()
    ]
    numbers = spotchecks.add(look.conn, rows)
    body = {
        "hall": wanted.hall, "seed": seed, "seed_given": wanted.seed is not None, "count": wanted.count,
        "named": list(wanted.named), "candidates": candidates, "unknown": unknown, "drawn": list(chosen),
        "checks": numbers,
    }  # fmt: skip
    audit.record(look.conn, look.now, who.id, "spot.drawn", DRAW, draw, body)
    found = [r for r in spotchecks.of_draw(look.conn, draw) if r.id in numbers]
    return {"draw": draw, "seed": seed, "checks": [check_json(row, look.registry, look.now) for row in found]}


DRAW: Final = "spot_draw"
"""Kind of the object of a draw's audit row."""


def verify(conn: Connection, draw: str) -> dict[str, Any]:
    """Repeat a draw from its audit row: {"draw", "seed", "candidates", "unknown", "drawn", "again", "ok", …};
    `ok`: it comes to the windows that were ordered. Raises Refused for a draw that there is not.
    """
    rows = spotchecks.of_draw(conn, draw)
    body = conn.execute(
        select(audit.AUDIT.c.body).where(audit.AUDIT.c.object_kind == DRAW, audit.AUDIT.c.object_id == draw)
    ).scalar()
    if body is None or not rows:
        raise Refused(
            f"{draw!r}: 没有这次抽取 there is no such draw; `jiancha spot list` 列出 shows them", sort="missing"
        )
    ordered = [row.window for row in rows]
    if body["named"]:
        again = list(body["named"])
    else:
        again = list(draw_windows(body["seed"], body["candidates"], body["unknown"], body["count"]).windows)
    seeds = {row.seed for row in rows}
    told = {key: body[key] for key in ("seed", "seed_given", "named", "count", "candidates", "unknown", "drawn")}
    return {"draw": draw, **told, "again": again, "ok": again == ordered == body["drawn"] and seeds == {body["seed"]}}


def open_for_unknown(
    conn: Connection, facts: HallFacts, registry: Registry, book: CalendarBook, policy: PostPolicy, now: datetime
) -> list[int]:
    """Order a check of each window whose post has been unknown for too long, once for each such time (A17).

    Not where a check waits already, nor once the session is over: then there is nothing left to see.
    """
    rows: dict[str, dict[str, Any]] = {}
    for stale_at, subject in facts.stale:
        kind, _, key = subject.partition(":")
        if kind != "post" or stale_at > now:
            continue
        window = parse_post_key(key).window
        end = _session_end(key, registry, book)
        if window in rows or end is None or end <= now or spotchecks.ordered_since(conn, window, "unknown", stale_at):
            continue
        due = min(end, now + timedelta(minutes=policy.spot_within_minutes))
        rows[window] = _row(now, facts.id, window, draw=f"unknown/{key}", seed="", cause="unknown", by=SYSTEM, due=due)
    numbers = spotchecks.add(conn, list(rows.values()))
    for number, row in zip(numbers, rows.values(), strict=True):
        body = {"window": row["window"], "hall": facts.id, "cause": "unknown", "subject": row["draw"].partition("/")[2]}
        audit.record(conn, now, SYSTEM, "spot.ordered", "spot_check", str(number), body)
    return numbers


def in_service(look: Look, hall: str) -> dict[str, Span]:
    """The windows of a hall in service at the look's time, with the session that runs: not before their first import,
    nor while they or the hall are closed.
    """
    closed = plans.closures(look.conn, look.now, look.now + timedelta(microseconds=1))
    found: dict[str, Span] = {}
    for window in look.registry.windows.values():
        if window.hall != hall or (window.expected_from is not None and window.expected_from > look.now):
            continue
        calendar = look.book.for_window(look.registry, window.id)
        for start, end in calendar.sessions(calendar.local_date(look.now)):
            if start <= look.now < end and not plans.closures_for(closed, hall=hall, window=window.id):
                found[window.id] = (start, end)
    return found


# --------------------------------------------------------------------------- inside


def _row(
    now: datetime, hall: str, window: str, *, draw: str, seed: str, cause: str, by: str, due: datetime
) -> dict[str, Any]:
    return {"hall": hall, "window": window, "draw": draw, "seed": seed, "cause": cause, "ordered_at": now,
            "ordered_by": by, "due_at": due}  # fmt: skip


def _sensible(wanted: Order) -> None:
    if wanted.count < 1:
        raise Refused(f"{wanted.count}: 至少 1 个窗口 at least one window", field="windows")
    if wanted.within is not None and wanted.within <= timedelta(0):
        raise Refused("须大于 0 分钟 more than 0 minutes", field="within")
    if wanted.seed is not None and not (0 < len(wanted.seed) <= 64 and is_plain(wanted.seed)):
        raise Refused("1–64 个可显示的字 1 to 64 characters, all shown", field="seed")


def _named(wanted: Order, sessions: Mapping[str, Span], waiting: set[str]) -> Sequence[str]:
    for window in wanted.named:
        if window not in sessions:
            raise Refused(f"{window!r} 不在该厅服务中 is not in service in {wanted.hall} now", field="window")
        if window in waiting:
            raise Refused(
                f"{window!r} 已有未完成的抽查 has a check that waits; `jiancha spot list --open`", field="window"
            )
    return list(dict.fromkeys(wanted.named))


def _unknown(look: Look, hall: str, sessions: Mapping[str, Span]) -> list[str]:
    """Windows whose running session nothing can tell of."""
    keys = {
        post_key(window, start, look.book.for_window(look.registry, window)): window
        for window, (start, _) in sessions.items()
    }
    query = select(SUBJECT.c.key).where(
        SUBJECT.c.hall == hall, SUBJECT.c.kind == "post", SUBJECT.c.verdict == Outcome.UNKNOWN
    )
    return [keys[key] for key in look.conn.execute(query).scalars() if key in keys]


def _session_end(key: str, registry: Registry, book: CalendarBook) -> datetime | None:
    parsed = parse_post_key(key)
    calendar = book.for_window(registry, parsed.window)
    begins = parsed.starts(calendar)
    return next((end for start, end in calendar.sessions(parsed.date) if start == begins), None)
