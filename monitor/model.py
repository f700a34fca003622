"""Frozen value types that cross folders: events, the registry, sources, verdicts, card changes.

Every datetime here is aware and in UTC; zones belong to `workcal` and to rendering (DESIGN §9.5).
Types that only one domain folder judges on live in that folder's `facts.py`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from monitor.values import Value

T = TypeVar("T")

DEFAULT_ZONE: Final = "Asia/Shanghai"
CHANNELS: Final = ("status", "heartbeat", "rating", "duty", "presence", "checkin", "case", "task")
KIND_CHANNELS: Final[Mapping[str, tuple[str, ...]]] = {
    "evaluator": ("rating", "duty"),
    "terminal": ("checkin", "duty"),
    "camera": ("presence",),
    "cases": ("case", "task"),
    "gateway": ("rating", "duty", "presence", "checkin", "case", "task"),
}
"""Channels that a device's kind allows beside `status` and `heartbeat` (DESIGN §3.1)."""

CASE_EVENT_NAMES: Final = (
    "received",
    "supplement_requested",
    "supplemented",
    "accepted",
    "rejected",
    "suspended",
    "resumed",
    "extended",
    "stage",
    "fallback",
    "transferred",
    "completed",
    "delivered",
    "withdrawn",
    "returned",
    "reopened",
    "voided",
)
"""The events of a case (DESIGN §3.1)."""

QUARANTINE_REASONS: Final = (
    "malformed",
    "unknown_channel",
    "unknown_device",
    "unknown_ref",
    "not_allowed",
    "future",
    "retained",
    "too_large",
    "conflict",
)
HOLDING_CHANNELS: Final = ("checkin", "duty", "presence", "case")
"""A quarantined event of these channels holds its source's watermark at its own time (DESIGN §3.1)."""

MAX_PAYLOAD_BYTES: Final = 64 * 1024

Span: TypeAlias = tuple[datetime, datetime]
"""[from, to), aware."""


def require_aware(value: datetime, what: str) -> datetime:
    """Return `value`, or raise ValueError naming `what` when it carries no zone (DESIGN §9.5)."""
    if value.tzinfo is None:
        raise ValueError(f"{what}: a time without a zone: {value.isoformat()}")
    return value


class Level(enum.IntEnum):
    """A card's level; the order is the order of gravity."""

    REMINDER = 1
    YELLOW = 2
    RED = 3

    @property
    def word(self) -> str:
        """The name as it stands in JSON, metrics and the store: reminder, yellow, red."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Level:
        """The level named by its word; ValueError for another word."""
        try:
            return cls[word.upper()]
        except KeyError:
            raise ValueError(f"level: {word!r} is none of reminder, yellow, red") from None


class Outcome(enum.StrEnum):
    """What `subjects list` shows of a subject (DESIGN §7, `verdict`)."""

    PENDING = "pending"
    OK = "ok"
    LATE = "late"
    EARLY = "early"
    EXCUSED = "excused"
    REMINDER = "reminder"
    YELLOW = "yellow"
    RED = "red"
    UNKNOWN = "unknown"
    UNPROVEN = "unproven"
    REVIEW = "review"
    UNWATCHED = "unwatched"
    MERGED = "merged"
    CLOSED = "closed"

    __hash__ = str.__hash__  # that of an enum is written in Python


# --------------------------------------------------------------------------- events


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One accepted message of a device, decoded and checked against the contract of its channel.

    `at` is the device's own time (uncorrected), `received` the time of receipt; both UTC.
    `body` holds the channel's own fields, already of the right types, unknown keys dropped; `case` events keep the
    event's name under `event`. `window` and `hall` defaults are not filled in here.
    A Struct, like all values made for each message: a frozen dataclass takes ten times as long (docs/adr/0015).
    """

    device: str
    channel: str
    id: str
    at: datetime
    received: datetime
    seq: int | None = None
    boot: str = ""
    body: Mapping[str, Any] = {}
    payload: bytes = b""
    """The payload as kept in the raw event (after the drop list)."""
    dropped_keys: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Heartbeat:
    """`heartbeat` message: `queue` events not sent yet, `last_seq` the highest event seq sent in `boot`."""

    device: str
    at: datetime
    received: datetime
    queue: int = 0
    boot: str = ""
    last_seq: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """`status` message (retained birth and last will)."""

    device: str
    state: Literal["online", "offline"]
    received: datetime
    firmware: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejected:
    """A message that goes to quarantine: `reason` is one of QUARANTINE_REASONS, `detail` says more (English).

    `id`, `at`, `seq`, `boot` are set where they could be read, so that the watermark and the sequence can use them.
    `topic`: the vendor's topic of a message that came through an adapter; `payload` is then the vendor's.
    """

    device: str
    channel: str
    reason: str
    detail: str
    received: datetime
    payload: bytes
    id: str | None = None
    at: datetime | None = None
    seq: int | None = None
    boot: str = ""
    topic: str | None = None


# --------------------------------------------------------------------------- registry


@dataclass(frozen=True, kw_only=True, slots=True)
class Hall:
    id: str
    parent: str | None = None
    name: str = ""
    zone: str = DEFAULT_ZONE
    calendar: str = "default"
    attendance: str = ""
    """Preset of check-in slots; empty: no slots."""
    expected_from: datetime | None = None
    """First import of the row, by the command's clock: nothing is expected before it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    id: str
    hall: str
    name: str = ""
    head: str | None = None
    expected_from: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    id: str
    hall: str
    unit: str | None = None
    name: str = ""
    min_staff: int = 1
    lead: str | None = None
    calendar: str = ""
    requires_duty: bool = False
    expected_from: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Staff:
    """A member of staff by pseudonym; names and contacts stay in the store's `staff` table (DESIGN §1F)."""

    id: str
    unit: str | None = None
    role: str = ""
    expected_from: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """Who holds a window as A, B or S(ubstitute); [valid_from, valid_to) as dates in the hall's zone, both optional."""

    window: str
    staff: str
    rank: str = "A"
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One version of a service item (事项) from `valid_from` on.

    `promised`, `statutory` and `fallback` are in `unit_of_time`: workday, calendar_day or workhour.
    """

    id: str
    unit: str | None = None
    name: str = ""
    kind: str = "committed"
    promised: float | None = None
    statutory: float | None = None
    unit_of_time: str = "workday"
    fallback: float | None = None
    valid_from: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    id: str
    kind: str
    hall: str
    window: str | None = None
    serves: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    emits: tuple[str, ...] = ()
    watermark: str = "heartbeat"
    namespace: str = ""
    expected_from: datetime | None = None

    @property
    def case_namespace(self) -> str:
        """Namespace of the cases it reports; empty in the registry means its own id (DESIGN §7)."""
        return self.namespace or self.id

    @property
    def owes_heartbeats(self) -> bool:
        return self.watermark == "heartbeat"

    def allows(self, channel: str) -> bool:
        """Whether the device may use the channel: its kind's channels, narrowed by `channels` (DESIGN §3.1)."""
        if channel in ("status", "heartbeat"):
            return True
        return channel in KIND_CHANNELS.get(self.kind, ()) and (not self.channels or channel in self.channels)

    def reports(self, what: str) -> bool:
        """Whether the source emits this event or channel; an empty `emits` means all of the kind."""
        return not self.emits or what in self.emits

    def reports_case(self, event: str) -> bool:
        """Whether it emits this case event; `case` in `emits` means every one."""
        return self.reports(event) or "case" in self.emits


OWN: Final = "program:"
"""No device has a colon in its id: what the program itself tells of a hall is nobody else's to tell."""


def own_source(hall: str) -> str:
    """The source of what the program itself tells of a hall; complete up to now at any time."""
    return f"{OWN}{hall}"


def hall_of_own(source: str) -> str | None:
    """The hall of such a source; None for all others."""
    return source.removeprefix(OWN) if source.startswith(OWN) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Registry:
    """Snapshot of the registry (halls, units, windows, staff, posts, items, devices) by id, loaded by the store."""

    version: int = 0
    halls: Mapping[str, Hall] = field(default_factory=dict)
    units: Mapping[str, Unit] = field(default_factory=dict)
    windows: Mapping[str, Window] = field(default_factory=dict)
    staff: Mapping[str, Staff] = field(default_factory=dict)
    posts: tuple[Post, ...] = ()
    items: Mapping[str, tuple[Item, ...]] = field(default_factory=dict)
    """Versions of each item, oldest first."""
    devices: Mapping[str, Device] = field(default_factory=dict)
    _sorted: dict[str, Mapping[str | None, tuple[Any, ...]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Rows by what they are asked by, each made when it is first asked: a province has ten thousand devices, and a look
    at one window must not go through all of them.
    """

    def devices_of(self, hall: str | None) -> tuple[Device, ...]:
        """The devices of a hall."""
        return self._by("devices of", self.devices.values(), lambda d: d.hall, hall)

    def devices_at(self, window: str | None) -> tuple[Device, ...]:
        """The devices bound to a window; None: those that are bound to none."""
        return self._by("devices at", self.devices.values(), lambda d: d.window, window)

    def devices_telling(self, namespace: str | None) -> tuple[Device, ...]:
        """The devices whose cases have keys of this namespace."""
        return self._by("devices telling", self.devices.values(), lambda d: d.case_namespace, namespace)

    def posts_at(self, window: str) -> tuple[Post, ...]:
        """All posts of a window, whatever the day."""
        return self._by("posts at", self.posts, lambda p: p.window, window)

    def posts_of(self, staff: str) -> tuple[Post, ...]:
        """All posts of a person, whatever the day."""
        return self._by("posts of", self.posts, lambda p: p.staff, staff)

    def _by(self, name: str, rows: Iterable[T], asked: Callable[[T], str | None], value: str | None) -> tuple[T, ...]:
        if name not in self._sorted:
            found: dict[str | None, list[T]] = {}
            for row in rows:
                found.setdefault(asked(row), []).append(row)
            self._sorted[name] = {key: tuple(mine) for key, mine in found.items()}
        return self._sorted[name].get(value, ())

    def zone_of(self, hall: str | None) -> ZoneInfo:
        """Zone of the hall's days; DEFAULT_ZONE for a hall that is not known."""
        known = self.halls.get(hall or "")
        return ZoneInfo((known.zone if known else "") or DEFAULT_ZONE)

    def hall_of_staff(self, staff: str | None) -> str | None:
        person = self.staff.get(staff) if staff else None
        unit = self.units.get(person.unit) if person and person.unit else None
        return unit.hall if unit else None

    def item_on(self, item: str | None, day: date) -> Item | None:
        """The version of the item in force on `day` (a date in the hall's zone): the last with valid_from <= day."""
        versions = self.items.get(item, ()) if item else ()
        current: Item | None = None
        for version in versions:
            if version.valid_from is None or version.valid_from <= day:
                current = version
        return current

    def posts_on(self, window: str, day: date) -> tuple[Post, ...]:
        """Posts of a window valid on `day`, in rank order A, B, S."""
        held = [
            p
            for p in self.posts_at(window)
            if (p.valid_from is None or p.valid_from <= day) and (p.valid_to is None or day < p.valid_to)
        ]
        return tuple(sorted(held, key=lambda p: ("ABS".find(p.rank), p.staff)))

    def charge(self, *, window: str | None = None, staff: str | None = None, device: str | None = None) -> Charge:
        """Where and who: the window says the place, else the person's unit, else the device."""
        post = self.windows.get(window) if window else None
        person = self.staff.get(staff) if staff else None
        source = self.devices.get(device) if device else None
        if post is None and source is not None and source.window:
            post = self.windows.get(source.window)
        unit = (post.unit if post else None) or (person.unit if person else None)
        hall = post.hall if post else None
        if hall is None and unit and unit in self.units:
            hall = self.units[unit].hall
        if hall is None and source is not None:
            hall = source.hall
        return Charge(hall=hall, unit=unit, window=post.id if post else window, staff=staff)


# --------------------------------------------------------------------------- sources


class SourceState(Value, frozen=True, kw_only=True):
    """A source (device or import) as its stored rows show it at a time T (DESIGN §1C, §3.1).

    `watermark` is in corrected time and inclusive: every event with at <= watermark has arrived. None: nothing proven.
    `trusted` is False where the boot that the watermark rests on has a clock too wrong, or no heartbeat is known from a
    device that owes them; then `trusted_to` is how far earlier boots had proven it by a clock that was right. `lost`
    are the spans an operator declared lost; `watermark` already steps over them.
    """

    id: str
    watermark: datetime | None = None
    trusted: bool = True
    skew_seconds: float = 0.0
    lost: tuple[Span, ...] = ()
    trusted_to: datetime | None = None

    def is_sure_of(self, instant: datetime) -> bool:
        """Whether it has delivered everything up to `instant` by a trusted clock."""
        sure_to = self.watermark if self.trusted else self.trusted_to
        return sure_to is not None and sure_to >= instant


def lowest_watermark(sources: tuple[SourceState, ...]) -> datetime | None:
    """The time up to which all sources have provably delivered; None when one has proven nothing, or none is there."""
    lowest: datetime | None = None
    for source in sources:
        if source.watermark is None:
            return None
        if lowest is None or source.watermark < lowest:
            lowest = source.watermark
    return lowest


# --------------------------------------------------------------------------- verdicts


GRAVITY: Final = (
    Outcome.RED,
    Outcome.YELLOW,
    Outcome.UNKNOWN,
    Outcome.REVIEW,
    Outcome.UNPROVEN,
    Outcome.REMINDER,
    Outcome.LATE,
    Outcome.EARLY,
    Outcome.PENDING,
    Outcome.EXCUSED,
    Outcome.MERGED,
    Outcome.OK,
    Outcome.UNWATCHED,
    Outcome.CLOSED,
)
"""Which outcome a subject shows when its rules, or the episodes of one rule, differ: the first of these."""
_RANK: Final = {outcome: rank for rank, outcome in enumerate(GRAVITY)}


def graver(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome that stands for all of them; `closed` for a subject without rules."""
    return min(outcomes, key=_RANK.__getitem__, default=Outcome.CLOSED)


Rests: TypeAlias = tuple[date, date | None]
"""First and last date of a working calendar, both inclusive; the last None: no end in sight."""


class Charge(Value, frozen=True, kw_only=True):
    """Where a card stands (hall, unit, window) and who answers for it (`staff`; None: the unit or nobody)."""

    hall: str | None = None
    unit: str | None = None
    window: str | None = None
    staff: str | None = None


class Reason(Value, frozen=True, kw_only=True):
    """A stable reason code with its figures (JSON values; instants as RFC 3339 text); `wording` renders it."""

    code: str
    figures: Mapping[str, Any] = {}


class Wait(Value, frozen=True, kw_only=True):
    """The verdict cannot go on before `source`'s watermark has reached `until`."""

    source: str
    until: datetime


class Spell(Value, frozen=True, kw_only=True):
    """One stretch of a condition that reached a level; becomes (or is matched to) one card.

    `levels` holds each level with the instant it was reached, ascending in level; the last is the present one and its
    instant is the card's `since`. `cleared_at` is the time of the fact that ended the condition, None while it lasts.
    `began` is where the stretch starts (used to recognise it again when facts come late). `episode` is the id of the
    fact that began it, or None for an ordinal given by supervision (DESIGN §6).
    """

    rule: str
    levels: tuple[tuple[Level, datetime], ...]
    began: datetime
    charge: Charge
    reason: Reason
    cleared_at: datetime | None = None
    episode: str | None = None

    @property
    def level(self) -> Level:
        return self.levels[-1][0]

    @property
    def since(self) -> datetime:
        return self.levels[-1][1]


IN_TIME: Final = timedelta(seconds=20)
"""What is received within so long of its own time, by a clock that is right, is as good as there when it happened."""
ALWAYS: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""A verdict that no time ends."""


class Verdict(Value, frozen=True, kw_only=True):
    """What one rule says of one subject at `now` (DESIGN §1A).

    `judged_to`: how far the facts carry, min(now, watermark); a card whose `since` lies beyond it is left alone, one at
    or before it that no spell explains never held. `next_check_at` > now, or None when only a new fact can matter.
    `stale_at`: for `unknown`, the instant from which operators are told (DESIGN §1C). `judged_from`: for a rule that
    looks at a part of the past only, from when on its spells are all there were; None where that is not certain.
    `calm_until`: until then no news of the good kind (somebody at the window, a heartbeat with nothing held back) can
    change what it says, as long as it speaks of a time after `now`; None where it can. The rule looks again then
    (`next_check_at`), unless good news can never change it.
    `rests`: the first and last date whose working hours the verdict rests on (the last None: no end in sight); None
    where the rule does not say.
    """

    outcome: Outcome
    judged_to: datetime
    next_check_at: datetime | None = None
    spells: tuple[Spell, ...] = ()
    waits: tuple[Wait, ...] = ()
    watermark: datetime | None = None
    stale_at: datetime | None = None
    calm_until: datetime | None = None
    rests: Rests | None = None
    reason: Reason = Reason(code="none")
    rule: str = ""
    judged_from: datetime | None = None


SubjectKind: TypeAlias = Literal[
    "case", "task", "slot", "post", "rating", "order", "device", "source", "hall", "calendar", "tally"
]


class SubjectRef(NamedTuple):
    """A subject by kind and key; keys as DESIGN §7 lists them. A tuple: refs are keys of dictionaries everywhere."""

    kind: str
    key: str


# --------------------------------------------------------------------------- cards


class CardState(Value, frozen=True, kw_only=True):
    """A stored card as `supervision` compares it with a verdict."""

    number: int
    rule: str
    episode: str
    level: Level
    state: str
    since: datetime
    began: datetime
    cleared_at: datetime | None
    charge: Charge
    version: int
    sequence: int
    historic: bool = False
    withdrawn_by_system: bool = False
    windows: frozenset[str] = frozenset()
    """The windows that its reason asks people to look at (spot checks)."""
    attributed: bool = False
    """Who answers for it was confirmed by a person: the judge leaves that alone (C02, B05)."""
    policy_version: str | None = None
    """The version of the policy that it was issued under; None for one by hand of old."""


class CardChange(Value, frozen=True, kw_only=True):
    """One change of one card, to be stored with one notice (DESIGN §1B.2).

    `event`: issued, upgraded, lowered, corrected, cleared, resumed, withdrawn, closed (and the people's transitions:
    acknowledged, answered). `number` is None for a card to be issued.
    """

    event: str
    number: int | None
    episode: str
    spell: Spell | None
    level: Level
    since: datetime
    cleared_at: datetime | None
    state: str
    why: str
