"""What waits for a person (待查实): the inbox, one with its history, deciding with a look at what would be posted."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from monitor.access import Principal, Target, covers
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.pages.assessment.proposalview import (
    claims_of,
    entry_view,
    file_view,
    foreseen_view,
    ground_for,
    line_view,
    users_of,
)
from monitor.console.pages.devices import SEE_OTHER, filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.paging import cut
from monitor.model import Registry
from monitor.store import ledgers
from monitor.store.alerts import names
from monitor.supervision.assessment.inbox import count_open, list_lines, proposal_file
from monitor.supervision.assessment.ledgerlist import READ, STATES, Chosen, halls_of
from monitor.supervision.assessment.months import month_now
from monitor.supervision.assessment.proposals import (
    CONFIRM,
    Verdict,
    decide_all,
    foresee,
    foresee_take_back,
    take_back,
)
from monitor.supervision.bulk import MOST as MOST_AT_ONCE
from monitor.supervision.bulk import Done
from monitor.supervision.commands import require_words
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed
from monitor.wording import scorefacts as words
from monitor.wording.render import pick

LIST: Final = "/assessment/proposals"
ROWS: Final = 50
DIGITS: Final = 18
NUMBER: Final = Path(ge=1, le=INT64)
Numbers = Annotated[list[str], Form(max_length=MOST_AT_ONCE + 1)]
VERDICTS: Final[dict[str, Verdict]] = {"confirmed": "confirmed", "rejected": "rejected"}


def add_proposals(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, READ)
    _add_list(pages, deps, person)
    _add_deciding(pages, deps)
    _add_one(pages, deps, person)
    _add_take_back(pages, deps)


# --------------------------------------------------------------------------- the list


def _add_list(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get(LIST)
    def proposals(
        request: Request,
        hall: str = filter_of(),
        month: str = filter_of(),
        state: str = filter_of(),
        row: str = filter_of(),
        staff: str = filter_of("person"),
        window: str = filter_of(),
        after: str = filter_of(),
        done: str = filter_of(),
        count: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:
        """Fifty a page, the newest first; without a state those that wait, `all` for every one."""
        who, language = signed.person, language_of(request)
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            halls = halls_of(registry, who)
            chosen_hall = hall if hall in halls else next(iter(halls), "")
            wanted = state if state in STATES else None if state == "all" else "open"
            chosen = Chosen(
                hall=chosen_hall, month=month or None, state=wanted, row=row or None, window=window or None,
                ledger="staff" if staff else None, whom=staff or None,
            )  # fmt: skip
            behind = int(after) if after.isdecimal() and len(after) <= DIGITS else None
            found = list_lines(conn, registry, who, chosen, ROWS + 1, behind) if chosen_hall else []
            shown, last = cut(found, ROWS)
            ground = ground_for(conn, registry, who, language, claims_of(shown))
            lists = choices(conn, registry, who, chosen_hall)
            waiting = count_open(conn, who)
            now = month_now(registry, chosen_hall, deps.clock.now()) if chosen_hall else ""
        asked = {"hall": hall, "month": month, "state": state, "row": row, "person": staff, "window": window}
        given = {name: value for name, value in asked.items() if value}
        return page(
            request, "assess_proposals.html", signed=signed, lines=[line_view(line, ground) for line in shown],
            asked=asked, halls=list(halls.items()), lists=lists, waiting=waiting, filtered=bool(given), month_now=now,
            states=[(one, pick(words.STATES[one], language)) for one in STATES], done=done,
            count=int(count) if count.isdecimal() and len(count) < 4 else 0, may_decide=may(signed, CONFIRM),
            most=MOST_AT_ONCE, verdicts={one: pick(words.STATES[one], language) for one in VERDICTS},
            next=f"{LIST}?{urlencode({**given, 'after': last.number})}" if last is not None else None,
            first=f"{LIST}?{urlencode(given)}" if behind is not None else None,
        )  # fmt: skip


def choices(conn: Connection, registry: Registry, who: Principal, hall: str) -> dict[str, list[tuple[str, str]]]:
    """Windows and people of the hall within reach, by name: for the filters and for what is entered by hand."""
    windows = [
        w for w in registry.windows.values()
        if w.hall == hall and covers(who, Target(hall=hall, unit=w.unit, window=w.id))
    ]  # fmt: skip
    held = {post.staff for post in registry.posts if post.window in who.windows}
    people = [
        s for s, place in ((s, registry.charge(staff=s)) for s in registry.staff)
        if place.hall == hall and (s in held or covers(who, Target(hall=hall, unit=place.unit)))
    ]  # fmt: skip
    named = names(conn, {"staff": people})
    units = {w.unit for w in windows}
    return {
        "window": sorted(((w.id, w.name or w.id) for w in windows), key=lambda one: one[0]),
        "staff": [(one, named.get(f"staff:{one}", one)) for one in sorted(people)],
        "unit": [(u.id, u.name or u.id) for u in sorted(registry.units.values(), key=lambda u: u.id) if u.id in units],
    }


# --------------------------------------------------------------------------- deciding


def _add_deciding(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, CONFIRM)

    @pages.post(f"{LIST}/decide")
    def decide(
        request: Request,
        numbers: Numbers = [],  # noqa: B006 FastAPI copies it
        verdict: str = Form("", max_length=20),
        reason: str = Form("", max_length=5000),
        confirmed: str = Form("", max_length=10),
        back: str = Form("", max_length=20),
        csrf: str = Form(""),
        signed: Signed = Depends(person),
    ) -> Response:
        """First what would be posted; then, confirmed, each is decided by itself. `back`: the one whose page it is."""
        require_own_form(request, signed, {"csrf": csrf})
        chosen = sorted({int(n) for n in numbers if n.isascii() and n.isdigit() and len(n) <= DIGITS})
        given = {"numbers": chosen, "verdict": verdict, "reason": reason, "back": back if back.isdigit() else ""}
        try:
            wanted = VERDICTS.get(verdict)
            if wanted is None:
                raise Refused("请选择查实或不予认定 choose to confirm or to reject", field="verdict")
            if confirmed != "yes":
                return _preview(request, deps, signed, given, wanted)
            now = deps.clock.now()
            with deps.store.read() as conn:
                registry = deps.registry.get(conn)
            done = decide_all(deps.store, registry, chosen, wanted, actor=signed.person, why=reason, now=now)
        except Refused as error:
            return _preview(request, deps, signed, given, wanted or "confirmed", status=422, fault=error.text)
        deps.heard()
        done = _as_asked(deps, signed.person, done, wanted)
        if done.refused:
            return page(request, "assess_proposals_done.html", 409, signed=signed, done=done, verdict=verdict)
        if given["back"]:
            return RedirectResponse(f"{LIST}/{given['back']}?done={verdict}", SEE_OTHER)
        return RedirectResponse(f"{LIST}?{urlencode({'done': verdict, 'count': len(done.done)})}", SEE_OTHER)


def _as_asked(deps: Deps, who: Principal, done: Done, verdict: Verdict) -> Done:
    """A form that was sent twice is told as done: what it refuses stands already as this person decided it."""
    if not done.refused:
        return done
    with deps.store.read() as conn:
        found = {number: ledgers.find_proposal(conn, number) for number, _ in done.refused}
    mine = {n for n, one in found.items() if one and (one[1].state, one[1].decided_by) == (verdict, who.id)}
    left = tuple((number, why) for number, why in done.refused if number not in mine)
    return Done(done=tuple(sorted({*done.done, *mine})), refused=left)


def _preview(
    request: Request, deps: Deps, signed: Signed, given: dict[str, Any], verdict: Verdict, *, status: int = 200,
    fault: str = "",
) -> Response:  # fmt: skip
    language, who, now = language_of(request), signed.person, deps.clock.now()
    chosen = given["numbers"][:MOST_AT_ONCE]
    try:
        if not chosen:
            raise Refused("未选择待查实事项 no proposal was chosen", field="numbers")
        require_words(given["reason"])
    except Refused as error:
        status, fault = 422, error.text
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
        found = [foresee(conn, registry, number, verdict, actor=who, now=now) for number in chosen]
        claims = [(one.hall, one.book, one.proposal) for one in found if one.proposal is not None]
        ground = ground_for(conn, registry, who, language, claims)
    lines = [foreseen_view(one, ground) for one in found]
    able = [one["number"] for one in lines if not one["refused"]]
    return page(
        request, "assess_proposals_preview.html", status if able or status != 200 else 409, signed=signed,
        given=given, lines=lines, fault=fault, verdict=verdict, able=able,
    )  # fmt: skip


# --------------------------------------------------------------------------- one


def _add_one(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get(f"{LIST}/{{number}}")
    def proposal(
        request: Request, number: int = NUMBER, done: str = filter_of(), signed: Signed = Depends(person)
    ) -> Response:
        return _one(request, deps, signed, number, done=done)


def _one(
    request: Request, deps: Deps, signed: Signed, number: int, *, done: str = "", status: int = 200, fault: str = "",
) -> Response:  # fmt: skip
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
        found = proposal_file(conn, signed.person, number)
        claims = claims_of([found.line])
        ground = ground_for(conn, registry, signed.person, language_of(request), claims, users_of(found))
        zone = registry.zone_of(found.line.hall)
    return page(
        request, "assess_proposal.html", status, signed=signed, it=file_view(found, ground), done=done, fault=fault,
        zone=str(zone), may_decide=may(signed, CONFIRM),
    )  # fmt: skip


def _add_take_back(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "scores:review")

    @pages.post(f"{LIST}/{{number}}/take-back")
    def taken_back(
        request: Request,
        number: int = NUMBER,
        entry: int = Form(0, ge=0, le=INT64),
        reason: str = Form("", max_length=5000),
        confirmed: str = Form("", max_length=10),
        csrf: str = Form(""),
        signed: Signed = Depends(person),
    ) -> Response:
        """First what would be posted; then, confirmed, the entry is countered for good."""
        require_own_form(request, signed, {"csrf": csrf})
        with deps.store.read() as conn:
            found = proposal_file(conn, signed.person, number)
        if entry not in {one.entry.number for one in found.posted}:
            raise Refused(f"#{entry}: 没有这个号的分录 there is no entry of this number", sort="missing")
        now, who = deps.clock.now(), signed.person
        try:
            require_words(reason)
            if confirmed != "yes":
                return _take_back_preview(request, deps, signed, number, entry, reason, now)
            deps.store.step(
                lambda conn: take_back(conn, deps.registry.get(conn), entry, actor=who, why=reason, now=now)
            )
        except Refused as error:
            if error.sort == "missing":
                raise
            status = {"role": 403, "state": 409}.get(error.sort, 422)
            return _one(request, deps, signed, number, status=status, fault=error.text)
        deps.heard()
        return RedirectResponse(f"{LIST}/{number}?done=taken_back", SEE_OTHER)


def _take_back_preview(
    request: Request, deps: Deps, signed: Signed, number: int, entry: int, reason: str, now: datetime
) -> Response:
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
        entries = foresee_take_back(conn, registry, entry, actor=signed.person, now=now)
        found = proposal_file(conn, signed.person, number)
        claims = claims_of([found.line])
        ground = ground_for(conn, registry, signed.person, language_of(request), claims)
    return page(
        request, "assess_take_back.html", signed=signed, it=line_view(found.line, ground), entry=entry, reason=reason,
        entries=[entry_view(one, ground) for one in entries],
    )  # fmt: skip
