"""Templates of messages: what they are given, what they may not do, and that a bad one never loses an alert."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from alerts.composing import written
from alerts.policy import AlertPolicy, MessageTemplate
from alerts.rendering import Style, text, title
from alerts.templates import EXAMPLE, BadTemplate, check, context, fill

STYLE = Style(names={"window:w01": "1号窗口", "staff:s-001": "张三丰"})


def filled(source: str, style: Style = STYLE) -> str:
    return fill(source, context((EXAMPLE,), "firing", style, title="T", text="X"))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ title }}|{{ text }}|{{ count }}|{{ kind }}", "T|X|1|firing"),
        (
            "{% for c in cards %}{{ c.level_word }} {{ c.window }} {{ c.since }}{% endfor %}",
            "黄牌 1号窗口 2026-03-02 09:15",
        ),
        ("{{ cards[0].charged }}", "责任方：张三丰"),
        ("{% if cards[0].cleared_at %}over{% else %}on{% endif %}", "on"),
    ],
)
def test_what_a_template_is_given(source: str, said: str) -> None:
    assert filled(source) == said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "first"),
        ({"purpose": "repeat-2", "repeat": True}, "again"),
        ({"purpose": "step-1", "step": 30.0}, "up after 30"),
    ],
)
def test_a_template_can_tell_a_repeat_and_a_step_from_news(changes: dict[str, Any], said: str) -> None:
    which = "{% if c.repeat %}again{% elif c.step %}up after {{ c.step | int }}{% else %}first{% endif %}"
    source = "{% set c = cards[0] %}" + which
    assert fill(source, context((replace(EXAMPLE, **changes),), "firing", STYLE, title="T", text="X")) == said


@pytest.mark.parametrize(
    "source",
    [
        "{{ nothing }}",
        "{{ cards[0].nothing }}",
        "{{ cards[7].level }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ cards.append(1) }}",
        "{{ title.format.__globals__ }}",
        "{% for a in range(99999) %}{% for b in range(99) %}xxxxxxxxxxxx{% endfor %}{% endfor %}",
        "{{ 1 / 0 }}",
        "{% include 'x' %}",
        "{{ title | md5 }}",
        "{{ title",
        "{% import 'os' as os %}",
    ],
)
def test_what_a_template_may_not(source: str) -> None:
    with pytest.raises(BadTemplate):
        filled(source)
    assert check(MessageTemplate(text=source)) is not None


def test_a_template_that_fails_on_a_card_leaves_the_products_own_words() -> None:
    template = MessageTemplate(title="{{ title }}", text="{{ cards[0].nothing }}")
    assert written((EXAMPLE,), "firing", STYLE, template) == (
        title((EXAMPLE,), "firing", STYLE),
        text((EXAMPLE,), STYLE),
    )


def test_a_title_is_one_line() -> None:
    head, _ = written((EXAMPLE,), "firing", STYLE, MessageTemplate(title="a\n b\n", text="x"))
    assert head == "a b"


@pytest.mark.parametrize(
    ("names", "said"), [("full", "责任方：张三丰"), ("masked", "责任方：张**"), ("ids", "责任方：s-001")]
)
def test_who_may_see_no_names_sees_none(names: str, said: str) -> None:
    style = STYLE.masked(names)  # type: ignore[arg-type]
    told = text((replace(EXAMPLE),), style)
    assert said in told
    assert "1号窗口" in told, "a window's name is no personal data"


@pytest.mark.parametrize(
    ("alerts", "said"),
    [
        ({"receivers": {"a": {"url": "x://y", "template": "t"}}}, "template: 't' is not among alerts.templates"),
        ({"receivers": {"a": {"gateway": "g", "to": "1"}}}, "gateway: 'g' is not among alerts.gateways"),
        ({"receivers": {"a": {"gateway": "g"}}}, "gateway and to belong together"),
        ({"receivers": {"a": {"url": "x://y", "to": "1"}}}, "gateway and to belong together"),
        ({"receivers": {"a": {"url": "x://y", "gateway": "g", "to": "1"}}}, "exactly one of url, url_env"),
        ({"gateways": {"g": {"url": "http://x", "secret": "a", "secret_env": "B"}}}, "give one of secret"),
    ],
)  # fmt: skip
def test_a_policy_that_names_what_there_is_not(alerts: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError) as error:
        AlertPolicy.model_validate(alerts)
    assert said in str(error.value)
