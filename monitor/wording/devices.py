"""Devices and quarantine in words: how a device is and what that means, what was held back and how it is mended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

STATES: Final[Mapping[str, Texts]] = {
    "online": ("在线", "online"),
    "silent": ("失联", "silent"),
    "offline": ("离线", "offline"),
    "unheard": ("暂不可知", "not known now"),
    "never": ("从未接入", "never heard"),
    "events": ("不发心跳", "sends no heartbeats"),
    "revoked": ("已停用", "revoked"),
}
KINDS: Final[Mapping[str, Texts]] = {
    "evaluator": ("评价器", "evaluator"),
    "terminal": ("考勤终端", "terminal"),
    "camera": ("摄像机", "camera"),
    "cases": ("办件系统", "case system"),
    "gateway": ("网关", "gateway"),
}
CHANNELS: Final[Mapping[str, Texts]] = {
    "status": ("状态", "status"),
    "heartbeat": ("心跳", "heartbeat"),
    "rating": ("评价", "rating"),
    "duty": ("上岗登记", "duty"),
    "presence": ("在岗画面", "presence"),
    "checkin": ("签到", "check-in"),
    "case": ("办件", "case"),
    "task": ("交办", "task"),
}
UNJUDGED: Final[Mapping[str, Texts]] = {
    "camera": (
        "窗口是否有人无法判定，不会据此记缺岗",
        "whether anybody is at the window is not known, and no empty window is charged on that",
    ),
    "terminal": (
        "是否签到无法判定，不会据此记缺勤",
        "whether somebody checked in is not known, and no absence is charged on that",
    ),
    "evaluator": (
        "评价和上岗登记可能未送达，不会据此记缺岗",
        "ratings and duty may be on their way, and no empty window is charged on that",
    ),
    "cases": (
        "办件进展可能未送达，此后到期的办件不会据此记超期",
        "what was done on cases may be on its way, and no case is charged as overdue on that",
    ),
    "gateway": (
        "其转发的数据可能未送达，不会据此记违规",
        "what it passes on may be on its way, and nothing is charged on that",
    ),
}
"""What is not judged while a device of the kind is silent (DESIGN §1C: no absence from the silence of a device)."""
EXPLAINED: Final[Mapping[str, Texts]] = {
    "online": (
        "最近一次心跳在 {beat}，在约定的间隔之内。",
        "Its last heartbeat came at {beat}, within the interval agreed.",
    ),
    "silent": ("自 {since} 起未收到心跳；此后{unjudged}。", "No heartbeat since {since}; from then on {unjudged}."),
    "offline": (
        "{since} 起离线（服务器代发的下线通知）；此后{unjudged}。",
        "Offline since {since}, as its last will says; from then on {unjudged}.",
    ),
    "unheard": (
        "本系统与消息服务器的连接中断或刚恢复：设备未发声不说明任何问题；在此期间{unjudged}。",
        "This system's own connection to the broker is, or just was, down: the silence says nothing about the device; "
        "meanwhile {unjudged}.",
    ),
    "never": (
        "{since} 登记以来从未收到心跳：可能尚未安装、编号或口令不符；{unjudged}。",
        "In the registry since {since} and never heard: not installed yet, or its id or password is wrong; {unjudged}.",
    ),
    "events": (
        "台账登记为不发心跳（watermark = events）：数据判定到其最近一条事件为止。",
        "The registry says that it sends no heartbeats (watermark = events): judged up to its newest event.",
    ),
    "revoked": (
        "{since} 起停用：此后发来的数据一律隔离，不再据其判定。",
        "Out of service since {since}: what it still sends goes to quarantine, nothing is judged on it.",
    ),
}

MEANT: Final[Mapping[str, tuple[Texts, Texts]]] = {
    "malformed": (
        (
            "内容不符合接口约定：不是 JSON、缺字段或类型不对。",
            "It is no JSON, lacks a field or has one of a wrong type.",
        ),
        (
            "请设备厂商按接口文档改正；经适配器接入的，改好适配器后可重放。",
            "Have its maker mend it by the interface's documentation; where an adapter is mended, replay takes it in.",
        ),
    ),
    "unknown_channel": (
        ("主题中的通道不存在，或没有适配器认得此主题。", "Its topic names no channel, or no adapter knows the topic."),
        (
            "核对设备的主题设置；启用相应适配器后可重放。",
            "Check the topic in the device; enable the adapter, then replay.",
        ),
    ),
    "unknown_device": (
        ("发送者不在台账中，或已停用。", "The sender is not in the registry, or was revoked."),
        (
            "确认是本单位设备后登入台账（jiancha registry import）再重放；否则不再处理。",
            "If it is one of yours, add it to the registry (jiancha registry import) and replay; else dismiss it.",
        ),
    ),
    "unknown_ref": (
        (
            "引用的窗口、人员、事项或单位不在台账中。",
            "It names a window, person, item or unit that the registry lacks.",
        ),
        (
            "在台账中补登后重放，数据按原收到时间入库。",
            "Add it to the registry and replay: it keeps its time of receipt.",
        ),
    ),
    "not_allowed": (
        (
            "该设备的类别或登记的通道不允许发此类数据，或所述窗口、人员属于其他大厅。",
            "The device's kind or its channels do not allow such data, or its window or person is of another hall.",
        ),
        (
            "核对台账中该设备的类别、通道和所属大厅，改正后重放。",
            "Check its kind, channels and hall in the registry, mend them and replay.",
        ),
    ),
    "future": (
        ("数据的时间晚于收到的时间：设备时钟快了。", "Its time lies after its receipt: the device's clock is fast."),
        (
            "校准设备时钟。其后的心跳会显明偏差，重放时按偏差订正。",
            "Set the clock right. Later heartbeats show by how much it was wrong: a replay corrects by that.",
        ),
    ),
    "retained": (
        (
            "以保留方式发布：服务器会反复送达，不能当作新事件。",
            "Published as retained: the broker delivers it again and again.",
        ),
        (
            "关闭设备的保留（retain）设置；核实是真实事件后可重放。",
            "Switch retain off in the device; if it is a real event, a replay takes it in.",
        ),
    ),
    "too_large": (
        ("超过一条消息的大小上限，内容未保留。", "Larger than a message may be; its content was not kept."),
        ("请厂商缩小内容后重发；此行不再处理。", "Have its maker send less; dismiss this row."),
    ),
    "conflict": (
        (
            "编号与已入库的事件相同，内容不同：先到的有效。",
            "An event of this id is stored and says something else: that stands.",
        ),
        (
            "核对两条内容；多为设备重复使用编号，请厂商改正，此行不再处理。",
            "Compare both; mostly a device uses an id twice: have its maker mend that, and dismiss this row.",
        ),
    ),
}
"""Reason of quarantine → (what it means, how to mend it)."""
ROW_STATES: Final[Mapping[str, Texts]] = {
    "open": ("待处理", "open"),
    "replayed": ("已入库", "taken in"),
    "dismissed": ("不再处理", "dismissed"),
}
WHY_NOT: Final[Mapping[str, Texts]] = {
    "not_kept": (
        "内容未保留，无法重放：请设备重发，此行不再处理",
        "its content was not kept, so it cannot be replayed: have it sent again and dismiss this row",
    ),
    "import_again": (
        "来自导入的文件：改正后重新导入该文件，此行不再处理",
        "it came in a file: mend the cause, import the file again and dismiss this row",
    ),
}
