"""`jiancha demo`, as a viewer calls it: the program, a real broker, devices, alerts — and nothing left behind.

It takes longer than a test of every run may; there its stage and its story are (test_demo_stage, test_demo_story).
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests import plain_http
from tests.conftest import Eventually

JIANCHA = str(Path(sys.executable).with_name("jiancha"))
PROMISED = 9
"""Sights on the checklist."""


class Show:
    """A running demo: its lines as they come, its processes as they are seen."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.children: set[psutil.Process] = set()
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("JIANCHA_")}
        self.process = subprocess.Popen(
            [JIANCHA, "demo", "--folder", str(folder), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=inherited,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if self.process.poll() is None:
                self.children |= set(psutil.Process(self.process.pid).children(recursive=True))

    def has(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    def wait(self, seconds: float) -> int:
        """The exit status."""
        status = self.process.wait(seconds)
        self._reader.join(10)
        return status

    def text(self) -> str:
        return "\n".join(self.lines)

    def still_running(self) -> list[str]:
        return [child.name() for child in self.children if child.is_running() and child.status() != "zombie"]

    def suggested(self) -> list[str]:
        """The commands that it says to try next."""
        lines = [line.partition("#")[0].strip() for line in self.lines if " --config " in line]
        assert lines[-1].endswith(" run"), "the last one opens the console again, until Ctrl-C"
        return lines[:-1]

    def signed_in(self) -> httpx.Client:
        """At its console, by the account and the password that it prints."""
        found = next(m for line in self.lines if (m := re.search(r"控制台 (\S+)/  账户 (\w+).*口令 ([\w-]+)（", line)))
        client = plain_http.client(base_url=found[1])
        answer = client.post("/sign-in", data={"user": found[2], "password": found[3]})
        assert (answer.status_code, answer.headers["location"]) == (303, "/"), answer.text
        return client


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Callable[..., Show]]:
    started: list[Show] = []

    def start(*options: str) -> Show:
        started.append(Show(tmp_path / f"demo{len(started)}", *options))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.send_signal(signal.SIGTERM)
            one.process.wait(30)


def after_it(command: str) -> str:
    done = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


@pytest.mark.long
def test_ctrl_c_ends_it_in_order_and_leaves_only_the_folder(
    show: Callable[..., Show], eventually: Eventually, tool: Callable[[str], str]
) -> None:
    tool("mosquitto")
    demo = show()
    eventually(lambda: demo.has("告警 ○ 预警 办件超期") or demo.process.poll() is not None, 90, "a first alert")
    assert demo.process.poll() is None, demo.text()
    assert demo.has("23 台设备各用自己的账号经 MQTT 上报")
    assert {"mosquitto"} < {child.name() for child in demo.children}
    console = demo.signed_in()
    assert "办件超期" in console.get("/cards").text
    assert "1 号窗口" in console.get("/board/demo").text
    console.close()
    demo.process.send_signal(signal.SIGINT)
    assert demo.wait(40) == 1, demo.text()
    assert demo.still_running() == []
    assert demo.has("未演到：")
    kept = {path.name for path in demo.folder.iterdir()} - {"jiancha.sqlite.lock"}
    assert kept == {"jiancha.sqlite", "jiancha.toml", "registry.toml", "daemon.log", "devices.log"}
    for command in demo.suggested():
        after_it(command)
    assert "demo-case-1" in after_it(demo.suggested()[0])


@pytest.mark.parametrize("carried_by", ["MQTT", "HTTP"])
@pytest.mark.long
def test_within_two_minutes_everything_promised_is_seen_and_nobody_is_accused_by_silence(
    show: Callable[..., Show], tool: Callable[[str], str], carried_by: str
) -> None:
    tool("mosquitto")
    began = time.monotonic()
    demo = show(*(["--http"] if carried_by == "HTTP" else []))
    status = demo.wait(180)
    took = time.monotonic() - began
    text = demo.text()
    assert status == 0, text
    assert took < 120, f"{took:.0f} s\n{text}"
    assert len([line for line in demo.lines if re.match(r"^✔ ", line)]) == PROMISED, text
    assert ("设备改用 HTTP 上报" in text) is (carried_by == "HTTP")
    assert demo.still_running() == []
    cards, explained, *others = [after_it(command) for command in demo.suggested()]
    accused = set(re.findall(r"slot:(demo-p\d\d)/", cards))
    assert accused == {"demo-p02", "demo-p07", "demo-p08", "demo-p13"}, "those of the story; 16 to 30 use the dead one"
    assert "2026-02-28" in explained
    assert "调休上班日，计入" in explained
    assert all(others)
