"""What each channel's payload may hold (DESIGN §3.1): the one source of validation, `Event.body` and schemas."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec
from msgspec import Meta, Struct

INT64: Final = 2**63 - 1

Id = Annotated[str, Meta(min_length=1, max_length=64)]
OptionalId = Annotated[str, Meta(max_length=64)] | None
"""Absent, null and the empty string mean the same: not given."""
Text = Annotated[str, Meta(max_length=2000)] | None
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 with offset")]
Count = Annotated[int, Meta(ge=0, le=INT64)]
Days = Annotated[int, Meta(ge=1, le=3650)]
Fraction = Annotated[float, Meta(ge=0, le=1)]


class Envelope(Struct, kw_only=True, forbid_unknown_fields=False):
    """Of every event: `id` unique per device, `at` when it happened, `seq` rising per `boot`."""

    id: Id
    at: Instant
    seq: Count | None = None
    boot: OptionalId = None


ENVELOPE: Final = frozenset(Envelope.__struct_fields__)


class StatusIn(Struct, kw_only=True):
    state: Literal["online", "offline"]
    firmware: Annotated[str, Meta(max_length=128)] | None = None
    id: OptionalId = None
    at: Instant | None = None


class HeartbeatIn(Struct, kw_only=True):
    at: Instant
    queue: Count = 0
    boot: OptionalId = None
    last_seq: Count | None = None


class RatingIn(Envelope, kw_only=True):
    score: Annotated[int, Meta(ge=1, le=5)]
    window: OptionalId = None
    case: OptionalId = None
    staff: OptionalId = None
    stage: Literal["accepted", "completed"] | None = None
    origin: Literal["device", "web", "screen", "paper"] | None = None
    tags: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=32)] | None = None
    comment: Text = None


class DutyIn(Envelope, kw_only=True):
    action: Literal["on", "off", "pause", "resume"]
    staff: Id
    window: OptionalId = None
    reason: Text = None


class PresenceIn(Envelope, kw_only=True):
    people: Count
    view: Literal["ok", "dark", "frozen", "covered"]
    window: OptionalId = None
    confidence: Fraction | None = None


class CheckinIn(Envelope, kw_only=True):
    staff: Id
    method: Literal["face", "card", "pin", "fingerprint", "manual"]
    direction: Literal["in", "out"] | None = None
    distance: Annotated[float, Meta(ge=0)] | None = None
    liveness: float | None = None


class TaskIn(Envelope, kw_only=True):
    task: Id
    kind: Literal["complaint", "hotline", "order", "report"]
    event: Literal["opened", "answered", "verified", "rejected", "closed"]
    due: Instant | None = None
    unit: OptionalId = None
    window: OptionalId = None
    staff: OptionalId = None
    case: OptionalId = None


class CaseIn(Envelope, kw_only=True, tag_field="event"):
    """The fields of every case event; `event` is the tag."""

    DISCRIMINATOR: ClassVar[str] = ""
    """The field that tells two events of one case and second apart (DESIGN §10)."""

    case: Id
    item: OptionalId = None
    window: OptionalId = None
    staff: OptionalId = None
    reason: Text = None
    entered: Instant | None = None
    ticket: OptionalId = None
    joint: bool | OptionalId = None


class Received(CaseIn, tag="received"):
    """收件"""


class SupplementRequested(CaseIn, tag="supplement_requested"):
    """补正告知"""


class Supplemented(CaseIn, tag="supplemented"):
    """补齐"""


class Accepted(CaseIn, tag="accepted", kw_only=True):
    """受理"""

    due: Instant | None = None


class Refused(CaseIn, tag="rejected"):
    """不予受理"""


class Suspended(CaseIn, tag="suspended", kw_only=True):
    """特别程序"""

    procedure: Literal[
        "hearing", "bidding", "auction", "inspection", "testing", "quarantine", "appraisal", "expert_review", "other"
    ]
    planned_days: Days | None = None


class Resumed(CaseIn, tag="resumed"):
    """恢复"""


class Extended(CaseIn, tag="extended", kw_only=True):
    """延期"""

    days: Days
    approver: Id
    approver_rank: Literal["unit", "government"]


class Stage(CaseIn, tag="stage", kw_only=True):
    """环节"""

    DISCRIMINATOR = "stage"
    stage: Id
    limit_days: Days | None = None


class Fallback(CaseIn, tag="fallback", kw_only=True):
    """即办转承诺"""

    reason: Annotated[str, Meta(min_length=1, max_length=2000)]


class Transferred(CaseIn, tag="transferred"):
    """移交"""


class Completed(CaseIn, tag="completed", kw_only=True):
    """办结. A completion without its `result` is taken: whatever the result, it stops the clock."""

    result: Literal["granted", "denied"] | None = None
    result_doc: Annotated[str, Meta(max_length=200)] | None = None


class Delivered(CaseIn, tag="delivered"):
    """送达"""


class Withdrawn(CaseIn, tag="withdrawn"):
    """撤回"""


class Returned(CaseIn, tag="returned"):
    """退件"""


class Reopened(CaseIn, tag="reopened"):
    """重新办理"""


class Voided(CaseIn, tag="voided", kw_only=True):
    """作废: takes back the event of this id."""

    DISCRIMINATOR = "voids"
    voids: Id


CASE_EVENTS: Final[dict[str, type[CaseIn]]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        Received,
        SupplementRequested,
        Supplemented,
        Accepted,
        Refused,
        Suspended,
        Resumed,
        Extended,
        Stage,
        Fallback,
        Transferred,
        Completed,
        Delivered,
        Withdrawn,
        Returned,
        Reopened,
        Voided,
    )
}
CHANNEL_MODELS: Final[dict[str, type[Struct]]] = {
    "status": StatusIn,
    "heartbeat": HeartbeatIn,
    "rating": RatingIn,
    "duty": DutyIn,
    "presence": PresenceIn,
    "checkin": CheckinIn,
    "task": TaskIn,
}
"""Every channel but `case`, whose model depends on its `event`."""

PRIVATE_FIELDS: Final = {"rating": ("comment",)}
"""Free text, kept in `private_text` only (DESIGN §1F): in no raw event and no hash, as both outlive erasure."""


def known_keys(model: type[Struct]) -> frozenset[str]:
    """The payload keys that a model takes, the tag included."""
    fields = frozenset(model.__struct_encode_fields__)
    return fields | {"event"} if issubclass(model, CaseIn) else fields


KNOWN_KEYS: Final = {model: known_keys(model) for model in (*CHANNEL_MODELS.values(), *CASE_EVENTS.values())}

BODY_FIELDS: Final = {
    model: tuple(name for name in model.__struct_fields__ if name not in ENVELOPE) for model in KNOWN_KEYS
}
"""The model's own fields beside the envelope, the tag not among them: what an event's body may hold."""


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each channel's payload by channel name (`jiancha config schema NAME`)."""
    made = {channel: msgspec.json.schema(model) for channel, model in CHANNEL_MODELS.items()}
    refs, components = msgspec.json.schema_components(CASE_EVENTS.values(), ref_template="#/$defs/{name}")
    made["case"] = {"oneOf": list(refs), "$defs": components}
    return {
        channel: {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": f"jiancha/v1/{{device}}/{channel}",
            **schema,
        }
        for channel, schema in sorted(made.items())
    }
