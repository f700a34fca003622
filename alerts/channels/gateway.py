"""Short messages (短信) by whatever HTTP service a province has: fields by template, success by an expression.

Gateways differ in everything: names, signatures, encodings, and most answer HTTP 200 to a refusal. So success must be
said by the answer (`success`), and what is not success is tried again unless `permanent` says that it never will be.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Final
from urllib.parse import quote_plus

import httpx
import jmespath
from jinja2 import Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jmespath.exceptions import JMESPathError

from alerts.channels.base import Message, Unusable
from alerts.channels.outbound import NotAllowed, Reach, client
from alerts.policy import Gateway
from alerts.retry import Outcome, Result, of_status, refused, sent, timed_out
from alerts.templates import new_environment

SHOWN: Final = 200
TIME: Final = "%Y%m%d%H%M%S"


class GatewayChannel:
    """One number of one gateway."""

    name = "sms"
    grouped = True

    def __init__(
        self, gateway: Gateway, *, key: str, url: str, to: str, secret: str, timeout_seconds: float,
        real_now: Callable[[], datetime], reach: Reach = Reach(),
    ) -> None:  # fmt: skip
        if not url.startswith(("http://", "https://")):
            raise Unusable(f"{key}.url: 须以此开头 must begin with http:// or https://")
        self._gateway, self._url, self._to, self._secret, self._real_now = gateway, url, to, secret, real_now
        self.default_per_minute = gateway.per_minute
        try:
            self._fields = {name: _template(source) for name, source in gateway.fields.items()}
            self._headers = {name: _template(source) for name, source in gateway.headers.items()}
        except TemplateError as error:
            raise Unusable(f"{key}.fields: 模板有误 a template cannot be read: {error}") from None
        clash = next(
            (name for name in gateway.fields for other in gateway.fields if other.startswith(f"{name}.")), None
        )
        if clash is not None and gateway.content == "json":
            raise Unusable(
                f"{key}.fields: {clash!r} 既是文本又是另一字段的上级，去掉其一 "
                "is a text and the parent of another field: take one of them away"
            )
        self._success = _expression(gateway.success, f"{key}.success")
        self._permanent = _expression(gateway.permanent, f"{key}.permanent")
        try:
            self._pattern = re.compile(gateway.success_text) if gateway.success_text else None
        except re.error as error:
            raise Unusable(f"{key}.success_text: is no pattern: {error}") from None
        self._timeout, self._reach = timeout_seconds, reach

    @cached_property
    def _client(self) -> httpx.Client:
        return client(self._reach, timeout=self._timeout)

    def limit(self) -> int | None:
        return self._gateway.limit

    def title_apart(self) -> bool:
        return False

    def send(self, message: Message) -> Result:
        try:
            answer = self._client.send(self._request(message))
        except TemplateError as error:
            return refused(f"the gateway's fields: {error}", permanent=True)
        except httpx.TimeoutException as error:
            return timed_out(type(error).__name__)
        except NotAllowed as error:
            return refused(str(error), permanent=True)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            return refused(f"{type(error).__name__}: check the gateway's URL", permanent=True)
        except httpx.HTTPError as error:
            return refused(f"{type(error).__name__}: {error}")
        return self._judged(answer)

    def _request(self, message: Message) -> httpx.Request:
        now = self._real_now()
        known = {
            "to": self._to, "text": message.text, "title": message.title, "secret": self._secret, "now": now,
            "id": uuid.uuid4().hex,
        }  # fmt: skip
        fields = {name: template.render(known) for name, template in self._fields.items()}
        headers = {name: template.render({**known, "fields": fields}) for name, template in self._headers.items()}
        encoding = self._gateway.encoding
        if self._gateway.method == "GET":
            return self._client.build_request("GET", _with_query(self._url, fields, encoding), headers=headers)
        if self._gateway.content == "json":
            return self._client.build_request("POST", self._url, json=_nested(fields), headers=headers)
        form = {"Content-Type": f"application/x-www-form-urlencoded; charset={encoding}", **headers}
        return self._client.build_request("POST", self._url, content=_encoded(fields, encoding), headers=form)

    def _judged(self, answer: httpx.Response) -> Result:
        result = of_status(
            answer.status_code, retry_after=answer.headers.get("Retry-After"), now=self._real_now(),
            body="" if answer.is_success else answer.text[:SHOWN],
        )  # fmt: skip
        if result.outcome is not Outcome.SENT:
            return result
        text = answer.content.decode(self._gateway.encoding, errors="replace")
        if self._pattern is not None:
            return sent() if self._pattern.search(text) else refused(self._shown(text))
        if self._success is None:
            return result
        try:
            said = answer.json()
        except ValueError:
            return refused(f"no JSON: {self._shown(text)}")
        if self._holds(self._success, said):
            return sent()
        never = self._permanent is not None and self._holds(self._permanent, said)
        return refused(self._shown(text), permanent=never)

    def _shown(self, text: str) -> str:
        """The answer without the number: contacts have one home (DESIGN §1F)."""
        return text.replace(self._to, "…")[:SHOWN]

    @staticmethod
    def _holds(expression: Any, said: Any) -> bool:
        try:
            return bool(expression.search(said))
        except JMESPathError:
            return False

    def close(self) -> None:
        self._client.close()


@lru_cache(maxsize=1)
def _signing() -> ImmutableSandboxedEnvironment:
    """The environment of fields and headers: what gateways sign with is no business of messages."""
    made = new_environment()
    made.filters.update(FILTERS)
    return made


def _template(source: str) -> Template:
    return _signing().from_string(source)


def _expression(source: str, key: str) -> Any:
    if not source:
        return None
    try:
        return jmespath.compile(source)
    except JMESPathError as error:
        raise Unusable(f"{key}: {source!r} is no JMESPath: {error}") from None


def _nested(fields: Mapping[str, str]) -> dict[str, Any]:
    """`a.b` → {"a": {"b": …}}."""
    made: dict[str, Any] = {}
    for name, value in fields.items():
        *path, last = name.split(".")
        inner = made
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return made


def _encoded(fields: Mapping[str, str], encoding: str) -> bytes:
    pairs = [(quote_plus(name), quote_plus(value.encode(encoding, errors="replace"))) for name, value in fields.items()]
    return "&".join(f"{name}={value}" for name, value in pairs).encode()


def _with_query(url: str, fields: Mapping[str, str], encoding: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{_encoded(fields, encoding).decode()}"


FILTERS: Final[Mapping[str, Callable[..., str]]] = {
    "md5": lambda text: hashlib.md5(str(text).encode(), usedforsecurity=False).hexdigest(),
    "sha256": lambda text: hashlib.sha256(str(text).encode()).hexdigest(),
    "hmac_sha256": lambda text, key: hmac.new(str(key).encode(), str(text).encode(), hashlib.sha256).hexdigest(),
    "b64": lambda text: base64.b64encode(str(text).encode()).decode(),
    "stamp": lambda at, form=TIME: at.strftime(form),
}
"""What gateways sign with."""
