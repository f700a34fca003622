"""Previews of a period in the background: kept, made anew where the ledgers moved, never told of who was erased."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from monitor.clock import Clock
from monitor.console import previews
from monitor.console.previews import Made, Previews, Running
from monitor.settings import Policy
from monitor.store.engine import Store
from monitor.supervision.erasure import erase
from monitor.supervision.refused import Refused
from tests.assessed_hall import HALL
from tests.closable import Closable

MARCH = "2026-03"


@dataclass
class Parts:
    """What `Previews` takes of the console's."""

    store: Store
    clock: Clock
    policy: Policy
    look: Any


@pytest.fixture
def made(store: Store, tmp_path: Path) -> Closable:
    return Closable(store, tmp_path)


@pytest.fixture
def parts(made: Closable) -> Parts:
    return Parts(made.store, made.world.clock, made.settings.policy, made.world.judging.look)


@pytest.fixture
def kept() -> Iterator[Previews]:
    with closing(Previews()) as found:
        yield found


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The periods that were counted, each time."""
    found: list[str] = []
    real = previews.gather

    def gather(look: Any, hall: str, period: str, *more: Any) -> Any:
        found.append(period)
        return real(look, hall, period, *more)

    monkeypatch.setattr(previews, "gather", gather)
    return found


def points(found: Made | Running, whom: str = "s02") -> str:
    assert isinstance(found, Made)
    return next(str(sheet.points) for sheet in found.snapshot.people if sheet.id == whom)


@pytest.mark.both_databases
def test_it_is_counted_once_and_anew_where_the_ledgers_moved(
    made: Closable, parts: Parts, kept: Previews, counted: list[str]
) -> None:
    made.mark(staff="s02")
    made.run(MARCH)
    first = kept.of(parts, HALL, MARCH, wait=30)
    assert (points(first), points(kept.of(parts, HALL, MARCH)), counted) == ("100.00", "100.00", [MARCH])
    assert isinstance(first, Made)
    assert first.snapshot.state == "preview"
    assert first.gathered is not None
    assert first.work is not None
    made.decide(made.open()[0])
    assert points(kept.of(parts, HALL, MARCH, wait=30)) == "99.00"
    made.world.clock.set(made.now + previews.HOLDS + timedelta(seconds=1))
    kept.of(parts, HALL, MARCH, wait=30)
    assert counted == [MARCH] * 3, "of an old one too: facts come without the ledgers"
    made.sign()
    signed = kept.of(parts, HALL, MARCH, wait=0)
    assert isinstance(signed, Made)
    assert (signed.snapshot.state, signed.gathered, counted) == ("closed", None, [MARCH] * 3)


def test_while_it_is_counted_the_old_one_is_told(
    made: Closable, parts: Parts, kept: Previews, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.mark(staff="s02")
    made.run(MARCH)
    assert points(kept.of(parts, HALL, MARCH, wait=30)) == "100.00"
    made.decide(made.open()[0])
    go, real = threading.Event(), previews.gather

    def slow(*all_of_it: Any) -> Any:
        assert go.wait(30)
        return real(*all_of_it)

    monkeypatch.setattr(previews, "gather", slow)
    old = kept.of(parts, HALL, MARCH, wait=0.05)
    assert (points(old), isinstance(old, Made) and old.again) == ("100.00", True)
    assert isinstance(kept.of(parts, HALL, "2026-Q1", wait=0.05), Running)
    go.set()
    new = kept.of(parts, HALL, MARCH, wait=30)
    assert (points(new), isinstance(new, Made) and new.again) == ("99.00", False)
    assert points(kept.of(parts, HALL, "2026-Q1", wait=30)) == "99.00"


def test_a_name_that_was_erased_is_told_no_more(made: Closable, parts: Parts, kept: Previews) -> None:
    first = kept.of(parts, HALL, MARCH, wait=30)
    assert isinstance(first, Made)
    assert first.snapshot.named("staff", "s02") == "员工2"
    made.store.step(lambda conn: erase(conn, "staff", "s02", actor="local", now=made.now))
    after = kept.of(parts, HALL, MARCH, wait=0)
    assert isinstance(after, Made)
    assert after.snapshot.named("staff", "s02") == "s02"


def test_what_is_refused_is_refused_at_once(parts: Parts, kept: Previews, counted: list[str]) -> None:
    for hall, period in (("h9", MARCH), (HALL, "2026-3"), (HALL, "2027-01"), (HALL, "2025-12")):
        with pytest.raises(Refused):
            kept.of(parts, hall, period, wait=0)
    assert counted == []


def test_what_could_not_be_counted_is_said_and_tried_again(
    parts: Parts, kept: Previews, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("the calendar is torn")

    with monkeypatch.context() as changed, capture_logs() as logged:
        changed.setattr(previews, "gather", broken)
        with pytest.raises(Refused, match="the calendar is torn"):
            kept.of(parts, HALL, MARCH, wait=30)
    assert [line["action"] for line in logged] == ["assess.preview_failed"]
    assert points(kept.of(parts, HALL, MARCH, wait=30)) == "100.00"
