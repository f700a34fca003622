"""The units and timers: as systemd reads them, and as the daemon needs them (docs/adr/0054)."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "config" / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
TIMERS = sorted(path.name for path in UNITS.glob("*.timer"))
sys.path.insert(0, str(ROOT / "scripts"))
import docs_tables  # noqa: E402 - a script, not part of the package

EXPOSED_AT_MOST = 15
"""Tenths, of what `systemd-analyze security` counts; 100 is a service without any of it."""


def setting(unit: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", (UNITS / unit).read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All units in one folder, with programs and folders that are there on this machine."""
    folder = tmp_path_factory.mktemp("units")
    for path in [*UNITS.glob("*.service"), *UNITS.glob("*.timer")]:
        text = (
            path.read_text().replace("/opt/jiancha/.venv/bin/jiancha", "/bin/true").replace("/opt/jiancha", str(ROOT))
        )
        (folder / path.name).write_text(text)
    return folder


@pytest.mark.parametrize("name", [*SERVICES, *TIMERS])
def test_systemd_reads_it_without_a_word(installed: Path, name: str, tool: Callable[[str], str]) -> None:
    done = subprocess.run(
        [tool("systemd-analyze"), "verify", "--man=no", f"./{name}"], cwd=installed, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr.strip()) == (0, "")


@pytest.mark.parametrize("name", SERVICES)
def test_little_is_open_to_it(installed: Path, name: str, tool: Callable[[str], str]) -> None:
    done = subprocess.run(
        [tool("systemd-analyze"), "security", "--offline=true", f"--threshold={EXPOSED_AT_MOST}", f"./{name}"],
        cwd=installed, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_it_runs_as_nobody_in_particular(name: str) -> None:
    assert setting(name, "User") == ["jiancha"]
    assert setting(name, "NoNewPrivileges") == ["yes"]
    assert setting(name, "ProtectSystem") == ["strict"]
    assert setting(name, "CapabilityBoundingSet") == [""]


def test_an_outage_costs_the_daemon_one_restart_at_most() -> None:
    """The watchdog runs from READY=1 on, which comes when nothing ails; and no limit ends the tries."""
    name = "jiancha.service"
    assert setting(name, "Type") == ["notify"]
    assert setting(name, "NotifyAccess") == ["main"]
    assert setting(name, "TimeoutStartSec") == ["infinity"]
    assert setting(name, "WatchdogSec") == ["10min"]
    assert setting(name, "Restart") == ["on-failure"]
    assert setting(name, "StartLimitIntervalSec") == ["0"]
    # ends as by SIGTERM: what was begun is committed (tests/integration/test_service_manager.py)
    assert setting(name, "WatchdogSignal") == ["SIGTERM"]


@pytest.mark.parametrize("name", ["jiancha.service", "jiancha-task@.service"])
def test_secrets_are_handed_on_as_files(name: str) -> None:
    """No variable of a unit holds one, and each credential that a variable names is loaded."""
    named = {found for line in setting(name, "Environment") for found in re.findall(r"%d/([\w-]+)", line)}
    assert named == {line.split(":")[0] for line in setting(name, "LoadCredential")} == {"mqtt-password", "audit-key"}
    assert not re.search(r"^[^#]*(PASSWORD|KEY|SECRET)=", (UNITS / name).read_text(), re.MULTILINE)


def test_a_task_that_hangs_fails_in_the_end() -> None:
    """Else its timer starts no other: a oneshot may take for ever by systemd's own default."""
    assert setting("jiancha-task@.service", "Type") == ["oneshot"]
    assert setting("jiancha-task@.service", "TimeoutStartSec") == ["6h"]


def guide() -> list[str]:
    return [line for page in sorted((ROOT / "docs" / "guide").glob("*/*.md")) for line in page.read_text().splitlines()]


def test_no_secret_is_handed_on_as_a_file_whose_mode_its_reader_minds() -> None:
    """As of systemd 254 a credential is readable for its group, by an ACL: libpq passes such a PGPASSFILE by."""
    units = [line for path in UNITS.iterdir() if path.is_file() for line in path.read_text().splitlines()]
    assert [line for line in [*guide(), *units] if "PGPASSFILE=" in line] == []


def test_the_guide_puts_no_secret_of_the_server_on_a_command_line() -> None:
    """`ps` would show it to everybody. mosquitto_pub, which plays a device, takes a password in no other way."""
    typed = [line for line in guide() if "secrets/" in line and "$(cat" in line]
    assert len(typed) > 10
    builtin = ("echo ", "alter role ")  # the shell's own, and what goes in by a here-document
    assert [line for line in typed if not line.startswith((*builtin, "mosquitto_pub "))] == []


def test_no_secret_goes_where_another_s_is_to_be() -> None:
    """A place that is held by a password of ours is a password that is sent to whoever should get another."""
    copied = [line for line in guide() if line.startswith(("install ", "cp ")) and "/etc/jiancha/secrets/" in line]
    assert copied
    assert [line for line in copied if not line.split()[-1].startswith(("/etc/jiancha/", "/mnt/"))] == []


def test_each_timer_has_its_task_and_each_task_is_a_command() -> None:
    known = dict(docs_tables.commands())
    called = {setting(name, "Unit")[0] for name in TIMERS}
    tasks = {path.stem: path.read_text() for path in (UNITS / "tasks").glob("*.env")}
    assert called == {f"jiancha-task@{name}.service" for name in tasks}
    assert len(TIMERS) == len(tasks) == 4
    for text in tasks.values():
        words = shlex.split(text.strip().removeprefix("TASK="))
        assert " ".join(words[:2]) in known or words[0] in known, text
