"""Windows' days in words (在岗): bars on one scale, segments with what stands behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.attendance.dayline import NEIGHBOUR, STATES, Shown
from monitor.console.pages.boardview import SHAPES
from monitor.console.pages.cardview import Words
from monitor.console.pages.evidenceview import VIEWS
from monitor.console.pages.windowday import day_bar
from monitor.model import Span
from monitor.supervision.postdays import PostDay
from monitor.supervision.postevidence import Ground, Heard, PartFile, PlanSpan, WindowFile
from monitor.wording import posts as posting
from monitor.wording import render
from monitor.wording.render import pick
from monitor.wording.words import ANSWERS

TELLING: Final = ("empty", "unknown", "excused")
"""States whose minutes stand beside a window's bar."""
_BLINK: Final = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class PostWords:
    """The words of the page, and the windows that whoever looks may know of: others are told of without their name."""

    words: Words
    theirs: frozenset[str]

    def word(self, table: Mapping[str, Any], key: str) -> str:
        return pick(table.get(key, (key, key)), self.words.language)

    def text(self, chinese: str, english: str) -> str:
        return pick((chinese, english), self.words.language)

    def elsewhere(self, window: str) -> str:
        return self.words.name("window", window) if window in self.theirs else self.text("另一窗口", "another window")


def people_of(days: Iterable[PostDay], files: Iterable[WindowFile] = ()) -> list[str]:
    """Everybody who is named in them."""
    found: set[str | None] = set()
    for day in days:
        for part in day.segments:
            found |= {*part.who, part.charged}
        for handover in day.handovers:
            found |= {handover.left, handover.next}
        found |= {finding.staff for _, finding in day.findings}
    for file in files:
        found |= {plan.staff for plan in file.plans}
        found |= {ground.staff for part in file.parts for ground in part.grounds}
    return sorted(one for one in found if one)


def scale_of(days: Iterable[PostDay]) -> Span | None:
    """From the first opening to the last closing of all of them, so that their bars have one scale."""
    spans = [span for day in days for span in day.sessions]
    return (min(a for a, _ in spans), max(b for _, b in spans)) if spans else None


def key_of(words: PostWords) -> list[dict[str, str]]:
    """The signs of all states."""
    return [{"state": s, "shape": SHAPES[s], "word": words.word(posting.SEGMENTS, s)} for s in STATES]


def row_view(day: PostDay, scale: Span | None, said: PostWords) -> dict[str, Any]:
    """A window of the list: its bar and its segments. `bar` is None on a day without service."""
    minutes = day.minutes()
    return {
        "window": day.window,
        "name": said.words.name("window", day.window),
        "unit": said.words.name("unit", day.unit),
        "bar": day_bar(day, said.words.language, scale) if day.sessions and scale is not None else None,
        "minutes": [
            {"state": s, "shape": SHAPES[s], "word": said.word(posting.SEGMENTS, s), "minutes": minutes[s]}
            for s in STATES
            if s in minutes
        ],
        "telling": [
            {"shape": SHAPES[s], "word": said.word(posting.SEGMENTS, s), "minutes": minutes[s]}
            for s in TELLING
            if s in minutes
        ],
        "parts": [part_view(part, day.zone, said) for part in day.segments if part.end - part.start >= _BLINK],
        "findings": len(day.findings),
        "begun": bool(day.segments),
        "sessions": [(a.astimezone(day.zone), b.astimezone(day.zone)) for a, b in day.sessions],
    }


def part_view(part: Shown, zone: ZoneInfo, said: PostWords) -> dict[str, Any]:
    """A segment in words; `who` is there, or who answers for that nobody is."""
    words = said.words
    who = "、".join(words.name("staff", one) for one in part.who)
    answers = said.word(ANSWERS, part.answers) if part.answers else ""
    if part.charged:
        answers += said.text("：", ": ") + words.name("staff", part.charged)
    rests = said.word(posting.RESTS_ON, part.cause) if part.cause in posting.RESTS_ON else ""
    return {
        "shape": SHAPES[part.state],
        "state": part.state,
        "word": said.word(posting.SEGMENTS, part.state),
        "from": part.start.astimezone(zone),
        "to": part.end.astimezone(zone),
        "minutes": round((part.end - part.start) / timedelta(minutes=1)),
        "who": who,
        "inferred": part.inferred and bool(part.who),
        "answers": answers,
        "where": _where(part, said),
        "people": part.people,
        "rests": rests if part.state not in ("closed", "unwatched") else "",
        "facts": len(part.evidence),
    }


def _where(part: Shown, said: PostWords) -> str:
    if not part.at_window:
        return ""
    place = said.elsewhere(part.at_window)
    if part.cause == NEIGHBOUR:
        return said.text(f"来自 {place}", f"from {place}")
    return said.text(f"应在岗人员当时在 {place}", f"who should be here was at {place}")


def file_view(file: WindowFile, scale: Span | None, said: PostWords) -> dict[str, Any]:
    """One window with everything."""
    zone, day = file.day.zone, file.day
    return {
        **row_view(day, scale, said),
        "hall": day.hall,
        "parts": [_with_grounds(one, zone, said) for one in file.parts if one.part.end - one.part.start >= _BLINK],
        "heard": [_heard(one, zone, said) for one in file.heard],
        "plans": [_plan(one, zone, said) for one in file.plans],
        "handovers": [
            {
                "at": one.at.astimezone(zone),
                "left": said.words.name("staff", one.left),
                "next": said.words.name("staff", one.next) if one.next else "",
                "taken": one.taken_at.astimezone(zone) if one.taken_at else None,
                "gap": int((one.taken_at - one.at) / timedelta(minutes=1)) if one.taken_at else None,
            }
            for one in day.handovers
        ],
        "told": [
            {
                "rule": finding.rule,
                "text": render(finding.reason, said.words.language, zone, said.words.named),
                "at": finding.at.astimezone(zone),
            }
            for _, finding in day.findings
        ],
    }


def _with_grounds(one: PartFile, zone: ZoneInfo, said: PostWords) -> dict[str, Any]:
    shown = part_view(one.part, zone, said)
    unknown = one.part.state == "unknown"
    return {
        **shown,
        "grounds": [_ground(ground, zone, said) for ground in one.grounds],
        "plans": [_plan(plan, zone, said) for plan in one.plans],
        "why": pick(posting.WHY_UNKNOWN.get(one.part.cause, posting.NOT_KNOWN), said.words.language) if unknown else "",
        "heard": [_heard(heard, zone, said) for heard in one.heard],
    }


def _ground(one: Ground, zone: ZoneInfo, said: PostWords) -> dict[str, Any]:
    """`source` is a device where `device` says so, else whose record it is."""
    is_device = one.kind != "spot" and not one.source.startswith("correction")
    return {
        "kind": said.word(posting.SAID, one.kind),
        "source": one.source,
        "device": is_device,
        "what": _what(one, said),
        "who": said.words.name("staff", one.staff) if one.staff else "",
        "from": one.first.astimezone(zone),
        "to": one.last.astimezone(zone),
        "count": one.count,
        "trusted": one.trusted,
        "where": said.elsewhere(one.window) if one.window else "",
    }


def _what(one: Ground, said: PostWords) -> str:
    if one.kind == "presence":
        view = "" if one.view == "ok" else said.word(VIEWS, one.view)
        seen = said.text(f"{one.people} 人", f"{one.people} people")
        return " · ".join(text for text in (seen, view) if text)
    if one.kind == "duty":
        return said.word(posting.DUTY_ACTIONS, one.action)
    return said.text("无人", "nobody") if one.people == 0 else ""


def _heard(one: Heard, zone: ZoneInfo, said: PostWords) -> dict[str, Any]:
    return {
        "id": one.id,
        "role": said.word(posting.ROLES_HEARD, one.role),
        "to": one.complete_to.astimezone(zone) if one.complete_to else None,
        "trusted": one.trusted,
        "lost": [(a.astimezone(zone), b.astimezone(zone)) for a, b in one.lost],
    }


def _plan(one: PlanSpan, zone: ZoneInfo, said: PostWords) -> dict[str, Any]:
    word = posting.PLAN_KINDS[one.kind] if one.counts else posting.UNAPPROVED
    return {
        "kind": pick(word, said.words.language),
        "who": said.words.name("staff", one.staff) if one.staff else "",
        "from": one.start.astimezone(zone),
        "to": one.end.astimezone(zone),
        "why": one.why,
    }


def axis_of(scale: Span, zone: ZoneInfo, wide: int) -> list[dict[str, Any]]:
    """The full hours of a scale: where they stand and what they are called."""
    unit = (scale[1] - scale[0]) / wide
    at = scale[0].astimezone(zone).replace(minute=0, second=0, microsecond=0)
    found: list[dict[str, Any]] = []
    while at <= scale[1]:
        if at >= scale[0]:
            found.append({"x": round((at - scale[0]) / unit, 1), "word": f"{at:%H:%M}"})
        at += timedelta(hours=1)
    return found


def windows_beside(ids: Sequence[str], window: str) -> tuple[str, str]:
    """The window before and the one after in the list; "" where there is none."""
    place = ids.index(window)
    return (ids[place - 1] if place else "", ids[place + 1] if place + 1 < len(ids) else "")
