"""Devices and quarantine in the API: what is given, and what is answered, so that OpenAPI says it."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monitor.console.cardbodies import Instant
from monitor.console.cards import INT64
from monitor.console.latemodel import LateModel
from monitor.model import QUARANTINE_REASONS
from monitor.supervision.heldview import AT_ONCE
from monitor.supervision.refused import Refused

M = TypeVar("M", bound=BaseModel)
Stamp = Annotated[
    str, Field(description="RFC 3339 with the offset of the hall.", json_schema_extra={"format": "date-time"})
]
PLAIN: Final = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, Field(max_length=64, pattern=PLAIN)]
_ONE_OF_REASONS: Final = f"^({'|'.join(QUARANTINE_REASONS)})$"


class _In(LateModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class LostIn(_In):
    start: Instant = Field(alias="from")
    end: Instant = Field(alias="to", description="Exclusive; not in the future.")
    reason: str = Field(description="Stands in the audit.")


class HeldChosen(_In):
    """Open rows by their fields; a field that is left out: any."""

    hall: Name | None = None
    device: Name | None = None
    reason: Annotated[str, Field(pattern=_ONE_OF_REASONS)] | None = None
    channel: Name | None = None


class ReplayIn(_In):
    """Either `ids`, or `every`."""

    ids: list[Annotated[int, Field(ge=1, le=INT64)]] = Field(default=[], max_length=AT_ONCE)
    every: HeldChosen | None = Field(default=None, description=f"All open rows that fit, the oldest {AT_ONCE} at once.")


class DismissIn(ReplayIn):
    reason: str = Field(description="Stands in the audit.")


class CardOut(LateModel):
    number: int
    rule: str
    level: str
    state: str
    since: Stamp


class DeviceOut(LateModel):
    id: str
    kind: str
    hall: str
    window: str | None
    state: str = Field(description="online, silent, offline, unheard, never, events, revoked")
    since: Stamp | None
    last_heartbeat: Stamp | None
    queue: int | None = Field(description="Events that it still holds back, as it said at its last heartbeat.")
    skew_seconds: float | None = Field(description="To be added to its clock, by its newest heartbeats.")
    complete_to: Stamp | None = Field(description="All up to then has arrived (watermark).")
    trusted: bool = Field(description="Whether `complete_to` rests on a clock that is right.")
    quarantined: int
    card: CardOut | None


class BootOut(LateModel):
    boot: str
    heartbeats: int
    first: Stamp
    last: Stamp
    last_seq: int | None
    skew_seconds: float | None = Field(description="Median over all heartbeats of the boot, as it is judged by.")
    trusted: bool
    first_missing: int | None


class LossOut(LateModel):
    start: Stamp = Field(serialization_alias="from")
    end: Stamp = Field(serialization_alias="to")
    reason: str
    declared_at: Stamp
    actor: str


class EventOut(LateModel):
    channel: str
    id: str
    at: Stamp
    received: Stamp
    seq: int | None
    boot: str


class SpanOut(LateModel):
    start: Stamp = Field(serialization_alias="from")
    end: Stamp = Field(serialization_alias="to")


class DeviceFileOut(DeviceOut):
    serves: list[str]
    channels: list[str]
    emits: list[str]
    watermark: str
    namespace: str
    firmware: str | None
    expected_from: Stamp
    revoked_at: Stamp | None
    heartbeats_24h: int
    silences_24h: list[SpanOut] = Field(description="Times of the last 24 hours without a heartbeat for too long.")
    boots: list[BootOut]
    lost: list[LossOut]
    cards: list[CardOut]
    events: list[EventOut] = Field(description="The last five of each channel among its newest 200, without content.")


class MovedOut(LateModel):
    kind: str
    id: str
    verdict: str = Field(description="As it is now.")
    then: str = Field(description="As it would be: mostly unproven.")
    withdrawn: list[int]


class LossPreviewOut(LateModel):
    start: Stamp = Field(serialization_alias="from")
    end: Stamp = Field(serialization_alias="to")
    resting: dict[str, int] = Field(description="Subjects that rest on the device, by kind.")
    exact: bool = Field(description="Whether all of them were judged; else at most `resting` change.")
    changed: dict[str, int] = Field(description="Of which something else would be said, by kind.")
    unproven: dict[str, int] = Field(description="Those of them that would be unproven.")
    withdrawn: list[int] = Field(description="Numbers of the cards that would be taken back.")
    first: list[MovedOut]


class LostOut(LateModel):
    device: str
    start: Stamp = Field(alias="from")
    end: Stamp = Field(alias="to")


class HeldOut(LateModel):
    id: int
    device: str
    hall: str | None = Field(description="null: its sender is known to nobody.")
    channel: str
    reason: str
    detail: str
    received: Stamp
    at: Stamp | None
    seen: int
    state: str
    why_not: str | None = Field(description="Why no replay can take it in: not_kept, import_again.")


class HeldFileOut(HeldOut):
    payload: str | None
    length: int
    digest: str
    event_id: str | None
    seq: int | None
    boot: str
    topic: str | None
    resolved_at: Stamp | None
    resolved_by: str | None
    resolved_why: str | None


class StillOut(LateModel):
    id: int
    reason: str
    why_not: str | None


class ReplayedOut(LateModel):
    released: list[int]
    still_held: list[StillOut]


class DismissedOut(LateModel):
    dismissed: list[int]


def read(model: type[M], body: bytes) -> M:
    """The body as the model has it. Refused names the field at fault."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or None
        raise Refused(f"{field or 'body'}: {first['msg']}", field=field) from None


@cache
def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """For `answers.body_schema`: the model with what it refers to in place. Not to be changed: it is read once."""
    schema = model.model_json_schema()
    defs = schema.pop("$defs", {})

    def inlined(part: Any) -> Any:
        if isinstance(part, dict):
            ref = part.get("$ref", "")
            return inlined(defs[ref.rsplit("/", 1)[1]]) if ref else {key: inlined(value) for key, value in part.items()}
        return [inlined(one) for one in part] if isinstance(part, list) else part

    found: dict[str, Any] = inlined(schema)
    return found
