"""Group robots (群机器人) whose answer is read: Apprise's own plugins call every HTTP 200 a success.

A revoked robot answers 200 with `{"errcode":93000}`. The checked classes are registered under schemas of their own
(`jcwecom` …), into which the factory turns the usual URLs. Each takes `?base=https://HOST` for a private installation
(政务微信 and the like); WeCom, DingTalk, Feishu and Lark take `?mention=ACCOUNT,…` or `?mention=@all`, Feishu and Lark
`?secret=…` to sign with.

Codes: developer.work.weixin.qq.com/document/path/90313 (WeCom), open.dingtalk.com and open.feishu.cn, pages on custom
robots. A code that is not known to pass by itself is final: the message then goes to the fallback at once, instead of
knocking for a day at a robot that is gone.
"""

# Apprise's classes are only partly typed:
# mypy: disable-error-code="no-untyped-call,misc,override,attr-defined"

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import httpx
from apprise.manager_plugins import NotificationManager
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.lark import NotifyLark
from apprise.plugins.serverchan import NotifyServerChan
from apprise.plugins.wecombot import NotifyWeComBot

from alerts.channels.outbound import Reach, client
from alerts.channels.webhook import post
from alerts.retry import Outcome, Result, refused

CODE_FIELDS: Final = ("errcode", "code", "StatusCode")
OWN_KEYS: Final = {"base": "base", "mention": "mention", "secret": "sign_with"}
"""Keys of a robot's URL that Apprise does not know, by the argument that they become."""
ALL: Final = "@all"
THROTTLED_SECONDS: Final = 60.0
"""A robot that says 'too often' counts by the minute."""

Request = tuple[str, dict[str, Any], dict[str, str]]
"""URL, JSON body, query."""


class Checked:
    """What the checked robots share; mixed in before Apprise's class, which parses the URL and signs."""

    home: str
    max_bytes: int
    busy: frozenset[int] = frozenset()
    """Codes that pass by themselves."""
    throttled: frozenset[int] = frozenset()
    reach: Reach = Reach()

    def __init__(self, base: str | None = None, mention: str = "", sign_with: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.base = (base or self.home).rstrip("/")
        self.mentioned = [name.strip() for name in mention.split(",") if name.strip()]
        self.sign_with = sign_with
        self.body_maxlen = self.max_bytes

    def request(self, title: str, text: str) -> Request:
        raise TypeError(f"{type(self).__name__} says no request")

    def deliver(self, title: str, text: str, real_now: Callable[[], datetime]) -> Result:
        """One try, judged by status and by the code in the body."""
        url, body, query = self.request(title, text)
        connect, read = self.request_timeout
        timeout = httpx.Timeout(read, connect=connect)
        with client(self.reach, timeout=timeout, verify=self.verify_certificate) as http:
            result, answer = post(http, url, body, real_now=real_now, params=query or None)
        if result.outcome is not Outcome.SENT or answer is None:
            return result
        return self.judge(answer) or result

    def judge(self, answer: httpx.Response) -> Result | None:
        """What the body says against the message; None: nothing."""
        try:
            said = answer.json()
        except ValueError:
            said = None
        codes = [said[field] for field in CODE_FIELDS if field in said] if isinstance(said, dict) else []
        if not codes:
            return refused(f"HTTP {answer.status_code} without a result code: {answer.text[:100]}")
        wrong = [code for code in codes if str(code) != "0"]
        if not wrong:
            return None
        detail = f"{wrong[0]} {said.get('errmsg') or said.get('msg') or said.get('message') or ''}".strip()
        if wrong[0] in self.throttled:
            return refused(detail, retry_after_seconds=THROTTLED_SECONDS)
        return refused(detail, permanent=wrong[0] not in self.busy)

    def send(self, body: str, title: str = "", **_: Any) -> bool:
        """Apprise's own entry, for whoever calls these classes through Apprise."""
        return self.deliver(title, body, lambda: datetime.fromtimestamp(0, UTC)).outcome is Outcome.SENT

    @classmethod
    def parse_url(cls, url: str) -> Any:
        results = super().parse_url(url)
        for name, key in OWN_KEYS.items():
            if results and results["qsd"].get(name):
                results[key] = results["qsd"][name]
        return results


class CheckedWeCom(Checked, NotifyWeComBot):
    secure_protocol = "jcwecom"
    home = "https://qyapi.weixin.qq.com"
    max_bytes = 2048
    busy = frozenset({-1})
    throttled = frozenset({45009, 45033})

    def request(self, title: str, text: str) -> Request:
        content: dict[str, Any] = {"content": text}
        if self.mentioned:
            content["mentioned_list"] = self.mentioned
        return f"{self.base}/cgi-bin/webhook/send", {"msgtype": "text", "text": content}, {"key": self.key}


class CheckedDingTalk(Checked, NotifyDingTalk):
    secure_protocol = "jcdingtalk"
    home = "https://oapi.dingtalk.com"
    max_bytes = 18_000
    busy = frozenset({-1})
    throttled = frozenset({130101, 410100, 660026})

    title_maxlen = 0

    def request(self, title: str, text: str) -> Request:
        everyone = ALL in self.mentioned
        at = {
            "atMobiles": self.targets,
            "atUserIds": [name for name in self.mentioned if name != ALL],
            "isAtAll": everyone,
        }
        body = {"msgtype": "text", "text": {"content": text}, "at": at}
        query = {"access_token": self.token}
        if self.secret:
            # Apprise quotes the signature for a URL; the client quotes it again, so it is taken back first
            timestamp, signature = self.get_signature()
            query |= {"timestamp": timestamp, "sign": self.unquote(signature)}
        return f"{self.base}/robot/send", body, query


class _Hook(Checked):
    """What Feishu and Lark have in common."""

    max_bytes = 18_000
    throttled = frozenset({11232, 11233, 99991400})
    token: str

    def request(self, title: str, text: str) -> Request:
        tags = [f'<at user_id="{"all" if name == ALL else name}"></at>' for name in self.mentioned]
        body: dict[str, Any] = {"msg_type": "text", "content": {"text": "\n".join([text, *tags])}}
        if self.sign_with:
            body |= hook_signature(self.sign_with, int(time.time()))
        return f"{self.base}/open-apis/bot/v2/hook/{self.token}", body, {}


def hook_signature(secret: str, at: int) -> dict[str, str]:
    """Time (seconds of the epoch) and signature of a hook that wants one: an HMAC of nothing, keyed by both."""
    mac = hmac.new(f"{at}\n{secret}".encode(), b"", hashlib.sha256)
    return {"timestamp": str(at), "sign": base64.b64encode(mac.digest()).decode()}


class CheckedFeishu(_Hook, NotifyFeishu):
    secure_protocol = "jcfeishu"
    home = "https://open.feishu.cn"


class CheckedLark(_Hook, NotifyLark):
    secure_protocol = "jclark"
    home = "https://open.larksuite.com"
    title_maxlen = 0


class CheckedServerChan(Checked, NotifyServerChan):
    secure_protocol = "jcschan"
    home = "https://sctapi.ftqq.com"
    max_bytes = 30_000
    busy = frozenset({-1})

    def request(self, title: str, text: str) -> Request:
        return f"{self.base}/{self.token}.send", {"title": title, "desp": text}, {}

    @classmethod
    def parse_url(cls, url: str) -> Any:
        results = super().parse_url(url)
        if results:
            results["token"] = cls.unquote(results["host"])  # Apprise reads it by a pattern of its own schema
        return results


CHECKED: Final = (CheckedWeCom, CheckedDingTalk, CheckedFeishu, CheckedLark, CheckedServerChan)


def register() -> None:
    """Make the checked schemas known to Apprise; harmless when done before."""
    known = NotificationManager()
    for robot in CHECKED:
        if robot.secure_protocol not in known:
            known.add(robot)
