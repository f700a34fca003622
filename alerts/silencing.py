"""Silences (静默) of people: who, why, until when, and what they hide; each is in the audit (DESIGN §6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection

from alerts.contents import place_of
from alerts.desk import silence_of
from alerts.hiding import Silence, ends_at, maintained_by
from alerts.matching import Match, fits, spoken
from alerts.policy import AlertPolicy, Maintenance
from monitor.access import Principal, Target, refusal
from monitor.store import alert_holds, audit
from monitor.wording import render

ACTION = "alerts:silence"


class NotSilenced(ValueError):
    """The silence is not made or not ended; nothing was written. The text names the option and the way out.

    `sort`: the person's role or reach, a silence that there is not, its state, or what was given.
    """

    def __init__(self, text: str, sort: Literal["input", "role", "missing", "state"] = "input") -> None:
        super().__init__(text)
        self.sort = sort


@dataclass(frozen=True, kw_only=True, slots=True)
class Hides:
    """A card that stands and fits, and how much of it is held back now."""

    number: int
    rule: str
    level: str
    hall: str | None
    window: str | None


def add(
    conn: Connection, match: Match, *, starts: datetime, ends: datetime, reason: str, who: Principal, now: datetime,
    longest: timedelta | None = None,
) -> int:  # fmt: skip
    """Silence what fits in [starts, ends); the id. A role with halls of its own has to name some of them.

    `longest`: how long a silence may be (`alerts.silence_hours`). Raises NotSilenced.
    """
    require_sound(match, starts=starts, ends=ends, reason=reason, who=who, now=now, longest=longest)
    number = alert_holds.add_silence(
        conn, matchers=_stored(match), starts=starts, ends=ends, author=who.id, reason=reason, now=now
    )
    body = {"matchers": _stored(match), "starts": starts.isoformat(), "ends": ends.isoformat()}
    audit.record(conn, now, who.id, "silence.added", "silence", str(number), body, private={"reason": reason})
    return number


def require_sound(
    match: Match, *, starts: datetime, ends: datetime, reason: str, who: Principal, now: datetime,
    longest: timedelta | None = None,
) -> None:  # fmt: skip
    """Refuse a silence that cannot be made. Raises NotSilenced."""
    if not reason.strip():
        raise NotSilenced("--reason: 须写明理由 a reason is needed")
    if ends <= max(starts, now):
        raise NotSilenced(f"--to: {ends.isoformat()} 须晚于开始和当前时刻 must lie after --from and after now")
    if not any(getattr(match, name) for name in Match.model_fields):
        raise NotSilenced(
            "至少写明一项条件 say what is meant: --hall, --unit, --window, --rule, --kind, --level, --subject"
        )
    if longest is not None and ends - starts > longest:
        hours = longest.total_seconds() / 3600
        raise NotSilenced(
            f"--to: 静默最长 {hours:g} 小时 a silence lasts {hours:g} hours at most (alerts.silence_hours); "
            "更久请用维护时段 longer ones are alerts.maintenance"
        )
    _may(who, match)


def end(conn: Connection, number: int, *, who: Principal, now: datetime) -> None:
    """End a silence before its time; what it hid is told if it still stands. Raises NotSilenced."""
    found = next((silence_of(row) for row in alert_holds.silences(conn) if row["id"] == number), None)
    if found is None:
        raise NotSilenced(
            f"silence {number}: 没有这条静默 no such silence; `jiancha alerts silence list` 列出 lists them",
            "missing",
        )
    _may(who, found.match)
    if not alert_holds.end_silence(conn, number, now):
        raise NotSilenced(f"silence {number}: 已经结束 is over already", "state")
    audit.record(conn, now, who.id, "silence.ended", "silence", str(number), {})


def hides(conn: Connection, match: Match) -> list[Hides]:
    """The cards that stand uncleared and fit: what a silence of these would hide today."""
    return [
        Hides(number=row["number"], rule=row["rule"], level=row["level"], hall=row["hall"], window=row["window"])
        for row in alert_holds.standing_cards(conn)
        if fits(match, place_of(row, row["level"]))
    ]


def listed(conn: Connection, now: datetime, *, everything: bool = False) -> Sequence[tuple[Silence, int]]:
    """Silences in force or to come, or all there ever were, each with how many cards it holds back."""
    held: dict[int | None, set[int]] = {}
    for row in alert_holds.held_by(conn, "silence"):
        held.setdefault(row["by"], set()).add(row["card"])
    found = [silence_of(row) for row in alert_holds.silences(conn, None if everything else now)]
    return [(one, len(held.get(one.id, ()))) for one in found]


@dataclass(frozen=True, kw_only=True, slots=True)
class Maintained:
    """A maintenance window of the settings: until when it is open now (None: it is not), which standing cards it is
    meant for, and how many cards it holds back.
    """

    window: Maintenance
    open_until: datetime | None
    hides: tuple[Hides, ...]
    held: int

    def as_json(self) -> Mapping[str, Any]:
        one = self.window
        return {
            "matchers": _stored(one.match), "days": list(one.days), "from": f"{one.start:%H:%M}",
            "to": f"{one.end:%H:%M}", "until": one.until.isoformat() if one.until else None, "author": one.author,
            "reason": one.reason, "open_until": self.open_until.isoformat() if self.open_until else None,
            "hides": [card.number for card in self.hides], "held": self.held,
        }  # fmt: skip

    def in_words(self) -> str:
        one = self.window
        state = f"开放至 open until {self.open_until.isoformat()}" if self.open_until else "未开放 not open"
        when = f"{','.join(one.days) or '每日 daily'} {one.start:%H:%M}–{one.end:%H:%M}"
        last = f" 至 until {one.until.isoformat()}" if one.until else ""
        return (
            f"{state}  {spoken(one.match)}  {when}{last}  {one.author}: {one.reason}  "
            f"将隐去 would hide {len(self.hides)}  暂扣 holds {self.held}"
        )


def maintained(conn: Connection, policy: AlertPolicy, now: datetime) -> list[Maintained]:
    """Each `[[alerts.maintenance]]`, open or not, with what it hides when it is."""
    held = Counter(row["said"] for row in alert_holds.held_by(conn, "maintenance"))
    return [
        Maintained(
            window=one,
            open_until=ends_at(one, now, policy.zone),
            hides=tuple(hides(conn, one.match)),
            held=held[maintained_by(index, one)],
        )
        for index, one in enumerate(policy.maintenance)
    ]


def as_json(one: Silence, held: int, now: datetime) -> Mapping[str, Any]:
    return {
        "id": one.id, "matchers": _stored(one.match), "starts": one.starts.isoformat(), "ends": one.ends.isoformat(),
        "author": one.author, "reason": one.reason, "active": one.is_active(now), "held": held,
        "ended_at": one.ended_at.isoformat() if one.ended_at else None,
    }  # fmt: skip


def in_words(one: Silence, held: int, now: datetime) -> str:
    state = "生效 active" if one.is_active(now) else "未生效 not active"
    return (
        f"{one.id}  {state}  {spoken(one.match)}  {one.starts.isoformat()} – {one.ends.isoformat()}  "
        f"{one.author}: {one.reason}  暂扣 holds {held}"
    )


def _stored(match: Match) -> dict[str, list[str]]:
    return {name: list(getattr(match, name)) for name in Match.model_fields if getattr(match, name)}


def _may(who: Principal, match: Match) -> None:
    for hall in match.hall or (None,):
        no = refusal(who, ACTION, Target(hall=hall))
        if no is not None:
            raise NotSilenced(f"{render(no, 'zh')} {render(no, 'en')}", "role")
