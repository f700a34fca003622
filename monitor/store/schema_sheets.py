"""The table of sheets that are made in the background (考勤表). Leases and expiry are real time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from monitor.store.schema import BIG_ID, metadata, order_text_by_code_point


class SheetJobRow(SQLModel, table=True):
    """A sheet that somebody asked for; its bytes hold names and go after `retention.made_sheets_days`."""

    __tablename__ = "sheet_job"
    id: int | None = Field(default=None, sa_column=Column(BIG_ID, primary_key=True, autoincrement=True))
    hall: str = Field(index=True)
    month: str
    """YYYY-MM."""
    unit: str | None = None
    format: str
    """xlsx or pdf."""
    asked_by: str = Field(index=True)
    asked_at: datetime
    state: str
    """queued, running, done or failed."""
    done: int = 0
    total: int = 0
    """Days that are judged, of how many."""
    tries: int = 0
    maker: str | None = None
    lease: datetime | None = None
    """Up to when the maker has it; then another may take it."""
    made_at: datetime | None = None
    expires: datetime = Field(index=True)
    why: str = ""
    digest: str | None = None
    size: int | None = None
    body: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


order_text_by_code_point(metadata)
