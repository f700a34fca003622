"""/api/v1/months: closing a month of attendance, correcting it, its versions and their files."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection

from monitor.console.answers import ERRORS, WORK_ERRORS, Responses, body_schema, problem
from monitor.console.bearer import read_body, require
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, read, schema_of
from monitor.console.kept import MEDIA, KeptSuffix, kept_file
from monitor.console.looking import looked
from monitor.console.monthbodies import PreviewOut, SignedOut, SignIn, VersionOut
from monitor.console.once import KEY, Act, once
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.supervision.commands import require_words
from monitor.supervision.months import sign_off
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

MISSING: Final[Responses] = {404: problem("There is no such hall or version for the bearer.")}
_HALL: Final = Path(min_length=1, max_length=64, pattern=PLAIN)
_MONTH: Final = Path(pattern=r"^[12][0-9]{3}-(0[1-9]|1[0-2])$")
_FILE: Final[Responses] = {
    200: {
        "description": "The file, byte for byte as signed.",
        "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA.values()},
    }
}


def add_months_api(api: APIRouter, deps: Deps) -> None:
    """The signed versions, a month's preview, the sign-off, and files."""
    _add_reading(api, deps)

    @api.post(
        "/months/{hall}/{month}",
        responses={**WORK_ERRORS, **MISSING},
        response_model=SignedOut,
        openapi_extra=body_schema(schema_of(SignIn)),
    )
    async def post_month(
        request: Request,
        response: Response,
        hall: str = _HALL,
        month: str = _MONTH,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, "attendance:close")),
    ) -> dict[str, Any]:
        """Sign the month off, or its correction, as `jiancha month close` and `month correct`."""
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(
            once, deps, grant, key, request, body, response, lambda: _signing(deps, grant, hall, month, body)
        )


def _add_reading(api: APIRouter, deps: Deps) -> None:
    @api.get("/months", responses=ERRORS, response_model=list[VersionOut])
    def get_months(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        grant: Grant = Depends(require(deps, "attendance:close")),
    ) -> list[dict[str, Any]]:
        """The signed versions within the bearer's reach, the newest month first."""
        from monitor.exports.attendance.signed import listed

        after = key_of(page, str, str, int)
        with looked(deps) as look:
            halls = [one for one in halls_within(look.registry, grant.principal) if hall in (None, one)]
            found = listed(look, halls, (after[0], after[1], after[2]) if after else None, page.limit)
            zones = {one: look.registry.zone_of(one) for one in halls}
        shown, last = cut(found, page.limit)
        next_link(request, response, (last.month, last.hall, last.version) if last is not None else None)
        return [
            {
                "hall": row.hall, "month": row.month, "version": row.version, "closed_by": row.closed_by,
                "closed_at": stamp(row.closed_at, zones[row.hall]), "corrections": row.corrections,
                "digest": row.digest,
            }
            for row in shown
        ]  # fmt: skip

    @api.get("/months/{hall}/{month}", responses=ERRORS | MISSING, response_model=PreviewOut)
    def get_month(
        hall: str = _HALL, month: str = _MONTH, grant: Grant = Depends(require(deps, "attendance:close"))
    ) -> dict[str, Any]:
        """What closing or correcting it means now; takes as long as making its sheet."""
        from monitor.exports.attendance.preview import preview
        from monitor.exports.attendance.signed import require_hall

        with looked(deps) as look:
            require_hall(look, grant.principal, hall)
            found = preview(look, deps.policy, month, hall)
            zone = look.registry.zone_of(hall)
        return {
            "hall": hall, "month": month, "version": found.version, "over": found.over, "people": found.people,
            "as_of": stamp(found.made, zone), "counts": found.counts, "seen": found.seen,
            "open": [
                {
                    "kind": p.kind, "date": p.day.isoformat() if p.day else None, "staff": p.staff, "slot": p.slot,
                    "why": p.why, "card": p.card, "window": p.window, "device": p.device, "request": p.request,
                    "blocks": p.blocks,
                }
                for p in found.points
            ],
            "changed": [
                {"staff": str(d.person[0]), "column": d.column, "was": d.was, "now": d.now} for d in found.changed
            ],
        }  # fmt: skip

    @api.get(
        "/months/{hall}/{month}/{version}/sheet.{suffix}", responses=ERRORS | MISSING | _FILE, response_class=Response
    )
    def get_file(
        suffix: KeptSuffix,
        hall: str = _HALL,
        month: str = _MONTH,
        version: int = Path(ge=1, le=9999),
        grant: Grant = Depends(require(deps, "attendance:close")),
    ) -> Response:
        """A version's file. `json` is what was kept itself: its SHA-256 is the digest."""
        return kept_file(deps, grant.principal, hall, month, version, suffix)


def _signing(deps: Deps, grant: Grant, hall: str, month: str, body: bytes) -> Act:
    """Read before the store is locked: that takes seconds."""
    from monitor.exports.attendance.preview import sign
    from monitor.exports.attendance.signed import require_hall

    said = read(SignIn, body)
    require_words(said.reason)
    reason = said.reason.strip()
    made = None
    no: Refused | None = None
    with looked(deps) as look:
        require_hall(look, grant.principal, hall)
        try:
            made = sign(
                look, deps.policy, month, hall, grant.principal, reason, accept_open=said.accept_open, seen=said.seen
            )
        except Refused as error:
            no = error  # a request that is sent again has its answer all the same

    def act(conn: Connection, _now: datetime) -> dict[str, Any]:
        if made is None:
            assert no is not None
            raise no
        sign_off(
            conn, hall, month, made.tables.version, actor=grant.principal, reason=reason, body=made.body,
            digest=made.digest, corrections=made.corrections, now=made.made,
        )  # fmt: skip
        return {
            "hall": hall, "month": month, "version": made.tables.version, "digest": made.digest,
            "corrections": made.corrections,
        }  # fmt: skip

    return act
