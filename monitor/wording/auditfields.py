"""The particulars of the audit's rows (审计内容), in words: fields of a body and what stands in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording import notices, plans, policykeys, posts, registry, requests
from monitor.wording.words import LEVELS, ROLES, RULES, STATES, Texts

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
    "kind": ("类别", "kind"),
    "until": ("此日起失效", "holds no more from"),
    "filters": ("筛选", "filters"),
    "receiver": ("收件方", "receiver"),
    "cards": ("牌", "cards"),
    "hall": ("大厅", "hall"),
    "unit": ("单位", "unit"),
    "window": ("窗口", "window"),
    "device": ("设备", "device"),
    "event": ("事件", "event"),
    "reason": ("原因", "cause"),
    "level": ("级别", "level"),
    "substitute": ("顶岗人员", "who covers"),
    "about": ("所销假期", "leave that ends"),
    "chain": ("审批流程", "who decides"),
    "steps": ("审批", "decided as"),
    "plans": ("写入报备", "plans written"),
    "people": ("人数", "people"),
    "seen_at": ("查看时间", "seen at"),
    "draw": ("抽取编号", "draw"),
    "seed": ("种子", "seed"),
    "seed_given": ("人工指定种子", "seed given by hand"),
    "count": ("数量", "count"),
    "named": ("指定窗口", "named"),
    "candidates": ("备选窗口", "candidates"),
    "unknown": ("其中无法判定", "unknown ones"),
    "drawn": ("抽出窗口", "drawn"),
    "checks": ("抽查编号", "checks"),
    "cause": ("由来", "cause"),
    "version": ("版本", "version"),
    "source": ("来源", "source"),
    "base": ("前一版次", "version before"),
    "month": ("月份", "month"),
    "format": ("格式", "format"),
    "digest": ("摘要", "digest"),
    "corrections": ("更正", "corrections"),
    "state": ("状态", "state"),
    "token": ("令牌号", "token"),
    "card": ("牌号", "card"),
    "reference": ("文号", "reference"),
    "first": ("起始日", "first day"),
    "last": ("截止日", "last day"),
    "number": ("编号", "number"),
    "decision": ("结论", "decision"),
    "consent": ("同意书编号", "consent"),
    "consented_at": ("签署时间", "signed at"),
    "paper": ("纸质同意书", "paper"),
    "notice": ("告知书摘要", "digest of the notice"),
    "photos": ("照片数", "photographs"),
    "model": ("模型", "model"),
    "way": ("方式", "way"),
    "id": ("编号", "id"),
    "approved_at": ("批准时间", "approved at"),
    "filed_at": ("提交时间", "filed at"),
    "approver": ("批准人", "approver"),
    "date": ("日期", "date"),
    "slot": ("时段", "slot"),
    "name": ("名称", "name"),
    "before": ("变更前", "before"),
    "changed": ("变更", "changed"),
}
SPAN: Final = {"from": "starts", "to": "ends"}
"""Where `from` and `to` are instants, not states: the fields that they are called as."""
NAMED: Final[Mapping[str, str]] = {
    "hall": "hall", "halls": "hall", "unit": "unit", "units": "unit", "window": "window", "windows": "window",
    "named": "window", "candidates": "window", "unknown": "window", "drawn": "window",
}  # fmt: skip
"""Fields that hold ids of places, and of which sort."""
VALUES: Final[Mapping[str, Mapping[str, Texts]]] = {
    "from": STATES, "to": STATES, "role": ROLES, "rule": RULES, "level": LEVELS, "chain": ROLES, "steps": ROLES,
}  # fmt: skip
"""Fields whose values have words."""
OF_FAMILY: Final[Mapping[str, Mapping[str, Mapping[str, Texts]]]] = {
    "request": {"from": requests.STATES, "to": requests.STATES, "kind": requests.KINDS},
    "notice": {"kind": notices.KINDS},
    "spot": {"result": posts.SPOT_RESULTS, "cause": posts.SPOT_CAUSES},
    "policy": {"source": policykeys.SOURCES},
    "registry": {"kind": {**registry.VALUES["devices.kind"], **registry.VALUES["items.kind"]}, **registry.VALUES},
}
"""By the family of the action (what stands before its dot): words that hold for its rows alone."""
COLUMNS: Final[Mapping[str, Mapping[str, Texts]]] = {"registry": registry.COLUMNS, "plans": plans.COLUMNS}
"""What the columns of `values` are called, by the family of the action."""


def field_texts(family: str, name: str) -> Texts | None:
    return COLUMNS.get(family, {}).get(name) or FIELDS.get(name)


def value_texts(family: str, name: str, value: str) -> Texts | None:
    return OF_FAMILY.get(family, {}).get(name, VALUES.get(name, {})).get(value)
