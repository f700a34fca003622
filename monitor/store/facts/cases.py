"""Facts of cases (办件), their supervision orders (督办) and their sources."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import Row, select

from monitor.model import CASE_EVENT_NAMES, Registry
from monitor.store.facts.look import Loaded, Look, next_receipt
from monitor.store.schema import Card, CardEvent, CaseEventRow, SourceRow, Subject
from monitor.store.sql import chunks, table_of
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
    historic = _historic(look, keys)
    incomplete = _incomplete_sources(look)
    loaded: dict[str, Loaded] = {}
    for key in keys:
        mine = rows.get(key, [])
        reporters = _reporters(look, key, mine)
        hall = hall_of(look.registry, mine, reporters)
        standing = [incomplete[r] for r in reporters if r in incomplete]
        facts = CaseFacts(
            key=key,
            events=tuple(case_event(look, r) for r in mine if look.counts(r)),
            sources=look.once(("states", reporters), partial(look.sources.states, reporters)),
            registry=look.registry,
            hall=hall,
            order=None if key in historic else orders.get(key),
            incomplete_since=min(standing, default=None),
            historic=key in historic,
            emits=look.once(("emitted", reporters), partial(_emitted, look, reporters)),
        )
        calendar = look.book.for_source(look.registry, reporters[0] if reporters else "", hall)
        loaded[key] = Loaded(facts=facts, calendar=calendar, hall=hall, more_at=next_receipt(mine, look.now))
    return loaded


def load_orders(look: Look, keys: Sequence[str]) -> dict[str, Loaded]:
    """Facts of supervision orders; the key is that of the case they were opened for."""
    rows = _rows_of(look, keys)
    orders = _orders(look, keys)
    places = {r.key: r for r in look.conn.execute(_order_cards(keys))}
    loaded: dict[str, Loaded] = {}
    for key in keys:
        card = places.get(key)
        if key not in orders or card is None:
            continue
        view = fold(tuple(case_event(look, r) for r in rows.get(key, []) if look.counts(r)))
        facts = OrderFacts(
            key=key,
            order=orders[key],
            registry=look.registry,
            hall=card.hall,
            window=card.window,
            staff=card.staff,
            item=view.item,
            closed_at=view.closed_after(orders[key].opened_at),
        )
        calendar = look.book.for_hall(look.registry, card.hall)
        loaded[key] = Loaded(facts=facts, calendar=calendar, hall=card.hall, more_at=None)
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
            query = select(CASE.c.at, CASE.c.boot, CASE.c.received).where(CASE.c.source == key, CASE.c.event == name)
            for row in look.conn.execute(query.order_by(CASE.c.at.desc()).limit(_RECENT)):
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


def case_event(look: Look, row: Row[Any]) -> CaseEvent:
    """The stored row as the fold takes it, with corrected time; instants in `body` become aware datetimes."""
    at, trusted = look.sources.correct(row.source, row.boot, row.at)
    body = dict(row.body or {})
    if isinstance(body.get("due"), str):
        body["due"] = datetime.fromisoformat(body["due"])
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
    devices = [d.id for d in registry.devices.values() if d.case_namespace == namespace and d.allows("case")]
    return sorted(devices) or sorted({r.source for r in rows})


def hall_of(registry: Registry, rows: Sequence[Row[Any]], reporters: Sequence[str]) -> str | None:
    """The hall of the last window named by the case, else that of its first source."""
    for row in reversed(rows):
        window = registry.windows.get(row.window or "")
        if window is not None:
            return window.hall
    device = registry.devices.get(reporters[0]) if reporters else None
    return device.hall if device else None


def _reporters(look: Look, key: str, rows: Sequence[Row[Any]]) -> tuple[str, ...]:
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
    rows = look.conn.execute(select(SOURCE.c.id, SOURCE.c.emits))
    return {row.id: frozenset(row.emits) for row in rows if row.emits is not None}


def _rows_of(look: Look, keys: Sequence[str]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {}
    for batch in chunks(keys):
        for row in look.conn.execute(select(CASE).where(CASE.c.case_key.in_(batch)).order_by(CASE.c.at)):
            found.setdefault(row.case_key, []).append(row)
    return found


def _historic(look: Look, keys: Sequence[str]) -> set[str]:
    query = select(SUBJECT.c.key).where(SUBJECT.c.kind == "case", SUBJECT.c.historic, SUBJECT.c.key.in_(keys))
    return set(look.conn.execute(query).scalars())


def _order_cards(keys: Sequence[str]) -> Any:
    return select(CARD).where(
        CARD.c.kind == "case", CARD.c.rule == "case.limit", CARD.c.key.in_(keys), CARD.c.state != "withdrawn",
        CARD.c.historic.is_(False), CARD.c.level.in_(("yellow", "red")),
    )  # fmt: skip


def _orders(look: Look, keys: Sequence[str]) -> dict[str, Order]:
    """The order of each case: opened when its `case.limit` card first came to yellow or red, answered by a person.

    It goes with that level: a card that was taken back or lowered and comes again opens another.
    """
    query = (
        select(CARD.c.key, NOTICE.c.at, NOTICE.c.event, NOTICE.c.level)
        .join(NOTICE, NOTICE.c.card == CARD.c.number)
        .where(CARD.c.number.in_(_order_cards(keys).with_only_columns(CARD.c.number)), NOTICE.c.at <= look.now)
        .order_by(NOTICE.c.card, NOTICE.c.sequence)
    )
    opened: dict[str, datetime] = {}
    answered: dict[str, datetime] = {}
    for row in look.conn.execute(query):
        if row.event == "withdrawn" or (row.event == "lowered" and row.level not in ("yellow", "red")):
            opened.pop(row.key, None)
            answered.pop(row.key, None)
        elif row.event in ("issued", "upgraded") and row.level in ("yellow", "red"):
            opened.setdefault(row.key, row.at)
        elif row.event in ("answered", "closed"):
            answered.setdefault(row.key, row.at)
    return {key: Order(opened_at=at, answered_at=answered.get(key)) for key, at in opened.items()}


def _incomplete_sources(look: Look) -> dict[str, datetime]:
    """Sources with a standing `feed.incomplete` card, with its since."""
    query = select(CARD.c.key, CARD.c.since).where(
        CARD.c.rule == "feed.incomplete", CARD.c.state.not_in(("closed", "withdrawn")), CARD.c.cleared_at.is_(None)
    )
    return {row.key: row.since for row in look.conn.execute(query)}
