"""What declaring a device's data lost would mean (数据丢失声明的影响), before anybody does: nothing is written.

The subjects of the span that rest on the device are judged twice, as the loop would: as things are, and as if the span
were declared lost. Where they are too many for a page that waits, they are only counted, and that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from monitor.model import KIND_CHANNELS, CardState, Outcome, graver
from monitor.settings import Policy
from monitor.store import cards
from monitor.store.facts.look import Loaded, Look
from monitor.store.schema import DeviceRow
from monitor.store.sql import chunks, prefix_end, table_of
from monitor.store.subjects import SUBJECT
from monitor.supervision.judgement import Ruling, older_versions, rulings
from monitor.supervision.refused import Refused
from monitor.supervision.rules import LOADERS

DEVICE: Final = table_of(DeviceRow)
JUDGED_MOST: Final = 1_500
"""Subjects that are judged for a preview; more are counted only."""
LISTED: Final = 20
LONGEST: Final = timedelta(days=92)
EARLIEST_YEAR: Final = 2000
KINDS: Final = ("post", "slot", "case")


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """A subject of which something else would be said: its verdict now, its verdict then (unproven; pending, where its
    time is not over yet), and the cards that would be taken back.
    """

    kind: str
    key: str
    hall: str | None
    before: str
    after: str
    withdrawn: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LossPreview:
    """`resting`: subjects of the span, by kind, that rest on the device; `exact`: all of them were judged, `changed`
    counts those of which something else would be said, `unproven` those of them that would be unproven; else it is at
    most those that rest on it. `first` are the first LISTED of them, those with cards before the others; `withdrawn`
    the numbers of all cards that would be taken back.
    """

    starts: datetime
    ends: datetime
    resting: dict[str, int]
    exact: bool
    changed: dict[str, int]
    unproven: dict[str, int]
    first: tuple[Moved, ...]
    withdrawn: tuple[int, ...]


def require_span(starts: datetime, ends: datetime, now: datetime) -> None:
    """Refuse what cannot be declared: not in order, not past, or longer than can be looked at. Raises Refused."""
    if ends > now:
        raise Refused(
            "尚未到来：只有已过去的时段可以声明丢失 lies in the future: only what is past can be lost", field="to"
        )
    if ends <= starts:
        raise Refused("结束须晚于开始 the end must be after the start", field="to")
    if starts.year < EARLIEST_YEAR or ends - starts > LONGEST:
        raise Refused(
            f"一次至多 {LONGEST.days} 天，请分次声明 at most {LONGEST.days} days at once: declare it in parts",
            field="from",
        )


def preview(
    look: Look, policy: Policy, device: str, starts: datetime, ends: datetime,
    older: Callable[[Connection, str], Policy | None] = lambda _conn, _version: None,
) -> LossPreview:  # fmt: skip
    """What would follow for the posts, slots and cases of [starts, ends); `older`: the policies of earlier versions, as
    the judge has them. Raises Refused for a span that cannot be.
    """
    require_span(starts, ends, look.now)
    supposed = replace(look, sources=look.sources.supposing(device, (starts, ends)), _remembered={})
    resting, exact = dict.fromkeys(KINDS, 0), True
    changed: list[Moved] = []
    budget = JUDGED_MOST
    for kind in KINDS:
        keys = _keys(look, kind, device, starts, ends)
        for batch in chunks(keys, 200):
            if budget <= 0:
                exact = False
                resting[kind] += len(batch)
                continue
            found = LOADERS[kind](look, batch)
            mine = [key for key in batch if key in found and _rests_on(found[key], device)]
            resting[kind] += len(mine)
            budget -= len(batch)
            if mine:
                changed += _changed(look, supposed, policy, older, kind, mine, found)
    changed.sort(key=lambda one: (not one.withdrawn, KINDS.index(one.kind), one.key))
    return LossPreview(
        starts=starts, ends=ends, resting=resting, exact=exact,
        changed={kind: sum(one.kind == kind for one in changed) for kind in KINDS},
        unproven={kind: sum((one.kind, one.after) == (kind, Outcome.UNPROVEN) for one in changed) for kind in KINDS},
        first=tuple(changed[:LISTED]),
        withdrawn=tuple(sorted({number for one in changed for number in one.withdrawn})),
    )  # fmt: skip


def _changed(
    look: Look, supposed: Look, policy: Policy, older: Callable[[Connection, str], Policy | None], kind: str,
    keys: Sequence[str], found: dict[str, Loaded],
) -> Iterator[Moved]:  # fmt: skip
    wanted = (SUBJECT.c.kind == kind, SUBJECT.c.key.in_(keys))
    ids = {row.key: row.id for row in look.conn.execute(select(SUBJECT.c.id, SUBJECT.c.key).where(*wanted))}
    held = cards.states_of(look.conn, list(ids.values()))
    after = LOADERS[kind](supposed, keys)
    named = older_versions([card for cards_ in held.values() for card in cards_], policy.version)
    known = {one: under for one in named if (under := older(look.conn, one)) is not None}
    for key in keys:
        mine = held.get(ids.get(key, -1), [])
        before, then = (_ruled(kind, one.get(key), mine, policy, known, look.now) for one in (found, after))
        outcome = graver([r.verdict.outcome for r in then])
        back = tuple(c.number for r in then for c in r.changes if c.event == "withdrawn" and c.number is not None)
        was = graver([r.verdict.outcome for r in before])
        if outcome is not was or back:
            yield Moved(
                kind=kind, key=key, hall=found[key].hall, before=was.value, after=outcome.value, withdrawn=back
            )  # fmt: skip


def _ruled(
    kind: str, loaded: Loaded | None, held: Sequence[CardState], policy: Policy, older: dict[str, Policy], now: datetime
) -> list[Ruling]:
    return rulings(kind, loaded, held, policy, now, older) if loaded is not None else []


def _rests_on(loaded: Loaded, device: str) -> bool:
    facts: Any = loaded.facts
    named = ("sources", "cameras", "duty_sources")
    return any(source.id == device for name in named for source in getattr(facts, name, ()))


def _keys(look: Look, kind: str, device: str, starts: datetime, ends: datetime) -> list[str]:
    """Subjects that may rest on the device in the span, by key."""
    row = look.conn.execute(select(DEVICE).where(DEVICE.c.id == device)).one()
    allowed = set(KIND_CHANNELS.get(row.kind, ())) & set(row.channels or KIND_CHANNELS.get(row.kind, ()))
    if kind == "case":
        return _cases(look, row, device) if "case" in allowed else []
    if not allowed & ({"presence", "duty"} if kind == "post" else {"checkin"}):
        return []
    zone = ZoneInfo(look.registry.halls[row.hall].zone)
    first, last = starts.astimezone(zone).date(), ends.astimezone(zone).date()
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    of_days = or_(*(SUBJECT.c.key.contains(f"/{day.isoformat()}/", autoescape=True) for day in days))
    wanted: list[ColumnElement[bool]] = [SUBJECT.c.hall == row.hall, SUBJECT.c.kind == kind, of_days]
    if kind == "post" and row.window is not None:
        prefix = f"{row.window}/"
        wanted.append(and_(SUBJECT.c.key >= prefix, SUBJECT.c.key < prefix_end(prefix)))
    return list(look.conn.execute(select(SUBJECT.c.key).where(*wanted).order_by(SUBJECT.c.key)).scalars())


def _cases(look: Look, row: Any, device: str) -> list[str]:
    """Cases of its namespace that are not settled, or on which a card stands: the others were ended in time."""
    prefix = f"{row.namespace or device}/"
    unsettled = SUBJECT.c.verdict.in_([Outcome.PENDING, Outcome.REMINDER, Outcome.YELLOW, Outcome.RED, Outcome.UNKNOWN])
    wanted = (
        SUBJECT.c.hall == row.hall, SUBJECT.c.kind == "case", unsettled, SUBJECT.c.historic.is_(False),
        SUBJECT.c.key >= prefix, SUBJECT.c.key < prefix_end(prefix),
    )  # fmt: skip
    return list(look.conn.execute(select(SUBJECT.c.key).where(*wanted).order_by(SUBJECT.c.key)).scalars())
