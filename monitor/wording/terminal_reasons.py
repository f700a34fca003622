"""What a terminal tells the person before it (终端提示), beside the texts of an attempt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

_ELSE_ZH: Final = "暂时不能刷脸，请用其他方式签到。"
_ELSE_EN: Final = "No check-in by face for now: use another way."

TERMINAL: Final[Mapping[str, Texts]] = {
    "terminal.idle": ("请正对镜头签到。", "Look into the camera to check in."),
    "terminal.idle_card": ("请先刷卡，再正对镜头。", "Card first, then look into the camera."),
    "terminal.accepted": ("{staff} 签到成功。", "{staff} has checked in."),
    "terminal.already": ("{staff} 刚刚已签到。", "{staff} has just checked in."),
    "terminal.not_kept": (
        "签到未能保存，请用其他方式签到，并告知管理员。",
        "The check-in could not be kept: use another way, and tell the administrator.",
    ),
    "terminal.number": (
        "工号 {staff} 在本终端没有登记人脸，请用其他方式签到。",
        "{staff} has no face enrolled at this terminal: use another way.",
    ),
    "terminal.taking": (
        "自动采集 {wanted} 张：请正对镜头，缓慢左右转头。",
        "{wanted} pictures are taken by themselves: look into the camera and turn your head slowly a little.",
    ),
    "terminal.taken": ("已采集 {n}/{wanted} 张。", "{n} of {wanted} taken."),
    "terminal.alike": (
        "与已采集的太相似，请稍微转头或靠近。",
        "Too much like one that was taken: turn a little, or come closer.",
    ),
    "terminal.another": (
        "与已采集的不像同一人（距离 {found}），镜头前只应有本人。",
        "It does not look like the person of those taken (distance {found}): nobody else before the camera.",
    ),
    "terminal.blind.gallery": (f"尚未取得人脸库。{_ELSE_ZH}", f"There is no gallery yet. {_ELSE_EN}"),
    "terminal.blind.model": (f"人脸库与本机模型不符。{_ELSE_ZH}", f"The gallery is of another model. {_ELSE_EN}"),
    "terminal.blind.encoder": (f"识别程序未就绪。{_ELSE_ZH}", f"The encoder is not ready. {_ELSE_EN}"),
    "terminal.blind.picture": (f"摄像头没有画面。{_ELSE_ZH}", f"The camera gives no picture. {_ELSE_EN}"),
    "terminal.blind.dark": (f"画面太暗。{_ELSE_ZH}", f"The picture is dark. {_ELSE_EN}"),
    "terminal.blind.covered": (f"镜头被遮挡。{_ELSE_ZH}", f"The lens is covered. {_ELSE_EN}"),
    "terminal.blind.frozen": (f"画面停住。{_ELSE_ZH}", f"The picture stands still. {_ELSE_EN}"),
}
