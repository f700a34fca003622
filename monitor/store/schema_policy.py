"""Table of the policy's versions (规则版本): what was in force since when, from the configuration file or the store."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from monitor.store.schema import BIG_ID, metadata, order_text_by_code_point


class PolicyChangeRow(SQLModel, table=True):
    """A version of the policy. `actor` is an id; the reason is a private field of the audit row, so that lawful erasure
    and `retention.audit_days` reach it there and nowhere else.
    """

    __tablename__ = "policy_change"
    number: int = Field(sa_column=Column(BIG_ID, primary_key=True, autoincrement=False))
    version: str = Field(index=True)
    """NAME@DIGEST, as it was when it was recorded; cards print it."""
    source: str
    """store: changed here, holds over the file; file: read from the configuration while nothing here held"""
    base: int | None = Field(default=None, sa_column=Column(BIG_ID, nullable=True))
    """Number of the version that it was made of."""
    body: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """Every key with its value, as JSON."""
    actor: str
    at: datetime
    audit: int | None = Field(default=None, sa_column=Column(BIG_ID, nullable=True))


order_text_by_code_point(metadata)
