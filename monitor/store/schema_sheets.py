"""The table of what is made in the background: sheets of attendance, reports, drafts and closings of assessment.

Leases and expiry are real time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, LargeBinary, text
from sqlmodel import Field, SQLModel

from monitor.store.schema import BIG_ID, metadata, order_text_by_code_point


class SheetJobRow(SQLModel, table=True):
    """Something that somebody asked for; its bytes hold names and go after `retention.made_sheets_days`."""

    __tablename__ = "sheet_job"
    id: int | None = Field(default=None, sa_column=Column(BIG_ID, primary_key=True, autoincrement=True))
    work: str = Field(default="attendance", sa_column_kwargs={"server_default": "attendance"})
    """attendance, report, draft or closing."""
    hall: str = Field(index=True)
    month: str
    """YYYY-MM; of assessment the period, 2026-Q1, or the week, 2026-W10."""
    unit: str | None = None
    format: str
    """xlsx, pdf, …; empty where no file is made."""
    asked: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False, server_default=text("'{}'"))
    )
    """What else was asked for; no free text."""
    words: str | None = None
    """The free text of a closing, which goes to the audit: gone from here when it has ended."""
    asked_by: str = Field(index=True)
    asked_at: datetime
    state: str
    """queued, running, done or failed."""
    done: int = 0
    total: int = 0
    """Steps that are done, of how many."""
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
