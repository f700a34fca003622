"""/kiosk/api by face: attempts, their frames, confirming; what was kept while the network was away."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from monitor.console.answers import body_schema
from monitor.console.bearer import read_body
from monitor.console.deps import Deps
from monitor.console.devicebodies import schema_of
from monitor.console.kioskanswers import (
    ERRORS,
    LANG,
    Lang,
    answer,
    checkin,
    error_body,
    placed,
    record,
    settled_body,
    told_body,
    too_many,
)
from monitor.console.kioskbodies import FRAME_BYTES, KEPT_BYTES, Begin, Confirm, Kept, at_of, body_of
from monitor.supervision.evidenceframes import keep_frame
from monitor.supervision.kiosk import Kiosks
from monitor.supervision.kioskplace import Place, refused
from monitor.supervision.refused import Refused

WAIT_SECONDS: Final = 25.0
"""A frame takes a tenth of a second; the encoder's process is replaced before this."""
JPEG: Final = {
    "requestBody": {"required": True, "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
}
KEPT_TRIES: Final = 5
"""A kept frame that the encoder did not come to is given again: nobody stands before the camera any more."""


def add_faces(api: APIRouter, deps: Deps, kiosks: Kiosks) -> None:
    """The routes of attempts by face. Without faces they refuse (kiosk.no_faces)."""
    at_kiosk = placed(deps, kiosks)
    _add_attempts(api, deps, kiosks, at_kiosk)

    @api.post("/kept", responses=ERRORS, openapi_extra=body_schema(schema_of(Kept)))
    async def post_kept(request: Request, place: Place = Depends(at_kiosk)) -> Any:
        """Judge a try that was kept, at its own time: done, review, or refused (nothing is recorded)."""
        said = await body_of(request, Kept, KEPT_BYTES)
        return await _kept(deps, kiosks, place, said)


def _add_attempts(api: APIRouter, deps: Deps, kiosks: Kiosks, at_kiosk: Any) -> None:
    @api.post("/attempts", responses=ERRORS, openapi_extra=body_schema(schema_of(Begin)), status_code=201)
    async def post_attempt(request: Request, lang: Lang = LANG, place: Place = Depends(at_kiosk)) -> Any:
        """Begin; without `staff` whoever it is (1:N), where the hall allows it."""
        said = await body_of(request, Begin)
        return await run_in_threadpool(_begin, deps, kiosks, place, said, lang)

    @api.post("/attempts/{event}/frame", responses=ERRORS, openapi_extra=JPEG)
    async def post_frame(
        request: Request, event: str, lang: Lang = LANG, place: Place = Depends(at_kiosk)
    ) -> dict[str, Any]:
        """One frame, JPEG. `busy`: the encoder did not come to it; send the next."""
        image = await read_body(request, FRAME_BYTES)
        return await _frame(deps, kiosks, place, event, request, image, lang)

    @api.post("/attempts/{event}/confirm", responses=ERRORS, openapi_extra=body_schema(schema_of(Confirm)))
    async def post_confirm(request: Request, event: str, place: Place = Depends(at_kiosk)) -> dict[str, Any]:
        """Record it: a check-in, or one for review. The same again is the same answer."""
        await body_of(request, Confirm)
        return await run_in_threadpool(_confirm, deps, kiosks, place, event)


def _begin(deps: Deps, kiosks: Kiosks, place: Place, said: Begin, lang: Lang) -> Any:
    before = kiosks.repeated(place, str(said.id), said.staff)
    if before is not None:
        return JSONResponse(answer(deps, {"id": str(said.id), **settled_body(before)}), status_code=200)
    if said.staff is not None:
        kiosks.require_served(place, said.staff)
    elif not kiosks.settings.one_to_many:
        raise refused("kiosk.many_off", sort="input", field="staff")
    if kiosks.faces is None:
        raise refused("kiosk.no_faces", sort="state")
    try:
        told = kiosks.faces.begin(place, _started(said))
    except Refused as error:
        if error.reason is not None and error.reason.code == "kiosk.full":
            return too_many(deps, error)
        raise
    return answer(deps, {"id": str(said.id), **told_body(told, None, lang, place)})


async def _frame(
    deps: Deps, kiosks: Kiosks, place: Place, event: str, request: Request, image: bytes, lang: Lang
) -> dict[str, Any]:
    faces = kiosks.faces
    if faces is None:
        raise refused("kiosk.no_faces", sort="state")
    running, at, asked = faces.submit(place, event, at_of(request), image)
    if asked is None:
        told = running.attempt.told
        state = None if running.ended else "busy"
    else:
        reply = None
        try:
            reply = await asyncio.wait_for(asyncio.wrap_future(asked), WAIT_SECONDS)
        except TimeoutError:
            pass
        finally:
            told = await run_in_threadpool(faces.answered, running, at, image, reply)
        state = "busy" if reply is None else None
    name = await run_in_threadpool(kiosks.name_of, told.staff) if told.state == "accepted" and told.staff else None
    return answer(deps, told_body(told, name, lang, place, state=state))


def _confirm(deps: Deps, kiosks: Kiosks, place: Place, event: str) -> dict[str, Any]:
    before = kiosks.repeated(place, event, None)
    if before is not None:
        return answer(deps, settled_body(before))
    if kiosks.faces is None:
        raise refused("kiosk.no_faces", sort="state")
    verdict = kiosks.faces.verdict(place, event)
    done = _record(deps, kiosks, place, verdict)
    kiosks.faces.settle(place, event)
    return done


def _record(deps: Deps, kiosks: Kiosks, place: Place, verdict: Any) -> dict[str, Any]:
    """Store the event, then the evidence frame, which may be missing where the program ends between."""
    said = verdict.started
    figures = {"distance": verdict.distance, "liveness": verdict.liveness}
    payload = checkin(
        said.id, said.at, verdict.staff, "face", said.direction, **{k: v for k, v in figures.items() if v is not None}
    )
    done = record(deps, kiosks, place, payload, boot=said.boot, named=False)
    if verdict.frame is not None and kiosks.faces is not None:
        keep_frame(deps.store, kiosks.faces.gallery.keys, verdict.staff, place.device, said.id, said.at, verdict.frame)
    return answer(deps, settled_body(done))


async def _kept(deps: Deps, kiosks: Kiosks, place: Place, said: Kept) -> Any:
    before = await run_in_threadpool(kiosks.repeated, place, str(said.id), None)
    if before is not None:
        return answer(deps, settled_body(before))
    await run_in_threadpool(kiosks.require_served, place, said.staff)
    faces = kiosks.faces
    if faces is None or not faces.is_up:
        return _later(deps)
    started = _started(said)
    pictures = [(frame.at, frame.picture()) for frame in said.frames]
    attempt = await run_in_threadpool(faces.kept_attempt, place, started, said.actions, said.frames[0].at)
    for at, picture in pictures:
        for _ in range(KEPT_TRIES):
            reply = await asyncio.wrap_future(faces.ask(picture, attempt))
            if reply is not None:
                break
        else:
            return _later(deps)
        attempt.see(at, reply.faces)
    verdict = await run_in_threadpool(faces.kept_verdict, place, started, attempt, pictures[-1][1])
    if verdict is None:
        return answer(deps, {"state": "refused", "at": said.at.isoformat(), "method": "face"})
    return await run_in_threadpool(_record, deps, kiosks, place, verdict)


def _later(deps: Deps) -> Response:
    """503: the encoder is not there now; the page sends it again."""
    error = refused("kiosk.busy", sort="state")
    return JSONResponse(answer(deps, error_body(error)), status_code=503, headers={"Retry-After": "5"})


def _started(said: Begin | Kept) -> Any:
    from monitor.supervision.kioskfaces import Started  # the extra `faces` may not be here

    return Started(id=str(said.id), at=said.at, staff=said.staff, direction=said.direction, boot=said.boot)
