"""What Prometheus keeps worked out (recording rules): rates, shares and quantiles that alerts and boards ask for.

Names are those of Prometheus' own advice: the labels that stay, the metric, what was done to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """`text`: what it is, for the rules' file and the docs."""

    name: str
    expr: str
    text: str


EVENTS: Final = "channel_result:jiancha_events:rate5m"
REFUSED: Final = "channel:jiancha_events_quarantined:ratio_rate15m"
LAG: Final = "job:jiancha_ingest_lag_seconds:p99_rate5m"
STEP: Final = "job:jiancha_judge_seconds:p95_rate5m"
CARDS: Final = "hall_rule_level:jiancha_cards_open:max"
OVERDUE: Final = "hall:jiancha_cases_overdue:ratio"
UNPROVEN: Final = "hall:jiancha_attendance_unknown:ratio"
FAILED: Final = "channel:jiancha_notifications_failed:ratio_rate15m"

RECORDED: Final = (
    Recorded(
        name=EVENTS,
        expr="sum by (channel, result) (rate(jiancha_events_total[5m]))",
        text="收到的消息 Messages a second, all replicas together.",
    ),
    Recorded(
        name=REFUSED,
        expr='sum by (channel) (rate(jiancha_events_total{result="quarantined"}[15m])) / '
        "(sum by (channel) (rate(jiancha_events_total[15m])) > 0)",
        text="进入隔离的占比 Share of a channel's messages that were held back; none while none comes.",
    ),
    Recorded(
        name=LAG,
        expr="histogram_quantile(0.99, sum by (job, le) (rate(jiancha_ingest_lag_seconds_bucket[5m])))",
        text="入库延迟 From receipt to commit, the slowest hundredth.",
    ),
    Recorded(
        name=STEP,
        expr="histogram_quantile(0.95, sum by (job, le) (rate(jiancha_judge_seconds_bucket[5m])))",
        text="一步判定耗时 One judging step, the slowest twentieth.",
    ),
    Recorded(
        name=CARDS,
        expr="max by (hall, rule, level) (jiancha_cards_open)",
        text="未结的牌 Open cards; every replica tells the same store, so the largest counts, not their sum.",
    ),
    Recorded(
        name=OVERDUE,
        expr="max by (hall) (jiancha_cases_overdue) / clamp_min(max by (hall) (jiancha_cases_open), 1)",
        text="超期占比 Overdue among open cases; 0 where none is open.",
    ),
    Recorded(
        name=UNPROVEN,
        expr='sum by (hall) (max by (hall, outcome) (jiancha_attendance_slots{outcome=~"unknown|review"})) / '
        "clamp_min(sum by (hall) (max by (hall, outcome) (jiancha_attendance_slots)), 1)",
        text="考勤无法判定的占比 Today's check-in slots that cannot be judged, among all of today.",
    ),
    Recorded(
        name=FAILED,
        expr='sum by (channel) (rate(jiancha_notifications_total{result=~"refused|timeout"}[15m])) / '
        '(sum by (channel) (rate(jiancha_notifications_total{result=~"sent|refused|timeout"}[15m])) > 0)',
        text="发送失败占比 Tries that were refused or timed out, among all tries; none while nothing is sent.",
    ),
)
