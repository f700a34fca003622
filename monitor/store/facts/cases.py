"""Facts of cases (办件), their supervision orders (督办) and their sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple

from msgspec.structs import replace
from sqlalchemy import Row, Select, bindparam, or_, select

from monitor.model import CASE_EVENT_NAMES, Registry, SourceState
from monitor.store.facts.ahead import steps_ahead
from monitor.store.facts.look import Loaded, Look, next_receipt
from monitor.store.facts.promises import promises_of
from monitor.store.quick import Keys, QuickSelect
from monitor.store.schema import Card, CardEvent, CaseEventRow, SourceRow, Subject
from monitor.store.sql import table_of
from monitor.timeliness.facts import CaseEvent, CaseFacts, Order, OrderFacts, SourceFacts
from monitor.timeliness.fold import fold

CASE: Final = table_of(CaseEventRow)
CARD: Final = table_of(Card)
NOTICE: Final = table_of(CardEvent)
SOURCE: Final = table_of(SourceRow)
SUBJECT: Final = table_of(Subject)


def load_cases(look: Look, keys: Sequence[str]) -> dict[str, Loaded]:
    """Facts of the cases by key (NAMESPACE/CASE)."""
    rows = _rows_of(look, keys)
    orders = _orders(look, keys)
    historic = {row.key for row in _HISTORIC.run(look.conn, keys)}
    told_by = {key: reporters_in(look, key, rows.get(key, [])) for key in keys}
    look.sources.look_at({source for reporters in told_by.values() for source in reporters})
    loaded: dict[str, Loaded] = {}
    for key in keys:
        mine, reporters = rows.get(key, []), told_by[key]
        hall = hall_of(look.registry, mine, reporters)
        telling = look.once(("telling", reporters), partial(_telling, look, reporters))
        facts = CaseFacts(
            key=key,
            events=tuple([case_event(look, r) for r in mine if r.received <= look.now]),
            sources=telling.sources,
            registry=look.registry,
            hall=hall,
            order=None if key in historic else orders.get(key),
            incomplete_since=telling.incomplete_since,
            historic=key in historic,
            emits=telling.emits,
        )
        of = (reporters[0] if reporters else "", hall)
        calendar = look.once(("calendar", of), partial(look.book.for_source, look.registry, *of))
        loaded[key] = Loaded(facts=facts, calendar=calendar, hall=hall, more_at=next_receipt(mine, look.now))
    return loaded


class _Telling(NamedTuple):
    """What those who could report a case make of it; the same for all cases with the same reporters."""

    sources: tuple[SourceState, ...]
    emits: Mapping[str, frozenset[str]]
    incomplete_since: datetime | None


def _telling(look: Look, reporters: tuple[str, ...]) -> _Telling:
    incomplete = look.once("incomplete", partial(_incomplete_sources, look))
    standing = [incomplete[r] for r in reporters if r in incomplete]
    return _Telling(look.sources.states(reporters), _emitted(look, reporters), min(standing, default=None))


def load_orders(look: Look, keys: Sequence[str]) -> dict[str, Loaded]:
    """Facts of supervision orders; the key is that of the subject they were opened for."""
    rows = _rows_of(look, keys)
    orders = _orders(look, keys)
    ordered = _ordered(look, keys)
    promises = promises_of(look, keys)
    places, ahead = {r.key: r for r in _ORDER_CARDS.run(look.conn, keys)}, steps_ahead(look, "case", keys)
    loaded: dict[str, Loaded] = {}
    for key in keys:
        by_people = ordered.get(key, [])
        promised = promises.get(key, [])
        card = by_people[-1][0] if by_people else places.get(key, promised[-1].charge if promised else None)
        if card is None or (key not in orders and not by_people and not promised):
            continue
        view = fold(tuple(case_event(look, r) for r in rows.get(key, []) if look.counts(r)))
        facts = OrderFacts(
            key=key,
            order=orders.get(key),
            ordered=tuple(order for _, order in by_people),
            promises=tuple(promised),
            registry=look.registry,
            hall=card.hall,
            window=card.window,
            staff=card.staff,
            item=view.item,
            closed_at=view.closed_after(orders[key].opened_at) if key in orders else None,
        )
        calendar = look.book.for_hall(look.registry, card.hall)
        loaded[key] = Loaded(facts=facts, calendar=calendar, hall=card.hall, more_at=ahead.get(key))
    return loaded


def load_sources(look: Look, keys: Sequence[str]) -> dict[str, Loaded]:
    """Facts of case sources for `feed.incomplete`: what was accepted and completed lately, by device."""
    loaded: dict[str, Loaded] = {}
    for key in keys:
        device = look.registry.devices.get(key)
        if device is None:
            continue
        times: dict[str, list[datetime]] = {"accepted": [], "completed": []}
        later: list[Any] = []
        for name, found in times.items():
            for row in _NEWEST.run(look.conn, source=key, event=name):
                if row.received <= look.now:
                    found.append(look.sources.correct(key, row.boot, row.at)[0])
                else:
                    later.append(row)
        facts = SourceFacts(
            id=key,
            hall=device.hall,
            accepted=tuple(sorted(times["accepted"])),
            completed=tuple(sorted(times["completed"])),
            emits_completed=device.reports_case("completed"),
        )
        calendar = look.book.for_hall(look.registry, device.hall)
        more_at = next_receipt(later, look.now)
        loaded[key] = Loaded(facts=facts, calendar=calendar, hall=device.hall, more_at=more_at)
    return loaded


_RECENT: Final = 2000
"""How many newest events of a source are enough to see whether completions have stopped."""
_NEWEST: Final = QuickSelect(
    lambda _: (
        select(CASE.c.at, CASE.c.boot, CASE.c.received)
        .where(CASE.c.source == bindparam("source"), CASE.c.event == bindparam("event"))
        .order_by(CASE.c.at.desc())
        .limit(_RECENT)
    )
)


def case_event(look: Look, row: Row[Any]) -> CaseEvent:
    """The stored row as the fold takes it, with corrected time; instants in `body` become aware datetimes."""
    at, trusted = look.sources.correct(row.source, row.boot, row.at)
    body = row.body or {}
    if isinstance(body.get("due"), str):
        body = {**body, "due": datetime.fromisoformat(body["due"])}
    return CaseEvent(
        id=row.event_id,
        event=row.event,
        at=at,
        received=row.received,
        source=row.source,
        seq=row.seq,
        trusted=trusted,
        item=row.item,
        window=row.window,
        staff=row.staff,
        reason=row.reason,
        entered=row.entered,
        body=body,
    )


def reporters_of(registry: Registry, key: str, rows: Sequence[Row[Any]]) -> list[str]:
    """Sources that could report the case: devices of its namespace in service, else those that did report it."""
    namespace = key.split("/", 1)[0]
    devices = [d.id for d in registry.devices_telling(namespace) if d.allows("case")]
    return sorted(devices) or sorted({r.source for r in rows})


def hall_of(registry: Registry, rows: Sequence[Row[Any]], reporters: Sequence[str]) -> str | None:
    """The hall of the last window named by the case, else that of its first source."""
    for row in reversed(rows):
        window = registry.windows.get(row.window or "")
        if window is not None:
            return window.hall
    device = registry.devices.get(reporters[0]) if reporters else None
    return device.hall if device else None


def reporters_in(look: Look, key: str, rows: Sequence[Row[Any]]) -> tuple[str, ...]:
    """As `reporters_of`; the devices of a namespace are looked up once a look."""
    namespace = key.split("/", 1)[0]
    devices = look.once(("reporters", namespace), lambda: tuple(reporters_of(look.registry, key, ())))
    return devices or tuple(reporters_of(look.registry, key, rows))


def _emitted(look: Look, reporters: Sequence[str]) -> dict[str, frozenset[str]]:
    """The case events of each source that does not send all: a device by its `emits`, an import by its map."""
    found: dict[str, frozenset[str]] = {}
    for source in reporters:
        device = look.registry.devices.get(source)
        if device is not None and not all(device.reports_case(event) for event in CASE_EVENT_NAMES):
            found[source] = frozenset(event for event in CASE_EVENT_NAMES if device.reports_case(event))
    imported = look.once("emits of imports", lambda: _imported(look))
    return found | {source: imported[source] for source in reporters if source in imported}


def _imported(look: Look) -> dict[str, frozenset[str]]:
    return {row.id: frozenset(row.emits) for row in _EMITS.run(look.conn) if row.emits is not None}


_EMITS: Final = QuickSelect(lambda _: select(SOURCE.c.id, SOURCE.c.emits))


def _rows_of(look: Look, keys: Sequence[str]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {}
    for row in _EVENTS.run(look.conn, keys):
        found.setdefault(row.case_key, []).append(row)
    return found


_EVENTS: Final = QuickSelect(
    lambda among: (
        select(
            *(CASE.c[name] for name in ("case_key", "event", "event_id", "source", "at", "received", "seq", "boot")),
            *(CASE.c[name] for name in ("item", "window", "staff", "reason", "entered", "body")),
        )
        .where(among(CASE.c.case_key))
        .order_by(CASE.c.at)
    )
)
_HISTORIC: Final = QuickSelect(
    lambda among: select(SUBJECT.c.key).where(SUBJECT.c.kind == "case", SUBJECT.c.historic, among(SUBJECT.c.key))
)


def _order_cards(among: Keys, *columns: Any) -> Select[Any]:
    return select(*columns).where(
        CARD.c.kind == "case", CARD.c.rule == "case.limit", among(CARD.c.key), CARD.c.state != "withdrawn",
        CARD.c.historic.is_(False), or_(CARD.c.level == "yellow", CARD.c.level == "red"),
    )  # fmt: skip


_ORDER_CARDS: Final = QuickSelect(
    lambda among: _order_cards(among, CARD.c.key, CARD.c.hall, CARD.c.window, CARD.c.staff)
)
_ORDER_NOTICES: Final = QuickSelect(
    lambda among: (
        select(CARD.c.key, NOTICE.c.at, NOTICE.c.event, NOTICE.c.level)
        .join(NOTICE, NOTICE.c.card == CARD.c.number)
        .where(
            CARD.c.number.in_(_order_cards(among, CARD.c.number)),
            NOTICE.c.at <= bindparam("now", type_=NOTICE.c.at.type),
        )
        .order_by(NOTICE.c.card, NOTICE.c.sequence)
    )
)


def _orders(look: Look, keys: Sequence[str]) -> dict[str, Order]:
    """The order of each case: opened when its `case.limit` card first came to yellow or red, answered by a person.

    It goes with that level: a card that was taken back or lowered and comes again opens another.
    """
    opened: dict[str, datetime] = {}
    answered: dict[str, datetime] = {}
    for row in _ORDER_NOTICES.run(look.conn, keys, now=look.now):
        if row.event == "withdrawn" or (row.event == "lowered" and row.level not in ("yellow", "red")):
            opened.pop(row.key, None)
            answered.pop(row.key, None)
        elif row.event in ("issued", "upgraded") and row.level in ("yellow", "red"):
            opened.setdefault(row.key, row.at)
        elif row.event in ("answered", "closed"):
            answered.setdefault(row.key, row.at)
    return {key: Order(opened_at=at, answered_at=answered.get(key)) for key, at in opened.items()}


def _ordered(look: Look, keys: Sequence[str]) -> dict[str, list[tuple[Row[Any], Order]]]:
    """What people ordered (督办) on the cards of each subject, in the order of time, with its card; a later answer or
    the card's end is the reply. A card that was withdrawn orders nothing any more.
    """
    steps = (
        select(NOTICE.c.sequence, NOTICE.c.at, NOTICE.c.event, NOTICE.c.body, *CARD.c)
        .join(CARD, CARD.c.number == NOTICE.c.card)
        .where(CARD.c.key.in_(keys), CARD.c.state != "withdrawn", NOTICE.c.at <= look.now)
        .where(NOTICE.c.event.in_(("ordered", *_REPLIES)))
        .order_by(NOTICE.c.at, NOTICE.c.card, NOTICE.c.sequence)
    )
    found: dict[str, list[tuple[Row[Any], Order]]] = {}
    for row in look.conn.execute(steps):
        mine = found.setdefault(row.key, [])
        if row.event == "ordered":
            due = (row.body or {}).get("due")
            due_at = datetime.fromisoformat(due) if due else None
            mine.append((row, Order(opened_at=row.at, id=f"{row.number}/{row.sequence}", due_at=due_at)))
        else:
            mine[:] = [(card, _replied(order, card, row)) for card, order in mine]
    return {key: mine for key, mine in found.items() if mine}


_REPLIES: Final = ("answered", "rectified", "closed")


def _replied(order: Order, card: Row[Any], reply: Row[Any]) -> Order:
    """The order after a reply: to its own card, or to the one that reminds of it."""
    its_own = reply.number == card.number or reply.rule == "order.reply"
    return replace(order, answered_at=reply.at) if order.answered_at is None and its_own else order


_WORKED: Final = ("open", "acknowledged", "answered")
"""Named one by one: by what it is not no index finds a card."""


def _incomplete_sources(look: Look) -> dict[str, datetime]:
    """Sources with a standing `feed.incomplete` card, with its since."""
    query = select(CARD.c.key, CARD.c.since).where(
        CARD.c.rule == "feed.incomplete", CARD.c.state.in_(_WORKED), CARD.c.cleared_at.is_(None)
    )
    return {row.key: row.since for row in look.conn.execute(query)}
