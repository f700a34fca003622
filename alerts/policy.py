"""The types of the `[alerts]` section: who is told, in which language, how fast and for how long; pure.

`monitor.settings` loads them (the one named exception of the import order, DESIGN §2). A wrong key is refused with its
path (`alerts.routes[1].receivers`), a secret URL is never printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, time, timedelta
from ipaddress import ip_network
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from alerts.matching import LEVEL_WORDS, EqualField, Ids, Match, Section, known_levels

Lang = Literal["zh", "en"]
Names = Literal["full", "masked", "ids"]
Hours = Literal["work", "off"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
GroupField = Literal["hall", "unit", "window", "rule", "level", "kind"]
PERSON: Final = re.compile(r"(?:lead|head|duty:\S+)")
"""Who is meant by `@…`: the window's lead, the unit's head, who is on the duty rota in a role."""


def _times(value: Any) -> Any:
    """One time stands for a list of one."""
    return (value,) if isinstance(value, str | time) else value


Times = Annotated[tuple[time, ...], BeforeValidator(_times)]


class MessageTemplate(Section):
    """`[alerts.templates.ID]`: the words of a message (Jinja2, sandboxed); `jiancha alerts preview` shows them."""

    title: str = Field(default="{{ title }}", description="One line; the subject of a mail.")
    text: str = Field(
        default="{{ text }}", description="The body; `cards` holds what is told, `text` what is written without one."
    )


class Gateway(Section):
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


class Receiver(Section):
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
    staff: str | None = Field(
        default=None, description="Id of the person who reads it: `@lead`, `@head`, `@duty:ROLE` lead here."
    )
    role: str | None = Field(
        default=None,
        description="`lead`, `head` or `duty:ROLE`: shared by all of them who have no receiver of their own.",
    )

    @field_validator("role")
    @classmethod
    def _known_role(cls, value: str | None) -> str | None:
        if value is not None and not PERSON.fullmatch(value):
            raise ValueError(f"{value!r} is none of lead, head, duty:ROLE")
        return value

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        _exactly_one(self, "url", "url_env", "url_file", "gateway")
        if bool(self.gateway) != bool(self.to):
            raise ValueError("gateway and to belong together: give both or neither")
        return self


def _exactly_one(section: Section, *keys: str) -> None:
    given = [key for key in keys if getattr(section, key)]
    if len(given) != 1:
        found = "none" if not given else " and ".join(given)
        raise ValueError(f"give exactly one of {', '.join(keys)}; found {found}")


class Route(Section):
    """A node of the routing tree; an empty match list fits anything. The deepest fitting node decides.

    Siblings are tried in order; the first that fits ends the search unless it says `continue = true`.
    """

    hall: Ids = ()
    unit: Ids = ()
    window: Ids = ()
    rule: Ids = Field(default=(), description="Rule ids; `case.*` means all that begin with `case.`.")
    kind: Ids = Field(default=(), description="Subject kinds: case, slot, post, rating, device …")
    level: str = Field(default="reminder", description="This level and above: reminder, yellow, red.")
    hours: Hours | None = Field(
        default=None, description="`work`: while the card's hall works; `off`: else; none: always."
    )
    receivers: Ids = Field(
        default=(),
        description="Receiver ids, or `@lead`, `@head`, `@duty:ROLE` for the person who is that; empty: those of the "
        "route above.",
    )
    group: tuple[GroupField, ...] | None = Field(
        default=None,
        description="Cards that are equal in these share a message; [] = all of a recipient. Webhooks never group.",
    )
    group_wait_seconds: float | None = Field(
        default=None, ge=0, description="Real seconds a message collects cards before it leaves."
    )
    group_interval_seconds: float | None = Field(
        default=None, ge=0, description="Real seconds between two messages of a group."
    )
    repeat_minutes: float | None = Field(
        default=None, ge=0, description="Working minutes after which an unacknowledged card is told again; 0: never."
    )
    for_minutes: float | None = Field(
        default=None, ge=0, description="Minutes that a condition has to last before it is told."
    )
    clear_minutes: float | None = Field(
        default=None, ge=0, description="Minutes that it has to stay cleared before its end is told."
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


class RetryPolicy(Section):
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


class Escalation(Section):
    """`[[alerts.escalation]]`: a step up the hierarchy when nobody acknowledges a card in time."""

    after_minutes: float = Field(gt=0, description="Working minutes of the card's hall since its level was reached.")
    receivers: Ids = Field(min_length=1, description="As in routes: who is told then.")
    levels: Ids = Field(default=("yellow", "red"), description="Levels of the cards that go up.")
    rules: Ids = Field(default=(), description="Rules of the cards that go up; `case.*`; empty: all.")
    hall: Ids = ()

    @field_validator("levels")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return known_levels(value)


class Inhibit(Section):
    """`[[alerts.inhibit]]`: while a card fits `source` and stands, what fits `target` is not told."""

    name: str = Field(default="", description="How it is named where something is hidden.")
    source: Match
    target: Match
    equal: tuple[EqualField, ...] = Field(default=(), description="In what the two have to agree.")


class Quiet(Section):
    """`[alerts.quiet]`: hours in which nobody is called, in the zone of the card's hall."""

    start: time | None = Field(default=None, alias="from", description="Local time at which quiet begins; none: never.")
    end: time | None = Field(
        default=None, alias="to", description="Local time at which it ends; what was held leaves at the next opening."
    )
    red_exempt: bool = Field(default=True, description="Red cards are told at once all the same.")

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise ValueError("give both from and to, or neither")
        return self


class Maintenance(Section):
    """`[[alerts.maintenance]]`: a window that comes again, in which what fits is not told."""

    reason: str = Field(min_length=1, description="Why; shown with what it hides.")
    author: str = Field(min_length=1, description="Who set it up.")
    match: Match = Field(description="What is meant, as in a silence.")
    days: tuple[Weekday, ...] = Field(default=(), description="mon … sun; empty: every day.")
    start: time = Field(alias="from", description="Local time (alerts.zone) at which it begins.")
    end: time = Field(alias="to", description="Local time at which it ends; not later than `from`: on the next day.")
    until: date | None = Field(default=None, description="Last day on which it begins.")


class Storm(Section):
    """`[alerts.storm]`: many cards at once become one message."""

    cards: int = Field(
        default=20, ge=0, description="More firing cards than these for one receiver are a storm; 0: never."
    )
    minutes: float = Field(
        default=5, gt=0, description="In so many real minutes; also between two messages of a storm, and its calm end."
    )
    wait_seconds: float = Field(default=10, ge=0, description="Real seconds its first message collects cards.")


class Patrol(Section):
    """`[alerts.patrol]`: the daily round (日巡查, H02): what stands, once a day."""

    at: time | None = Field(default=None, description="Local time (alerts.zone); none: no round.")
    receivers: Ids = Field(default=(), description="Receiver ids.")


class DeadMan(Section):
    """`[alerts.deadman]`: a sign of life that goes out while the daemon judges; its absence is the alarm elsewhere."""

    url: SecretStr | None = Field(default=None, description="Asked by HTTP GET while the daemon judges; expects 2xx.")
    topic: str = Field(default="", description="MQTT topic, under the daemon's own account; empty: none.")
    every_seconds: float = Field(default=60, ge=1, description="Real seconds between two signs.")


DEFAULT_INHIBIT: Final = (
    Inhibit(
        name="red-hides-yellow",
        source=Match(levels=("red",)),
        target=Match(levels=("reminder", "yellow")),
        equal=("subject", "hall", "window"),
    ),
    Inhibit(
        name="silent-hall",
        source=Match(rule=("device.silent",), levels=("yellow", "red"), window=("",)),
        target=Match(rule=("post.*", "checkin.*")),
        equal=("hall",),
    ),
    Inhibit(
        name="silent-window",
        source=Match(rule=("device.silent",), levels=("yellow", "red")),
        target=Match(rule=("post.*",)),
        equal=("hall", "window"),
    ),
)
"""A red hides the yellow of the same subject; a silent device hides the people whom it would have seen (DESIGN §6)."""


class AlertPolicy(Section):
    """`[alerts]`."""

    language: Lang = Field(default="zh", description="Language of the texts where a receiver names none.")
    zone: str = Field(default="Asia/Shanghai", description="Zone of the digest, and of cards that belong to no hall.")
    link: str = Field(
        default="", description="Address of the console; messages link to LINK/cards/NUMBER. Empty: no link."
    )
    max_age: int = Field(
        default=2, ge=1, description="Working days after which a condition is told in the digest only (DESIGN §6)."
    )
    digest_at: Times = Field(
        default=(time(8, 30), time(12, 0), time(17, 30)),
        min_length=1,
        description="Local times of the digest, one or a list (morning, noon, close), on the program's clock.",
    )
    group_interval_seconds: float = Field(
        default=0, ge=0, description="Default of routes.group_interval_seconds; real seconds."
    )
    repeat_minutes: float = Field(
        default=240,
        ge=0,
        description="Default of routes.repeat_minutes: working minutes; reminders are never repeated.",
    )
    for_minutes: float = Field(default=0, ge=0, description="Default of routes.for_minutes.")
    clear_minutes: float = Field(default=0, ge=0, description="Default of routes.clear_minutes.")
    chain: Ids = Field(
        default=("@lead", "@head"),
        description="The hierarchy, lowest first: who is on leave or has no receiver is stood in for by the next.",
    )
    group_wait_seconds: float = Field(
        default=10, ge=0, description="Default of routes.group_wait_seconds; real seconds."
    )
    silence_hours: float = Field(default=168, gt=0, description="How long a silence may last at most.")
    timeout_seconds: float = Field(default=10, gt=0, le=300, description="One try of one message, in real seconds.")
    senders: int = Field(default=4, ge=1, le=32, description="Messages sent at once, each to another receiver.")
    fallback: str | None = Field(
        default=None, description="Receiver that gets what another receiver could not be given."
    )
    allow_addresses: tuple[str, ...] = Field(
        default=(),
        description="Networks such as 169.254.10.0/24 that messages may go to although they are link-local, or this "
        "machine by another name. Private addresses need no entry.",
    )
    retry: RetryPolicy = RetryPolicy()
    quiet: Quiet = Quiet()
    storm: Storm = Storm()
    patrol: Patrol = Patrol()
    deadman: DeadMan = DeadMan()
    escalation: tuple[Escalation, ...] = ()
    inhibit: tuple[Inhibit, ...] = DEFAULT_INHIBIT
    maintenance: tuple[Maintenance, ...] = ()
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

    @field_validator("allow_addresses")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                ip_network(text, strict=False)
            except ValueError:
                raise ValueError(f"{text!r} is no network; write one such as 169.254.10.0/24") from None
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
        named = [(path, route.receivers) for path, route in walk(self.routes)]
        named += [(f"escalation[{n}]", step.receivers) for n, step in enumerate(self.escalation)]
        named += [("patrol", tuple(n for n in self.patrol.receivers))]
        for path, names in [*((f"{path}.receivers", names) for path, names in named), ("chain", self.chain)]:
            for name in names:
                if name.startswith("@") and not path.startswith("patrol"):
                    if not PERSON.fullmatch(name[1:]):
                        raise ValueError(f"{path}: {name!r} is none of @lead, @head, @duty:ROLE")
                elif name not in self.receivers:
                    raise ValueError(f"{path}: {name!r} is not among alerts.receivers ({known})")
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
