"""The README's own lines, played by mosquitto_pub to a real broker with the shipped configuration; the real daemon
hears them and tells of the bad rating.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests import plain_http
from tests.daemon import Daemon
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto

ROOT = Path(__file__).resolve().parents[2]
DEVICES = ("ev-w01", "gate-1", "cam-w01", "case-system")


@dataclass
class Hall:
    """Everything that runs."""

    broker: Mosquitto
    daemon: Daemon
    receiver: HTTPServer


def readme_lines() -> list[str]:
    text = (ROOT / "README.md").read_text()
    return [line for line in text.splitlines() if line.startswith("mosquitto_pub ")]


def play(lines: list[str], port: int) -> None:
    """The lines as a shell runs them, with the test's port in place of 1883."""
    script = "\n".join(line.replace("mosquitto_pub ", f"mosquitto_pub -p {port} ", 1) for line in lines)
    subprocess.run(["bash", "-e", "-c", script], check=True, timeout=60)


@pytest.fixture(scope="module")
def hall(
    tmp_path_factory: pytest.TempPathFactory,
    tool: Callable[[str], str],
    free_port: Callable[[], int],
    eventually: Callable[..., Any],
) -> Iterator[Hall]:
    folder = tmp_path_factory.mktemp("hall")
    tool("mosquitto_pub")
    with (
        HTTPServer(host="127.0.0.1") as receiver,
        Mosquitto(folder / "broker", free_port(), DEVICES, program=tool("mosquitto")) as broker,
    ):
        receiver.expect_request("/alerts").respond_with_data("ok")
        daemon = Daemon(folder, environment(broker), configuration(receiver.url_for("/alerts")))
        daemon.command("registry", "import", str(ROOT / "docs" / "examples" / "hall.toml"))
        with daemon:
            eventually(lambda: plain_http.get(f"{daemon.url}/readyz").status_code == 200, 30, "the daemon is ready")
            play(readme_lines(), broker.port)
            eventually(lambda: receiver.log, 60, "the bad rating's card is told")
            yield Hall(broker, daemon, receiver)


def environment(broker: Mosquitto) -> dict[str, str]:
    return {
        "JIANCHA_MQTT__PORT": str(broker.port),
        "JIANCHA_MQTT__USERNAME": DAEMON,
        "JIANCHA_MQTT__PASSWORD": PASSWORD,
    }


def configuration(url: str) -> str:
    routes = f'[alerts.receivers.board]\nurl = "{url}"\n[[alerts.routes]]\nreceivers = ["board"]\n'
    return f"{routes}[kiosk]\nenabled = true\n"


def test_every_line_of_the_readme_is_taken_as_it_stands(hall: Hall) -> None:
    assert json.loads(hall.daemon.command("quarantine", "list", "--json")) == []
    stored = json.loads(hall.daemon.command("report", "events", "--json"))["stored"]
    events = [line for line in readme_lines() if not re.search(r"/(heartbeat|status) ", line)]
    assert stored == len(events) >= 4


def test_the_card_of_the_bad_rating_reached_the_receiver(hall: Hall) -> None:
    bodies = [request.get_json() for request, _ in hall.receiver.log]
    rating = next(body for body in bodies if body["rule"] == "rating.bad")
    cards = json.loads(hall.daemon.command("cards", "list", "--json", "--rule", "rating.bad"))
    assert (rating["kind"], rating["level"], rating["hall"]) == ("firing", "yellow", "h1")
    assert [card["number"] for card in cards] == [rating["card"]]


def test_a_device_cannot_speak_as_another(hall: Hall, eventually: Callable[..., Any]) -> None:
    """The broker drops it without a word to the sender: what counts is that the daemon never hears it."""

    def heard() -> int:
        return int(json.loads(hall.daemon.command("report", "events", "--json"))["stored"])

    before = heard()
    rating = next(line for line in readme_lines() if "/ev-w01/rating " in line)
    checkin = next(line for line in readme_lines() if "/gate-1/checkin " in line)
    play([rating.replace("-u ev-w01", "-u gate-1"), checkin], hall.broker.port)
    eventually(lambda: heard() > before, 30, "the check-in, which was published after the forged rating")
    assert heard() == before + 1


def test_it_stops_cleanly_on_sigterm(hall: Hall) -> None:
    """Last: nothing is left to the fixture but the others."""
    assert hall.daemon.stop() == 0
