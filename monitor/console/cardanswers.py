"""What the API answers of cards, boards, events and plans, as OpenAPI has it: nothing stands in an answer that is not
here. Documentation alone: the answers are made by the core, and are not copied once more.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field, RootModel

from monitor.console.answers import Responses
from monitor.console.latemodel import LateModel

Level = Literal["reminder", "yellow", "red"]
State = Literal["open", "acknowledged", "answered", "closed", "withdrawn"]
At = AwareDatetime
"""RFC 3339 with the offset of the hall."""


class Out(LateModel):
    model_config = ConfigDict(extra="forbid")


def answers(model: Any, text: str, status: int = 200) -> Responses:
    """A route's answer, for its `responses`."""
    return {status: {"model": model, "description": text}}


# --------------------------------------------------------------------------- what came in


class NotTaken(Out):
    index: int = Field(description="Which item, from 0.")
    reason: str


class FedOut(Out):
    """All is committed."""

    stored: int
    duplicates: int
    quarantined: list[NotTaken]


class CountsOut(Out):
    """Rows of one table."""

    added: int
    changed: int
    unchanged: int


class PlansOut(RootModel[dict[str, CountsOut]]):
    """By table."""


# --------------------------------------------------------------------------- cards


class Subject(Out):
    kind: str
    id: str


class Reason(Out):
    code: str
    figures: dict[str, Any]


class Change(Out):
    """`actor`: a user's id, `system`, or `cli`."""

    at: At
    event: str
    level: Level
    actor: str
    why: str


class CardShown(Out):
    """A card; ids of people, no names."""

    number: int
    rule: str
    level: Level
    state: State
    cleared_at: At | None = Field(description="When what it says had ended; null: it goes on.")
    historic: bool = Field(description="From imported data: nobody is told of it.")
    episode: str
    subject: Subject
    hall: str | None
    unit: str | None
    window: str | None
    staff: str | None
    since: At
    issued: At
    policy_version: str
    basis: str = Field(description="Row of the regulations and its value.")
    reason: Reason
    history: list[Change]


class StepOut(Out):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    sequence: int
    at: At
    event: str
    level: Level
    actor: str
    why: str
    before: State | None = Field(alias="from")
    to: State | None
    body: dict[str, Any]


class FileOut(Out):
    id: int
    sequence: int = Field(description="The step that it came with.")
    name: str
    media_type: str
    length: int
    digest: str = Field(description="SHA-256, hex.")
    erased: bool


class CardWorkOut(CardShown):
    """A card and how it was worked; `possible`: the steps that the bearer may take now."""

    promised_at: At | None
    issuer: str | None
    attributed: bool
    appeal: Literal["pending", "upheld", "granted"] | None
    appellant: str | None
    followup: str | None
    steps: list[StepOut]
    files: list[FileOut]
    possible: list[str]


class ExplanationOut(CardShown):
    """A card and what it was judged on."""

    facts: Any
    steps: Any
    policy: Any
    watermark: At | None
    limit: Any = Field(None, description="Of a case: the version of its item's limits; of a task: which due holds.")
    trace: str | None = Field(None, description="The log's id of the newest event that it rests on.")


class DoneOut(Out):
    """The step is committed."""

    number: int
    step: str
    state: State
    sequence: int


class LeftOut(Out):
    number: int
    detail: str


class AcknowledgedOut(Out):
    done: list[int]
    refused: list[LeftOut]


# --------------------------------------------------------------------------- the board


class RatedOut(Out):
    score: int
    at: At


class CardOnTile(Out):
    number: int
    level: Level
    rule: str
    state: State
    since: At


class TileOut(Out):
    window: str
    name: str
    unit: str | None
    state: str = Field(description="A, B, substitute, other, excused, empty, unknown, unwatched, closed or off.")
    since: At | None
    cause: str
    who: list[str]
    inferred: bool = Field(description="By the roster: no event names them.")
    charged: str | None
    running: int
    overdue: int
    rating: RatedOut | None
    card: CardOnTile | None
    device_card: CardOnTile | None


class BoardOut(Out):
    hall: str
    name: str
    as_of: At
    counters: dict[str, int]
    cards: dict[Level, int] | None = Field(description="Of the hall; null for whoever sees a part of it.")
    windows: list[TileOut]


# --------------------------------------------------------------------------- faces


class FaceOut(Out):
    staff: str
    count: int
    vectors: str = Field(description="base64 of `count` vectors one after another, float32, little-endian.")


class GalleryOut(Out):
    device: str
    model: str | None
    version: str | None
    policy: dict[str, Any]
    people: list[FaceOut]


class ReadyOut(Out):
    ready: bool
    reasons: list[dict[str, str]]
    takeovers: list[str] | None = None
    warnings: list[dict[str, str]] | None = None
