"""The keys of the attendance rules and their defaults (DESIGN §5), and the presets of check-in slots (考勤时段)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

_EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


class CheckinPolicy(BaseModel):
    """`[checkin]`: check-in slots (签到签退)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    yellow_after_minutes: int = Field(
        15,
        gt=0,
        description="Later than this after `due`: yellow; up to it: late (迟到), recorded, no card (A03).",
    )
    early_tolerance_minutes: int = Field(
        15, ge=0, description="Left at most this much before `due`: early (早退), recorded, no card (A04)."
    )
    outing_max_minutes: int = Field(
        30, gt=0, description="So much of an outing slip (临时外出) counts from its start (开福 2019)."
    )
    unknown_grace_seconds: int = Field(
        180,
        ge=0,
        description="A watermark that lags the end of the session by at most this is on its way:"
        " operators are told of an unknown slot only this much after the end, not at it.",
    )


class PostPolicy(BaseModel):
    """`[post]`: windows in service hours (在岗)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    yellow_minutes: int = Field(15, gt=0, description="Nobody at the window for so long: yellow (offpost_minutes).")
    red_minutes: int = Field(30, gt=0, description="Nobody for so long: red; above yellow_minutes.")
    camera_seconds: int = Field(60, gt=0, description="A camera reading holds until the next one, at most so long.")
    rating_minutes: int = Field(10, ge=0, description="A rating is a sign of presence for so long.")
    case_minutes: int = Field(10, ge=0, description="A case handled at the window is a sign of presence for so long.")
    checkin_minutes: int = Field(15, ge=0, description="A check-in of a person posted there holds for so long.")
    spot_minutes: int = Field(
        10, ge=0, description="A spot check (抽查, A17) that found somebody is a sign of presence for so long."
    )
    spot_within_minutes: int = Field(
        30, gt=0, description="A spot check is to be made within so long of its order, unless the order says otherwise."
    )
    neighbour_covers: bool = Field(
        True,
        description="While the one holder of a lone window is excused (leave, slip), its standing substitute or a B of"
        " the same unit, proven present at the own window, covers it: it is not empty.",
    )
    off_post_when_covered: bool = Field(
        True,
        description="Who answers left without leave or slip and another holds the window: a finding of off-post (A05).",
    )
    published_names: Literal["full", "masked", "none"] = Field(
        "masked", description="Names on the published list of leave (请销假公示, B09): full, masked (王*) or none."
    )
    duty_gives_way_minutes: int = Field(
        15, ge=0, description="A sign-on counts at most so long where a working camera sees nobody."
    )
    outing_max_minutes: int = Field(30, gt=0, description="So much of an outing slip excuses its holder.")
    unknown_stale_service_minutes: int = Field(
        60, gt=0, description="Unknown for so much service time: operators are told."
    )
    unknown_grace_seconds: int = Field(
        60,
        ge=0,
        description="Evidence may lag the clock by camera_seconds and this before the post is shown as unknown.",
    )
    min_confidence: float = Field(
        0.5, ge=0, le=1, description="Below this confidence `people = 0` is no evidence of an empty window."
    )

    @model_validator(mode="after")
    def _red_above_yellow(self) -> Self:
        if self.red_minutes <= self.yellow_minutes:
            raise ValueError(
                f"red_minutes ({self.red_minutes}) is not above yellow_minutes ({self.yellow_minutes}): raise it"
            )
        return self

    def lifetime(self, kind: str) -> timedelta:
        """How long a sign of this kind (rating, case, checkin, spot) proves presence. KeyError for another kind."""
        minutes = {
            "rating": self.rating_minutes,
            "case": self.case_minutes,
            "checkin": self.checkin_minutes,
            "spot": self.spot_minutes,
        }
        return timedelta(minutes=minutes[kind])

    @property
    def lag(self) -> timedelta:
        """How far evidence may lie behind the clock in normal operation."""
        return timedelta(seconds=self.camera_seconds + self.unknown_grace_seconds)


# --------------------------------------------------------------------------- presets of slots


class PlannedSlot(BaseModel):
    """A row of a preset: local times of one day, opens <= due <= closes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="Name of the slot, part of its subject id.")
    session: str = Field(min_length=1, description="The half day that it belongs to, such as am or pm.")
    direction: Literal["in", "out"] = Field(description="in 签到 or out 签退.")
    opens: time = Field(description="From this time a check-in counts for the slot.")
    due: time = Field(description="In: at the latest; out: at the earliest.")
    closes: time = Field(description="Up to this time a check-in counts; an out-slot is judged here.")
    weekdays: tuple[int, ...] = Field(
        _EVERY_DAY, description="Weekdays that it is planned on, 1 = Monday … 7 = Sunday, workdays only."
    )

    @field_validator("opens", "due", "closes")
    @classmethod
    def _is_local(cls, value: time) -> time:
        if value.tzinfo is not None:
            raise ValueError("a local time without a zone is expected, such as 08:30:00")
        return value

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.opens <= self.due <= self.closes:
            raise ValueError(f"opens {self.opens}, due {self.due}, closes {self.closes}: put them in this order")
        if (
            not self.weekdays
            or len(set(self.weekdays)) < len(self.weekdays)
            or not set(self.weekdays) <= set(_EVERY_DAY)
        ):
            raise ValueError(f"weekdays {list(self.weekdays)}: name each of 1 (Monday) to 7 (Sunday) at most once")
        return self


class SlotPreset(BaseModel):
    """Check-in slots of a hall (`halls.attendance` names one): a session has one in-slot, at most one out-slot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="Its key in the file.")
    title: str = Field("", description="What people call it.")
    source: str = Field("", description="Where the times come from.")
    slots: tuple[PlannedSlot, ...] = Field(min_length=1, description="The slots of a day.")

    @model_validator(mode="after")
    def _sessions_are_whole(self) -> Self:
        for weekday in _EVERY_DAY:
            rows = self.on(weekday)
            names = [row.name for row in rows]
            if twice := {n for n in names if names.count(n) > 1}:
                raise ValueError(
                    f"slot {min(twice)} is planned twice on weekday {weekday}: rename or split the weekdays"
                )
            for session in sorted({row.session for row in rows}):
                ways = sorted(row.direction for row in rows if row.session == session)
                if ways not in (["in"], ["in", "out"]):
                    raise ValueError(
                        f"session {session} has the slots {ways} on weekday {weekday}:"
                        " one in-slot and at most one out-slot are expected"
                    )
        return self

    def on(self, weekday: int) -> tuple[PlannedSlot, ...]:
        """The rows planned on a weekday (1 = Monday), in the order of their `due`."""
        return tuple(sorted((s for s in self.slots if weekday in s.weekdays), key=lambda s: (s.due, s.name)))


def parse_presets(data: Mapping[str, Any]) -> dict[str, SlotPreset]:
    """Presets by name from the tables of a presets file. Raises ValueError naming the preset and the key at fault."""
    presets: dict[str, SlotPreset] = {}
    for name, table in data.items():
        if not isinstance(table, Mapping):
            raise ValueError(f"preset {name}: a table with the key slots is expected, got {table!r}")
        try:
            presets[name] = SlotPreset.model_validate({**table, "name": name})
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in (name, *first["loc"]))
            raise ValueError(f"preset {where}: {first['msg']}") from error
    return presets
