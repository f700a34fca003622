"""systemd as far as the guide needs it: units as they are installed, started, waited for, asked and stopped.

What a unit says is followed: user, environment, credentials, folders, the word READY. What it forbids (hardening) is
not put in force: `systemd-analyze` reads that elsewhere (tests/unit/test_systemd_units.py).
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from tests import forked
from tests.guide.mapping import Mapping
from tests.mosquitto import answers

WAIT_SECONDS: Final = 120.0
RELOADED: Final = "Reloading config"
DEBIAN: Final = {
    "mosquitto": ("/usr/sbin/mosquitto", "-c", "/etc/mosquitto/mosquitto.conf"),
    "prometheus": (
        "/usr/bin/prometheus",
        "--config.file=/etc/prometheus/prometheus.yml",
        "--web.listen-address=127.0.0.1:9090",
        "--storage.tsdb.path=/var/lib/jiancha-prometheus",
    ),
    "prometheus-alertmanager": (
        "/usr/bin/prometheus-alertmanager",
        "--config.file=/etc/prometheus/alertmanager.yml",
        "--storage.path=/var/lib/jiancha-alertmanager",
    ),
    "nginx": ("/usr/sbin/nginx", "-e", "stderr", "-c", "/etc/nginx/room.conf"),
}
"""Services that Debian's packages bring, by what they run; their ports are waited for."""


class Failed(Exception):
    """What systemctl says to it."""


class Process(Protocol):
    pid: int

    def poll(self) -> int | None: ...
    def wait(self, timeout: float) -> int: ...
    def send_signal(self, number: int) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Unit:
    """`settings`: what [Service] says, a list where a key stands several times."""

    name: str
    settings: Dict[str, list[str]]

    def one(self, key: str) -> str:
        return self.settings.get(key, [""])[-1]


class Services:
    """`environment`: what every process here gets beside its own. `real` as of the room."""

    def __init__(self, mapping: Mapping, environment: Dict[str, str], *, real: bool) -> None:
        self._mapping = mapping
        self._environment = environment
        self._real = real
        self._running: dict[str, Process] = {}
        self._failed: set[str] = set()
        self.folder = mapping.root / "run"
        self.folder.mkdir(exist_ok=True)
        self.users: set[str] = {"root"}
        self.enabled: set[str] = set()

    # ------------------------------------------------------------------ what systemctl is asked

    def start(self, name: str, *, block: bool = True) -> None:
        if name.endswith(".timer"):
            self._unit(name)
            return
        if self._runs(name):
            return
        log = self.log(name)
        if name in DEBIAN:
            words = [self._mapping.here(word) for word in DEBIAN[name]]
            self._running[name] = subprocess.Popen(
                self._debian(name, words), stdout=log.open("ab"), stderr=subprocess.STDOUT, cwd=self.folder
            )
            self._await_ports(name)
            return
        unit = self._unit(name)
        if unit.one("Type") == "oneshot":
            self._once(name, unit)
            return
        notified = self._begin(name, unit)
        if block:
            self._await_ready(name, notified)

    def stop(self, name: str) -> None:
        process = self._running.pop(name, None)
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(WAIT_SECONDS)

    def reload(self, name: str) -> None:
        if not self._runs(name):
            raise Failed(f"{name}.service is not active, cannot reload.")
        log = self.log(name)
        before = log.read_text().count(RELOADED)
        self._running[name].send_signal(signal.SIGHUP)
        end = time.monotonic() + WAIT_SECONDS
        while (
            name == "mosquitto" and log.read_text().count(RELOADED) == before
        ):  # systemctl would not wait; a reader is slower
            if time.monotonic() > end:
                raise Failed(f"{name}.service has not reloaded")
            time.sleep(0.01)

    def state(self, name: str) -> str:
        if name.endswith(".timer"):
            return "active" if name in self.enabled else "inactive"
        if self._runs(name):
            return "active"
        return "failed" if name in self._failed else "inactive"

    @property
    def failed(self) -> list[str]:
        return sorted(self._failed)

    def log(self, name: str) -> Path:
        return self.folder / f"{name.removesuffix('.service')}.log"

    def stop_all(self) -> None:
        for name in list(self._running):
            self.stop(name)

    # ------------------------------------------------------------------ units

    def _unit(self, name: str) -> Unit:
        full = name if name.endswith(".timer") else f"{name.removesuffix('.service')}.service"
        template, instance = re.subn(r"@[^.]*\.", "@.", full)[0], re.search(r"@([^.]*)\.", full)
        path = self._mapping.root / "etc/systemd/system" / template
        if not path.exists():
            raise Failed(f"Unit {full} not found.")
        text = path.read_text()
        for folder in dict.fromkeys((f"{template}.d", f"{full}.d")):
            for more in sorted((path.parent / folder).glob("*.conf")):
                text += "\n" + more.read_text()
        settings: dict[str, list[str]] = {}
        for key, value in re.findall(r"^([A-Za-z]+)=(.*)$", text, re.MULTILINE):
            settings.setdefault(key, []).append(value.replace("%i", instance[1] if instance else ""))
        return Unit(name=full, settings=settings)

    def _environment_of(self, unit: Unit) -> dict[str, str]:
        """Of the process: credentials laid out as files, folders made, variables in the order that systemd has."""
        user = unit.one("User")
        if user not in self.users:
            raise Failed(f"{unit.name}: Failed to determine user credentials: no user {user}")
        credentials = self.folder / "credentials" / unit.name
        shutil.rmtree(credentials, ignore_errors=True)
        credentials.mkdir(parents=True)
        for line in unit.settings.get("LoadCredential", []):
            name, _, source = line.partition(":")
            if not Path(source).exists():
                raise Failed(f"{unit.name}: Failed to set up credentials: {source}: No such file or directory")
            shutil.copy(source, credentials / name)
        for name in unit.one("StateDirectory").split():
            Path(self._mapping.here(f"/var/lib/{name}")).mkdir(parents=True, exist_ok=True)
        made: dict[str, str] = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **self._environment}
        for line in unit.settings.get("Environment", []):
            made |= dict(word.split("=", 1) for word in shlex.split(line.replace("%d", str(credentials))))
        for line in unit.settings.get("EnvironmentFile", []):
            path = Path(line.removeprefix("-"))
            if path.exists():
                lines = [
                    one
                    for one in self._mapping.here(path.read_text()).splitlines()
                    if one.strip() and not one.startswith(("#", ";"))
                ]
                made |= dict(one.split("=", 1) for one in lines)
            elif not line.startswith("-"):
                raise Failed(f"{unit.name}: Failed to load environment files: {path}: No such file or directory")
        return made

    def _words(self, unit: Unit, environment: Dict[str, str]) -> list[str]:
        words: list[str] = []
        for word in shlex.split(unit.one("ExecStart")):
            words += shlex.split(environment.get(word[1:], "")) if word.startswith("$") else [word]
        if not os.access(words[0], os.X_OK):
            raise Failed(f"{unit.name}: Failed to locate executable {words[0]}: No such file or directory")
        return words

    def _begin(self, name: str, unit: Unit) -> socket.socket:
        environment = self._environment_of(unit)
        address = self.folder / f"{name}.notify"
        address.unlink(missing_ok=True)
        notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notified.bind(str(address))
        environment["NOTIFY_SOCKET"] = str(address)
        words = self._words(unit, environment)
        if self._real:
            self._running[name] = subprocess.Popen(
                words, env=environment, stdout=self.log(name).open("ab"), stderr=subprocess.STDOUT, cwd="/"
            )
        else:
            self._running[name] = forked.start(words[1:], env=environment, log=self.log(name), cwd=Path("/"))
        self._failed.discard(name)
        return notified

    def _once(self, name: str, unit: Unit) -> None:
        environment = self._environment_of(unit)
        words = self._words(unit, environment)
        if self._real:
            done = subprocess.run(words, env=environment, capture_output=True, text=True, cwd="/")
        else:
            done = forked.run(words[1:], env=environment, cwd=Path("/"))
        with self.log(name).open("a") as log:
            log.write(done.stdout + done.stderr)
        if done.returncode:
            self._failed.add(name)
            raise Failed(f"Job for {unit.name} failed because the control process exited with error code.")
        self._failed.discard(name)

    # ------------------------------------------------------------------ waiting

    def _runs(self, name: str) -> bool:
        process = self._running.get(name)
        if process is None:
            return False
        if (status := process.poll()) is None:
            return True
        del self._running[name]
        if status:
            self._failed.add(name)
        return False

    def _await_ready(self, name: str, notified: socket.socket) -> None:
        notified.settimeout(0.2)
        end = time.monotonic() + WAIT_SECONDS
        with notified:
            while time.monotonic() < end:
                if not self._runs(name):
                    raise Failed(f"Job for {name}.service failed.\n{self.log(name).read_text()[-2000:]}")
                try:
                    if b"READY=1" in notified.recv(4096):
                        return
                except TimeoutError:
                    continue
        raise Failed(f"Job for {name}.service timed out: {self.log(name).read_text()[-2000:]}")

    def _await_ports(self, name: str) -> None:
        path = self._mapping.root / f"etc/{name}"
        ports = {
            found
            for file in [*path.glob("*.conf"), *path.glob("*/*.conf")]
            for found in re.findall(r"^\s*listen(?:er)? (?:[\w.]+:)?(\d+)", file.read_text(), re.MULTILINE)
        }
        end = time.monotonic() + WAIT_SECONDS
        for port in ports:
            while time.monotonic() < end:
                if not self._runs(name):
                    raise Failed(f"Job for {name}.service failed.\n{self.log(name).read_text()[-2000:]}")
                with socket.socket() as probe:
                    listens = probe.connect_ex(("127.0.0.1", int(port))) == 0
                if listens and (name != "mosquitto" or answers(int(port), end - time.monotonic())):
                    break
                time.sleep(0.01)
            else:
                raise Failed(f"{name}.service does not listen on {port}")

    def _debian(self, name: str, words: list[str]) -> list[str]:
        """Debian's own command, after what its package's files would do elsewhere."""
        root = self._mapping.root
        defaults = root / "etc/default" / name
        if defaults.exists():
            found = re.search(r'^ARGS="(.*)"$', defaults.read_text(), re.MULTILINE)
            words = [*words, *(shlex.split(self._mapping.here(found[1])) if found else ())]
        if name == "mosquitto":
            here = self.folder / "mosquitto.conf"
            text = (root / "etc/mosquitto/mosquitto.conf").read_text()
            # as root it would turn into a user that cannot read this folder; that it has reloaded is information
            here.write_text(f"{text}user root\nlog_type information\n")
            (root / "var/lib/mosquitto").mkdir(parents=True, exist_ok=True)
            return [*words[:2], str(here)]
        (root / "etc/nginx/room.conf").write_text(
            f"daemon off; pid {self.folder}/nginx.pid; error_log stderr;\nevents {{}}\nhttp {{\n"
            f"access_log off; client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy;\n"
            f"fastcgi_temp_path {self.folder}/f; uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;\n"
            f"include {root}/etc/nginx/conf.d/*.conf;\n}}\n"
        )
        return words
