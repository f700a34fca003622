"""Each channel against a receiver that answers, lies, refuses, throttles or hangs; nothing is patched."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime

import pytest

from alerts.channels.base import Channel, Message, bounded
from alerts.channels.factory import open_channel
from alerts.policy import Receiver
from alerts.retry import Outcome, Result
from tests.receivers import HANGS, REVOKED, Answer, http_receiver, says, smtp_receiver

MESSAGE = Message(
    title="【黄牌】差评 第 12 号", text="对象：评价 甲\n情况：<b>&“乙”", body={"card": 12, "text": "差评"}
)
ROBOTS = {
    "wecom": ("wecombot://abc", {"errcode": 0, "errmsg": "ok"}, "/cgi-bin/webhook/send?key=abc"),
    "dingtalk": ("dingtalk://abc", {"errcode": 0, "errmsg": "ok"}, "/robot/send?access_token=abc"),
    "feishu": ("feishu://abc", {"code": 0, "msg": "success", "StatusCode": 0}, "/open-apis/bot/v2/hook/abc"),
    "lark": ("lark://abc", {"code": 0, "msg": "success"}, "/open-apis/bot/v2/hook/abc"),
    "serverchan": ("schan://abc", {"code": 0, "message": ""}, "/abc.send"),
}


def channel(url: str, timeout_seconds: float = 5.0) -> Channel:
    return open_channel(
        Receiver.model_validate({"url": url}),
        key="alerts.receivers.a",
        timeout_seconds=timeout_seconds,
        environ={},
        real_now=lambda: datetime(2026, 3, 2, 1, 0, tzinfo=UTC),
    )


def robot(name: str, base: str, timeout_seconds: float = 5.0) -> Channel:
    return channel(f"{ROBOTS[name][0]}/?base={base}", timeout_seconds)


@pytest.mark.parametrize("name", ROBOTS)
def test_a_robot_that_takes_it(name: str) -> None:
    with http_receiver(says(ROBOTS[name][1])) as receiver:
        assert robot(name, receiver.base).send(MESSAGE).outcome is Outcome.SENT
    assert receiver.got[0].path.startswith(ROBOTS[name][2])
    assert repr(MESSAGE.text) in repr(receiver.bodies[0])


@pytest.mark.parametrize("name", ROBOTS)
def test_a_revoked_robot_answers_200_and_is_a_refusal_for_good(name: str) -> None:
    with http_receiver(says(REVOKED)) as receiver:
        result = robot(name, receiver.base).send(MESSAGE)
    assert (result.outcome, result.permanent) == (Outcome.REFUSED, True)
    assert "93000" in result.detail


THROTTLED = {"wecom": 45009, "dingtalk": 130101, "feishu": 11232, "lark": 11232}


@pytest.mark.parametrize("name", THROTTLED)
def test_a_throttled_robot_is_left_alone_for_a_minute(name: str) -> None:
    field = "errcode" if name in ("wecom", "dingtalk") else "code"
    with http_receiver(says({field: THROTTLED[name], "msg": "too often"})) as receiver:
        result = robot(name, receiver.base).send(MESSAGE)
    assert (result.outcome, result.permanent, result.retry_after_seconds) == (Outcome.REFUSED, False, 60.0)


@pytest.mark.parametrize("body", [b"<html>sign in first</html>", b"{}", b"[]", b""])
def test_a_200_without_a_result_code_is_no_success(body: bytes) -> None:
    with http_receiver(Answer(body=body)) as receiver:
        result = robot("wecom", receiver.base).send(MESSAGE)
    assert (result.outcome, result.permanent) == (Outcome.REFUSED, False)


def test_dingtalk_signs_with_its_secret() -> None:
    with http_receiver(says({"errcode": 0})) as receiver:
        channel(f"dingtalk://secret@abc/?base={receiver.base}").send(MESSAGE)
    assert "&timestamp=" in receiver.got[0].path
    assert "&sign=" in receiver.got[0].path
    assert "%25" not in receiver.got[0].path, "quoted twice"


@pytest.mark.parametrize("name", ROBOTS)
def test_the_limits_are_those_of_the_robots_in_bytes(name: str) -> None:
    assert robot(name, "http://127.0.0.1:9").limit() == {"wecom": 2048, "serverchan": 30_000}.get(name, 18_000)


ANSWERS = [
    ("it answers", says({"ok": True}), Outcome.SENT, False, None),
    ("it has nothing to say", Answer(status=204, body=b""), Outcome.SENT, False, None),
    ("it refuses", says({"error": "no"}, 403), Outcome.REFUSED, True, None),
    ("it is overloaded", says({}, 503, Retry_After="7"), Outcome.REFUSED, False, 7.0),
    ("it throttles", says({}, 429, Retry_After="Mon, 02 Mar 2026 01:00:30 GMT"), Outcome.REFUSED, False, 30.0),
    ("it moved", says({}, 302, Location="/elsewhere"), Outcome.REFUSED, True, None),
]


@pytest.mark.parametrize(
    ("answer", "outcome", "permanent", "wait"), [a[1:] for a in ANSWERS], ids=[a[0] for a in ANSWERS]
)
def test_a_webhook(answer: Answer, outcome: Outcome, permanent: bool, wait: float | None) -> None:
    with http_receiver(answer) as receiver:
        result = channel(receiver.url).send(MESSAGE)
    assert (result.outcome, result.permanent, result.retry_after_seconds) == (outcome, permanent, wait)
    assert receiver.bodies == [{"card": 12, "text": "差评"}]
    assert receiver.got[0].headers["Content-Type"] == "application/json"


def test_nobody_listens() -> None:
    for url in ("http://127.0.0.1:9/x", "wecombot://abc/?base=http://127.0.0.1:9"):
        result = channel(url).send(MESSAGE)
        assert (result.outcome, result.permanent) == (Outcome.REFUSED, False)
        assert "abc" not in result.detail, "the record of tries must not hold the robot's key"


@pytest.mark.parametrize("kind", ["webhook", "wecom", "apprise"])
def test_a_receiver_that_hangs_is_a_time_out(kind: str) -> None:
    with http_receiver(HANGS) as receiver:
        if kind == "wecom":
            opened = robot("wecom", receiver.base, 0.5)
        else:
            opened = channel(receiver.url if kind == "webhook" else receiver.url.replace("http:", "json:"), 0.5)
        began = time.monotonic()
        result = bounded(lambda: opened.send(MESSAGE), 0.5)
        assert time.monotonic() - began < 3
    assert (result.outcome, result.permanent) == (Outcome.TIMEOUT, False)


def test_a_try_that_breaks_is_a_refusal_that_may_be_tried_again() -> None:
    def breaks() -> Result:
        raise RuntimeError("boom")

    assert bounded(breaks, 5) == Result(outcome=Outcome.REFUSED, detail="RuntimeError: boom")


def test_a_mail_arrives_and_its_chinese_subject_decodes() -> None:
    with smtp_receiver() as receiver:
        opened = channel(receiver.url("zhang@hall.example"))
        assert opened.title_apart()
        assert opened.send(MESSAGE).outcome is Outcome.SENT
    (mail,) = receiver.mails
    assert mail.recipients == ("zhang@hall.example",)
    assert mail.subject == MESSAGE.title
    assert mail.text.replace("\r\n", "\n").strip() == MESSAGE.text


MAIL_ANSWERS = [
    ("a recipient that is not there is refused for good", "550 no such user <gone@hall.example>", True),
    ("a full server may take it later", "452 insufficient storage", False),
    ("a greylisting server may take it later", "451 try again for gone@hall.example", False),
]


@pytest.mark.parametrize(("answer", "permanent"), [a[1:] for a in MAIL_ANSWERS], ids=[a[0] for a in MAIL_ANSWERS])
def test_a_refused_recipient(answer: str, permanent: bool) -> None:
    with smtp_receiver(refuse={"gone@hall.example": answer}) as receiver:
        result = channel(receiver.url("gone@hall.example")).send(MESSAGE)
    assert (result.outcome, result.permanent) == (Outcome.REFUSED, permanent)
    assert receiver.mails == []
    assert result.detail.startswith(answer[:3])
    assert "gone@" not in result.detail, "the record of tries holds no contact"


def test_a_mail_server_that_is_not_there_or_hangs() -> None:
    gone = channel("mailto://127.0.0.1:9/?from=a@hall.example&to=b@hall.example&mode=insecure").send(MESSAGE)
    assert (gone.outcome, gone.permanent) == (Outcome.REFUSED, False)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = f"mailto://127.0.0.1:{port}/?from=a@hall.example&to=b@hall.example&mode=insecure"
        assert channel(url, 0.3).send(MESSAGE).outcome is Outcome.TIMEOUT


def test_a_server_without_the_encryption_that_is_asked_for() -> None:
    with smtp_receiver() as receiver:
        url = receiver.url("b@hall.example").replace("mode=insecure", "mode=starttls")
        result = channel(url).send(MESSAGE)
    assert (result.outcome, result.permanent) == (Outcome.REFUSED, False)
    assert receiver.mails == []


def test_any_other_service_of_apprise() -> None:
    with http_receiver(says({})) as receiver:
        url = receiver.url.replace("http:", "json:")
        assert channel(url).send(MESSAGE).outcome is Outcome.SENT
        receiver.answers = says({}, 500)
        failed = channel(url).send(MESSAGE)
    assert (failed.outcome, failed.permanent) == (Outcome.REFUSED, False)
    assert "500" in failed.detail
    assert receiver.bodies[0]["title"] == MESSAGE.title
