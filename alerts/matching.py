"""What silences, inhibitions and maintenance windows speak of, and whether a card is among it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from monitor.model import Level

LEVEL_WORDS: Final = tuple(level.word for level in Level)
EqualField = Literal["hall", "unit", "window", "rule", "kind", "subject"]


def _as_tuple(value: Any) -> Any:
    """One text stands for a list of one: `hall = "h1"` means `hall = ["h1"]`."""
    return (value,) if isinstance(value, str) else value


Ids = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class Section(BaseModel):
    """A table of the settings: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What routes match on: where the card stands, its rule and level, its subject, whether the hall works now."""

    rule: str
    level: Level
    kind: str
    hall: str | None = None
    unit: str | None = None
    window: str | None = None
    key: str = ""
    hours: str = "work"
    """`work` in the working hours of the card's hall, else `off`."""


class Match(Section):
    """Which cards are meant. An empty list fits anything; the text "" fits a card that has no such place."""

    hall: Ids = ()
    unit: Ids = ()
    window: Ids = ()
    rule: Ids = Field(default=(), description="Rule ids; `case.*` means all that begin with `case.`.")
    kind: Ids = Field(default=(), description="Subject kinds: case, slot, post, rating, device …")
    levels: Ids = Field(default=(), description="Just these levels: reminder, yellow, red.")
    subject: Ids = Field(default=(), description="Subjects as KIND:ID; `device:cam-*` means all that begin so.")

    @field_validator("levels")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return known_levels(value)


def known_levels(value: tuple[str, ...]) -> tuple[str, ...]:
    """The levels, or ValueError naming the one that there is not."""
    for word in value:
        if word not in LEVEL_WORDS:
            raise ValueError(f"{word!r} is none of {', '.join(LEVEL_WORDS)}")
    return value


def subject_of(place: Place) -> str:
    return f"{place.kind}:{place.key}"


def fits(match: Match, place: Place) -> bool:
    """Whether the card at `place` is meant."""
    exact = ((match.hall, place.hall), (match.unit, place.unit), (match.window, place.window),
             (match.kind, place.kind), (match.levels, place.level.word))  # fmt: skip
    if any(wanted and (value or "") not in wanted for wanted, value in exact):
        return False
    if match.rule and not any(fits_pattern(pattern, place.rule) for pattern in match.rule):
        return False
    return not match.subject or any(fits_pattern(pattern, subject_of(place)) for pattern in match.subject)


def fits_pattern(pattern: str, value: str) -> bool:
    """A name, or all that begin with what stands before a `*`."""
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern


def equal_in(fields: tuple[EqualField, ...], one: Place, other: Place) -> bool:
    """Whether two cards agree in these; what neither has is equal, as in Alertmanager."""
    return all(_value(field, one) == _value(field, other) for field in fields)


def _value(field: EqualField, place: Place) -> str:
    return subject_of(place) if field == "subject" else str(getattr(place, field) or "")


def spoken(match: Match) -> str:
    """`hall=h1 kind=device`, or `everything`."""
    given = [(key, getattr(match, key)) for key in Match.model_fields if getattr(match, key)]
    return " ".join(f"{key}={','.join(values)}" for key, values in given) or "everything"
