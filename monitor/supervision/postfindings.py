"""Findings of posts for `report findings`: of the roster, and of the last days where there can be one (DESIGN §7)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select

from monitor.attendance.policy import PostPolicy
from monitor.attendance.postfindings import PostFinding
from monitor.attendance.slots import post_key
from monitor.store import spotchecks
from monitor.store.facts.look import Look
from monitor.store.facts.posts import DUTY, load_posts
from monitor.store.sql import chunks
from monitor.supervision.postdays import AT_ONCE, session_of

DAYS: Final = 7
"""So many days back, today among them; `report posts --date` tells those of any day."""


def recent_post_findings(look: Look, policy: PostPolicy) -> Iterator[tuple[str, PostFinding]]:
    """(key of the post's subject, finding), by key: A05, A08, A19, B03 as `attendance.postfindings` tells them."""
    for batch in chunks(_worth_a_look(look), AT_ONCE):
        for key, loaded in sorted(load_posts(look, batch).items()):
            if loaded.facts.expected:
                yield from ((key, found) for found in session_of(loaded.facts, policy, look.now).findings)


def thin_units(look: Look) -> Iterator[str]:
    """Units with posts today and fewer than two people in all as A or B (B08: 各抽调两名，设置 A、B 岗位)."""
    people: dict[str, set[str]] = {}
    for window in look.registry.windows.values():
        if window.unit is None:
            continue
        day = look.book.for_window(look.registry, window.id).local_date(look.now)
        regular = {p.staff for p in look.registry.posts_on(window.id, day) if p.rank != "S"}
        if regular:
            people.setdefault(window.unit, set()).update(regular)
    yield from (unit for unit, mine in sorted(people.items()) if len(mine) < 2)


def _worth_a_look(look: Look) -> list[str]:
    """Posts of windows that need several people, of those where one who holds no post or more than one person signed on
    that day, and of those that a spot check found empty.
    """
    registry, book = look.registry, look.book
    calendars = {w: book.for_window(registry, w) for w in registry.windows}
    today = {w: calendar.local_date(look.now) for w, calendar in calendars.items()}
    start = look.now - timedelta(days=DAYS)
    wanted: set[tuple[str, date]] = set()
    for window in registry.windows.values():
        if window.min_staff > 1:
            wanted |= {(window.id, today[window.id] - timedelta(days=n)) for n in range(DAYS)}
    signed_on: dict[tuple[str, date], set[str]] = {}
    query = select(DUTY.c.window, DUTY.c.staff, DUTY.c.at).where(
        DUTY.c.window.in_(list(calendars)), DUTY.c.at >= start, DUTY.c.at <= look.now
    )
    for row in look.conn.execute(query):
        signed_on.setdefault((row.window, calendars[row.window].local_date(row.at)), set()).add(row.staff)
    for (window_id, day), staff in signed_on.items():
        if len(staff) > 1 or not staff <= {post.staff for post in registry.posts_on(window_id, day)}:
            wanted.add((window_id, day))
    for check in spotchecks.found_empty(look.conn, start, look.now):
        if check.window in calendars:
            wanted.add((check.window, calendars[check.window].local_date(check.seen_at)))
    return [
        post_key(window_id, begins, calendars[window_id])
        for window_id, day in sorted(wanted)
        for begins, _ in calendars[window_id].sessions(day)
        if begins <= look.now and _is_expected(look, window_id, begins)
    ]


def _is_expected(look: Look, window: str, begins: datetime) -> bool:
    since = look.registry.windows[window].expected_from
    return since is None or begins >= since
