"""Stored rows ↔ the content of an item; pure. The JSON holds ids only and instants as RFC 3339 text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from alerts.rendering import Content
from alerts.retry import GiveUp
from alerts.routing import Place
from alerts.telling import Notice
from monitor import trace
from monitor.model import Level, Reason

_PLACED = ("hall", "unit", "window", "staff")


def notice_of(row: Mapping[str, Any]) -> Notice:
    """A row of `card_event`."""
    return Notice(
        sequence=row["sequence"], at=row["at"], event=row["event"], level=row["level"], why=row["why"]
    )  # fmt: skip


def place_of(card: Mapping[str, Any], level: str, *, hours: str = "work") -> Place:
    """Where a card row stands, at the level of one of its notices."""
    return Place(
        rule=card["rule"],
        level=Level.of(level),
        kind=card["kind"],
        hall=card["hall"],
        unit=card["unit"],
        window=card["window"],
        key=card["key"],
        hours=hours,
    )


def snapshot(card: Mapping[str, Any], notice: Notice, *, over: bool = False) -> dict[str, Any]:
    """What is known of a card when one of its notices is planned; the level is the notice's own.

    `over`: the condition had ended when the notice was made.
    """
    over = over or notice.event in ("cleared", "closed", "withdrawn")
    cleared_at = card["cleared_at"] if over else None
    return {
        "event": notice.event,
        "at": notice.at.isoformat(),
        "level": notice.level,
        "state": card["state"],
        "rule": card["rule"],
        "subject": {"kind": card["kind"], "id": card["key"]},
        **{key: card[key] for key in _PLACED},
        "since": card["since"].isoformat(),
        "cleared_at": cleared_at.isoformat() if cleared_at else None,
        "reason": card["reason"],
        "why": notice.why,
        "trace": trace_id(card),
    }


def trace_id(card: Mapping[str, Any]) -> str:
    """The log's id of the newest event that the card rests on; of its subject where it rests on none."""
    known = (card.get("explanation") or {}).get("trace")
    return known or trace.of_subject(card["kind"], card["key"])


def content_of(item: Mapping[str, Any]) -> Content:
    """The row of an item as `rendering` takes it."""
    known: Mapping[str, Any] = item["content"]
    cleared_at = known.get("cleared_at")
    return Content(
        card=item["card"],
        sequence=item["sequence"],
        purpose=item["purpose"],
        event=known["event"],
        level=known["level"],
        rule=known["rule"],
        subject=(known["subject"]["kind"], known["subject"]["id"]),
        since=datetime.fromisoformat(known["since"]),
        reason=Reason(code=known["reason"]["code"], figures=known["reason"].get("figures") or {}),
        hall=known["hall"],
        unit=known["unit"],
        window=known["window"],
        staff=known["staff"],
        cleared_at=datetime.fromisoformat(cleared_at) if cleared_at else None,
        why=known["why"],
        state=known.get("state") or "",
        step=known.get("step") or 0,
        repeat=bool(known.get("repeat")),
        undelivered=_undelivered(known.get("undelivered")),
    )


def _undelivered(known: Mapping[str, Any] | None) -> tuple[str, GiveUp] | None:
    if not known:
        return None
    return known["receiver"], GiveUp(code=known["code"], detail=known["detail"], tries=known["tries"])


def named_ids(contents: Sequence[Content]) -> dict[str, list[str]]:
    """The ids whose names the texts of these contents show, by kind: where, who, the subject, the reason's figures."""
    wanted: dict[str, set[str]] = {kind: set() for kind in _PLACED}
    for content in contents:
        for kind in _PLACED:
            wanted[kind].add(getattr(content, kind) or "")
            wanted[kind].update(_texts(content.reason.figures.get(kind)))
        wanted["window"].update(_texts(content.reason.figures.get("windows")))
        for kind, key in (content.subject, *_subjects(content.reason.figures.get("subjects"))):
            part = key.partition("/")[0]
            wanted.get({"slot": "staff", "post": "window"}.get(kind, kind), set()).add(part)
    return {kind: sorted(ids - {""}) for kind, ids in wanted.items()}


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list | tuple) else [value]
    return [v for v in values if isinstance(v, str)]


def _subjects(value: Any) -> list[tuple[str, str]]:
    pairs = [text.partition(":") for text in _texts(value)]
    return [(kind, key) for kind, _, key in pairs]
