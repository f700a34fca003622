"""The kiosk that a token names, whom it serves, and its words where it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from monitor.model import Reason, Registry
from monitor.store.facts.slots import terminals_of
from monitor.supervision.refused import Refused, Sort
from monitor.wording import render

OBJECT: Final = "device"
"""What audit rows of a kiosk are about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """The kiosk that a token names: its device, its hall, whose token it is (for the audit)."""

    device: str
    hall: str
    hall_name: str
    zone: str
    actor: str


def serves(registry: Registry, device: str, staff: str) -> bool:
    """Whether the person checks in at that terminal (`devices.serves`, DESIGN §1C)."""
    return device in terminals_of(registry, staff)


def refused(code: str, *, sort: Sort, field: str | None = None, zone: str = "Asia/Shanghai", **figures: Any) -> Refused:
    """A refusal in the words of a code, Chinese first."""
    reason = Reason(code=code, figures=figures)
    text = f"{render(reason, 'zh', zone)} {render(reason, 'en', zone)}"
    return Refused(text, reason, field=field, sort=sort)
