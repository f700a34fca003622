"""Tables of the public screen (电子显示屏): notices that are written and released, and the screens that show them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Column, Index
from sqlmodel import Field, SQLModel

from monitor.store.schema import BIG_ID, metadata, order_text_by_code_point


class Notice(SQLModel, table=True):
    """Something for the public: written by one, released by another. `first` and `last` are dates of the hall."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_hall", "hall", "state"),)
    id: int | None = Field(default=None, sa_column=Column(BIG_ID, primary_key=True, autoincrement=True))
    hall: str
    kind: str
    """notice, praise, circular"""
    title: str
    text: str
    """May hold names: shown as `screen.names` says; taken by the erasure of a person."""
    first: date
    last: date
    card: int | None = Field(default=None, sa_column=Column(BIG_ID, nullable=True))
    """Of a circular: what it is about. It vanishes while the card is appealed against, and with it."""
    reference: str = ""
    """Of a circular: the number of the decision."""
    state: str = "draft"
    """draft, released, taken_back"""
    author: str
    """Who wrote it last: somebody else releases it."""
    written: datetime
    released_by: str | None = None
    released_at: datetime | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None


class PublicScreen(SQLModel, table=True):
    """A screen in a hall with its own token."""

    __tablename__ = "public_screen"
    __table_args__ = (Index("ix_public_screen_token", "token", unique=True),)
    id: int | None = Field(default=None, sa_column=Column(BIG_ID, primary_key=True, autoincrement=True))
    hall: str
    name: str
    token: int = Field(sa_column=Column(BIG_ID, nullable=False))
    created: datetime
    created_by: str
    seen_at: datetime | None = None
    """When it last asked; real time, written once a minute at most."""
    version: str = ""
    """Digest of the page that it shows."""


order_text_by_code_point(metadata)
