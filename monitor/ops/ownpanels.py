"""What a panel of the board shows without Prometheus: the daemon's own samples, summed as its expression sums them.

A counter is shown since the process began, a histogram's quantile over all that it has seen: a rate needs somebody who
keeps the past, and that is Prometheus. What the store itself remembers by the hour stands in `store.happened`. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from prometheus_client.core import Metric

from monitor.ops.panels import PANELS, Panel

How = Literal["sum", "mean", "least", "most", "ahead", "p50", "p95", "p99"]
History = Literal["cards", "tries", "held"]
QUANTILES: Final[Mapping[str, float]] = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
HALL: Final = "hall"


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """Samples of one metric. `by`: the labels that stay, the others are summed over (`how`: or their mean, least,
    most). `without`: values of a label that are left out. `said`: a word of `wording.operations.SERIES` beside the
    labels. `ahead`: how far an instant lies ahead, in seconds. `p95` …: of a histogram.
    """

    metric: str
    by: tuple[str, ...] = ()
    said: str = ""
    without: Mapping[str, Collection[str]] = field(default_factory=dict)
    how: How = "sum"


@dataclass(frozen=True, kw_only=True, slots=True)
class Own:
    """`history`: what the store has of it by the hour (`store.happened`)."""

    series: tuple[Series, ...]
    history: History | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One value of a panel, with its labels in the order of `by`."""

    by: tuple[tuple[str, str], ...]
    said: str
    value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    panel: Panel
    rows: tuple[Row, ...]
    history: History | None


def _one(metric: str, *by: str, how: How = "sum") -> Own:
    return Own(series=(Series(metric=metric, by=by, how=how),))


OWN: Final[Mapping[str, Own]] = {
    "在办件": _one("jiancha_cases_open"),
    "超期未结": _one("jiancha_cases_overdue"),
    "窗口脱岗": _one("jiancha_posts_absent"),
    "设备失联": _one("jiancha_devices_offline"),
    "满意率(30天)": _one("jiancha_satisfaction_ratio", how="mean"),
    "无法判定": _one("jiancha_subjects_unknown"),
    "未结的牌": _one("jiancha_cards_open", "rule", "level"),
    "每小时发牌": Own(series=(Series(metric="jiancha_cards_issued_total", by=("rule", "level")),), history="cards"),
    "在办与超期": Own(
        series=(
            Series(metric="jiancha_cases_open", by=(HALL,), said="open"),
            Series(metric="jiancha_cases_overdue", by=(HALL,), said="overdue"),
        )
    ),
    "失联设备(按类)": _one("jiancha_devices_offline", HALL, "kind"),
    "无法判定(按类)与待做抽查": Own(
        series=(
            Series(metric="jiancha_subjects_unknown", by=("kind",), said="unknown"),
            Series(metric="jiancha_spot_checks_open", by=(HALL,), said="spots"),
        )
    ),
    "今日考勤": Own(
        series=(
            Series(
                metric="jiancha_attendance_slots",
                by=("outcome",),
                without={"outcome": ("ok", "pending", "merged", "closed")},
            ),
        )
    ),
    "请假与待批补签": Own(
        series=(
            Series(metric="jiancha_leave_today", by=(HALL,), said="leave"),
            Series(metric="jiancha_corrections_pending", by=(HALL,), said="corrections"),
        )
    ),
    "事件/秒": _one("jiancha_events_total", "channel"),
    "隔离与重复": Own(
        series=(
            Series(metric="jiancha_events_total", by=("result",), without={"result": ("stored",)}),
            Series(metric="jiancha_dropped_keys_total", said="dropped_keys"),
            Series(metric="jiancha_quarantine_events", said="held"),
        ),
        history="held",
    ),
    "会话接管": Own(
        series=(
            Series(metric="jiancha_takeovers_running", said="running"),
            Series(metric="jiancha_takeovers_total", by=("result",)),
        )
    ),
    "入库延迟": Own(
        series=(
            Series(metric="jiancha_ingest_lag_seconds", said="p50", how="p50"),
            Series(metric="jiancha_ingest_lag_seconds", said="p99", how="p99"),
        )
    ),
    "判定耗时与积压": Own(
        series=(
            Series(metric="jiancha_judge_seconds", said="p95", how="p95"),
            Series(metric="jiancha_judge_due_backlog", said="backlog"),
        )
    ),
    "通知结果": Own(series=(Series(metric="jiancha_notifications_total", by=("channel", "result")),), history="tries"),
    "最久未发通知": _one("jiancha_notification_oldest_pending_seconds", how="most"),
    "签到终端": Own(
        series=(
            Series(metric="jiancha_kiosk_attempts_total", by=("result",)),
            Series(metric="jiancha_face_frames_total", by=("result",), said="frames", without={"result": ("encoded",)}),
        )
    ),
    "MQTT 连接": _one("jiancha_broker_connected", how="least"),
    "日历覆盖还剩": _one("jiancha_calendar_covered_until_timestamp_seconds", how="ahead"),
    "内存": _one("process_resident_memory_bytes", how="most"),
    "版本": _one("jiancha_build_info", "version", "python"),
}
"""By the panel's title; a test holds that each panel has one."""


def measure(families: Iterable[Metric], now: datetime, halls: Collection[str] | None) -> list[Measured]:
    """Every panel's values. `halls`: samples of other halls, and of none, are left out; None: all of them."""
    samples = _samples(families, halls)
    found = []
    for panel in PANELS:
        own = OWN[panel.title]
        rows = tuple(row for series in own.series for row in _rows(series, samples, now))
        found.append(Measured(panel=panel, rows=rows, history=own.history))
    return found


Samples = Mapping[str, Sequence[tuple[Mapping[str, str], float]]]


def _samples(families: Iterable[Metric], halls: Collection[str] | None) -> Samples:
    found: dict[str, list[tuple[Mapping[str, str], float]]] = {}
    for family in families:
        for sample in family.samples:
            if halls is None or HALL not in sample.labels or sample.labels[HALL] in halls:
                found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def _rows(series: Series, samples: Samples, now: datetime) -> Iterable[Row]:
    if series.how in QUANTILES:
        value = quantile(QUANTILES[series.how], _buckets(samples.get(f"{series.metric}_bucket", ())))
        if value is not None:
            yield Row(by=(), said=series.said, value=value)
        return
    grouped: dict[tuple[tuple[str, str], ...], list[float]] = {}
    for labels, value in samples.get(series.metric, ()):
        if any(labels.get(name) in values for name, values in series.without.items()):
            continue
        grouped.setdefault(tuple((name, labels.get(name, "")) for name in series.by), []).append(value)
    for by, values in sorted(grouped.items()):
        yield Row(by=by, said=series.said, value=_reduced(series.how, values, now))


def _reduced(how: How, values: Sequence[float], now: datetime) -> float:
    if how == "mean":
        return sum(values) / len(values)
    if how == "ahead":
        return min(values) - now.timestamp()
    return {"least": min, "most": max}.get(how, sum)(values)


def _buckets(samples: Iterable[tuple[Mapping[str, str], float]]) -> list[tuple[float, float]]:
    summed: dict[float, float] = {}
    for labels, value in samples:
        edge = float(labels["le"])
        summed[edge] = summed.get(edge, 0.0) + value
    return sorted(summed.items())


def quantile(share: float, buckets: Sequence[tuple[float, float]]) -> float | None:
    """As Prometheus' `histogram_quantile` over (upper edge, count up to it): straight within a bucket, the last finite
    edge beyond. None while nothing was counted.
    """
    total = buckets[-1][1] if buckets else 0.0
    if not total:
        return None
    rank, low, below = share * total, 0.0, 0.0
    for edge, count in buckets:
        if count >= rank:
            if math.isinf(edge):
                return low
            return low + (edge - low) * ((rank - below) / (count - below) if count > below else 0.0)
        low, below = edge, count
    return low
