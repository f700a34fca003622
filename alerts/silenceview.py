"""Silences for people: which concern them, and what a new one would hide (静默预览); read, nothing written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Connection

from alerts.contents import place_of
from alerts.desk import silence_of
from alerts.hiding import Silence
from alerts.matching import Match, fits
from alerts.silencing import Hides, hides
from monitor.access import Principal, reaches_all
from monitor.store import alert_holds, silencerows

State = Literal["now", "coming", "past"]
STATES: Final[tuple[State, ...]] = ("now", "coming", "past")
LOOKED_BACK: Final = timedelta(days=7)


@dataclass(frozen=True, kw_only=True, slots=True)
class SilenceLine:
    """`held`: how many cards it holds back now."""

    silence: Silence
    state: State
    held: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Recent:
    """Cards of the last days that fit, of one rule and level: how many, and how many messages told of them."""

    rule: str
    level: str
    cards: int
    messages: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SilencePreview:
    """`standing`: cards that stand and fit: nothing more of them would be told. `red`: numbers of the red ones."""

    standing: Sequence[Hides]
    red: Sequence[int]
    recent: Sequence[Recent]


def concerns(who: Principal, match: Match) -> bool:
    """Whether a silence may hide something of somebody's halls: one that names no hall concerns everybody."""
    return reaches_all(who) or not match.hall or bool(set(match.hall) & who.halls)


def state_of(one: Silence, now: datetime) -> State:
    if one.is_active(now):
        return "now"
    return "coming" if now < one.starts and one.ended_at is None else "past"


def listed_for(
    conn: Connection, who: Principal, now: datetime, *, state: str | None = None, after: int | None = None, limit: int
) -> list[SilenceLine]:
    """Those that concern `who`, the newest first, one more than `limit` where another page follows."""
    held: dict[int | None, set[int]] = {}
    for row in alert_holds.held_by(conn, "silence"):
        held.setdefault(row["by"], set()).add(row["card"])
    found: list[SilenceLine] = []
    for row in silencerows.newest_first(conn, after):
        one = silence_of(row)
        if concerns(who, one.match) and state in (None, state_of(one, now)):
            found.append(SilenceLine(silence=one, state=state_of(one, now), held=len(held.get(one.id, ()))))
        if len(found) > limit:
            break
    return found


def find(conn: Connection, who: Principal, number: int) -> Silence | None:
    """One that concerns `who`; None alike for another and for one that there is not."""
    row = silencerows.find(conn, number)
    one = silence_of(row) if row is not None else None
    return one if one is not None and concerns(who, one.match) else None


def preview(conn: Connection, match: Match, now: datetime) -> SilencePreview:
    """What a silence of these would hide, were it in force now, and what fitted in the last week."""
    standing = hides(conn, match)
    cards: Counter[tuple[str, str]] = Counter()
    messages: Counter[tuple[str, str]] = Counter()
    told = silencerows.messages_since(conn, now - LOOKED_BACK)
    for row in silencerows.cards_since(conn, now - LOOKED_BACK):
        if fits(match, place_of(row, row["level"])):
            key = (row["rule"], row["level"])
            cards[key] += 1
            messages[key] += told.get(row["number"], 0)
    recent = [Recent(rule=r, level=v, cards=n, messages=messages[r, v]) for (r, v), n in sorted(cards.items())]
    return SilencePreview(standing=standing, red=[one.number for one in standing if one.level == "red"], recent=recent)


def as_json(line: SilenceLine) -> Mapping[str, object]:
    one = line.silence
    return {
        "id": one.id, "state": line.state, "held": line.held, "starts": one.starts, "ends": one.ends,
        "ended_at": one.ended_at, "author": one.author, "reason": one.reason,
        "match": {name: list(getattr(one.match, name)) for name in Match.model_fields if getattr(one.match, name)},
    }  # fmt: skip
