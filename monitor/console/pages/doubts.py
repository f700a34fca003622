"""Check-ins in doubt (疑似签到): the queue, one of them, its still, deciding."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from monitor.console.answers import STATUS
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.looking import look_of, looked
from monitor.console.pages.devices import SEE_OTHER, filter_of
from monitor.console.pages.doubtview import decision_word, doubt_words, file_view, line_view
from monitor.console.pages.frame import HEADERS, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.paging import cut
from monitor.store.facekeys import BadKeyStore, KeyStore
from monitor.supervision.doubts import MOST, Chosen, doubt_file, frame_of, list_doubts
from monitor.supervision.doubtwork import decide
from monitor.supervision.evidenceframes import show_frame
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

NUMBER: Final = Path(ge=1, le=INT64)


def add_doubts(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "faces:review")
    _add_list(pages, deps, person)
    _add_one(pages, deps, person)
    _add_still(pages, deps, person)


def _add_list(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/faces/doubts")
    def doubts(
        request: Request,
        hall: str = filter_of(),
        state: str = filter_of(),
        after: int | None = Query(None, ge=1, le=INT64),
        done: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:
        """Those that wait, the oldest first; or those that were decided, the newest first."""
        decided = state == "decided"
        with looked(deps) as look:
            found, waiting = list_doubts(
                look, deps.policy.checkin, signed.person, Chosen(hall=hall or None, decided=decided, after=after)
            )
            shown, last = cut(found, MOST)
            said = doubt_words(look, language_of(request), shown)
            halls = halls_within(look.registry, signed.person)
        given = {name: value for name, value in {"hall": hall, "state": state}.items() if value}
        return page(
            request, "doubts.html", signed=signed, waiting=waiting, decided=decided, halls=halls, hall=hall, done=done,
            lines=[line_view(one, said, deps.face, look.now) for one in shown], filtered=bool(hall),
            next=f"/faces/doubts?{urlencode({**given, 'after': last.number})}" if last is not None else None,
            first="/faces/doubts?" + urlencode(given) if after is not None else None,
        )  # fmt: skip


def _add_one(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/faces/doubts/{number}")
    def doubt(
        request: Request,
        number: int = NUMBER,
        still: str = filter_of(),
        done: str = filter_of(),
        of: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:
        """One. `still=1` shows the picture, which goes on the record; `done`, `of`: what was decided just before."""
        return _one(request, deps, signed, number, still=still == "1", done=done, of=of)

    @pages.post("/faces/doubts/{number}")
    def post_decision(
        request: Request,
        number: int = NUMBER,
        decision: str = Form("", max_length=20),
        reason: str = Form("", max_length=5000),
        seen: int = Form(0, ge=0, le=INT64),
        anew: str = Form("", max_length=10),
        csrf: str = Form(""),
        signed: Signed = Depends(person),
    ) -> Response:
        """Decided, the next one of the queue comes."""
        require_own_form(request, signed, {"csrf": csrf})
        given = {"decision": decision, "reason": reason}
        with looked(deps) as look:
            behind = doubt_file(look, deps.policy, signed.person, number).next
        try:
            deps.store.step(
                lambda conn: decide(
                    look_of(deps, conn),
                    deps.policy.checkin,
                    number,
                    decision,
                    actor=signed.person,
                    why=reason,
                    seen=seen,
                    anew=anew == "yes",
                )  # fmt: skip
            )
        except Refused as error:
            if error.sort not in ("input", "state"):
                raise
            return _one(request, deps, signed, number, status=STATUS[error.sort], fault=error.text, given=given)
        deps.heard()
        asked = urlencode({"done": decision, "of": number})
        return RedirectResponse(f"/faces/doubts{f'/{behind}' if behind else ''}?{asked}", SEE_OTHER)


def _one(
    request: Request, deps: Deps, signed: Signed, number: int, *, still: bool = False, done: str = "", of: str = "",
    status: int = 200, fault: str = "", given: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    with looked(deps) as look:
        file = doubt_file(look, deps.policy, signed.person, number)
        deciders = [row.decided_by for row in file.history]
        said = doubt_words(look, language_of(request), [file.doubt], deciders)
    return page(
        request, "doubt.html", status, signed=signed, doubt=file_view(file, said, deps.face, look.now), still=still,
        done=decision_word(done, said) if done else "", of=of, fault=fault, zone=str(said.zone(file.doubt.hall)),
        given=given or {"decision": "", "reason": ""},
        keeps=deps.kiosks is not None and deps.kiosks.settings.evidence_days > 0,
    )  # fmt: skip


def _add_still(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/faces/doubts/{number}/still")
    def still(number: int = NUMBER, signed: Signed = Depends(person)) -> Response:
        """The evidence frame, JPEG. Looking at it is on the record."""

        def step(conn: Any) -> bytes:
            look = look_of(deps, conn)
            frame = frame_of(look, deps.policy.checkin, signed.person, number)
            if frame is None or deps.face_keys is None:
                raise HTTPException(404, f"{number}: 没有留证图像 there is no still of it")
            return show_frame(
                conn, look.registry, KeyStore(deps.face_keys), frame, actor=signed.person, now=look.now,
                action="faces:review",
            )  # fmt: skip

        try:
            picture = deps.store.step(step)
        except BadKeyStore as error:
            raise HTTPException(503, str(error)) from None
        return Response(picture, media_type="image/jpeg", headers=dict(HEADERS))
