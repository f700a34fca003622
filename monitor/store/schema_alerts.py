"""Tables of alerts: what is to be told, to whom, and how each try went (DESIGN §1B.3-4, §10).

Two clocks meet here. `alert_timer.due_at` is on the program's clock, which may run fast in a demo. Every other instant
of this module (`flush`, `due_at` of a delivery, leases, attempts) is real time: grouping, back-off and leases protect
people and receivers, whose time does not run faster.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, UniqueConstraint, false
from sqlmodel import Field, SQLModel

from monitor.store.schema import BIG_ID, metadata, order_text_by_code_point


class AlertTimer(SQLModel, table=True):
    """Something that fires by time, compare-and-set by `version`.

    Kinds: `digest` and `patrol` by address, `card` by number: then something of the card becomes due by time alone.
    """

    __tablename__ = "alert_timer"
    __table_args__ = (UniqueConstraint("kind", "key"), Index("ix_alert_timer_due", "kind", "due_at"))
    id: int | None = Field(default=None, sa_column=Column(BIG_ID, primary_key=True, autoincrement=True))
    kind: str
    key: str
    due_at: datetime
    version: int = 0


class AlertItem(SQLModel, table=True):
    """One notice (card, sequence) for one address; `content` says what was known when it was planned, ids only."""

    __tablename__ = "alert_item"
    __table_args__ = (
        Index("ix_alert_item_delivery", "delivery"),
        Index("ix_alert_item_waiting", "address", "purpose", "delivery"),
    )
    card: int = Field(sa_column=Column(BIG_ID, primary_key=True, autoincrement=False))
    sequence: int = Field(primary_key=True)
    address: str = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    """firing, resolved, digest; repeat-N, step-N of the escalation: they keep the sequence; patrol-DATE"""
    delivery: int | None = Field(default=None, sa_column=Column(BIG_ID, nullable=True))
    """None: waits for the digest's timer."""
    content: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """{"event","at","level","rule","subject":{"kind","id"},"hall","unit","window","staff","since","cleared_at","reason","why"}"""
    planned_at: datetime | None = None
    """On the program's clock: repeats are counted from it."""


class AlertHold(SQLModel, table=True):
    """What an address is owed of a card and is not told yet; the timer `card` looks at it again."""

    __tablename__ = "alert_hold"
    __table_args__ = (Index("ix_alert_hold_by", "why", "by"),)
    card: int = Field(sa_column=Column(BIG_ID, primary_key=True, autoincrement=False))
    address: str = Field(primary_key=True)
    sequence: int
    purpose: str
    """firing, resolved, repeat-N, step-N"""
    why: str
    """for, clear, silence, maintenance, inhibited, quiet"""
    by: int | None = Field(default=None, sa_column=Column(BIG_ID, nullable=True))
    """The silence's id, or the number of the card that hides it."""
    said: str = ""
    """By whom and why, or the key of the settings."""
    until: datetime
    """On the program's clock."""
    route: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """How it would have been told: {"group", "wait_seconds", "interval_seconds", "why"}"""


class Silence(SQLModel, table=True):
    """Somebody asked that what fits is not told for a time, and said why."""

    __tablename__ = "silence"
    __table_args__ = (Index("ix_silence_ends", "ends"),)
    id: int | None = Field(default=None, sa_column=Column(BIG_ID, primary_key=True, autoincrement=True))
    matchers: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """`alerts.matching.Match`: lists by field."""
    starts: datetime
    ends: datetime
    author: str
    reason: str
    created: datetime
    ended_at: datetime | None = None
    """Ended before its time."""


class Delivery(SQLModel, table=True):
    """One message to one address: the items that point to it."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("address", "group", "flush"),
        Index("ix_delivery_pending", "address", "state", "flush"),
    )
    id: int | None = Field(default=None, sa_column=Column(BIG_ID, primary_key=True, autoincrement=True))
    address: str
    group: str
    flush: datetime
    """Until then it collects items; from then on it is sent."""
    kind: str = "alert"
    """alert, digest, storm, patrol"""
    state: str = "open"
    """open (collects), sealed (tried at least once), sent, dead (given up), dropped (nothing left to say)"""
    due_at: datetime
    """Next try."""
    attempts: int = 0
    part: int = 0
    """Parts of a long text that were already sent."""
    created: datetime
    ended: datetime | None = None
    why: str = ""
    """Why it is dead or dropped."""


class Attempt(SQLModel, table=True):
    """One try; written before sending, so that a try whose end nobody saw is known as one that may have arrived."""

    __tablename__ = "attempt"
    delivery: int = Field(sa_column=Column(BIG_ID, primary_key=True, autoincrement=False))
    n: int = Field(primary_key=True)
    channel: str
    part: int = 0
    started: datetime
    ended: datetime | None = None
    result: str | None = None
    """sent, refused, timeout; None: under way, or the sender died"""
    detail: str = ""


class Address(SQLModel, table=True):
    """A receiver as all replicas share it: its token bucket and its lease. The URL stays in the settings."""

    __tablename__ = "address"
    id: str = Field(primary_key=True)
    """The receiver's id in `[alerts.receivers]`."""
    tokens: float | None = None
    """None: never used, the bucket is full."""
    filled_at: datetime | None = None
    ready_at: datetime | None = None
    """Nothing is sent before: the bucket is empty."""
    burst_begun: datetime | None = None
    burst_last: datetime | None = None
    burst_cards: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Firing cards since `burst_begun`, and whether they are a storm (real time)."""
    storm: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    lease_token: str | None = None
    lease_until: datetime | None = None


order_text_by_code_point(metadata)
