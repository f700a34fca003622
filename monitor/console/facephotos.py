"""Photographs that a page sends: looked at by the recognition process, never by this one, and forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from monitor.attendance.facepolicy import FacePolicy
from monitor.attendance.recognition.encoder import Face
from monitor.attendance.recognition.quality import faults
from monitor.model import Reason
from monitor.supervision.facedesk import FaceDesk, require_picture
from monitor.supervision.refused import Refused

if TYPE_CHECKING:
    from monitor.supervision.faces import Photo

WAIT_SECONDS: Final = 25.0
TRIES: Final = 5
"""A picture that kiosks' frames pushed out is given again: somebody waits for it."""


async def faces_in(desk: FaceDesk, name: str, content: bytes, *, vectors: bool) -> tuple[Face, ...]:
    """The faces of a picture. Raises Refused for what is none, and where the encoder does not come to it."""
    require_picture(name, content)
    for _ in range(TRIES):
        try:
            reply = await asyncio.wait_for(asyncio.wrap_future(desk.ask(content, vectors=vectors)), WAIT_SECONDS)
        except TimeoutError:
            break
        if reply is not None and reply.fault is not None:
            raise Refused(f"{name}: {reply.fault}", field="photos")
        if reply is not None:
            return reply.faces
    raise Refused("识别程序暂无应答，请稍后再试 the encoder does not answer now: try again", sort="state")


async def photos_in(desk: FaceDesk, pictures: Sequence[tuple[str, bytes]]) -> tuple[Photo, ...]:
    """One after the other: so many at once would push each other out."""
    from monitor.supervision.faces import Photo  # the extra `faces` may not be here

    return tuple([Photo(name=name, faces=await faces_in(desk, name, data, vectors=True)) for name, data in pictures])


def faults_of(found: Sequence[Face], policy: FacePolicy) -> tuple[Reason, ...]:
    """All that is wrong with a still as a photograph of an enrolment."""
    if len(found) != 1:
        return (Reason(code="face.several" if found else "face.none", figures={"found": len(found)}),)
    return faults(found[0].quality, policy)
