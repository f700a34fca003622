"""The demo's two days without its haste: the messages in order of receipt, judged every quarter of an hour.

What the live demo promises must hold of the story itself, and nobody but those of the story may get a card.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from monitor.agents.demoplan import HALL, Story, story
from monitor.agents.eventfile import received
from monitor.agents.sights import SIGHTS, Checklist, Evidence
from monitor.agents.tomlfile import toml_text
from monitor.agents.watch import View, Watcher
from monitor.app.program import Program, make_expected
from monitor.clock import ManualClock
from monitor.ingest.check import prepare
from monitor.ingest.decode import Message
from monitor.ingest.registry import import_registry
from monitor.ingest.writer import Writing, write_prepared
from monitor.settings import Settings, config_dir, load
from monitor.store.calendars import CalendarCache
from monitor.store.engine import Store
from monitor.store.registry import RegistryCache
from monitor.workcal import build_calendar

STEP: Final = timedelta(minutes=15)
SETTINGS: Final[Settings] = load(config_dir() / "demo.toml", {})

EXPECTED: Final = [
    "case.immediate red case:demo-cases/demo-case-4 demo-p01",
    "case.limit red case:demo-cases/demo-case-1 demo-p01",
    "case.limit reminder case:demo-cases/demo-case-2 demo-p03",
    "case.limit yellow case:demo-cases/demo-case-3 demo-p03",
    "checkin.slot red slot:demo-p02/2026-03-03/am_in demo-p02",
    "checkin.slot yellow slot:demo-p07/2026-03-03/am_in demo-p07",
    "checkin.slot yellow slot:demo-p08/2026-03-04/am_in demo-p08",
    "checkin.slot yellow slot:demo-p13/2026-03-04/pm_in demo-p13",
    "device.silent red device:demo-tm2 -",
    "post.empty red post:demo-w04/2026-03-03/0830 demo-p08",
    "post.empty red post:demo-w10/2026-03-04/0830 demo-p23",
    "rating.bad yellow rating:demo-ev06 demo-p13",
    "rating.bad yellow rating:demo-ev11 demo-p26",
]
"""Every card of the two days: rule, level, subject, who is charged."""


@pytest.fixture
def told() -> Story:
    clock = SETTINGS.clock
    assert clock.start is not None
    assert clock.hours is not None
    calendar = build_calendar(SETTINGS.calendars["default"])
    return story(clock.start.date(), clock.hours, calendar, SETTINGS.presets)


def looks(store: Store, told: Story, folder: Path) -> Iterator[View]:
    """Store what was received in each quarter of an hour, judge, look."""
    assert SETTINGS.clock.start is not None
    now = SETTINGS.clock.start
    file = folder / "registry.toml"
    file.write_text(toml_text(told.hall.tables()), encoding="utf-8")
    import_registry(store, file, calendars=SETTINGS.calendars, presets=SETTINGS.presets, now=now)
    program = Program(
        settings=SETTINGS,
        store=store,
        clock=ManualClock(now),
        registry=RegistryCache(),
        calendars=CalendarCache(SETTINGS.calendars),
    )
    judge, registry = program.judge(), told.hall.registry
    watcher = Watcher(store, registry, told.simulation.calendar(HALL), told.cut_slots)
    lines = received(told.simulation)
    line = next(lines, None)
    while line is not None:
        now += STEP
        batch: list[Message] = []
        while line is not None and line[0] <= now:
            at, _, sent = line
            body = json.dumps(sent.payload).encode()
            batch.append(Message(device=sent.device, channel=sent.channel, payload=body, received=at))
            line = next(lines, None)
        if not batch:
            continue  # the night
        prepared = [prepare(message, registry) for message in batch]
        how = Writing(due=now, future=timedelta(seconds=SETTINGS.policy.device.future_seconds))
        result = store.step(lambda conn, b=prepared, h=how: write_prepared(conn, b, registry, h))  # type: ignore[misc]
        assert result.quarantined == 0
        make_expected(judge, now)
        judge.step(now)
        yield watcher.look(now)


def test_the_story_shows_all_that_is_promised_and_accuses_nobody_else(
    store: Store, told: Story, tmp_path: Path
) -> None:
    checklist = Checklist(sight for sight in SIGHTS if sight.key != "told")
    view: View | None = None
    shown: set[str] = set()
    for view in looks(store, told, tmp_path):
        checklist.update(Evidence(view=view, alerts=()))
        shown |= {f"{window.id} {window.state}" for window in view.windows if window.state in ("yellow", "red")}
    assert view is not None
    assert checklist.missing == []
    assert checklist.accused == []
    assert shown == {f"demo-{w} {level}" for w in ("w04", "w10") for level in ("yellow", "red")}
    cards = sorted(
        f"{c['rule']} {c['level']} {c['subject']['kind']}:{_short(c['subject']['id'])} {c['staff'] or '-'}"
        for c in view.cards
    )
    assert cards == EXPECTED
    assert view.unknown == {}


def _short(key: str) -> str:
    """Without the event's id in a rating's key."""
    return key.partition("/")[0] if key.startswith("demo-ev") else key
