"""The dead man's switch: a sign of life while the daemon works, none when it does not."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alerts.deadman import DeadManSwitch
from alerts.policy import DeadMan
from tests import plain_http
from tests.daemon import Daemon
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto
from tests.postgres import Postgres
from tests.receivers import http_receiver, says

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)


class Signs:
    def __init__(self) -> None:
        self.seen: list[tuple[str, bool]] = []

    def __call__(self, way: str, taken: bool) -> None:
        self.seen.append((way, taken))


def switch(signs: Signs, *, why: list[str | None], **keys: Any) -> DeadManSwitch:
    policy = DeadMan.model_validate({k: v for k, v in keys.items() if k != "publish"})
    return DeadManSwitch(
        policy, alive=lambda: why[-1], now=lambda: NOW, signed=signs, publish=keys.get("publish"), timeout_seconds=1
    )


def test_a_sign_goes_out_only_while_the_daemon_works() -> None:
    signs = Signs()
    why: list[str | None] = [None]
    with http_receiver() as receiver:
        made = switch(signs, why=why, url=receiver.url)
        assert made.beat()
        why.append("loop: no step for 31 s")
        assert not made.beat()
        why.append(None)
        assert made.beat()
        assert len(receiver.got) == 2
    assert signs.seen == [("url", True)] * 2


def test_a_sign_that_nobody_takes_is_counted_and_names_no_secret() -> None:
    signs = Signs()
    with http_receiver(says({}, 500)) as receiver:
        assert switch(signs, why=[None], url=f"{receiver.base}/secret").beat()
    assert switch(signs, why=[None], url="http://127.0.0.1:9/").beat()
    assert signs.seen == [("url", False)] * 2


def test_it_also_goes_by_the_broker() -> None:
    signs, published = Signs(), []

    def publish(topic: str, payload: bytes) -> bool:
        published.append((topic, payload))
        return len(published) == 1

    made = switch(signs, why=[None], topic="jiancha/alive", publish=publish)
    made.beat()
    made.beat()
    assert published[0] == ("jiancha/alive", b'{"at": "2026-03-02T01:00:00+00:00", "state": "online"}')
    assert signs.seen == [("topic", True), ("topic", False)]


def test_nothing_is_set_nothing_is_sent() -> None:
    assert not switch(Signs(), why=[None]).is_set


def test_the_thread_sends_again_and_stops(eventually: Any) -> None:
    with http_receiver() as receiver:
        made = switch(Signs(), why=[None], url=receiver.url, every_seconds=1)
        stop = threading.Event()
        thread = threading.Thread(target=made.run, args=(stop,))
        thread.start()
        try:
            eventually(lambda: len(receiver.got) >= 2, 10)
        finally:
            stop.set()
            thread.join(5)
        assert not thread.is_alive()


def test_the_daemon_gives_signs_by_http_and_by_the_broker(
    tmp_path: Path, mosquitto: Callable[..., Mosquitto], tool: Callable[[str], str], eventually: Any
) -> None:
    """Subscribed where the daemon's account may read too: a publish that the ACL denies looks like one that arrived."""
    broker, topic = mosquitto(), "jiancha/doctor/alive"
    env = {
        "JIANCHA_MQTT__PORT": str(broker.port), "JIANCHA_MQTT__USERNAME": DAEMON, "JIANCHA_MQTT__PASSWORD": PASSWORD,
    }  # fmt: skip
    account = ["-p", str(broker.port), "-u", DAEMON, "-P", PASSWORD]
    listen = [tool("mosquitto_sub"), *account, "-t", topic, "-C", "2", "-W", "40"]
    with http_receiver() as receiver:
        config = f'[alerts.deadman]\nurl = "{receiver.url}"\ntopic = "{topic}"\nevery_seconds = 1\n'
        heard = subprocess.Popen(listen, stdout=subprocess.PIPE, text=True)
        with Daemon(tmp_path, env, config) as daemon:
            said, _ = heard.communicate(timeout=60)
            eventually(lambda: len(receiver.got) >= 2, 20)
            metrics = plain_http.get(f"{daemon.url}/metrics").text
        after = len(receiver.got)
    signs = [json.loads(line) for line in said.splitlines()]
    assert [sign["state"] for sign in signs] == ["online", "online"]
    assert 'jiancha_deadman_signs_total{result="taken",way="url"}' in metrics
    assert 'jiancha_deadman_signs_total{result="taken",way="topic"}' in metrics
    assert len(receiver.got) == after, "none when it has stopped"
    assert {got.path for got in receiver.got} == {"/alerts"}


def test_no_sign_goes_out_while_the_store_is_away(
    tmp_path: Path, free_port: Callable[[], int], eventually: Any
) -> None:
    """The loop may beat and HTTP may answer: without its store the daemon judges nothing, and must be missed."""
    server = Postgres(free_port()).start()
    env = {"JIANCHA_STORE__URL": server.url(), "JIANCHA_MQTT__ENABLED": "false"}
    try:
        with http_receiver() as receiver:
            config = f'[alerts.deadman]\nurl = "{receiver.url}"\nevery_seconds = 1\n'
            made = Daemon(tmp_path, env, config)
            made.command("db", "upgrade")
            with made as daemon:
                eventually(lambda: len(receiver.got) >= 1, 20)
                server.stop()
                eventually(lambda: stills(daemon), 20, "nothing says that the sign is kept back")
                before, kept = len(receiver.got), len(stills(daemon))
                eventually(lambda: len(stills(daemon)) >= kept + 2, 20)
                assert len(receiver.got) == before, "a sign went out although the store was away"
                server.start()
                eventually(lambda: len(receiver.got) > before, 30, "no sign after the store was back")
    finally:
        server.remove()


def stills(daemon: Daemon) -> list[str]:
    """Why the store kept a sign back, each time."""
    lines = [json.loads(line) for line in daemon.log().splitlines() if '"deadman.still"' in line]
    return [line["why"] for line in lines if line["why"].startswith("store: ")]
