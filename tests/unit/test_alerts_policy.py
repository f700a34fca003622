"""`[alerts]`: what is accepted, and that an error names the key."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from alerts.channels.base import Unusable
from alerts.channels.factory import check, open_channel
from alerts.policy import AlertPolicy, Receiver

EXAMPLE = """
language = "zh"
link = "https://jiancha.example.gov.cn/"
fallback = "duty"
digest_at = "17:00:00"

[receivers.office]
url_env = "OFFICE_ROBOT"
per_minute = 20

[receivers.duty]
url = "mailto://smtp.example.gov.cn/?to=duty@example.gov.cn"
lang = "en"

[[routes]]
level = "yellow"
receivers = ["office"]
group = ["hall"]
continue = true

[[routes.routes]]
rule = "post.*"
level = "red"
receivers = "duty"

[[routes]]
receivers = ["duty"]
group_wait_seconds = 300
"""


def test_an_example_is_read_and_keeps_its_tree() -> None:
    policy = AlertPolicy.model_validate(tomllib.loads(EXAMPLE))
    assert policy.link == "https://jiancha.example.gov.cn"
    assert policy.routes[0].proceed
    assert policy.routes[0].routes[0].receivers == ("duty",)
    assert policy.routes[0].routes[0].rule == ("post.*",)
    assert (policy.lang_of("office"), policy.lang_of("duty")) == ("zh", "en")


def test_without_settings_the_defaults_hold() -> None:
    policy = AlertPolicy()
    assert (policy.language, policy.max_age, policy.fallback, policy.receivers) == ("zh", 2, None, {})


R = {"a": {"url": "https://x.example"}}
WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("an unknown key", {"langauge": "zh"}, "langauge", "not permitted"),
    ("a language there is no text in", {"language": "fr"}, "language", "'zh' or 'en'"),
    ("a zone that is none", {"zone": "Peking"}, "zone", "'Peking' is no time zone"),
    ("a link without scheme", {"link": "jiancha.local"}, "link", "http://"),
    ("a receiver without URL", {"receivers": {"a": {}}}, "receivers.a", "exactly one of url"),
    (
        "a receiver with two URLs",
        {"receivers": {"a": {"url": "https://x", "url_env": "X"}}},
        "receivers.a",
        "found url and url_env",
    ),
    ("no messages a minute", {"receivers": {"a": {"url": "https://x", "per_minute": 0}}}, "receivers.a.per_minute", ""),
    (
        "an office that is none",
        {"receivers": R, "routes": [{"receivers": ["@chief"]}]},
        "",
        "'@chief' is none of @lead",
    ),
    ("a role that is none", {"receivers": {"a": {"url": "https://x", "role": "chief"}}}, "receivers.a.role", "'chief'"),
    ("hours that are none", {"receivers": R, "routes": [{"hours": "night"}]}, "routes.0.hours", "'work' or 'off'"),
    ("half a quiet time", {"quiet": {"from": "18:00"}}, "quiet", "both from and to"),
    ("a step to nobody", {"escalation": [{"after_minutes": 5, "receivers": []}]}, "escalation.0.receivers", ""),
    (
        "a step to a receiver that is none",
        {"escalation": [{"after_minutes": 5, "receivers": ["b"]}]},
        "",
        "escalation[0].receivers: 'b'",
    ),
    (
        "a level of an inhibition",
        {"inhibit": [{"source": {"levels": "pink"}, "target": {}}]},
        "inhibit.0.source.levels",
        "'pink'",
    ),
    (
        "maintenance without reason",
        {"maintenance": [{"author": "li", "match": {}, "from": "01:00", "to": "02:00"}]},
        "maintenance.0.reason",
        "",
    ),
    ("an unknown key in a part", {"storm": {"card": 3}}, "storm.card", "not permitted"),
    ("a round to nobody known", {"patrol": {"at": "17:00", "receivers": ["x"]}}, "", "patrol.receivers: 'x'"),
    ("a chain to nobody known", {"chain": ["@lead", "x"]}, "", "chain: 'x'"),
    ("a level that is none", {"receivers": R, "routes": [{"level": "orange"}]}, "routes.0.level", "'orange'"),
    (
        "a route to a receiver that is none",
        {"receivers": R, "routes": [{"receivers": ["a"], "routes": [{"receivers": ["b"]}]}]},
        "",
        "routes[0].routes[0].receivers: 'b' is not among alerts.receivers (a)",
    ),
    ("a fallback that is none", {"receivers": R, "fallback": "z"}, "", "fallback: 'z'"),
    ("a cap below the base", {"retry": {"base_seconds": 9, "cap_seconds": 3}}, "retry", "cap_seconds (3)"),
    ("jitter of everything", {"retry": {"jitter": 1}}, "retry.jitter", ""),
]


@pytest.mark.parametrize(("given", "key", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_mistake_is_refused_by_its_key(given: dict[str, Any], key: str, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        AlertPolicy.model_validate(given)
    errors = caught.value.errors()
    assert key in [".".join(map(str, error["loc"])) for error in errors]
    assert says in str(caught.value)


def test_a_secret_url_is_never_shown() -> None:
    policy = AlertPolicy.model_validate({"receivers": {"a": {"url": "wecombot://very-secret"}}})
    assert "very-secret" not in repr(policy)
    assert "very-secret" not in policy.model_dump_json()


def now() -> datetime:
    return datetime(2026, 3, 2, tzinfo=UTC)


def channel(receiver: dict[str, Any], environ: dict[str, str] | None = None) -> Any:
    return open_channel(
        Receiver.model_validate(receiver),
        key="alerts.receivers.a",
        timeout_seconds=1,
        environ=environ or {},
        real_now=now,
    )


KINDS = [
    ("https://hook.example/x", "webhook", False, None),
    ("HTTP://hook.example/x", "webhook", False, None),
    ("wecombot://key", "wecom", True, 20),
    ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abc", "wecom", True, 20),
    ("https://oapi.dingtalk.com/robot/send?access_token=abc", "dingtalk", True, 20),
    ("https://open.feishu.cn/open-apis/bot/v2/hook/abc", "feishu", True, 20),
    ("lark://abc", "lark", True, 20),
    ("schan://abc", "serverchan", True, 20),
    ("mailto://smtp.example/?to=a@example.cn", "mail", True, None),
    ("ntfy://topic", "ntfy", True, None),
]


@pytest.mark.parametrize(("url", "name", "grouped", "per_minute"), KINDS)
def test_the_url_says_which_channel(url: str, name: str, grouped: bool, per_minute: int | None) -> None:
    opened = channel({"url": url})
    assert (opened.name, opened.grouped, opened.default_per_minute) == (name, grouped, per_minute)


def test_the_url_may_lie_in_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("https://hook.example/x\n")
    assert channel({"url_env": "HOOK"}, {"HOOK": "feishu://abc"}).name == "feishu"
    assert channel({"url_file": str(tmp_path / "url")}).name == "webhook"


def test_a_secret_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"alerts\.receivers\.a\.url_env: .*HOOK is not set"):
        channel({"url_env": "HOOK"})
    with pytest.raises(Unusable, match=r"alerts\.receivers\.a\.url_file: .*No such file"):
        channel({"url_file": str(tmp_path / "none")})


def test_the_check_names_what_apprise_does_not_take_and_urls_with_two_recipients() -> None:
    policy = AlertPolicy.model_validate(
        {
            "receivers": {
                "good": {"url": "mailto://smtp.example/?from=j@example.cn&to=a@example.cn"},
                "two": {"url": "mailto://smtp.example/?from=j@example.cn&to=a@example.cn,b@example.cn"},
                "none": {"url": "nonsense://secret-token"},
                "hook": {"url": "ftp://x", "type": "webhook"},
            }
        }
    )
    found = check(policy, environ={}, real_now=now)
    assert [line.split(":")[0] for line in found] == [f"alerts.receivers.{n}" for n in ("two", "none", "hook")]
    assert "secret-token" not in " ".join(found)
