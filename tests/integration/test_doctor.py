"""`jiancha doctor` against real brokers and stores: every danger is named, with the line that mends it."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import Clock
from monitor.mqtt import Options
from monitor.ops.doctor.probes import BrokerProbe, Visitor
from tests.conftest import Eventually
from tests.halls import Commands, Feed, hall, write_lines
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto

ROUTED = """
[alerts.receivers.duty]
url = "json://127.0.0.1:9/"
type = "webhook"

[[alerts.routes]]
level = "reminder"
receivers = ["duty"]
""".replace("json:", "http:")


def dangers(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    assert all(set(one) == {"check", "ok", "why", "fix"} for one in found)
    assert all(one["why"] for one in found)
    assert all(bool(one["fix"]) is not one["ok"] for one in found), "a danger has a way out, and only a danger"
    return {one["check"]: one for one in found if not one["ok"]}


def probed(broker: Mosquitto, patience: float = 5, **options: Any) -> dict[str, bool]:
    given = {"username": DAEMON, "password": PASSWORD, **options}
    probe = BrokerProbe(Options(client_id="x", port=broker.port, **given), Clock(), patience=patience)
    return {one.check.removeprefix("broker."): one.ok for one in probe.run()}


@pytest.fixture
def default_broker(tmp_path: Path, free_port: Callable[[], int], tool: Callable[[str], str]) -> Iterator[int]:
    """A Mosquitto as it starts without any configuration; its port."""
    port = free_port()
    process = subprocess.Popen([tool("mosquitto"), "-p", str(port)], cwd=tmp_path, stderr=subprocess.DEVNULL)
    yield port
    process.terminate()
    process.wait(10)


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    made = Commands(tmp_path)
    (tmp_path / "jiancha.toml").write_text(ROUTED)
    made.env["JIANCHA_CONFIG"] = str(tmp_path / "jiancha.toml")
    made.env["JIANCHA_MQTT__ENABLED"] = "false"
    made.env["JIANCHA_AUDIT__KEY"] = "k" * 64
    return made


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def beside(commands: Commands, port: int, **more: str) -> Commands:
    """The same hall with a broker."""
    reached = {"JIANCHA_MQTT__ENABLED": "true", "JIANCHA_MQTT__PORT": str(port)}
    return Commands(commands.folder, commands.clock, {**commands.env, **reached, **more})


# --------------------------------------------------------------------------- the broker


def test_mosquitto_as_it_comes_each_danger_has_its_line(
    commands: Commands, default_broker: int, eventually: Eventually
) -> None:
    eventually(lambda: listens(default_broker))
    commands.set_up(hall())
    found = dangers(beside(commands, default_broker).json("doctor", status=1))
    lines = {
        "broker.persistence": "persistence true",
        "broker.autosave": "autosave_on_changes true",
        "broker.queue": "max_queued_messages 1000000",
        "broker.max_queued_messages": "max_queued_messages 1000000",
        "broker.max_queued_bytes": "max_queued_bytes 1073741824",
        "broker.anonymous": "allow_anonymous false",
        "broker.allow_anonymous": "allow_anonymous false",
        "broker.forged": "pattern write jiancha/v1/%u/#",
        "broker.acl_file": "acl_file /etc/mosquitto/jiancha.acl",
    }
    assert {name for name in found if name.startswith("broker.")} == set(lines)
    for name, line in lines.items():
        assert line in found[name]["fix"], name
    assert "1000" in found["broker.queue"]["why"], "it says how many came through"


def test_the_shipped_configuration_holds_no_danger(commands: Commands, mosquitto: Callable[..., Mosquitto]) -> None:
    broker = mosquitto("t1")
    commands.set_up(hall())
    secrets = {"JIANCHA_MQTT__USERNAME": DAEMON, "JIANCHA_MQTT__PASSWORD": PASSWORD}
    with_broker = beside(commands, broker.port, **secrets)
    said = with_broker.json("doctor", clock="07:50", status=0)
    assert dangers(said) == {}
    assert {"broker.queue", "broker.forged", "broker.persistence", "store.integrity"} <= {one["check"] for one in said}
    by_file = ("doctor", "--broker-config", str(broker.folder / "mosquitto.conf"))
    with_broker.run(*by_file, clock="07:50", status=0)


BROKERS: dict[str, tuple[Mapping[str, str], set[str]]] = {
    "a short queue": ({"max_queued_messages": "100"}, {"queue"}),
    "few bytes": ({"max_queued_bytes": "200"}, {"queue"}),
    "no retained messages": ({"retain_available": "false"}, {"retained"}),
    "anonymous clients": ({"allow_anonymous": "true"}, {"anonymous"}),
}


@pytest.mark.parametrize(("settings", "expected"), BROKERS.values(), ids=BROKERS)
def test_the_live_broker_is_tried_whatever_its_file_says(
    settings: Mapping[str, str], expected: set[str], mosquitto: Callable[..., Mosquitto]
) -> None:
    found = probed(mosquitto(settings=settings), patience=1 if expected == {"retained"} else 5)
    assert {name for name, ok in found.items() if not ok} == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pattern readwrite jiancha/#", {"forged"}),
        ("user jiancha\ntopic write jiancha/v1/+/checkin", {"forged"}),
    ],
    ids=["everything", "the events alone"],
)
def test_an_acl_that_lets_the_daemons_user_forge_is_seen(
    line: str, expected: set[str], mosquitto: Callable[..., Mosquitto]
) -> None:
    broker = mosquitto()
    acl = broker.folder / "jiancha.acl"
    acl.write_text(f"{line}\n{acl.read_text()}")
    broker.reload()
    found = probed(broker)
    assert {name for name, ok in found.items() if not ok} == expected


def test_an_acl_without_the_doctors_line_says_which_is_missing(mosquitto: Callable[..., Mosquitto]) -> None:
    broker = mosquitto()
    acl = broker.folder / "jiancha.acl"
    acl.write_text(acl.read_text().replace("topic readwrite jiancha/doctor/#", ""))
    broker.stop()
    broker.start()
    options = Options(client_id="x", port=broker.port, username=DAEMON, password=PASSWORD)
    found = {one.check: one for one in BrokerProbe(options, Clock(), patience=1).run()}
    assert "topic readwrite jiancha/doctor/#" in found["broker.roundtrip"].fix


def test_nothing_of_the_probes_stays_at_the_broker(mosquitto: Callable[..., Mosquitto], eventually: Eventually) -> None:
    broker = mosquitto()
    assert all(probed(broker).values())
    eventually(lambda: broker.log().count("-sleeper disconnected") == 2, what="it came twice and went twice")
    broker.stop()
    broker.start()
    topics = ("$SYS/broker/clients/total", "jiancha/doctor/#", "jiancha/doctor/end")
    options = Options(client_id="x", port=broker.port, username=DAEMON, password=PASSWORD)
    with Visitor(options, Clock(), "looking", topics) as own:
        own.say("jiancha/doctor/end")
        heard = [d.topic for d in own.hear("jiancha/doctor/end")]
    assert [topic for topic in heard if topic.startswith("jiancha/doctor")] == ["jiancha/doctor/end"], (
        "nothing retained"
    )
    assert "jiancha-doctor" not in (broker.folder / "mosquitto.db").read_bytes().decode("latin-1"), "no session"


@pytest.mark.parametrize(
    ("change", "said"),
    [({"password": "wrong"}, "凭据"), ({"username": "nobody"}, "凭据"), ({"port": 1}, "连不上")],
    ids=["wrong password", "unknown user", "nobody there"],
)
def test_a_broker_that_lets_nobody_in(
    change: Mapping[str, Any], said: str, mosquitto: Callable[..., Mosquitto]
) -> None:
    broker = mosquitto()
    given = {"port": broker.port, "username": DAEMON, "password": PASSWORD, **change}
    [found] = BrokerProbe(Options(client_id="x", **given), Clock()).run()
    assert (found.check, found.ok) == ("broker.connection", False)
    assert said in found.why


# --------------------------------------------------------------------------- store and hall


def test_without_a_store_it_says_how_one_is_made(commands: Commands) -> None:
    found = dangers(commands.json("doctor", status=1))
    assert "registry import" in found["store.schema"]["fix"]
    assert not (commands.folder / "jiancha.sqlite").exists(), "looking makes nothing"


@pytest.mark.both_databases
def test_a_hall_that_is_in_order_has_no_finding(commands: Commands, database_url: str) -> None:
    commands.env["JIANCHA_STORE__URL"] = database_url
    commands.set_up(hall())
    assert dangers(commands.json("doctor", clock="07:50")) == {}
    text = commands.run("doctor", clock="07:50")
    assert "✓ calendar" in text
    assert "✗" not in text


def test_audit_rows_that_nobody_seals_and_a_key_that_is_another(commands: Commands) -> None:
    commands.set_up(hall())
    commands.run("audit", "seal")
    del commands.env["JIANCHA_AUDIT__KEY"]
    found = dangers(commands.json("doctor", clock="07:50", status=1))
    assert "the key that was used before" in found["audit.seal"]["fix"]
    commands.env["JIANCHA_AUDIT__KEY"] = "x" * 64
    found = dangers(commands.json("doctor", clock="07:50", status=1))
    assert "another key" in found["audit.seal"]["why"]
    commands.env["JIANCHA_AUDIT__KEY"] = "k" * 64
    assert dangers(commands.json("doctor", clock="07:50")) == {}


def test_what_the_registry_and_the_alerts_lack(commands: Commands) -> None:
    registry = hall(posts=[{"window": "w1", "staff": "s01", "rank": "A"}], devices=[])
    commands.set_up(registry)
    (commands.folder / "jiancha.toml").write_text('[alerts.receivers.duty]\nurl_env = "NOT_SET"\n')
    found = dangers(commands.json("doctor", clock="07:50", status=1))
    assert set(found) == {"registry.posts", "registry.sources", "alerts.routes", "alerts.receivers"}
    assert "window:w1" in found["registry.posts"]["why"]
    assert "NOT_SET" in found["alerts.receivers"]["why"]
    assert "[[alerts.routes]]" in found["alerts.routes"]["fix"]


@pytest.mark.parametrize(
    ("clock", "missing"),
    [("2026-10-31 12:00", False), ("2026-11-01 12:00", True)],
    ids=["the last day of October", "from 1 November"],
)
def test_next_years_calendar_is_called_in(commands: Commands, clock: str, missing: bool) -> None:
    commands.set_up(hall(devices=[]), clock=clock)
    commands.clock = clock
    found = dangers(commands.json("doctor", status=1))
    assert ("calendar" in found) is missing
    if missing:
        assert "jiancha calendar import 2027.json" in found["calendar"]["fix"]


def test_devices_unseen_and_silent_clocks_and_quarantine(commands: Commands) -> None:
    devices = [{"id": name, "kind": "terminal", "hall": "h1", "serves": ["*"]} for name in ("t1", "t2", "t3", "t4")]
    commands.set_up(hall(devices=devices), clock="07:45")
    feed = Feed()
    for device in ("t1", "t2", "t3"):
        feed.beat(device, "08:00:00", received="08:00:40")
    feed.event("t1", "checkin", "08:01", received="08:01:40", staff="nobody", method="face")
    write_lines(commands.folder / "day.jsonl", feed.lines())
    commands.run("events", "import", "day.jsonl", status=1, clock="08:02")

    found = dangers(commands.json("doctor", clock="08:02", status=1))
    assert set(found) == {"clock", "quarantine"}, "new devices have an hour"
    assert "unknown_ref 1" in found["quarantine"]["why"]
    assert "+40 s" in found["clock"]["why"], "three devices agree with each other and not with this machine"

    found = dangers(commands.json("doctor", clock="09:00", status=1))
    assert "t4" in found["devices.unseen"]["why"]
    assert all(name in found["devices.silent"]["why"] for name in ("t1", "t2", "t3"))
    assert "judging" in found, "nobody has judged since the morning"
    assert "jiancha run" in found["judging"]["fix"]

    commands.judge("09:00")
    commands.run("device", "revoke", "t4", "--reason", "未安装")
    again = dangers(commands.json("doctor", clock="09:00", status=1))
    assert "devices.unseen" not in again
    assert "judging" not in again


def test_a_clock_that_went_back_is_seen(commands: Commands) -> None:
    commands.set_up(hall(), clock="07:45")
    feed = Feed()
    feed.event("t1", "checkin", "08:01", staff="s01", method="face")
    write_lines(commands.folder / "day.jsonl", feed.lines())
    commands.run("events", "import", "day.jsonl", clock="08:02")
    found = dangers(commands.json("doctor", clock="07:50", status=1))
    assert "timedatectl" in found["clock"]["fix"]
