"""The tables of docs/scaling.md, from what `make scale` measured last (docs/scaling.json) and the model over it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import capacity

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))
from scale.model import Checked, Needs, Place, check, costs_of, needs  # noqa: E402 - a program of the workshop, not installed

RUN: Final = ROOT / "docs" / "scaling.json"
AT_REST: Final = "Resident memory of the daemon at rest with the demo hall, MB"
PARTS: Final = {
    "broker": "Mosquitto", "database": "PostgreSQL", "replicas": "两个副本 two replicas",
    "generator": "设备（模拟）the devices' side",
}  # fmt: skip
PLACES: Final = {
    "一个大厅 one hall": Place(bridged=False, replicas=1),
    "一省 120 个大厅 120 halls": Place(halls=120),
    "3,000 个大厅 3,000 halls": Place(halls=3_000),
}


def run_of() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RUN.read_text())
    return found


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(header)} |", f"| {' | '.join('---' for _ in header)} |"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def _at_rest() -> float:
    return float(capacity.rows(capacity.PERFORMANCE)[AT_REST][0])


def made() -> str:
    run = run_of()
    return f"- When: {run['made']}\n- Machine: {run['machine']}\n- Versions: {run['versions']}\n"


def run_table() -> str:
    """What was asked, what came of it, a line each."""
    run = run_of()
    steady, burst, place, asked = run["steady"], run["burst"], run["place"], run["asked"]
    scrapes = run["scrapes"]
    rate, wanted = asked["rate"], asked["burst_rate"]
    doubled, cards = run["stored"] + run["quarantined"] - run["sent"], sum(run["cards"].values())
    bare = sum(abs(count) for count in run["without_fact"].values())
    rows = [
        ("大厅、窗口、设备 Halls, windows, devices",
         f"{place['halls']}, {place['halls'] * place['windows']:,}, {place['devices']:,}", "–"),
        ("平稳 Steady: events a second, for how long, heartbeats beside them",
         f"{steady['published_per_s']:,}, {asked['minutes']:g} min, {steady['beats']:,}",
         _met(steady["published_per_s"] >= 0.99 * rate, f"{rate:,.0f}/s")),
        ("入库 Committed meanwhile", f"{steady['committed_per_s']:,}/s",
         _met(steady["committed_per_s"] >= 0.98 * rate, "as fast as they came")),
        ("从发布到提交 Publish → commit, p50, p90, p99, most", _lags(steady), "–"),
        ("突发 Burst: events, published in",
         f"{burst['events']:,}, {burst['published_s']:.1f} s ({burst['published_per_s']:,}/s)",
         _met(burst["published_per_s"] >= 0.95 * wanted, f"{wanted:,.0f}/s for {asked['burst_seconds']:g} s")),
        ("排空 Drained after its last event; most that waited; committed",
         f"{burst['drained_s']:.1f} s; {burst['backlog_most']:,}; {burst['committed_per_s']:,}/s", "–"),
        ("突发中从发布到提交 Publish → commit in the burst", _lags(burst), "–"),
        ("丢失 Lost", f"{run['lost']} of {run['events']:,}", _met(run["lost"] == 0, "0")),
        ("重复、缺事实、隔离 Doubled, without their fact, in quarantine",
         f"{doubled}, {bare}, {run['quarantined']}", _met(not doubled and not bare, "0")),
        ("待判 Subjects that wait to be judged, steady: median and most",
         f"{steady['due_median']:,}, {steady['due_most']:,}", "–"),
        ("突发后判完 All judged after the burst", f"{burst['judged_after']:.0f} s", "–"),
        ("误发的牌 Cards, where nobody did anything wrong", f"{cards}", _met(not cards, "0")),
        ("采集 Scrape, median and most",
         f"{scrapes['median_ms']:.0f} ms, {scrapes['most_ms']:.0f} ms; {scrapes['bytes'] // 1000} kB", "–"),
        ("日志刷盘 A flush of the database's log", f"{run['flush_ms']} ms", "–"),
    ]  # fmt: skip
    return _table(["", "实测 measured", "目标 goal"], rows)


def _met(met: bool, goal: str) -> str:
    return f"{goal}: {'yes' if met else '**no**'}"


def _lags(phase: Mapping[str, Any]) -> str:
    told = [phase["lag_ms"][name] for name in ("p50", "p90", "p99")] + [phase["lag_most_ms"]]
    return ", ".join(f"{value:,.0f}" for value in told) + " ms"


def parts_table() -> str:
    """CPU and memory of each part."""
    run = run_of()
    rows = [
        (
            PARTS[part],
            f"{run['steady']['cpu_share'][part]:.2f}", f"{run['steady']['cpu_us_a_message'][part]:.0f}",
            f"{run['burst']['cpu_share'][part]:.2f}", f"{run['burst']['cpu_us_a_message'][part]:.0f}",
            f"{run['memory_mb'][part]:,.0f}",
        )
        for part in PARTS
    ]  # fmt: skip
    header = ["", "平稳 cores, steady", "µs a message", "突发 cores, burst", "µs a message", "内存 MB, most"]
    return _table(header, rows)


def weights_table() -> str:
    """Bytes a row, with indexes, of what a run writes."""
    tables = run_of()["tables"]
    rows = [
        (f"`{name}`", f"{one['rows']:,}", f"{one['bytes_a_row']:,}")
        for name, one in sorted(tables.items(), key=lambda item: -item[1]["bytes"])
        if one["rows"] >= 1_000
    ]
    return _table(["表 table", "写入行 rows written", "字节/行 bytes a row, with indexes"], rows)


def check_table() -> str:
    """The model against the burst, of which nothing went into it."""
    run = run_of()
    found = check(run, costs_of(run, _at_rest()))
    rows = [
        (one.name, f"{one.predicted:,.0f}", f"{one.measured:,.0f}", f"{one.off:.1%}", _within(one)) for one in found
    ]
    return _table(["", "模型 model", "实测 measured", "偏差 off", "容许 within"], rows)


def _within(one: Checked) -> str:
    return _met(one.holds, f"{one.within:.0%}")


def needs_table() -> str:
    """One hall, a province, all of a big country's halls: what they need."""
    costs = costs_of(run_of(), _at_rest())
    found = {name: needs(place, costs) for name, place in PLACES.items()}
    lines: dict[str, Callable[[Place, Needs], str]] = {
        "窗口、设备 windows, devices": lambda p, n: f"{p.halls * p.windows:,}, {n.devices:,}",
        "工作日事件 events a working day": lambda _, n: f"{n.events_a_workday:,.0f}",
        "心跳/日 heartbeats a day": lambda p, _: f"{p.beats_a_day:,.0f}",
        "消息/秒 messages a second: mean of service hours, busiest hour":
            lambda _, n: f"{n.messages_mean:,.0f}, {n.messages_peak:,.0f}",
        "行/年（百万）rows a year in millions: events, heartbeats, subjects":
            lambda _, n: ", ".join(f"{n.rows_a_year[t] / 1e6:,.1f}" for t in ("raw_event", "heartbeat", "subject")),
        "磁盘/年 disk a year, all kept, GB": lambda _, n: f"{n.disk_gb:,.0f}",
        "磁盘/年 the same with heartbeats of 90 days only, GB": lambda _, n: f"{n.disk_gb_without_old_beats:,.0f}",
        "核 cores, half of each idle: broker, database, replicas":
            lambda _, n: f"{n.broker_cores:.2g}, {n.database_cores:.2g}, {n.replica_cores:.2g}",
        "MQTT 连接 connections at the daemon's broker": lambda _, n: f"{n.connections:,}",
        "副本内存 memory of a replica, MB": lambda _, n: f"{n.replica_memory_mb:,.0f}",
    }  # fmt: skip
    rows = [(title, *(say(PLACES[name], found[name]) for name in PLACES)) for title, say in lines.items()]
    return _table(["", *PLACES], rows)
