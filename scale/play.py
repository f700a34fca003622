"""A run: the morning, a steady flow, a burst; what was lost, how long it took, what it cost each part."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from scale.province import Province
from scale.readings import Base
from scale.traffic import STEPS
from scale.wire import Link
from scale.world import PARTS, Scrape, Scraper, World, cpu, memory, running

WAIT: Final = threading.Event()
"""Never set: its `wait` is a pause."""
DRAIN_SECONDS: Final = 900
BEATS: Final = "SELECT count(*) FROM heartbeat"


@dataclass(frozen=True, kw_only=True)
class Script:
    """What is played. `rate`: events a second, heartbeats beside them."""

    province: Province = Province()
    rate: float = 1_000
    minutes: float = 3
    burst_rate: float = 10_000
    burst_seconds: float = 5
    settle_seconds: float = 300
    """How long it is waited at most until what the morning, or the burst, has made due is judged."""
    fast: bool = False
    """Without fsync: for a test."""

    @property
    def steady_seconds(self) -> float:
        return self.minutes * 60


def say(text: str) -> None:
    print(f"scale: {text}", file=sys.stderr, flush=True)


class Watch:
    """Looks every second at memory, and at what waits to be judged."""

    def __init__(self, world: World, every: float = 1.0) -> None:
        self.most: dict[str, float] = dict.fromkeys(PARTS, 0.0)
        self.due: list[tuple[float, int]] = []
        self._world, self._every, self._over = world, every, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(30)

    def _run(self) -> None:
        base = Base(self._world)
        while not self._over.wait(self._every):
            for part, size in memory(self._world).items():
                self.most[part] = max(self.most[part], size)
            self.due.append((time.monotonic(), base.due()))
        base.close()

    def due_between(self, first: float, last: float) -> list[int]:
        return [count for at, count in self.due if first <= at <= last]


def until(condition: Callable[[], bool], seconds: float, every: float = 0.1) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        WAIT.wait(every)
    return True


def play(script: Script) -> dict[str, Any]:
    """All that was measured, as one value for JSON."""
    with tempfile.TemporaryDirectory() as name, running(Path(name), script.province, fast=script.fast) as world:
        say(f"{len(world.province.devices(0)) * world.province.halls:,} devices registered in "
            f"{world.import_seconds:.0f} s, two replicas are ready")  # fmt: skip
        base = Base(world)
        with Watch(world) as watch, Scraper(world, 15.0 if script.minutes >= 1 else 2.0) as scraper:
            found = _phases(script, world, base, watch)
            found["memory_mb"] = {part: round(size, 1) for part, size in watch.most.items()}
            found["replicas"] = len(world.daemons)
        found["place"] = {"halls": world.province.halls, "windows": world.province.windows,
                          "devices": world.province.halls * len(world.province.devices(0))}  # fmt: skip
        found["asked"] = {"rate": script.rate, "minutes": script.minutes, "burst_rate": script.burst_rate,
                          "burst_seconds": script.burst_seconds}  # fmt: skip
        found["scrapes"] = _scrapes(scraper.found)
        found["alerts"] = len(world.receiver.alerts())
        found["import_seconds"] = round(world.import_seconds, 1)
        base.close()
    return found


def _phases(script: Script, world: World, base: Base, watch: Watch) -> dict[str, Any]:
    devices, events = world.generator, 0
    connection = _kb_a_connection(world)  # before queues have taken memory that lies free afterwards

    def stored(count: int) -> bool:
        return base.stored() >= count

    devices.begin("morning")
    events += devices.end()["events"]
    if not until(lambda: stored(events), DRAIN_SECONDS):
        raise SystemExit(f"the morning: {base.stored()} of {events} events were stored")
    calm = until(lambda: base.due() < world.province.windows, script.settle_seconds, 1.0)
    say(f"the morning's {events:,} check-ins and duties are stored{'' if calm else ', not all judged yet'}")
    before = _look(world, base)
    devices.begin("steady", script.steady_seconds, script.rate)
    steady = devices.end()
    events += steady["events"]
    until(lambda: stored(events), DRAIN_SECONDS)
    after = _look(world, base)
    say(f"{steady['events']:,} events in {steady['seconds']:.0f} s")
    devices.begin("burst", script.burst_seconds, script.burst_rate)
    burst = devices.end()
    events += burst["events"]
    began = time.monotonic()
    until(lambda: stored(events), DRAIN_SECONDS)
    last = _look(world, base)
    say(f"a burst of {burst['events']:,} in {burst['seconds']:.1f} s")
    until(lambda: base.due() < world.province.windows, script.settle_seconds, 1.0)
    judged_after = time.monotonic() - began
    settled = _look(world, base)
    told = devices.close()
    until(lambda: base.one(BEATS) >= told["beats"], 60)
    missing, short = base.lost(told["sent"])
    return {
        "events": events, "sent": sum(told["sent"].values()), "beats": told["beats"],
        "beats_stored": int(base.one(BEATS)), "acknowledged": told["acknowledged"],
        "stored": base.counted(), "quarantined": base.held(), "lost": missing, "devices_short": short,
        "without_fact": base.without_fact(), "verdicts": base.judged(), "cards": base.cards(),
        "steady": _phase(script, steady, base, before, after, watch, burst["began"]),
        "burst": _phase(script, burst, base, after, last, watch, None) | {"judged_after": round(judged_after, 1)},
        "settled": _settled(after, settled),
        "tables": _weights(before, after, settled), "wal_bytes_an_event": _wal(before, after, steady["events"]),
        "size": sum(table.size for table in settled["tables"].values()), "case_events": len(STEPS),
        "subjects_a_day": base.subjects_a_day(world.province), "flush_ms": base.flush_ms(),
        "broker_kb_a_connection": connection,
    }  # fmt: skip


def _kb_a_connection(world: World, count: int = 300) -> float:
    """What a connection more takes of the broker's memory, that says nothing."""
    broker, user = psutil.Process(world.broker_pid), world.province.bridge(0)
    before = broker.memory_info().rss
    links = [Link(world.broker.port, f"idle-{n}", user, world.broker.passwords[user]) for n in range(count)]
    after = broker.memory_info().rss
    for link in links:
        link.socket.close()
    return round((after - before) / count / 1e3, 1)


def _look(world: World, base: Base) -> dict[str, Any]:
    return {"at": time.monotonic(), "cpu": cpu(world), "tables": base.tables(), "wal": base.wal(),
            "judged": int(base.one("SELECT coalesce(sum(version), 0) FROM subject"))}  # fmt: skip


def _phase(
    script: Script, told: Mapping[str, Any], base: Base, before: Mapping[str, Any], after: Mapping[str, Any],
    watch: Watch, ended: str | None,
) -> dict[str, Any]:  # fmt: skip
    lags, took = base.lags(told["began"], ended), after["at"] - before["at"]
    due = watch.due_between(before["at"], after["at"])
    rows = {name: table.rows - _rows(before, name) for name, table in after["tables"].items()}
    events, beats = rows["raw_event"], rows.get("heartbeat", 0)
    used = {part: after["cpu"][part] - before["cpu"][part] for part in PARTS}
    return {
        "events": told["events"], "sent": told["sent"], "beats": beats,
        "published_s": round(told["seconds"], 2), "behind": told["behind"],
        "wall_s": round(took, 2), "published_per_s": round(told["events"] / told["seconds"]),
        "committed_per_s": round(lags.rate), "drained_s": round(lags.drained, 2),
        "lag_ms": {f"p{round(s * 100, 1):g}": round(lags.quantile(s) * 1e3, 1) for s in (0.5, 0.9, 0.99, 0.999)},
        "lag_most_ms": round(lags.seconds[-1] * 1e3, 1),
        "backlog_most": max(count for _, count in lags.backlog(0.1)), "backlog": lags.backlog(),
        "cpu_share": {part: round(value / took, 3) for part, value in used.items()},
        "cpu_us_a_message": {part: round(value / (events + beats) * 1e6, 1) for part, value in used.items()},
        "due_most": max(due, default=0), "due_median": sorted(due)[len(due) // 2] if due else 0,
        "rows": {name: count for name, count in rows.items() if count},
    }  # fmt: skip


def _settled(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """From the burst's beginning until all that it made due is judged: what the model is held against. What it costs to
    judge comes after the burst, and so do heartbeats that waited behind it.
    """
    used = sum(after["cpu"][part] - before["cpu"][part] for part in PARTS if part != "generator")
    rows = {name: table.rows - _rows(before, name) for name, table in after["tables"].items()}
    return {"wall_s": round(after["at"] - before["at"], 2), "cpu_s": round(used, 2),
            "rows": {name: count for name, count in rows.items() if count}}  # fmt: skip


def _rows(look: Mapping[str, Any], name: str) -> int:
    table = look["tables"].get(name)
    return table.rows if table else 0


def _weights(
    before: Mapping[str, Any], after: Mapping[str, Any], last: Mapping[str, Any]
) -> dict[str, dict[str, float]]:
    """Of each table: rows and bytes that all phases wrote, bytes that the burst wrote, and bytes a row of all that was
    in it before the burst.
    """
    found = {}
    for name, table in last["tables"].items():
        old, calm = before["tables"].get(name), after["tables"].get(name)
        rows, size = table.rows - (old.rows if old else 0), table.size - (old.size if old else 0)
        whole = calm or table
        found[name] = {"rows": rows, "bytes": size, "burst_bytes": table.size - (calm.size if calm else 0),
                       "bytes_a_row": round(whole.size / whole.rows)}  # fmt: skip
    return found


def _wal(before: Mapping[str, Any], after: Mapping[str, Any], events: int) -> int:
    return round((after["wal"] - before["wal"]) / events)


def _scrapes(found: list[Scrape]) -> dict[str, Any]:
    if not found:
        return {}
    seconds = sorted(one.seconds for one in found)
    return {"count": len(found), "median_ms": round(seconds[len(seconds) // 2] * 1e3, 1),
            "most_ms": round(seconds[-1] * 1e3, 1), "bytes": max(one.size for one in found),
            "unready": sum(one.values.get("jiancha_broker_connected", 0) < 1 for one in found)}  # fmt: skip
