"""What a kiosk (签到终端) says, and why a PIN will not do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

KIOSK: Final[Mapping[str, Texts]] = {
    "pin.digits": ("密码只能是数字。", "A PIN has digits only."),
    "pin.length": ("密码须为 {least}–{most} 位数字。", "A PIN has {least} to {most} digits."),
    "pin.trivial": (
        "密码过于简单（连号、重复或与工号相同），请换一个。",
        "The PIN is too simple (a run, a repetition, or the staff number): choose another.",
    ),
    "pin.wrong": (
        "工号或密码不对，或尚未设密码；还可再试 {left} 次。",
        "The number or the PIN is wrong, or none is set; {left} more tries.",
    ),
    "pin.locked": (
        "密码连错多次，{until:clock} 前不能再试；请找值班监察员。",
        "Too many wrong PINs: try again after {until:clock}, or ask the supervisor on duty.",
    ),
    "pin.too_many": (
        "本机试密码过于频繁，{until:clock} 后再试。",
        "Too many PINs on this kiosk: try again after {until:clock}.",
    ),
    "kiosk.device": (
        "此令牌所属设备不是在用的签到终端，请管理员核对台账。",
        "The token's device is no terminal in service: ask the administrator to look at the registry.",
    ),
    "kiosk.staff": (
        "此工号不能在本机签到：请核对工号，或找值班监察员。",
        "This staff number cannot check in here: look at the number, or ask the supervisor on duty.",
    ),
    "kiosk.many_off": ("本厅须先输入工号。", "This hall asks for the staff number first."),
    "kiosk.no_faces": ("本机现在不能刷脸，请用密码签到。", "The face cannot be used here now: use the PIN."),
    "kiosk.full": ("同时签到的人过多，请稍候。", "Too many people check in at once: wait a moment."),
    "kiosk.gone": ("本次签到已过时，请重新开始。", "This check-in has run out of time: begin again."),
    "kiosk.other": ("此编号已用于另一次签到。", "This id belongs to another check-in."),
    "kiosk.not_done": ("尚未识别完成，不能确认。", "The face is not recognised yet: nothing to confirm."),
    "kiosk.unnamed": ("未能确认是谁，请输入工号和密码。", "It is not sure who this is: use staff number and PIN."),
    "kiosk.time": ("时间 {at} 不在本次签到之内。", "The time {at} lies outside this check-in."),
    "kiosk.refused": ("签到未被接收：{detail}", "The check-in was not taken: {detail}"),
    "kiosk.frame": ("收到的不是可用的图片：{detail}", "That is no picture that can be used: {detail}"),
    "kiosk.body": ("请求内容不对：{detail}", "The request is not what is wanted here: {detail}"),
    "kiosk.actions": (
        "动作须为 {known} 中不重复的一至数项，且不以 closer 开始。",
        "The actions are one or more of {known}, none twice, closer never first.",
    ),
    "kiosk.done": ("签到成功。", "Checked in."),
    "kiosk.review": ("已记录，待人工复核。", "Recorded, for review by a person."),
    "kiosk.kept_refused": ("未能识别，未记为签到。", "Not recognised: no check-in was recorded."),
    "kiosk.busy": ("请稍候……", "One moment …"),
}
