"""What the pages for citizens send and are answered: a model for each."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal, TypeVar
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monitor.console.bearer import read_body
from monitor.console.cardbodies import Instant
from monitor.console.latemodel import LateModel
from monitor.supervision.kioskplace import refused

MOST_COMMENT: Final = 500
MOST_BYTES: Final = 8192
"""A comment of 500 characters, each escaped, and the rest."""
TAGS: Final = (
    "态度不好", "等候时间长", "一次性告知不到位", "要求重复提交材料", "要求提供无关材料", "推诿扯皮", "超过承诺时限",
    "多头跑、多次跑", "未办结", "环境设施不便",
)  # fmt: skip
"""Reasons that a citizen can tap for a bad rating, as they are stored (国办发〔2019〕51号: 服务态度、一次告知、材料、
时限); one of them, 未办结, denies the completion (`timeliness.not_done_tags`, F03).
"""
NO_CONTROL: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
"""Text without control characters but line breaks and tabs: no database takes NUL."""

Secret = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")]
Tag = Annotated[str, Field(json_schema_extra={"enum": list(TAGS)})]
Comment = Annotated[str, Field(max_length=MOST_COMMENT, pattern=NO_CONTROL)]
M = TypeVar("M", bound=BaseModel)


class Body(LateModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Opened(Body):
    """A link's secret."""

    secret: Secret


class Given(Body):
    score: Annotated[int, Field(ge=1, le=5)]
    tags: Annotated[list[Tag], Field(max_length=len(TAGS))] = []
    comment: Comment = ""

    def known_tags(self) -> list[str]:
        """Once each; Refused for one that is not offered."""
        for tag in self.tags:
            if tag not in TAGS:
                raise refused("rating.body", sort="input", field="tags", detail=f"tags: {', '.join(TAGS)}")
        return list(dict.fromkeys(self.tags))


class ByLink(Given, Opened):
    pass


class AtScreen(Given):
    """`sure`: the case's number was looked at again, it is to be stored though nobody has entered such a case."""

    id: UUID
    at: Instant
    boot: Annotated[str, Field(max_length=64, pattern=r"^[!-~]*$")] = ""
    case: Annotated[str, Field(min_length=1, max_length=64, pattern=NO_CONTROL)] | None = None
    sure: bool = False


class Beat(Body):
    """`at` missing: the sender has no clock of its own, and takes the server's from the answer."""

    at: Instant | None = None
    queue: Annotated[int, Field(ge=0, le=2**31)] = 0
    boot: Annotated[str, Field(max_length=64, pattern=r"^[!-~]*$")] = ""


class LinkShown(LateModel):
    """For which service a link is; no name of a person."""

    hall: str
    window: str | None
    item: str | None
    date: str | None
    expires: datetime


class Done(LateModel):
    """`now`: the server's clock."""

    now: datetime
    state: Literal["done"] = "done"


async def body_of(request: Request, model: type[M]) -> M:
    """The body as the model; 413 for a longer one. Raises Refused naming the field, never what was in it."""
    text = await read_body(request, MOST_BYTES)
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in fault["loc"]) or "body"
        raise refused("rating.body", sort="input", field=field, detail=f"{field}: {fault['msg']}") from None
