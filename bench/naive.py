"""The program that one writes first: validate with pydantic, commit one ORM row for each message, acknowledge.

Broker, acknowledgement after the commit and SQLite settings are those of the daemon; nothing else is.
"""

from __future__ import annotations

import hashlib
import threading
import time
from datetime import datetime
from typing import Annotated, Any, Literal

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from monitor.clock import Clock
from monitor.store.engine import Store
from monitor.store.schema import RawEvent

Id = Annotated[str, Field(min_length=1, max_length=64)]


class Envelope(BaseModel):
    id: Id
    at: AwareDatetime
    seq: int | None = None
    boot: str = ""


class Rating(Envelope):
    score: int = Field(ge=1, le=5)
    window: Id | None = None
    staff: Id | None = None
    tags: list[str] = []
    comment: str | None = None


class Presence(Envelope):
    people: int = Field(ge=0)
    view: Literal["ok", "dark", "frozen", "covered"]
    window: Id | None = None
    confidence: float | None = None


class Duty(Envelope):
    action: Literal["on", "off", "pause", "resume"]
    staff: Id
    window: Id | None = None


class Checkin(Envelope):
    staff: Id
    method: Literal["face", "card", "pin", "fingerprint", "manual"]
    direction: Literal["in", "out"] | None = None


class Case(Envelope):
    case: Id
    event: str
    item: Id | None = None
    window: Id | None = None
    staff: Id | None = None
    due: AwareDatetime | None = None


MODELS: dict[str, TypeAdapter[Any]] = {
    "rating": TypeAdapter(Rating),
    "presence": TypeAdapter(Presence),
    "duty": TypeAdapter(Duty),
    "checkin": TypeAdapter(Checkin),
    "case": TypeAdapter(Case),
}


class Naive:
    """`committed` holds the monotonic time of each commit, in order."""

    def __init__(self, url: str, port: int, password: str, client_id: str, total: int) -> None:
        self.committed: list[float] = []
        self.done = threading.Event()
        self.connected = threading.Event()
        self._store, self._port, self._total, self._clock = Store(url), port, total, Clock()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True
        )
        self._client.username_pw_set("jiancha", password)
        self._client.on_connect = lambda client, *_: client.subscribe("jiancha/v1/+/+", 1)
        self._client.on_subscribe = lambda *_: self.connected.set()
        self._client.on_message = self._arrived

    def start(self) -> None:
        wanted = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        wanted.SessionExpiryInterval = 7 * 86_400
        wanted.ReceiveMaximum = 2000
        self._client.connect("127.0.0.1", self._port, 60, clean_start=False, properties=wanted)
        self._client.loop_start()

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._store.close()

    def _arrived(self, client: paho.Client, _userdata: object, message: paho.MQTTMessage) -> None:
        _, _, device, channel = message.topic.split("/")
        self._store_one(device, channel, bytes(message.payload), self._clock.now())
        client.ack(message.mid, message.qos)
        self.committed.append(time.perf_counter())
        if len(self.committed) == self._total:
            self.done.set()

    def _store_one(self, device: str, channel: str, payload: bytes, received: datetime) -> None:
        said = MODELS[channel].validate_json(payload)
        row = RawEvent(
            device=device,
            event_id=said.id,
            channel=channel,
            at=said.at,
            received=received,
            seq=said.seq,
            boot=said.boot,
            payload_hash=hashlib.sha256(payload).hexdigest(),
            payload=payload.decode(),
        )
        with Session(self._store.engine) as session:
            try:
                session.add(row)
                session.commit()
            except IntegrityError:
                session.rollback()
