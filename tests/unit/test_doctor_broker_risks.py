"""Each danger of a mosquitto.conf is named with the line that mends it, and that line mends it."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.ops.doctor import brokerfile, brokerrisks
from monitor.settings import config_dir

ACL = "pattern write jiancha/v1/%u/#\nuser jiancha\ntopic read jiancha/v1/#\n"


def shipped(folder: Path, *changes: tuple[str, str], acl: str = ACL) -> Path:
    """The shipped file with its paths in the folder, and some lines replaced (empty: taken out)."""
    text = (config_dir() / "mosquitto" / "mosquitto.conf").read_text()
    text = text.replace("/etc/mosquitto/", f"{folder}/").replace("/var/lib/mosquitto/", f"{folder}/")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (folder / "jiancha.acl").write_text(acl)
    file = folder / "mosquitto.conf"
    file.write_text(text)
    return file


def dangers(file: Path, version: str = "5") -> dict[str, str]:
    found = brokerrisks.check(brokerfile.read(file), version=version, lost_ok_days=7)
    return {one.check.removeprefix("broker."): one.fix for one in found if not one.ok}


def test_the_shipped_file_holds_no_danger(tmp_path: Path) -> None:
    assert dangers(shipped(tmp_path)) == {}
    assert dangers(shipped(tmp_path), version="3.1.1") == {}


@pytest.mark.parametrize("name", ["listener-tls.conf", "listener-certificate.conf"])
def test_neither_do_the_shipped_listeners(tmp_path: Path, name: str) -> None:
    file = shipped(tmp_path)
    file.write_text(file.read_text() + (config_dir() / "mosquitto" / name).read_text())
    assert dangers(file) == {}


CASES = {
    "nothing kept": (("persistence true\n", ""), "persistence", "persistence true"),
    "saved by time alone": (("autosave_on_changes true", ""), "autosave", "autosave_on_changes true"),
    "a short queue": (("max_queued_messages 1000000", ""), "max_queued_messages", "max_queued_messages 1000000"),
    "a queue without bound": (("max_queued_bytes 1073741824", ""), "max_queued_bytes", "max_queued_bytes 1073741824"),
    "a bound above the disk": (("max_queued_bytes 1073741824", f"max_queued_bytes {2**60}"), "max_queued_bytes", ""),
    "sessions of a day": (("client_expiration 30d", "client_expiration 1d"), "persistent_client_expiration", "30d"),
    "payloads cut": (("message_size_limit 1048576", "message_size_limit 1000"), "message_size_limit", "1048576"),
    "anybody": (("allow_anonymous false", "allow_anonymous true"), "allow_anonymous", "allow_anonymous false"),
    "no passwords": (("password_file", "#password_file"), "allow_anonymous", "password_file"),
    "no ACL": (("acl_file", "#acl_file"), "acl_file", "acl_file /etc/mosquitto/jiancha.acl"),
    "passwords in clear": (("listener 1883 127.0.0.1", "listener 1883"), "tls", "listener 1883 127.0.0.1"),
}


@pytest.mark.parametrize(("change", "check", "fix"), CASES.values(), ids=CASES)
def test_each_danger_is_named_with_its_line(tmp_path: Path, change: tuple[str, str], check: str, fix: str) -> None:
    found = dangers(shipped(tmp_path, change))
    assert list(found) == [check]
    assert fix in found[check]


def test_few_messages_in_flight_matter_to_mqtt_3_alone(tmp_path: Path) -> None:
    file = shipped(tmp_path, ("max_inflight_messages 2000", ""))
    assert dangers(file) == {}
    assert list(dangers(file, version="3.1.1")) == ["max_inflight_messages"]


FORGING = {
    "all users write all": "pattern jiancha/v1/#",
    "one user writes all": "user gate\ntopic write jiancha/v1/+/checkin",
    "readwrite": "topic readwrite #",
    "by the client's own name": "pattern write jiancha/v1/%c/#",
}


@pytest.mark.parametrize("line", FORGING.values(), ids=FORGING)
def test_a_line_that_lets_one_device_speak_as_another_is_found(tmp_path: Path, line: str) -> None:
    assert list(dangers(shipped(tmp_path, acl=f"{ACL}{line}\n"))) == ["acl_file"]


def test_a_line_before_the_first_user_is_for_anonymous_clients_alone(tmp_path: Path) -> None:
    assert dangers(shipped(tmp_path, acl=f"topic readwrite jiancha/#\n{ACL}")) == {}


def test_an_acl_without_the_devices_own_line_is_found(tmp_path: Path) -> None:
    assert list(dangers(shipped(tmp_path, acl="user jiancha\ntopic read #\n"))) == ["acl_file"]


def test_the_acl_that_is_shipped_lets_nobody_forge(tmp_path: Path) -> None:
    assert dangers(shipped(tmp_path, acl=(config_dir() / "mosquitto" / "jiancha.acl").read_text())) == {}


def test_debians_own_file_is_read_with_what_it_includes(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "own.conf").write_text("max_queued_messages 0\nlistener 8883\ncertfile x\n")
    file = tmp_path / "mosquitto.conf"
    file.write_text(f"persistence true\ninclude_dir {tmp_path / 'conf.d'}\n")
    read = brokerfile.read(file)
    assert (read.text("persistence"), read.text("max_queued_messages")) == ("true", "0")
    assert [(one.port, one.has_tls) for one in read.listeners] == [(8883, True)]


@pytest.mark.parametrize("text", ["listener here\n", "autosave_interval soon\n"])
def test_what_is_no_configuration_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mosquitto.conf"
    file.write_text(text)
    with pytest.raises(brokerfile.Unreadable, match=str(file)):
        list(brokerrisks.check(brokerfile.read(file), version="5", lost_ok_days=7))


def test_the_broker_of_this_machine_is_found_by_its_command_line(tmp_path: Path) -> None:
    def process(number: str, *words: str) -> None:
        folder = tmp_path / "proc" / number
        folder.mkdir(parents=True)
        (folder / "cmdline").write_bytes("\0".join(words).encode() + b"\0")
        (folder / "cwd").symlink_to(tmp_path)

    (tmp_path / "own.conf").write_text("listener 1999 127.0.0.1\npersistence true\n")
    process("10", "python3", "mosquitto")
    process("11", "/usr/sbin/mosquitto", "-p", "1888")
    process("12", "mosquitto", "-c", "own.conf", "-v")
    process("13", "mosquitto", "-c", "gone.conf")
    proc = tmp_path / "proc"
    defaults, own = brokerfile.of_this_machine(1888, proc), brokerfile.of_this_machine(1999, proc)
    assert defaults is not None
    assert own is not None
    assert (defaults.text("persistence"), own.text("persistence")) == ("", "true")
    with pytest.raises(brokerfile.Unreadable, match=r"gone\.conf"):
        brokerfile.of_this_machine(1777, proc)
