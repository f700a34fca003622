"""Scores, ledgers and explanations in the API: what is answered, so that OpenAPI says it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from monitor.console.devicebodies import Stamp
from monitor.console.latemodel import LateModel

Points = Annotated[str, Field(description="A decimal of two places.", examples=["98.50"])]
State = Annotated[
    str,
    Field(
        description="running: a preview is being counted, ask again; preview: not signed; closed: as signed; none: no"
        " rule book is in force."
    ),
]


class WordsOut(LateModel):
    zh: str
    en: str


class ScoreOut(LateModel):
    id: str
    name: str
    unit: str | None
    window: str | None = Field(description="Of a person: where they stood at the period's end.")
    points: Points
    grade: str = Field(description="Id of the book's grade; empty: none.")
    place: int | None = Field(description="1 is the best; null: none is given, see `few`.")
    tied: bool = Field(description="Others have the same place.")
    few: str = Field(description="Why there is no place: `days` or `cases`, too few are known; empty otherwise.")
    unknown: int = Field(description="Spans of which nothing is known; they cost nothing.")
    waiting: int = Field(description="Proposals that wait to be confirmed; they cost nothing.")
    bottom: str = Field(description="no, yes, tied")
    award: str = Field(description="no, yes, tied")
    excellent: str = Field(description="no, yes, tied")


class EffectOut(LateModel):
    id: str
    article: str
    name: WordsOut
    effect: str = Field(description="unqualified, no_award, no_excellent, return, circular, talk, replace")
    ledger: str
    whom: str
    reached: str = Field(description="Date.")
    stands: bool = Field(description="false: it rests on what nobody has confirmed, and has no consequence.")
    why: WordsOut


class PeriodOut(LateModel):
    hall: str
    period: str
    state: State
    made_at: Stamp | None = Field(description="As of; of a closed period when it was signed.")
    again: bool = Field(description="Something has changed since `made_at`: a newer preview is being counted.")
    book: str | None = Field(description="Version of the rule book.")
    policy: str | None = Field(description="Version of the policy.")


class ScoresOut(PeriodOut):
    windows: list[ScoreOut]
    people: list[ScoreOut]
    effects: list[EffectOut]
    told: list[WordsOut] = Field(description="What is left to a person; for those who reach the whole hall.")
    notes: list[WordsOut]


class EntryOut(LateModel):
    number: int
    hall: str
    ledger: str
    whom: str
    row: str
    source: str
    fact: str
    points: Points
    date: str
    at: Stamp
    month: str = Field(description="That it is booked in.")
    of_month: str = Field(description="That of its fact: the closed one, for a correction.")
    revision: int
    reverses: int | None = Field(description="The revision that it takes back.")
    reverses_number: int | None = Field(description="The entry that it takes back.")
    reversed_by: int | None = Field(description="The entry that took it back.")
    unit: str | None
    window: str | None
    staff: str | None
    proposer: str | None
    confirmer: str | None
    cards: list[int]
    figures: dict[str, Any]
    book: str
    posted_at: Stamp
    posted_by: str


class StepOut(LateModel):
    kind: str = Field(description="base, line, cap, floor, ceiling")
    points: Points
    total: Points
    line: dict[str, Any] | None = Field(description="Row, article, fact, cards, who confirmed; null but for a line.")
    row: str
    part: str


class LeftOut(LateModel):
    why: str
    date: str
    source: str
    fact: str
    cards: list[int]
    text: WordsOut


class CardOut(LateModel):
    rule: str
    level: str
    state: str
    since: Stamp
    text: WordsOut


class ExplainedOut(PeriodOut):
    ledger: str
    whom: str
    name: str = ""
    points: Points | None = None
    grade: str = ""
    place: int | None = None
    tied: bool = False
    months: list[tuple[str, str]] = Field(default=[], description="Of a longer period: each month's score.")
    sum: list[StepOut] = Field(default=[], description="Line by line; the last total is the score.")
    adds_up: bool | None = None
    not_charged: list[LeftOut] = []
    facts_read: bool = Field(default=False, description="false: told from what was signed alone.")
    effects: list[EffectOut] = []
    why: list[WordsOut] = []
    choices: dict[str, Any] = Field(default={}, description="The choices of A.10.")
    cards: dict[str, CardOut] = Field(default={}, description="By number: those that the bearer may read.")
