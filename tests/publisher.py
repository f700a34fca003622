"""MQTT clients of tests: a device that counts every acknowledgement, and a session as the daemon leaves it behind."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Mapping
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from monitor.ingest.decode import SUBSCRIPTION
from tests.mosquitto import DAEMON, PASSWORD


def leave_session(port: int, client_id: str = "jiancha") -> None:
    """Subscribe once as the daemon and go: from now on the broker keeps for it what devices publish."""
    subscribed = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5)
    client.username_pw_set(DAEMON, PASSWORD)
    client.on_connect = lambda *_: client.subscribe(SUBSCRIPTION, qos=1)
    client.on_subscribe = lambda *_: subscribed.set()
    kept = Properties(PacketTypes.CONNECT)
    kept.SessionExpiryInterval = 7 * 86_400
    client.connect("127.0.0.1", port, clean_start=False, properties=kept)
    client.loop_start()
    assert subscribed.wait(10), "no subscription"
    client.disconnect()
    client.loop_stop()


class Publisher:
    """Publishes as one device; `close` returns once the broker has acknowledged everything."""

    def __init__(self, port: int, device: str) -> None:
        self.device = device
        self._sent: list[mqtt.MQTTMessageInfo] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"{device}-{uuid.uuid4().hex[:6]}")
        self._client.username_pw_set(device, PASSWORD)
        self._client.max_queued_messages_set(0)
        connected = threading.Event()
        self._client.on_connect = lambda *_: connected.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert connected.wait(10), f"{device}: no connection to the broker"

    def say(self, channel: str, payload: Mapping[str, Any]) -> None:
        text = json.dumps(payload, ensure_ascii=False)
        self._sent.append(self._client.publish(f"jiancha/v1/{self.device}/{channel}", text, qos=1))

    def close(self) -> None:
        for info in self._sent:
            info.wait_for_publish(20)
            assert info.is_published(), f"{self.device}: the broker has not acknowledged everything"
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
