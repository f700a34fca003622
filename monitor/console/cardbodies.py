"""What the steps of people on cards are given over HTTP: a model for each, under the name of its command."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, ValidationError

from monitor.console.latemodel import LateModel
from monitor.supervision.bulk import MOST as MOST_AT_ONCE
from monitor.supervision.commands import MOST_WORDS
from monitor.supervision.files import KINDS, MOST_BYTES, MOST_FILES
from monitor.supervision.refused import Refused
from monitor.supervision.workflow import FINDINGS, ORDER_KINDS, RESULTS


def _utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("is no time that a calendar has") from None


def _one_of(known: tuple[str, ...]) -> Any:
    return Field(json_schema_extra={"enum": list(known)})


Instant = Annotated[AwareDatetime, AfterValidator(_utc)]
"""RFC 3339 with offset; UTC inside."""


class FileIn(LateModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    name: str
    content: str = Field(
        description=f"base64; {KINDS}, at most {MOST_BYTES} bytes each",
        json_schema_extra={"contentEncoding": "base64", "pattern": "^[A-Za-z0-9+/]*={0,2}$"},
    )


class Plain(LateModel):
    """Of every body that is written with."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Body(Plain):
    """`reason` stands in the card's history."""

    reason: str = Field(json_schema_extra={"minLength": 1, "maxLength": MOST_WORDS, "pattern": r"\S"})


class WithFiles(Body):
    files: list[FileIn] = Field(default=[], max_length=MOST_FILES)


class Acknowledge(Body):
    promised_at: Instant | None = Field(default=None, description="By when it is dealt with.")


class Order(Body):
    kind: Annotated[str, _one_of(ORDER_KINDS)]
    due: Instant | None = Field(default=None, description="When the reply is due; default: the policy's days.")


class Verify(Body):
    finding: Annotated[str, _one_of(FINDINGS)]


class CallBack(Body):
    satisfied: bool


class Attribute(Body):
    unit: str | None = None
    window: str | None = None
    staff: str | None = None


class Review(Body):
    granted: bool = Field(description="true: the card is withdrawn; false: it stands.")


class Close(Body):
    result: Annotated[str, _one_of(RESULTS)] | None = None


class AcknowledgeAll(Body):
    numbers: list[Annotated[int, Field(ge=1, le=2**63 - 1)]] = Field(min_length=1, max_length=MOST_AT_ONCE)


class Issue(WithFiles):
    rule: str = Field(description="Row of the regulations, such as E06.")
    level: Annotated[str, _one_of(("reminder", "yellow", "red"))] = "yellow"
    subject: str | None = Field(default=None, description="KIND:ID of what it is about.")
    hall: str | None = None
    unit: str | None = None
    window: str | None = None
    staff: str | None = Field(default=None, description="Who is charged.")


BODIES: Final[Mapping[str, tuple[str, type[Body]]]] = {
    "ack": ("acknowledged", Acknowledge),
    "answer": ("answered", WithFiles),
    "send-back": ("sent_back", Body),
    "order": ("ordered", Order),
    "verify": ("verified", Verify),
    "rectify": ("rectified", WithFiles),
    "call-back": ("called_back", CallBack),
    "attribute": ("attributed", Attribute),
    "appeal": ("appealed", WithFiles),
    "review": ("upheld", Review),
    "close": ("closed", Close),
    "withdraw": ("withdrawn", Body),
}
"""Command → the step of `workflow.STEPS` and what it is given; `review` that grants is `withdrawn`."""


P = TypeVar("P", bound=Plain)


def read(model: type[P], body: bytes) -> P:
    """The body as the model has it; Refused names the field at fault."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or None
        raise Refused(f"{field or 'body'}: {first['msg']}", field=field) from None


def given_of(step: str, said: Body) -> tuple[str, dict[str, Any]]:
    """The step of the workflow and what it takes, without the reason and the files."""
    event = BODIES[step][0]
    given = {k: v for k, v in said.model_dump(exclude={"reason", "files"}).items() if v is not None}
    if step == "review":
        return ("withdrawn", {"appeal": "granted"}) if given["granted"] else (event, {})
    if step == "call-back":
        given["satisfied"] = "yes" if given["satisfied"] else "no"
    return event, given


def files_of(said: Plain) -> list[tuple[str, bytes]]:
    """Names and contents; Refused for what is not base64."""
    found = []
    for index, file in enumerate(getattr(said, "files", [])):
        try:
            found.append((file.name, base64.b64decode(file.content, validate=True)))
        except (binascii.Error, ValueError):
            raise Refused("不是 base64 is no base64", field=f"files.{index}.content") from None
    return found
