"""Alerts: what goes out (送达): whether those who should know of a card do."""

from __future__ import annotations

from typing import Final

from monitor.ops.recorded import FAILED
from monitor.ops.runbook.alert import Alert

NOTHING_TOLD: Final = "应知者未知。"

TELLING: Final = (
    Alert(
        name="JianchaDeliveryStuck", expr="max by (job) (jiancha_notification_oldest_pending_seconds) > 600",
        hold="5m", severity="critical",
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
        name="JianchaDeliveryFailing",
        expr=f"{FAILED} > 0.5 and on (channel) "
        'sum by (channel) (increase(jiancha_notifications_total{result=~"refused|timeout"}[15m])) > 5',
        hold="5m", severity="warning",
        summary=("{{ $labels.channel }}：{{ $value | humanizePercentage }} 的发送失败",
                 "{{ $value | humanizePercentage }} of the tries fail"),
        means=("将再试；重试用尽则转备用收件方。", "They are tried again, and go to the fallback when no try is left."),
        look="Look at: jiancha report deliveries --tries, which has what the receiver answered.",
        do=("查看送达记录中对方的答复。", "Look at what the receiver answered, in the deliveries."),
        commands=("jiancha report deliveries --tries", "jiancha config check"), metric="notifications_total",
    ),
    Alert(
        name="JianchaMessageGivenUp",
        expr='sum by (channel) (increase(jiancha_notifications_total{result="dead"}[1h])) > 0', hold="1m",
        severity="critical",
        summary=("{{ $labels.channel }}：有通知被放弃（死信）", "messages were given up (dead letters)"),
        means=(NOTHING_TOLD, "Somebody who should know does not; the fallback was told where there is one."),
        look="Look at: jiancha report deliveries; again: jiancha alerts again N.",
        do=("查看送达记录；排除原因后重发。", "Look at the deliveries; send again once the cause is gone."),
        commands=("jiancha report deliveries --tries", "jiancha alerts again"), metric="notifications_total",
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
        name="JianchaSignOfLifeRefused",
        expr='sum by (job, way) (increase(jiancha_deadman_signs_total{result="failed"}[10m])) > 3', hold="1m",
        severity="warning",
        summary=("心跳信号送不出去", "the sign of life is not taken"),
        means=("外部监视会误报本服务已停。", "Whoever waits for it will take the daemon for dead."),
        look="Look at: [alerts.deadman], the log (action deadman.failed).",
        do=("查看配置 [alerts.deadman] 与日志（action deadman.failed）。",
            "Look at [alerts.deadman], and the log (action deadman.failed)."),
        commands=("journalctl -u jiancha",), metric="deadman_signs_total",
    ),
)  # fmt: skip
