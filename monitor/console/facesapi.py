"""/api/v1/faces: who is how far, and erasing. Vectors and pictures go out nowhere."""

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
from monitor.console.facebodies import ErasedOut, FaceFileOut, FaceOut, ReasonIn
from monitor.console.once import KEY, Act, once
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.model import Registry
from monitor.ops.retention.run import scrub
from monitor.store.facekeys import BadKeyStore, KeyStore
from monitor.supervision.facestate import (
    STATES,
    Chosen,
    FaceLine,
    list_people,
    person_of,
    require_person,
    what_goes,
    withdraw_consent,
)
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

MISSING: Final[Responses] = {404: problem("There is no such person for the bearer.")}
ERASE_ERRORS: Final[Responses] = {**WORK_ERRORS, **MISSING, 409: problem("There is nothing to erase.")}
SCOPE: Final = "faces:write"
STAFF: Final = Path(min_length=1, max_length=64, pattern=PLAIN)


def add_faces_api(api: APIRouter, deps: Deps) -> None:
    """After /faces/gallery, which is another address."""
    _add_reading(api, deps)
    _add_erasing(api, deps)


def _keys(deps: Deps) -> KeyStore | None:
    return KeyStore(deps.face_keys) if deps.face_keys is not None else None


def _add_reading(api: APIRouter, deps: Deps) -> None:
    @api.get("/faces", responses=ERRORS, response_model=list[FaceOut])
    def get_faces(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        unit: str | None = Query(None, max_length=64, pattern=PLAIN),
        state: str | None = Query(None, pattern=f"^({'|'.join(STATES)})$"),
        grant: Grant = Depends(require(deps, SCOPE)),
    ) -> list[dict[str, Any]]:
        """The people within the bearer's reach by id."""
        after = key_of(page, str)
        chosen = Chosen(
            hall=hall, unit=unit, after=after[0] if after else None,
            state=next((one for one in STATES if one == state), None),
        )  # fmt: skip
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            found = _readable(lambda keys: list_people(conn, registry, keys, grant.principal, chosen, page.limit), deps)
        shown, last = cut(found[0], page.limit)
        next_link(request, response, (last.staff,) if last is not None else None)
        return [line_json(one, registry) for one in shown]

    @api.get("/faces/{staff}", responses=ERRORS | MISSING, response_model=FaceFileOut)
    def get_face(staff: str = STAFF, grant: Grant = Depends(require(deps, SCOPE))) -> dict[str, Any]:
        """One person with all their consents, the newest first."""
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            line, consents = _readable(lambda keys: person_of(conn, registry, keys, grant.principal, staff), deps)
        zone = registry.zone_of(line.hall)
        told = [
            {"purpose": c.purpose, "consented_at": stamp(c.consented_at, zone),
             "recorded_at": stamp(c.recorded_at, zone), "recorded_by": c.recorded_by,
             "withdrawn_at": stamp(c.withdrawn_at, zone), "paper": c.paper, "notice": c.notice}
            for c in consents
        ]  # fmt: skip
        return {**line_json(line, registry), "consents": told}


def _readable(read: Any, deps: Deps) -> Any:
    """With what the key store says; without it where it cannot be read: `readable` is null then."""
    try:
        return read(_keys(deps))
    except BadKeyStore:
        return read(None)


def _add_erasing(api: APIRouter, deps: Deps) -> None:
    @api.post(
        "/faces/{staff}/erase",
        responses=ERASE_ERRORS,
        response_model=ErasedOut,
        openapi_extra=body_schema(schema_of(ReasonIn)),
    )
    async def post_erase(
        request: Request,
        response: Response,
        staff: str = STAFF,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, SCOPE)),
    ) -> dict[str, Any]:
        """Destroy the key of the face, delete vectors and stills, end the consent; a consent alone where no face is."""
        body = await read_body(request, deps.max_body_bytes)

        def work() -> dict[str, Any]:
            done = once(deps, grant, key, request, body, response, lambda: _erasing(deps, grant, staff, body))
            scrub(deps.store)
            return done

        return await run_in_threadpool(work)


def _erasing(deps: Deps, grant: Grant, staff: str, body: bytes) -> Act:
    said, keys = read(ReasonIn, body), _keys(deps)

    def act(conn: Connection, now: datetime) -> dict[str, Any]:
        registry = deps.registry.get(conn)
        require_person(registry, grant.principal, staff)
        try:
            goes = what_goes(conn, registry, keys, grant.principal, staff)
            if not goes.vectors:
                withdraw_consent(conn, registry, staff, actor=grant.principal, why=said.reason, now=now)
            else:
                _forget(conn, registry, keys, staff, grant, said.reason, now)
        except BadKeyStore as error:
            raise Refused(str(error), sort="state") from None
        return {"staff": staff, "vectors": goes.vectors, "frames": goes.frames, "key_destroyed": goes.key,
                "consents": goes.consents}  # fmt: skip

    return act


def _forget(
    conn: Connection, registry: Registry, keys: KeyStore | None, staff: str, grant: Grant, why: str, now: datetime
) -> None:
    if keys is None:
        raise Refused("faces.keys: 未设密钥库 is not set: 无法证明已销毁 nothing can be proven", sort="state")
    from monitor.supervision.faces import forget  # the extra `faces` may not be here

    forget(conn, registry, keys, staff, actor=grant.principal, why=why, now=now)


def line_json(line: FaceLine, registry: Registry) -> dict[str, Any]:
    """As `FaceOut` has it."""
    zone = registry.zone_of(line.hall)
    return {
        "staff": line.staff, "hall": line.hall, "unit": line.unit, "state": line.state,
        "consented_at": stamp(line.consent.consented_at, zone) if line.consent else None,
        "enrolled_at": stamp(line.enrolled_at, zone), "enrolled_by": line.enrolled_by, "model": line.model,
        "photographs": line.vectors, "readable": line.readable, "has_pin": line.has_pin,
    }  # fmt: skip
