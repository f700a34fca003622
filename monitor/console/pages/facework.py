"""Enrolling a face from the browser's camera or photographs, looking at a still, comparing (人脸登记、比对).

Pictures are looked at by the recognition process and forgotten; what is kept are vectors, sealed.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy import Connection
from starlette.datastructures import UploadFile

from monitor.console.answers import STATUS
from monitor.console.deps import Deps
from monitor.console.facephotos import faces_in, faults_of, photos_in
from monitor.console.pages.devices import PLAIN, SEE_OTHER
from monitor.console.pages.faces import address, keys_of, person_page, tried
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_own_form, require_person
from monitor.store import faces as stored
from monitor.supervision.facedesk import FaceDesk
from monitor.supervision.facestate import require_person as require_one
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed
from monitor.wording import render

STAFF: Final = Path(max_length=64, pattern=PLAIN)
MOST_FILES: Final = 20


def add_face_work(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "faces:write")
    _add_look(pages, deps, person)
    _add_enrol(pages, deps, person)
    _add_compare(pages, deps, person)


async def _pictures(request: Request, signed: Signed) -> list[tuple[str, bytes]]:
    """The photographs of the form, named by their place: file names are people's own. 403 as for every form."""
    form = await request.form(max_files=MOST_FILES + 1, max_fields=20, max_part_size=20_000)
    require_own_form(request, signed, form)
    found = [f for f in form.getlist("photos") if isinstance(f, UploadFile) and f.size]
    return [(f"照片{n} photo {n}", await f.read()) for n, f in enumerate(found, 1)]


def _ready(deps: Deps, signed: Signed, staff: str) -> tuple[FaceDesk, Any]:
    """The encoder, and the consent that a camera rests on. Raises Refused."""
    with deps.store.read() as conn:
        require_one(deps.registry.get(conn), signed.person, staff)
        standing = [row for row in stored.consents(conn, [staff]) if row.withdrawn_at is None]
    if deps.desk is None:
        raise Refused("此处不能登记人脸 no face can be enrolled here", sort="state")
    if not standing:
        raise Refused("本人尚未同意 the person has not agreed: 先登记同意 record the consent first", sort="state")
    return deps.desk, standing[-1]


def _add_look(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.post("/faces/{staff}/look")
    async def look(request: Request, staff: str = STAFF, signed: Signed = Depends(person)) -> Response:
        """{"faults": […]}: what is wrong with one still, in the language of the page; nothing of it is kept."""
        pictures = await _pictures(request, signed)
        desk, _ = await run_in_threadpool(_ready, deps, signed, staff)
        if len(pictures) != 1:
            raise Refused("应为一张照片 one photograph is expected", field="photos")
        lang = language_of(request)
        try:
            found = await faces_in(desk, *pictures[0], vectors=False)
        except Refused as error:
            return JSONResponse({"faults": [error.text]}, status_code=STATUS[error.sort])
        return JSONResponse({"faults": [render(reason, lang) for reason in faults_of(found, deps.face)]})


def _add_enrol(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.post("/faces/{staff}/enrol")
    async def enrol(request: Request, staff: str = STAFF, signed: Signed = Depends(person)) -> Response:
        """By the stills of the camera or by photographs; every fault of all of them comes back at once."""
        pictures = await _pictures(request, signed)
        try:
            desk, consent = await run_in_threadpool(_ready, deps, signed, staff)
            if not deps.face.enrol_min <= len(pictures) <= deps.face.enrol_max:
                raise Refused(
                    f"{len(pictures)} 张照片，应为 {deps.face.enrol_min}–{deps.face.enrol_max} 张 photographs; give "
                    f"{deps.face.enrol_min} to {deps.face.enrol_max}",
                    field="photos",
                )
            photos = await photos_in(desk, pictures)
        except Refused as error:
            return await run_in_threadpool(_again, request, deps, signed, staff, error)
        return await run_in_threadpool(_enrolled, request, deps, signed, staff, desk, consent, photos)


def _again(request: Request, deps: Deps, signed: Signed, staff: str, error: Refused) -> Response:
    if error.sort not in ("input", "state"):
        raise error
    return person_page(request, deps, signed, staff, status=STATUS[error.sort], fault=error.text)


def _enrolled(
    request: Request, deps: Deps, signed: Signed, staff: str, desk: FaceDesk, consent: Any, photos: Any
) -> Response:
    from monitor.supervision.faces import Enrolment, enrol

    model = desk.model
    assert model is not None  # it has just answered

    def act(conn: Connection) -> dict[str, Any]:
        row = next((one for one in stored.consents(conn, [staff]) if one.id == consent.id), None)
        if row is None or row.withdrawn_at is not None:
            raise Refused("同意已被撤回 the consent was withdrawn meanwhile", sort="state")
        wanted = Enrolment(
            staff=staff, photos=photos, consent_at=consent.consented_at, purpose=consent.purpose, consent=consent.id
        )
        return enrol(
            conn, deps.registry.get(conn), desk.keys, deps.face, wanted, model=model, actor=signed.person,
            now=deps.clock.now(),
        )  # fmt: skip

    done, again = tried(request, deps, signed, staff, act)
    if again is not None:
        return again
    if done["old_key"] is not None:
        desk.keys.destroy(done["old_key"])
    return RedirectResponse(address(staff, done="enrolled"), SEE_OTHER)


def _add_compare(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.post("/faces/{staff}/compare")
    async def compare(request: Request, staff: str = STAFF, signed: Signed = Depends(person)) -> Response:
        """Whether a still shows the person who is enrolled; on the record, the still is not kept."""
        pictures = await _pictures(request, signed)
        try:
            desk, _ = await run_in_threadpool(_ready, deps, signed, staff)
            if len(pictures) != 1:
                raise Refused("应为一张照片 one photograph is expected", field="photos")
            (photo,) = await photos_in(desk, pictures)
        except Refused as error:
            return await run_in_threadpool(_again, request, deps, signed, staff, error)
        return await run_in_threadpool(_compared, request, deps, signed, staff, desk, photo)


def _compared(request: Request, deps: Deps, signed: Signed, staff: str, desk: FaceDesk, photo: Any) -> Response:
    from monitor.supervision.faces import verify

    model, keys = desk.model, keys_of(deps)
    assert model is not None
    assert keys is not None

    def act(conn: Connection) -> dict[str, Any]:
        return verify(
            conn, deps.registry.get(conn), keys, deps.face, staff, photo, model=model, actor=signed.person,
            now=deps.clock.now(),
        )  # fmt: skip

    done, again = tried(request, deps, signed, staff, act)
    return again or person_page(request, deps, signed, staff, compared=done)
