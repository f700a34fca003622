"""Facts of accumulations (考勤累计): the verdicts of a person's slots and the cards on them, as they were stored.

No slot is judged again: a year of a person is one look at an index for what was late or early, and one for their cards.
A tally knows what stands now: the last verdict of each slot and the present state of each card, restricted to what was
so and issued by `look.now` (docs/adr/0028).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, and_, or_, select

from monitor.attendance.slots import parse_slot_key
from monitor.attendance.tallies import (
    Happening,
    HappeningKind,
    Ledger,
    Sitting,
    TallyFacts,
    TallyKey,
    parse_tally_key,
)
from monitor.model import Outcome
from monitor.store.cards import CARD, CONFIRMED, REFUTED, results_of
from monitor.store.facts.look import Loaded, Look
from monitor.store.facts.slots import slots_of, window_of
from monitor.store.sql import prefix_end
from monitor.store.subjects import SUBJECT
from monitor.wording.handrules import PREFIX

OFF_POST: Final = ("checkin.slot.very_late", "checkin.slot.left_early")
_BESIDE: Final = timedelta(days=2)
"""A card's `since` is read by UTC, its date is the hall's."""
_SHOWN: Final = tuple(
    CARD.c[name]
    for name in (
        "number", "kind", "key", "rule", "level", "state", "since", "began", "cleared_at", "hall", "window", "staff",
        "reason",
    )
)  # fmt: skip


def load_tallies(look: Look, keys: Sequence[str]) -> dict[str, Loaded]:
    """Facts of tallies by key (STAFF/YYYY, WINDOW/YYYY-MM)."""
    return {key: _loaded(look, parse_tally_key(key)) for key in keys}


def _loaded(look: Look, key: TallyKey) -> Loaded:
    registry = look.registry
    charge = registry.charge(staff=key.id) if key.whose == "staff" else registry.charge(window=key.id)
    happened = tuple(sorted(_happened(look, key), key=lambda h: (h.at, h.subject, h.kind)))
    absent = [h for h in happened if h.kind == "absent" and h.at <= look.now]
    facts = TallyFacts(
        whose=key.whose,
        id=key.id,
        first=key.first,
        last=key.last,
        charge=charge,
        happened=happened,
        sittings=tuple(_sittings(look, absent)),
    )
    return Loaded(facts=facts, calendar=look.book.for_hall(registry, charge.hall), hall=charge.hall)


def _happened(look: Look, key: TallyKey) -> Iterator[Happening]:
    cards = _counted(look, key)
    told = ((row, of_card(look, key.whose, row, confirmed)) for row, confirmed in cards)
    found = [(row, h) for row, h in told if h is not None and key.first <= h.date <= key.last]
    yield from joined(found)
    if key.whose == "staff":
        yield from _late_or_early(look, key.id, key)
        return
    for staff in sorted({post.staff for post in look.registry.posts if post.window == key.id}):
        yield from (h for h in _late_or_early(look, staff, key) if h.window == key.id)


# --------------------------------------------------------------------------- late and early


def _late_or_early(look: Look, staff: str, key: TallyKey) -> Iterator[Happening]:
    """Slots that have no card: late or early by a few minutes (A03, A04)."""
    period = f"{key.first:%Y-}" if key.whose == "staff" else f"{key.first:%Y-%m-}"
    verdicts = (Outcome.LATE, Outcome.EARLY)
    for subject, verdict in _slots(look.conn, f"{staff}/{period}", f"{staff}/{prefix_end(period)}", verdicts):
        _, day, slot = parse_slot_key(subject)
        yield Happening(
            kind="late" if verdict == Outcome.LATE else "early",
            at=_due(look, staff, day, slot),
            date=day,
            subject=f"slot:{subject}",
            staff=staff,
            window=window_of(look.registry, staff, day),
        )


def _slots(conn: Connection, low: str, high: str, verdicts: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """(key, verdict) of the slots with keys in [low, high), in the order of keys."""
    query = select(SUBJECT.c.key, SUBJECT.c.verdict).where(
        SUBJECT.c.kind == "slot", SUBJECT.c.key >= low, SUBJECT.c.key < high
    )
    if verdicts:
        query = query.where(SUBJECT.c.verdict.in_(verdicts))
    for row in conn.execute(query.order_by(SUBJECT.c.key)):
        yield row.key, row.verdict


def _due(look: Look, staff: str, day: date, slot: str) -> datetime:
    """When the slot was due; the end of the day for one that is no longer planned."""
    found = next((s.due for s in slots_of(look, staff, day) if s.name == slot), None)
    if found is not None:
        return found
    calendar = look.book.for_hall(look.registry, look.registry.hall_of_staff(staff))
    return calendar.local(day, time(23, 59))


# --------------------------------------------------------------------------- cards


def _counted(look: Look, key: TallyKey) -> list[tuple[Row[Any], bool]]:
    """The cards of the person or window that may count, each with whether a person has confirmed it."""
    midnight = datetime.combine(key.first, time(), look.now.tzinfo)
    until = datetime.combine(key.last, time(), look.now.tzinfo) + timedelta(days=1)
    charged = CARD.c.staff if key.whose == "staff" else CARD.c.window
    ruled = and_(CARD.c.rule.in_(("checkin.slot", "post.empty")), CARD.c.level.in_(("yellow", "red")))
    query = select(*_SHOWN).where(
        charged == key.id,
        CARD.c.since >= midnight - _BESIDE,
        CARD.c.since < until + _BESIDE,
        or_(ruled, and_(CARD.c.rule >= PREFIX, CARD.c.rule < prefix_end(PREFIX))),
        CARD.c.state != "withdrawn",
        CARD.c.issued <= look.now,
    )
    rows = look.conn.execute(query.order_by(CARD.c.number)).all()
    results = results_of(look.conn, [row.number for row in rows if row.state == "closed"])
    known = [(row, results.get(row.number)) for row in rows]
    return [(row, result in CONFIRMED) for row, result in known if result not in REFUTED]


def of_card(look: Look, whose: Ledger, row: Row[Any], confirmed: bool) -> Happening | None:
    """What a card is to its person or window; None: nothing that is counted (a missing punch is no off-post)."""
    kind = _kind(whose, row)
    if kind is None:
        return None
    return Happening(
        kind=kind,
        at=row.since,
        date=_date(look, row),
        subject=f"{row.kind}:{row.key}",
        staff=row.staff,
        window=row.window,
        row=row.rule.removeprefix(PREFIX) if kind == "conduct" else "",
        cards=(row.number,),
        confirmed=confirmed or kind in ("absent", "conduct"),
    )


def _kind(whose: Ledger, row: Row[Any]) -> HappeningKind | None:
    """An empty window is the off-post of whom it is charged to, and the window's own unstaffed time (A05, A08)."""
    if row.rule == "checkin.slot":
        if row.level == "red":
            return "absent"
        return "off_post" if (row.reason or {}).get("code") in OFF_POST else None
    if row.rule == "post.empty":
        return "off_post" if whose == "staff" else "unstaffed"
    return _BY_HAND.get(row.rule.removeprefix(PREFIX), "conduct")


_BY_HAND: Final[Mapping[str, HappeningKind]] = {"A05": "off_post", "A08": "unstaffed"}


def _date(look: Look, row: Row[Any]) -> date:
    """The local date: of a slot or post its own, of a card by hand that of its issue."""
    if row.kind in ("slot", "post"):
        return date.fromisoformat(row.key.split("/")[1])
    place = look.registry.charge(window=row.window, staff=row.staff)
    return look.book.for_hall(look.registry, place.hall or row.hall).local_date(row.since)


def joined(found: Sequence[tuple[Row[Any], Happening]]) -> list[Happening]:
    """One absence from the post is one off-post, though check-in and post watch both tell of it: whoever came 40
    minutes late left the window empty. The empty window's stays, confirmed if either card is.
    """
    posts = [(row, h) for row, h in found if h.kind == "off_post" and row.kind == "post"]
    taken: dict[int, Happening] = {}
    kept = []
    for row, h in found:
        same = None
        if h.kind == "off_post" and row.kind == "slot":
            same = next((p for p, of in posts if of.staff == h.staff and _overlap(row, p)), None)
        if same is None:
            kept.append(h)
        else:
            taken[same.number] = h
    return [_with(h, taken.get(h.cards[0])) for h in kept]


def _with(post: Happening, slot: Happening | None) -> Happening:
    if slot is None:
        return post
    return replace(post, cards=(*post.cards, *slot.cards), confirmed=post.confirmed or slot.confirmed)


def _overlap(slot: Row[Any], post: Row[Any]) -> bool:
    """Whether the window was empty while the person was late, or had left too early."""
    starts, ends = slot.began, slot.cleared_at
    if ends is None:  # left early: away until the slot's due
        ends = datetime.fromisoformat(slot.reason["figures"]["due"])
    return bool(post.began <= max(starts, ends) and (post.cleared_at is None or starts <= post.cleared_at))


# --------------------------------------------------------------------------- runs


def _sittings(look: Look, absent: Sequence[Happening]) -> Iterator[Sitting]:
    """The slots between a person's first absence and the last, in order: what lies between makes a run or ends it."""
    for staff in sorted({h.staff for h in absent if h.staff is not None}):
        mine = {h.subject.removeprefix("slot:"): h.at for h in absent if h.staff == staff}
        days = [h.date for h in absent if h.staff == staff]
        found = [] if len(mine) == 1 else _between(look, staff, min(days), max(days))
        known = {key for key, _, _ in found}
        # a card that was attributed to another stands on a slot that is none of theirs
        found += [(key, date.fromisoformat(key.split("/")[1]), Outcome.RED) for key in mine if key not in known]
        for key, day, verdict in sorted(found, key=lambda f: (f[1], _order(look, f[0]), f[0])):
            yield Sitting(staff=staff, date=day, state=_state(key in mine, verdict), at=mine.get(key))


def _between(look: Look, staff: str, first: date, last: date) -> list[tuple[str, date, str]]:
    low, high = f"{staff}/{first}/", prefix_end(f"{staff}/{last}/")
    return [(key, parse_slot_key(key).date, verdict) for key, verdict in _slots(look.conn, low, high)]


def _order(look: Look, key: str) -> datetime:
    staff, day, slot = parse_slot_key(key)
    return _due(look, staff, day, slot)


def _state(counts: bool, verdict: str) -> Literal["absent", "there", "excused", "silent"]:
    """An absence that was taken back, by an appeal or on a closed card, is none: nobody was absent there."""
    if counts:
        return "absent"
    if verdict == Outcome.EXCUSED:
        return "excused"
    return "silent" if verdict in _SILENT else "there"


_SILENT: Final = frozenset(
    {Outcome.UNKNOWN, Outcome.UNPROVEN, Outcome.REVIEW, Outcome.UNWATCHED, Outcome.MERGED, Outcome.CLOSED}
)
"""Verdicts that say neither. What is not settled yet counts as presence until it is: nobody is held absent early."""
