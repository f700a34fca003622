"""TLS to the broker: a certificate in place of a password, an authority that is not ours (DESIGN §3.1)."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.clock import Clock
from monitor.mqtt import Client, Options
from tests.conftest import Eventually
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], str]) -> Path:
    """ca, a server for 127.0.0.1, the device ev-1 and a second authority, as .crt and .key in one folder."""
    folder = tmp_path_factory.mktemp("certificates")
    openssl = tool("openssl")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)

    def key(name: str) -> tuple[str, ...]:
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key")

    for name in ("ca", "other"):
        run("req", "-x509", *key(name), "-out", f"{name}.crt", "-days", "2", "-subj", f"/CN=test {name}")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("server", "ev-1"):
        run("req", *key(name), "-out", f"{name}.csr", "-subj", f"/CN={name}")
        run(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", f"{name}.crt", "-days", "2", "-extfile", "names",
        )  # fmt: skip
    return folder


@pytest.fixture
def secured(mosquitto: Callable[..., Mosquitto], certificates: Path) -> Callable[..., Mosquitto]:
    """A broker that speaks TLS alone; further settings for certificates of clients."""

    def start(**settings: str) -> Mosquitto:
        files = {"cafile": "ca.crt", "certfile": "server.crt", "keyfile": "server.key"}
        paths = {setting: str(certificates / name) for setting, name in files.items()}
        return mosquitto("ev-1", settings={**paths, **settings})

    return start


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    started: list[Client] = []

    def start(broker: Mosquitto, user: str, **options: object) -> Client:
        named = {"client_id": user, "port": broker.port, "tls": True, "backoff_first_seconds": 0.05, **options}
        topics = ["jiancha/v1/+/+"] if user == DAEMON else []
        client = Client(Options(**named), clock=Clock(), subscriptions=topics)  # type: ignore[arg-type]
        started.append(client)
        client.start()
        return client

    yield start
    for client in started:
        client.stop()


def test_messages_pass_over_tls_larger_than_a_record(
    secured: Callable[..., Mosquitto], connect: Callable[..., Client], certificates: Path, eventually: Eventually
) -> None:
    broker = secured()
    ca = str(certificates / "ca.crt")
    daemon = connect(broker, DAEMON, username=DAEMON, password=PASSWORD, ca_file=ca)
    device = connect(broker, "ev-1", username="ev-1", password=PASSWORD, ca_file=ca)
    eventually(lambda: daemon.link.connected and device.link.connected)
    sent = [device.publish("jiancha/v1/ev-1/rating", bytes([n]) * 40_000) for n in range(30)]
    assert all(publication.wait(10) for publication in sent)
    got: list[bytes] = []

    def all_there() -> bool:
        batch = daemon.take(100, 0.05)
        daemon.ack(batch)
        got.extend(d.payload for d in batch)
        return len(got) == 30

    eventually(all_there)
    assert got == [bytes([n]) * 40_000 for n in range(30)]


def test_a_certificate_names_the_device(
    secured: Callable[..., Mosquitto], connect: Callable[..., Client], certificates: Path
) -> None:
    broker = secured(require_certificate="true", use_identity_as_username="true")
    files = {"cert_file": str(certificates / "ev-1.crt"), "key_file": str(certificates / "ev-1.key")}
    device = connect(broker, "ev-1", ca_file=str(certificates / "ca.crt"), **files)
    assert device.publish("jiancha/v1/ev-1/rating", b"{}").wait(10)
    assert not device.publish("jiancha/v1/ev-2/rating", b"{}").wait(10)


def test_a_broker_of_another_authority_is_not_spoken_to(
    secured: Callable[..., Mosquitto], connect: Callable[..., Client], certificates: Path, eventually: Eventually
) -> None:
    broker = secured()
    ca = str(certificates / "other.crt")
    client = connect(broker, DAEMON, username=DAEMON, password=PASSWORD, ca_file=ca)
    eventually(lambda: "CERTIFICATE_VERIFY_FAILED" in client.link.error)
    assert not client.link.connected


def test_a_missing_authority_is_refused_at_once(
    secured: Callable[..., Mosquitto], connect: Callable[..., Client], certificates: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        connect(secured(), DAEMON, ca_file=str(certificates / "nowhere.crt"))
