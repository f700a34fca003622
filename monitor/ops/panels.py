"""The panels of a hall's board (大厅总览): one table for Grafana's board, the docs and the page of operations.

What a panel shows where there is no Prometheus stands in `ownpanels`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

HALL: Final = '{hall=~"$hall"}'


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One panel: `queries` are (PromQL, legend). `bad_from`: red from this value on; `good_from`: red below it."""

    title: str
    text: str
    queries: tuple[tuple[str, str], ...]
    kind: str = "timeseries"
    unit: str = "short"
    width: int = 8
    height: int = 8
    bad_from: float | None = None
    good_from: float | None = None


def stat(title: str, text: str, query: str, **more: Any) -> Panel:
    return Panel(title=title, text=text, queries=((query, ""),), kind="stat", width=4, height=4, **more)


def total(metric: str) -> str:
    """A sum over the chosen halls that is 0, not empty, while there is nothing to count."""
    return f"sum({metric}{HALL}) or vector(0)"


PANELS: Final = (
    stat("在办件", "Open cases", total("jiancha_cases_open")),
    stat("超期未结", "Open cases past their limit", total("jiancha_cases_overdue"), bad_from=1),
    stat("窗口脱岗", "Windows empty for longer than allowed", total("jiancha_posts_absent"), bad_from=1),
    stat("设备失联", "Devices offline", total("jiancha_devices_offline"), bad_from=1),
    stat(
        "满意率(30天)",
        "Share of ratings that are not bad; the regulation wants 99 % (D05)",
        f"avg(jiancha_satisfaction_ratio{HALL})",
        unit="percentunit",
        good_from=0.99,
    ),
    stat("无法判定", "Subjects whose source is silent", "sum(jiancha_subjects_unknown) or vector(0)", bad_from=1),
    Panel(
        title="未结的牌",
        text="Cards that nobody has ended, by rule and level",
        queries=((f"sum by (rule, level) (jiancha_cards_open{HALL})", "{{rule}} {{level}}"),),
        width=12,
    ),
    Panel(
        title="每小时发牌",
        text="Cards issued or raised in an hour",
        queries=(("sum by (rule, level) (increase(jiancha_cards_issued_total[1h]))", "{{rule}} {{level}}"),),
        width=12,
    ),
    Panel(
        title="在办与超期",
        text="Cases by hall",
        queries=(
            (f"sum by (hall) (jiancha_cases_open{HALL})", "{{hall}} 在办"),
            (f"sum by (hall) (jiancha_cases_overdue{HALL})", "{{hall}} 超期"),
        ),
    ),
    Panel(
        title="失联设备(按类)",
        text="Offline devices by kind",
        queries=((f"sum by (hall, kind) (jiancha_devices_offline{HALL})", "{{hall}} {{kind}}"),),
    ),
    Panel(
        title="无法判定(按类)与待做抽查",
        text="Unknown subjects by kind",
        queries=(
            ("sum by (kind) (jiancha_subjects_unknown)", "{{kind}}"),
            ('sum by (hall) (jiancha_spot_checks_open{hall=~"$hall"})', "待做抽查 {{hall}}"),
        ),
    ),
    Panel(
        title="今日考勤",
        text="Today's check-in slots by verdict; those in order are left out",
        queries=(
            (
                'sum by (outcome) (jiancha_attendance_slots{hall=~"$hall",outcome!~"ok|pending|merged|closed"})',
                "{{outcome}}",
            ),
        ),
    ),
    Panel(
        title="请假与待批补签",
        text="People on leave today, corrections of punches that nobody has approved",
        queries=(
            (f"sum by (hall) (jiancha_leave_today{HALL})", "{{hall}} 请假"),
            (f"sum by (hall) (jiancha_corrections_pending{HALL})", "{{hall}} 待批补签"),
        ),
    ),
    Panel(
        title="事件/秒",
        text="Messages by channel",
        queries=(("sum by (channel) (rate(jiancha_events_total[$__rate_interval]))", "{{channel}}"),),
        unit="reqps",
    ),
    Panel(
        title="隔离与重复",
        text="Messages that were not stored, keys that were dropped, and what waits in quarantine",
        queries=(
            ('sum by (result) (increase(jiancha_events_total{result!="stored"}[1h]))', "{{result}} /h"),
            ("increase(jiancha_dropped_keys_total[1h])", "丢弃的键 /h"),
            ("jiancha_quarantine_events", "隔离中"),
        ),
    ),
    Panel(
        title="会话接管",
        text="Sessions of dead replicas taken over: running, and ended in a day",
        queries=(
            ("sum(jiancha_takeovers_running) or vector(0)", "进行中"),
            ("sum by (result) (increase(jiancha_takeovers_total[1d]))", "{{result}} /d"),
        ),
    ),
    Panel(
        title="入库延迟",
        text="From receipt to commit",
        queries=(
            ("histogram_quantile(0.5, sum by (le) (rate(jiancha_ingest_lag_seconds_bucket[$__rate_interval])))", "p50"),
            (
                "histogram_quantile(0.99, sum by (le) (rate(jiancha_ingest_lag_seconds_bucket[$__rate_interval])))",
                "p99",
            ),
        ),
        unit="s",
    ),
    Panel(
        title="判定耗时与积压",
        text="One judging step; subjects due and not judged",
        queries=(
            ("histogram_quantile(0.95, sum by (le) (rate(jiancha_judge_seconds_bucket[$__rate_interval])))", "p95 (s)"),
            ("jiancha_judge_due_backlog", "积压"),
        ),
    ),
    Panel(
        title="通知结果",
        text="Tries to send, by channel and result",
        queries=(("sum by (channel, result) (increase(jiancha_notifications_total[1h]))", "{{channel}} {{result}}"),),
    ),
    Panel(
        title="最久未发通知",
        text="Age of the oldest message that should have gone out",
        queries=(("jiancha_notification_oldest_pending_seconds", "{{instance}}"),),
        unit="s",
    ),
    Panel(
        title="签到终端",
        text="Tries to check in at kiosks in an hour, pictures that the encoder did not come to",
        queries=(
            ("sum by (result) (increase(jiancha_kiosk_attempts_total[1h]))", "{{result}} /h"),
            ('sum by (result) (increase(jiancha_face_frames_total{result!="encoded"}[1h]))', "图像 {{result}} /h"),
        ),
    ),
    stat("MQTT 连接", "1 while the broker is connected", "min(jiancha_broker_connected)", good_from=1),
    stat(
        "日历覆盖还剩",
        "Until the published years of the working calendar end",
        "min(jiancha_calendar_covered_until_timestamp_seconds) - time()",
        unit="s",
        good_from=61 * 86400,
    ),
    stat("内存", "Resident memory", 'max(process_resident_memory_bytes{job="jiancha"})', unit="bytes"),
    Panel(
        title="版本",
        text="Program and Python",
        queries=(("jiancha_build_info", "{{version}} / Python {{python}}"),),
        kind="stat",
        width=4,
        height=4,
    ),
)
