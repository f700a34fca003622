"""WeCom applications, signed hooks, mentions, SMS gateways, MQTT and TLS: each against a receiver that behaves as the
real one does when it takes a message, refuses it, throttles, lies, hangs or shows a wrong certificate.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from alerts.channels.base import Channel, Message, Unusable, bounded
from alerts.channels.factory import open_channel
from alerts.channels.robots import hook_signature
from alerts.policy import AlertPolicy
from alerts.retry import Outcome, Result
from monitor.clock import Clock
from monitor.mqtt import Client, Options
from tests.conftest import Eventually
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto
from tests.receivers import HANGS, Answer, Got, http_receiver, says, smtp_receiver

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
MESSAGE = Message(title="【黄牌】差评 第 12 号", text="窗口：甲", body={"card": 12, "text": "差评"})


def channel(url: str = "", timeout_seconds: float = 5.0, **alerts: Any) -> Channel:
    """The channel of the receiver `a`: by URL, or as `alerts` says."""
    policy = AlertPolicy.model_validate({"receivers": {"a": {"url": url}}} | alerts)
    return open_channel(
        policy.receivers["a"], key="alerts.receivers.a", timeout_seconds=timeout_seconds, environ={"SMS_KEY": "k1"},
        real_now=lambda: NOW, gateways=policy.gateways,
    )  # fmt: skip


def verdict(result: Result) -> tuple[Outcome, bool]:
    return result.outcome, result.permanent


# --------------------------------------------------------------------------- an application of WeCom


class WeCom:
    """The two addresses of WeCom that an application needs."""

    def __init__(self, *sends: Answer, token: Answer | None = None) -> None:
        self.sends, self.tokens = list(sends), 0
        self.token = token

    def __call__(self, got: Got) -> Answer:
        if got.path.startswith("/cgi-bin/gettoken"):
            self.tokens += 1
            return self.token or says({"errcode": 0, "access_token": f"t{self.tokens}", "expires_in": 7200})
        return self.sends.pop(0) if self.sends else says({"errcode": 0, "errmsg": "ok"})


def application(base: str, timeout_seconds: float = 5.0) -> Channel:
    return channel(f"wecomapp://wwCORP/1000002/?secret=S1&to=zhangsan&base={base}", timeout_seconds)


def test_an_application_asks_for_a_token_once_and_names_its_recipient() -> None:
    server = WeCom()
    with http_receiver(server) as receiver:
        opened = application(receiver.base)
        assert [opened.send(MESSAGE).outcome for _ in range(3)] == [Outcome.SENT] * 3
    assert server.tokens == 1
    assert receiver.got[0].path == "/cgi-bin/gettoken?corpid=wwCORP&corpsecret=S1"
    assert receiver.got[1].path == "/cgi-bin/message/send?access_token=t1"
    assert receiver.got[1].json == {
        "touser": "zhangsan", "toparty": "", "totag": "", "agentid": 1000002, "msgtype": "text",
        "text": {"content": "窗口：甲"},
    }  # fmt: skip
    assert opened.limit() == 2048


def test_a_token_that_ran_out_is_renewed_within_the_try() -> None:
    server = WeCom(says({"errcode": 42001, "errmsg": "access_token expired"}))
    with http_receiver(server) as receiver:
        assert application(receiver.base).send(MESSAGE).outcome is Outcome.SENT
    assert server.tokens == 2


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ({"errcode": 0, "invaliduser": "zhangsan"}, (Outcome.REFUSED, True, None)),
        ({"errcode": 81013, "errmsg": "user & party & tag all invalid"}, (Outcome.REFUSED, True, None)),
        ({"errcode": 45009, "errmsg": "api freq out of limit"}, (Outcome.REFUSED, False, 60.0)),
        ({"errcode": -1, "errmsg": "system busy"}, (Outcome.REFUSED, False, None)),
        ({}, (Outcome.REFUSED, False, None)),
    ],
    ids=["no such person", "nobody", "throttled", "busy", "no code"],
)
def test_what_an_application_answers(code: dict[str, Any], expected: tuple[Outcome, bool, float | None]) -> None:
    with http_receiver(WeCom(says(code))) as receiver:
        result = application(receiver.base).send(MESSAGE)
    assert (result.outcome, result.permanent, result.retry_after_seconds) == expected


def test_a_secret_that_was_taken_back_is_a_refusal_for_good() -> None:
    with http_receiver(WeCom(token=says({"errcode": 40001, "errmsg": "invalid credential"}))) as receiver:
        assert verdict(application(receiver.base).send(MESSAGE)) == (Outcome.REFUSED, True)


def test_an_application_that_hangs_is_a_time_out() -> None:
    with http_receiver(HANGS) as receiver:
        opened = application(receiver.base, 0.3)
        assert bounded(lambda: opened.send(MESSAGE), 0.5).outcome is Outcome.TIMEOUT


@pytest.mark.parametrize("url", ["wecomapp://c/1/?secret=s", "wecomapp://c/x/?secret=s&to=a", "wecomapp://c/1/?to=a"])
def test_an_application_without_all_it_needs_is_refused(url: str) -> None:
    with pytest.raises(Unusable, match="alerts.receivers.a: 应写作 write wecomapp://"):
        channel(url)


# --------------------------------------------------------------------------- hooks that sign, robots that mention


@pytest.mark.parametrize("schema", ["feishu", "lark"])
def test_a_hook_with_a_secret_is_signed(schema: str) -> None:
    def checks(got: Got) -> Answer:
        expected = hook_signature("s3cret", int(got.json["timestamp"]))
        right = got.json["sign"] == expected["sign"]
        return says({"code": 0} if right else {"code": 19021, "msg": "sign match fail"})

    with http_receiver(checks) as receiver:
        assert channel(f"{schema}://abc/?base={receiver.base}&secret=s3cret").send(MESSAGE).outcome is Outcome.SENT
        wrong = channel(f"{schema}://abc/?base={receiver.base}&secret=other").send(MESSAGE)
    assert verdict(wrong) == (Outcome.REFUSED, True)
    assert "19021" in wrong.detail


def test_the_signature_is_an_hmac_of_nothing_keyed_by_time_and_secret() -> None:
    mac = hmac.new(b"1599360473\ndemo", b"", hashlib.sha256).digest()
    assert hook_signature("demo", 1599360473) == {"timestamp": "1599360473", "sign": base64.b64encode(mac).decode()}


def test_robots_mention_whom_they_are_told_to() -> None:
    with http_receiver(says({"errcode": 0, "code": 0})) as receiver:
        for url in (
            "wecombot://k/?mention=zhangsan,@all",
            "dingtalk://k/13800000000/?mention=u1",
            "feishu://k/?mention=ou_1",
        ):
            channel(f"{url}&base={receiver.base}").send(MESSAGE)
    wecom, dingtalk, feishu = receiver.bodies
    assert wecom["text"]["mentioned_list"] == ["zhangsan", "@all"]
    assert dingtalk["at"] == {"atMobiles": ["13800000000"], "atUserIds": ["u1"], "isAtAll": False}
    assert feishu["content"]["text"] == '窗口：甲\n<at user_id="ou_1"></at>'


# --------------------------------------------------------------------------- short messages


def gateway(base: str, **how: Any) -> Channel:
    return channel(
        receivers={"a": {"gateway": "sms", "to": "13800000000"}},
        gateways={"sms": {"url": f"{base}/send", "secret_env": "SMS_KEY", **how}},
    )


def test_a_gateway_that_signs_and_nests_its_fields() -> None:
    fields = {
        "account": "hall",
        "sms.mobile": "{{ to }}",
        "sms.content": "{{ text }}",
        "at": "{{ now | stamp }}",
        "sign": "{{ ('hall' ~ secret ~ (now | stamp)) | md5 }}",
    }
    with http_receiver(says({"code": "00000", "msg": "ok"})) as receiver:
        opened = gateway(
            receiver.base, fields=fields, success="code == '00000'", headers={"X-Key": "{{ secret | b64 }}"}
        )
        assert opened.send(MESSAGE).outcome is Outcome.SENT
    (got,) = receiver.got
    assert got.json == {
        "account": "hall", "sms": {"mobile": "13800000000", "content": "窗口：甲"}, "at": "20260302010000",
        "sign": hashlib.md5(b"hallk120260302010000").hexdigest(),
    }  # fmt: skip
    assert got.headers["X-Key"] == "azE="


def test_a_gateway_in_gb18030_by_a_form_or_by_the_address() -> None:
    with http_receiver(Answer(body="<result>1</result>成功".encode("gb18030"))) as receiver:
        how = {"content": "form", "encoding": "gb18030", "success_text": r"<result>1</result>"}
        assert gateway(receiver.base, **how).send(MESSAGE).outcome is Outcome.SENT
        assert gateway(receiver.base, **{**how, "success_text": "<result>0<"}).send(MESSAGE).outcome is Outcome.REFUSED
    assert parse_qs(receiver.got[0].body.decode(), encoding="gb18030") == {"to": ["13800000000"], "text": ["窗口：甲"]}


@pytest.mark.parametrize(
    ("says_it", "answer", "expected"),
    [
        ("a 200 that refuses", says({"code": "1", "msg": "balance"}), (Outcome.REFUSED, False)),
        ("an unknown number", says({"code": "9", "msg": "bad number 13800000000"}), (Outcome.REFUSED, True)),
        ("no JSON", Answer(body=b"<html>"), (Outcome.REFUSED, False)),
        ("a 500", says({"code": "0"}, 500), (Outcome.REFUSED, False)),
        ("a 403", says({"code": "0"}, 403), (Outcome.REFUSED, True)),
        ("taken", says({"code": "0"}), (Outcome.SENT, False)),
    ],
)
def test_what_a_gateway_answers(says_it: str, answer: Answer, expected: tuple[Outcome, bool]) -> None:
    with http_receiver(answer) as receiver:
        result = gateway(receiver.base, success="code == '0'", permanent="code == '9'").send(MESSAGE)
    assert verdict(result) == expected, says_it
    assert "138" not in result.detail, "the record of tries holds no contact"


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"success": "code =="}, "alerts.gateways.sms.success"),
        ({"success_text": "("}, "alerts.gateways.sms.success_text"),
        ({"fields": {"to": "{{ to"}}, "alerts.gateways.sms.fields"),
        ({"secret_env": "NOT_SET"}, "alerts.gateways.sms.secret_env"),
        ({"fields": {"a": "x", "a.b": "y"}}, "alerts.gateways.sms.fields: 'a' 既是文本"),
    ],
)
def test_a_gateway_that_cannot_be_used_is_named(how: dict[str, Any], said: str) -> None:
    with pytest.raises(Unusable, match=said):
        gateway("http://127.0.0.1:9", **how)


# --------------------------------------------------------------------------- MQTT


def test_an_alert_on_a_topic(
    mosquitto: Callable[..., Mosquitto], eventually: Eventually, free_port: Callable[[], int]
) -> None:
    broker = mosquitto("ev-1")
    options = Options(client_id="listener", port=broker.port, username=DAEMON, password=PASSWORD)
    listener = Client(options, clock=Clock.of(None, 1.0), subscriptions=["jiancha/v1/+/alerts"])
    listener.start()
    eventually(lambda: listener.link.connected)
    at = f"mqtt://ev-1:{PASSWORD}@127.0.0.1:{broker.port}"
    opened = channel(f"{at}/jiancha/v1/ev-1/alerts")
    assert opened.send(MESSAGE).outcome is Outcome.SENT
    (delivery,) = eventually(lambda: listener.take(1, 5))
    assert json.loads(delivery.payload) == {"card": 12, "text": "差评"}
    denied = channel(f"{at}/jiancha/v1/ev-2/alerts?client=other")
    result = denied.send(MESSAGE)
    assert verdict(result) == (Outcome.REFUSED, True)
    assert PASSWORD not in result.detail
    broker.stop()
    away = channel(f"{at}/jiancha/v1/ev-1/alerts?client=third", 0.5).send(MESSAGE)
    assert verdict(away) == (Outcome.REFUSED, False)
    opened.close()
    denied.close()
    listener.stop()


@pytest.mark.parametrize(
    "url", ["mqtt://h", "mqtt://h/a/#", "mqtt://h:x/a", "mqtt://h/a?version=4", "mqtt://h/a?qos=0"]
)
def test_an_mqtt_url_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(Unusable, match="alerts.receivers.a"):
        channel(url)


# --------------------------------------------------------------------------- certificates, mail


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], str]) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that nobody vouches for, and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        [
            tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", "k.pem", "-out", "c.pem", "-days", "2", "-subj", "/CN=127.0.0.1",
            "-addext", "subjectAltName=IP:127.0.0.1",
        ],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder / "c.pem", folder / "k.pem"


@pytest.fixture
def tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


def test_a_certificate_that_nobody_vouches_for_is_not_told_anything(tls: ssl.SSLContext) -> None:
    with http_receiver(says({"errcode": 0}), tls=tls) as receiver:
        base = receiver.base
        for url in (f"{base}/alerts", f"wecombot://k/?base={base}", f"wecomapp://c/1/?secret=s&to=a&base={base}"):
            result = channel(url).send(MESSAGE)
            assert verdict(result) == (Outcome.REFUSED, False)
            assert "certificate" in result.detail.lower()
    assert receiver.got == []


def test_a_mail_by_starttls(tls: ssl.SSLContext, certificate: tuple[Path, Path]) -> None:
    with smtp_receiver(tls=tls) as receiver:
        url = receiver.url("b@hall.example").replace("mode=insecure", "mode=starttls")
        unknown = channel(url).send(MESSAGE)
        assert (verdict(unknown), receiver.mails) == ((Outcome.REFUSED, False), [])
        assert channel(f"{url}&verify=no").send(MESSAGE).outcome is Outcome.SENT
    assert [m.recipients for m in receiver.mails] == [("b@hall.example",)]
    assert receiver.encrypted == [True]


def test_one_rejected_recipient_among_good_ones() -> None:
    """Each has a receiver: the good one has its mail and the other its dead letter. In one URL they fail as one, and
    the good one does not have it twice.
    """
    with smtp_receiver(refuse={"gone@hall.example": "550 no such user"}) as receiver:
        assert channel(receiver.url("a@hall.example")).send(MESSAGE).outcome is Outcome.SENT
        both = channel(receiver.url("b@hall.example,gone@hall.example")).send(MESSAGE)
    assert verdict(both) == (Outcome.REFUSED, True)
    assert "1 of 2 recipients: 550" in both.detail
    assert [m.recipients for m in receiver.mails] == [("a@hall.example",), ("b@hall.example",)]
