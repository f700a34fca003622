"""What a live broker does with messages, tried out (DESIGN §3.1: its defaults lose data silently).

Everything goes over topics below `jiancha/doctor/` and one below `jiancha/v1/` that the daemon does not hear. Probes
speak MQTT 5, so that no session of theirs outlives them by more than SESSION_SECONDS.
"""

from __future__ import annotations

import dataclasses
import secrets
import statistics
import threading
from collections.abc import Iterator, Sequence
from typing import Final

from monitor.mqtt import Client, Delivery, Link, Options, Time
from monitor.ops.doctor.finding import Finding, bad, good

BURST: Final = 2000
WINDOW: Final = 200
"""Messages handed to the client at once: its own list of what is on its way is slow when long."""
ANSWER_SECONDS: Final = 15.0
"""A broker that lives answers in milliseconds; on a machine that is busy with something else it has taken seconds."""
SESSION_SECONDS: Final = 300
PINGS: Final = 20
SLOW_SECONDS: Final = 0.5
VERSION: Final = "$SYS/broker/version"
DROPPED: Final = "$SYS/broker/publish/messages/dropped"
ACL_DOCTOR: Final = "jiancha.acl, user jiancha: topic readwrite jiancha/doctor/#"
ACL_DEVICES: Final = (
    "mosquitto.conf: acl_file /etc/mosquitto/jiancha.acl; in it pattern write jiancha/v1/%u/#, and no other line that "
    "writes below jiancha/v1/"
)


class Unanswered(RuntimeError):
    """The broker did not let a probe in, or sent nothing back in time."""


class Visitor:
    """One connection of a probe: `with Visitor(…) as v:`; entering raises Unanswered where it does not come about."""

    def __init__(
        self,
        options: Options,
        clock: Time,
        name: str,
        topics: Sequence[str] = (),
        *,
        keep: bool = False,
        patience: float = ANSWER_SECONDS,
    ) -> None:
        wanted = dataclasses.replace(
            options,
            client_id=name,
            version="5",
            session_expiry_seconds=SESSION_SECONDS if keep else 0,
            receive_maximum=BURST,
        )
        self._clock, self._patience = clock, patience
        self._heard = threading.Event()
        self._client = Client(wanted, clock=clock, subscriptions=topics, on_link=self._on_link)

    def _on_link(self, _: Link) -> None:
        self._heard.set()

    def __enter__(self) -> Visitor:
        self._client.start()
        answered = self._heard.wait(self._patience)
        if not self._client.link.connected:
            error = self._client.link.error
            self._client.stop()
            raise Unanswered(error if answered else f"无应答 no answer within {self._patience:g} s")
        return self

    def __exit__(self, *_: object) -> None:
        self._client.stop()

    def say(self, topic: str, payload: bytes = b"", *, retain: bool = False) -> str | None:
        """Publish and wait for the broker; its refusal, None where it gave none (MQTT 5 says so, at times)."""
        sent = self._client.publish(topic, payload, retain=retain)
        if not sent.wait(self._patience) and sent.refused is None:
            raise Unanswered(f"{topic}: 无应答 the broker did not confirm a message")
        return sent.refused

    def burst(self, topic: str, payloads: Sequence[bytes]) -> None:
        for start in range(0, len(payloads), WINDOW):
            sent = [self._client.publish(topic, payload) for payload in payloads[start : start + WINDOW]]
            sent[-1].wait(self._patience)

    def hear(self, until: str) -> list[Delivery]:
        """What comes in up to and with a message on the topic `until`, or until nothing comes for as long as an answer
        may take.
        """
        heard: list[Delivery] = []
        while not heard or heard[-1].topic != until:
            arrived = self._client.take(1, self._patience)
            if not arrived:
                break
            self._client.ack(arrived)
            heard += arrived
        return heard


class BrokerProbe:
    """The probes of one broker, under names and topics of their own; `patience`: seconds that an answer may take."""

    def __init__(self, options: Options, clock: Time, *, patience: float = ANSWER_SECONDS) -> None:
        self._options, self._clock, self._patience = options, clock, patience
        self._nonce = secrets.token_hex(4)
        self._root = f"jiancha/doctor/{self._nonce}"

    def run(self) -> Iterator[Finding]:
        """All probes; when the broker does not let the daemon's user in, that alone."""
        where = f"{self._options.host}:{self._options.port}"
        try:
            with self._visit("first"):
                pass
        except Unanswered as error:
            yield _no_entry(where, str(error))
            return
        yield good("broker.connection", f"{where} 可连接 the daemon's user is let in")
        for check, probe in (
            ("broker.anonymous", self._anonymous),
            ("broker.roundtrip", self._round_trip),
            ("broker.dropped", self._dropped),
            ("broker.forged", self._forged),
            ("broker.retained", self._retained),
            ("broker.queue", self._queue),
        ):
            try:
                yield probe(check)
            except Unanswered as error:
                yield bad(check, f"无法探测，后续探测从略 could not be probed, nor what follows: {error}", ACL_DOCTOR)
                return

    def _visit(self, name: str, *topics: str, keep: bool = False) -> Visitor:
        name = f"jiancha-doctor-{self._nonce}-{name}"
        return Visitor(self._options, self._clock, name, topics, keep=keep, patience=self._patience)

    def _round_trip(self, check: str) -> Finding:
        took: list[float] = []
        topic = f"{self._root}/ping"
        with self._visit("ping", topic) as own:
            for _ in range(PINGS):
                begun = self._clock.monotonic()
                own.say(topic, b"ping")
                if not own.hear(topic):
                    raise Unanswered("自发消息未回 its own message did not come back")
                took.append(self._clock.monotonic() - begun)
        median = statistics.median(took)
        if median > SLOW_SECONDS:
            return bad(
                check, f"往返 {median * 1000:.0f} ms: slow", "网络与服务器负载 the network, and the broker's machine"
            )
        return good(check, f"往返 {median * 1000:.1f} ms, 最慢 slowest {max(took) * 1000:.1f} ms")

    def _dropped(self, check: str) -> Finding:
        """Mosquitto's own count of what it threw away, as it stood before these probes."""
        with self._visit("sys", VERSION, DROPPED, f"{self._root}/end") as own:
            own.say(f"{self._root}/end")
            told = {d.topic: d.payload.decode(errors="replace") for d in own.hear(f"{self._root}/end")}
        if DROPPED not in told:
            return good(check, "未公布 the broker does not tell how many messages it dropped ($SYS)")
        if told[DROPPED].strip() != "0":
            return bad(
                check,
                f"启动以来已丢弃 {told[DROPPED]} 条消息 messages dropped since its start (those of earlier probes too)",
                "mosquitto.conf: max_queued_messages 1000000; 重启后重新计数 a restart begins the count anew",
            )
        return good(check, f"{told.get(VERSION, 'MQTT')}: 0 条丢弃 nothing dropped")

    def _anonymous(self, check: str) -> Finding:
        nobody = dataclasses.replace(self._options, username=None, password=None, cert_file=None, key_file=None)
        try:
            name = f"jiancha-doctor-{self._nonce}-anonymous"
            with Visitor(nobody, self._clock, name, patience=self._patience):
                pass
        except Unanswered as error:
            return good(check, f"拒绝匿名 refused: {error}")
        return bad(
            check,
            "无需口令即可连接，任何人可冒充设备 anybody may connect without a password and speak as any device",
            "mosquitto.conf: allow_anonymous false, password_file /etc/mosquitto/jiancha.passwd",
        )

    def _forged(self, check: str) -> Finding:
        """What the daemon's user publishes as a device must not arrive; a denied publish looks like success (3.1.1),
        so a subscriber tells. First a level deeper than the daemon hears; what is let through there is not tried again.
        """
        other = f"jiancha/v1/doctor-{self._nonce}"
        for topic in (f"{other}/checkin/probe", f"{other}/checkin"):
            if self._arrives(topic, f"{other}/#"):
                return bad(check, "冒充设备的消息被放行 a message forged in a device's name came through", ACL_DEVICES)
        return good(check, "冒充设备的消息被拦 a message forged in a device's name does not arrive")

    def _arrives(self, topic: str, watched: str) -> bool:
        mark = f"{self._root}/mark"
        with self._visit("watcher", watched, mark) as watcher, self._visit("forger") as forger:
            forger.say(topic, b"{}")
            forger.say(mark)
            heard = [delivery.topic for delivery in watcher.hear(mark)]
        if mark not in heard:
            raise Unanswered("标记消息未到 the message after it did not arrive either")
        return topic in heard

    def _retained(self, check: str) -> Finding:
        topic = f"{self._root}/retained"
        with self._visit("keeper") as keeper:
            keeper.say(topic, b"kept", retain=True)
            try:
                with self._visit("later", topic) as later:
                    kept = any(d.retained for d in later.hear(topic))
            finally:
                keeper.say(topic, b"", retain=True)
        if kept:
            return good(check, "保留消息可用 retained messages are kept")
        return bad(
            check,
            "保留消息丢失，设备上下线状态不可知 retained messages are lost: whether a device is online cannot be known",
            "mosquitto.conf: retain_available true",
        )

    def _queue(self, check: str) -> Finding:
        """A burst for a client that is away, counted when it comes back; its session ends with the probe."""
        topic, end = f"{self._root}/queue", f"{self._root}/queue-end"
        with self._visit("sleeper", topic, end, keep=True):
            pass
        with self._visit("publisher") as publisher:
            publisher.burst(topic, [str(n).encode() for n in range(BURST)])
            with self._visit("sleeper", topic, end) as awake:
                publisher.say(end)
                kept = {d.payload for d in awake.hear(end) if d.topic == topic}
        if len(kept) == BURST:
            return good(check, f"离线 {BURST} 条全部补达 all {BURST} messages of an absence came")
        if not kept:
            return bad(
                check,
                "离线会话未保留 the session of a client that is away is not kept at all",
                "mosquitto.conf: persistent_client_expiration 30d, max_queued_messages 1000000",
            )
        return bad(
            check,
            f"离线 {BURST} 条仅补达 {len(kept)} 条，其余静默丢弃 of {BURST} messages for a client that was away "
            f"{len(kept)} came; the rest was acknowledged and dropped",
            "mosquitto.conf: max_queued_messages 1000000",
        )


def _no_entry(where: str, error: str) -> Finding:
    if "refused by the broker" in error:
        fix = "[mqtt] username, JIANCHA_MQTT__PASSWORD_FILE; jiancha device add jiancha --password-file …"
        return bad("broker.connection", f"{where}: 凭据被拒 {error}", fix)
    fix = "[mqtt] host, port, tls_ca; sudo systemctl start mosquitto"
    return bad("broker.connection", f"{where}: 连不上 cannot be reached: {error}", fix)
