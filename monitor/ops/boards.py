"""The boards for Grafana (看板): six, each for somebody's question. `scripts/grafana_boards.py` writes them as JSON.

What the page of operations shows too stands in `panels`; here is which board has it, and what only a board shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from monitor.ops.panels import HALL, PANELS, Panel, largest, lines, of_cards, stat, total
from monitor.ops.recorded import EVENTS, FAILED, LAG, OVERDUE, REFUSED, STEP, UNPROVEN
from monitor.wording.words import Texts

OF_CASES: Final = 'rule=~"case[.].*|order[.].*|task[.].*|complaint[.].*"'
OF_PEOPLE: Final = 'rule=~"checkin[.].*|attendance[.].*|absence[.].*|conduct[.].*"'
OF_POSTS: Final = 'rule=~"post[.].*"'
OF_RATINGS: Final = 'rule=~"rating[.].*"'
_KNOWN: Final = {panel.title: panel for panel in PANELS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """`name` is the file's and the end of its uid. `halls`: whether it has a choice of halls."""

    name: str
    title: Texts
    about: Texts
    panels: tuple[Panel, ...]
    halls: bool = True


def _known(*titles: str) -> tuple[Panel, ...]:
    return tuple(_KNOWN[title] for title in titles)


def _in_hall(selected: str) -> str:
    return HALL.replace("}", f",{selected}}}")


def _issued(selected: str) -> str:
    return f"sum by (rule, level) (increase(jiancha_cards_issued_total{{{selected}}}[1d]))"


def _seconds(title: str, english: str, text: Texts, query: str, bad_from: float) -> Panel:
    return stat(title, english, text, query, unit="s", bad_from=bad_from)


HALL_BOARD: Final = Board(
    name="hall", title=("大厅", "Hall"),
    about=("大厅一览：办件、窗口、设备、牌", "A hall at a glance: cases, windows, devices, cards"),
    panels=_known("在办件", "超期未结", "窗口脱岗", "设备失联", "满意率(30天)", "无法判定", "未结的牌", "每小时发牌",
                  "在办与超期", "今日考勤", "失联设备(按类)", "无法判定(按类)与待做抽查", "请假与待批补签"),
)  # fmt: skip
TIMELINESS: Final = Board(
    name="timeliness", title=("时限", "Timeliness"),
    about=("时效监察：在办、超期、预警与发牌", "The legal clock: open and overdue cases, warnings, cards"),
    panels=(
        *_known("在办件", "超期未结"),
        stat("超期占比", "Share overdue", ("超期件占在办件", "Overdue among open cases"), f"max({OVERDUE}{HALL})",
             unit="percentunit", bad_from=0.01),
        stat("红牌未结", "Open red cards", ("时效类未办结的红牌", "Red cards of timeliness that nobody has ended"),
             total("jiancha_cards_open", "rule", "hall", select=_in_hall(f'level="red",{OF_CASES}')), bad_from=1),
        stat("时效无法判定", "Not judged", ("数据源中断的办件与任务", "Cases and tasks whose source is silent"),
             total("jiancha_subjects_unknown", "kind", select='{kind=~"case|task"}'), bad_from=1),
        *_known("日历覆盖还剩", "在办与超期"),
        lines("各大厅超期占比", "Share overdue by hall", ("超期件占在办件", "Overdue among open cases"),
              (f"{OVERDUE}{HALL}", "{{hall}}"), unit="percentunit", bad_from=0.01, width=12),
        lines("时效类未结的牌", "Open cards of timeliness",
              ("办件、交办、任务与投诉的牌，按规则与级别", "Of cases, orders, tasks and complaints, by rule and level"),
              (of_cards("rule, level", _in_hall(OF_CASES)), "{{rule}} {{level}}"), width=12),
        lines("时效类每日发牌", "Cards of timeliness a day", ("一日内发出或升级的牌", "Issued or raised in a day"),
              (_issued(OF_CASES), "{{rule}} {{level}}"), width=12),
    ),
)  # fmt: skip
ATTENDANCE: Final = Board(
    name="attendance", title=("考勤与在岗", "Attendance and posts"),
    about=("考勤、脱岗、抽查、签到终端", "Check-ins, empty windows, spot checks, kiosks"),
    panels=(
        stat("窗口脱岗", "Empty windows", ("无人时间超过允许的窗口", "Windows empty for longer than allowed"),
             total("jiancha_posts_absent", "hall"), bad_from=1, width=6),
        stat("今日请假", "On leave today", ("今日获准请假的人数", "People on approved leave today"),
             total("jiancha_leave_today", "hall"), width=6),
        stat("考勤无法判定占比", "Share not judged",
             ("今日考勤时段中无法判定的占比，各大厅之最", "Today's slots that cannot be judged, the worst hall"),
             f"max({UNPROVEN}{HALL})", unit="percentunit", bad_from=0.2, width=6),
        stat("待做抽查", "Spot checks to be done", ("已下达而无结果的抽查", "Ordered and without a result"),
             total("jiancha_spot_checks_open", "hall"), width=6),
        *_known("今日考勤"),
        lines("脱岗窗口", "Empty windows by hall", ("各大厅无人时间超过允许的窗口", "Empty for longer than allowed"),
              (largest("jiancha_posts_absent", "hall"), "{{hall}}"), bad_from=1, width=12),
        lines("考勤类每日发牌", "Cards of attendance a day", ("一日内发出或升级的牌", "Issued or raised in a day"),
              (_issued(OF_PEOPLE), "{{rule}} {{level}}"), width=12),
        lines("在岗类每日发牌", "Cards of posts a day", ("一日内发出或升级的牌", "Issued or raised in a day"),
              (_issued(OF_POSTS), "{{rule}} {{level}}"), width=12),
        *_known("请假与待批补签", "签到终端"),
        lines("考勤与在岗设备失联", "Terminals and cameras offline",
              ("考勤终端与摄像机失联数", "Terminals and cameras that said goodbye or fell silent"),
              (largest("jiancha_devices_offline", "hall", "kind", select=_in_hall('kind=~"terminal|camera"')),
               "{{hall}} {{kind}}"), bad_from=1),
    ),
)  # fmt: skip
EVALUATORS: Final = Board(
    name="evaluators", title=("评价器", "Evaluators"),
    about=("满意率、差评、评价器状态", "Satisfaction, bad ratings, state of the evaluators"),
    panels=(
        stat("满意率(30天)", "Satisfaction (30 days)",
             ("近30天评价中非差评的占比，规定为 99%（D05）",
              "Share of ratings that are not bad; the regulation wants 99 % (D05)"),
             f"avg({largest('jiancha_satisfaction_ratio', 'hall')})", unit="percentunit", good_from=0.99, width=6),
        stat("评价器失联", "Evaluators offline", ("已告离线或心跳中断", "That said goodbye or fell silent"),
             total("jiancha_devices_offline", "hall", "kind", select=_in_hall('kind="evaluator"')), bad_from=1,
             width=6),
        stat("差评未结的牌", "Open cards of bad ratings", ("差评的牌，尚未办结", "That nobody has ended"),
             total("jiancha_cards_open", "rule", "level", "hall", select=_in_hall(OF_RATINGS)), bad_from=1, width=6),
        stat("一日评价", "Ratings of a day", ("一日内入库的评价", "Ratings stored in a day"),
             'sum(increase(jiancha_events_total{channel="rating",result="stored"}[1d]))', width=6),
        lines("各大厅满意率", "Satisfaction by hall", ("近30天评价中非差评的占比", "Share of ratings of 30 days"),
              (largest("jiancha_satisfaction_ratio", "hall"), "{{hall}}"), unit="percentunit", good_from=0.99,
              width=12),
        lines("评价每小时", "Ratings an hour", ("收到的评价，按去向", "Ratings by what became of them"),
              ('sum by (result) (increase(jiancha_events_total{channel="rating"}[1h]))', "{{result}}"), width=12),
        lines("差评每日发牌", "Cards of bad ratings a day", ("一日内发出或升级的牌", "Issued or raised in a day"),
              (_issued(OF_RATINGS), "{{rule}} {{level}}"), width=12),
        lines("各大厅评价器失联", "Evaluators offline by hall",
              ("已告离线或心跳中断", "That said goodbye or fell silent"),
              (largest("jiancha_devices_offline", "hall", select=_in_hall('kind="evaluator"')), "{{hall}}"),
              bad_from=1, width=12),
    ),
)  # fmt: skip
DAEMON: Final = Board(
    name="daemon", title=("监察服务", "Daemon"),
    about=("服务自身：就绪、入库、判定、隔离、磁盘", "The daemon itself: readiness, intake, judging, quarantine, disk"),
    halls=False,
    panels=(
        stat("应答的副本", "Replicas that answer", ("Prometheus 采到的副本", "That Prometheus could scrape"),
             'sum(up{job="jiancha"})', good_from=1),
        stat("就绪", "Ready", ("各部分都正常为 1", "1 while every part works"), "min(jiancha_ready)", good_from=1),
        *_known("MQTT 连接", "日历覆盖还剩", "内存", "版本"),
        _seconds("入库延迟 p99", "Ingest lag p99", ("最慢的百分之一", "The slowest hundredth"), f"max({LAG})", 10),
        _seconds("判定一步 p95", "Judging step p95", ("最慢的二十分之一", "The slowest twentieth"), f"max({STEP})", 2),
        stat("待判积压", "Backlog", ("到期而未判的对象", "Subjects due and not judged"),
             "max(jiancha_judge_due_backlog)", bad_from=1000),
        stat("隔离中", "In quarantine", ("未重放也未放弃的消息", "Neither replayed nor dismissed"),
             "max(jiancha_quarantine_events)", bad_from=1),
        stat("磁盘剩余", "Room on the disk", ("数据库文件所在磁盘", "Of the store's file"),
             "min(jiancha_store_free_bytes)", unit="bytes", good_from=2 * 2**30),
        _seconds("采集耗时", "Scrape", ("Prometheus 一次采集", "One scrape by Prometheus"),
                 'max(scrape_duration_seconds{job="jiancha"})', 1),
        lines("各部分就绪", "Parts", ("1 为正常，0 为 /readyz 所列异常", "1 while it works, 0 while /readyz names it"),
              ("min by (part) (jiancha_ready)", "{{part}}"), good_from=1),
        *_known("事件/秒", "隔离与重复", "入库延迟", "判定耗时与积压"),
        lines("判定步数", "Judging steps", ("每秒判定的步数", "Steps a second"),
              ("sum by (instance) (rate(jiancha_judge_seconds_count[$__rate_interval]))", "{{instance}}"), unit="ops"),
        lines("隔离占比", "Share held back",
              ("各通道15分钟内进入隔离的占比", "Of each channel in a quarter of an hour"),
              (REFUSED, "{{channel}}"), unit="percentunit", bad_from=0.05),
        lines("消息去向", "What became of messages", ("每秒消息，按去向", "Messages a second by what became of them"),
              (f"sum by (result) ({EVENTS})", "{{result}}"), unit="reqps"),
        *_known("会话接管"),
        lines("处理器", "Processor", ("占用的核数", "Cores in use"),
              ('sum by (instance) (rate(process_cpu_seconds_total{job="jiancha"}[$__rate_interval]))',
               "{{instance}}")),
        lines("数据库与内存", "Store and memory", ("数据库文件与常驻内存", "The store's file, and resident memory"),
              ("max(jiancha_store_size_bytes)", "数据库 store"),
              ('max by (instance) (process_resident_memory_bytes{job="jiancha"})', "内存 memory {{instance}}"),
              unit="bytes"),
        lines("打开的文件", "Open files", ("进程打开的文件与套接字", "Files and sockets of the process"),
              ('sum by (instance) (process_open_fds{job="jiancha"})', "{{instance}}")),
    ),
)  # fmt: skip
DELIVERY: Final = Board(
    name="delivery", title=("送达", "Delivery"),
    about=("牌是否送到应知者：尝试、失败、等待、死信",
           "Whether those who should know are told: tries, failures, what waits, dead letters"),
    halls=False,
    panels=(
        _seconds("最久等待", "Oldest waiting", ("本应发出而未发出", "That should have gone out"),
                 "max(jiancha_notification_oldest_pending_seconds)", 600),
        stat("一小时送达", "Sent in an hour", ("送达的通知", "Messages that were taken"),
             'sum(increase(jiancha_notifications_total{result="sent"}[1h]))'),
        stat("一小时失败", "Failed in an hour", ("被拒或超时的尝试", "Tries refused or timed out"),
             'sum(increase(jiancha_notifications_total{result=~"refused|timeout"}[1h]))', bad_from=1),
        stat("一日死信", "Dead letters of a day", ("放弃的通知", "Messages given up"),
             'sum(increase(jiancha_notifications_total{result="dead"}[1d]))', bad_from=1),
        stat("一日无人接收", "Told to nobody", ("无路由可达的牌", "Cards that no route leads to anybody"),
             "sum(increase(jiancha_alerts_unrouted_total[1d]))", bad_from=1),
        stat("一小时心跳失败", "Signs of life refused",
             ("送不出的心跳信号，未设则为 0", "Not taken in an hour; 0 without any"),
             'sum(increase(jiancha_deadman_signs_total{result="failed"}[1h])) or vector(0)', bad_from=1),
        *_known("通知结果", "最久未发通知"),
        lines("发送失败占比", "Share of tries that fail", ("各渠道15分钟内", "Of each channel in a quarter of an hour"),
              (FAILED, "{{channel}}"), unit="percentunit", bad_from=0.5),
        lines("应送的牌", "Cards to be told", ("一小时内发出或升级的牌", "Cards issued or raised in an hour"),
              ("sum by (level) (increase(jiancha_cards_issued_total[1h]))", "{{level}}")),
        lines("无人接收", "Told to nobody by level", ("一日内无路由可达的牌", "Cards of a day without a receiver"),
              ("sum by (level) (increase(jiancha_alerts_unrouted_total[1d]))", "{{level}}"), bad_from=1),
    ),
)  # fmt: skip
BOARDS: Final = (HALL_BOARD, TIMELINESS, ATTENDANCE, EVALUATORS, DAEMON, DELIVERY)
