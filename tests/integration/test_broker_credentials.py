"""`jiancha device add|revoke|list|ca` against a real Mosquitto in its three shipped forms: password, TLS with password,
TLS with a certificate for each device.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from monitor.clock import Clock
from monitor.mqtt import Options
from monitor.ops import passwords
from monitor.ops.doctor.probes import Unanswered, Visitor
from tests import forked
from tests.conftest import Eventually
from tests.halls import Commands, hall
from tests.mosquitto import CONFIG, DAEMON, PASSWORD, Mosquitto

DEVICES = [{"id": name, "kind": "evaluator", "window": "w1"} for name in ("ev-01", "ev-02")]
END = "jiancha/doctor/end"


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    """A hall with two evaluators, registered."""
    made = Commands(tmp_path)
    made.set_up(hall(devices=DEVICES))
    return made


def daemon(broker: Mosquitto) -> Options:
    return Options(client_id="x", port=broker.port, username=DAEMON, password=PASSWORD)


def visit(options: Options, name: str, *topics: str) -> Visitor:
    return Visitor(options, Clock(), name, topics)


def refused(options: Options) -> bool:
    try:
        with visit(options, "refused"):
            return False
    except Unanswered:
        return True


def heard(broker: Mosquitto, device: Options, *topics: str) -> list[str]:
    """Which of the topics a device can publish on, as the daemon's user hears them."""
    with visit(daemon(broker), "watcher", "jiancha/v1/#", END) as watcher:
        with visit(device, "device") as speaker:
            for topic in topics:
                speaker.say(topic, b"{}")
        with visit(daemon(broker), "end") as end:
            end.say(END)
        return [delivery.topic for delivery in watcher.hear(END)][:-1]


# --------------------------------------------------------------------------- passwords


def test_a_device_comes_in_by_the_password_it_was_given_and_speaks_for_itself_alone(
    commands: Commands, mosquitto: Callable[..., Mosquitto], eventually: Eventually
) -> None:
    broker = mosquitto()
    file = broker.folder / "jiancha.passwd"
    password = commands.run("device", "add", "ev-01", "--password-file", str(file)).strip()
    device = replace(daemon(broker), username="ev-01", password=password)
    assert refused(device)
    broker.reload()
    eventually(lambda: not refused(device))
    own, other = "jiancha/v1/ev-01/rating", "jiancha/v1/ev-02/rating"
    assert heard(broker, device, other, own) == [own]
    assert not refused(daemon(broker)), "the others keep their passwords"
    assert refused(replace(device, password="wrong"))


def test_revoking_takes_the_password_and_the_place_in_the_registry(
    commands: Commands, mosquitto: Callable[..., Mosquitto], eventually: Eventually
) -> None:
    broker = mosquitto()
    file = broker.folder / "jiancha.passwd"
    password = commands.run("device", "add", "ev-01", "--password-file", str(file)).strip()
    device = replace(daemon(broker), username="ev-01", password=password)
    broker.reload()
    eventually(lambda: not refused(device))

    said = commands.run("device", "revoke", "ev-01", "--reason", "失窃", "--password-file", str(file))
    assert "SIGHUP" in said
    broker.reload()
    eventually(lambda: refused(device))
    assert [d["revoked_at"] is None for d in commands.json("device", "list")] == [False, True]
    assert commands.json("quarantine", "list") == []
    event = '{"received":"2026-03-02T09:00:01+08:00","device":"ev-01","channel":"rating","payload":'
    line = event + '{"id":"e1","at":"2026-03-02T09:00:00+08:00","score":5}}\n'
    (commands.folder / "late.jsonl").write_text(line)
    commands.run("events", "import", "late.jsonl", status=1)
    assert [row["reason"] for row in commands.json("quarantine", "list")] == ["unknown_device"]

    commands.run("device", "add", "ev-01", "--password-file", str(file))
    assert [d["revoked_at"] for d in commands.json("device", "list")] == [None, None], "new credentials take it back"


def test_the_line_by_mosquittos_own_tool_and_ours_stand_side_by_side(
    commands: Commands, mosquitto: Callable[..., Mosquitto], eventually: Eventually
) -> None:
    broker = mosquitto("ev-02")
    ours = commands.run("device", "add", "ev-01", "--password-file", str(broker.folder / "jiancha.passwd")).strip()
    broker.add_user("cam-01")
    for user, password in (("ev-01", ours), ("ev-02", PASSWORD), ("cam-01", PASSWORD)):
        eventually(lambda u=user, p=password: not refused(replace(daemon(broker), username=u, password=p)))


def test_without_a_file_the_line_for_a_distant_broker_is_printed(commands: Commands, tmp_path: Path) -> None:
    done = subprocess.run(
        [commands.program, "device", "add", "ev-01"],
        env=commands.environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert re.fullmatch(r"[\w-]{24}\n", done.stdout)
    assert re.search(r"^ev-01:\$7\$101\$", done.stderr, re.MULTILINE)


@pytest.mark.parametrize("words", [("add", "ev-99"), ("add", "EV 1"), ("revoke", "ev-99", "--reason", "x")], ids=str)
def test_a_device_that_the_registry_lacks_gets_nothing(commands: Commands, words: tuple[str, ...]) -> None:
    file = commands.folder / "passwd"
    commands.run("device", *words, "--password-file", str(file), status=2)
    assert not file.exists()


def test_what_cannot_be_written_is_not_recorded(commands: Commands) -> None:
    commands.run("device", "revoke", "ev-01", "--reason", "失窃")
    commands.run("device", "add", "ev-01", "--password-file", str(commands.folder / "nowhere" / "passwd"), status=2)
    assert commands.json("device", "list")[0]["revoked_at"] is not None


def test_the_daemons_own_user_gets_a_password_without_being_a_device(commands: Commands) -> None:
    file = commands.folder / "passwd"
    commands.run("device", "add", "jiancha", "--password-file", str(file))
    assert passwords.users(file) == {"jiancha"}


def test_a_device_of_the_daemons_name_would_read_everything_and_is_refused(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    commands.set_up(hall(devices=[{"id": "jiancha", "kind": "evaluator", "window": "w1"}]))
    commands.run("device", "add", "jiancha", "--password-file", "passwd", status=2)
    assert not (tmp_path / "passwd").exists()


# --------------------------------------------------------------------------- TLS


@pytest.fixture
def tls(
    commands: Commands, free_port: Callable[[], int], tool: Callable[[str], str]
) -> Iterator[Callable[[str], tuple[Mosquitto, int]]]:
    """`tls("listener-tls.conf")`: the shipped file with that listener, certificates by `device ca`; its port beside."""
    started: list[Mosquitto] = []

    def start(listener: str) -> tuple[Mosquitto, int]:
        ca, port = commands.folder / "ca", free_port()
        commands.run("device", "ca", str(ca), "--host", "localhost", "--host", "127.0.0.1")
        text = (CONFIG / listener).read_text().replace("/etc/mosquitto/certs/", f"{ca}/")
        text = re.sub(r"^listener .*$", f"listener {port} 127.0.0.1", text, flags=re.MULTILINE)
        broker = Mosquitto(commands.folder / "broker", free_port(), ["ev-02"], None, tool("mosquitto"), append=text)
        started.append(broker)
        return broker.start(), port

    yield start
    for broker in started:
        broker.stop()


def test_tls_with_password(commands: Commands, tls: Callable[[str], tuple[Mosquitto, int]]) -> None:
    broker, port = tls("listener-tls.conf")
    ca = str(commands.folder / "ca" / "ca.crt")
    device = Options(client_id="x", port=port, tls=True, ca_file=ca, username="ev-02", password=PASSWORD)
    own = "jiancha/v1/ev-02/rating"
    assert heard(broker, device, "jiancha/v1/ev-01/rating", own) == [own]
    assert refused(replace(device, password="wrong"))
    assert refused(replace(device, tls=False)), "plain text is not understood there"
    assert refused(replace(device, ca_file=None)), "a device that does not know the authority does not trust the broker"
    assert not refused(replace(device, host="localhost"))


def test_tls_with_a_certificate_for_each_device(
    commands: Commands, tls: Callable[[str], tuple[Mosquitto, int]]
) -> None:
    broker, port = tls("listener-certificate.conf")
    ca = commands.folder / "ca"
    cert, key, authority = commands.run("device", "add", "ev-01", "--ca", str(ca)).split()
    assert Path(key).stat().st_mode & 0o777 == 0o600
    device = Options(client_id="x", port=port, tls=True, ca_file=authority, cert_file=cert, key_file=key)
    own, other = "jiancha/v1/ev-01/rating", "jiancha/v1/ev-02/rating"
    assert heard(broker, device, other, own) == [own]
    pretending = replace(device, username="ev-02", password=PASSWORD)
    assert heard(broker, pretending, other, own) == [own], "the certificate says who it is, not the user name"
    assert refused(replace(device, cert_file=None, key_file=None)), "nobody comes in without a certificate"
    assert refused(replace(device, cert_file=None, key_file=None, username="ev-02", password=PASSWORD))


def test_a_stranger_with_the_same_name_does_not_come_in(
    commands: Commands, tls: Callable[[str], tuple[Mosquitto, int]]
) -> None:
    _, port = tls("listener-certificate.conf")
    authority = str(commands.folder / "ca" / "ca.crt")
    another = str(commands.folder / "another")
    commands.run("device", "ca", another, "--host", "localhost")
    cert, key, _ = commands.run("device", "add", "ev-01", "--ca", another).split()
    assert refused(Options(client_id="x", port=port, tls=True, ca_file=authority, cert_file=cert, key_file=key))


def test_a_revoked_certificate_is_shut_out_after_a_restart(
    commands: Commands, tls: Callable[[str], tuple[Mosquitto, int]], tmp_path: Path
) -> None:
    broker, port = tls("listener-certificate.conf")
    ca = commands.folder / "ca"
    made = [Path(path) for path in commands.run("device", "add", "ev-01", "--ca", str(ca)).split()]
    stolen = [path.rename(tmp_path / path.name) for path in made[:2]]
    for old, new in zip(made[:2], stolen, strict=True):
        old.write_bytes(new.read_bytes())
    device = Options(client_id="x", port=port, tls=True, ca_file=str(made[2]))
    device = replace(device, cert_file=str(stolen[0]), key_file=str(stolen[1]))
    other = commands.run("device", "add", "ev-02", "--ca", str(ca)).split()
    assert not refused(device)
    said = commands.run("device", "revoke", "ev-01", "--reason", "失窃", "--ca", str(ca))
    assert "ca.crl" in said
    assert not list((ca / "devices").glob("ev-01.*")), "what is revoked is not kept beside what holds"
    broker.stop()
    broker.start()
    assert refused(device)
    assert not refused(replace(device, cert_file=other[0], key_file=other[1]))


def test_a_device_has_one_certificate_and_its_older_one_is_revoked(commands: Commands) -> None:
    ca = commands.folder / "ca"
    commands.run("device", "ca", str(ca), "--host", "localhost")
    for _ in range(3):
        commands.run("device", "add", "ev-01", "--ca", str(ca), "--days", "30")
    listed = x509.load_pem_x509_crl((ca / "ca.crl").read_bytes())
    now = x509.load_pem_x509_certificate((ca / "devices" / "ev-01.crt").read_bytes())
    assert len(list(listed)) == 2
    assert listed.get_revoked_certificate_by_serial_number(now.serial_number) is None
    assert now.subject.rfc4514_string() == "CN=ev-01"
    assert (now.not_valid_after_utc - now.not_valid_before_utc).days == 31
    assert (ca / "ca.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("step", [("add", "ev-01"), ("revoke", "ev-01", "--reason", "失窃")], ids=["add", "revoke"])
def test_a_mistyped_folder_does_not_become_a_second_authority(commands: Commands, step: tuple[str, ...]) -> None:
    right, mistyped = commands.folder / "ca", commands.folder / "caa"
    commands.run("device", "ca", str(right), "--host", "localhost")
    done = forked.run(("device", *step, "--ca", str(mistyped)), env=commands.environment(), cwd=commands.folder)
    assert done.returncode == 2, done.stderr
    assert "没有证书机构" in done.stderr
    assert f"jiancha device ca {mistyped} --host" in done.stderr, "the way out"
    assert not mistyped.exists()
    assert not list(right.glob("devices/*"))


# --------------------------------------------------------------------------- list


def test_the_list_shows_what_was_heard_of_each_device(commands: Commands) -> None:
    lines = [
        ("ev-01", "status", '{"state":"online","at":"2026-03-02T09:00:00+08:00"}'),
        ("ev-01", "heartbeat", '{"at":"2026-03-02T09:00:00+08:00","queue":3}'),
    ]
    head = '{"received":"2026-03-02T09:00:02+08:00","device":'
    text = "".join(f'{head}"{device}","channel":"{channel}","payload":{body}}}\n' for device, channel, body in lines)
    (commands.folder / "day.jsonl").write_text(text)
    commands.run("events", "import", "day.jsonl")
    seen, unseen = commands.json("device", "list")
    assert seen == {
        "id": "ev-01",
        "kind": "evaluator",
        "hall": "h1",
        "window": "w1",
        "last_heartbeat": "2026-03-02T09:00:02+08:00",
        "skew_seconds": 2.0,
        "queue": 3,
        "status": "online",
        "revoked_at": None,
    }
    assert {key: unseen[key] for key in ("last_heartbeat", "skew_seconds", "queue", "status")} == dict.fromkeys(
        ("last_heartbeat", "skew_seconds", "queue", "status")
    )
    assert "ev-01" in commands.run("device", "list")
