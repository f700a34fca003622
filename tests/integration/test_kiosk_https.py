"""HTTPS for kiosks: the certificate's command, the second listener of a real daemon, what is refused, the doctor."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509

from monitor.clock import Clock
from monitor.ops.authority import Authority
from monitor.ops.certificates import BadCertificate, read_pair
from monitor.ops.doctor.kioskchecks import check_kiosks
from monitor.settings import FaceSettings, HttpSettings, KioskSettings, SettingsError, load
from monitor.supervision.tokens import create_token
from tests import forked
from tests.daemon import Daemon
from tests.faces import photos
from tests.halls import toml
from tests.kiosks import PIN, enrol_face, give_pin, https, rows_with, small_world, token_for, trusting
from tests.world import World

NOW = Clock().now()


def issue(folder: Path, *hosts: str, days: int = 100, now: Any = NOW) -> tuple[Path, Path]:
    authority = Authority(folder)
    authority.make(now)
    return authority.issue_server("kiosk", hosts or ("localhost", "127.0.0.1"), now, days)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with both listeners and the small hall, its certificate made by the command."""
    folder = tmp_path_factory.mktemp("https")
    config = "[mqtt]\nenabled = false\n[kiosk]\nenabled = true\n"
    made = Daemon(folder, {}, config)
    shown = made.command(
        "kiosk", "certificate", "--host", "localhost", "--ip", "127.0.0.1", "--out", str(folder / "ca")
    )
    made = Daemon(folder, {}, config + shown.replace("8643", "0"))
    (folder / "registry.toml").write_text(toml(rows_with("k1", "k2")), encoding="utf-8")
    made.command("registry", "import", str(folder / "registry.toml"))
    with made:
        yield made


def test_a_kiosk_checks_in_over_https_and_the_plain_listener_stays(daemon: Daemon) -> None:
    secure = https(daemon)
    assert secure.startswith("https://localhost:")
    assert daemon.url.startswith("http://127.0.0.1:")
    made = daemon.command("pin", "set", "--staff", "s01", "--make").strip()
    config = daemon.folder / "port.toml"  # the port came from the system; the command reads it from the settings
    config.write_text((daemon.folder / "jiancha.toml").read_text().replace("tls_port = 0", "tls_port = 8643"))
    line = forked.run(
        ["--config", str(config), "kiosk", "token", "--device", "k1"], env=daemon.environment, timeout=60
    ).stdout.strip()
    assert line.startswith("https://localhost:8643/kiosk#token=jct_")
    headers = {"Authorization": f"Bearer {line.partition('token=')[2]}"}
    with httpx.Client(base_url=secure, verify=trusting(daemon.folder / "ca"), headers=headers) as http:
        assert [http.get(path).status_code for path in ("/healthz", "/metrics", "/readyz")] == [200, 404, 404]
        told = http.get("/kiosk/api/config").json()
        assert (told["device"], told["hall_name"], told["faces"]) == ("k1", "政务中心", False)
        now = told["now"]
        assert http.post("/kiosk/api/heartbeat", json={"at": now, "queue": 0, "boot": "b"}).status_code == 200
        said = {"id": "6b1f7a52-6a83-4f0e-9f0a-0d3c3c7a2a11", "at": now, "staff": "s01", "pin": made}
        done = http.post("/kiosk/api/pin", json=said).json()
        assert (done["state"], done["name"]) == ("done", "员工1")
    assert httpx.get(f"{daemon.url}/metrics").text.count('jiancha_kiosk_attempts_total{result="pin_right"} 1.0') == 1
    listed = json.loads(daemon.command("kiosk", "list", "--json"))
    assert [(row["device"], row["queue"]) for row in listed] == [("k1", 0)]
    assert listed[0]["last_heartbeat"] is not None


def test_a_kiosk_that_does_not_trust_the_authority_does_not_talk(daemon: Daemon) -> None:
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        httpx.get(https(daemon) + "/healthz")


def test_the_command_keeps_the_authority_and_its_keys_to_the_owner(daemon: Daemon, tmp_path: Path) -> None:
    ca = tmp_path / "ca"
    daemon.command("kiosk", "certificate", "--ip", "192.168.10.5", "--host", "kaoqin.hall.local", "--out", str(ca))
    before = (ca / "ca.crt").read_bytes()
    first = x509.load_pem_x509_certificate((ca / "kiosk.crt").read_bytes())
    daemon.command("kiosk", "certificate", "--ip", "192.168.10.5", "--host", "kaoqin.hall.local", "--out", str(ca))
    second = x509.load_pem_x509_certificate((ca / "kiosk.crt").read_bytes())
    assert (ca / "ca.crt").read_bytes() == before
    assert first.serial_number != second.serial_number
    for name in ("ca.key", "kiosk.key"):
        assert stat.S_IMODE((ca / name).stat().st_mode) == 0o600
    pair = read_pair(ca / "kiosk.crt", ca / "kiosk.key", Clock().now())
    assert pair.names == ("kaoqin.hall.local", "192.168.10.5")
    assert (pair.covers("192.168.10.5"), pair.covers("other.local")) == (True, False)


@pytest.mark.parametrize(
    ("says", "spoil", "key", "told"),
    [
        ("no certificate there", lambda c, k: c.unlink(), "http.tls_cert", "没有这个文件"),
        ("no key there", lambda c, k: k.unlink(), "http.tls_key", "没有这个文件"),
        ("a text for a certificate", lambda c, k: c.write_text("x"), "http.tls_cert", "不是 PEM 证书"),
        ("a text for a key", lambda c, k: k.write_text("x"), "http.tls_key", "不是未加密的 PEM 私钥"),
        ("another key", lambda c, k: k.write_bytes((c.parent / "ca.key").read_bytes()), "http.tls_key", "与证书不配"),
        ("an expired one", lambda c, k: issue(c.parent, days=1, now=NOW - timedelta(days=9)), "http.tls_cert",
         "不在有效期内"),
    ],
)  # fmt: skip
def test_a_pair_that_cannot_be_served_says_key_and_way_out(
    says: str, spoil: Callable[[Path, Path], Any], key: str, told: str, tmp_path: Path
) -> None:
    cert, secret = issue(tmp_path)
    read_pair(cert, secret, Clock().now())
    spoil(cert, secret)
    with pytest.raises(BadCertificate, match=told) as error:
        read_pair(cert, secret, Clock().now())
    assert str(error.value).startswith(f"{key}: ")
    assert "jiancha kiosk certificate" in str(error.value) or "成对" in str(error.value)


def test_the_daemon_does_not_start_with_such_a_pair(tmp_path: Path) -> None:
    config = '[mqtt]\nenabled = false\n[http]\ntls_port = 0\ntls_cert = "no.crt"\ntls_key = "no.key"\n'
    refused = Daemon(tmp_path, {}, config)
    done = forked.run(["--config", str(tmp_path / "jiancha.toml"), "run"], env=refused.environment, timeout=60)
    assert done.returncode == 2
    assert f"http.tls_cert: {tmp_path / 'no.crt'}: 没有这个文件" in done.stderr


def test_a_port_without_its_certificate_is_refused_with_the_settings() -> None:
    with pytest.raises(SettingsError, match="tls_port needs tls_cert"):
        load(environ={"JIANCHA_HTTP__TLS_PORT": "8643"})


# --------------------------------------------------------------------------- tokens


@pytest.mark.parametrize(
    ("says", "device", "told"),
    [("a camera", "c1", "不是签到终端"), ("one that nobody registered", "t9", "未登记")],
)
def test_a_token_is_for_a_terminal_of_the_registry(
    says: str, device: str, told: str, store: Any, tmp_path: Path
) -> None:
    world = small_world(store, tmp_path)
    with pytest.raises(ValueError, match=told):
        token_for(world, device)


def test_a_devices_token_cannot_have_the_scope_of_kiosks(store: Any, tmp_path: Path) -> None:
    world = small_world(store, tmp_path)
    with store.write() as conn, pytest.raises(ValueError, match="scopes: kiosk"):
        create_token(conn, devices=["k1"], scopes=["kiosk"], now=world.clock.now())


# --------------------------------------------------------------------------- the doctor


def findings(world: World, **settings: Any) -> dict[str, tuple[bool, str]]:
    chosen = world.settings.model_copy(update={"kiosk": KioskSettings(enabled=True), **settings})
    with world.store.read() as conn:
        look = world.program.judge().look(conn, world.clock.now())
        return {one.check: (one.ok, f"{one.why} {one.fix}") for one in check_kiosks(look, chosen, Clock().now())}


def with_pair(pair: tuple[Path, Path], **more: Any) -> HttpSettings:
    return HttpSettings(tls_port=0, tls_cert=str(pair[0]), tls_key=str(pair[1]), **more)


def test_the_doctor_looks_at_the_certificate(store: Any, tmp_path: Path) -> None:
    world = small_world(store, tmp_path)
    assert findings(world)["kiosk.certificate"][0] is False
    cases = {
        "good": (("localhost", "127.0.0.1"), 100, True, "尚有"),
        "soon": (("localhost",), 20, False, "20 天后到期"),
        "elsewhere": (("localhost", "192.0.2.7"), 100, False, "192.0.2.7"),
    }
    for name, (hosts, days, ok, told) in cases.items():
        pair = issue(tmp_path / name, *hosts, days=days, now=Clock().now() + timedelta(minutes=1))
        found = findings(world, http=with_pair(pair))["kiosk.certificate"]
        assert (found[0], told in found[1]) == (ok, True), (name, found)


def test_the_doctor_names_whoever_has_no_other_way(store: Any, tmp_path: Path) -> None:
    from monitor.store.facekeys import KeyStore

    world = small_world(store, tmp_path, "k1")
    keys = KeyStore(tmp_path / "keys")
    enrol_face(world, keys, "s01", photos(1))
    enrol_face(world, keys, "s02", photos(2))
    faces = FaceSettings(keys=str(keys.path))
    assert findings(world, faces=faces)["kiosk.other_way"][0], "k1 has no token yet: it may be a terminal for cards"
    token_for(world, "k1")
    give_pin(world, "s01", PIN)
    ok, why = findings(world, faces=faces)["kiosk.other_way"]
    assert (ok, "s02" in why, "s01" in why) == (False, True, False)
    assert findings(world, faces=faces)["kiosk.faces"] == (True, "刷脸与密码 faces and PIN ")
    assert "PIN alone" in findings(world)["kiosk.faces"][1]
