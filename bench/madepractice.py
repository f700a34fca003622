"""A year of a hall of Tongshan's size through the commands: what its devices tell, month after month judged, assessed,
decided and signed off.

`Practice` holds the hall in a folder of its own and runs `jiancha` as people and timers do, each command a process:
its seconds, CPU and greatest resident set are kept by phase. Nothing but simulated devices and the registry is made
up: no row is written past the program.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time as clock
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.agents.tomlfile import toml_text
from monitor.supervision.bulk import MOST as BULK

ZONE: Final = ZoneInfo("Asia/Shanghai")
HALL: Final = "h1"
BOOK: Final = "tongshan"
WINDOWS_A_UNIT: Final = 5
UNITS_A_TERMINAL: Final = 2
PROMISES: Final = (3, 7, 15)
"""Working days that a unit's promised items promise; by statute each has 20. It has as many immediate ones (I02)."""
BEAT: Final = 3600
GRACE: Final = timedelta(days=2)
"""A month is worked and signed off so long after its end, when the last devices have told of its last evening."""
RATES: Final = {
    "late": 0.02, "missing": 0.005, "empty": 0.02, "bad": 0.01, "cut": 0.01, "overrun": 0.002,
}  # fmt: skip
CLERK, JUDGE, HEAD = "li", "wang", "zhao"
"""Who enters by hand, who decides what others found, who signs."""
ROLES: Final = {CLERK: "duty_supervisor", JUDGE: "duty_supervisor", HEAD: "supervision_head"}
REJECTED: Final = 7
"""One proposal in so many is not confirmed."""
REPORTS: Final = ("xlsx", "pdf", "zip", "json")
CONFIG: Final = f"""\
[mqtt]
enabled = false
[policy.device]
heartbeat_seconds = {BEAT}
reminder_intervals = 0
red_minutes = 240
skew_untrusted_seconds = 300
"""
PLAYED: Final = f"""\
{CONFIG}[clock]
hours = [07:00:00, 19:30:00]
"""
"""For `simulate`: when devices are on."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """What the hall is to have. 13 cases a window and workday are 318,022 of a year and a few more (I01)."""

    year: int = 2025
    windows: int = 100
    people: int = 250
    cases: int = 13
    months: int = 12

    @property
    def names(self) -> list[str]:
        return [f"{self.year}-{month:02}" for month in range(1, self.months + 1)]

    @property
    def first(self) -> date:
        return date(self.year, 1, 1)

    @property
    def after(self) -> date:
        """The day after the last month's days of grace."""
        return (_after(self.names[-1]) + GRACE).date()


@dataclass
class Used:
    """What a phase took. `wall`, `cpu`: seconds over all its commands, `longest…` of one; `peak`: MB of the largest."""

    wall: float = 0.0
    cpu: float = 0.0
    longest_wall: float = 0.0
    longest: float = 0.0
    peak: float = 0.0
    runs: int = 0
    each: list[tuple[float, float]] = field(default_factory=list)
    """Wall and CPU of each command, in their order."""

    def add(self, wall: float, cpu: float, peak: float) -> None:
        self.wall += wall
        self.cpu += cpu
        self.longest_wall = max(self.longest_wall, wall)
        self.longest = max(self.longest, cpu)
        self.peak = max(self.peak, peak)
        self.runs += 1
        self.each.append((wall, cpu))

    def to_json(self) -> dict[str, float]:
        return {
            "wall_s": round(self.wall, 1), "cpu_s": round(self.cpu, 1), "longest_s": round(self.longest_wall, 2),
            "longest_cpu_s": round(self.longest, 2), "peak_mb": round(self.peak), "runs": self.runs,
        }  # fmt: skip


@dataclass
class Practice:
    """A hall in `folder`; `url` of its store, else a SQLite file there."""

    folder: Path
    size: Size = field(default_factory=Size)
    book: str = BOOK
    url: str = ""
    used: dict[str, Used] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _minutes: int = 0

    @property
    def store(self) -> str:
        return self.url or f"sqlite:///{self.folder / 'year.sqlite'}"

    # -- commands

    def run(self, phase: str, now: datetime, *words: str, statuses: Sequence[int] = (0,)) -> str:
        """One command at the time `now`; gives its stdout. Raises RuntimeError for another exit status."""
        with tempfile.TemporaryFile() as out:
            began = clock.perf_counter()
            child = subprocess.Popen(self._command(words), env=self._environment(now), stdout=out)
            self._ended(phase, child, began, words, statuses)
            out.seek(0)
            return out.read().decode()

    def at_once(self, phase: str, now: datetime, said: Sequence[Sequence[str]]) -> None:
        """Commands that do not wait for each other, two at a time."""
        with ThreadPoolExecutor(max_workers=2) as desks:
            for done in [desks.submit(self.run, phase, now, *words) for words in said]:
                done.result()

    def _command(self, words: Sequence[str], config: str = "jiancha.toml") -> list[str]:
        return [sys.executable, "-m", "monitor", "--config", str(self.folder / config), *words]

    def _environment(self, now: datetime) -> dict[str, str]:
        """A minute later for each command, so that none finds what another wrote ahead of it; compiled modules are
        kept, as an installed program has them.
        """
        with self._lock:
            self._minutes += 1
            shown = now.astimezone(ZONE) + timedelta(minutes=self._minutes)
        known = {"JIANCHA_STORE__URL": self.store, "JIANCHA_CLOCK__START": shown.isoformat()}
        return {**os.environ, **known, "PYTHONDONTWRITEBYTECODE": ""}

    def _ended(
        self, phase: str, child: subprocess.Popen[bytes], began: float, words: Sequence[str], statuses: Sequence[int]
    ) -> None:
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        with self._lock:
            mine = self.used.setdefault(phase, Used())
            mine.add(clock.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3)
        if child.returncode not in statuses:
            raise RuntimeError(f"jiancha {' '.join(words)[:200]}: exit status {child.returncode}")

    # -- the year

    def prepare(self) -> None:
        """Registry, people who work with it, the rule book."""
        now = datetime.combine(self.size.first, time(0), ZONE) - timedelta(hours=1)
        (self.folder / "jiancha.toml").write_text(CONFIG, encoding="utf-8")
        registry = self.folder / "registry.toml"
        registry.write_text(toml_text(registry_of(self.size)), encoding="utf-8")
        self.run("prepare", now, "registry", "import", str(registry))
        for user, role in ROLES.items():
            self.run("prepare", now, "user", "add", user, "--role", role, "--halls", HALL)
        first = self.size.names[0]
        self.run("prepare", now, "judge", "--as-of", now.isoformat())  # what is expected is made from here on
        words = ("--hall", HALL, "--from", first, "--reason", "试行")
        self.run("prepare", now, "assess", "book", "use", self.book, *words)

    def months(self) -> Iterator[tuple[str, Path]]:
        """Each month with the file of what was received until it is worked, as soon as it is whole."""
        words = ["simulate", "-o", "-", "--from", self.size.first.isoformat()]
        words += ["--days", str((self.size.after - self.size.first).days), "--cases", str(self.size.cases)]
        words += [word for name, rate in RATES.items() for word in (f"--{name}", str(rate))]
        now = datetime.combine(self.size.first, time(0), ZONE)
        (self.folder / "played.toml").write_text(PLAYED, encoding="utf-8")
        began = clock.perf_counter()
        command = self._command(words, "played.toml")
        child = subprocess.Popen(command, env=self._environment(now), stdout=subprocess.PIPE)
        assert child.stdout is not None
        whole = [threading.Event() for _ in self.size.names]
        failed: list[BaseException] = []

        def split(lines: Any) -> None:
            try:
                for ready, count in zip(whole, self._split(lines), strict=True):
                    self.counts["lines"] = self.counts.get("lines", 0) + count
                    ready.set()
                self._ended("simulate", child, began, words, (0,))
            except BaseException as error:  # told to whoever waits
                failed.append(error)
                for ready in whole:
                    ready.set()

        splitter = threading.Thread(target=split, args=(child.stdout,))
        splitter.start()
        for month, ready in zip(self.size.names, whole, strict=True):
            ready.wait()
            if failed:
                raise failed[0]
            yield month, self._lines_of(month)
        splitter.join()
        if failed:
            raise failed[0]

    def _split(self, lines: Iterator[bytes]) -> Iterator[int]:
        """The lines into a file for each month; gives how many, file by file as each is closed."""
        held: bytes | None = None
        for month in self.size.names:
            end = b'{"received":"' + worked_at(month).astimezone(UTC).isoformat()[:19].encode()
            with self._lines_of(month).open("wb") as out:
                count = 0
                for line in [held] if held is not None else []:
                    out.write(line)
                    count += 1
                held = None
                for line in lines:
                    if line >= end:
                        held = line
                        break
                    out.write(line)
                    count += 1
            yield count
        for _ in lines:
            raise RuntimeError("simulated beyond the last month")

    def _lines_of(self, month: str) -> Path:
        return self.folder / f"{month}.jsonl"

    def take_in_next(self, coming: Iterator[tuple[str, Path]]) -> None:
        """The next month, if there is one, into the store."""
        for month, lines in itertools.islice(coming, 1):
            self.take_in(month, lines)

    def take_in(self, month: str, lines: Path) -> None:
        fed = json.loads(self.run("import", worked_at(month), "events", "import", str(lines), "--json"))
        assert fed["quarantined"] == 0, fed
        self._count("events", fed["stored"])
        lines.unlink()

    def judge(self, month: str) -> None:
        now = worked_at(month)
        done = json.loads(self.run("judge", now, "judge", "--as-of", now.isoformat(), "--json"))
        self._count("judged", done["judged"])

    def work(self, month: str) -> None:
        """Something entered by hand, the ledgers brought up to date, what waits decided by somebody else."""
        now = worked_at(month)
        number = int(month[5:])
        window, person = f"w{number * 7 % self.size.windows:02d}", f"s{number * 11 % self.size.people:02d}"
        if self.book == BOOK:
            words = ("assess", "mark", "D19.patrol", "--hall", HALL, "--date", f"{month}-15", "--text", "巡查记录")
            whom = (("--window", window), ("--staff", person))
            self.at_once("mark", now, [(*words, *one, "--as", CLERK) for one in whom])
        report = json.loads(self.run("run", now, "assess", "run", "--hall", HALL, "--month", month, "--json"))
        self._count("facts", report["facts"])
        self._count("unknown", report["unknown"])
        self._count("proposals", report["proposed"])
        self.decide(month, now)

    def decide(self, month: str, now: datetime) -> None:
        """Everything that waits, in bulk and at two desks; what the rule book wants more evidence for stays open."""
        listed = ("assess", "proposals", "--hall", HALL, "--month", month, "--as", JUDGE, "--json")
        waiting = [one for one in json.loads(self.run("list", now, *listed)) if one["why_open"] != "no_evidence"]
        numbers = [str(one["number"]) for one in waiting]
        rejected = numbers[REJECTED - 1 :: REJECTED]
        confirmed = [one for one in numbers if one not in set(rejected)]
        said: list[tuple[str, ...]] = []
        for verdict, mine in (("confirm", confirmed), ("reject", rejected)):
            some = [mine[first : first + BULK] for first in range(0, len(mine), BULK)]
            said += [("assess", verdict, *one, "--reason", "查看录像属实", "--as", JUDGE) for one in some]
            self._count(verdict, len(mine))
        self.at_once("decide", now, said)

    def close(self, period: str, now: datetime) -> None:
        words = ("--period", period, "--hall", HALL, "--reason", "经核对", "--as", HEAD)
        self.run(f"close {kind(period)}", now, "assess", "close", *words)

    def closing_after(self, month: str) -> list[str]:
        """What is signed off when this month is over, itself first."""
        number, year = int(month[5:]), month[:4]
        ends = [month]
        ends += [f"{year}-Q{number // 3}"] if number % 3 == 0 else []
        ends += [f"{year}-H{number // 6}"] if number % 6 == 0 else []
        return ends + ([year] if number == 12 else [])

    def periods(self) -> list[str]:
        return [period for month in self.size.names for period in self.closing_after(month)]

    def whole(self) -> None:
        """From the registry to the last period that is signed off. What devices tell of a month is taken in while the
        month before is judged and worked, as beside a daemon: what is received later is not known there.
        """
        self.prepare()
        coming = self.months()
        with ThreadPoolExecutor(max_workers=1) as feeder:
            fed = feeder.submit(self.take_in_next, coming)
            for month in self.size.names:
                fed.result()
                fed = feeder.submit(self.take_in_next, coming)
                self.judge(month)
                self.work(month)
                for period in self.closing_after(month):
                    self.close(period, worked_at(month))
            fed.result()

    # -- afterwards

    @property
    def end(self) -> datetime:
        return worked_at(self.size.names[-1])

    def verify(self) -> list[dict[str, Any]]:
        """What is signed; each snapshot is held against its digest."""
        told = self.run("verify", self.end, "assess", "periods", "--hall", HALL, "--verify", "--json")
        found: list[dict[str, Any]] = json.loads(told)
        return found

    def report(self, period: str, ending: str) -> Path:
        file = self.folder / f"{period}.{ending}"
        words = ("assess", "report", "--period", period, "--hall", HALL, "-o", str(file))
        self.run(f"report {ending}", self.end, *words)
        return file

    def snapshot(self, period: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.report(period, "json").read_text(encoding="utf-8"))
        return found

    def month(self) -> Used:
        """Of the longest month: its run and its signing off."""
        both = zip(self.used["run"].each, self.used["close month"].each, strict=True)
        wall, cpu = max((run[0] + closed[0], run[1] + closed[1]) for run, closed in both)
        return Used(wall=wall, cpu=cpu)

    def _count(self, what: str, number: int) -> None:
        self.counts[what] = self.counts.get(what, 0) + number

    def total(self) -> Used:
        """Of what the goal is about: from simulating to the year signed off."""
        whole = Used()
        for phase, one in self.used.items():
            if not phase.startswith(("report", "verify")):
                whole.wall, whole.cpu = whole.wall + one.wall, whole.cpu + one.cpu
                whole.peak, whole.runs = max(whole.peak, one.peak), whole.runs + one.runs
        return whole


def kind(period: str) -> str:
    """month, quarter, half or year."""
    if len(period) == len("2026"):
        return "year"
    return {"Q": "quarter", "H": "half"}.get(period[5], "month")


def _after(month: str) -> datetime:
    """When the month is over."""
    year, number = int(month[:4]), int(month[5:])
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=ZONE)


def worked_at(month: str) -> datetime:
    return _after(month) + GRACE


def registry_of(size: Size) -> Mapping[str, list[dict[str, Any]]]:
    """The hall: two people at each window, the others in the offices; a head for each unit; people sign on and off at
    the evaluators, nobody is filmed. Terminals and the source of cases beat each hour, evaluators are known by what
    they tell.
    """
    count = -(-size.windows // WINDOWS_A_UNIT)
    units = [f"u{n:02d}" for n in range(count)]
    of_window = [units[n // WINDOWS_A_UNIT] for n in range(size.windows)]
    windows = [f"w{n:02d}" for n in range(size.windows)]
    seated = 2 * size.windows
    of_person = [of_window[n % size.windows] if n < seated else units[n % count] for n in range(size.people)]
    return {
        "halls": [{"id": HALL, "name": "政务服务中心", "attendance": BOOK}],
        "units": [
            {"id": unit, "hall": HALL, "name": f"{n + 1} 号单位", "head": f"s{seated + n:02d}"}
            for n, unit in enumerate(units)
        ],
        "windows": [
            {"id": window, "unit": of_window[n], "name": f"{n + 1}号窗口", "requires_duty": True, "lead": f"s{n:02d}"}
            for n, window in enumerate(windows)
        ],
        "staff": [{"id": f"s{n:02d}", "unit": unit, "name": f"员{n}"} for n, unit in enumerate(of_person)],
        "posts": [
            {"window": window, "staff": f"s{n + size.windows * back:02d}", "rank": rank}
            for n, window in enumerate(windows)
            for back, rank in enumerate("AB")
        ],
        "items": [
            item
            for unit in units
            for n, promise in enumerate(PROMISES)
            for item in (
                {"id": f"now{n}-{unit}", "unit": unit, "name": "即办事项", "kind": "immediate", "promised": 0},
                {"id": f"day{promise:02d}-{unit}", "unit": unit, "name": f"承诺{promise}日事项", "promised": promise,
                 "statutory": 20},
            )
        ],
        "devices": [
            *(
                {"id": f"gate-{n:02d}", "kind": "terminal", "hall": HALL, "channels": ["checkin"],
                 "serves": units[start : start + UNITS_A_TERMINAL]}
                for n, start in enumerate(range(0, count, UNITS_A_TERMINAL))
            ),
            *(
                {"id": f"eval-{w}", "kind": "evaluator", "window": w, "namespace": "cases", "watermark": "events"}
                for w in windows
            ),
            {"id": "cases", "kind": "cases", "hall": HALL, "namespace": "cases", "emits": ["accepted", "completed"]},
        ],
    }  # fmt: skip
