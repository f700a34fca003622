"""The small hall of `tests.halls` as a store that is judged in process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from monitor.app.program import Program, make_expected
from monitor.clock import ManualClock
from monitor.ingest.check import prepare
from monitor.ingest.plans import import_plans
from monitor.ingest.registry import import_registry
from monitor.ingest.writer import BatchResult, Writing, write_prepared
from monitor.settings import Settings, load
from monitor.store.calendars import CalendarCache
from monitor.store.engine import Store
from monitor.store.registry import RegistryCache
from monitor.store.schema import Subject
from monitor.store.sql import table_of
from monitor.supervision.cardlist import CardFilter, list_cards
from monitor.supervision.loop import Applied
from monitor.supervision.views import parse_subject
from tests.halls import MINUTE, MONDAY, Line, Tables, at, card_line, told, toml

SUBJECT: Final = table_of(Subject)


class World:
    """A store that hears its devices and is judged as the daemon does it: only marks and watermarks wake a subject.

    Messages count as received at their own time unless said otherwise, and are written with the clock at that time.
    """

    def __init__(self, store: Store, folder: Path, registry: Tables, *, start: str = "07:45", **settings: Any) -> None:
        self.store, self.folder = store, folder
        self.settings: Settings = load(environ={}).model_copy(update=settings)
        self.clock = ManualClock(at(start))
        self.program = Program(
            settings=self.settings,
            store=store,
            clock=self.clock,
            registry=RegistryCache(),
            calendars=CalendarCache(self.settings.calendars),
        )
        self.judging = self.program.judge()
        self._how = Writing(due=None)
        self._seqs: dict[tuple[str, str], int] = {}
        self._ids = 0
        self.register(registry)

    def register(self, registry: Tables) -> None:
        path = self.folder / "registry.toml"
        path.write_text(toml(registry), encoding="utf-8")
        names = {"calendars": self.settings.calendars, "presets": self.settings.presets}
        import_registry(self.store, path, now=self.clock.now(), **names)

    def plan(self, **plans: Sequence[Mapping[str, Any]]) -> None:
        path = self.folder / "plans.toml"
        path.write_text(toml(plans), encoding="utf-8")
        import_plans(self.store, path, now=self.clock.now(), ground=self.program.ground())

    # -- hearing

    def event(
        self, device: str, channel: str, when: str, *, received: str | None = None, numbered: bool = True, **body: Any
    ) -> BatchResult:
        """An event with the device's next sequence number (`numbered` False: without one; `seq=…`: that one)."""
        boot = str(body.pop("boot", "b1"))
        self._ids += 1
        payload: dict[str, Any] = {"id": f"e{self._ids}", "at": at(when).isoformat(), "boot": boot}
        if numbered and "seq" not in body:
            payload["seq"] = self._seqs[device, boot] = self._seqs.get((device, boot), 0) + 1
        return self.hear(Line(received=at(received or when), device=device, channel=channel, payload=payload | body))

    def beat(self, device: str, when: str, *, received: str | None = None, **body: Any) -> BatchResult:
        """A heartbeat that announces the highest number so far (`last_seq=…`: another; None: none)."""
        return self.hear(self._beat(device, at(when), at(received or when), **body))

    def beats(self, device: str, first: str, last: str, every: timedelta = MINUTE, **body: Any) -> None:
        """Heartbeats one after the other, written as one batch: one by one they are half of what such tests cost."""
        count = (at(last) - at(first)) // every + 1
        whens = [at(first) + n * every for n in range(count)]
        self.hear(*(self._beat(device, when, when, **body) for when in whens))

    def _beat(self, device: str, when: datetime, received: datetime, boot: str = "b1", **body: Any) -> Line:
        payload = {"at": when.isoformat(), "boot": boot, "queue": 0, "last_seq": self._seqs.get((device, boot), 0)}
        payload = {k: v for k, v in (payload | body).items() if v is not None}
        return Line(received=received, device=device, channel="heartbeat", payload=payload)

    def hear(self, *lines: Line, from_file: bool = False) -> BatchResult:
        """Write messages in one transaction, as one batch from the broker, or as `events import` does."""
        with self.store.read() as conn:
            registry = self.program.registry.get(conn)
        prepared = [prepare(line.message(), registry) for line in lines]
        how = self._how if from_file else replace(self._how, due=max(line.received for line in lines))
        return self.store.step(lambda conn: write_prepared(conn, prepared, registry, how), first=True)

    # -- judging

    def judge(self, when: str | datetime) -> Applied:
        """Move the clock there and step until nothing is due."""
        now = self.clock.set(at(when))
        make_expected(self.judging, now)
        return self.judging.run_until_nothing_due(now)

    def judge_each(self, first: str, last: str, every: timedelta = MINUTE) -> None:
        """Judge every minute, as the loop would."""
        when = at(first)
        while when <= at(last):
            self.judge(when)
            when += every

    # -- what stands

    def cards(self, rule: str | None = None) -> list[dict[str, Any]]:
        with self.store.read() as conn:
            return list_cards(conn, CardFilter(rule=rule), self.program.zones(conn))

    def card_lines(self, rule: str | None = None) -> list[str]:
        return [card_line(card) for card in self.cards(rule)]

    def subject(self, ref: str) -> Any:
        """The row of a subject by KIND:ID; a slot or post may leave out MONDAY's date."""
        kind, key = parse_subject(ref)
        if kind in ("slot", "post") and key.count("/") == 1:
            key = key.replace("/", f"/{MONDAY}/")
        with self.store.read() as conn:
            return conn.execute(select(SUBJECT).where(SUBJECT.c.kind == kind, SUBJECT.c.key == key)).one()

    def verdict(self, ref: str) -> str:
        return str(self.subject(ref).verdict)

    def state_of(self, source: str, when: str | datetime | None = None) -> Any:
        """The source's state as the judge sees it at `when` (default: now)."""
        with self.store.read() as conn:
            look = self.judging.look(conn, at(when).astimezone(UTC) if when else self.clock.now())
            return look.sources.state(source)

    def watermark(self, source: str, when: str | datetime | None = None) -> str:
        return told(self.state_of(source, when).watermark)
