"""A tree of brokers for tests: halls whose Mosquitto passes on to the city's by the shipped bridge, over TLS."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from monitor.ops.authority import Authority
from tests.mosquitto import CONFIG, PASSWORD, Mosquitto
from tests.tcp_proxy import TcpProxy


def city(folder: Path, port: int, tls_port: int, halls: Mapping[str, Sequence[str]]) -> Mosquitto:
    """The city's broker with the shipped TLS listener beside the daemon's: a bridge user for each hall, which may speak
    for these devices.
    """
    authority = Authority(folder / "ca")
    authority.make(datetime.now(UTC))
    certificate, key = authority.issue_broker(["127.0.0.1"], datetime.now(UTC), 30)
    listener = (CONFIG / "listener-tls.conf").read_text().replace("listener 8883", f"listener {tls_port} 127.0.0.1")
    for name, path in (("ca.crt", authority.certificate), ("broker.crt", certificate), ("broker.key", key)):
        listener = listener.replace(f"/etc/mosquitto/certs/{name}", str(path))
    made = Mosquitto(folder / "city", port, [f"bridge-{hall}" for hall in halls], append=f"\n{listener}")
    with (made.folder / "jiancha.acl").open("a") as acl:
        for hall, devices in halls.items():
            acl.write(section(hall, devices))
    return made


def section(hall: str, devices: Sequence[str]) -> str:
    """As the shipped example of a hall's section, with these devices."""
    shipped = (
        (CONFIG / "bridge-city.acl").read_text().replace("bridge-h1", f"bridge-{hall}").replace("/h1/", f"/{hall}/")
    )
    kept = [line for line in shipped.splitlines() if not line.startswith(("#", "topic write jiancha/v1/"))]
    return "\n".join([*kept, *(f"topic write jiancha/v1/{device}/#" for device in devices)]) + "\n"


def hall(folder: Path, port: int, name: str, devices: Sequence[str], line: int, **settings: str) -> Mosquitto:
    """A hall's broker with the shipped bridge to the city, whose TLS listener is reached at the port `line`."""
    bridge = (CONFIG / "bridge-hall.conf").read_text()
    here = {
        "address": f"127.0.0.1:{line}", "remote_password": PASSWORD,
        "bridge_cafile": str(Authority(folder / "ca").certificate), "restart_timeout": "1", "keepalive_interval": "5",
        **settings,
    }  # fmt: skip
    for key, value in here.items():
        bridge, found = re.subn(rf"^{key} .*$", f"{key} {value}", bridge, flags=re.MULTILINE)
        assert found == 1, f"bridge-hall.conf: {key}"
    bridge = re.sub(r"\bh1\b", name, bridge)
    made = Mosquitto(folder / name, port, devices)
    conf = made.folder / "mosquitto.conf"
    conf.write_text(f"{conf.read_text()}\n{bridge}")
    return made


class Tree:
    """A city and halls {name: devices}; the line of each hall goes by a proxy that can be cut."""

    def __init__(self, folder: Path, free_port: Callable[[], int], halls: Mapping[str, Sequence[str]]) -> None:
        tls = free_port()
        self.city = city(folder, free_port(), tls, halls)
        self.lines = {name: TcpProxy(tls).start() for name in halls}
        self.halls = {
            name: hall(folder, free_port(), name, devices, self.lines[name].port) for name, devices in halls.items()
        }

    def start(self) -> Tree:
        self.city.start()
        for broker in self.halls.values():
            broker.start()
        return self

    def stop(self) -> None:
        for broker in (*self.halls.values(), self.city):
            broker.stop()
        for line in self.lines.values():
            line.close()

    def interrupt(self, name: str) -> None:
        """The line of a hall is down until `mend`."""
        self.lines[name].refuse = True
        self.lines[name].cut()

    def mend(self, name: str) -> None:
        self.lines[name].refuse = False

    def said(self, broker: Mosquitto, user: str, topic: str, *options: str) -> list[str]:
        """What is retained of a topic, as a user sees it: lines `topic payload`."""
        done = subprocess.run(
            ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "-u", user, "-P", PASSWORD, "-t", topic, "-v",
             "-W", "1", *options],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout.splitlines()
