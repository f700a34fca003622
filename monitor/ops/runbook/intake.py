"""Alerts: what comes in (数据接入): messages, devices, feeds, and what stays unknown without them."""

from __future__ import annotations

from typing import Final

from monitor.ops.recorded import CARDS, LAG, REFUSED, UNPROVEN
from monitor.ops.runbook.alert import Alert

UNKNOWN_SLOTS: Final = 'sum by (hall) (max by (hall, outcome) (jiancha_attendance_slots{outcome=~"unknown|review"}))'

INTAKE: Final = (
    Alert(
        name="JianchaIngestSlow", expr=f"{LAG} > 10", hold="10m", severity="warning",
        summary=("入库延迟 {{ $value | humanizeDuration }}",
                 "messages are stored {{ $value | humanizeDuration }} late"),
        means=("事件不丢，但发牌与告警将迟。", "Nothing is lost, but cards and alerts come late."),
        look="Look at: the machine's disk and load, jiancha_events_total, the daemon's log (action ingest.*).",
        do=("查看服务器磁盘与负载、收到的事件与服务日志（action ingest.*）。",
            "Look at the machine's disk and load, the messages received, the daemon's log (action ingest.*)."),
        commands=("jiancha doctor", "journalctl -u jiancha"), metric="ingest_lag_seconds",
    ),
    Alert(
        name="JianchaEventsRefused",
        expr=f"{REFUSED} > 0.05 and on (channel) "
        'sum by (channel) (increase(jiancha_events_total{result="quarantined"}[15m])) > 10',
        hold="5m", severity="warning",
        summary=("{{ $labels.channel }}：{{ $value | humanizePercentage }} 的消息进入隔离",
                 "{{ $value | humanizePercentage }} of the messages are held back"),
        means=("隔离的消息不作认定，可修正后重放。",
               "What is held back proves nothing until it is mended and replayed."),
        look="Look at: jiancha quarantine list; the registry, the device's clock, its software.",
        do=("查看隔离清单及原因；核对登记、设备时钟与程序。",
            "Look at the quarantine and its reasons; check the registry, the device's clock and software."),
        commands=("jiancha quarantine list", "jiancha quarantine replay"), metric="events_total",
        note="A share of a channel, and more than a handful: a device or an interface that changed, no single typo.",
    ),
    Alert(
        name="JianchaQuarantineWaiting", expr="max by (job) (jiancha_quarantine_events) > 0", hold="1d",
        severity="warning",
        summary=("隔离中 {{ $value }} 条消息无人处理", "{{ $value }} messages wait in quarantine"),
        means=("其所证之事暂不认定。", "What they say is not taken for proven yet."),
        look="Look at: jiancha quarantine list; mend and replay, or dismiss.",
        do=("逐条修正后重放，或说明理由放弃。", "Mend and replay them, or dismiss them with a reason."),
        commands=("jiancha quarantine list", "jiancha quarantine replay"), metric="quarantine_events",
    ),
    Alert(
        name="JianchaDevicesSilent",
        expr=f'sum by (hall) ({CARDS}{{rule="device.silent",level=~"yellow|red"}}) > 0', hold="5m",
        severity="warning",
        summary=("{{ $labels.hall }}：{{ $value }} 台设备在服务时间失联",
                 "{{ $value }} devices silent in service hours"),
        means=("其所证之事暂不认定，不记于人。", "What they would have proven is unknown and charged to nobody."),
        look="Look at: jiancha cards list --rule device.silent.",
        do=("查看失联设备的牌与设备页。", "Look at the cards of silent devices, and the page of devices."),
        commands=("jiancha cards list --rule device.silent",), metric="devices_offline",
    ),
    Alert(
        name="JianchaFeedIncomplete",
        expr=f'sum by (hall) ({CARDS}{{rule=~"feed.incomplete|feed.backlog",level=~"yellow|red"}}) > 0', hold="5m",
        severity="warning",
        summary=("{{ $labels.hall }}：{{ $value }} 个数据源不完整或积压",
                 "{{ $value }} feeds are incomplete or behind"),
        means=("未到的办件数据暂不认定，不记于人。", "What has not come is unknown and charged to nobody."),
        look="Look at: jiancha cards list --rule feed.incomplete; the interface of the approval system.",
        do=("查看数据源的牌与审批系统接口。", "Look at the cards of feeds, and the interface of the approval system."),
        commands=("jiancha cards list --rule feed.incomplete", "jiancha cards list --rule feed.backlog"),
        metric="cards_open",
    ),
    Alert(
        name="JianchaSubjectsUnknown", expr="max by (kind) (jiancha_subjects_unknown) > 20", hold="30m",
        severity="warning",
        summary=("{{ $labels.kind }}：{{ $value }} 个对象无法判定", "{{ $value }} subjects cannot be judged"),
        means=("其数据源的水位不前移；不发牌，不记于人。",
               "The watermark of their source stands still; no card is issued, nobody is charged."),
        look="Look at: jiancha subjects list; the page of devices; what is gone for good: jiancha device lost.",
        do=("查看无法判定的对象与设备页；确已丢失的数据作丢失声明。",
            "Look at what cannot be judged and the page of devices; declare lost what is gone for good."),
        commands=("jiancha subjects list", "jiancha device lost"), metric="subjects_unknown",
    ),
    Alert(
        name="JianchaAttendanceUnknown",
        expr=f"{UNKNOWN_SLOTS} > 5 and on (hall) {UNPROVEN} > 0.2",
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
    Alert(
        name="JianchaTakeoverStuck", expr="jiancha_takeovers_running > 0", hold="15m", severity="warning",
        summary=("停机副本的会话接管未结束", "the takeover of a dead replica's session does not end"),
        means=("该会话积存的消息未取完，其所证之事暂不认定。",
               "Messages kept for that session are not all taken; what they say is unknown until then."),
        look="Look at: /readyz (takeovers), the broker's log, the daemon's log (action takeover.*).",
        do=("查看 /readyz 所列接管、MQTT 服务器日志与服务日志（action takeover.*）。",
            "Look at the takeovers in /readyz, the broker's log, the daemon's log (action takeover.*)."),
        commands=("curl http://127.0.0.1:8642/readyz", "journalctl -u jiancha"), metric="takeovers_running",
    ),
)  # fmt: skip
