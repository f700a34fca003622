"""Silences (静默): which are in force, what a new one would hide, making one and ending it before its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from alerts import silenceview
from alerts.matching import LEVEL_WORDS, Match
from alerts.silencing import require_sound
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.pages.account import zone_of
from monitor.console.pages.devices import SEE_OTHER, filter_of
from monitor.console.pages.frame import page
from monitor.console.pages.languages import Language, language_of
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.paging import cut
from monitor.console.silencing import add_silence, end_silence, longest_of, match_of, refusing, service_of
from monitor.model import Registry
from monitor.store import users
from monitor.supervision.commands import require_words
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.rules import RULES
from monitor.supervision.signin import Signed
from monitor.wording import words
from monitor.wording.render import pick

MOST: Final = 100
Short = Annotated[str, Form(max_length=200)]
Many = Annotated[list[str] | None, Form(max_length=200)]


def add_silences(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "alerts:silence")
    _add_list(pages, deps, person)
    _add_new(pages, deps, person)

    @pages.post("/silences/{number}/end")
    def end(
        request: Request, number: int = Path(ge=1, le=INT64), csrf: Short = "", signed: Signed = Depends(person)
    ) -> Response:
        require_own_form(request, signed, {"csrf": csrf})
        now = deps.clock.now()
        deps.store.step(lambda conn: end_silence(conn, number, who=signed.person, now=now))
        deps.heard()
        return RedirectResponse("/silences?done=ended", SEE_OTHER)


def _add_list(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/silences")
    def silences(
        request: Request, state: str = filter_of(), after: str = filter_of(), done: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:  # fmt: skip
        """Those that concern one's halls, the newest first, 100 a page."""
        chosen = state if state in silenceview.STATES else None
        behind = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else None
        with deps.store.read() as conn:
            found = silenceview.listed_for(
                conn, signed.person, deps.clock.now(), state=chosen, after=behind, limit=MOST
            )
            registry = deps.registry.get(conn)
            people = {row.id: row.name for row in users.all_of_them(conn)}
        shown, last = cut(found, MOST)
        said = Conditions(registry, signed, language_of(request))
        zone = zone_of(registry, signed)
        given = {"state": chosen} if chosen else {}
        return page(
            request, "silences.html", signed=signed, state=chosen or "", done=done,
            lines=[_line(one, said, zone, people) for one in shown],
            next=f"/silences?{urlencode({**given, 'after': last.silence.id})}" if last is not None else None,
        )  # fmt: skip


def _add_new(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/silences/new")
    def new(request: Request, signed: Signed = Depends(person)) -> Response:
        return _form(request, deps, signed, {"levels": ["reminder", "yellow"], "hours": "2"})

    @pages.post("/silences/new")
    def add(
        request: Request, hall: Short = "", window: Many = None, rule: Many = None, kind: Short = "",
        levels: Many = None, starts: Annotated[str, Form(max_length=40)] = "", hours: Short = "",
        reason: Annotated[str, Form(max_length=5000)] = "", red: Short = "", confirmed: Short = "", csrf: Short = "",
        signed: Signed = Depends(person),
    ) -> Response:  # fmt: skip
        """First what it would hide; then, confirmed, the silence."""
        require_own_form(request, signed, {"csrf": csrf})
        given: dict[str, Any] = {
            "hall": hall, "window": window or [], "rule": rule or [], "kind": kind, "levels": levels or [],
            "starts": starts, "hours": hours, "reason": reason,
        }  # fmt: skip
        try:
            return _added(request, deps, signed, given, red == "yes", confirmed == "yes")
        except Refused as error:
            return _form(request, deps, signed, given, fault=error.text, status=422)


def _added(request: Request, deps: Deps, signed: Signed, given: dict[str, Any], red: bool, confirmed: bool) -> Response:
    policy, now = service_of(deps).policy, deps.clock.now()
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
    zone = registry.zone_of(given["hall"] or None)
    starts, ends = _span(given, zone, now)
    if not given["levels"]:
        raise Refused("至少选一个级别 choose one level at least", field="levels")
    match = match_of({
        "hall": [given["hall"]] if given["hall"] else [], "window": given["window"], "rule": given["rule"],
        "kind": [given["kind"]] if given["kind"] else [], "levels": given["levels"],
    })  # fmt: skip
    if confirmed:
        deps.store.step(
            lambda conn: add_silence(
                conn, policy, match, starts=starts, ends=ends, reason=given["reason"], red=red, who=signed.person,
                now=deps.clock.now(),
            )
        )  # fmt: skip
        deps.heard()
        return RedirectResponse("/silences?done=added", SEE_OTHER)
    require_words(given["reason"])
    with refusing():
        require_sound(
            match, starts=starts, ends=ends, reason=given["reason"], who=signed.person, now=now,
            longest=longest_of(policy),
        )  # fmt: skip
    with deps.store.read() as conn:
        found = silenceview.preview(conn, match, now)
    said = Conditions(registry, signed, language_of(request))
    return page(
        request, "silence_preview.html", signed=signed, given=given, spoken=said.spoken(match), zone=str(zone),
        starts=starts.astimezone(zone), ends=ends.astimezone(zone), asks_red="red" in match.levels, red=found.red,
        standing=[
            {"number": one.number, "rule": said.rule(one.rule), "level": one.level, "word": said.level(one.level),
             "window": said.name("window", one.window)}
            for one in found.standing
        ],
        recent=[
            {"rule": said.rule(one.rule), "level": one.level, "word": said.level(one.level), "cards": one.cards,
             "messages": one.messages}
            for one in found.recent
        ],
    )  # fmt: skip


def _span(given: dict[str, Any], zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """From when until when; an empty start is now. Raises Refused."""
    try:
        local = datetime.fromisoformat(given["starts"]) if given["starts"] else now
        starts = (local if local.tzinfo is not None else local.replace(tzinfo=zone)).astimezone(UTC)
        hours = float(given["hours"])
        if not 0 < hours < 100_000:
            raise ValueError
        return starts, starts + timedelta(hours=hours)
    except (ValueError, OverflowError):
        raise Refused("时间或小时数无效 the time or the number of hours is none", field="hours") from None


def _form(
    request: Request, deps: Deps, signed: Signed, given: dict[str, Any], *, fault: str = "", status: int = 200
) -> Response:
    policy = service_of(deps).policy
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
    language = language_of(request)
    halls = halls_within(registry, signed.person)
    empty: dict[str, Any] = {
        "hall": next(iter(halls), ""), "window": [], "rule": [], "kind": "", "levels": [], "starts": "", "hours": "",
        "reason": "",
    }  # fmt: skip
    zone = zone_of(registry, signed)
    windows = [(w.name or w.id, w.id) for _, w in sorted(registry.windows.items()) if w.hall in halls]
    return page(
        request, "silence_new.html", status, signed=signed, given={**empty, **given}, fault=fault, halls=halls,
        windows=windows, hours_most=f"{policy.silence_hours:g}", zone=str(zone),
        now=f"{deps.clock.now().astimezone(zone):%Y-%m-%dT%H:%M}",
        rules=[(r.id, pick(words.RULES.get(r.id, (r.id, r.id)), language)) for rules in RULES.values() for r in rules],
        kinds=[(kind, pick(words.KINDS.get(kind, (kind, kind)), language)) for kind in RULES],
        levels=[(level, pick(words.LEVELS[level], language)) for level in LEVEL_WORDS],
    )  # fmt: skip


class Conditions:
    """What a silence or a route speaks of, in words. Halls and windows beyond reach are not named."""

    def __init__(self, registry: Registry, signed: Signed, language: Language) -> None:
        self.registry, self.language = registry, language
        self._halls = halls_within(registry, signed.person)

    def level(self, level: str) -> str:
        return pick(words.LEVELS.get(level, (level, level)), self.language)

    def rule(self, rule: str) -> str:
        """A rule, or all of a family (`case.*`)."""
        if rule in words.RULES:
            return pick(words.RULES[rule], self.language)
        family = sorted(pick(texts, self.language) for key, texts in words.RULES.items() if rule.endswith("*") and
                        key.startswith(rule[:-1]))  # fmt: skip
        return self._listed(family) if family else rule

    def kind(self, kind: str) -> str:
        return pick(words.KINDS.get(kind, (kind, kind)), self.language)

    def name(self, sort: str, key: str | None) -> str:
        tables: dict[str, Any] = {
            "hall": self.registry.halls, "unit": self.registry.units, "window": self.registry.windows
        }  # fmt: skip
        if not key:
            return ""
        found = tables[sort].get(key)
        hall = key if sort == "hall" else found.hall if found is not None else None
        if hall not in self._halls:
            return "其他大厅" if self.language == "zh" else "another hall"
        return str(found.name or key) if found is not None else key

    def spoken(self, match: Match) -> list[tuple[str, str]]:
        """(sort, what) of each condition that is given."""
        worded: dict[str, Any] = {
            "hall": lambda one: self.name("hall", one), "unit": lambda one: self.name("unit", one),
            "window": lambda one: self.name("window", one), "rule": self.rule, "kind": self.kind,
            "levels": self.level, "subject": str,
        }  # fmt: skip
        return [
            (name, self._listed([worded[name](one) for one in getattr(match, name)]))
            for name in Match.model_fields
            if getattr(match, name)
        ]

    def _listed(self, texts: list[str]) -> str:
        return ("、" if self.language == "zh" else ", ").join(dict.fromkeys(texts))


def _line(line: silenceview.SilenceLine, said: Conditions, zone: ZoneInfo, people: dict[str, str]) -> dict[str, Any]:
    one = line.silence
    return {
        "id": one.id, "state": line.state, "held": line.held, "spoken": said.spoken(one.match), "author": one.author,
        "name": people.get(one.author, ""), "reason": one.reason, "starts": one.starts.astimezone(zone),
        "ends": one.ends.astimezone(zone),
        "ended": one.ended_at.astimezone(zone) if one.ended_at is not None else None,
    }  # fmt: skip
