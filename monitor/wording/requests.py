"""The words of requests (申请): kinds, states, what happened to one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

KINDS: Final[Mapping[str, Texts]] = {
    "leave": ("请假", "leave"),
    "trip": ("出差", "business trip"),
    "lieu": ("调休", "time in lieu"),
    "outing": ("外出", "outing"),
    "cover": ("顶岗", "cover"),
    "correction": ("补签", "correction"),
    "return": ("销假", "return from leave"),
}
CANCELLED: Final[Texts] = ("撤销请假", "leave cancelled")
"""A return from leave at its very beginning."""
STATES: Final[Mapping[str, Texts]] = {
    "pending": ("待批", "undecided"),
    "approved": ("已批准", "approved"),
    "refused": ("未批准", "refused"),
    "withdrawn": ("已撤回", "withdrawn"),
}
EVENTS: Final[Mapping[str, Texts]] = {
    "filed": ("提交", "filed"),
    "approved": ("同意", "agreed"),
    "refused": ("不同意", "refused"),
    "withdrawn": ("撤回", "withdrawn"),
}
