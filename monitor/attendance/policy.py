"""The keys of the attendance rules and their defaults (DESIGN §5), and the presets of check-in slots (考勤时段)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date, time, timedelta
from functools import lru_cache
from itertools import product
from typing import Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from monitor.attendance.rosterpolicy import LeavePolicy

_EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
MonthDay: TypeAlias = tuple[int, int]
OwnValues: TypeAlias = tuple[tuple[str, Any], ...]
"""Keys of `[checkin]` that a preset sets to a value of its own place, by name."""


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
    late_over_15: Literal["offpost", "absent", "absent_from"] = Field(
        "offpost",
        description="Later than yellow_after_minutes (A.10): `offpost` yellow, a proposed off-post entry (脱岗);"
        " `absent` half a day absent (旷工半天), red; `absent_from` the same from absent_from_minutes on (腾冲 2015).",
    )
    absent_from_minutes: int = Field(
        30, gt=0, description="With late_over_15 = absent_from: late by so many minutes or more is half a day absent."
    )
    repeat_seconds: int = Field(
        60,
        ge=0,
        description="Where two sessions overlap, a check-in without direction so soon after another is the same one"
        " again: it proves no second thing.",
    )
    corrections_per_month: int = Field(
        0, ge=0, description="More corrections (补签) of a person in a month are a finding; 0: no limit."
    )
    correction_days: int = Field(
        0, ge=0, description="A correction approved later than so many working days after is a finding; 0: no limit."
    )
    overtime_margin_minutes: int = Field(
        120, ge=0, description="Check-ins so long before and after booked overtime (加班) tell who came and stayed."
    )
    most_distance: float | None = Field(
        None,
        gt=0,
        description="A check-in whose `distance` is greater is in doubt, for review (复核); default: face.accept.",
    )
    min_liveness: float = Field(
        0.5, ge=0, description="A check-in whose `liveness` is less is in doubt, for review: the challenge failed."
    )

    @field_validator("most_distance", mode="before")
    @classmethod
    def _empty(cls, value: Any) -> Any:
        """An empty text is no value, as everywhere."""
        return None if value == "" else value

    @model_validator(mode="after")
    def _absent_above_yellow(self) -> Self:
        if self.late_over_15 == "absent_from" and self.absent_from_minutes <= self.yellow_after_minutes:
            raise ValueError(
                f"absent_from_minutes ({self.absent_from_minutes}) is not above yellow_after_minutes"
                f" ({self.yellow_after_minutes}): raise it, or set late_over_15 = absent"
            )
        return self

    @property
    def absent_after(self) -> timedelta | None:
        """So late is half a day absent; None: lateness never is."""
        if self.late_over_15 == "offpost":
            return None
        minutes = self.yellow_after_minutes if self.late_over_15 == "absent" else self.absent_from_minutes
        return timedelta(minutes=minutes)

    def is_absence(self, late: timedelta) -> bool:
        """Whether coming so late is half a day absent: 逾 15 分钟 leaves the limit out, 30 分钟以上 takes it in."""
        limit = self.absent_after
        return limit is not None and (late > limit if self.late_over_15 == "absent" else late >= limit)

    def doubts(self, distance: float | None, liveness: float | None) -> bool:
        """Whether a check-in says of itself that it may be somebody else's."""
        far = distance is not None and self.most_distance is not None and distance > self.most_distance
        return far or (liveness is not None and liveness < self.min_liveness)

    def of(self, own: OwnValues) -> CheckinPolicy:
        """The policy with the values that a preset brings."""
        return _with(self, own) if own else self


@lru_cache(maxsize=64)
def _with(policy: CheckinPolicy, own: OwnValues) -> CheckinPolicy:
    return CheckinPolicy.model_validate({**policy.model_dump(), **dict(own)})


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


def _month_day(value: Any) -> Any:
    """`06-01` as (6, 1), as the seasons of calendars are written."""
    if not isinstance(value, str):
        return value
    month, dash, day = value.partition("-")
    try:
        date(2004, int(month), int(day))  # a leap year: 02-29 may bound a season
    except ValueError:
        dash = ""
    if not dash:
        raise ValueError(f"{value!r} is no day of the year; write it as 06-01")
    return int(month), int(day)


class _Seasonal(BaseModel):
    """What may hold in a season of the year only: `from` and `to` as in [[season]] of calendars, both inclusive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: MonthDay | None = Field(
        None, alias="from", description="First day of its season, such as 06-01, every year."
    )
    last: MonthDay | None = Field(None, alias="to", description="Last day of its season; before `from`: over New Year.")

    _days = field_validator("first", "last", mode="before")(_month_day)

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.first is None) != (self.last is None):
            raise ValueError("a season has both from and to: give the other one too")
        return self

    def holds_on(self, here: MonthDay) -> bool:
        if self.first is None or self.last is None:
            return True
        if self.first <= self.last:
            return self.first <= here <= self.last
        return here >= self.first or here <= self.last

    def turns(self) -> Iterator[MonthDay]:
        """The days of the year on which it begins to hold or ceases to, by example."""
        for bound, step in ((self.first, 0), (self.last, 1)):
            if bound is not None:
                day = date(2004, *bound) + timedelta(days=step)
                yield day.month, day.day


class PlannedSlot(_Seasonal):
    """A row of a preset: local times of one day, opens <= due <= closes. No window reaches over midnight."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="Name of the slot, part of its subject id.")
    session: str = Field(min_length=1, description="The half day that it belongs to, such as am or pm.")
    direction: Literal["in", "out"] = Field(description="in 签到 or out 签退.")
    opens: time = Field(description="From this time a check-in counts for the slot.")
    due: time = Field(description="In: at the latest; out: at the earliest.")
    closes: time = Field(description="Up to this time a check-in counts; an out-slot is judged here.")
    weekdays: tuple[int, ...] = Field(
        _EVERY_DAY, description="Weekdays that it is planned on, 1 = Monday … 7 = Sunday, workdays only."
    )
    flex_minutes: int = Field(
        0,
        ge=0,
        description="In-slot (弹性): so much after `due` is in time, and the session's out-slot is due as much later.",
    )
    role: tuple[str, ...] = Field(
        (),
        description="Planned only for those on the day's rota (值班表) with this role: a word, or a list of its names.",
    )
    unless_role: tuple[str, ...] = Field((), description="Falls away for those on the day's rota with this role.")

    @field_validator("role", "unless_role", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("opens", "due", "closes")
    @classmethod
    def _is_local(cls, value: time) -> time:
        if value.tzinfo is not None:
            raise ValueError("a local time without a zone is expected, such as 08:30:00")
        return value

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.opens <= self.due <= self.closes:
            raise ValueError(
                f"opens {self.opens}, due {self.due}, closes {self.closes}: put them in this order; a window over"
                " midnight (夜班) is not supported: end it at 23:59:59 and plan a session of the next day from 00:00:00"
            )
        if (
            not self.weekdays
            or len(set(self.weekdays)) < len(self.weekdays)
            or not set(self.weekdays) <= set(_EVERY_DAY)
        ):
            raise ValueError(f"weekdays {list(self.weekdays)}: name each of 1 (Monday) to 7 (Sunday) at most once")
        return self

    @model_validator(mode="after")
    def _flexible_within(self) -> Self:
        if self.flex_minutes and self.direction == "out":
            raise ValueError("flex_minutes belongs to the in-slot of the session: its out-slot moves along")
        if self.flex_minutes and _minute(self.due) + self.flex_minutes > _minute(self.closes):
            raise ValueError(f"flex_minutes {self.flex_minutes}: due and it reach beyond closes {self.closes}")
        if set(self.role) & set(self.unless_role):
            raise ValueError(
                f"role and unless_role both name {min(set(self.role) & set(self.unless_role))!r}: keep one"
            )
        return self

    def is_for(self, roles: Collection[str]) -> bool:
        """Whether somebody with these roles on the day's rota has the slot."""
        mine = set(roles)
        return (not self.role or bool(mine & set(self.role))) and not mine & set(self.unless_role)


def _minute(at: time) -> float:
    return at.hour * 60 + at.minute + at.second / 60


class SlotPreset(_Seasonal):
    """Check-in slots (`halls.attendance` or a shift names one): a session has one in-slot, at most one out-slot."""

    name: str = Field(description="Its key in the file.")
    title: str = Field("", description="What people call it.")
    source: str = Field("", description="Where the times come from.")
    notes: str = Field("", description="What else the place rules, and how it is done here.")
    slots: tuple[PlannedSlot, ...] = Field(min_length=1, description="The slots of a day.")
    checkin: dict[str, Any] = Field(
        default_factory=dict, description="Values of `[checkin]` that hold for whoever has this preset."
    )
    leave: LeavePolicy | None = Field(
        None, description="`[leave]` for whoever has this preset, instead of the policy's."
    )

    @field_validator("checkin")
    @classmethod
    def _known_values(cls, value: dict[str, Any]) -> dict[str, Any]:
        given = CheckinPolicy.model_validate(value)
        return {key: getattr(given, key) for key in value}

    @model_validator(mode="after")
    def _sessions_are_whole(self) -> Self:
        for weekday, here, roles in product(_EVERY_DAY, self._days_that_differ(), self._role_sets()):
            rows = self.on(weekday, here, roles)
            where = f"on weekday {weekday}"
            if self._days_that_differ() != [(1, 1)]:
                where += f" of {here[0]:02}-{here[1]:02}"
            if roles:
                where += f" for {', '.join(sorted(roles))}"
            _check_rows(rows, where)
        return self

    def _days_that_differ(self) -> list[MonthDay]:
        return sorted({(1, 1), *self.turns(), *(day for row in self.slots for day in row.turns())})

    @property
    def roles(self) -> frozenset[str]:
        """The roles of the rota on which a slot depends."""
        return frozenset(role for row in self.slots for role in (*row.role, *row.unless_role))

    def _role_sets(self) -> list[frozenset[str]]:
        return [frozenset(), *(frozenset({role}) for role in sorted(self.roles))]

    @property
    def own(self) -> OwnValues:
        return tuple(sorted(self.checkin.items()))

    def on(
        self, weekday: int, here: MonthDay | None = None, roles: Collection[str] = frozenset()
    ) -> tuple[PlannedSlot, ...]:
        """The rows planned on a weekday (1 = Monday) and day of the year for somebody with these roles on the rota, in
        the order of their `due`. Without a day of the year: those that have no season.
        """
        if here is not None and not self.holds_on(here):
            return ()
        rows = [row for row in self.slots if weekday in row.weekdays and row.is_for(roles)]
        planned = [row for row in rows if row.first is None or (here is not None and row.holds_on(here))]
        return tuple(sorted(planned, key=lambda row: (row.due, row.name)))


def _check_rows(rows: Collection[PlannedSlot], where: str) -> None:
    names = [row.name for row in rows]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"slot {min(twice)} is planned twice {where}: rename it or split weekdays, season or role")
    for session in sorted({row.session for row in rows}):
        mine = {row.direction: row for row in rows if row.session == session}
        ways = sorted(row.direction for row in rows if row.session == session)
        if ways not in (["in"], ["in", "out"]):
            raise ValueError(
                f"session {session} has the slots {ways} {where}: one in-slot and at most one out-slot are expected"
            )
        if (leaving := mine.get("out")) and _minute(leaving.due) + mine["in"].flex_minutes > _minute(leaving.closes):
            raise ValueError(
                f"session {session}: flex_minutes {mine['in'].flex_minutes} moves {leaving.name} beyond its closes"
                f" {leaving.closes} {where}: close it later"
            )


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
            raise ValueError(f"preset {where}: {first['msg'].removeprefix('Value error, ')}") from error
    return presets
