"""An application of WeCom (企业微信应用消息): people by their account, not a group; the answer's codes are read.

    wecomapp://CORPID/AGENTID/?secret=SECRET&to=zhangsan       &party=2  &tag=…  &base=https://HOST (政务微信)

A token is asked for once and kept until it runs out (developer.work.weixin.qq.com/document/path/91039, 90236).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx

from alerts.channels.base import Message, Unusable, without_addresses
from alerts.channels.outbound import NotAllowed, Reach, client
from alerts.channels.webhook import post
from alerts.retry import Outcome, Result, of_status, refused, timed_out

HOME: Final = "https://qyapi.weixin.qq.com"
MAX_BYTES: Final = 2048
STALE: Final = frozenset({40014, 42001, 41001})
"""The token is wrong or has run out: a new one is asked for."""
BUSY: Final = frozenset({-1, 50001})
THROTTLED: Final = frozenset({45009, 45033, 45035})
THROTTLED_SECONDS: Final = 60.0
EARLY_SECONDS: Final = 120.0
"""How much earlier than it runs out a token is renewed."""


class WeComAppChannel:
    """One recipient (a person, a department or a tag) of one application."""

    name = "wecomapp"
    grouped = True
    default_per_minute: int | None = 30

    def __init__(
        self, url: str, *, key: str, timeout_seconds: float, real_now: Callable[[], datetime], reach: Reach = Reach()
    ) -> None:
        parts = urlsplit(url)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        agent = parts.path.strip("/")
        to = {name: asked.get(name, "") for name in ("to", "party", "tag")}
        # the host as it is written: `hostname` would make an id lower case
        self._corp = parts.netloc
        if not self._corp or not agent.isdigit() or not asked.get("secret") or not any(to.values()):
            raise Unusable(f"{key}: 应写作 write wecomapp://CORPID/AGENTID/?secret=SECRET&to=ACCOUNT (or party=, tag=)")
        self._base = asked.get("base", HOME).rstrip("/")
        self._secret, self._real_now = asked["secret"], real_now
        self._message = {"touser": to["to"], "toparty": to["party"], "totag": to["tag"], "agentid": int(agent)}
        self._client = client(reach, timeout=timeout_seconds)
        self._token, self._fresh_until = "", 0.0
        self._asking = threading.Lock()

    def limit(self) -> int | None:
        return MAX_BYTES

    def title_apart(self) -> bool:
        return False

    def send(self, message: Message) -> Result:
        """One try; a token that the server no longer takes is renewed once within it."""
        result, code = self._send(message)
        if code in STALE:
            self._fresh_until = 0.0
            result, _ = self._send(message)
        return result

    def _send(self, message: Message) -> tuple[Result, int | None]:
        token = self._valid_token()
        if isinstance(token, Result):
            return token, None
        body = {**self._message, "msgtype": "text", "text": {"content": message.text}}
        url = f"{self._base}/cgi-bin/message/send"
        result, answer = post(self._client, url, body, real_now=self._real_now, params={"access_token": token})
        if result.outcome is not Outcome.SENT or answer is None:
            return result, None
        said = _said(answer)
        verdict = _judged(said)
        return (verdict or result), said.get("errcode") if said else None

    def _valid_token(self) -> str | Result:
        with self._asking:
            if time.monotonic() < self._fresh_until:
                return self._token
            query = {"corpid": self._corp, "corpsecret": self._secret}
            try:
                answer = self._client.get(f"{self._base}/cgi-bin/gettoken", params=query)
            except httpx.TimeoutException as error:
                return timed_out(f"the token: {type(error).__name__}")
            except NotAllowed as error:
                return refused(str(error), permanent=True)
            except httpx.HTTPError as error:
                return refused(f"the token: {type(error).__name__}: {error}")
            result = of_status(answer.status_code, now=self._real_now())
            if result.outcome is not Outcome.SENT:
                return result
            said = _said(answer)
            no = _judged(said)
            if no is not None or not said.get("access_token"):
                return no or refused("the token: the answer holds none")
            self._token = str(said["access_token"])
            self._fresh_until = time.monotonic() + max(float(said.get("expires_in", 7200)) - EARLY_SECONDS, 1.0)
            return self._token

    def close(self) -> None:
        self._client.close()


def _said(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _judged(said: Mapping[str, Any]) -> Result | None:
    """What the answer says against the message; None: nothing. A recipient that is not taken is a refusal for good."""
    code = said.get("errcode")
    if code is None:
        return refused("the answer has no result code")
    detail = without_addresses(f"{code} {said.get('errmsg', '')}".strip())
    if code == 0:
        unheard = [name for name in ("invaliduser", "invalidparty", "invalidtag") if said.get(name)]
        return refused(f"{', '.join(unheard)}: the recipient is not taken", permanent=True) if unheard else None
    if code in THROTTLED:
        return refused(detail, retry_after_seconds=THROTTLED_SECONDS)
    return refused(detail, permanent=code not in BUSY and code not in STALE)
