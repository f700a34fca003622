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
Names = Literal["full", "masked", "ids"]
GroupField = Literal["hall", "unit", "window", "rule", "level", "kind"]
LEVEL_WORDS: Final = tuple(level.word for level in Level)


def _as_tuple(value: Any) -> Any:
    """One text stands for a list of one: `hall = "h1"` means `hall = ["h1"]`."""
    return (value,) if isinstance(value, str) else value


Ids = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MessageTemplate(_Section):
    """`[alerts.templates.ID]`: the words of a message (Jinja2, sandboxed); `jiancha alerts preview` shows them."""

    title: str = Field(default="{{ title }}", description="One line; the subject of a mail.")
    text: str = Field(
        default="{{ text }}", description="The body; `cards` holds what is told, `text` what is written without one."
    )


class Gateway(_Section):
    """`[alerts.gateways.ID]`: an HTTP service that sends short messages (短信) or the like, each in its own way."""

    url: SecretStr | None = Field(default=None, description="Address that is called; http:// or https://.")
    url_env: str | None = Field(default=None, description="Name of an environment variable that holds the address.")
    url_file: str | None = Field(default=None, description="Path of a file that holds the address.")
    secret: SecretStr | None = Field(default=None, description="What templates know as `secret`: a password or a key.")
    secret_env: str | None = Field(default=None, description="Name of an environment variable that holds it.")
    secret_file: str | None = Field(default=None, description="Path of a file that holds it.")
    method: Literal["POST", "GET"] = Field(default="POST", description="GET sends the fields in the address.")
    content: Literal["json", "form"] = Field(default="json", description="How the fields of a POST are written.")
    encoding: Literal["utf-8", "gb18030"] = Field(default="utf-8", description="Of a form's texts, and of the answer.")
    headers: dict[str, str] = Field(default_factory=dict, description="Headers by name; values are templates.")
    fields: dict[str, str] = Field(
        default_factory=lambda: {"to": "{{ to }}", "text": "{{ text }}"},
        description="Fields by name (`a.b` is nested in JSON); values are templates over to, title, text, secret, now, "
        "id, with the filters md5, sha256, hmac_sha256(key), b64.",
    )
    success: str = Field(
        default="", description="JMESPath over a JSON answer that holds when the message was taken; empty: HTTP 2xx."
    )
    success_text: str = Field(default="", description="For other answers: a pattern that one of success contains.")
    permanent: str = Field(
        default="", description="JMESPath over a JSON answer that holds when it never will be (an unknown number)."
    )
    limit: int | None = Field(default=None, ge=64, description="Most bytes (UTF-8) of one message; unset: no limit.")
    per_minute: int | None = Field(default=None, ge=1, description="Messages a minute and receiver at most.")

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        _exactly_one(self, "url", "url_env", "url_file")
        given = [key for key in ("secret", "secret_env", "secret_file") if getattr(self, key)]
        if len(given) > 1:
            raise ValueError(f"give one of secret, secret_env, secret_file; found {' and '.join(given)}")
        return self


class Receiver(_Section):
    """`[alerts.receivers.ID]`: one address. Two people are two receivers, so that each has its own retries."""

    url: SecretStr | None = Field(
        default=None,
        description="http(s):// posts the webhook body, mqtt(s):// publishes it; wecomapp:// is a WeCom application; "
        "any other scheme is an Apprise URL (wecombot://, dingtalk://, feishu://, lark://, mailto:// …).",
    )
    gateway: str | None = Field(default=None, description="Instead of a URL: a gateway of alerts.gateways.")
    to: SecretStr | None = Field(default=None, description="With a gateway: the number or account it sends to.")
    template: str | None = Field(default=None, description="A template of alerts.templates; unset: the product's text.")
    names: Names = Field(
        default="full", description="Names of staff in the texts: full, masked (张*) or ids, for whom it may concern."
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
        _exactly_one(self, "url", "url_env", "url_file", "gateway")
        if bool(self.gateway) != bool(self.to):
            raise ValueError("gateway and to belong together: give both or neither")
        return self


def _exactly_one(section: BaseModel, *keys: str) -> None:
    given = [key for key in keys if getattr(section, key)]
    if len(given) != 1:
        found = "none" if not given else " and ".join(given)
        raise ValueError(f"give exactly one of {', '.join(keys)}; found {found}")


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
    gateways: dict[str, Gateway] = Field(default_factory=dict)
    templates: dict[str, MessageTemplate] = Field(default_factory=dict)
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
        for name, receiver in self.receivers.items():
            for key, value, section in (
                ("gateway", receiver.gateway, self.gateways),
                ("template", receiver.template, self.templates),
            ):
                if value is not None and value not in section:
                    there = ", ".join(sorted(section)) or "none"
                    raise ValueError(f"receivers.{name}.{key}: {value!r} is not among alerts.{key}s ({there})")
        if self.fallback is not None and self.fallback not in self.receivers:
            raise ValueError(f"fallback: {self.fallback!r} is not among alerts.receivers ({known})")
        return self

    def lang_of(self, receiver: str) -> Lang:
        """The language of a receiver's texts."""
        found = self.receivers.get(receiver)
        return (found.lang if found else None) or self.language

    def template_of(self, receiver: str) -> MessageTemplate | None:
        """The template of a receiver's texts; None: the product's own words."""
        found = self.receivers.get(receiver)
        return self.templates.get(found.template) if found and found.template else None

    @property
    def retry_max_age(self) -> timedelta:
        return timedelta(seconds=self.retry.max_age_seconds)


def walk(routes: tuple[Route, ...], path: str = "routes") -> Iterator[tuple[str, Route]]:
    """Every route of the tree with its path, such as `routes[0].routes[2]`, parents first."""
    for index, route in enumerate(routes):
        here = f"{path}[{index}]"
        yield here, route
        yield from walk(route.routes, f"{here}.routes")
