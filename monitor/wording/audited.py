"""What was done (审计), in words: actions and kinds of objects of the audit, (Chinese, English) each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import EVENTS, ROLES, RULES, STATES, Texts

_CARD: Final = {f"card.{name}": (f"牌：{zh}", f"card {en}") for name, (zh, en) in EVENTS.items()}
ACTIONS: Final[Mapping[str, Texts]] = {
    **_CARD,
    "card.issued": ("人工发牌", "issued a card by hand"),
    "user.added": ("添加人员", "added a person"),
    "user.changed": ("变更人员", "changed a person"),
    "user.disabled": ("停用人员", "took a person out of service"),
    "user.erased": ("删除账户个人信息", "erased an account's personal data"),
    "user.invited": ("生成邀请链接", "made an invitation"),
    "user.linked": ("关联统一身份", "linked an identity"),
    "user.unlinked": ("取消统一身份关联", "unlinked an identity"),
    "user.locked": ("账户锁定", "account locked"),
    "user.unlocked": ("解除锁定", "lifted a lock"),
    "user.password": ("设置口令", "set a password"),
    "user.signed_in": ("登录", "signed in"),
    "user.signed_out": ("结束登录", "ended sessions"),
    "token.created": ("签发令牌", "made a token"),
    "token.revoked": ("吊销令牌", "revoked a token"),
    "silence.added": ("新建静默", "added a silence"),
    "silence.ended": ("结束静默", "ended a silence"),
    "alert.test": ("发送测试通知", "sent a test message"),
    "alert.tested": ("测试通知结果", "result of a test message"),
    "audit.verified": ("核验审计", "verified the audit"),
    "device.lost": ("声明设备数据丢失", "declared a device's data lost"),
    "device.revoke": ("停用设备", "took a device out of service"),
    "device.admit": ("登记设备口令", "admitted a device to the broker"),
    "daemon.admit": ("登记服务口令", "admitted the daemon to the broker"),
    "staff.erased": ("删除人员个人信息", "erased personal data of staff"),
    "face.enrolled": ("登记人脸", "enrolled a face"),
    "face.erased": ("删除人脸", "erased a face"),
    "face.opened": ("打开人脸库", "opened the faces"),
    "face.compared": ("比对人脸", "compared a face"),
    "face.verified": ("核对人脸", "verified a face"),
    "face.identified": ("识别人脸", "identified a face"),
    "face.calibrated": ("校准人脸阈值", "calibrated the faces"),
    "face.evidence": ("查看留证图像", "looked at kept evidence"),
    "pin.set": ("设置签到密码", "set a PIN"),
    "pin.cleared": ("清除签到密码", "cleared a PIN"),
    "kiosk.attempt": ("签到终端尝试", "attempt at a kiosk"),
    "spot.drawn": ("抽取抽查窗口", "drew spot checks"),
    "spot.ordered": ("下达抽查", "ordered a spot check"),
    "rating_link.created": ("制作评价链接", "made a rating link"),
    "quarantine.released": ("重放隔离数据", "replayed held data"),
    "quarantine.dismissed": ("放弃隔离数据", "dismissed held data"),
    "calendar.change": ("变更日历", "changed a calendar"),
    "calendar.paper": ("导入放假通知", "imported a notice of holidays"),
    "store.restore": ("恢复备份", "restored a backup"),
}
FAMILIES: Final[Mapping[str, Texts]] = {
    "card": ("牌", "cards"),
    "user": ("人员与登录", "people and sign-in"),
    "token": ("令牌", "tokens"),
    "silence": ("静默", "silences"),
    "alert": ("测试通知", "test messages"),
    "device": ("设备", "devices"),
    "quarantine": ("隔离", "quarantine"),
    "registry": ("台账", "registry"),
    "plans": ("报备", "plans"),
    "face": ("人脸", "faces"),
    "pin": ("签到密码", "PINs"),
    "kiosk": ("签到终端", "kiosks"),
    "spot": ("抽查", "spot checks"),
    "rating_link": ("评价链接", "rating links"),
    "month": ("考勤关账", "months of attendance"),
    "calendar": ("日历", "calendars"),
    "policy": ("策略", "policy"),
    "request": ("申请", "requests"),
    "requests": ("申请", "requests"),
    "notice": ("公告", "notices"),
    "checkin": ("签到", "check-ins"),
    "doubt": ("疑似签到", "check-ins in doubt"),
    "post": ("在岗", "posts"),
    "screen": ("电子显示屏", "public screens"),
    "staff": ("人员", "staff"),
    "daemon": ("服务", "the service"),
    "retention": ("清理到期内容", "retention"),
    "audit": ("审计", "audit"),
    "store": ("数据库", "store"),
}
"""What begins with `NAME.`; for actions without words of their own, and as a filter."""
CHANGES: Final[Mapping[str, Texts]] = {
    "add": ("新增", "added"),
    "change": ("变更", "changed"),
    "remove": ("删除", "removed"),
}
FIELDS: Final[Mapping[str, Texts]] = {
    "from": ("原状态", "from"),
    "to": ("现状态", "to"),
    "role": ("角色", "role"),
    "rule": ("规则", "rule"),
    "subject": ("对象", "subject"),
    "halls": ("大厅", "halls"),
    "units": ("单位", "units"),
    "windows": ("窗口", "windows"),
    "staff": ("人员", "staff"),
    "devices": ("设备", "devices"),
    "scopes": ("权限", "scopes"),
    "session": ("登录号", "session"),
    "sessions": ("登录数", "sessions"),
    "sessions_ended": ("结束的登录", "sessions ended"),
    "by": ("方式", "by"),
    "expires": ("到期", "expires"),
    "issuer": ("提供方", "provider"),
    "failures": ("错误次数", "failures"),
    "minutes": ("分钟", "minutes"),
    "matchers": ("条件", "conditions"),
    "starts": ("开始", "from"),
    "ends": ("结束", "until"),
    "result": ("结果", "result"),
    "channel": ("通道", "channel"),
    "ok": ("相符", "holds"),
    "rows": ("行数", "rows"),
    "sealed": ("已封", "sealed"),
    "faults": ("不符", "faults"),
    "head": ("首部", "head"),
}
KINDS: Final[Mapping[str, Texts]] = {
    "card": ("牌", "card"),
    "user": ("账户", "account"),
    "token": ("令牌", "token"),
    "silence": ("静默", "silence"),
    "receiver": ("收件方", "receiver"),
    "device": ("设备", "device"),
    "staff": ("人员", "person"),
    "hall": ("大厅", "hall"),
    "unit": ("单位", "unit"),
    "window": ("窗口", "window"),
    "month": ("月份", "month"),
    "spot_check": ("抽查", "spot check"),
    "quarantine": ("隔离", "quarantine"),
    "rating_link": ("评价链接", "rating link"),
    "store": ("数据库", "store"),
    "audit": ("审计", "audit"),
    "calendar": ("日历", "calendar"),
    "calendar_day": ("放假通知", "notice of holidays"),
    "leave": ("请假", "leave"),
    "post": ("岗位", "post"),
    "item": ("事项", "matter"),
    "rota": ("值班", "rota"),
}
VALUES: Final[Mapping[str, Mapping[str, Texts]]] = {"from": STATES, "to": STATES, "role": ROLES, "rule": RULES}
"""Fields whose values have words."""


def action_texts(action: str) -> Texts:
    """An action in words; one that has none of its own by its family and what was done: 台账：新增."""
    known = ACTIONS.get(action)
    if known is not None:
        return known
    family, _, done = action.partition(".")
    name = FAMILIES.get(family, ("其他", "other"))
    change = CHANGES.get(done)
    return (f"{name[0]}：{change[0]}", f"{name[1]}: {change[1]}") if change is not None else name
