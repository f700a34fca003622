"""Requests in the words of their pages: a line of the list, one with its history, what it would mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from monitor.console.pages.languages import Language
from monitor.model import Registry
from monitor.store import users
from monitor.store.alerts import names
from monitor.supervision.requestlist import RequestFile, RequestLine
from monitor.supervision.requestpreview import Preview
from monitor.wording import requests as words
from monitor.wording.render import pick
from monitor.wording.words import LEAVES, ROLES, SLOTS


@dataclass(frozen=True, kw_only=True)
class Words:
    """Language and names: of `kind:id` for people, windows, units, halls, of users by their id."""

    language: Language
    registry: Registry
    named: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)

    def word(self, table: Mapping[str, Any], key: str | None) -> str:
        return pick(table.get(key or "", (key or "", key or "")), self.language)

    def joined(self, parts: Iterable[str]) -> str:
        return ("、" if self.language == "zh" else ", ").join(parts)

    def name(self, kind: str, key: str | None) -> str:
        return self.named.get(f"{kind}:{key}") or key or ""

    def user(self, key: str) -> str:
        return self.users.get(key) or key

    def zone(self, hall: str | None) -> ZoneInfo:
        return self.registry.zone_of(hall)


def words_for(
    conn: Connection, registry: Registry, language: Language, lines: Iterable[RequestLine], actors: Iterable[str] = ()
) -> Words:
    """With the names of everything that these lines, and who acted, need: three statements."""
    rows = list(lines)
    wanted = {
        "staff": [one for row in rows for one in (row.staff, row.substitute) if one],
        "window": [row.window for row in rows if row.window],
        "unit": [row.unit for row in rows if row.unit],
    }
    acting = {*actors, *(row.filed_by for row in rows)}
    known = {row.id: row.name for row in users.all_of_them(conn) if row.id in acting and row.name}
    return Words(language=language, registry=registry, named=names(conn, wanted), users=known)


def line_view(line: RequestLine, said: Words) -> dict[str, Any]:
    zone = said.zone(line.hall)
    starts, ends = line.starts.astimezone(zone), line.ends.astimezone(zone)
    return {
        "number": line.number, "kind": line.kind, "cancels": line.cancels,
        "kind_word": kind_word(line.kind, said, cancels=line.cancels),
        "leave_word": said.word(LEAVES, line.leave_kind) if line.leave_kind else "", "masked": line.masked,
        "person": said.name("staff", line.staff), "staff": line.staff, "window": said.name("window", line.window),
        "unit": said.name("unit", line.unit), "starts": starts, "ends": ends, "span": span_text(starts, ends),
        "days": f"{line.days:g}", "state": line.state, "state_word": said.word(words.STATES, line.state),
        "waits": said.word(ROLES, line.waits_for) if line.waits_for else "",
        "filed_by": said.user(line.filed_by), "filed_at": line.filed_at.astimezone(zone),
        "decided_at": line.decided_at.astimezone(zone) if line.decided_at else None,
        "substitute": said.name("staff", line.substitute), "overtime": line.overtime, "day": line.day,
        "slot": said.word(SLOTS, line.slot) if line.slot else "", "letter": line.letter, "reason": line.reason,
        "about": (line.about or "").partition("/")[2], "may_decide": line.may_decide,
        "may_withdraw": line.may_withdraw, "sequence": line.sequence,
    }  # fmt: skip


def kind_word(kind: str, said: Words, *, cancels: bool) -> str:
    return pick(words.CANCELLED, said.language) if cancels else said.word(words.KINDS, kind)


def span_text(starts: datetime, ends: datetime) -> str:
    """Local instants: one day is named once, a moment has no end."""
    first = f"{starts:%m-%d %H:%M}"
    if starts == ends:
        return first
    return f"{first}–{ends:%H:%M}" if starts.date() == ends.date() else f"{first} – {ends:%m-%d %H:%M}"


def file_view(found: RequestFile, said: Words) -> dict[str, Any]:
    zone = said.zone(found.line.hall)
    steps = [
        {
            "word": said.word(ROLES, role), "done": place < found.step,
            "now": place == found.step and found.line.state == "pending",
        }
        for place, role in enumerate(found.chain)
    ]  # fmt: skip
    history = [
        {
            "at": one.at.astimezone(zone), "who": said.user(one.actor), "role": said.word(ROLES, one.role),
            "event": said.word(words.EVENTS, one.event), "why": one.why,
            "steps": said.joined(said.word(ROLES, role) for role in one.steps if role != one.role),
        }
        for one in found.history
    ]  # fmt: skip
    return {**line_view(found.line, said), "steps": steps, "history": history, "leave": found.leave,
            "ended_by": [(number, said.word(words.STATES, state)) for number, state in found.ended_by]}  # fmt: skip


def preview_view(found: Preview, said: Words, hall: str | None) -> dict[str, Any]:
    by_day: dict[str, list[str]] = {}
    for day, slot in found.slots:
        by_day.setdefault(f"{day:%m-%d}", []).append(said.word(SLOTS, slot))
    bare: dict[str, list[str]] = {}
    for one in found.uncovered:
        bare.setdefault(_window(said, one.window), []).append(f"{one.day:%m-%d}")
    more = [(window, said.joined(days[:10]), len(days) > 10) for window, days in bare.items()]
    return {
        "days": f"{found.days:g}", "minutes": found.minutes, "late": found.late,
        "chain": [said.word(ROLES, role) for role in found.chain], "count": len(found.slots), "uncovered": more,
        "slots": [(day, said.joined(slots)) for day, slots in by_day.items()], "whole": found.whole,
        "still_due": said.joined(f"{day:%m-%d} {said.word(SLOTS, slot)}" for day, slot in found.still_due),
        "counts_until": found.counts_until.astimezone(said.zone(hall)) if found.counts_until else None,
        "corrections": found.corrections, "lieu": found.lieu, "closed": said.joined(found.closed),
        "stands_in": len(found.stands_in),
    }  # fmt: skip


def _window(said: Words, window: str) -> str:
    known = said.registry.windows.get(window)
    return known.name if known is not None and known.name else window
