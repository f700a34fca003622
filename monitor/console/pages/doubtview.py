"""Check-ins in doubt in the words of their pages: a row of the queue, one with what each decision would mean."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from monitor.attendance.facepolicy import FacePolicy
from monitor.attendance.recognition.bands import band_of
from monitor.console.pages.cardview import Words, words_for
from monitor.console.pages.deviceview import ago
from monitor.console.pages.languages import Language
from monitor.store.facts.look import Look
from monitor.store.reviews import DECISIONS, FINAL
from monitor.supervision.doubts import Doubt, DoubtFile, Would
from monitor.wording import doubts as words
from monitor.wording import event_word, level_word, outcome_word
from monitor.wording.render import pick
from monitor.wording.words import SLOTS

SHAPES: Final = {"is": "there", "is_not": "empty", "unclear": "unknown"}
"""The sign of each decision: a shape, beside the word."""


def line_view(doubt: Doubt, said: Words, policy: FacePolicy, now: datetime) -> dict[str, Any]:
    """A row of the queue."""
    zone, lang = said.zone(doubt.hall), said.language
    band = str(band_of(doubt.distance, policy)) if doubt.distance is not None else ""
    return {
        "number": doubt.number,
        "name": said.name("staff", doubt.staff),
        "staff": doubt.staff,
        "hall": said.name("hall", doubt.hall),
        "at": doubt.at.astimezone(zone),
        "trusted": doubt.trusted,
        "received": doubt.received.astimezone(zone),
        "waits": ago(now - doubt.received, lang),
        "kiosk": doubt.source,
        "method": pick(words.METHODS.get(doubt.method, (doubt.method, doubt.method)), lang),
        "distance": f"{doubt.distance:.3f}" if doubt.distance is not None else "",
        "band": pick(words.BANDS[band], lang) if band else "",
        "far": doubt.far,
        "failed": doubt.failed,
        "slots": [
            {"name": slot_name(slot.name, said), "due": slot.due.astimezone(zone), "verdict": slot.verdict,
             "word": outcome_word(slot.verdict, lang), "waits": slot.verdict == "review"}
            for slot in doubt.slots
        ],
        "frame": doubt.frame,
        "decision": doubt.decision or "",
        "decision_word": decision_word(doubt.decision, said) if doubt.decision else "",
        "shape": SHAPES.get(doubt.decision or "", "unknown"),
        "decided_by": said.name("user", doubt.decided_by),
        "decided_at": doubt.decided_at.astimezone(zone) if doubt.decided_at else None,
        "seen": doubt.decisions,
        "open": doubt.is_open,
    }  # fmt: skip


def file_view(file: DoubtFile, said: Words, policy: FacePolicy, now: datetime) -> dict[str, Any]:
    """One check-in with its history."""
    zone = said.zone(file.doubt.hall)
    return {
        **line_view(file.doubt, said, policy, now),
        "event": file.doubt.event,
        "most_distance": file.doubt.most_distance,
        "min_liveness": file.doubt.min_liveness,
        "liveness": f"{file.doubt.liveness:.2f}" if file.doubt.liveness is not None else "",
        "history": [
            {"word": decision_word(row.decision, said), "shape": SHAPES[row.decision], "reason": row.reason,
             "by": said.name("user", row.decided_by), "at": row.decided_at.astimezone(zone)}
            for row in file.history
        ],
        "would": [
            {"decision": decision, "word": decision_word(decision, said),
             "slots": [_would(one, said) for one in file.would[decision]]}
            for decision in FINAL
        ],
        "closed_month": file.closed_month,
        "own": file.own,
        "next": file.next,
        "decisions": [(one, decision_word(one, said)) for one in DECISIONS],
    }  # fmt: skip


def slot_name(slot: str, said: Words) -> str:
    return pick(SLOTS.get(slot, (slot, slot)), said.language)


def decision_word(decision: str, said: Words) -> str:
    return pick(words.DECISIONS.get(decision, (decision, decision)), said.language)


def doubt_words(look: Look, language: Language, found: Iterable[Doubt], users: Iterable[str | None] = ()) -> Words:
    """Names of all who are on the page: of whom they are about, who decided, and further `users`."""
    lines = list(found)
    people, acting = [one.staff for one in lines], [*users, *(one.decided_by for one in lines)]
    return words_for(look.conn, look.registry, language, people, acting)


def _would(one: Would, said: Words) -> dict[str, Any]:
    lang = said.language
    return {
        "slot": slot_name(one.key.rpartition("/")[2], said),
        "outcome": outcome_word(one.outcome, lang),
        "cards": [
            {"number": number, "text": f"{level_word(level, lang)} {event_word(event, lang)}"}
            for number, event, level in one.cards
        ],
    }
