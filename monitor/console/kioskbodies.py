"""What a kiosk's page sends: a model for each route, and how a body is read."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, TypeVar
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monitor.attendance.facepolicy import Action
from monitor.console.bearer import read_body
from monitor.console.cardbodies import Instant
from monitor.console.latemodel import LateModel
from monitor.supervision.kioskplace import refused

SMALL_BYTES: Final = 4096
FRAME_BYTES: Final = 512 * 1024
KEPT_FRAMES: Final = 16
"""Two a second over rest, a turn that is held, and looking straight again."""
KEPT_BYTES: Final = 4 * 2**20

Staff = Annotated[str, Field(min_length=1, max_length=64)]
Boot = Annotated[str, Field(max_length=64)]
M = TypeVar("M", bound=BaseModel)


class Body(LateModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Begin(Body):
    """`staff` missing: whoever it is (1:N)."""

    id: UUID
    at: Instant
    staff: Staff | None = None
    direction: Literal["in", "out"] | None = None
    boot: Boot | None = None


class Confirm(Body):
    pass


class Pin(Body):
    """`kept`: tried while the network was away."""

    id: UUID
    at: Instant
    staff: Staff
    pin: Annotated[str, Field(min_length=1, max_length=64)]
    direction: Literal["in", "out"] | None = None
    kept: bool = False
    boot: Boot | None = None


class Frame(Body):
    at: Instant
    jpeg: Annotated[str, Field(description=f"base64, at most {FRAME_BYTES} bytes of picture")]

    def picture(self) -> bytes:
        """Raises Refused."""
        try:
            picture = base64.b64decode(self.jpeg, validate=True)
        except (binascii.Error, ValueError):
            raise refused("kiosk.body", sort="input", field="frames", detail="jpeg: base64") from None
        if not picture or len(picture) > FRAME_BYTES:
            raise refused("kiosk.body", sort="input", field="frames", detail=f"jpeg: ≤ {FRAME_BYTES} bytes")
        return picture


class Kept(Body):
    """A try by face made while the network was away, with the challenge that the page chose."""

    id: UUID
    at: Instant
    staff: Staff
    direction: Literal["in", "out"] | None = None
    frames: Annotated[list[Frame], Field(min_length=1, max_length=KEPT_FRAMES)]
    actions: list[Action] = []
    boot: Boot | None = None


class Beat(Body):
    at: Instant
    queue: Annotated[int, Field(ge=0, le=2**31)] = 0
    boot: Boot = ""


async def body_of(request: Request, model: type[M], limit: int = SMALL_BYTES) -> M:
    """The body as the model; 413 for a longer one. Raises Refused naming the field, never what was in it."""
    text = await read_body(request, limit)
    try:
        return model.model_validate_json(text or b"{}")
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in fault["loc"]) or "body"
        raise refused("kiosk.body", sort="input", field=field, detail=f"{field}: {fault['msg']}") from None


def at_of(request: Request) -> datetime | None:
    """The header X-At, aware; None without one. Raises Refused."""
    text = request.headers.get("x-at")
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError(text)
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise refused("kiosk.body", sort="input", field="X-At", detail="X-At: RFC 3339") from None
