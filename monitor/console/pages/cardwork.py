"""What people do to cards by the pages: the steps of `supervision.workflow`, many at once, cards by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from monitor.access import Target, covers
from monitor.console.cardbodies import BODIES
from monitor.console.cards import INT64, no_card
from monitor.console.deps import Deps
from monitor.console.pages.cardread import card_page
from monitor.console.pages.cards import back_to
from monitor.console.pages.cardview import words_for
from monitor.console.pages.frame import page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_own_form, require_person
from monitor.model import Level, SubjectRef
from monitor.supervision.bulk import acknowledge_all
from monitor.supervision.cardlist import CardFilter, rows_of
from monitor.supervision.commands import attribute, transition
from monitor.supervision.files import MOST_BYTES, MOST_FILES, checked
from monitor.supervision.handcards import issue_by_hand
from monitor.supervision.reach import windows_within
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed
from monitor.supervision.views import parse_subject
from monitor.wording import HAND_RULES, level_word
from monitor.wording.render import pick

INSTANTS: Final = ("promised_at", "due")
PLACES: Final = ("unit", "window", "staff")
FIELDS: Final = 2_060
"""Of a form: a box for each card of a long list."""
NUMBER_MOST: Final = 19
WORD_BYTES: Final = 64 * 1024
STATUS: Final = {"role": 403, "missing": 404, "state": 409, "input": 422}


def add_card_work(pages: APIRouter, deps: Deps) -> None:
    """Before the route of a single card: `/cards/new` is no number."""
    _add_by_hand(pages, deps)
    person = require_person(deps, "cards:read")

    @pages.post("/cards/ack")
    async def acknowledge(request: Request, signed: Signed = Depends(person)) -> Response:
        """Acknowledge all that were chosen; what cannot be is left as it is, and told."""
        form = await read_form(request, signed)
        chosen = [str(text) for text in form.getlist("number")]
        numbers = [int(text) for text in chosen if text.isascii() and text.isdigit() and len(text) < NUMBER_MOST]

        def work() -> Response:
            done = acknowledge_all(
                deps.store, numbers, actor=signed.person, why=_word(form, "reason"), now=deps.clock.now()
            )
            deps.heard()
            if done.refused:
                return page(request, "bulk.html", 409, signed=signed, done=done)
            return back_to("/cards", done=len(done.done))

        return await run_in_threadpool(work)

    @pages.post("/cards/{number}/{step}")
    async def take_step(
        request: Request, step: str, number: int = Path(ge=1, le=INT64), signed: Signed = Depends(person)
    ) -> Response:
        """A step of `BODIES`; refused, the page comes again with what was written and why."""
        if step not in BODIES:
            raise HTTPException(404, f"{step}: 没有此步骤 there is no such step")
        form = await read_form(request, signed)
        files = await files_of(form)
        return await run_in_threadpool(_taken, deps, request, signed, number, step, form, files)


async def read_form(request: Request, signed: Signed) -> FormData:
    """The form of a page of ours, within its limits; 403, 413 otherwise."""
    form = await request.form(max_files=MOST_FILES + 1, max_fields=FIELDS, max_part_size=WORD_BYTES)
    require_own_form(request, signed, form)
    return form


async def files_of(form: FormData) -> list[tuple[str, bytes]]:
    """Names and contents of what was attached; a field that was left empty is no file."""
    found = [f for f in form.getlist("files") if isinstance(f, UploadFile) and f.size]
    return [(f.filename or "", await f.read()) for f in found]


def _taken(
    deps: Deps, request: Request, signed: Signed, number: int, step: str, form: FormData,
    files: list[tuple[str, bytes]],
) -> Response:  # fmt: skip
    try:
        _take(deps, signed, number, step, form, files)
    except Refused as error:
        if error.sort == "missing" or (error.reason is not None and error.reason.code == "access.out_of_reach"):
            raise no_card(number) from None
        said = {key: value for key, value in form.items() if isinstance(value, str)}
        return card_page(
            deps, request, signed, number, status=STATUS[error.sort], fault=error.text, failed=step, said=said
        )
    deps.heard()
    return back_to(f"/cards/{number}", did=step)


def _take(deps: Deps, signed: Signed, number: int, step: str, form: FormData, files: list[tuple[str, bytes]]) -> None:
    event = BODIES[step][0]
    why = _word(form, "reason")
    kept = checked(files)

    def work(conn: Any) -> None:
        registry, now = deps.registry.get(conn), deps.clock.now()
        if event == "attributed":
            place = {name: _word(form, name) or None for name in PLACES}
            attribute(conn, number, registry, **place, actor=signed.person, why=why, now=now)
            return
        zone = _zone_of(deps, conn, number, signed)
        name, given = given_of(event, form, zone)
        transition(conn, number, name, actor=signed.person, why=why, now=now, given=given, files=kept)

    deps.store.step(work)


def given_of(event: str, form: Mapping[str, Any], zone: ZoneInfo) -> tuple[str, dict[str, Any]]:
    """The step and what it takes beside its reason; times are those of the hall's clock. Raises Refused."""
    if event == "upheld":
        granted = _word(form, "granted")
        if granted not in ("yes", "no"):
            raise Refused("请选择申诉是否成立 say whether the appeal is granted", field="granted")
        return ("withdrawn", {"appeal": "granted"}) if granted == "yes" else (event, {})
    given: dict[str, Any] = {}
    for name in ("kind", "finding", "satisfied", "result"):
        if _word(form, name):
            given[name] = _word(form, name)
    for name in INSTANTS:
        text = _word(form, name)
        if text:
            given[name] = _instant(text, name, zone)
    return event, given


def _instant(text: str, name: str, zone: ZoneInfo) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(f"{text}: 不是日期和时间 is no date and time", field=name) from None


def _word(form: Mapping[str, Any], name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def _zone_of(deps: Deps, conn: Any, number: int, signed: Signed) -> ZoneInfo:
    found = rows_of(conn, CardFilter(number=number, who=signed.person), "oldest", None, 1)
    if not found:
        raise no_card(number)
    return deps.registry.get(conn).zone_of(found[0].hall)


# --------------------------------------------------------------------------- by hand


def _add_by_hand(pages: APIRouter, deps: Deps) -> None:
    issuer = require_person(deps, "cards:issue")

    @pages.get("/cards/new")
    def form(request: Request, rule: str = "", window: str = "", signed: Signed = Depends(issuer)) -> Response:
        """A card by hand, under the row of the regulations that it rests on."""
        return _by_hand(deps, request, signed, said={"rule": rule, "window": window})

    @pages.post("/cards/new")
    async def issue(request: Request, signed: Signed = Depends(issuer)) -> Response:
        given = await read_form(request, signed)
        files = await files_of(given)
        return await run_in_threadpool(_issued, deps, request, signed, given, files)


def _issued(deps: Deps, request: Request, signed: Signed, form: FormData, files: list[tuple[str, bytes]]) -> Response:
    said = {key: value.strip() for key, value in form.items() if isinstance(value, str)}
    try:
        level = Level.of(said.get("level", ""))
        about = SubjectRef(*parse_subject(said["subject"])) if said.get("subject") else None
        kept = checked(files)
        places = {name: said.get(name) or None for name in ("hall", *PLACES)}
        number = deps.store.step(
            lambda conn: issue_by_hand(
                conn,
                deps.registry.get(conn),
                rule=said.get("rule", ""),
                level=level,
                subject=about,
                **places,
                actor=signed.person,
                why=said.get("reason", ""),
                now=deps.clock.now(),
                policy_version=deps.policy.version,
                files=kept,
            )  # fmt: skip
        )
    except Refused as error:
        return _by_hand(deps, request, signed, said=said, fault=error.text, status=STATUS[error.sort])
    except ValueError as error:
        return _by_hand(deps, request, signed, said=said, fault=str(error), status=422)
    deps.heard()
    return back_to(f"/cards/{number}", did="issued")


def _by_hand(
    deps: Deps, request: Request, signed: Signed, *, said: Mapping[str, str], fault: str = "", status: int = 200
) -> Response:
    language = language_of(request)
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
        theirs = windows_within(registry, signed.person)
        halls = {registry.windows[w].hall for w in theirs}
        units = [u for u in registry.units.values() if covers(signed.person, Target(hall=u.hall, unit=u.id))]
        people = sorted(s.id for s in registry.staff.values() if s.unit in {u.id for u in units})
        words = words_for(conn, registry, language, people)
    rules = [(row, f"{row} {pick(rule.name, language)}", rule.where) for row, rule in sorted(HAND_RULES.items())]
    return page(
        request, "card_new.html", status, signed=signed, said=said, fault=fault, rules=rules,
        levels=[(level, level_word(level, language)) for level in ("yellow", "red", "reminder")],
        halls=sorted((h, words.name("hall", h)) for h in halls),
        units=sorted((u.id, words.name("unit", u.id)) for u in units),
        windows=sorted((w, words.name("window", w)) for w in theirs),
        staff=[(one, words.name("staff", one)) for one in people],
        file_mb=MOST_BYTES // 2**20, file_count=MOST_FILES,
    )  # fmt: skip
