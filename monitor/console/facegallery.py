"""GET /api/v1/faces/gallery: what a terminal compares faces with; a poll that finds nothing new costs no vector."""

from __future__ import annotations

import json
from typing import Final

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection

from monitor.console.answers import ERRORS, Responses
from monitor.console.bearer import require
from monitor.console.cardanswers import GalleryOut, answers
from monitor.console.deps import Deps
from monitor.store.facekeys import BadKeyStore, KeyStore
from monitor.supervision.facegallery import Offer, device_of, offer, opened
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import Grant

GALLERY_ERRORS: Final[Responses] = {
    **ERRORS,
    304: {"description": "Nothing changed since the answer with that ETag."},
    409: {"description": "This hall has no key store that can be used (`faces.keys`)."},
}
NOT_KEPT: Final = {"Cache-Control": "no-store"}


def add_gallery(api: APIRouter, deps: Deps) -> None:
    @api.get("/faces/gallery", responses=GALLERY_ERRORS | answers(GalleryOut, "The gallery."))
    def gallery(
        request: Request, device: str | None = None, grant: Grant = Depends(require(deps, "faces:gallery"))
    ) -> Response:
        """The vectors of the people whom the token's terminal serves, of the current model; an audit row each time.

        With `If-None-Match` of the last answer: 304 while nobody was enrolled, forgotten or moved.
        """
        with deps.store.read() as conn:
            now_offered = _offered(deps, conn, grant, device)
        headers = {"ETag": f'"{now_offered.tag}"', **NOT_KEPT}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)

        def answer(conn: Connection) -> tuple[str, str]:
            found = _offered(deps, conn, grant, device)  # anew: whoever was forgotten since is not in it
            body = opened(conn, found, actor=grant.actor, now=deps.clock.now())
            return found.tag, json.dumps(body, ensure_ascii=False)

        tag, body = deps.store.step(answer)
        headers["ETag"] = f'"{tag}"'
        return Response(body, media_type="application/json", headers=headers)


def _offered(deps: Deps, conn: Connection, grant: Grant, asked: str | None) -> Offer:
    registry = deps.registry.get(conn)
    device = device_of(registry, grant, asked)
    if deps.face_keys is None:
        raise Refused("faces.keys: 未设密钥库 is not set: nobody is enrolled in this hall", sort="state")
    try:
        return offer(conn, registry, KeyStore(deps.face_keys), deps.face, device)
    except BadKeyStore as error:
        raise Refused(str(error), sort="state") from error
