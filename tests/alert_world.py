"""A small world for tests of alerts: a store with a hall, cards made as the judge would, a real time that stands still
until it is moved, and the alert service on top."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from alerts.policy import AlertPolicy
from alerts.service import AlertService
from monitor.store.engine import Store
from monitor.store.schema import Card, CardEvent, HallRow, StaffRow, UnitRow, WindowRow
from monitor.store.schema_alerts import AlertHold, AlertItem, Attempt, Delivery
from monitor.store.sql import table_of

CARD, NOTICE = table_of(Card), table_of(CardEvent)
ITEM, DELIVERY, ATTEMPT = table_of(AlertItem), table_of(Delivery), table_of(Attempt)
HOLD_TABLE = table_of(AlertHold)
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""A Monday, 09:00 in the hall."""
REASON = {
    "code": "rating.bad",
    "figures": {
        "score": 1,
        "at": "2026-03-02T00:45:00+00:00",
        "days": 5,
        "due": "2026-03-09T09:30:00+00:00",
        "window": "w01",
    },
}


class Time:
    """Real time of the test: stands still until moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Tally:
    """Counts what the metric would count."""

    def __init__(self) -> None:
        self.counted: Counter[tuple[str, str]] = Counter()

    def notification(self, channel: str, result: str) -> None:
        self.counted[channel, result] += 1

    def unrouted(self, rule: str, level: str) -> None:
        self.counted["unrouted", f"{rule} {level}"] += 1


def policy_of(receivers: Mapping[str, Any], **keys: Any) -> AlertPolicy:
    """A policy that tells all receivers at once: no group wait, a time-out that no load reaches, or as told."""
    given = {name: {"url": url} if isinstance(url, str) else url for name, url in receivers.items()}
    defaults: dict[str, Any] = {
        "group_wait_seconds": 0,
        "timeout_seconds": 20,
        "routes": [{"receivers": sorted(given)}],
        "receivers": given,
    }
    return AlertPolicy.model_validate(defaults | keys)


def fill_hall(store: Store) -> None:
    """Hall h1 with unit u1, windows w01 and w02, and 张三 (s07)."""
    with store.write() as conn:
        conn.execute(insert(table_of(HallRow)).values(id="h1", name="政务服务中心", zone="Asia/Shanghai",
                                                      calendar="", attendance="", expected_from=START))  # fmt: skip
        conn.execute(insert(table_of(UnitRow)).values(id="u1", hall="h1", name="市场监管局", expected_from=START))
        for window, name in (("w01", "1号窗口"), ("w02", "2号窗口")):
            conn.execute(insert(table_of(WindowRow)).values(id=window, hall="h1", unit="u1", name=name, min_staff=1,
                                                            calendar="", requires_duty=False,
                                                            expected_from=START))  # fmt: skip
        conn.execute(insert(table_of(StaffRow)).values(id="s07", unit="u1", name="张三", role="", expected_from=START))


class World:
    """Cards in a store. `issue` and `notice` write what the judge's transaction writes."""

    def __init__(
        self, store: Store, policy: AlertPolicy, *, age_ok: Callable[[datetime, datetime], bool] | None = None
    ):
        self.store = store
        self.time = Time()
        self.tally = Tally()
        self.policy = policy
        self.service = AlertService(
            store,
            policy,
            now=self.time,
            real_now=self.time,
            age_ok=age_ok or (lambda since, now: now - since < timedelta(days=2)),
            counter=self.tally,
            environ={},
        )

    def issue(self, number: int, *, level: str = "yellow", planned: bool = False, **columns: Any) -> int:
        issue(self.store, number, level=level, planned=planned, **columns)
        return number

    def notice(self, number: int, event: str, *, level: str = "yellow", minutes: float = 1, **columns: Any) -> None:
        notice(self.store, number, event, level=level, minutes=minutes, **columns)

    def run(self) -> tuple[int, int]:
        """Plan and send what is due; (notices planned, tries made)."""
        return self.service.plan_once(self.time()), self.service.send_once()

    def rows(self, table: Any, *where: Any) -> list[Any]:
        with self.store.read() as conn:
            return list(conn.execute(select(table).where(*where).order_by(*table.primary_key.columns)))

    def states(self, address: str) -> list[str]:
        """States of the deliveries of an address, oldest first."""
        return [row.state for row in self.rows(DELIVERY, DELIVERY.c.address == address)]

    def results(self) -> list[str | None]:
        return [row.result for row in self.rows(ATTEMPT)]


def issue(store: Store, number: int, *, level: str = "yellow", planned: bool = False, **columns: Any) -> None:
    """Card `number` with its first notice."""
    row: dict[str, Any] = {
        "number": number, "subject": number, "kind": "rating", "key": f"ev-1/{number:04d}", "rule": "rating.bad",
        "episode": "1", "level": level, "state": "open", "since": START, "began": START, "issued": START,
        "cleared_at": None, "historic": False, "hall": "h1", "unit": "u1", "window": "w01", "staff": "s07",
        "policy_version": "p1", "basis": "国办发〔2019〕51号", "reason": REASON, "version": 1, "sequence": 1,
    }  # fmt: skip
    with store.write() as conn:
        conn.execute(insert(CARD).values(row | columns))
        conn.execute(insert(NOTICE).values(card=number, sequence=1, at=START, event="issued", level=level,
                                           actor="system", why="", planned_at=START if planned else None))  # fmt: skip


def notice(store: Store, number: int, event: str, *, level: str, minutes: float = 1, **columns: Any) -> None:
    """The next change of card `number`, `minutes` after its issue; `columns` change the card's row too."""
    at = START + timedelta(minutes=minutes)
    over = {"cleared_at": at} if event == "cleared" else {}
    with store.write() as conn:
        sequence = conn.scalar(select(CARD.c.sequence).where(CARD.c.number == number)) + 1
        conn.execute(
            update(CARD).where(CARD.c.number == number).values({"sequence": sequence, "level": level} | over | columns)
        )
        conn.execute(insert(NOTICE).values(card=number, sequence=sequence, at=at, event=event, level=level,
                                           actor="system", why="", planned_at=None))  # fmt: skip
