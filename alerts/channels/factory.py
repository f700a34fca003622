"""Receivers of the settings → channels. Secrets are read here, once, from the environment or a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from alerts import templates
from alerts.channels.apprise_channel import AppriseChannel, MailChannel, RobotChannel
from alerts.channels.base import Channel, Unusable
from alerts.channels.gateway import GatewayChannel
from alerts.channels.mqtt_channel import PORTS, MqttChannel
from alerts.channels.outbound import Reach
from alerts.channels.webhook import WebhookChannel
from alerts.channels.wecom_app import WeComAppChannel
from alerts.policy import AlertPolicy, Gateway, Receiver
from monitor.redact import SECRETS

ROBOTS: Final[Mapping[str, tuple[str, str]]] = {
    "wecombot": ("jcwecom", "wecom"),
    "dingtalk": ("jcdingtalk", "dingtalk"),
    "feishu": ("jcfeishu", "feishu"),
    "lark": ("jclark", "lark"),
    "schan": ("jcschan", "serverchan"),
}
"""Apprise's schema → (schema of the checked class, name of the channel)."""
MAIL: Final = frozenset({"mailto", "mailtos"})
_NATIVE: Final[Mapping[str, tuple[str, str | None]]] = {
    "qyapi.weixin.qq.com": ("wecombot", "key"),
    "oapi.dingtalk.com": ("dingtalk", "access_token"),
    "open.feishu.cn": ("feishu", None),
    "open.larksuite.com": ("lark", None),
}
"""Host of a robot's own webhook address → (schema, query key of its token; None: the last part of the path)."""


def open_channels(
    policy: AlertPolicy, *, environ: Mapping[str, str], real_now: Callable[[], datetime]
) -> dict[str, Channel]:
    """A channel for each receiver. Unusable names the key of the first that cannot be opened."""
    return {
        name: open_channel(
            receiver,
            key=f"alerts.receivers.{name}",
            timeout_seconds=policy.timeout_seconds,
            environ=environ,
            real_now=real_now,
            gateways=policy.gateways,
            reach=Reach.of(policy.allow_addresses),
        )
        for name, receiver in policy.receivers.items()
    }


def open_channel(
    receiver: Receiver,
    *,
    key: str,
    timeout_seconds: float,
    environ: Mapping[str, str],
    real_now: Callable[[], datetime],
    gateways: Mapping[str, Gateway] = {},
    reach: Reach = Reach(),
) -> Channel:
    """The channel of one receiver: its gateway, else by its `type`, else by the scheme of its URL."""
    if receiver.gateway is not None and receiver.to is not None:
        how, at = gateways[receiver.gateway], f"alerts.gateways.{receiver.gateway}"
        return GatewayChannel(
            how,
            key=at,
            url=url_of(how, key=at, environ=environ),
            to=receiver.to.get_secret_value(),
            secret=_secret_of(how, key=at, environ=environ),
            timeout_seconds=timeout_seconds,
            real_now=real_now,
            reach=reach,
        )
    url = url_of(receiver, key=key, environ=environ)
    native = None if receiver.type else _of_native(url)
    if native:
        url = native
    schema, mark, rest = url.partition("://")
    if not mark:
        raise Unusable(f"{key}: 网址缺少协议 the URL has no scheme; 应写作 write one such as https://… or mailto://…")
    schema = schema.lower()
    if receiver.type == "webhook" or (receiver.type is None and schema in ("http", "https")):
        if schema not in ("http", "https"):
            raise Unusable(f"{key}: type webhook 须用 needs an http:// or https:// URL, 而非 not {schema}://")
        return WebhookChannel(url, timeout_seconds=timeout_seconds, real_now=real_now, reach=reach)
    if schema in PORTS:
        return MqttChannel(url, key=key, timeout_seconds=timeout_seconds, real_now=real_now)
    if schema == "wecomapp":
        return WeComAppChannel(url, key=key, timeout_seconds=timeout_seconds, real_now=real_now, reach=reach)
    if schema in ROBOTS:
        checked, name = ROBOTS[schema]
        return RobotChannel(
            f"{checked}://{rest}", name=name, key=key, timeout_seconds=timeout_seconds, real_now=real_now, reach=reach
        )
    if schema in MAIL:
        return MailChannel(url, key=key, timeout_seconds=timeout_seconds, reach=reach)
    return AppriseChannel(url, key=key, timeout_seconds=timeout_seconds, reach=reach)


def _secret_of(gateway: Gateway, *, key: str, environ: Mapping[str, str]) -> str:
    secret = _secret_text(gateway, key=key, environ=environ)
    SECRETS.learn(secret)
    return secret


def _secret_text(gateway: Gateway, *, key: str, environ: Mapping[str, str]) -> str:
    """What its templates know as `secret`; empty where it has none. Unusable when it is not there."""
    if gateway.secret is not None:
        return gateway.secret.get_secret_value()
    if gateway.secret_env is not None:
        if not environ.get(gateway.secret_env):
            raise Unusable(f"{key}.secret_env: 环境变量未设置 the environment variable {gateway.secret_env} is not set")
        return environ[gateway.secret_env]
    if gateway.secret_file is not None:
        try:
            return Path(gateway.secret_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Unusable(
                f"{key}.secret_file: {gateway.secret_file} 无法读取 cannot be read ({error.strerror})"
            ) from None
    return ""


def url_of(receiver: Receiver | Gateway, *, key: str, environ: Mapping[str, str]) -> str:
    """The receiver's URL from where the settings say it lies. Unusable when it is not there."""
    if receiver.url is not None:
        url = receiver.url.get_secret_value()
    elif receiver.url_env is not None:
        url = environ.get(receiver.url_env, "")
        if not url:
            raise Unusable(f"{key}.url_env: 环境变量未设置 the environment variable {receiver.url_env} is not set")
    else:
        try:
            url = Path(str(receiver.url_file)).read_text(encoding="utf-8")
        except OSError as error:
            raise Unusable(f"{key}.url_file: {receiver.url_file} 无法读取 cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise Unusable(f"{key}.url_file: {receiver.url_file} 不是文本 is no text in UTF-8") from None
    if not url.strip():
        raise Unusable(f"{key}: 网址为空 the URL is empty")
    SECRETS.learn_url(url.strip())
    return url.strip()


def check(policy: AlertPolicy, *, environ: Mapping[str, str], real_now: Callable[[], datetime]) -> list[str]:
    """What is wrong with the receivers, a line each; loads Apprise. Nothing is sent. For `config check`."""
    found: list[str] = []
    for name, receiver in policy.receivers.items():
        key = f"alerts.receivers.{name}"
        try:
            channel = open_channel(
                receiver,
                key=key,
                timeout_seconds=policy.timeout_seconds,
                environ=environ,
                real_now=real_now,
                gateways=policy.gateways,
                reach=Reach.of(policy.allow_addresses),
            )
            if isinstance(channel, AppriseChannel) and len(channel.service()) > 1:
                found.append(
                    f"{key}: the URL names several recipients; they would fail as one: write a receiver for each"
                )
            channel.close()
        except Unusable as error:
            found.append(str(error))
    for name, template in policy.templates.items():
        wrong = templates.check(template)
        if wrong is not None:
            found.append(f"alerts.templates.{name}.{wrong}")
    return found


def _of_native(url: str) -> str | None:
    """The webhook address of a robot, as its console shows it, in the form `wecombot://KEY/`; None for others."""
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.hostname is None or parts.hostname not in _NATIVE:
        return None
    schema, query_key = _NATIVE[parts.hostname]
    token = parse_qs(parts.query).get(query_key, [""])[0] if query_key else parts.path.rstrip("/").rpartition("/")[2]
    return f"{schema}://{token}/" if token else None
