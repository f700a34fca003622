"""What is wrong with a photograph that is to be enrolled (人脸登记照片)."""

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
}
