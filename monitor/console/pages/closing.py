"""Closing a month of attendance (关账): what is open and what it means, signing it off, correcting it, its versions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from monitor.console.deps import Deps
from monitor.console.kept import KeptSuffix, kept_file
from monitor.console.looking import looked
from monitor.console.pages.cardview import Words, words_for
from monitor.console.pages.devices import PLAIN, SEE_OTHER, filter_of
from monitor.console.pages.frame import may, page, tabs
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.paging import cut, opened, sealed
from monitor.store.facts.look import Look
from monitor.store.users import names_of
from monitor.supervision.commands import require_words
from monitor.supervision.months import sign_off
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed
from monitor.wording import rule_title
from monitor.wording.closing import POINTS, SETTLED, WINDOW
from monitor.wording.render import pick

if TYPE_CHECKING:
    from monitor.exports.attendance.preview import Preview
    from monitor.exports.attendance.signed import Version
    from monitor.exports.attendance.stillopen import Point

MONTH: Final = re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])")
PER_PAGE: Final = 50
SHOWN: Final = 200
"""Open points of a kind that a page shows; how many there are stands above."""
SETTLED_AT: Final[Mapping[str, tuple[str, ...]]] = {
    "review": ("doubts",), "leave": ("requests", "plans"), "correction": ("requests", "plans"),
}  # fmt: skip
"""The tabs at which a kind is settled, the first that somebody may see."""
HALL_ID: Final = Path(max_length=64, pattern=PLAIN)
MONTH_ID: Final = Path(max_length=7, pattern=PLAIN)


def add_closing(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "attendance:close")
    _add_list(pages, deps, person)
    _add_month(pages, deps, person)
    _add_signing(pages, deps, person)


def _add_list(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/closing")
    def closing(
        request: Request,
        hall: str = filter_of(),
        month: str = filter_of(),
        after: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:
        """The choice of hall and month, and every version that was signed, the newest month first."""
        from monitor.exports.attendance.signed import listed

        with looked(deps) as look:
            halls = halls_within(look.registry, signed.person)
            if hall and month:
                require_month(month)
                return RedirectResponse(f"/closing/of/{quote(hall, safe='')}/{month}", SEE_OTHER)
            found = listed(look, sorted(halls), _place(after), PER_PAGE)
            today = look.now.astimezone(look.registry.zone_of(next(iter(halls), None))).date()
            shown, last = cut(found, PER_PAGE)
            names = names_of(look.conn, [row.closed_by for row in shown])
            rows = [
                {
                    "hall": row.hall, "hall_name": halls[row.hall], "month": row.month, "version": row.version,
                    "at": row.closed_at.astimezone(look.registry.zone_of(row.hall)),
                    "by": names.get(row.closed_by, row.closed_by), "corrections": row.corrections, "digest": row.digest,
                }
                for row in shown
            ]  # fmt: skip
        return page(
            request, "closing.html", signed=signed, halls=halls, rows=rows, months=months_before(today),
            next="/closing?" + urlencode({"after": sealed([last.month, last.hall, last.version])}) if last else None,
        )  # fmt: skip


def _place(after: str) -> tuple[str, str, int] | None:
    key = opened(after) if after else ()
    if len(key) == 3 and isinstance(key[0], str) and isinstance(key[1], str) and isinstance(key[2], int):
        return key[0], key[1], key[2]
    return None


def months_before(today: date) -> list[str]:
    """This month and the fourteen before it, the last that is over first."""
    found, year, month = [], today.year, today.month
    for _ in range(15):
        found.append(f"{year}-{month:02}")
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return [*found[1:], found[0]]


def require_month(month: str) -> None:
    if not MONTH.fullmatch(month):
        raise Refused(f"{month[:20]!r} 应写作 2026-03 a month is written 2026-03", field="month")


def _add_month(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/closing/of/{hall}/{month}")
    def month_page(
        request: Request,
        hall: str = HALL_ID,
        month: str = MONTH_ID,
        done: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:
        return _month(request, deps, signed, hall, month, done=done)

    @pages.get("/closing/of/{hall}/{month}/{version}/sheet.{suffix}")
    def sheet(
        suffix: KeptSuffix,
        hall: str = HALL_ID,
        month: str = MONTH_ID,
        version: int = Path(ge=1, le=9999),
        signed: Signed = Depends(person),
    ) -> Response:
        """A version as it was signed, byte for byte."""
        return kept_file(deps, signed.person, hall, month, version, suffix)


def _month(
    request: Request, deps: Deps, signed: Signed, hall: str, month: str, *, done: str = "", status: int = 200,
    fault: str = "", given: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    """What closing it, or correcting it, means now; below the versions that were signed."""
    from monitor.exports.attendance.preview import preview
    from monitor.exports.attendance.signed import require_hall, versions

    with looked(deps) as look:
        require_hall(look, signed.person, hall)
        require_month(month)
        signed_ones = versions(look, signed.person, hall, month)
        found, no = None, ""
        try:
            found = preview(look, deps.policy, month, hall)
        except Refused as error:
            no = error.text
        people = [p.staff for p in found.points] if found else []
        signers = [one.closed_by for one in signed_ones]
        words = words_for(look.conn, look.registry, language_of(request), people, signers)
        zone = look.registry.zone_of(hall)
        groups = _groups(look, found, words, signed, hall) if found else []
    return page(
        request, "closing_month.html", status, signed=signed, hall=hall, hall_name=words.name("hall", hall),
        month=month, found=found, no=no, groups=groups, done=done, fault=fault,
        given=given or {"reason": "", "accept": ""},
        as_of=look.now.astimezone(zone), versions=[_version_view(one, zone, words) for one in signed_ones],
        changed=[
            {"who": f"{d.person[1]}（{d.person[0]}）" if len(d.person) > 1 else str(d.person[0]), "column": d.column,
             "was": d.was or "—", "now": d.now or "—"}
            for d in (found.changed if found else ())
        ],
    )  # fmt: skip


def _version_view(one: Version, zone: Any, words: Words) -> dict[str, Any]:
    return {
        "version": one.version, "at": one.closed_at.astimezone(zone), "by": words.name("user", one.closed_by),
        "digest": one.digest, "corrections": one.corrections, "reason": one.reason, "intact": one.intact,
    }  # fmt: skip


def _groups(look: Look, found: Preview, words: Words, signed: Signed, hall: str) -> list[dict[str, Any]]:
    """The open points by kind, each with where it is settled."""
    zone = words.zone(hall)
    by_kind: dict[str, list[Point]] = {}
    for point in found.points:
        by_kind.setdefault(point.kind, []).append(point)
    return [
        {
            "kind": kind, "word": pick(POINTS[kind], words.language), "how": pick(SETTLED[kind], words.language),
            "count": len(points), "blocks": any(p.blocks for p in points), "more": max(0, len(points) - SHOWN),
            "rows": [
                {
                    "day": p.day, "who": words.name("staff", p.staff), "why": _why(p, words),
                    "link": _link(p, signed, hall),
                    "what": _what(p, words), "until": p.until.astimezone(zone) if p.until else None,
                }
                for p in points[:SHOWN]
            ],
        }
        for kind, points in by_kind.items()
    ]  # fmt: skip


def _why(point: Point, words: Words) -> str:
    if point.says is not None:
        return pick(point.says, words.language).replace(WINDOW, words.name("window", point.window))
    return rule_title(point.why, words.language) if point.kind == "card" else point.why


def _what(point: Point, words: Words) -> str:
    """What is open, by its name."""
    if point.card is not None:
        return f"#{point.card}"
    if point.request is not None:
        return f"#{point.request}"
    if point.window is not None:
        return words.name("window", point.window)
    return point.device or point.slot


def _link(point: Point, signed: Signed, hall: str) -> str:
    """Where it is settled; "" where whoever looks may not go there."""
    if point.card is not None:
        return f"/cards/{point.card}"
    if point.window is not None and point.day is not None:
        return f"/posts/{quote(point.window, safe='')}?date={point.day}"
    if point.device is not None:
        return f"/devices/{quote(point.device, safe='')}" if may(signed, "devices:read") else ""
    there = {tab.name: tab.address for tab in tabs(signed, "attendance")}
    if point.request is not None:
        return f"{there['requests']}/{point.request}" if "requests" in there else ""
    if point.kind == "unknown" and "day" in there:
        return there["day"] + "?" + urlencode({"hall": hall, "date": str(point.day)})
    return next((there[name] for name in SETTLED_AT.get(point.kind, ()) if name in there), "")


def _add_signing(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.post("/closing/of/{hall}/{month}")
    def sign_it(
        request: Request,
        hall: str = HALL_ID,
        month: str = MONTH_ID,
        reason: str = Form("", max_length=5000),
        accept: str = Form("", max_length=5),
        seen: str = Form("", max_length=64),
        csrf: str = Form(""),
        signed: Signed = Depends(person),
    ) -> Response:
        """Sign what the preview showed; where something changed since, the page comes again with what is now."""
        require_own_form(request, signed, {"csrf": csrf})
        given = {"reason": reason, "accept": accept}
        try:
            version = sign_month(deps, signed, hall, month, reason, accept_open=accept == "yes", seen=seen)
        except Refused as error:
            if error.sort not in ("input", "state"):
                raise
            status = 409 if error.sort == "state" else 422
            return _month(request, deps, signed, hall, month, status=status, fault=error.text, given=given)
        return RedirectResponse(f"/closing/of/{quote(hall, safe='')}/{month}?done={version}", SEE_OTHER)


def sign_month(deps: Deps, signed: Signed, hall: str, month: str, reason: str, *, accept_open: bool, seen: str) -> int:
    """Read first, for that takes seconds and must not hold the store; then keep the version in one transaction."""
    from monitor.exports.attendance.preview import sign
    from monitor.exports.attendance.signed import require_hall

    with looked(deps) as look:
        require_hall(look, signed.person, hall)
        require_month(month)
        require_words(reason)
        made = sign(look, deps.policy, month, hall, signed.person, reason.strip(), accept_open=accept_open, seen=seen)
    deps.store.step(
        lambda conn: sign_off(
            conn, hall, month, made.tables.version, actor=signed.person, reason=reason.strip(), body=made.body,
            digest=made.digest, corrections=made.corrections, now=made.made,
        )
    )  # fmt: skip
    return made.tables.version
