"""The HTTP app of a copy of the busy hall in this process, its clock standing; people signed in without a password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import httpx

from monitor.app.program import Program
from monitor.app.serving import deps_of
from monitor.clock import ManualClock
from monitor.console.health import Health
from monitor.metrics import Metrics
from monitor.settings import load
from monitor.store.calendars import CalendarCache
from monitor.store.engine import Store
from monitor.store.registry import RegistryCache
from monitor.supervision.rules import RULES
from tests import plain_http
from tests.busy_hall import CONFIG, NOW, copied
from tests.http_app import Served, served
from tests.moved import move
from tests.signing_in import session


@dataclass
class BusyApp(Served):
    """`as_user("duty")`: a browser's client without the browser; `csrf("duty")` is what their forms carry."""

    def as_user(self, user: str) -> httpx.Client:
        signed = session(self.deps.store, user, self.deps.clock.real_now)
        client = plain_http.client(base_url=self.url, timeout=30, cookies={"jiancha": signed.secret})
        client.headers["X-CSRF"] = signed.csrf
        client.headers["Accept"] = "text/html"
        return client


@contextmanager
def busy_app(made: Path, folder: Path, url: str | None = None) -> Iterator[BusyApp]:
    """`made`: what the fixture `busy_hall_made` gives; the copy lies in `folder`, or in the database at `url`, which
    has the tables and no rows.
    """
    copied(made, folder)
    file_url = f"sqlite:///{folder / 'jiancha.sqlite'}"
    if url is not None:
        move(file_url, url)
    file = folder / "settings.toml"
    file.write_text(CONFIG)
    settings = load(file, {})
    clock = ManualClock(NOW.astimezone(UTC))
    with ExitStack() as parts:
        store = Store(url or file_url)
        parts.callback(store.close)
        program = Program(
            settings=settings, store=store, clock=clock, registry=RegistryCache(),
            calendars=CalendarCache(settings.calendars),
        )  # fmt: skip
        deps = deps_of(
            program, metrics=Metrics(rules=RULES, channels=["webhook"]), health=Health(monotonic=clock.monotonic),
            look=program.judge().look, heard=lambda: None, parts=parts,
        )  # fmt: skip
        running = parts.enter_context(served(deps))
        yield BusyApp(deps=deps, http=running.http, url=running.url)
