"""What is wrong with a photograph that is to be enrolled (人脸登记照片), and what a camera tells (人脸签到)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

FACES: Final[Mapping[str, Texts]] = {
    "face.small": (
        "人脸太小（宽 {found} 像素，至少 {limit}），请靠近再拍。",
        "The face is too small ({found} pixels wide, at least {limit}): come closer.",
    ),
    "face.blurred": (
        "照片模糊（清晰度 {found}，至少 {limit}），请拿稳并擦净镜头。",
        "The picture is blurred (sharpness {found}, at least {limit}): hold still, wipe the lens.",
    ),
    "face.turned": (
        "脸转向一侧（{found}，至多 {limit}），请正对镜头。",
        "The face is turned aside ({found}, at most {limit}): look into the camera.",
    ),
    "face.tilted": (
        "头歪了 {found} 度（至多 {limit}），请摆正。",
        "The head is tilted by {found} degrees (at most {limit}): hold it upright.",
    ),
    "face.dark": (
        "光线太暗（亮度 {found}，至少 {limit}），请到亮处。",
        "Too dark (brightness {found}, at least {limit}): go where there is light.",
    ),
    "face.bright": (
        "光线太亮（亮度 {found}，至多 {limit}），请避开强光。",
        "Too bright (brightness {found}, at most {limit}): leave the glare.",
    ),
    "face.flat": (
        "反差不足（{found}，至少 {limit}），请避开逆光和雾气。",
        "Too little contrast ({found}, at least {limit}): not against the light.",
    ),
    "face.none": ("没有找到人脸。", "There is no face in it."),
    "face.several": ("有 {found} 张人脸，应只有本人。", "There are {found} faces in it: it must be one person alone."),
    "face.same_picture": ("与 {other} 是同一张照片。", "It is the same picture as {other}."),
    "face.differs": (
        "与 {other} 不像同一人（距离 {found}，至多 {limit}）。",
        "It does not look like the person in {other} (distance {found}, at most {limit}).",
    ),
    "face.taken": (
        "与已登记的 {other} 过近（距离 {found}，通过线 {limit}），无法仅凭人脸区分；请核对人员，或改用刷卡、密码。",
        "Too near to {other}, who is enrolled (distance {found}, accepted up to {limit}): the face alone cannot tell "
        "them apart; check who it is, or use card or PIN.",
    ),
    "face.look": ("请正对镜头。", "Look into the camera."),
    "face.nobody": ("没有看到人脸，请正对镜头。", "No face is seen: look into the camera."),
    "face.hold": ("请保持不动。", "Hold still."),
    "face.not_enrolled": (
        "没有登记人脸，请用密码或刷卡签到。",
        "No face is enrolled: use PIN or card.",
    ),
    "face.act.turn_left": (
        "请慢慢向您的左边转头，再转回来。",
        "Turn your head slowly to your left, then back.",
    ),
    "face.act.turn_right": (
        "请慢慢向您的右边转头，再转回来。",
        "Turn your head slowly to your right, then back.",
    ),
    "face.act.blink": ("请闭眼一秒，再睁开。", "Close your eyes for a second, then open them."),
    "face.act.closer": ("请靠近一些。", "Come a little closer."),
    "face.straight": ("请正对镜头，保持不动。", "Look straight into the camera and hold still."),
    "face.accepted": ("识别通过。", "Recognised."),
    "face.review": (
        "不能确定是本人，请再用密码或刷卡确认。",
        "It is not certain who this is: confirm by PIN or card.",
    ),
    "face.unknown": ("没有认出，请用密码或刷卡签到。", "Not recognised: use PIN or card."),
    "face.timed_out": (
        "{limit} 秒内没有看清人脸，请重试，或用密码、刷卡签到。",
        "No face was seen well within {limit} seconds: try again, or use PIN or card.",
    ),
    "face.challenge_failed": (
        "没有看到所要求的动作，本次签到转人工复核。",
        "The movement asked for was not seen: a person will look at this check-in.",
    ),
    "face.end_unseen": (
        "动作之后没有再认出本人，本次签到转人工复核。",
        "After the movement the face was not recognised again: a person will look at this check-in.",
    ),
    "face.other_face": (
        "动作前后不像同一人，本次签到转人工复核。",
        "Before and after the movement it does not look like one person: a person will look at this check-in.",
    ),
    "face.jumped": (
        "画面中的人脸突然变动，本次签到转人工复核。",
        "The face in the picture moved abruptly: a person will look at this check-in.",
    ),
}
