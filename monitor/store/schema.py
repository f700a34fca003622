"""Tables (DESIGN §10). Every datetime is aware UTC; ids are pseudonyms.

Names and contacts live only in `staff` and `user`. Tables of deliveries are in `schema_alerts`.
Queries use SQLAlchemy Core on `X.__table__`; the classes declare the shape.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlmodel import AutoString, Field, SQLModel

BIG_ID = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only for INTEGER PRIMARY KEY; PostgreSQL needs 64 bits."""

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
}
metadata: MetaData = SQLModel.metadata
SQLModel.model_config["defer_build"] = True  # no row is validated by these classes: a tenth of their making is spared

TEXT = String().with_variant(String(collation="C"), "postgresql")
"""Text in the order of its code points on both databases: ranges of keys by prefix rest on it, whatever the locale."""


def _id() -> Any:
    return Field(default=None, sa_column=Column(BIG_ID, primary_key=True, autoincrement=True))


def _json(nullable: bool = True) -> Any:
    return Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=nullable))


def _index_where(name: str, *columns: str, where: str) -> Index:
    """An index of the few rows for which `where` holds: it costs the others nothing."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


# ------------------------------------------------------------------ registry and plans


class Meta(SQLModel, table=True):
    """Small facts about the store itself: registry_version, plans_version, calendar_version, expected_until …"""

    __tablename__ = "meta"
    key: str = Field(primary_key=True)
    value: str


class HallRow(SQLModel, table=True):
    __tablename__ = "hall"
    id: str = Field(primary_key=True)
    parent: str | None = None
    name: str = ""
    zone: str = "Asia/Shanghai"
    calendar: str = ""
    attendance: str = ""
    expected_from: datetime


class UnitRow(SQLModel, table=True):
    __tablename__ = "unit"
    id: str = Field(primary_key=True)
    hall: str = Field(index=True)
    name: str = ""
    head: str | None = None
    expected_from: datetime


class WindowRow(SQLModel, table=True):
    __tablename__ = "window"
    id: str = Field(primary_key=True)
    hall: str = Field(index=True)
    unit: str | None = None
    name: str = ""
    min_staff: int = 1
    lead: str | None = None
    calendar: str = ""
    requires_duty: bool = False
    expected_from: datetime


class StaffRow(SQLModel, table=True):
    """The one home of names and contacts of staff (DESIGN §1F)."""

    __tablename__ = "staff"
    id: str = Field(primary_key=True)
    unit: str | None = Field(default=None, index=True)
    name: str = ""
    role: str = ""
    contacts: list[str] | None = _json()
    expected_from: datetime


class PostRow(SQLModel, table=True):
    __tablename__ = "post"
    __table_args__ = (UniqueConstraint("window", "staff", "rank", "valid_from"),)
    id: int | None = _id()
    window: str = Field(index=True)
    staff: str = Field(index=True)
    rank: str = "A"
    valid_from: date = date.min
    """date.min stands for 'always', so that the unique key holds (NULLs are all different in SQL)."""
    valid_to: date | None = None


class ItemRow(SQLModel, table=True):
    __tablename__ = "item"
    id: str = Field(primary_key=True)
    valid_from: date = Field(default=date.min, primary_key=True)
    unit: str | None = None
    name: str = ""
    kind: str = "committed"
    promised: float | None = None
    statutory: float | None = None
    unit_of_time: str = "workday"
    fallback: float | None = None


class DeviceRow(SQLModel, table=True):
    __tablename__ = "device"
    id: str = Field(primary_key=True)
    kind: str
    hall: str = Field(index=True)
    window: str | None = Field(default=None, index=True)
    serves: list[str] | None = _json()
    channels: list[str] | None = _json()
    emits: list[str] | None = _json()
    watermark: str = "heartbeat"
    namespace: str = ""
    expected_from: datetime
    revoked_at: datetime | None = None


class LeaveRow(SQLModel, table=True):
    __tablename__ = "leave"
    id: str = Field(primary_key=True)
    staff: str = Field(index=True)
    kind: str
    starts: datetime
    ends: datetime
    approver: str | None = None
    approved_at: datetime | None = None
    letter: str | None = None
    filed_at: datetime | None = None
    """When the form was handed in; None where nobody says."""


class TripRow(SQLModel, table=True):
    """A business trip (出差)."""

    __tablename__ = "trip"
    id: str = Field(primary_key=True)
    staff: str = Field(index=True)
    starts: datetime
    ends: datetime
    approver: str | None = None
    approved_at: datetime | None = None
    letter: str | None = None


class LieuRow(SQLModel, table=True):
    """Time off in lieu (补休、轮休, B11) of the overtime that it names."""

    __tablename__ = "lieu"
    id: str = Field(primary_key=True)
    staff: str = Field(index=True)
    starts: datetime
    ends: datetime
    overtime: str | None = None
    approver: str | None = None
    approved_at: datetime | None = None


class CorrectionRow(SQLModel, table=True):
    """A check-in written down afterwards (补签): the slot it is for, the time it is said to have been made at."""

    __tablename__ = "correction"
    id: str = Field(primary_key=True)
    staff: str = Field(index=True)
    day: date
    slot: str
    at: datetime
    reason: str = ""
    approver: str | None = None
    approved_at: datetime | None = None


class ShiftRow(SQLModel, table=True):
    """Which preset of slots (班次) holds for one hall, unit or person from `valid_from` to `valid_to`, exclusive."""

    __tablename__ = "shift"
    id: str = Field(primary_key=True)
    hall: str | None = Field(default=None, index=True)
    unit: str | None = Field(default=None, index=True)
    staff: str | None = Field(default=None, index=True)
    preset: str
    valid_from: date | None = None
    valid_to: date | None = None


class PowerCutRow(SQLModel, table=True):
    """A hall without power (停电): no device of it could tell anything for that span."""

    __tablename__ = "power_cut"
    id: str = Field(primary_key=True)
    hall: str = Field(index=True)
    starts: datetime
    ends: datetime
    why: str = ""


class SubstituteRow(SQLModel, table=True):
    __tablename__ = "substitute"
    id: str = Field(primary_key=True)
    window: str = Field(index=True)
    staff: str
    starts: datetime
    ends: datetime
    letter: str | None = None


class OutingRow(SQLModel, table=True):
    __tablename__ = "outing"
    id: str = Field(primary_key=True)
    staff: str = Field(index=True)
    starts: datetime
    ends: datetime


class OvertimeRow(SQLModel, table=True):
    __tablename__ = "overtime"
    id: str = Field(primary_key=True)
    staff: str = Field(index=True)
    starts: datetime
    ends: datetime


class RotaRow(SQLModel, table=True):
    __tablename__ = "rota"
    id: str = Field(primary_key=True)
    day: date = Field(index=True)
    role: str
    staff: str


class ClosureRow(SQLModel, table=True):
    __tablename__ = "closure"
    id: str = Field(primary_key=True)
    hall: str | None = Field(default=None, index=True)
    window: str | None = Field(default=None, index=True)
    starts: datetime
    ends: datetime
    why: str = ""


class PlanRequest(SQLModel, table=True):
    """A request (申请) for leave, a trip, time in lieu, an outing, cover, a correction, or a return from leave: what
    becomes plan rows once its last step is approved. Words of people are in the private columns, named below.
    """

    __tablename__ = "plan_request"
    number: int | None = _id()
    kind: str
    staff: str = Field(index=True)
    """Whom it is about; of cover whose window is covered."""
    hall: str | None = Field(default=None, index=True)
    unit: str | None = None
    window: str | None = None
    """Where it lies for reach, as the registry had it when it was filed; of cover the window."""
    starts: datetime
    ends: datetime
    """[starts, ends). Of a correction the time that is claimed, twice; of a return until when the leave still holds."""
    leave_kind: str | None = None
    """official, personal, sick …: private."""
    letter: str | None = None
    """Private."""
    substitute: str | None = None
    overtime: str | None = None
    day: date | None = None
    slot: str | None = None
    about: str | None = None
    """Of a return: `TABLE/ID` of the leave that it ends."""
    reason: str = ""
    """Private."""
    days: float = 0
    """Working days, as counted when it was filed."""
    chain: list[str] | None = _json()
    """Roles that decide, in order, by the policy of the day it was filed."""
    step: int = 0
    """How many of them are done."""
    state: str = "pending"
    """pending, approved, refused, withdrawn."""
    sequence: int = 1
    """Rises with each step of its history."""
    filed_by: str
    filed_at: datetime
    decided_at: datetime | None = None
    plans: dict[str, str] | None = _json()
    """What was written: table as in files → id."""

    __table_args__ = (
        Index("ix_plan_request_pending", "hall", "number", sqlite_where=text("state = 'pending'"),
              postgresql_where=text("state = 'pending'")),
        Index("ix_plan_request_filed_by", "filed_by"),
    )  # fmt: skip


class PlanRequestStep(SQLModel, table=True):
    """One step in a request's history."""

    __tablename__ = "plan_request_step"
    request: int = Field(sa_column=Column(BIG_ID, primary_key=True, autoincrement=False))
    sequence: int = Field(primary_key=True)
    at: datetime
    actor: str
    role: str
    event: str
    """filed, approved, refused, withdrawn."""
    steps: list[str] | None = _json()
    """Which roles of the chain it answers for."""
    why: str = ""
    """Private."""


class CalendarDayRow(SQLModel, table=True):
    """A day of an imported notice of the State Council; `calendar` is the country code of the notice, `cn`."""

    __tablename__ = "calendar_day"
    calendar: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    year: int
    """The year that the notice publishes; its days may reach into the neighbours, which it does not publish."""
    name: str
    is_off: bool
    imported_at: datetime


class SpotCheckRow(SQLModel, table=True):
    """A spot check (抽查, A17) of a window: ordered, and what was found. The inspector's words are private text."""

    __tablename__ = "spot_check"
    id: int | None = _id()
    hall: str = Field(index=True)
    window: str = Field(index=True)
    draw: str
    """The draw that it belongs to: one order of several windows; its seed lets the draw be made again."""
    seed: str = ""
    cause: str
    """random, unknown (a post that nothing can tell of) or named."""
    ordered_at: datetime
    ordered_by: str
    due_at: datetime
    result: str | None = None
    """present, empty, short (fewer than min_staff), closed or dropped."""
    people: int | None = None
    seen_at: datetime | None = None
    recorded_at: datetime | None = None
    recorded_by: str | None = None


class ClosedMonthRow(SQLModel, table=True):
    """A month of attendance that was signed off (签核关账); each later correction is a version of its own."""

    __tablename__ = "closed_month"
    hall: str = Field(primary_key=True)
    month: str = Field(primary_key=True)
    """YYYY-MM."""
    version: int = Field(primary_key=True)
    closed_at: datetime
    closed_by: str
    digest: str
    """SHA-256 of the kept sheet."""
    corrections: int = 0
    """Rows by which it differs from the version before."""


class KeptSheetRow(SQLModel, table=True):
    """What a closed month's sheet was made of, names included, as compressed JSON; it has its own retention (§1F)."""

    __tablename__ = "kept_sheet"
    __table_args__ = (UniqueConstraint("hall", "month", "version"),)
    id: int | None = _id()
    hall: str
    month: str
    version: int
    kept_at: datetime
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


# ------------------------------------------------------------------ events and facts


class RawEvent(SQLModel, table=True):
    """Every accepted event as it came (after the drop list); the duplicate key of the whole program."""

    __tablename__ = "raw_event"
    __table_args__ = (
        UniqueConstraint("device", "event_id"),
        Index("ix_raw_event_seq", "device", "boot", "seq"),
        Index("ix_raw_event_at", "device", "at"),
    )
    id: int | None = _id()
    device: str
    event_id: str
    channel: str
    at: datetime
    received: datetime
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    boot: str = ""
    payload_hash: str
    """SHA-256 of the payload with sorted keys, hex."""
    payload: str = ""
    """On PostgreSQL of events from before revision 0030 only; since then it lies in `raw_payload` (docs/adr/0056)."""


class RawPayload(SQLModel, table=True):
    """What an accepted event said, as it came: the one thing about it that ends, by the month it was received in.

    PostgreSQL keeps a partition a month (`monitor.store.payloads`). On SQLite it stays in `raw_event.payload`, and here
    is only what a backup of a store on PostgreSQL brought.
    """

    __tablename__ = "raw_payload"
    __table_args__ = {"postgresql_partition_by": "RANGE (received)", "sqlite_with_rowid": False}
    received: datetime = Field(primary_key=True)
    raw_event: int = Field(sa_column=Column(BIG_ID, primary_key=True, autoincrement=False))
    at: datetime
    """When it happened, as in `raw_event`: retention asks whether it lies in the days of a standing card."""
    payload: str


class CaseEventRow(SQLModel, table=True):
    __tablename__ = "case_event"
    __table_args__ = (
        UniqueConstraint("case_key", "event", "at_second", "discriminator", "source"),
        Index("ix_case_event_source", "source", "event", "at"),
        Index("ix_case_event_window", "window", "at"),
    )
    id: int | None = _id()
    raw_event: int = Field(sa_column=Column(BIG_ID, unique=True, nullable=False))
    case_key: str
    event: str
    at_second: int = Field(sa_column=Column(BigInteger, nullable=False))
    """`at` in whole seconds of the epoch: what two sources tell of one second the fold merges. Each source's telling is
    kept, or the facts would depend on who came first (ADR 13)."""
    discriminator: str = ""
    """What tells two events of one second apart: the stage's name, the voided id."""
    event_id: str
    source: str
    at: datetime
    received: datetime
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    boot: str = ""
    item: str | None = None
    window: str | None = None
    staff: str | None = None
    reason: str | None = None
    entered: datetime | None = None
    body: dict[str, Any] | None = _json()
    """The event's own fields; instants as RFC 3339 text."""


class TaskEventRow(SQLModel, table=True):
    __tablename__ = "task_event"
    __table_args__ = (Index("ix_task_event_task", "task", "at"),)
    id: int | None = _id()
    raw_event: int = Field(sa_column=Column(BIG_ID, unique=True, nullable=False))
    task: str
    kind: str
    event: str
    event_id: str
    source: str
    at: datetime
    received: datetime
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    boot: str = ""
    due: datetime | None = None
    unit: str | None = None
    window: str | None = None
    staff: str | None = None
    case_key: str | None = None


class RatingRow(SQLModel, table=True):
    """A rating; its comment is free text and lives in `private_text` (DESIGN §1F)."""

    __tablename__ = "rating"
    __table_args__ = (
        Index("ix_rating_window", "window", "at"),
        Index("ix_rating_staff", "staff", "at"),
        Index("ix_rating_case", "case_key"),
        Index("ix_rating_at", "at", "window", "score"),
        UniqueConstraint("source", "event_id"),
    )
    id: int | None = _id()
    raw_event: int = Field(sa_column=Column(BIG_ID, unique=True, nullable=False))
    event_id: str
    source: str
    at: datetime
    received: datetime
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    boot: str = ""
    score: int
    window: str | None = None
    staff: str | None = None
    case_key: str | None = None
    stage: str | None = None
    origin: str = "device"
    tags: list[str] | None = _json()


class DutyRow(SQLModel, table=True):
    __tablename__ = "duty"
    __table_args__ = (Index("ix_duty_window", "window", "at"),)
    id: int | None = _id()
    raw_event: int = Field(sa_column=Column(BIG_ID, unique=True, nullable=False))
    event_id: str
    source: str
    at: datetime
    received: datetime
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    boot: str = ""
    window: str | None = None
    staff: str
    action: str
    reason: str | None = None


class PresenceRow(SQLModel, table=True):
    __tablename__ = "presence"
    __table_args__ = (Index("ix_presence_window", "window", "at"),)
    id: int | None = _id()
    raw_event: int = Field(sa_column=Column(BIG_ID, unique=True, nullable=False))
    event_id: str
    source: str
    at: datetime
    received: datetime
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    boot: str = ""
    window: str | None = None
    people: int = Field(sa_column=Column(BigInteger, nullable=False))
    confidence: float | None = None
    view: str


class CheckinRow(SQLModel, table=True):
    __tablename__ = "checkin"
    __table_args__ = (
        Index("ix_checkin_staff", "staff", "at"),
        _index_where("ix_checkin_distance", "distance", where="distance IS NOT NULL"),
        _index_where("ix_checkin_liveness", "liveness", where="liveness IS NOT NULL"),
    )
    id: int | None = _id()
    raw_event: int = Field(sa_column=Column(BIG_ID, unique=True, nullable=False))
    event_id: str
    source: str
    at: datetime
    received: datetime
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    boot: str = ""
    staff: str
    method: str
    direction: str | None = None
    distance: float | None = None
    liveness: float | None = None


class HeartbeatRow(SQLModel, table=True):
    __tablename__ = "heartbeat"
    __table_args__ = (
        UniqueConstraint("device", "boot", "at"),
        Index("ix_heartbeat_received", "device", "received"),
        Index("ix_heartbeat_delta", "device", "boot", "delta_ms", "received", "last_seq"),
    )
    id: int | None = _id()
    device: str
    boot: str = ""
    at: datetime
    received: datetime
    delta_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    """received - at in milliseconds; the median over a boot is the device's skew (DESIGN §3.1)."""
    queue: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    last_seq: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))


class BootRow(SQLModel, table=True):
    """What the heartbeats of one boot say together (`monitor.store.bootsums`): of `count` differences `below` round to
    fewer whole seconds than `skew_seconds`, their median, and `inside` to just as many. `last_seq`: the greatest number
    announced; `received`: the last receipt.
    """

    __tablename__ = "boot"
    device: str = Field(primary_key=True)
    boot: str = Field(primary_key=True)
    count: int = Field(sa_column=Column(BigInteger, nullable=False))
    skew_seconds: int = Field(sa_column=Column(BigInteger, nullable=False))
    below: int = Field(sa_column=Column(BigInteger, nullable=False))
    inside: int = Field(sa_column=Column(BigInteger, nullable=False))
    last_seq: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    received: datetime


class DeviceStatus(SQLModel, table=True):
    __tablename__ = "device_status"
    device: str = Field(primary_key=True)
    state: str
    received: datetime
    firmware: str | None = None


class PrivateText(SQLModel, table=True):
    """Free text that may hold personal data, apart from the facts; the salt goes with it when it is erased."""

    __tablename__ = "private_text"
    owner: str = Field(primary_key=True)
    """e.g. rating:DEVICE/EVENT-ID"""
    name: str = Field(primary_key=True)
    text: str
    salt: str


class Quarantine(SQLModel, table=True):
    __tablename__ = "quarantine"
    __table_args__ = (
        UniqueConstraint("device", "channel", "digest", "reason"),
        Index("ix_quarantine_open", "device", "state", "at"),
        Index("ix_quarantine_seq", "device", "boot", "seq"),
    )
    id: int | None = _id()
    device: str
    channel: str
    reason: str
    detail: str = ""
    digest: str
    """SHA-256 of the payload, hex."""
    length: int
    payload: str | None = None
    """None where it cannot be read as JSON text: then digest, length and reason are all that is kept (DESIGN §1F)."""
    event_id: str | None = None
    at: datetime | None = None
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    boot: str = ""
    topic: str | None = None
    """The vendor's topic of a message that came through an adapter; `payload` is then the vendor's (DESIGN §1F)."""
    received: datetime
    seen: int = 1
    state: str = "open"
    """open, replayed, dismissed"""
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    resolved_why: str | None = None


class SourceRow(SQLModel, table=True):
    """Sources whose watermark is declared: imports (`import-MAP`), with their as-of."""

    __tablename__ = "source"
    id: str = Field(primary_key=True)
    kind: str
    watermark: datetime | None = None
    hall: str | None = None
    calendar: str = ""
    historic: bool = True
    emits: list[str] | None = _json()
    """The case events that its map gives; what it never gives is not judged. None: an import of an earlier version."""


class SourceMove(SQLModel, table=True):
    """How often a source's watermark may have moved: what a judge saw, against what it finds when it writes.

    Ingest raises it before it looks for who waits, a judge locks it before it writes who waits: neither misses the
    other, whoever commits first (DESIGN §10).
    """

    __tablename__ = "source_move"
    source: str = Field(primary_key=True)
    version: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))


class MqttSession(SQLModel, table=True):
    """A session that the broker keeps for a member of `mqtt.shared_group`, and who holds it (ADR 10).

    The holder raises `beat` again and again. That it stands still is what others see; no clock is compared.
    """

    __tablename__ = "mqtt_session"
    client_id: str = Field(primary_key=True)
    topics: list[str] = _json(nullable=False)
    """Everything that it has ever subscribed to."""
    holder: str
    """One run of a daemon: that whose session it is, or one that takes it over."""
    beat: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))


class LostSpan(SQLModel, table=True):
    __tablename__ = "lost_span"
    id: int | None = _id()
    device: str = Field(index=True)
    starts: datetime
    ends: datetime
    reason: str
    declared_at: datetime
    actor: str


# ------------------------------------------------------------------ subjects and cards


class Subject(SQLModel, table=True):
    __tablename__ = "subject"
    __table_args__ = (
        UniqueConstraint("kind", "key"),
        Index("ix_subject_due", "next_check_at"),
        Index("ix_subject_hall", "hall", "kind", "verdict"),
    )
    id: int | None = _id()
    kind: str
    key: str
    hall: str | None = None
    version: int = 0
    next_check_at: datetime | None = None
    calm_until: datetime | None = None
    """Until then good news (`Verdict.calm_until`) make nobody look again."""
    verdict: str = "pending"
    watermark: datetime | None = None
    stale_at: datetime | None = None
    judged_at: datetime | None = None
    rests_from: date | None = None
    rests_until: date | None = None
    """The dates whose working hours the verdict rests on; `rests_until` None: no end in sight, or the rule does not
    say: then any change of the calendar is a reason to look again."""
    cause: str | None = None
    """Why it is judged again without a fact of its own: a calendar or an item that changed. Gone with the judgement."""
    historic: bool = False
    failures: int = 0
    failure: str | None = None
    """The error of the last failed judgement; the subject was pushed forward (DESIGN §10)."""


class SubjectWait(SQLModel, table=True):
    __tablename__ = "subject_wait"
    __table_args__ = (Index("ix_subject_wait_source", "source", "until"),)
    subject: int = Field(sa_column=Column(BIG_ID, primary_key=True, autoincrement=False))
    source: str = Field(primary_key=True)
    until: datetime


class CaseStatRow(SQLModel, table=True):
    """What statistics need of one case (`timeliness.casestat.CaseStat`): a projection of its facts, written with its
    verdict, to be made anew from them at any time. Instants are whole microseconds of the epoch: a year of 318,022
    cases is summed in half the time that it takes over SQLite's text.
    """

    __tablename__ = "case_stat"
    __table_args__ = (
        _index_where("ix_case_stat_open", "due_us", "case_key", where="ended_us IS NULL"),
        # Holds all that a search asks for, the condition's own column too (SQLite tests it once more for each row). A
        # judge pays for it once a case, when it ends.
        _index_where(
            "ix_case_stat_search",
            *("received_us", "case_key", "hall", "unit", "window", "staff", "item", "end", "ended_us", "overdue_us"),
            "historic",
            where="ended_us IS NOT NULL",
        ),
        _index_where("ix_case_stat_late", "received_us", "case_key", where="overdue_us IS NOT NULL"),
        # What is counted of the cases completed in a span, and listed: with all that it asks for, too.
        _index_where(
            "ix_case_stat_ended",
            *("ended_us", "case_key", "hall", "window", "end", "historic"),
            where="ended_us IS NOT NULL",
        ),
    )
    case_key: str = Field(primary_key=True)
    hall: str | None = None
    unit: str | None = None
    window: str | None = None
    staff: str | None = None
    item: str | None = None
    kind: str
    received_us: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    accepted_us: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    ended_us: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    end: str | None = None
    overdue_us: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    early: bool = False
    due_us: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    """Of an open case alone: the due list reads nothing else."""
    paused_us: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    historic: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class Card(SQLModel, table=True):
    __tablename__ = "card"
    __table_args__ = (
        UniqueConstraint("subject", "rule", "episode"),
        Index("ix_card_open", "state", "rule", "level"),
        Index("ix_card_subject", "kind", "key"),
        Index("ix_card_staff", "staff", "since"),
        Index("ix_card_window", "window", "since"),
    )
    number: int | None = Field(default=None, sa_column=Column(BIG_ID, primary_key=True, autoincrement=True))
    subject: int = Field(sa_column=Column(BIG_ID, nullable=False))
    kind: str
    key: str
    rule: str
    episode: str
    level: str
    state: str = "open"
    """open, acknowledged, answered, closed, withdrawn"""
    withdrawn_by: str | None = None
    """The actor; `system` where the condition never held, a person after an appeal."""
    since: datetime
    began: datetime
    issued: datetime
    cleared_at: datetime | None = None
    historic: bool = False
    hall: str | None = None
    unit: str | None = None
    window: str | None = None
    staff: str | None = None
    policy_version: str
    basis: str
    reason: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """{"code", "figures"}"""
    explanation: dict[str, Any] | None = _json()
    """{"facts", "steps", "policy", "watermark"} as of the last change"""
    version: int = 0
    sequence: int = 0
    """Of its last card_event."""
    promised_at: datetime | None = None
    """By when whoever acknowledged it has promised to deal with it."""
    issuer: str | None = None
    """Who issued it by hand (人工发牌); None: a rule did."""
    attributed: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Who answers for it was confirmed by a person (C02, B05): the judge leaves that alone."""
    appeal: str | None = None
    """pending, upheld (the card stands) or granted"""
    appellant: str | None = None
    followup: str | None = None
    """Of a bad rating: founded, rectified, called_back, misjudged, malicious"""


class CardEvent(SQLModel, table=True):
    """One change of a card = one notice (DESIGN §1B)."""

    __tablename__ = "card_event"
    __table_args__ = (Index("ix_card_event_unplanned", "planned_at", "card"),)
    card: int = Field(sa_column=Column(BIG_ID, primary_key=True, autoincrement=False))
    sequence: int = Field(primary_key=True)
    at: datetime
    event: str
    """issued, upgraded, lowered, corrected, cleared, resumed, withdrawn, acknowledged, answered, closed"""
    level: str
    actor: str
    why: str = ""
    planned_at: datetime | None = None
    """When the planner dealt with it; set at once where nobody is to be told (historic cards)."""
    body: dict[str, Any] | None = _json()
    """What belongs to the step of a person: ids, codes and instants (RFC 3339), no free text."""


class Attachment(SQLModel, table=True):
    """A file that came with an answer or an appeal. What retention erases is `name` and `content`; the digest stays."""

    __tablename__ = "attachment"
    __table_args__ = (UniqueConstraint("card", "sequence", "digest"),)
    id: int | None = _id()
    card: int = Field(sa_column=Column(BIG_ID, nullable=False))
    sequence: int
    """Of the card_event that it came with."""
    name: str
    media_type: str
    length: int = Field(sa_column=Column(BigInteger, nullable=False))
    digest: str
    """SHA-256 of the content, hex."""
    content: bytes | None = None
    added_at: datetime


# ------------------------------------------------------------------ audit and access


class Audit(SQLModel, table=True):
    """Who did what; `body` holds ids and salted digests of personal fields only (DESIGN §1E, §1F)."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_at", "at", "id"),
        Index("ix_audit_actor", "actor", "at", "id"),
        Index("ix_audit_action", "action", "at", "id"),
        Index("ix_audit_object", "object_kind", "object_id", "at", "id"),
    )
    id: int | None = _id()
    at: datetime
    actor: str
    action: str
    object_kind: str
    object_id: str
    body: dict[str, Any] | None = _json()


class AuditPrivate(SQLModel, table=True):
    __tablename__ = "audit_private"
    audit: int = Field(sa_column=Column(BIG_ID, primary_key=True, autoincrement=False))
    name: str = Field(primary_key=True)
    value: str
    salt: str


class Seal(SQLModel, table=True):
    __tablename__ = "seal"
    no: int = Field(sa_column=Column(BIG_ID, primary_key=True, autoincrement=False))
    audit_id: int = Field(sa_column=Column(BIG_ID, unique=True, nullable=False))
    prev: str = Field(unique=True)
    mac: str


class User(SQLModel, table=True):
    """People who sign in; the second home of names and contacts (DESIGN §1F)."""

    __tablename__ = "user"
    id: str = Field(primary_key=True)
    name: str = ""
    role: str = ""
    """One of `access.ROLES`."""
    halls: list[str] | None = _json()
    units: list[str] | None = _json()
    windows: list[str] | None = _json()
    staff: str | None = None
    """Their own id in the registry: which cards are theirs."""
    contacts: list[str] | None = _json()
    created: datetime
    disabled_at: datetime | None = None


class Token(SQLModel, table=True):
    """A bearer token of the HTTP API: only its SHA-256 is kept. It is for devices, for halls, or acts as a user."""

    __tablename__ = "token"
    id: int | None = _id()
    digest: str = Field(unique=True)
    user: str | None = None
    devices: list[str] | None = _json()
    halls: list[str] | None = _json()
    scopes: list[str] | None = _json()
    created: datetime
    revoked_at: datetime | None = None
    expires: datetime | None = None
    """Real time; None: until it is revoked."""
    last_used: datetime | None = None
    """Real time, to an hour: a write at each request would cost more than it tells."""


class PasswordRow(SQLModel, table=True):
    """A user's password: an Argon2 digest, and what keeps others from guessing it."""

    __tablename__ = "password"
    user: str = Field(primary_key=True)
    digest: str
    set_at: datetime
    failures: int = 0
    """Wrong ones since the last right one."""
    locked_until: datetime | None = None


class InviteRow(SQLModel, table=True):
    """A link to set one's password once: only the SHA-256 of its secret is kept."""

    __tablename__ = "invite"
    digest: str = Field(primary_key=True)
    user: str = Field(index=True)
    created: datetime
    created_by: str
    expires: datetime
    used_at: datetime | None = None


class WebSessionRow(SQLModel, table=True):
    """Somebody who signed in with a browser: only the SHA-256 of the cookie's secret is kept."""

    __tablename__ = "web_session"
    id: int | None = _id()
    digest: str = Field(unique=True)
    csrf: str
    """What each form carries; it goes on when the secret is made anew, for pages that are open."""
    user: str = Field(index=True)
    by: str
    """`password`, or the issuer of an OpenID provider."""
    created: datetime
    renewed: datetime
    """When its secret was last made anew."""
    seen: datetime
    expires: datetime
    address: str = ""
    agent: str = ""
    ended_at: datetime | None = None
    ended_by: str | None = None


class IdentityRow(SQLModel, table=True):
    """Who a user is to an OpenID provider (统一身份认证)."""

    __tablename__ = "identity"
    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    user: str = Field(index=True)
    linked_at: datetime
    linked_by: str


class RatingLinkRow(SQLModel, table=True):
    """A link by which a citizen rates once (D03): only the SHA-256 of its secret is kept, and for which service."""

    __tablename__ = "rating_link"
    id: int | None = _id()
    digest: str = Field(unique=True)
    device: str = Field(index=True)
    """The evaluator as which the rating comes in."""
    window: str | None = None
    staff: str | None = None
    case_key: str | None = None
    stage: str | None = None
    created: datetime
    created_by: str
    expires: datetime
    used_at: datetime | None = None


class RequestKey(SQLModel, table=True):
    """A write that a program may send again (Idempotency-Key): what it was and what it was answered. No free text."""

    __tablename__ = "request_key"
    actor: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    digest: str
    """SHA-256 of method, path and body, hex."""
    answer: dict[str, Any] | None = _json()
    at: datetime


class FaceConsentRow(SQLModel, table=True):
    """That a member of staff agreed to be known by the face (同意): when, for what, who recorded it, until when."""

    __tablename__ = "face_consent"
    id: int | None = _id()
    staff: str = Field(index=True)
    purpose: str
    consented_at: datetime
    recorded_at: datetime
    recorded_by: str
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None


class FaceRow(SQLModel, table=True):
    """The one home of face vectors (DESIGN §1F): those of a person, sealed with a key that lies elsewhere."""

    __tablename__ = "face"
    staff: str = Field(primary_key=True)
    key: str = Field(unique=True)
    """Name of the key in the key store."""
    consent: int
    model: str
    version: str
    vectors: int
    """How many lie in `sealed`."""
    sealed: bytes
    enrolled_at: datetime
    enrolled_by: str


class FaceFrameRow(SQLModel, table=True):
    """An evidence frame (留证图像) of a check-in, where a hall has switched them on: sealed with the key of that
    person's face, so that `face forget` shuts it, too.
    """

    __tablename__ = "face_frame"
    __table_args__ = (UniqueConstraint("device", "event_id"),)
    id: int | None = _id()
    staff: str = Field(index=True)
    key: str
    """Name of the key in the key store."""
    device: str
    event_id: str
    taken_at: datetime = Field(index=True)
    sealed: bytes


class CheckinReviewRow(SQLModel, table=True):
    """What a person decided of a check-in in doubt (疑似签到复核). The check-in stays as it came; of several decisions
    the one with the highest sequence counts.
    """

    __tablename__ = "checkin_review"
    __table_args__ = (
        UniqueConstraint("source", "event_id", "sequence"),
        Index("ix_checkin_review_staff", "staff", "at"),
    )
    id: int | None = _id()
    source: str
    event_id: str
    sequence: int
    """1 of the first decision of a check-in."""
    staff: str
    """Of the check-in, as `at` is: its uncorrected time."""
    at: datetime
    decision: str
    """is, is_not, unclear"""
    reason: str
    decided_at: datetime
    decided_by: str = Field(index=True)


class StaffPinRow(SQLModel, table=True):
    """A PIN (签到密码), the way beside the face: an Argon2 digest, and what keeps others from guessing it."""

    __tablename__ = "staff_pin"
    staff: str = Field(primary_key=True)
    digest: str
    set_at: datetime
    set_by: str
    failures: int = 0
    """Wrong ones since the last right one."""
    locked_until: datetime | None = None


def order_text_by_code_point(tables: MetaData) -> None:
    """Give every plain text column the type TEXT; called by each module of tables after its last one."""
    for table in tables.tables.values():
        for column in table.columns:
            if isinstance(column.type, AutoString):
                column.type = TEXT


order_text_by_code_point(metadata)
