"""Operation (运行) in words: panels, series, results of what is counted, states of messages, what each metric means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

PANELS: Final[Mapping[str, tuple[Texts, Texts]]] = {
    "在办件": (
        ("在办件", "Open cases"),
        ("期限在走或尚未受理的办件", "Cases whose limit runs, or that are not accepted yet"),
    ),
    "超期未结": (
        ("超期未结", "Overdue cases"),
        ("已过期限而未办结的办件，有未消除的牌为证", "Open cases past their limit, proven by a card that stands"),
    ),
    "窗口脱岗": (("窗口脱岗", "Empty windows"), ("无人时间超过允许的窗口", "Windows empty for longer than allowed")),
    "设备失联": (
        ("设备失联", "Devices offline"),
        ("已告离线或心跳中断的设备", "Devices that said goodbye or fell silent"),
    ),
    "满意率(30天)": (
        ("满意率（30天）", "Satisfaction (30 days)"),
        (
            "近30天评价中非差评的占比，各大厅的平均；规定为 99%（D05）",
            "Share of ratings of 30 days that are not bad, the mean of the halls; the regulation wants 99 % (D05)",
        ),
    ),
    "无法判定": (("无法判定", "Not judged"), ("因数据源中断而无法判定的对象", "Subjects whose source is silent")),
    "未结的牌": (
        ("未结的牌", "Open cards"),
        ("尚未办结的牌，按规则与级别", "Cards that nobody has ended, by rule and level"),
    ),
    "每小时发牌": (
        ("发牌", "Cards issued"),
        (
            "本进程启动以来发出或升级的牌；图为库中近24小时每小时数",
            "Cards issued or raised since the process began; the chart has them by the hour, from the store",
        ),
    ),
    "在办与超期": (
        ("各大厅在办与超期", "Cases by hall"),
        ("各大厅的在办件与超期件", "Open and overdue cases of each hall"),
    ),
    "失联设备(按类)": (
        ("失联设备（按类）", "Devices offline by kind"),
        ("各大厅失联设备，按类别", "Silent devices of each hall by kind"),
    ),
    "无法判定(按类)与待做抽查": (
        ("无法判定（按类）与待做抽查", "Not judged by kind, spot checks"),
        (
            "无法判定的对象按类别；已下达而无结果的抽查按大厅",
            "Subjects that cannot be judged by kind; spot checks without a result by hall",
        ),
    ),
    "今日考勤": (
        ("今日考勤", "Attendance today"),
        (
            "今日考勤时段的结论，正常与待判定的不列",
            "Check-in slots of today by verdict, without those in order or pending",
        ),
    ),
    "请假与待批补签": (
        ("请假与待批补签", "Leave and corrections"),
        ("今日请假人数；未批的补签数", "People on leave today; corrections of punches that nobody has approved"),
    ),
    "事件/秒": (
        ("收到的事件", "Messages received"),
        ("本进程启动以来收到的消息，按通道", "Messages since the process began, by channel"),
    ),
    "隔离与重复": (
        ("隔离与重复", "Held back and repeated"),
        (
            "本进程启动以来未入库的消息与丢弃的键；现在隔离中的数量；图为近24小时每小时进入隔离的消息，按原因",
            "Messages not stored and keys dropped since the process began; what waits in quarantine now; the chart has "
            "what was held back by the hour and cause",
        ),
    ),
    "会话接管": (
        ("会话接管", "Takeovers"),
        (
            "正在接管的会话；本进程启动以来结束的接管",
            "Sessions being taken over; takeovers that ended since the process began",
        ),
    ),
    "入库延迟": (
        ("入库延迟", "Ingest lag"),
        (
            "自收到至提交的时间，本进程启动以来的分位；清闲时含心跳等候同伴的至多 6 秒",
            "From receipt to commit, quantiles since the process began; in a quiet hall with up to 6 s heartbeats wait",
        ),
    ),
    "判定耗时与积压": (
        ("判定耗时与积压", "Judging"),
        (
            "一步判定的耗时（分位，启动以来）；到期未判的对象数",
            "How long one judging step took (quantile since the process began); subjects due and not judged",
        ),
    ),
    "通知结果": (
        ("通知结果", "Messages sent"),
        (
            "本进程启动以来的发送尝试，按渠道与结果；图为库中近24小时每小时的尝试",
            "Tries to send since the process began, by channel and result; the chart has them by the hour, from the "
            "store",
        ),
    ),
    "最久未发通知": (
        ("最久未发通知", "Oldest message waiting"),
        (
            "本应发出而未发出的通知已等多久；无则为 0",
            "Age of the oldest message that should have gone out; 0 when none waits",
        ),
    ),
    "签到终端": (
        ("签到终端", "Kiosks"),
        ("本进程启动以来的签到尝试；未及编码的图像", "Tries to check in since the process began; pictures not encoded"),
    ),
    "MQTT 连接": (
        ("MQTT 连接", "MQTT connection"),
        ("1 为连接正常，0 为断开", "1 while the broker is connected, else 0"),
    ),
    "日历覆盖还剩": (
        ("日历覆盖还剩", "Calendar covers"),
        ("距已公布的工作日历年末还有多久", "Until the published years of the working calendar end"),
    ),
    "内存": (("内存", "Memory"), ("本进程的常驻内存", "Resident memory of the process")),
    "版本": (("版本", "Version"), ("程序版本", "Program and Python")),
}
"""By the panel's title on Grafana's board: what it is called here, and what exactly it shows."""
SERIES: Final[Mapping[str, Texts]] = {
    "open": ("在办", "open"),
    "overdue": ("超期", "overdue"),
    "unknown": ("无法判定", "not judged"),
    "spots": ("待做抽查", "spot checks to be done"),
    "leave": ("请假", "on leave"),
    "corrections": ("待批补签", "corrections to be approved"),
    "dropped_keys": ("丢弃的键", "keys dropped"),
    "held": ("隔离中", "in quarantine"),
    "running": ("进行中", "running"),
    "frames": ("图像", "pictures"),
    "backlog": ("到期未判", "due and not judged"),
    "p50": ("中位", "median"),
    "p95": ("95% 分位", "95th percentile"),
    "p99": ("99% 分位", "99th percentile"),
}
RESULTS: Final[Mapping[str, Texts]] = {
    "stored": ("已入库", "stored"),
    "duplicate": ("重复", "repeated"),
    "quarantined": ("进入隔离", "held back"),
    "sent": ("已送达", "sent"),
    "refused": ("拒收", "refused"),
    "timeout": ("超时", "timed out"),
    "retried": ("将再试", "to be tried again"),
    "dead": ("放弃", "given up"),
    "unseen": ("未见结果", "end not seen"),
    "drained": ("已取完", "drained"),
    "broken_off": ("中断", "broken off"),
    "accepted": ("签到成功", "checked in"),
    "doubted": ("存疑", "in doubt"),
    "second_factor": ("需第二方式", "second way asked for"),
    "unknown": ("未识别", "not recognised"),
    "failed": ("失败", "failed"),
    "abandoned": ("中途离开", "left"),
    "pin_right": ("密码正确", "right PIN"),
    "pin_wrong": ("密码错误", "wrong PIN"),
    "pin_locked": ("密码锁定", "PIN locked"),
    "kept_done": ("离线补传成功", "kept offline, taken"),
    "kept_review": ("离线补传待复核", "kept offline, for review"),
    "kept_refused": ("离线补传被拒", "kept offline, refused"),
    "dropped": ("被新图取代", "dropped for newer ones"),
    "lost": ("随编码器丢失", "lost with the encoder"),
}
MESSAGE_STATES: Final[Mapping[str, Texts]] = {
    "open": ("待发（汇集中）", "collecting"),
    "sealed": ("待再试", "tried, waits"),
    "sent": ("已送达", "sent"),
    "dead": ("放弃（死信）", "given up (dead letter)"),
    "dropped": ("无需再发", "nothing left to say"),
}
MESSAGE_KINDS: Final[Mapping[str, Texts]] = {
    "alert": ("告警", "alert"),
    "digest": ("日报", "digest"),
    "storm": ("合并（风暴）", "storm, merged"),
    "patrol": ("巡查清单", "daily round"),
}
PURPOSES: Final[Mapping[str, Texts]] = {
    "firing": ("告警", "alert"),
    "resolved": ("解除", "end"),
    "digest": ("日报", "digest"),
    "repeat": ("重复告知", "repeat"),
    "step": ("逐级告知", "step up"),
    "patrol": ("巡查清单", "daily round"),
}
"""What a notice is for: `repeat-2` and the like begin with the name."""
PARTS: Final[Mapping[str, Texts]] = {
    "store": ("数据库", "store"),
    "broker": ("MQTT 服务器", "broker"),
    "loop": ("判定循环", "judging loop"),
    "calendar": ("工作日历", "calendar"),
}
METRICS: Final[Mapping[str, str]] = {
    "alerts_unrouted_total": "无路由可达任何人的牌，以及上报链上无人可报的步骤",
    "attendance_slots": "今日考勤时段，按结论",
    "broker_connected": "与 MQTT 服务器连接时为 1",
    "build_info": "恒为 1，版本在标签中",
    "calendar_covered_until_timestamp_seconds": "工作日历已公布年份的终点",
    "cards_issued_total": "发出或升级的牌",
    "cards_open": "尚未办结的牌",
    "cases_open": "期限在走或尚未受理的办件",
    "cases_overdue": "已过期限的在办件",
    "corrections_pending": "未批的补签",
    "deadman_signs_total": "发出的心跳信号，按方式与是否被接收",
    "devices_offline": "已告离线或失联的设备",
    "dropped_keys_total": "事件中通道不认识而丢弃的键",
    "events_total": "设备消息，按去向",
    "face_frames_total": "人脸图像，按去向",
    "ingest_lag_seconds": "自收到消息至提交入库的时间（秒），含单独到来的心跳等候同伴的至多 3 秒（大厅无事时 6 秒）",
    "judge_due_backlog": "到期而未判定的对象",
    "judge_seconds": "一步判定（领取、读取、判定、写入、提交）的耗时（秒）",
    "kiosk_attempts_total": "签到终端的尝试，按结果",
    "leave_today": "今日获准请假的人数",
    "notification_oldest_pending_seconds": "本应发出的通知中最久者已等多久（秒）",
    "notifications_total": "发送通知的尝试，按结果",
    "posts_absent": "无人时间超过允许的窗口",
    "quarantine_events": "隔离中既未重放也未放弃的消息",
    "ready": "各部分正常时为 1，/readyz 报其异常时为 0",
    "satisfaction_ratio": "近30天评价中非差评的占比",
    "spot_checks_open": "已下达而无结果的抽查",
    "store_free_bytes": "数据库文件所在磁盘的剩余空间（字节）",
    "store_size_bytes": "数据库文件连同日志的大小（字节）",
    "subjects_unknown": "因数据源中断无法判定的对象",
    "takeovers_running": "正在接管的会话",
    "takeovers_total": "对停机副本会话的接管，按结局",
}
"""Chinese of the help that /metrics gives in English, by name without prefix."""


def purpose_texts(purpose: str) -> Texts:
    """`repeat-2` → 重复告知 2; one that has no words as it is."""
    name, _, rest = purpose.partition("-")
    chinese, english = PURPOSES.get(name, (purpose, purpose))
    return (f"{chinese} {rest}", f"{english} {rest}") if rest and name in PURPOSES else (chinese, english)
