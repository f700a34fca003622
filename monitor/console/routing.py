"""Who would get a card, for page and API (通知路由): the same look, within the reach of whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from alerts.channels.base import Unusable
from alerts.forecast import Forecast
from alerts.previewing import example, read_by
from alerts.rendering import Content
from alerts.routing import Tested, tested
from alerts.service import AlertService
from monitor.access import Principal, refusal
from monitor.console.deps import Deps
from monitor.console.silencing import service_of
from monitor.model import Level
from monitor.store import alert_holds
from monitor.store import alerts as rows
from monitor.store.alerts import Told
from monitor.store.cards import CARD
from monitor.supervision.commands import require_known, work_of
from monitor.supervision.refused import Refused
from monitor.supervision.rules import kind_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A card by its number, or one that is described; `at`: when it would be issued, None: now."""

    card: int | None = None
    rule: str = ""
    level: str = "yellow"
    hall: str | None = None
    unit: str | None = None
    window: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """What a receiver would read: title, and the text in its parts."""

    title: str
    parts: Sequence[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """`told` and `held`: what was told of the card until now, and is held back now. `made_up`: no card is behind it."""

    forecast: Forecast
    routes: Sequence[Tested]
    texts: dict[str, Text]
    told: Sequence[Told]
    held: Sequence[dict[str, Any]]
    made_up: bool
    over: bool


def who_would_get(deps: Deps, who: Principal, asked: Asked) -> Answer:
    """Nothing is sent or written. Raises Refused; a card or place that is not theirs is answered as one that there is
    not.
    """
    no = refusal(who, "settings:read")
    if no is not None:
        raise Refused.because(no)
    service = service_of(deps)
    if asked.card is not None:
        return _of_card(deps, service, who, asked.card)
    if asked.level not in ("reminder", "yellow", "red"):
        raise Refused(f"{asked.level[:20]!r} 不是级别 is none of reminder, yellow, red", field="level")
    try:
        kind = kind_of(asked.rule)
    except ValueError as error:
        raise Refused(str(error), field="rule") from None
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
    require_known(registry, who, hall=asked.hall, unit=asked.unit, window=asked.window)
    window = registry.windows.get(asked.window or "")
    unit = registry.units.get(asked.unit or "")
    hall = window.hall if window is not None else unit.hall if unit is not None else asked.hall
    unit_id = window.unit if window is not None else asked.unit
    found = service.forecast(asked.rule, Level.of(asked.level), kind, hall, asked.window, unit=unit_id, at=asked.at)
    assert found.place is not None, "it was made of one"
    with deps.store.read() as conn:
        content = _made_up(conn, asked, hall, unit_id)
        texts = _texts(conn, service, found, content)
    return Answer(
        forecast=found, routes=tested(service.policy, found.place), texts=texts, told=(), held=(), made_up=True,
        over=False,
    )  # fmt: skip


def _of_card(deps: Deps, service: AlertService, who: Principal, number: int) -> Answer:
    missing = Refused(f"{number}: 没有这个号的牌 there is no card of this number", field="card", sort="missing")
    with deps.store.read() as conn:
        row = conn.execute(select(CARD).where(CARD.c.number == number)).first()
        if row is None or refusal(who, "cards:read", work_of(row).place) is not None:
            raise missing
        told, held = rows.told(conn, number), alert_holds.holds(conn, number)
        over = row.cleared_at is not None or row.state in ("closed", "withdrawn")
    found = service.forecast_card(number)
    assert found.place is not None, "it was made of one"
    with deps.store.read() as conn:
        texts = _texts(conn, service, found, example(conn, number))
    return Answer(
        forecast=found, routes=tested(service.policy, found.place), texts=texts, told=told,
        held=[dict(one) for one in held], made_up=False, over=over,
    )  # fmt: skip


def _made_up(conn: Connection, asked: Asked, hall: str | None, unit: str | None) -> Content:
    """The made-up card, at the place that is asked about; its sentence is that of an empty window."""
    content = example(conn, None)
    return replace(
        content, rule=asked.rule, level=asked.level, hall=hall, unit=unit, window=asked.window, staff=None,
        since=asked.at or content.since,
    )  # fmt: skip


def _texts(conn: Connection, service: AlertService, found: Forecast, content: Content) -> dict[str, Text]:
    texts = {}
    for one in found.told:
        if one.receiver in texts:
            continue
        try:
            limit = service.channels[one.receiver].limit()
        except Unusable:
            limit = None
        title, parts = read_by(conn, service.policy, one.receiver, content, limit)
        texts[one.receiver] = Text(title=title, parts=parts)
    return texts
