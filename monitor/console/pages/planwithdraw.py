"""Withdrawing a plan (报备撤回): what it would mean, then, confirmed, just that."""

from __future__ import annotations

from functools import partial
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from monitor.console.answers import STATUS
from monitor.console.deps import Deps
from monitor.console.looking import look_of
from monitor.console.pages.devices import PLAIN, SEE_OTHER
from monitor.console.pages.frame import page
from monitor.console.pages.languages import language_of
from monitor.console.pages.planview import moved_views, row_view, said_for
from monitor.console.pages.session import require_own_form, require_person
from monitor.ingest.plans import COLUMNS
from monitor.supervision import planvoid
from monitor.supervision.planvoid import Withdrawal
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

PATH: Final = "/plans/withdraw"
IDS: Final = ("id", "approver", "overtime", "slot", "preset", "role")
"""Columns that are shown as they are written."""


def add_plan_withdraw(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "plans:write")

    @pages.get(PATH)
    def ask(
        request: Request,
        kind: str = Query(max_length=20, pattern=PLAIN),
        plan: str = Query(max_length=200, pattern=PLAIN, alias="id"),
        signed: Signed = Depends(person),
    ) -> Response:
        """The plan, and why it is to go."""
        return _page(deps, request, signed, kind, plan)

    @pages.post(PATH)
    def send(
        request: Request,
        kind: str = Form(max_length=20),
        plan: str = Form(max_length=200, alias="id"),
        reason: str = Form("", max_length=4000),
        seen: str = Form("", max_length=40),
        csrf: str = Form(""),
        signed: Signed = Depends(person),
    ) -> Response:
        """Without `seen` the preview, of which nothing stays; with it what was seen, or the preview anew (409)."""
        require_own_form(request, signed, {"csrf": csrf})
        if not seen:
            return _preview(deps, request, signed, kind, plan, reason)
        try:
            deps.store.step(lambda conn: _withdraw(deps, conn, signed, kind, plan, reason, seen))
        except Refused as error:
            if error.sort != "state":
                raise
            return _preview(deps, request, signed, kind, plan, reason, fault=error.text)
        deps.heard()
        return RedirectResponse(f"/plans?{urlencode({'kind': kind, 'done': 'withdrawn'})}", SEE_OTHER)


def _withdraw(
    deps: Deps, conn: Connection, signed: Signed, kind: str, plan: str, reason: str, seen: str | None = None
) -> Withdrawal:
    found = planvoid.withdraw(
        conn, partial(look_of, deps), deps.policy, signed.person, kind, plan, reason, seen=seen
    )  # fmt: skip
    if seen is not None:
        planvoid.require_done(found)
    return found


def _preview(
    deps: Deps, request: Request, signed: Signed, kind: str, plan: str, reason: str, fault: str = ""
) -> Response:
    try:
        found = deps.store.tried(lambda conn: _withdraw(deps, conn, signed, kind, plan, reason))
    except Refused as error:
        if error.sort in ("missing", "role"):
            raise
        return _page(deps, request, signed, kind, plan, reason=reason, fault=error.text, status=STATUS[error.sort])
    status = STATUS["state"] if fault else 200
    return _page(deps, request, signed, kind, plan, reason=reason, fault=fault, found=found, status=status)


def _page(
    deps: Deps, request: Request, signed: Signed, kind: str, plan: str, *, reason: str = "", fault: str = "",
    found: Withdrawal | None = None, status: int = 200,
) -> Response:  # fmt: skip
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
        row = planvoid.find(conn, registry, signed.person, kind, plan)
        rests = found.rests if found is not None else ()
        people = {row.get("staff"), *(one.key.partition("/")[0] for one in rests if one.kind == "slot")} - {None}
        said = said_for(conn, registry, language_of(request), sorted(map(str, people)))
    fields = zip([one.name for one in COLUMNS[kind]], row_view(kind, row, said)["cells"], strict=True)
    return page(
        request, "plan_withdraw.html", status, signed=signed, kind=kind, word=said.kind(kind), id=plan, reason=reason,
        fault=fault, fields=[(said.column(name), text, name in IDS) for name, text in fields if text], found=found,
        rests=moved_views(rests, said),
    )  # fmt: skip
