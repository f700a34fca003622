"""What a mosquitto.conf and its ACL put at risk, with the line that mends it. Defaults are those of Mosquitto 2.0."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from monitor.ops.doctor.brokerfile import BrokerFile
from monitor.ops.doctor.finding import Finding, bad, good

QUEUED_AT_LEAST: Final = 100_000
"""Messages: a hall of 50 devices that each say 2,000 things on a day the daemon is down."""
EXPIRY_AT_LEAST_DAYS: Final = 7
SIZE_AT_LEAST: Final = 128 * 1024
"""Twice the largest payload: one that is too large is to be seen in quarantine, not to end a connection."""
INFLIGHT_AT_LEAST: Final = 1000
_DAYS: Final[Mapping[str, float]] = {"h": 1 / 24, "d": 1, "w": 7, "m": 30, "y": 365}


def check(file: BrokerFile, *, version: str, lost_ok_days: int) -> Iterator[Finding]:
    """Every danger of the file. `version`: the daemon's [mqtt] version; `lost_ok_days`: its session expiry."""
    checks: tuple[Callable[[BrokerFile], Finding], ...] = (
        _persistence,
        _autosave,
        _queued_messages,
        _queued_bytes,
        lambda f: _inflight(f, version),
        lambda f: _expiry(f, lost_ok_days),
        _size,
        _anonymous,
        _acl,
        _listeners,
    )
    for one in checks:
        yield one(file)


def _persistence(file: BrokerFile) -> Finding:
    name = "broker.persistence"
    if file.flag("persistence"):
        return good(name, f"落盘 sessions and queues are kept on disk ({file.origin})")
    return bad(
        name,
        "服务器停止即丢失会话与排队消息 what the broker holds while the daemon is away is gone when the broker stops",
        "mosquitto.conf: persistence true, persistence_location /var/lib/mosquitto/",
    )


def _autosave(file: BrokerFile) -> Finding:
    name, every = "broker.autosave", file.number("autosave_interval", 1800)
    if file.flag("autosave_on_changes") and every:
        return good(name, f"每 {every} 次变更存盘 saved after {every} changes")
    span = f"{every} s" if every else "停止时 its stop"
    return bad(
        name,
        f"仅每 {span} 存盘，服务器被杀即丢失其间消息 saved every {span} only: a killed broker loses all since, "
        "which it has already acknowledged",
        "mosquitto.conf: autosave_on_changes true, autosave_interval 1000",
    )


def _queued_messages(file: BrokerFile) -> Finding:
    name, most = "broker.max_queued_messages", file.number("max_queued_messages", 1000)
    if most == 0 or most >= QUEUED_AT_LEAST:
        return good(name, f"离线排队 queues {most or '不限 without limit'}")
    return bad(
        name,
        f"离线时仅排队 {most} 条，其余静默丢弃 keeps {most} messages for an absent daemon, drops the rest silently",
        "mosquitto.conf: max_queued_messages 1000000",
    )


def _queued_bytes(file: BrokerFile) -> Finding:
    """The queue lies in memory, and twice on disk while it is saved: the old file stays until the new one is whole."""
    name, most = "broker.max_queued_bytes", file.number("max_queued_bytes", 0)
    folder = Path(file.text("persistence_location", "/"))
    free = shutil.disk_usage(folder).free if folder.is_dir() else None
    room = f"{folder}: {free / 2**30:.1f} GiB" if free is not None else f"{folder}"
    if most == 0:
        return bad(
            name,
            f"排队字节不限，可写满磁盘 a queue without bound fills memory and disk ({room})",
            "mosquitto.conf: max_queued_bytes 1073741824 (at most a third of the free disk)",
        )
    if free is not None and free < 2 * most:
        return bad(
            name,
            f"磁盘容不下排队上限的两份 twice max_queued_bytes ({2 * most / 2**30:.1f} GiB) do not fit ({room} free)",
            f"mosquitto.conf: max_queued_bytes {max(free // 3, 2**20)}; or a larger disk under {folder}",
        )
    return good(name, f"{most / 2**20:.0f} MiB; {room} 可用 free")


def _inflight(file: BrokerFile, version: str) -> Finding:
    name, most = "broker.max_inflight_messages", file.number("max_inflight_messages", 20)
    if version == "5" or most == 0 or most >= INFLIGHT_AT_LEAST:
        return good(name, f"{most}" + (" (MQTT 5 自带上限 says its own)" if version == "5" else ""))
    return bad(
        name,
        f"MQTT 3.1.1 客户端一次仅 {most} 条未确认，批量入库变慢 an MQTT 3.1.1 daemon gets {most} messages at a time",
        "mosquitto.conf: max_inflight_messages 2000",
    )


def _expiry(file: BrokerFile, lost_ok_days: int) -> Finding:
    name, text = "broker.persistent_client_expiration", file.text("persistent_client_expiration")
    least = max(EXPIRY_AT_LEAST_DAYS, lost_ok_days)
    if not text:
        return good(name, "会话不过期 sessions are kept until their own expiry")
    found = re.fullmatch(r"(\d+)([hdwmy])", text)
    days = int(found[1]) * _DAYS[found[2]] if found else 0
    if days >= least:
        return good(name, text)
    return bad(
        name,
        f"离线 {text} 后会话与排队消息被清除 the daemon's session and queue are thrown away after {text}",
        f"mosquitto.conf: persistent_client_expiration {max(least, 30)}d",
    )


def _size(file: BrokerFile) -> Finding:
    name = "broker.message_size_limit"
    limits = [n for key in ("message_size_limit", "max_packet_size") if (n := file.number(key, 0))]
    if not limits or min(limits) >= SIZE_AT_LEAST:
        return good(name, f"{min(limits)} bytes" if limits else "不限 none")
    return bad(
        name,
        f"超过 {min(limits)} 字节的消息被服务器拒收，不入隔离 larger messages never reach quarantine",
        "mosquitto.conf: message_size_limit 1048576",
    )


def _anonymous(file: BrokerFile) -> Finding:
    """Mosquitto 2 lets anonymous clients in only where it was given no listener, or is told to."""
    name = "broker.allow_anonymous"
    allowed = file.flag("allow_anonymous", default=not file.listeners)
    allowed = allowed or any(one.values.get("allow_anonymous", "").lower() == "true" for one in file.listeners)
    named = file.text("password_file") or file.text("plugin") or file.text("auth_plugin")
    certified = any(one.values.get("use_identity_as_username", "").lower() == "true" for one in file.listeners)
    if not allowed and (named or certified):
        return good(name, "须凭据 credentials are asked for")
    return bad(
        name,
        "无需口令即可连接，任何人可冒充设备 anybody may connect and speak as any device",
        "mosquitto.conf: allow_anonymous false, password_file /etc/mosquitto/jiancha.passwd",
    )


def _acl(file: BrokerFile) -> Finding:
    name, path = "broker.acl_file", file.text("acl_file")
    pattern = "pattern write jiancha/v1/%u/#"
    if not path:
        return bad(
            name,
            "无 ACL，一台设备可冒充另一台 without an ACL a device may publish as any other",
            "mosquitto.conf: acl_file /etc/mosquitto/jiancha.acl",
        )
    where = Path(path)
    if not where.is_absolute():
        where = Path(file.origin).parent / where
    try:
        lines = where.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        return bad(name, f"ACL 读不到 {where}: {error}", f"sudo jiancha doctor; or a readable copy of {path}")
    # before the first `user` line a topic is for anonymous clients, who are a danger of their own (allow_anonymous)
    named = [n for n, line in enumerate(lines) if line.split()[:1] == ["user"]]
    forging = [
        line
        for n, line in enumerate(lines)
        if _lets_forge(line) and (line.split()[0] == "pattern" or any(first < n for first in named))
    ]
    if forging:
        return bad(
            name,
            f"此行允许冒充其他设备 this line lets a user publish as another device: {forging[0].strip()}",
            f"{path}: {pattern} in its place",
        )
    if not any(line.split() == pattern.split() for line in lines):
        return bad(name, f"{path}: 设备无权发布 devices may not publish their own topics", f"{path}: {pattern}")
    return good(name, f"{path}: {pattern}")


def _lets_forge(line: str) -> bool:
    """Whether an ACL line lets some user write below another device's topic. `%c` is what a client calls itself."""
    words = line.split()
    if len(words) < 2 or words[0] not in ("topic", "pattern"):
        return False
    access, topic = (words[1], words[2]) if len(words) > 2 else ("readwrite", words[1])
    if access not in ("write", "readwrite"):
        return False
    if words[0] == "pattern":
        topic = topic.replace("%u", "somebody").replace("%c", "another")
    return any(_covers(topic, f"jiancha/v1/another/{rest}") for rest in ("checkin", "case", "heartbeat"))


def _covers(pattern: str, topic: str) -> bool:
    """Whether a topic filter with + and # takes in a topic."""
    parts = topic.split("/")
    for place, wanted in enumerate(pattern.split("/")):
        if wanted == "#":
            return True
        if place >= len(parts) or wanted not in ("+", parts[place]):
            return False
    return pattern.count("/") == topic.count("/")


def _listeners(file: BrokerFile) -> Finding:
    name = "broker.tls"
    bare = [one for one in file.listeners if not one.is_local and not one.has_tls]
    if not bare:
        return good(name, "网络上仅 TLS only TLS, or this machine alone")
    where = ", ".join(f"{one.address or '*'}:{one.port}" for one in bare)
    return bad(
        name,
        f"口令明文过网 passwords cross the network in clear ({where})",
        "mosquitto.conf: certfile, keyfile, cafile under that listener (config/mosquitto/listener-tls.conf), "
        f"or listener {bare[0].port} 127.0.0.1",
    )
