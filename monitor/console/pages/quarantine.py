"""Quarantine (隔离): what was refused and waits, what each reason means, replay and dismissal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, HTTPException, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field
from sqlalchemy import Connection

from monitor.access import Principal
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.heldwork import Done, chosen_ids, dismiss, replay
from monitor.console.pages.devices import PLAIN, SEE_OTHER, filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import Language, language_of
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.paging import cut
from monitor.model import CHANNELS, QUARANTINE_REASONS, Registry
from monitor.supervision.heldview import (
    AT_ONCE,
    STATES,
    HeldFilter,
    HeldLine,
    count_open,
    find_held,
    lines_of,
    list_held,
)
from monitor.supervision.reach import halls_within
from monitor.supervision.signin import Signed
from monitor.wording import devices as words
from monitor.wording import quarantine_reason
from monitor.wording.render import pick

PAGE: Final = 100
STILL: Final = 50
"""Rows that a replay names in the address of the page behind it."""
Ids = Annotated[list[Annotated[int, Field(ge=1, le=INT64)]], Form()]
Text = Annotated[str, Form(max_length=5000)]
Short = Annotated[str, Form(max_length=100, pattern=PLAIN)]


def add_quarantine(pages: APIRouter, deps: Deps) -> None:
    _add_list(pages, deps)
    _add_one(pages, deps)
    _add_work(pages, deps)


def _filter(asked: Mapping[str, str], before: int | None = None) -> HeldFilter:
    """`state` empty: open ones; `all`: any."""
    state, others = asked["state"], ("hall", "device", "reason", "channel")
    return HeldFilter(
        state=None if state == "all" else state if state in STATES else "open", before=before,
        **{name: asked[name] or None for name in others},
    )  # fmt: skip


def _add_list(pages: APIRouter, deps: Deps) -> None:
    @pages.get("/quarantine")
    def quarantine(
        request: Request,
        state: str = filter_of(),
        hall: str = filter_of(),
        device: str = filter_of(),
        reason: str = filter_of(),
        channel: str = filter_of(),
        before: int | None = Query(None, ge=1, le=INT64),
        done: str = filter_of(),
        count: int = Query(0, ge=0, le=INT64),
        still: str = Query("", max_length=1000, pattern=r"^[0-9.]*$"),
        signed: Signed = Depends(require_person(deps, "devices:read")),
    ) -> Response:
        """The newest first, 100 a page; above them how many are open by reason, and what that means."""
        asked = {"state": state, "hall": hall, "device": device, "reason": reason, "channel": channel}
        chosen = _filter(asked, before)
        numbers = [int(one) for one in still.split(".") if one and len(one) < 19]
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            found = list_held(conn, signed.person, chosen, PAGE)
            open_by = count_open(conn, signed.person, chosen)
            held = lines_of(conn, signed.person, numbers)
        lang = language_of(request)
        shown, last = cut(found, PAGE)
        given = {name: value for name, value in asked.items() if value}
        halls = halls_within(registry, signed.person)
        return page(
            request, "quarantine.html", signed=signed, rows=_views(shown, registry, lang), asked=asked,
            filtered=bool(given), reasons=_reasons(open_by, lang), total=sum(open_by.values()), halls=halls,
            every_reason=[(one, quarantine_reason(one, lang)) for one in QUARANTINE_REASONS],
            channels=[(one, pick(words.CHANNELS[one], lang)) for one in CHANNELS],
            states=[(one, pick(words.ROW_STATES[one], lang)) for one in STATES],
            next=f"/quarantine?{urlencode({**given, 'before': last.id})}" if last is not None else None,
            first="/quarantine?" + urlencode(given) if before is not None else None,
            link=lambda **more: "/quarantine?" + urlencode({**given, **more}),
            may_work=may(signed, "quarantine:write"), done=done, count=count, still=_views(held, registry, lang),
            open_only=chosen.state == "open", at_once=AT_ONCE,
            matching=sum(n for one, n in open_by.items() if reason in ("", one)),
        )  # fmt: skip


def _add_one(pages: APIRouter, deps: Deps) -> None:
    @pages.get("/quarantine/{number}")
    def row(
        request: Request,
        number: int = Path(ge=1, le=INT64),
        done: str = filter_of(),
        signed: Signed = Depends(require_person(deps, "devices:read")),
    ) -> Response:
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            found = find_held(conn, signed.person, number)
        if found is None:
            raise HTTPException(404, f"隔离 quarantine: 没有此号 there is no row numbered {number}")
        lang = language_of(request)
        meant, mend = words.MEANT.get(found.line.reason, (("", ""), ("", "")))
        return page(
            request, "quarantine_row.html", signed=signed, row=_view(found.line, registry, lang), file=found,
            payload=pretty(found.payload), meant=pick(meant, lang), mend=pick(mend, lang), done=done,
            resolved_at=_local(found.resolved_at, registry.zone_of(found.line.hall)),
            may_work=may(signed, "quarantine:write") and found.line.state == "open",
            known=found.line.device in registry.devices,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Picked:
    """What a form picks: rows by number, or `every` one of its filters. `single`: it came from a row's own page."""

    ids: list[int]
    every: bool
    asked: dict[str, str]
    single: bool
    csrf: str

    def numbers(self, conn: Connection, who: Principal) -> list[int]:
        return chosen_ids(conn, who, self.ids, _filter(self.asked) if self.every else None)

    def back(self, done: str, count: int, still: Sequence[HeldLine] = ()) -> Response:
        """To where it came from, with what was done."""
        told: dict[str, Any] = {"done": done, "count": count}
        if still:
            told["still"] = ".".join(str(line.id) for line in still[:STILL])
        kept = {name: value for name, value in self.asked.items() if value}
        return RedirectResponse(f"/quarantine?{urlencode({**kept, **told})}", SEE_OTHER)

    def back_to_row(self, done: str) -> Response | None:
        return RedirectResponse(f"/quarantine/{self.ids[0]}?done={done}", SEE_OTHER) if self.single else None


def _picked(
    ids: Ids = [],  # noqa: B006
    every: Short = "",
    state: Short = "",
    hall: Short = "",
    device: Short = "",
    reason: Short = "",
    channel: Short = "",
    single: Short = "",
    csrf: Short = "",
) -> Picked:
    asked = {"state": state, "hall": hall, "device": device, "reason": reason, "channel": channel}
    return Picked(ids=ids, every=every == "yes", asked=asked, single=bool(single) and len(ids) == 1, csrf=csrf)


def _add_work(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "quarantine:write")

    @pages.post("/quarantine/replay")
    def replay_rows(request: Request, picked: Picked = Depends(_picked), signed: Signed = Depends(person)) -> Response:
        require_own_form(request, signed, {"csrf": picked.csrf})
        now = deps.clock.now()

        def step(conn: Connection) -> Done:
            return replay(deps, conn, signed.person, picked.numbers(conn, signed.person), now)

        done = deps.store.step(step)
        deps.heard()
        to_row = picked.back_to_row("replayed" if done.released else "held")
        return to_row or picked.back("replayed", len(done.released), done.still)

    @pages.post("/quarantine/dismiss")
    def dismiss_rows(
        request: Request, why: Text = "", picked: Picked = Depends(_picked), signed: Signed = Depends(person)
    ) -> Response:
        require_own_form(request, signed, {"csrf": picked.csrf})
        now = deps.clock.now()

        def step(conn: Connection) -> int:
            wanted = picked.numbers(conn, signed.person)
            dismiss(conn, signed.person, wanted, why, now)
            return len(wanted)

        count = deps.store.step(step)
        deps.heard()
        return picked.back_to_row("dismissed") or picked.back("dismissed", count)


def _reasons(open_by: dict[str, int], lang: Language) -> list[dict[str, Any]]:
    """Each reason of which rows are open, the most first: what it means and how it is mended."""
    told = []
    for reason, count in sorted(open_by.items(), key=lambda one: (-one[1], one[0])):
        meant, mend = words.MEANT.get(reason, (("", ""), ("", "")))
        told.append(
            {
                "reason": reason, "word": quarantine_reason(reason, lang), "count": count, "meant": pick(meant, lang),
                "mend": pick(mend, lang),
            }
        )  # fmt: skip
    return told


def _views(lines: Sequence[HeldLine], registry: Registry, lang: Language) -> list[dict[str, Any]]:
    return [_view(line, registry, lang) for line in lines]


def _view(line: HeldLine, registry: Registry, lang: Language) -> dict[str, Any]:
    zone = registry.zone_of(line.hall)
    hall = registry.halls.get(line.hall or "")
    return {
        "id": line.id,
        "device": line.device,
        "known": line.device in registry.devices,
        "hall": hall.name or hall.id if hall is not None else "",
        "channel": pick(words.CHANNELS.get(line.channel, (line.channel, line.channel)), lang),
        "reason": line.reason,
        "word": quarantine_reason(line.reason, lang),
        "detail": line.detail,
        "received": _local(line.received, zone),
        "at": _local(line.at, zone),
        "seen": line.seen,
        "state": line.state,
        "state_word": pick(words.ROW_STATES.get(line.state, (line.state, line.state)), lang),
        "why_not": pick(words.WHY_NOT[line.why_not], lang) if line.why_not else "",
    }


def _local(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    return at.astimezone(zone) if at is not None else None


def pretty(payload: str | None) -> str | None:
    """JSON with a line a key; anything else as it is."""
    if payload is None:
        return None
    try:
        return json.dumps(json.loads(payload), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return payload
