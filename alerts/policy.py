"""The types of the `[alerts]` section: who is told, in which language, how fast and for how long; pure.

`monitor.settings` loads them (the one named exception of the import order, DESIGN §2). A wrong key is refused with its
path (`alerts.routes[1].receivers`), a secret URL is never printed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time, timedelta
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

from monitor.model import Level

Lang = Literal["zh", "en"]
GroupField = Literal["hall", "unit", "window", "rule", "level", "kind"]
LEVEL_WORDS: Final = tuple(level.word for level in Level)


def _as_tuple(value: Any) -> Any:
    """One text stands for a list of one: `hall = "h1"` means `hall = ["h1"]`."""
    return (value,) if isinstance(value, str) else value


Ids = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Receiver(_Section):
    """`[alerts.receivers.ID]`: one address. Two people are two receivers, so that each has its own retries."""

    url: SecretStr | None = Field(
        default=None,
        description="http(s):// posts the webhook body; any other scheme is an Apprise URL (wecombot://, dingtalk://, "
        "feishu://, lark://, mailto:// …).",
    )
    url_env: str | None = Field(default=None, description="Name of an environment variable that holds the URL.")
    url_file: str | None = Field(default=None, description="Path of a file that holds the URL.")
    type: Literal["webhook", "apprise"] | None = Field(
        default=None, description="Only needed to overrule the URL's scheme."
    )
    lang: Lang | None = Field(default=None, description="Language of the texts; default: alerts.language.")
    per_minute: int | None = Field(
        default=None, ge=1, description="Messages a minute at most; default: 20 for robots, no limit for others."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [key for key in ("url", "url_env", "url_file") if getattr(self, key)]
        if len(given) != 1:
            found = "none" if not given else " and ".join(given)
            raise ValueError(f"give exactly one of url, url_env, url_file; found {found}")
        return self


class Route(_Section):
    """A node of the routing tree; an empty match list fits anything. The deepest fitting node decides.

    Siblings are tried in order; the first that fits ends the search unless it says `continue = true`.
    """

    hall: Ids = ()
    unit: Ids = ()
    window: Ids = ()
    rule: Ids = Field(default=(), description="Rule ids; `case.*` means all that begin with `case.`.")
    kind: Ids = Field(default=(), description="Subject kinds: case, slot, post, rating, device …")
    level: str = Field(default="reminder", description="This level and above: reminder, yellow, red.")
    receivers: Ids = Field(default=(), description="Receiver ids; empty: those of the route above.")
    group: tuple[GroupField, ...] | None = Field(
        default=None,
        description="Cards that are equal in these share a message; [] = all of a recipient. Webhooks never group.",
    )
    group_wait_seconds: float | None = Field(
        default=None, ge=0, description="Real seconds a message collects cards before it leaves."
    )
    proceed: bool = Field(
        default=False, alias="continue", description="Go on to the next sibling although this one fits."
    )
    routes: tuple[Route, ...] = ()

    @field_validator("level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value not in LEVEL_WORDS:
            raise ValueError(f"{value!r} is none of {', '.join(LEVEL_WORDS)}")
        return value


class RetryPolicy(_Section):
    """`[alerts.retry]`: back-off in real time."""

    base_seconds: float = Field(default=5, gt=0, description="Wait after the first failed try; it doubles with each.")
    cap_seconds: float = Field(default=300, gt=0, description="Longest wait between two tries.")
    jitter: float = Field(default=0.5, ge=0, lt=1, description="A wait is drawn from [(1 - jitter) × wait, wait].")
    max_age_seconds: float = Field(
        default=86_400, gt=0, description="A message older than this is given up: it becomes a dead letter."
    )

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.cap_seconds < self.base_seconds:
            raise ValueError(f"cap_seconds ({self.cap_seconds:g}) lies below base_seconds ({self.base_seconds:g})")
        return self


class AlertPolicy(_Section):
    """`[alerts]`."""

    language: Lang = Field(default="zh", description="Language of the texts where a receiver names none.")
    zone: str = Field(default="Asia/Shanghai", description="Zone of the digest, and of cards that belong to no hall.")
    link: str = Field(
        default="", description="Address of the console; messages link to LINK/cards/NUMBER. Empty: no link."
    )
    max_age: int = Field(
        default=2, ge=1, description="Working days after which a condition is told in the digest only (DESIGN §6)."
    )
    digest_at: time = Field(default=time(17, 0), description="Local time of the daily digest, on the program's clock.")
    group_wait_seconds: float = Field(
        default=10, ge=0, description="Default of routes.group_wait_seconds; real seconds."
    )
    timeout_seconds: float = Field(default=10, gt=0, le=300, description="One try of one message, in real seconds.")
    senders: int = Field(default=4, ge=1, le=32, description="Messages sent at once, each to another receiver.")
    fallback: str | None = Field(
        default=None, description="Receiver that gets what another receiver could not be given."
    )
    retry: RetryPolicy = RetryPolicy()
    receivers: dict[str, Receiver] = Field(default_factory=dict)
    routes: tuple[Route, ...] = ()

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{value!r} is no time zone; write one such as Asia/Shanghai") from None
        return value

    @field_validator("link")
    @classmethod
    def _is_link(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError(f"{value!r} must begin with http:// or https://")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        known = ", ".join(sorted(self.receivers)) or "none"
        for path, route in walk(self.routes):
            for name in route.receivers:
                if name not in self.receivers:
                    raise ValueError(f"{path}.receivers: {name!r} is not among alerts.receivers ({known})")
        if self.fallback is not None and self.fallback not in self.receivers:
            raise ValueError(f"fallback: {self.fallback!r} is not among alerts.receivers ({known})")
        return self

    def lang_of(self, receiver: str) -> Lang:
        """The language of a receiver's texts."""
        found = self.receivers.get(receiver)
        return (found.lang if found else None) or self.language

    @property
    def retry_max_age(self) -> timedelta:
        return timedelta(seconds=self.retry.max_age_seconds)


def walk(routes: tuple[Route, ...], path: str = "routes") -> Iterator[tuple[str, Route]]:
    """Every route of the tree with its path, such as `routes[0].routes[2]`, parents first."""
    for index, route in enumerate(routes):
        here = f"{path}[{index}]"
        yield here, route
        yield from walk(route.routes, f"{here}.routes")
