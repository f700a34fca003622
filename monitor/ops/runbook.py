"""What each alert of Prometheus means and what to do: one table for the rules' file, the docs and the page.

`metric` is what the page links from a panel; `commands` are what somebody types at the server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from monitor.wording.words import Texts


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """`hold`: how long the condition has to last. `look`: the way out, in the words of the rules' file, where a `note`
    stands above the expression. `do`: the same for a reader of the page, who sees `commands` beside it.
    """

    name: str
    expr: str
    hold: str
    severity: str
    summary: Texts
    means: Texts
    look: str
    do: Texts
    commands: tuple[str, ...] = ()
    metric: str = ""
    note: str = ""

    @property
    def described(self) -> str:
        return f"{self.means[0]} {self.means[1]} {self.look}"


NOTHING_TOLD: Final = "应知者未知。"
ALERTS: Final = (
    Alert(
        name="JianchaDown", expr='up{job="jiancha"} == 0 or absent(up{job="jiancha"})', hold="2m", severity="critical",
        summary=("监察服务无应答", "the supervision daemon does not answer"),
        means=("无牌可发、无人得知。", "Nothing is judged and nobody is told."),
        look="Look at: systemctl status jiancha; /readyz.",
        do=("查看服务状态与就绪检查。", "Look at the service and at its readiness."),
        commands=("systemctl status jiancha", "curl http://127.0.0.1:8642/readyz"), metric="ready",
    ),
    Alert(
        name="JianchaBrokerLost", expr="jiancha_broker_connected == 0", hold="2m", severity="critical",
        summary=("与 MQTT 服务器断开", "the connection to the MQTT broker is lost"),
        means=("设备事件在服务器或设备上排队，不致丢失；期间结论为“未知”。",
               "Events queue up; what they would have said is unknown until then."),
        look="Look at: the broker's log, [mqtt] in the configuration.",
        do=("查看 MQTT 服务器的日志与配置中的 [mqtt]。", "Look at the broker's log, and [mqtt] in the configuration."),
        commands=("systemctl status mosquitto", "jiancha doctor"), metric="broker_connected",
    ),
    Alert(
        name="JianchaStoreAway", expr='jiancha_ready{part="store"} == 0', hold="2m", severity="critical",
        summary=("数据库不可用", "the database is away"),
        means=("事件在 MQTT 服务器排队，不致丢失；期间不判定、不发牌。",
               "Events queue up at the broker; nothing is judged until then."),
        look="Look at: /readyz, the database, its disk.",
        do=("查看就绪检查、数据库及其磁盘。", "Look at the readiness, the database and its disk."),
        commands=("curl http://127.0.0.1:8642/readyz", "df -h", "jiancha doctor"), metric="ready",
    ),
    Alert(
        name="JianchaBacklog", expr="jiancha_judge_due_backlog > 1000", hold="10m", severity="warning",
        summary=("待判对象积压 {{ $value }} 个", "{{ $value }} subjects are due and not judged"),
        means=("发牌将迟。", "Cards come late."),
        look="Look at: jiancha_judge_seconds, the daemon's log (action judge.*), the disk.",
        do=("查看判定耗时、服务日志（action judge.*）与磁盘。",
            "Look at how long judging takes, the daemon's log (action judge.*) and the disk."),
        commands=("journalctl -u jiancha",), metric="judge_due_backlog",
    ),
    Alert(
        name="JianchaDeliveryStuck", expr="jiancha_notification_oldest_pending_seconds > 600", hold="5m",
        severity="critical",
        summary=("有通知已 {{ $value | humanizeDuration }} 未发出",
                 "a message has waited for {{ $value | humanizeDuration }}"),
        means=(NOTHING_TOLD, "Somebody who should know does not."),
        look="Look at: jiancha_notifications_total by channel and result; the receivers of [alerts].",
        do=("查看送达记录中的结果与原因，以及配置 [alerts] 的收件方。",
            "Look at the deliveries with their results and reasons, and the receivers of [alerts]."),
        commands=("jiancha report deliveries --tries", "jiancha config check"),
        metric="notification_oldest_pending_seconds",
    ),
    Alert(
        name="JianchaCalendarMissing", expr="jiancha_calendar_covered_until_timestamp_seconds - time() < 61 * 86400",
        hold="1h", severity="warning",
        summary=("次年放假安排未导入", "next year's public holidays are not imported"),
        means=("次年期限只能暂算，不发黄牌红牌。", "Deadlines of next year are provisional."),
        look="Way out: jiancha calendar import FILE with the State Council's notice.",
        do=("国务院办公厅公布后导入放假安排。", "Import the State Council's notice once it is published."),
        commands=("jiancha calendar import 2027.json",), metric="calendar_covered_until_timestamp_seconds",
        note="61 days before the end of the last published year is 1 November.",
    ),
    Alert(
        name="JianchaDevicesSilent",
        expr='sum by (hall) (jiancha_cards_open{rule="device.silent",level=~"yellow|red"}) > 0', hold="5m",
        severity="warning",
        summary=("{{ $labels.hall }}：{{ $value }} 台设备在服务时间失联",
                 "{{ $value }} devices silent in service hours"),
        means=("其所证之事暂不认定，不记于人。", "What they would have proven is unknown and charged to nobody."),
        look="Look at: jiancha cards list --rule device.silent.",
        do=("查看失联设备的牌与设备页。", "Look at the cards of silent devices, and the page of devices."),
        commands=("jiancha cards list --rule device.silent",), metric="devices_offline",
    ),
    Alert(
        name="JianchaAlertToNobody", expr="sum by (rule, level) (increase(jiancha_alerts_unrouted_total[1h])) > 0",
        hold="1m", severity="critical",
        summary=("{{ $labels.rule }} {{ $labels.level }}：有牌无人接收", "cards of this rule and level reach nobody"),
        means=(NOTHING_TOLD, "No route, or nobody up the hierarchy, has a receiver."),
        look="Look at: jiancha config check; jiancha alerts route --example {{ $labels.rule }}:{{ $labels.level }}.",
        do=("检查路由与收件方。", "Look at the routes and the receivers."),
        commands=("jiancha config check", "jiancha alerts route --example RULE:LEVEL"), metric="alerts_unrouted_total",
    ),
    Alert(
        name="JianchaSignOfLifeRefused", expr='increase(jiancha_deadman_signs_total{result="failed"}[10m]) > 3',
        hold="1m", severity="warning",
        summary=("心跳信号送不出去", "the sign of life is not taken"),
        means=("外部监视会误报本服务已停。", "Whoever waits for it will take the daemon for dead."),
        look="Look at: [alerts.deadman], the log (action deadman.failed).",
        do=("查看配置 [alerts.deadman] 与日志（action deadman.failed）。",
            "Look at [alerts.deadman], and the log (action deadman.failed)."),
        commands=("journalctl -u jiancha",), metric="deadman_signs_total",
    ),
    Alert(
        name="JianchaAttendanceUnknown",
        expr='sum by (hall) (jiancha_attendance_slots{outcome=~"unknown|review"}) > 5 and '
        'sum by (hall) (jiancha_attendance_slots{outcome=~"unknown|review"}) > 0.2 * '
        "sum by (hall) (jiancha_attendance_slots)",
        hold="30m", severity="warning",
        summary=("{{ $labels.hall }}：今日 {{ $value }} 个考勤时段无法判定",
                 "{{ $value }} check-in slots of today cannot be judged"),
        means=("不作迟到、旷工认定。", "Nobody is held late or absent on them."),
        look="Look at: jiancha report attendance; jiancha cards list --rule device.silent; what is gone for good: "
        "jiancha device lost.",
        do=("查看考勤报表与失联设备；确已丢失的数据作丢失声明。",
            "Look at the attendance report and the silent devices; declare lost what is gone for good."),
        commands=("jiancha report attendance", "jiancha cards list --rule device.silent", "jiancha device lost"),
        metric="attendance_slots",
        note="A fifth of the day's slots, and more than a handful: a terminal, or the way to it, and no single person.",
    ),
)  # fmt: skip
