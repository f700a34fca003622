"""`config/systemd/jiancha-command`: commands as the service, its secrets on no command line, root's files by root."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOLD = ("JIANCHA_", "LOGNAME")


class Machine:
    """The command with its paths in a folder, before a `runuser` and a `jiancha` that say how they were called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("etc/jiancha/secrets", "var/lib/jiancha", "opt/jiancha/.venv/bin", "bin"):
            (folder / name).mkdir(parents=True)
        text = (ROOT / "config" / "systemd" / "jiancha-command").read_text()
        for place in ("/etc/jiancha", "/var/lib/jiancha", "/opt/jiancha"):
            text = text.replace(place, f"{folder}{place}")
        self._program("bin/jiancha", text)
        self._program("bin/runuser", '#!/bin/sh\necho "runuser $2"\nshift 3\nexec "$@"\n')
        self._program("opt/jiancha/.venv/bin/jiancha", '#!/bin/sh\necho "called $*"\nenv\n')

    def _program(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def call(self, *words: str, status: int = 0, **env: str) -> tuple[list[str], dict[str, str]]:
        """What was said before the environment, and what of the environment counts here."""
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        done = subprocess.run(
            [self.folder / "bin" / "jiancha", *words], env={"PATH": path, **env}, capture_output=True, text=True
        )
        assert done.returncode == status, done.stderr
        lines = done.stdout.replace(str(self.folder), "").splitlines()
        said = [line for line in lines if line.startswith(("runuser ", "called "))]
        return said, dict(line.split("=", 1) for line in lines if line.startswith(TOLD))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_command_is_the_services_with_its_store_configuration_and_secrets(machine: Machine) -> None:
    machine.write("etc/jiancha/jiancha.toml", "")
    machine.write("etc/jiancha/secrets/mqtt-password", "p w\n")
    machine.write("etc/jiancha/secrets/audit-key", "k\n")
    said, env = machine.call("cards", "list", SUDO_USER="li")
    assert said == ["runuser jiancha", "called cards list"]
    assert env == {
        "JIANCHA_STORE__URL": "sqlite:////var/lib/jiancha/jiancha.sqlite",
        "JIANCHA_CONFIG": "/etc/jiancha/jiancha.toml",
        "JIANCHA_MQTT__PASSWORD": "p w",
        "JIANCHA_AUDIT__KEY": "k",
        "JIANCHA_LOG": "ERROR",
        "LOGNAME": "li",
    }


def test_what_the_machine_sets_is_read_as_systemd_reads_it(machine: Machine) -> None:
    machine.write(
        "etc/jiancha/environment",
        '# a word\n\n;another\nno key\n1=2\nJIANCHA_MQTT__CLIENT_ID=a b $HOME `id`\nJIANCHA_MQTT__HOST="a b"\n'
        "JIANCHA_LOG='INFO'\nJIANCHA_STORE__URL=postgresql://x/y?a=b",
    )
    _, env = machine.call("cards", "list")
    assert env["JIANCHA_MQTT__CLIENT_ID"] == "a b $HOME `id`"
    assert (env["JIANCHA_MQTT__HOST"], env["JIANCHA_LOG"]) == ("a b", "INFO")
    assert env["JIANCHA_STORE__URL"] == "postgresql://x/y?a=b"
    assert env["LOGNAME"] == "root"


def test_a_store_whose_address_is_a_secret_goes_before_the_others(machine: Machine) -> None:
    """As JIANCHA_STORE__URL_FILE does in the unit; and no process list shows it."""
    machine.write("etc/jiancha/environment", "JIANCHA_STORE__URL=sqlite:////elsewhere.sqlite\n")
    machine.write("etc/jiancha/secrets/store-url", "postgresql+psycopg://jiancha:a%3Ab@db/jiancha\n")
    said, env = machine.call("cards", "list")
    assert env["JIANCHA_STORE__URL"] == "postgresql+psycopg://jiancha:a%3Ab@db/jiancha"
    assert said == ["runuser jiancha", "called cards list"]


@pytest.mark.parametrize(
    "words", [("device", "add", "x"), ("device", "ca", "d"), ("audit", "key"), ("kiosk", "certificate")]
)
def test_roots_files_are_written_by_root_which_makes_no_store(machine: Machine, words: tuple[str, ...]) -> None:
    said, env = machine.call(*words)
    assert said == [f"called {' '.join(words)}"]
    assert env["JIANCHA_STORE__URL"] == "sqlite://"
    machine.write("var/lib/jiancha/jiancha.sqlite", "")
    assert machine.call(*words)[1]["JIANCHA_STORE__URL"] == "sqlite:////var/lib/jiancha/jiancha.sqlite"


def test_without_roots_secrets_in_reach_nothing_is_run(machine: Machine) -> None:
    (machine.folder / "etc/jiancha/secrets").rmdir()
    assert machine.call("cards", "list", status=2) == ([], {})
