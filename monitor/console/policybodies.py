"""The policy in the API: what is given, and what is answered, so that OpenAPI says it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from monitor.console.cards import INT64
from monitor.console.devicebodies import Stamp
from monitor.console.latemodel import LateModel
from monitor.supervision.policyeffect import LONGEST

Origin = Annotated[str, Field(max_length=40, pattern=r"^[A-Za-z0-9._-]+$")]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="YYYY-MM-DD in the hall's zone.")]
Keys = Annotated[dict[str, Any], Field(max_length=300)]


class _In(LateModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class PreviewIn(_In):
    """Another policy: all values of `from` with the keys of `set` in their place."""

    origin: Origin = Field("present", alias="from", description="present, file, a version's number, or a preset.")
    given: Keys = Field(default={}, alias="set", description="Keys such as timeliness.notice_days with their values.")
    start: Day | None = Field(None, description=f"With `end`: what it would have meant; at most {LONGEST.days} days.")
    end: Day | None = None
    hall: Annotated[str, Field(max_length=64)] | None = None


class ChangeIn(_In):
    base: Annotated[int, Field(ge=0, le=INT64)] = Field(
        description="`number` of the version in force that it was made of; 0 where that is null."
    )
    origin: Origin = Field("present", alias="from")
    given: Keys = Field(default={}, alias="set")
    reason: str = Field(description="Stands in the audit.")


class Texts(LateModel):
    zh: str
    en: str


class KeyOut(LateModel):
    key: str
    unit: str | None
    allowed: str | None
    rows: list[str] = Field(description="Rows of the regulations that it comes from.")
    meaning: Texts


class ValueOut(KeyOut):
    value: Any
    default: Any
    preset: Any = Field(description="What the policy's preset has.")
    differs: bool = Field(description="Whether value and preset differ.")


class BrokenOut(LateModel):
    number: int
    why: str


class PolicyOut(LateModel):
    version: str
    number: int | None
    source: str = Field(description="file: the configuration; store: changed here, which holds over the file.")
    since: Stamp | None
    actor: str | None
    file: str = Field(description="Version of the configuration's own policy.")
    preset: str
    broken: list[BrokenOut] = Field(description="Newer versions that cannot be used.")
    keys: list[ValueOut]


class ChangedOut(LateModel):
    key: str
    before: Any
    after: Any


class VersionOut(LateModel):
    number: int
    version: str
    source: str
    base: int | None
    actor: str
    at: Stamp
    reason: str | None = Field(description="Null where nobody gave one, or where it was erased.")
    fault: str | None = Field(description="Why it cannot be used any more.")
    changed: list[ChangedOut] = Field(description="Against the version before it.")


class ComparedKeyOut(KeyOut):
    left: Any
    right: Any


class PreviewOut(LateModel):
    left: str
    right: str
    keys: list[ComparedKeyOut]
    state: str = Field(description="none: no span was asked for; running: ask again with the same body; done, failed")
    done: int
    total: int
    fault: str | None
    effect: dict[str, Any] | None = Field(description="Totals as `jiancha replay` has them; verdicts, deadlines.")


class PutOut(LateModel):
    number: int
    version: str
