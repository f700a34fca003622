"""The panels that Grafana's boards (`boards`), the docs and the page of operations share, and how a panel is written.

What a panel shows where there is no Prometheus stands in `ownpanels`.

Gauges that every daemon reads off the one store are the same from each replica: the largest counts, their sum would
count a case once a replica. What a daemon counts itself (messages, tries) is its own and is summed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from monitor.wording.words import Texts

HALL: Final = '{hall=~"$hall"}'
LINES: Final = "timeseries"
STAT: Final = "stat"


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """One panel: `queries` are (PromQL, legend). `bad_from`: red from this value on; `good_from`: red below it. `unit`
    is Grafana's; `width` of 24 columns.
    """

    title: str
    english: str
    text: Texts
    queries: tuple[tuple[str, str], ...]
    kind: str = LINES
    unit: str = "short"
    width: int = 8
    height: int = 8
    bad_from: float | None = None
    good_from: float | None = None


def stat(title: str, english: str, text: Texts, query: str, **more: Any) -> Panel:
    return Panel(
        title=title, english=english, text=text, queries=((query, ""),), kind=STAT, **{"width": 4, "height": 4} | more
    )


def lines(title: str, english: str, text: Texts, *queries: tuple[str, str], **more: Any) -> Panel:
    return Panel(title=title, english=english, text=text, queries=queries, **more)


def largest(metric: str, *by: str, select: str = HALL) -> str:
    """A gauge of the store by these labels, however many replicas tell it."""
    return f"max by ({', '.join(by)}) ({metric}{select})"


def total(metric: str, *by: str, select: str = HALL) -> str:
    """A sum over the chosen halls that is 0, not empty, while there is nothing to count."""
    return f"sum({largest(metric, *by, select=select)}) or vector(0)"


def of_cards(by: str, select: str = HALL) -> str:
    return f"sum by ({by}) ({largest('jiancha_cards_open', 'rule', 'level', 'hall', select=select)})"


PANELS: Final = (
    stat("在办件", "Open cases", ("期限在走或尚未受理的办件", "Cases whose limit runs, or that are not accepted yet"),
         total("jiancha_cases_open", "hall")),
    stat("超期未结", "Overdue cases", ("已过期限而未办结的办件", "Open cases past their limit"),
         total("jiancha_cases_overdue", "hall"), bad_from=1),
    stat("窗口脱岗", "Empty windows", ("无人时间超过允许的窗口", "Windows empty for longer than allowed"),
         total("jiancha_posts_absent", "hall"), bad_from=1),
    stat("设备失联", "Devices offline", ("已告离线或心跳中断的设备", "Devices that said goodbye or fell silent"),
         total("jiancha_devices_offline", "hall", "kind"), bad_from=1),
    stat("满意率(30天)", "Satisfaction (30 days)",
         ("近30天评价中非差评的占比，规定为 99%（D05）",
          "Share of ratings that are not bad; the regulation wants 99 % (D05)"),
         f"avg({largest('jiancha_satisfaction_ratio', 'hall')})", unit="percentunit", good_from=0.99),
    stat("无法判定", "Not judged", ("因数据源中断而无法判定的对象", "Subjects whose source is silent"),
         total("jiancha_subjects_unknown", "kind", select=""), bad_from=1),
    lines("未结的牌", "Open cards", ("尚未办结的牌，按规则与级别", "Cards that nobody has ended, by rule and level"),
          (of_cards("rule, level"), "{{rule}} {{level}}"), width=12),
    lines("每小时发牌", "Cards an hour", ("一小时内发出或升级的牌", "Cards issued or raised in an hour"),
          ("sum by (rule, level) (increase(jiancha_cards_issued_total[1h]))", "{{rule}} {{level}}"), width=12),
    lines("在办与超期", "Cases by hall", ("各大厅的在办件与超期件", "Open and overdue cases of each hall"),
          (largest("jiancha_cases_open", "hall"), "{{hall}} 在办 open"),
          (largest("jiancha_cases_overdue", "hall"), "{{hall}} 超期 overdue"), width=12),
    lines("失联设备(按类)", "Devices offline by kind",
          ("各大厅失联设备，按类别", "Offline devices of each hall by kind"),
          (largest("jiancha_devices_offline", "hall", "kind"), "{{hall}} {{kind}}")),
    lines("无法判定(按类)与待做抽查", "Not judged by kind, spot checks",
          ("无法判定的对象按类别，未做的抽查按大厅", "Unknown subjects by kind, spot checks without a result by hall"),
          (largest("jiancha_subjects_unknown", "kind", select=""), "{{kind}}"),
          (largest("jiancha_spot_checks_open", "hall"), "待做抽查 spot checks {{hall}}")),
    lines("今日考勤", "Attendance today",
          ("今日考勤时段的结论，正常与待判定的不列", "Today's check-in slots by verdict; those in order are left out"),
          ("sum by (outcome) ("
           + largest("jiancha_attendance_slots", "hall", "outcome",
                     select='{hall=~"$hall",outcome!~"ok|pending|merged|closed"}') + ")", "{{outcome}}"), width=12),
    lines("请假与待批补签", "Leave and corrections",
          ("今日请假人数，未批的补签", "People on leave today, corrections of punches that nobody has approved"),
          (largest("jiancha_leave_today", "hall"), "{{hall}} 请假 on leave"),
          (largest("jiancha_corrections_pending", "hall"), "{{hall}} 待批补签 corrections")),
    lines("事件/秒", "Messages a second", ("收到的消息，按通道", "Messages by channel"),
          ("sum by (channel) (rate(jiancha_events_total[$__rate_interval]))", "{{channel}}"), unit="reqps"),
    lines("隔离与重复", "Held back and repeated",
          ("一小时内未入库的消息与丢弃的键，隔离中的数量",
           "Messages that were not stored, keys that were dropped, and what waits in quarantine"),
          ('sum by (result) (increase(jiancha_events_total{result!="stored"}[1h]))', "{{result}} /h"),
          ("sum(increase(jiancha_dropped_keys_total[1h]))", "丢弃的键 keys dropped /h"),
          ("max(jiancha_quarantine_events)", "隔离中 in quarantine")),
    lines("会话接管", "Takeovers",
          ("对停机副本会话的接管：进行中，一日内结束的",
           "Sessions of dead replicas taken over: running, and ended in a day"),
          ("sum(jiancha_takeovers_running) or vector(0)", "进行中 running"),
          ("sum by (result) (increase(jiancha_takeovers_total[1d]))", "{{result}} /d")),
    lines("入库延迟", "Ingest lag", ("自收到至提交的时间", "From receipt to commit"),
          ("histogram_quantile(0.5, sum by (le) (rate(jiancha_ingest_lag_seconds_bucket[$__rate_interval])))", "p50"),
          ("histogram_quantile(0.99, sum by (le) (rate(jiancha_ingest_lag_seconds_bucket[$__rate_interval])))", "p99"),
          unit="s", bad_from=10),
    lines("判定耗时与积压", "Judging",
          ("一步判定的耗时，到期未判的对象", "One judging step; subjects due and not judged"),
          ("histogram_quantile(0.95, sum by (le) (rate(jiancha_judge_seconds_bucket[$__rate_interval])))", "p95 (s)"),
          ("max(jiancha_judge_due_backlog)", "积压 backlog"), bad_from=1000),
    lines("通知结果", "Messages sent",
          ("一小时内的发送尝试，按渠道与结果", "Tries to send in an hour, by channel and result"),
          ("sum by (channel, result) (increase(jiancha_notifications_total[1h]))", "{{channel}} {{result}}"), width=12),
    lines("最久未发通知", "Oldest message waiting",
          ("本应发出而未发出的通知已等多久", "Age of the oldest message that should have gone out"),
          ("max(jiancha_notification_oldest_pending_seconds)", "等待 waiting"), unit="s", bad_from=600, width=12),
    lines("签到终端", "Kiosks",
          ("一小时内的签到尝试，未及编码的图像",
           "Tries to check in at kiosks in an hour, pictures that the encoder did not come to"),
          ("sum by (result) (increase(jiancha_kiosk_attempts_total[1h]))", "{{result}} /h"),
          ('sum by (result) (increase(jiancha_face_frames_total{result!="encoded"}[1h]))',
           "图像 pictures {{result}} /h")),
    stat("MQTT 连接", "MQTT connection", ("1 为连接正常", "1 while the broker is connected"),
         "min(jiancha_broker_connected)", good_from=1),
    stat("日历覆盖还剩", "Calendar covers",
         ("距已公布的工作日历终点", "Until the published years of the working calendar end"),
         "min(jiancha_calendar_covered_until_timestamp_seconds) - time()", unit="s", good_from=61 * 86400),
    stat("内存", "Memory", ("常驻内存", "Resident memory"), 'max(process_resident_memory_bytes{job="jiancha"})',
         unit="bytes"),
    Panel(title="版本", english="Version", text=("程序与 Python 的版本", "Program and Python"),
          queries=(("jiancha_build_info", "{{version}} / Python {{python}}"),), kind=STAT, width=4, height=4),
)  # fmt: skip
