"""The hall of the attendance sheet's own tests, served with a user of each role: what pages and API tell of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import httpx

from monitor.app.serving import deps_of
from monitor.clock import ManualClock
from monitor.console.app import make_app
from monitor.console.deps import Deps
from monitor.console.health import Health
from monitor.console.server import HttpServer
from monitor.metrics import Metrics
from monitor.store.schema import User
from monitor.supervision.rules import RULES
from monitor.supervision.tokens import create_token
from tests import plain_http
from tests.http_app import insert
from tests.sheets import World
from tests.signing_in import session

WHO: Final[Mapping[str, Mapping[str, Any]]] = {
    "head": {"role": "supervision_head", "halls": ["h1"], "name": "监察长"},
    "duty": {"role": "duty_supervisor", "halls": ["h1"]},
    "personnel": {"role": "personnel", "halls": ["h1"]},
    "unit": {"role": "unit_head", "units": ["a"]},
    "lead": {"role": "window_lead", "windows": ["w9"]},
    "auditor": {"role": "auditor"},
    "mine": {"role": "staff", "staff": "a05"},
    "other": {"role": "staff", "staff": "a04"},
}


@dataclass
class Attended:
    """The app over a world. `page(who, path)`, `api(who, path)`: what is answered."""

    deps: Deps
    url: str
    parts: ExitStack
    _clients: dict[str, httpx.Client] = field(default_factory=dict)
    _bearers: dict[str, str] = field(default_factory=dict)

    def page(self, who: str, path: str) -> httpx.Response:
        if who not in self._clients:
            secret = session(self.deps.store, who, self.deps.clock.real_now).secret
            client = plain_http.client(base_url=self.url, cookies={"jiancha": secret}, headers={"Accept": "text/html"})
            self._clients[who] = self.parts.enter_context(client)
        return self._clients[who].get(path)

    def api(self, who: str, path: str) -> httpx.Response:
        if who not in self._bearers:
            now = self.deps.clock.now()
            self._bearers[who] = self.deps.store.step(lambda conn: create_token(conn, now=now, user=who))
        return plain_http.get(self.url + path, headers={"Authorization": f"Bearer {self._bearers[who]}"})


@contextmanager
def attended(world: World, now: datetime) -> Iterator[Attended]:
    """The whole app over the world at `now`; its users are made here."""
    clock = ManualClock(now)
    program = replace(world.program, clock=clock)
    with ExitStack() as parts:
        with world.program.store.write() as conn:
            insert(conn, User, *({"id": who, "created": now, **theirs} for who, theirs in WHO.items()))
        deps = deps_of(
            program, metrics=Metrics(rules=RULES, channels=["webhook"]),
            health=Health(monotonic=clock.monotonic), look=program.judge().look, heard=lambda: None, parts=parts,
        )  # fmt: skip
        server = HttpServer(make_app(deps))
        server.start()
        parts.callback(server.stop)
        yield Attended(deps=deps, url=server.url, parts=parts)


def grid_rows(html: str) -> dict[str, list[str]]:
    """The grid's people: the texts of their cells by id."""
    rows = re.findall(r'<tr data-staff="([^"]+)">(.*?)</tr>', html, re.S)
    return {staff: [plain(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.S)] for staff, row in rows}


def sums_of(html: str) -> list[list[str]]:
    """The rows of sums: subtotal of each unit, then the total."""
    rows = re.findall(r'<tr class="sub">(.*?)</tr>', html, re.S)
    return [[plain(cell) for cell in re.findall(r'<td class="sum">(.*?)</td>', row, re.S)] for row in rows]


def plain(html: str) -> str:
    return re.sub(r"\s+", "", re.sub(r"<[^>]*>", "", html))


def people_on(html: str) -> list[str]:
    """Ids of the people whom a day lists."""
    return re.findall(r'<tr>\s*<td><a href="/attendance/people/([^?]+)\?', html)
