"""Roles × scope × action → allowed, or a refusal that says why. Pure: the store says who somebody is.

A role fixes the actions and how far they reach; a principal says which halls, units, windows or devices are theirs.
API, console and command line ask the same `refusal` (DESIGN §2, §7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from monitor.model import Reason

Reach: TypeAlias = Literal["all", "hall", "unit", "window", "own", "device"]

ACTIONS: Final[Mapping[str, str]] = {
    "events:write": "send events (上报事件)",
    "plans:write": "import leave, substitutes, outings, rota and closures (报备)",
    "cards:read": "read cards and what explains them (查看牌)",
    "cards:acknowledge": "acknowledge a card (签收)",
    "cards:answer": "answer a card (回复)",
    "cards:close": "close a card (办结)",
    "cards:order": "order a supervision, send an answer back (督办、退回重报)",
    "cards:attribute": "confirm who answers for a card (责任认定)",
    "cards:follow": "verify a bad rating and call back (差评核实、回访)",
    "cards:issue": "issue a card by hand (人工发牌)",
    "cards:appeal": "appeal against a card (申诉)",
    "cases:read": "read cases, deadlines and statistics (查看办件与统计)",
    "ratings:read": "read ratings and satisfaction (查看评价与满意度)",
    "ratings:collect": "make links and touch screens by which citizens rate (评价链接、触摸屏)",
    "rating": "take one citizen's rating after the other as a touch screen's page (触摸屏评价)",
    "devices:read": "read the health of devices and what is held in quarantine (查看设备与隔离)",
    "devices:lose": "declare a device's data of a span lost (数据丢失声明)",
    "quarantine:write": "replay or dismiss what is held in quarantine (隔离重放、放弃)",
    "posts:check": "order spot checks and record what they found (抽查)",
    "alerts:silence": "silence alerts for a time (静默告警)",
    "cards:review": "decide an appeal, withdraw a card (复核、撤牌)",
    "attendance:read": "read attendance, check-ins and posts (查看考勤与在岗)",
    "requests:file": "file requests: leave, cover, outings, corrections (提交申请)",
    "requests:decide": "approve or refuse requests (审批申请)",
    "attendance:close": "sign a month of attendance off, correct it afterwards (签核关账、更正)",
    "scores:read": "read ledgers, scores, grades and reports of assessment (查看考评)",
    "scores:mark": "enter deductions and bonuses, patrols and talks (考评登记)",
    "scores:confirm": "confirm or reject what is proposed (查实确认)",
    "scores:close": "sign a period of assessment off (考评结账)",
    "scores:book": "change a hall's rule book (考评细则)",
    "scores:self": "hand in a window's self-assessment (自评)",
    "scores:appeal": "ask for a review of an assessment (申请复核)",
    "scores:review": "decide a review of an assessment (复核考评)",
    "faces:gallery": "fetch the vectors of the people whom a terminal serves (取人脸比对库)",
    "faces:write": "enrol, compare and forget faces (人脸登记、比对、删除)",
    "faces:review": "decide check-ins in doubt (疑似签到复核)",
    "pins:write": "set and clear PINs of staff (签到密码)",
    "kiosk": "take check-ins as a kiosk's page (签到终端)",
    "audit:read": "read the audit trail (审计)",
    "people:write": "change people, roles and tokens (人员与令牌)",
    "settings:read": "read settings: policy, calendars, routes (查看设置)",
    "alerts:test": "send a test message to receivers (测试通知)",
    "notices:write": "write notices for the public screen (拟写公告)",
    "notices:release": "release notices to the public screen (发布公告)",
    "operations:read": "read how the daemon and its deliveries do (查看运行)",
    "screen": "show the public screen (电子显示屏)",
    "settings:write": "change settings, the registry and devices (设置)",
}
"""Every action by name, with what it lets one do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """What a role may do, and the reach that its target must lie in."""

    actions: frozenset[str]
    reach: Reach


def _role(reach: Reach, *actions: str) -> Role:
    unknown = set(actions) - ACTIONS.keys()
    if unknown:
        raise ValueError(f"no such action: {', '.join(sorted(unknown))}")
    return Role(actions=frozenset(actions), reach=reach)


_READING: Final = ("cards:read", "cases:read", "ratings:read", "attendance:read", "scores:read")
_ANSWERING: Final = (*_READING, "cards:acknowledge", "cards:answer", "cards:appeal", "requests:file", "scores:appeal")
_LEADING: Final = (*_ANSWERING, "requests:decide", "scores:self")
_SUPERVISING: Final = (
    *_READING,
    "ratings:collect",
    "devices:read",
    "devices:lose",
    "quarantine:write",
    "cards:acknowledge",
    "cards:close",
    "cards:order",
    "cards:attribute",
    "cards:follow",
    "cards:issue",
    "plans:write",
    "posts:check",
    "alerts:silence",
    "faces:review",
    "settings:read",
    "notices:write",
    "operations:read",
    "audit:read",
    "scores:mark",
    "scores:confirm",
)
_OF_PEOPLE: Final = ("attendance:close", "requests:file", "requests:decide", "faces:write", "pins:write")
"""What the head of supervision and the personnel office share."""

LOCAL: Final = "local"
"""The command line without `--as`: whoever may read the store's file or password may do all that it holds."""

ROLES: Final[Mapping[str, Role]] = {
    "duty_supervisor": _role("hall", *_SUPERVISING),
    "supervision_head": _role(
        "hall",
        *_SUPERVISING,
        *_OF_PEOPLE,
        "cards:review",
        "alerts:test",
        "notices:release",
        "scores:close",
        "scores:book",
        "scores:review",
    ),  # fmt: skip
    "personnel": _role("hall", *_READING, *_OF_PEOPLE, "plans:write", "faces:review", "settings:read"),
    "unit_head": _role("unit", *_LEADING),
    "window_lead": _role("window", *_LEADING),
    "staff": _role("own", *_ANSWERING),
    "auditor": _role("all", *_READING, "devices:read", "settings:read", "operations:read", "audit:read"),
    "administrator": _role(
        "all",
        "people:write",
        "settings:read",
        "settings:write",
        "alerts:test",
        "operations:read",
        "devices:read",
        "devices:lose",
        "quarantine:write",
    ),  # fmt: skip
    "device_token": _role("device", "events:write", "kiosk", "faces:gallery", "rating", "screen"),
    "operator": _role("hall", "events:write", "plans:write", *_READING, "ratings:collect", "devices:read"),
    LOCAL: _role("all", *ACTIONS),
}
"""值班监察员, 监察负责人, 人事, 单位负责人, 窗口负责人, 工作人员, 审计员, 管理员; a device's token; a hall's; 本机."""

PERSONS: Final = tuple(name for name in ROLES if name not in ("device_token", "operator", LOCAL))
"""The roles that a person can be given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """Who asks: `id` for the record, a role, and what is theirs. `staff` is their own id in the registry, if any."""

    id: str
    role: str
    halls: frozenset[str] = field(default_factory=frozenset)
    units: frozenset[str] = field(default_factory=frozenset)
    windows: frozenset[str] = field(default_factory=frozenset)
    devices: frozenset[str] = field(default_factory=frozenset)
    staff: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where the thing acted on lies. What is not known stays None and lies in nobody's narrower reach."""

    hall: str | None = None
    unit: str | None = None
    window: str | None = None
    staff: str | None = None
    device: str | None = None


def refusal(who: Principal, action: str, target: Target | None = None) -> Reason | None:
    """Why `who` may not do `action` to `target`; None when they may. The reason is rendered by `wording`.

    Without a target only the role is asked: a listing then shows what `covers` lets through.
    ValueError for an action that does not exist: that is a fault of the caller, not of the person.
    """
    if action not in ACTIONS:
        raise ValueError(f"no such action: {action}")
    role = ROLES.get(who.role)
    if role is None:
        return Reason(code="access.unknown_role", figures={"role": who.role})
    if action not in role.actions:
        may = sorted(name for name, other in ROLES.items() if action in other.actions)
        return Reason(code="access.not_in_role", figures={"role": who.role, "action": action, "roles": may})
    if target is not None and not covers(who, target):
        place, _ = _sides(who, target)[role.reach]
        figures = {"role": who.role, "action": action, "reach": role.reach}
        return Reason(code="access.out_of_reach", figures=figures | ({"target": place} if place else {}))
    return None


def covers(who: Principal, target: Target) -> bool:
    """Whether the target lies within what is theirs, whatever the action; False for an unknown role."""
    role = ROLES.get(who.role)
    if role is None:
        return False
    if role.reach == "all":
        return True
    place, theirs = _sides(who, target)[role.reach]
    return place in theirs


def reaches_all(who: Principal) -> bool:
    """Whether the role's reach has no bounds."""
    role = ROLES.get(who.role)
    return role is not None and role.reach == "all"


def _sides(who: Principal, target: Target) -> Mapping[str, tuple[str | None, frozenset[str]]]:
    """For each narrower reach where the target lies, and what the principal has."""
    return {
        "hall": (target.hall, who.halls),
        "unit": (target.unit, who.units),
        "window": (target.window, who.windows),
        "device": (target.device, who.devices),
        "own": (target.staff, frozenset([who.staff] if who.staff else [])),
    }
