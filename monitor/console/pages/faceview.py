"""Faces in the words of their pages: a row of the list, one person."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from monitor.console.pages.cardview import Words
from monitor.supervision.facestate import Consent, FaceLine, State
from monitor.wording import faces as words
from monitor.wording.render import pick

_MARKS: Final = re.compile(r"^(?:#+|>) ?|\*\*", re.MULTILINE)
SHAPES: Final[Mapping[State, str]] = {
    "none": "off", "consented": "other", "enrolled": "there", "withdrawn": "closed",
}  # fmt: skip


def line_view(line: FaceLine, said: Words, model: str) -> dict[str, Any]:
    """A row. `model`: the one in use; "" where it is not known."""
    zone = said.zone(line.hall)
    return {
        "staff": line.staff,
        "name": line.name,
        "hall": said.name("hall", line.hall),
        "unit": said.name("unit", line.unit),
        "state": line.state,
        "shape": SHAPES[line.state],
        "word": state_word(line.state, said),
        "consented_at": line.consent.consented_at.astimezone(zone) if line.consent else None,
        "purpose": line.consent.purpose if line.consent else "",
        "withdrawn_at": line.consent.withdrawn_at.astimezone(zone)
        if line.consent and line.consent.withdrawn_at
        else None,
        "enrolled_at": line.enrolled_at.astimezone(zone) if line.enrolled_at else None,
        "enrolled_by": said.name("user", line.enrolled_by),
        "model": line.model,
        "outdated": bool(line.model and model and line.model != model),
        "vectors": line.vectors,
        "unreadable": line.readable is False,
        "has_pin": line.has_pin,
    }


def consent_view(one: Consent, said: Words, hall: str | None) -> dict[str, Any]:
    zone = said.zone(hall)
    return {
        "id": one.id,
        "purpose": one.purpose,
        "consented_at": one.consented_at.astimezone(zone),
        "recorded_at": one.recorded_at.astimezone(zone),
        "recorded_by": said.name("user", one.recorded_by),
        "withdrawn_at": one.withdrawn_at.astimezone(zone) if one.withdrawn_at else None,
        "withdrawn_by": said.name("user", one.withdrawn_by),
        "paper": one.paper,
        "notice": one.notice[:12],
    }


def people_of(lines: Sequence[FaceLine], consents: Sequence[Consent] = ()) -> list[str | None]:
    """Users who are named on the page."""
    found: list[str | None] = [line.enrolled_by for line in lines]
    for one in consents:
        found += [one.recorded_by, one.withdrawn_by]
    return found


def state_word(state: str, said: Words) -> str:
    return pick(words.STATES.get(state, (state, state)), said.language)


def plain_notice(notice: str) -> str:
    """The notice as it is read, without the marks of its file (Markdown)."""
    return _MARKS.sub("", notice)


def digest_of(notice: str) -> str:
    """By which a consent says which notice was given."""
    return hashlib.sha256(notice.encode()).hexdigest()
