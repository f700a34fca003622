"""The audit (审计): who did what, when, to what; whether the chain of seals holds; the rows as a file."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from monitor.console.auditcheck import ACTION, Check
from monitor.console.cards import to_be_saved
from monitor.console.deps import Deps
from monitor.console.pages.account import zone_of
from monitor.console.pages.auditview import AuditWords, as_csv, as_json, line_view
from monitor.console.pages.devices import SEE_OTHER, filter_of
from monitor.console.pages.frame import page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.paging import cut, opened, sealed
from monitor.store import auditrows, users
from monitor.store.audit import record
from monitor.store.auditrows import Wanted
from monitor.supervision.auditlist import MOST, audit_page
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed
from monitor.wording import audited
from monitor.wording.render import pick

EXPORT_MOST: Final = 10_000
WAIT_SECONDS: Final = 2.0
"""So long the answer waits for a pass that is quick."""
MEDIA: Final = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
Suffix = Literal["csv", "json"]


def add_audit(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "audit:read")
    _add_list(pages, deps, person)
    _add_verify(pages, deps, person)


def asked(
    actor: str = filter_of(), action: str = filter_of(), kind: str = filter_of(), key: str = filter_of(),
    first: str = filter_of("from"), last: str = filter_of("to"),
) -> dict[str, str]:  # fmt: skip
    """A dependency: the filters as they stand in the address; dates are the hall's, both included."""
    return {"actor": actor, "action": action, "kind": kind, "key": key, "from": first, "to": last}


Asked = Annotated[dict[str, str], Depends(asked)]


def _add_list(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/audit")
    def audit(request: Request, given: Asked, after: str = filter_of(), signed: Signed = Depends(person)) -> Response:
        """100 a page, the newest first."""
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            zone = zone_of(registry, signed)
            fault = ""
            try:
                found = audit_page(conn, registry, signed.person, wanted_of(given, zone), after=_after(after))
            except Refused as error:
                if error.sort != "input":
                    raise
                found, fault = [], error.text
            people = {row.id: row.name for row in users.all_of_them(conn)}
            last_check = auditrows.newest(conn, ACTION)
        said = AuditWords(language=language_of(request), zone=zone, people=people, registry=registry)
        shown, last = cut(found, MOST)
        filters = {name: value for name, value in given.items() if value}
        more = {**filters, "after": sealed((last.at.isoformat(), last.id))} if last is not None else {}
        return page(
            request, "audit.html", 422 if fault else 200, signed=signed, lines=[line_view(one, said) for one in shown],
            asked=given, filtered=bool(filters), fault=fault, query=urlencode(filters),
            families=[(f"{name}.", pick(texts, said.language)) for name, texts in audited.FAMILIES.items()],
            kinds=[(name, pick(texts, said.language)) for name, texts in audited.KINDS.items()],
            next=f"/audit?{urlencode(more)}" if more else None, most=EXPORT_MOST,
            check=_last(last_check, zone), can_verify=deps.verifier is not None,
        )  # fmt: skip

    @pages.get("/audit/export.{suffix}")
    def export(suffix: Suffix, given: Asked, signed: Signed = Depends(person)) -> Response:
        """The newest 10,000 rows that fit, as CSV or JSON."""
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            zone = zone_of(registry, signed)
            found = audit_page(conn, registry, signed.person, wanted_of(given, zone), limit=EXPORT_MOST)
        rows = as_json(found[:EXPORT_MOST], zone)
        told = {"format": suffix, "rows": len(rows), "filters": {name: value for name, value in given.items() if value}}
        deps.store.step(
            lambda conn: record(conn, deps.clock.now(), signed.person.id, "audit.exported", "audit", "audit", told)
        )
        content = as_csv(rows) if suffix == "csv" else json.dumps(rows, ensure_ascii=False, indent=1).encode()
        return to_be_saved(content, f"audit.{suffix}", MEDIA[suffix])


def _add_verify(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/audit/verify")
    def verified(request: Request, signed: Signed = Depends(person)) -> Response:
        """What the last pass found, or that one goes on."""
        with deps.store.read() as conn:
            zone = zone_of(deps.registry.get(conn), signed)
            last = auditrows.newest(conn, ACTION)
            people = {row.id: row.name for row in users.all_of_them(conn)}
        check = deps.verifier.last if deps.verifier is not None else None
        return page(
            request, "audit_verify.html", signed=signed, check=_check(check, zone), last=_last(last, zone),
            people=people, can_verify=deps.verifier is not None,
        )  # fmt: skip

    @pages.post("/audit/verify")
    def verify(
        request: Request, csrf: Annotated[str, Form(max_length=200)] = "", signed: Signed = Depends(person)
    ) -> Response:
        """Begin a pass; a short one is over when the page comes."""
        require_own_form(request, signed, {"csrf": csrf})
        if deps.verifier is None:
            raise Refused("未设审计密钥 audit.key is not set: nothing is sealed here", sort="state")
        deps.verifier.start(signed.person)
        deps.verifier.wait(WAIT_SECONDS)
        return RedirectResponse("/audit/verify", SEE_OTHER)


def wanted_of(given: dict[str, str], zone: ZoneInfo) -> Wanted:
    """Raises Refused for a date that is none."""
    first, last = _day(given["from"], "from", zone), _day(given["to"], "to", zone)
    return Wanted(
        actor=given["actor"].strip() or None, action=given["action"] or None, kind=given["kind"] or None,
        key=given["key"].strip() or None, since=first, until=last + timedelta(days=1) if last is not None else None,
    )  # fmt: skip


def _day(text: str, field: str, zone: ZoneInfo) -> datetime | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        return datetime.combine(day, time(), zone) if 1900 < day.year < 2200 else None
    except ValueError:
        raise Refused(f"日期应写作 2026-03-04 a date is written 2026-03-04, not {text[:20]!r}", field=field) from None


def _after(text: str) -> tuple[datetime, int] | None:
    if not text:
        return None
    key = opened(text)
    try:
        at, number = key
        return datetime.fromisoformat(str(at)), int(number)
    except (TypeError, ValueError):
        raise Refused("页码无效 after: was not given by this page", field="after") from None


def _last(row: Any, zone: ZoneInfo) -> dict[str, Any] | None:
    """The last pass as the audit has it, whichever process made it."""
    if row is None:
        return None
    return {"at": row.at.astimezone(zone), "by": row.actor, "ok": bool(row.body.get("ok")), **_counted(row.body)}


def _counted(body: Any) -> dict[str, Any]:
    return {name: body.get(name) for name in ("rows", "sealed", "faults", "head")}


def _check(check: Check | None, zone: ZoneInfo) -> dict[str, Any] | None:
    if check is None:
        return None
    found = check.found
    return {
        "by": check.by, "began": check.began.astimezone(zone), "failed": check.failed, "running": check.ended is None,
        "ended": check.ended.astimezone(zone) if check.ended is not None else None,
        "found": {
            "ok": found.ok, "rows": found.rows, "sealed": found.sealed, "unsealed": found.unsealed,
            "erased": found.erased, "count": found.count, "head": str(found.head) if found.head else "",
            "faults": [{"why": f.why, "row": f.row, "seal": f.seal} for f in found.faults],
        } if found is not None else None,
    }  # fmt: skip
