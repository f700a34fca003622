"""What a viewer of the demo has been promised to see, ticked when it stands in the store. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from monitor.agents.demoplan import CUT_TERMINAL, OVERDUE_CASE
from monitor.agents.watch import View

LADDER: Final = ("reminder", "yellow", "red")


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What sights are judged on: a look at the store and the alerts that have arrived."""

    view: View
    alerts: Sequence[dict[str, Any]]

    def cards(self, rule: str) -> list[dict[str, Any]]:
        return [card for card in self.view.cards if card["rule"] == rule]

    def accused(self) -> list[dict[str, Any]]:
        """Cards on people whose slot only the cut terminal could prove."""
        return [card for card in self.cards("checkin.slot") if card["subject"]["id"] in self.view.slots]

    def silence(self) -> list[dict[str, Any]]:
        return [card for card in self.cards("device.silent") if card["subject"]["id"] == CUT_TERMINAL]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sight:
    """`steps`: what has to be seen, each a test; the sight is complete when all were seen, in this order."""

    key: str
    text: str
    steps: tuple[Callable[[Evidence], bool], ...]


def _case_at(level: str) -> Callable[[Evidence], bool]:
    def seen(evidence: Evidence) -> bool:
        mine = (c for c in evidence.cards("case.limit") if c["subject"]["id"].endswith(f"/{OVERDUE_CASE}"))
        return any(change["level"] == level for card in mine for change in card["history"])

    return seen


def _coded(code: str) -> Callable[[Evidence], bool]:
    return lambda evidence: any(c["reason"]["code"] == code for c in evidence.view.cards)


def _is_empty(evidence: Evidence) -> bool:
    return any(card["level"] in ("yellow", "red") for card in evidence.cards("post.empty"))


def _is_back(evidence: Evidence) -> bool:
    return any(card["cleared_at"] for card in evidence.cards("post.empty"))


def _is_silent(evidence: Evidence) -> bool:
    return bool(evidence.silence())


def _nobody_is_accused(evidence: Evidence) -> bool:
    unknown = sum(verdict == "unknown" for verdict in evidence.view.slots.values())
    return unknown > 0 and not evidence.accused()


def _backlog_is_in(evidence: Evidence) -> bool:
    settled = bool(evidence.view.slots) and all(verdict == "ok" for verdict in evidence.view.slots.values())
    return settled and any(card["cleared_at"] for card in evidence.silence()) and not evidence.accused()


def _told(level: str) -> Callable[[Evidence], bool]:
    return lambda evidence: any(a.get("kind") == "firing" and a.get("level") == level for a in evidence.alerts)


SIGHTS: Final = (
    Sight(key="case", text="办件由预警到黄牌再到红牌", steps=tuple(_case_at(level) for level in LADDER)),
    Sight(key="late", text="有人迟到", steps=(_coded("checkin.slot.very_late"),)),
    Sight(key="missed", text="有人未打卡（旷工半天）", steps=(_coded("checkin.slot.absent"),)),
    Sight(key="empty", text="窗口无人，后有人回岗", steps=(_is_empty, _is_back)),
    Sight(key="rating", text="收到差评", steps=(_coded("rating.bad"),)),
    Sight(key="terminal", text="考勤机断线，设备报警", steps=(_is_silent,)),
    Sight(key="fair", text="断线期间无法判定，不记任何人", steps=(_is_silent, _nobody_is_accused)),
    Sight(key="backlog", text="积压补到，全部按时，无人被记", steps=(_is_silent, _backlog_is_in)),
    Sight(key="told", text="三级告警均已送达", steps=tuple(_told(level) for level in LADDER)),
)


class Checklist:
    """Which sights have been seen, and when by the demo's clock."""

    def __init__(self, sights: Iterable[Sight] = SIGHTS) -> None:
        self.sights = tuple(sights)
        self.steps_seen = {sight.key: 0 for sight in self.sights}
        self.seen_at: dict[str, datetime] = {}
        self.accused: list[dict[str, Any]] = []

    def update(self, evidence: Evidence) -> list[Sight]:
        """Tick what can be seen now; gives the sights that this completed."""
        self.accused = evidence.accused() or self.accused
        completed = []
        for sight in self.sights:
            done = self.steps_seen[sight.key]
            while done < len(sight.steps) and sight.steps[done](evidence):
                done += 1
            if done > self.steps_seen[sight.key]:
                self.steps_seen[sight.key] = done
                if done == len(sight.steps):
                    self.seen_at[sight.key] = evidence.view.now
                    completed.append(sight)
        return completed

    @property
    def missing(self) -> list[Sight]:
        return [sight for sight in self.sights if sight.key not in self.seen_at]

    @property
    def is_kept(self) -> bool:
        """Everything promised was seen, and nobody was accused by the silence of a terminal."""
        return not self.missing and not self.accused
