"""The policy (规则): a draft in a form, what it would have meant (试算), and the change with its reason.

A draft stands in its address: `origin` and the keys that were changed. It can be sent to a colleague, and nothing of it
is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from pydantic import Field

from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.pages.devices import PLAIN, SEE_OTHER
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.policy import NAME
from monitor.console.pages.policyview import (
    differences_view,
    effect_view,
    form_view,
    set_pairs,
    targets,
    wanted_names,
)
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.policychange import draft_of, taken
from monitor.console.whatifs import ask_what_if
from monitor.model import DEFAULT_ZONE
from monitor.settings import Policy
from monitor.store.alerts import names
from monitor.supervision.policies import change, list_versions, named
from monitor.supervision.policyeffect import effect_json, span_of
from monitor.supervision.policykeys import LONGEST, BadPolicy, key_names
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

MOST_SETS: Final = 200
WAIT_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 2
SPAN: Final = timedelta(days=30)
Sets = Annotated[list[Annotated[str, Field(max_length=LONGEST + 100)]], Query(alias="set", max_length=MOST_SETS)]
SetsIn = Annotated[list[Annotated[str, Field(max_length=LONGEST + 100)]], Form(alias="set", max_length=MOST_SETS)]
Origin = Annotated[str, Query(max_length=40, pattern=NAME)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """`given`: texts of the keys that differ from `origin`."""

    origin: str
    given: Mapping[str, str]

    @property
    def query(self) -> list[tuple[str, str]]:
        return [("origin", self.origin), *(("set", f"{key}={text}") for key, text in self.given.items())]

    def address(self, path: str, **more: str) -> str:
        return f"{path}?{urlencode([*self.query, *more.items()])}"


def add_policy_work(pages: APIRouter, deps: Deps) -> None:
    _add_draft(pages, deps)
    _add_what_if(pages, deps)
    _add_change(pages, deps)


def _add_draft(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "settings:read")

    @pages.get("/policy/draft")
    def draft(
        request: Request, sets: Sets = [], origin: Origin = "present", signed: Signed = Depends(person)  # noqa: B006
    ) -> Response:  # fmt: skip
        """The form with what was changed, the difference, and what can be done with it."""
        return _draft_page(request, deps, signed, Draft(origin=origin, given=set_pairs(sets)))

    @pages.post("/policy/draft")
    async def write_draft(request: Request, signed: Signed = Depends(person)) -> Response:
        """Takes the whole form; leads to the draft's own address with just the keys that were changed."""
        form = await request.form()
        texts = {key: value for key, value in form.multi_items() if isinstance(value, str)}
        require_own_form(request, signed, texts)
        return await run_in_threadpool(_written, request, deps, signed, texts)


def _written(request: Request, deps: Deps, signed: Signed, texts: Mapping[str, str]) -> Response:
    origin = texts.get("origin", "present")[:40]
    with deps.store.read() as conn:
        base = named(conn, deps.policies, origin)
    was = {view["key"]: view["was"] for part in form_view(base, {}, {}, "zh") for view in part["keys"]}
    given = {
        key: text.replace("\r\n", "\n").strip()
        for key, text in texts.items()
        if key in key_names() and text.replace("\r\n", "\n").strip() != was[key].strip()
    }
    made = Draft(origin=origin, given=given)
    try:
        with deps.store.read() as conn:
            draft_of(conn, deps, origin, given)
    except BadPolicy:
        return _draft_page(request, deps, signed, made, status=422)
    return RedirectResponse(made.address("/policy/draft") + "#difference", SEE_OTHER)


def _draft_page(
    request: Request, deps: Deps, signed: Signed, made: Draft, *, status: int = 200, fault: str = "", reason: str = "",
    span: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    """Values that cannot be used stand where they were written, each with what is wrong: 422."""
    lang = language_of(request)
    with deps.store.read() as conn:
        base = named(conn, deps.policies, made.origin)
        registry = deps.registry.get(conn)
        numbers = [row.number for row in list_versions(conn, None, MOST_SETS)[:20]]
    faults: dict[str, str] = {}
    other: Policy | None = None
    try:
        with deps.store.read() as conn:
            other = draft_of(conn, deps, made.origin, made.given)
    except BadPolicy as error:
        faults, status = _placed(error), 422
    today = deps.clock.now().astimezone(ZoneInfo(DEFAULT_ZONE)).date()
    present = deps.policies.current
    return page(
        request, "policy_draft.html", status, signed=signed, origin=made.origin, choices=targets(numbers, lang),
        sections=form_view(base, made.given, faults, lang), faults=list(faults.items()), fault=fault, reason=reason,
        rows=differences_view(present.policy, other, lang) if other is not None else [], valid=other is not None,
        version=other.version if other is not None else "", present=present.version, base=present.number or 0,
        sets=[f"{key}={text}" for key, text in made.given.items()], may_write=may(signed, "settings:write"),
        halls=halls_within(registry, signed.person), what_ifs=deps.judge is not None,
        span=span or {"start": (today - SPAN).isoformat(), "end": today.isoformat(), "hall": ""},
        elsewhere=made.address("/policy/draft", lang="en" if lang == "zh" else "zh"),
    )  # fmt: skip


def _placed(error: BadPolicy) -> dict[str, str]:
    """What is wrong by key; of a part of a table by its key, of keys that do not agree by their section."""
    found: dict[str, str] = {}
    for key, said in error.faults:
        head = ".".join(key.split(".")[:2])
        where = head if head in key_names() else key.split(".")[0] if "." not in key else key
        found[where] = f"{found[where]}; {said}" if where in found else said
    return found


def _add_what_if(pages: APIRouter, deps: Deps) -> None:
    @pages.get("/policy/what-if")
    def what_if(
        request: Request,
        sets: Sets = [],  # noqa: B006
        origin: Origin = "present",
        start: str = Query("", max_length=10, pattern=r"^[0-9-]*$"),
        end: str = Query("", max_length=10, pattern=r"^[0-9-]*$"),
        hall: str = Query("", max_length=64, pattern=PLAIN),
        signed: Signed = Depends(require_person(deps, "settings:read")),
    ) -> Response:
        """The what-if of a draft over a span: how far it is, or what it found. Its address is the whole question."""
        if deps.judge is None:
            raise HTTPException(503, "这里不提供试算 what-ifs are not served here")
        made, lang = Draft(origin=origin, given=set_pairs(sets)), language_of(request)
        asked = {"start": start, "end": end, "hall": hall}
        try:
            with deps.store.read() as conn:
                other = draft_of(conn, deps, origin, made.given)
                registry = deps.registry.get(conn)
            halls = halls_within(registry, signed.person)
            if hall and hall not in halls:
                raise Refused(f"大厅 hall: 没有 {hall!r} there is no such hall", field="hall", sort="missing")
            zone = registry.zone_of(hall) if hall else ZoneInfo(DEFAULT_ZONE)
            job = ask_what_if(deps, other, span_of(start, end, zone, deps.clock.now()), hall or None)
        except BadPolicy:
            return _draft_page(request, deps, signed, made, status=422)
        except Refused as error:
            if error.sort not in ("input", "state"):
                raise
            return _draft_page(request, deps, signed, made, status=422, fault=error.text, span=asked)
        deps.long_work.wait(job, WAIT_SECONDS)
        found, fault = job.found, job.fault  # once: it may end while the page is made
        shown: dict[str, Any] | None = None
        if found is not None:
            told = effect_json(found, signed.person)
            with deps.store.read() as conn:
                called = names(conn, wanted_names(told))
            shown = effect_view(told, lang, called)
        response = page(
            request, "policy_what_if.html", signed=signed, found=shown, fault=fault, done=job.done, total=job.total,
            share=100 * job.done // job.total if job.total else 0, rows=differences_view(job.about, other, lang),
            start=start, end=end, hall=halls.get(hall, ""), version=other.version, present=job.about.version,
            draft=made.address("/policy/draft"), may_cards=may(signed, "cards:read"),
        )  # fmt: skip
        if found is None and fault is None:
            response.headers["Refresh"] = str(AGAIN_SECONDS)
        return response


def _add_change(pages: APIRouter, deps: Deps) -> None:
    @pages.post("/policy/change")
    def change_policy(
        request: Request,
        sets: SetsIn = [],  # noqa: B006
        origin: str = Form("present", max_length=40, pattern=NAME),
        base: int = Form(0, ge=0, le=INT64),
        reason: str = Form("", max_length=5000),
        csrf: str = Form("", max_length=200),
        signed: Signed = Depends(require_person(deps, "settings:write")),
    ) -> Response:
        """Put the draft in force, with its reason. `base`: the version that was in force when the draft was shown."""
        require_own_form(request, signed, {"csrf": csrf})
        made, now = Draft(origin=origin, given=set_pairs(sets)), deps.clock.now()
        try:
            with deps.store.read() as conn:
                wanted = draft_of(conn, deps, origin, made.given)
            number = deps.store.step(
                lambda conn: change(
                    conn, deps.policies.settings, signed.person, wanted, base=base or None, why=reason.strip(), now=now
                )
            )
        except BadPolicy:
            return _draft_page(request, deps, signed, made, status=422, reason=reason)
        except Refused as error:
            if error.sort not in ("input", "state"):
                raise
            status = 409 if error.sort == "state" else 422
            return _draft_page(request, deps, signed, made, status=status, fault=error.text, reason=reason)
        taken(deps)
        return RedirectResponse(f"/policy?done={number}", SEE_OTHER)
