"""The console over a year of cases (bench/madehall.py): how fast its pages come, how many boards one process holds.

    python bench/console.py [--seconds N] [--boards N] [--json]

The real daemon without a broker; its devices speak by HTTP, every camera once in thirty seconds. p95 of each page by
one client and by eight at once, signed in, over one connection each, compressed as a browser takes it. The naive side
reads all cards with one SELECT, filters and sorts them in Python and makes no page. Then so many boards are held open
by server-sent events while a window changes each second: resident set and CPU of the daemon, and how late an event is.
Goals: 100 ms, 400 KB for the first load, 300 MB with 200 boards.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sqlite3
import statistics
import sys
import tempfile
import threading
import time as clock
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import httpx
import psutil
from madehall import ISSUER, LOOKERS, NOW, YEAR, hall, write_hall

from monitor.agents.children import Daemon, free_port
from monitor.settings import ConsoleSettings
from monitor.store import migrate
from monitor.store.engine import Store
from monitor.supervision.signin import SignIn, Visitor
from monitor.supervision.tokens import create_public_token, create_token

P95_GOAL, LOAD_GOAL, MEMORY_GOAL = 100.0, 400.0, 300.0
CONFIG: Final = "[mqtt]\nenabled = false\n"
PAGES: Final = {
    "board": "/board/h1", "inbox": "/cards", "card": "/cards/{card}", "cases": "/cases", "due": "/cases/due",
    "statistics": "/statistics", "ratings": "/ratings", "ratings_list": "/ratings/list", "devices": "/devices",
    "quarantine": "/quarantine", "api_cards": "/api/v1/cards?limit=50",
    "attendance_day": "/attendance", "attendance_month": "/attendance/month", "requests": "/requests?tab=all",
    "posts": "/posts", "post": "/posts/w07", "spots": "/spots", "closing": "/closing",
    "closing_month": "/closing/of/h1/2025-12",
    "people": "/people", "sessions": "/sessions", "tokens": "/tokens", "registry": "/registry?table=devices",
    "plans": "/plans", "rota": "/plans/rota", "calendars": "/calendars", "policy": "/policy", "routes": "/routes",
    "silences": "/silences", "audit": "/audit", "deliveries": "/operations/deliveries", "operations": "/operations",
    "notices": "/notices", "faces": "/faces", "doubts": "/faces/doubts", "kiosks": "/kiosks",
    "api_posts": "/api/v1/posts?date=2025-12-31", "api_attendance_day": "/api/v1/attendance/day",
    "api_requests": "/api/v1/requests?limit=50", "api_audit": "/api/v1/audit?limit=50",
    "screen": "/screen/api/feed",
}  # fmt: skip
LOOKER: Final = {
    "closing": "head", "closing_month": "head", "people": "admin", "sessions": "admin", "tokens": "admin",
    "faces": "head",
}  # fmt: skip
"""Who asks, where it is not the duty supervisor."""
GOALS: Final = {"attendance_month": 1000.0, "closing_month": 1000.0}
"""A month of everybody; lists have P95_GOAL."""
AT_ONCE: Final = 8
EVERY: Final = 30
NEVER: Final = threading.Event()


@dataclass
class Hall:
    """The daemon, whoever asks it, and how its devices speak."""

    daemon: Daemon
    file: Path
    cookies: Mapping[str, str]
    token: str
    feed: str
    lobby: str
    began: float = field(default_factory=clock.time)
    serial: int = 0

    @property
    def process(self) -> psutil.Process:
        return psutil.Process(self.daemon.child.pid)

    def client(self, name: str = "") -> httpx.Client:
        """Of whoever asks for the page of this name."""
        return httpx.Client(base_url=self.daemon.url, timeout=60, headers=self.headers(name))

    def headers(self, name: str) -> dict[str, str]:
        bearer = self.lobby if name == "screen" else self.token
        return {"Accept": "text/html", "Accept-Encoding": "gzip",
                "Cookie": f"jiancha={self.cookies[LOOKER.get(name, 'duty')]}",
                "Authorization": f"Bearer {bearer}"}  # fmt: skip

    def now(self) -> str:
        return (NOW + timedelta(seconds=clock.time() - self.began)).isoformat()

    def say(self, http: httpx.Client, *items: dict[str, Any]) -> None:
        done = http.post(
            f"{self.daemon.url}/api/v1/events", json=items, headers={"Authorization": f"Bearer {self.feed}"}, timeout=60
        )
        done.raise_for_status()

    def reading(self, window: str, people: int) -> dict[str, Any]:
        self.serial += 1
        body = {"id": f"b{self.serial}", "at": self.now(), "people": people, "view": "ok", "boot": "b1"}
        return {"device": f"cam-{window}", "channel": "presence", "payload": body}

    def rating(self, window: str, score: int) -> dict[str, Any]:
        self.serial += 1
        body = {"id": f"b{self.serial}", "at": self.now(), "score": score, "boot": "b1"}
        return {"device": f"eval-{window}", "channel": "rating", "payload": body}

    def beat(self, device: str) -> dict[str, Any]:
        return {"device": device, "channel": "heartbeat", "payload": {"at": self.now(), "queue": 0, "boot": "b1"}}


WINDOWS: Final = [f"w{n:02d}" for n in range(YEAR.windows)]


@contextmanager
def at_work(folder: Path) -> Iterator[Hall]:
    """The store is made, the daemon runs at ten in the morning, its devices speak all the time."""
    file = folder / "jiancha.sqlite"
    url = f"sqlite:///{file}"
    store = Store(url)
    migrate.ensure(store)
    began = clock.perf_counter()
    write_hall(store)
    print(f"bench/console.py: the year was made in {clock.perf_counter() - began:.0f} s", file=sys.stderr)
    signing = SignIn(store, lambda: datetime.now(UTC), ConsoleSettings())
    cookies = {user: signing.by_identity(ISSUER, user, Visitor()).secret for user in LOOKERS}
    lobby = store.step(lambda conn: create_public_token(conn, "h1", now=NOW, actor="bench")[1])
    token = store.step(lambda conn: create_token(conn, now=NOW, user="duty"))
    feed = store.step(lambda conn: create_token(conn, now=NOW, halls=["h1"]))
    store.close()
    config = folder / "jiancha.toml"
    config.write_text(CONFIG)
    port = free_port()
    zero = clock.time()
    anchor = datetime.fromtimestamp(zero, UTC).isoformat()
    daemon = Daemon(
        config, port,
        {"JIANCHA_STORE__URL": url, "JIANCHA_HTTP__PORT": str(port), "JIANCHA_CLOCK__START": NOW.isoformat(),
         "JIANCHA_CLOCK__RATE": "1", "JIANCHA_CLOCK__ANCHOR": anchor},
    )  # fmt: skip
    over = threading.Event()
    try:
        daemon.wait_until_ready(threading.Event())
        made = Hall(daemon=daemon, file=file, cookies=cookies, token=token, feed=feed, lobby=lobby, began=zero)
        speaking = threading.Thread(target=_speak, args=(made, over), daemon=True)
        speaking.start()
        yield made
    finally:
        over.set()
        daemon.child.end()


def _speak(hall_: Hall, over: threading.Event) -> None:
    """Each camera a reading, each device a heartbeat in thirty seconds, spread over them as in a hall."""
    devices, second = [d["id"] for d in hall()["devices"]], 0
    with httpx.Client() as http:
        while not over.is_set():
            now = devices[second % EVERY :: EVERY]
            cameras = [name.removeprefix("cam-") for name in now if name.startswith("cam-")]
            try:
                hall_.say(http, *(hall_.reading(w, 1) for w in cameras), *map(hall_.beat, now))
            except httpx.HTTPError as error:
                print(f"bench/console.py: devices were not heard: {error}", file=sys.stderr)
            second += 1
            over.wait(1.0)


# --------------------------------------------------------------------------- pages


def settled(made: Hall) -> None:
    """Until the daemon has judged what the morning brought and is at rest."""
    for _ in range(90):
        used = made.process.cpu_percent(1.0)
        if used < 15:
            return


def timed(client: httpx.Client, path: str) -> tuple[float, int]:
    """Milliseconds to the last byte, and the status."""
    began = clock.perf_counter()
    answer = client.get(path)
    return (clock.perf_counter() - began) * 1e3, answer.status_code


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


def pages(made: Hall, seconds: float) -> list[dict[str, Any]]:
    """A row for each page that there is."""
    with made.client() as one:
        newest = one.get("/api/v1/cards", params={"order": "newest", "limit": 1}).json()
        card = newest[0]["number"] if newest else 1
    return [row for name in PAGES if (row := _page(made, name, PAGES[name].format(card=card), seconds)) is not None]


def _page(made: Hall, name: str, path: str, seconds: float) -> dict[str, Any] | None:
    with made.client(name) as one:
        _, status = timed(one, path)
        if status != 200:
            print(f"bench/console.py: {path} answers {status}: left out", file=sys.stderr)
            return None
        alone = _for(seconds, lambda: timed(one, path)[0])
    together = _together(made, name, path, seconds)
    return _row(f"console_{name}", p95(alone), GOALS.get(name, P95_GOAL), {
        "path": path, "median_ms": round(statistics.median(alone), 1), "requests": len(alone),
        "at_once": AT_ONCE, "p95_at_once_ms": round(p95(together), 1),
        "a_second_at_once": round(len(together) / seconds, 1),
    })  # fmt: skip


def _for(seconds: float, act: Callable[[], float]) -> list[float]:
    end, found = clock.monotonic() + seconds, []
    while clock.monotonic() < end:
        found.append(act())
    return found


def _together(made: Hall, name: str, path: str, seconds: float) -> list[float]:
    def work(_: int) -> list[float]:
        with made.client(name) as client:
            return _for(seconds, lambda: timed(client, path)[0])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [value for found in pool.map(work, range(AT_ONCE)) for value in found]


def naive_inbox(made: Hall) -> float:
    """Milliseconds, p95: every card read, parsed, filtered and sorted in Python, no page made of it."""
    rank = {"red": 3, "yellow": 2}

    def act() -> float:
        began = clock.perf_counter()
        with sqlite3.connect(made.file) as conn:
            conn.row_factory = sqlite3.Row
            rows = [dict(row) for row in conn.execute("SELECT * FROM card")]
        for row in rows:
            row["reason"] = json.loads(row["reason"])
        mine = [r for r in rows if r["hall"] == "h1" and r["state"] in ("open", "acknowledged", "answered")]
        mine.sort(key=lambda r: (-rank.get(r["level"], 1), -r["number"]))
        assert mine[:50]
        return (clock.perf_counter() - began) * 1e3

    return p95([act() for _ in range(30)])


def first_load(made: Hall) -> dict[str, Any]:
    """Kilobytes on the wire of the board's page and all that it names, compressed."""
    with made.client() as client:
        html, total = _bytes(client, PAGES["board"])
        named = re.findall(r'<(?:link|script|img)[^>]+(?:href|src)="([^"#]+)', html)
        named += re.findall(r'<use href="([^"#]+)', html)
        for address in sorted(set(named)):
            total += _bytes(client, urljoin(PAGES["board"], address))[1]
    return _row("console_first_load", total / 1e3, LOAD_GOAL, {"unit": "kB", "files": len(set(named))})


def _bytes(client: httpx.Client, path: str) -> tuple[str, int]:
    answer = client.get(path)
    answer.raise_for_status()
    return answer.text, answer.num_bytes_downloaded


# --------------------------------------------------------------------------- open boards


class Boards:
    """So many open boards, by bare connections; each notes when the tile that was changed comes."""

    def __init__(self, made: Hall) -> None:
        self._made = made
        self.late: list[float] = []
        self.bytes = 0
        self.changed: dict[str, float] = {}

    async def open(self, count: int, seconds: float) -> None:
        host, port = self._made.daemon.url.removeprefix("http://").split(":")
        readers = [asyncio.create_task(self._read(host, int(port))) for _ in range(count)]
        await asyncio.sleep(seconds)
        for task in readers:
            task.cancel()
        await asyncio.gather(*readers, return_exceptions=True)

    async def _read(self, host: str, port: int) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        try:
            lines = [f"GET {PAGES['board']}/stream HTTP/1.1", f"Host: {host}:{port}",
                     f"Cookie: jiancha={self._made.cookies['duty']}", "Accept: text/event-stream"]  # fmt: skip
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
            while line := await reader.readline():
                self.bytes += len(line)
                if line.startswith(b"event: tile-"):
                    since = self.changed.get(line[12:].strip().decode())
                    if since is not None:
                        self.late.append(clock.monotonic() - since)
        finally:
            writer.close()


def open_boards(made: Hall, count: int, seconds: float) -> list[dict[str, Any]]:
    boards, over = Boards(made), threading.Event()
    with made.client() as one:
        first, _ = timed(one, PAGES["board"])
    started, peak = clock.monotonic(), 0.0
    before = made.process.memory_info().rss / 1e6
    reading = threading.Thread(target=lambda: asyncio.run(boards.open(count, seconds)), daemon=True)
    reading.start()
    NEVER.wait(min(10.0, seconds / 4))
    used, since = _cpu(made), clock.monotonic()
    with httpx.Client() as http:
        n = 0
        while clock.monotonic() - started < seconds - 3:
            window = WINDOWS[n % len(WINDOWS)]
            boards.changed = {window: clock.monotonic()}
            made.say(http, made.rating(window, 4 + n % 2))
            peak = max(peak, made.process.memory_info().rss / 1e6)
            n += 1
            over.wait(1.0)
    cpu = (_cpu(made) - used) / (clock.monotonic() - since)
    reading.join()
    more = {
        "boards": count, "changes": n, "cpu_share": round(cpu, 3), "threads": made.process.num_threads(),
        "before_mb": round(before, 1), "kb_a_second_each": round(boards.bytes / 1e3 / seconds / count, 2),
        "late_p95_s": round(p95(boards.late), 2) if boards.late else None, "seen": len(boards.late),
    }  # fmt: skip
    return [
        _row("console_first_look", first, None, {"unit": "ms"}),
        _row("console_boards", peak, MEMORY_GOAL, {"unit": "MB", **more}),
    ]


def _cpu(made: Hall) -> float:
    times = made.process.cpu_times()
    return times.user + times.system


# --------------------------------------------------------------------------- all of it


def measure(seconds: float = 3.0, count: int = 200) -> list[dict[str, Any]]:
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) and psutil.disk_usage("/dev/shm").free > 4e9 else None
    with tempfile.TemporaryDirectory(dir=place) as folder, at_work(Path(folder)) as made:
        settled(made)
        boards = open_boards(made, count, max(30.0, 8 * seconds))
        rows = pages(made, seconds)
        naive = naive_inbox(made)
        for row in rows:
            if row["bench"] == "console_inbox":
                row["naive_ms"] = round(naive, 1)
                row["of_naive"] = round(row["ratio"] / naive, 2)
                row["figures"] += f"; read whole and filtered in Python, without a page: {naive:.0f} ms"
        return [*rows, first_load(made), *boards]


def _row(name: str, value: float, goal: float | None, more: dict[str, Any]) -> dict[str, Any]:
    unit = more.get("unit", "ms")
    said = [f"{value:.1f} {unit}"]
    if "p95_at_once_ms" in more:
        said = [f"{value:.0f} ms by one, {more['p95_at_once_ms']:.0f} by {AT_ONCE} at once"]
    if "late_p95_s" in more:
        cpu, late = round(more["cpu_share"] * 100), more["late_p95_s"]
        said = [f"{value:.0f} MB, {cpu} % of a core, a change is there after {late} s (p95)"]
    row: dict[str, Any] = {"bench": name, **more, "figures": said[0], "ratio": round(value, 1)}
    if goal is not None:
        row |= {"goal": goal, "goal_is": "at most", "met": value <= goal}
    return row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=3.0, help="that each page is asked for")
    parser.add_argument("--boards", type=int, default=200)
    parser.add_argument("--json", action="store_true", help="the JSON lines alone")
    options = parser.parse_args()
    for row in measure(options.seconds, options.boards):
        if not options.json:
            print("{bench}: {figures}".format(**row))
        print(json.dumps(row, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
