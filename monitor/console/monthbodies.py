"""Closed months (关账) in the API: what is given and what is answered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from monitor.console.devicebodies import Name, Stamp
from monitor.console.latemodel import LateModel


class _In(LateModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class SignIn(_In):
    """The first version, or the one that corrects the newest."""

    reason: str = Field(description="Stands in the audit, and on a correction's rows.")
    accept_open: bool = Field(default=False, description="Sign although there are open points (the first version).")
    seen: str | None = Field(default=None, max_length=64, description="Of the preview: refused if it differs by now.")


class VersionOut(LateModel):
    hall: str
    month: str
    version: int
    closed_at: Stamp
    closed_by: str
    corrections: int = Field(description="Rows by which it differs from the version before.")
    digest: str = Field(description="SHA-256 of the kept sheet (sheet.json).")


class PointOut(LateModel):
    kind: str
    date: str | None
    staff: str | None
    slot: str
    why: str
    card: int | None
    window: str | None
    device: str | None
    request: int | None
    blocks: bool = Field(description="It stands in the sheet: the first sign-off has to accept it.")


class ChangeOut(LateModel):
    staff: str
    column: str
    was: str
    now: str


class PreviewOut(LateModel):
    """The month as it would be signed now."""

    hall: str
    month: str
    version: int = Field(description="The newest version that was signed; 0: none.")
    over: bool
    people: int
    as_of: Stamp
    counts: dict[str, int]
    open: list[PointOut]
    changed: list[ChangeOut]
    seen: str = Field(description="To be sent with the sign-off.")


class SignedOut(LateModel):
    hall: str
    month: str
    version: int
    digest: str
    corrections: int


class SheetIn(_In):
    """A sheet to be made in the background."""

    hall: Name
    month: Annotated[str, Field(pattern=r"^[12][0-9]{3}-(0[1-9]|1[0-2])$")]
    unit: Name | None = Field(default=None, description="Its people only; such a sheet is a draft.")
    format: Literal["xlsx", "pdf"] = "xlsx"


class SheetOut(LateModel):
    number: int
    hall: str
    month: str
    unit: str | None
    format: str
    state: Literal["queued", "running", "done", "failed"]
    done: int
    total: int
    asked_by: str
    asked_at: Stamp
    made_at: Stamp | None
    expires: Stamp
    size: int | None
    digest: str | None = Field(description="SHA-256 of the file.")
    why: str = Field(description="Why it failed.")


class GoneOut(LateModel):
    number: int
    state: Literal["gone"]
