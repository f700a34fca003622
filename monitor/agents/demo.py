"""The demo (演示): a simulated hall before the real program — broker, daemon, devices, alerts — in one terminal.

The daemon and Mosquitto are child processes, the devices threads of this one; everything ends with it. Only the folder
with the database, the configuration and the daemon's log stays.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog
from rich.console import Console

from monitor.agents.children import CannotStart
from monitor.agents.demoplan import DAYS, HALL
from monitor.agents.devices import Carrier, Fleet, HttpDevices
from monitor.agents.screen import Arrival, Frame, LiveScreen, PlainScreen, Screen, Wording
from monitor.agents.sights import Checklist, Evidence
from monitor.agents.stage import Stage
from monitor.agents.watch import View, Watcher
from monitor.clock import Clock
from monitor.signals import ends_by
from monitor.store.engine import Store
from monitor.wording import level_word

DAY_SECONDS: Final = 45.0
LOOK_SECONDS: Final = 0.4
AFTER_SECONDS: Final = 6.0
"""How long the last cards and alerts may take after the end of the last day."""

__all__ = ["DAY_SECONDS", "CannotStart", "Options", "run_demo"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """`folder` None: a new one below the system's; `use_http`: devices use the HTTP feed even beside a Mosquitto."""

    folder: Path | None = None
    day_seconds: float = DAY_SECONDS
    use_http: bool = False
    plain: bool = False
    stay: bool = False
    """The console stays open after the last day, until Ctrl-C."""


def run_demo(options: Options, console: Console) -> bool:
    """Play the demo to its end or to Ctrl-C; whether everything promised was seen. Raises CannotStart, OSError."""
    folder = options.folder or Path(tempfile.mkdtemp(prefix="jiancha-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    # Ctrl-C, SIGTERM and a closed terminal end the demo in order
    with ends_by(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as stop, _logs_to(folder / "devices.log"):
        return _Demo(options, folder.resolve(), console, stop).run()


@contextlib.contextmanager
def _logs_to(file: Path) -> Iterator[None]:
    """The terminal belongs to the demo: what the devices log goes to a file."""
    before = structlog.get_config()
    with file.open("a", encoding="utf-8") as out:
        structlog.configure(logger_factory=structlog.WriteLoggerFactory(out))
        try:
            yield
        finally:
            structlog.configure(**before)


class _Demo:
    def __init__(self, options: Options, folder: Path, console: Console, stop: threading.Event) -> None:
        self._options, self._folder, self._console, self._stop = options, folder, console, stop
        self._checklist = Checklist()
        self._last: View | None = None
        self._stopped_early = False

    def run(self) -> bool:
        """1. set the stage 2. play 3. end everything, in reverse order 4. say what was seen and what to try."""
        days = f"一个大厅的 {DAYS} 个工作日，每天约 {self._options.day_seconds:g} 秒"
        self._say(f"监察演示：{days}；随时可按 Ctrl-C 结束。文件夹 {self._folder}")
        with contextlib.ExitStack() as parts:
            stage = Stage(self._folder, day_seconds=self._options.day_seconds, parts=parts, say=self._say)
            clock, store, carrier = stage.open(self._stop, use_http=self._options.use_http)
            _open_browser(stage.console)
            if not self._stop.is_set():
                self._play(stage, clock, store, carrier, parts)
            self._stopped_early = self._stop.is_set()
            if self._options.stay and not self._stopped_early:
                self._say(f"演示已到尾声，控制台仍开着：{stage.console}  按 Ctrl-C 结束")
                self._stop.wait()
            ended = clock.now()
        stage.tidy(ended)
        self._farewell(stage)
        return self._checklist.is_kept

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    # -- playing

    def _play(self, stage: Stage, clock: Clock, store: Store, carrier: Carrier, parts: contextlib.ExitStack) -> None:
        """Devices in a thread, looks in this one, until the last day is over and everything has been seen."""
        fleet = Fleet(stage.story.simulation, carrier, clock)
        thread = threading.Thread(target=fleet.run, args=(self._stop,), name="devices")
        thread.start()
        parts.callback(thread.join)
        parts.callback(self._stop.set)
        registry = stage.story.hall.registry
        watcher = Watcher(store, registry, stage.story.simulation.calendar(HALL), stage.story.cut_slots)
        path = "HTTP" if isinstance(carrier, HttpDevices) else "MQTT"
        with contextlib.closing(self._screen(stage)) as screen:
            arrived: list[Arrival] = []
            for now in self._looks(clock, stage.story.end):
                self._last = watcher.look(now)
                alerts = stage.receiver.alerts()
                arrived += [(now, alert) for alert in alerts[len(arrived) :]]
                completed = self._checklist.update(Evidence(view=self._last, alerts=alerts))
                console = f"{stage.console} 账户 demo 口令 {stage.password}"
                frame = Frame(
                    view=self._last, alerts=arrived, checklist=self._checklist, path=path, console=console
                )  # fmt: skip
                screen.show(frame, completed)
                if fleet.failed is not None:
                    raise CannotStart(f"模拟设备出错 the simulated devices failed: {fleet.failed!r}")

    def _screen(self, stage: Stage) -> Screen:
        words = Wording(stage.story.hall.shown_names(), stage.zone)
        is_plain = self._options.plain or not self._console.is_terminal
        return PlainScreen(self._console, words) if is_plain else LiveScreen(self._console, words)

    def _looks(self, clock: Clock, end: datetime) -> Iterator[datetime]:
        """When to look: until the end, and then a little longer while something is still missing."""
        last: float | None = None
        while not self._stop.is_set():
            now = clock.now()
            if last is None and now >= end:
                last = clock.monotonic() + AFTER_SECONDS
            yield now
            if last is not None and (self._checklist.is_kept or clock.monotonic() >= last):
                return
            self._stop.wait(LOOK_SECONDS)

    # -- the end

    def _farewell(self, stage: Stage) -> None:
        """What was seen, where everything is, what to try next."""
        self._say("")
        unseen = "· 未演到：" if self._stopped_early else "✘ 未见到："
        for sight in self._checklist.sights:
            self._say(f"{'✔' if sight.key in self._checklist.seen_at else unseen} {sight.text}")
        for card in self._checklist.accused:
            self._say(f"✘ 断线期间误记：第 {card['number']} 号 {card['subject']['id']}")
        cards = self._last.cards if self._last else ()
        counts = "，".join(
            f"{level_word(level)} {sum(card['level'] == level for card in cards)}"
            for level in ("red", "yellow", "reminder")
        )
        self._say(f"\n共 {len(cards)} 张牌：{counts}。演示进程均已结束。")
        self._say(f"数据库 {stage.database}（日志、台账、配置在同一文件夹）\n\n接着可以试试：")
        for command, what in _next_commands([card["number"] for card in cards if card["level"] == "red"]):
            self._say(f"  {_program()} --config {shlex.quote(str(stage.config))} {command}    # {what}")


def _open_browser(address: str) -> None:
    """The console in the viewer's browser, where there is a screen that shows one."""
    if sys.stdout.isatty() and any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")):
        webbrowser.open(address)


def _next_commands(red: list[int]) -> Iterator[tuple[str, str]]:
    yield "cards list", "所有牌"
    if red:
        yield f"explain {red[0]}", "这张红牌的依据和逐日计算"
    yield "subjects list", "所有监察对象"
    yield "report events", "收到多少数据"
    yield "run", "再开控制台：账户 demo，口令同上"


def _program() -> str:
    """How this program was called, so that the lines can be copied."""
    name = Path(sys.argv[0])
    return f"{shlex.quote(sys.executable)} -m monitor" if name.name == "__main__.py" else shlex.quote(str(name))
