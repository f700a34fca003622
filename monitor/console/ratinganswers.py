"""What /api/v1/ratings answers: a model for each, and how it is made from what the store gives."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field
from sqlalchemy import Row

from monitor.console.latemodel import LateModel
from monitor.console.ratingfilter import Span
from monitor.evaluators.satisfaction import FEW, SCORES, Scores
from monitor.model import DEFAULT_ZONE, Registry
from monitor.supervision.devicehealth import State
from monitor.supervision.evaluatorlist import Evaluator
from monitor.supervision.ratings import Part, Rated, Summary
from monitor.workcal.tables import from_micros


class CardOut(LateModel):
    """The card of a bad rating; `followup`: founded, rectified, called_back, misjudged, malicious."""

    number: int
    level: str
    state: str
    followup: str | None


class RatingOut(LateModel):
    """`counts`: false where it was found misjudged or malicious; `comment`: null also once it is erased."""

    id: str = Field(description="DEVICE/EVENT-ID")
    at: datetime
    received: datetime
    score: int
    hall: str | None
    window: str | None
    staff: str | None
    case: str | None
    item: str | None
    stage: str | None
    origin: str
    tags: list[str]
    comment: str | None
    device: str
    counts: bool
    card: CardOut | None


class ScoresOut(LateModel):
    """`ratings`: those that count, `set_aside` not among them; `satisfaction_ratio`: the share above `bad_at_most`."""

    ratings: int
    scores: dict[str, int] = Field(description="How many of each score, 1 to 5.")
    set_aside: int
    satisfaction_ratio: float | None
    average: float | None


class BucketOut(ScoresOut):
    """A day or a month, from its first day on."""

    day: date


class PartOut(ScoresOut):
    """`few`: too few ratings to compare the ratio with others."""

    id: str | None
    few: bool
    completed: int
    unrated: int


class SummaryOut(ScoresOut):
    """`completed`: cases completed in the span; `unrated`: those of them that no rating names."""

    first: date
    last: date
    zone: str
    as_of: datetime
    bad_at_most: int
    few_below: int
    completed: int
    unrated: int
    by: Literal["day", "month"]
    trend: list[BucketOut]
    parts_by: Literal["window", "item", "staff"] | None
    parts: list[PartOut] | None


class UnratedOut(LateModel):
    case: str
    hall: str | None
    unit: str | None
    window: str | None
    staff: str | None
    item: str | None
    completed_at: datetime


class EvaluatorOut(LateModel):
    """`state`: as `/devices` has it. `last_heartbeat` by receipt, `last_rating` as the device wrote it."""

    id: str
    hall: str
    window: str | None
    state: State
    last_heartbeat: datetime | None
    last_rating: datetime | None
    ratings_today: int


class LinkOut(LateModel):
    """`path`: behind the server's own address. The secret behind `#` is for whoever made it, and stored nowhere."""

    id: int
    device: str
    window: str | None
    case: str | None
    expires: datetime
    path: str


def evaluator_out(one: Evaluator, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": one.id, "hall": one.hall, "window": one.window, "state": one.state,
        "last_heartbeat": one.last_beat.astimezone(zone) if one.last_beat is not None else None,
        "last_rating": one.last_rating.astimezone(zone) if one.last_rating is not None else None,
        "ratings_today": one.today,
    }  # fmt: skip


def scores_out(scores: Scores, bad_at_most: int) -> dict[str, Any]:
    return {
        "ratings": scores.total,
        "scores": {str(score): scores.number(score) for score in reversed(SCORES)},
        "set_aside": scores.set_aside,
        "satisfaction_ratio": scores.ratio(bad_at_most),
        "average": scores.average,
    }


def rating_out(rated: Rated, registry: Registry) -> dict[str, Any]:
    row, card = rated.row, rated.card
    zone = registry.zone_of(rated.hall)
    named = ("score", "window", "staff", "item", "stage", "origin")
    return {
        "id": rated.key, "at": row.at.astimezone(zone), "received": row.received.astimezone(zone),
        **{name: getattr(row, name) for name in named}, "hall": rated.hall, "case": row.case_key,
        "tags": row.tags or [], "comment": rated.comment, "device": row.source, "counts": not rated.is_set_aside,
        "card": card_out(card) if card is not None else None,
    }  # fmt: skip


def card_out(card: Row[Any]) -> dict[str, Any]:
    return {"number": card.number, "level": card.level, "state": card.state, "followup": card.followup}


def part_out(part: Part, bad_at_most: int) -> dict[str, Any]:
    return {
        "id": part.id, **scores_out(part.scores, bad_at_most), "few": part.scores.few, "completed": part.completed,
        "unrated": part.completed - part.rated,
    }  # fmt: skip


def summary_out(found: Summary, span: Span, parts_by: str | None, bad_at_most: int, now: datetime) -> dict[str, Any]:
    days = [edge.astimezone(span.zone).date() for edge in span.edges[:-1]]
    return {
        "first": span.first, "last": span.last, "zone": str(span.zone), "as_of": now.astimezone(span.zone),
        "bad_at_most": bad_at_most, "few_below": FEW, **scores_out(found.scores, bad_at_most),
        "completed": found.completed, "unrated": found.completed - found.rated, "by": span.by,
        "trend": [{"day": day, **scores_out(s, bad_at_most)} for day, s in zip(days, found.trend, strict=True)],
        "parts_by": parts_by,
        "parts": [part_out(part, bad_at_most) for part in found.parts] if parts_by is not None else None,
    }  # fmt: skip


def unrated_out(row: Row[Any], zones: Mapping[str, str]) -> dict[str, Any]:
    zone = ZoneInfo(zones.get(row.hall or "") or DEFAULT_ZONE)
    named = ("hall", "unit", "window", "staff", "item")
    at = from_micros(row.ended_us).astimezone(zone)
    return {"case": row.case_key, **{name: getattr(row, name) for name in named}, "completed_at": at}
