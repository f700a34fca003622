"""The console over a hall whose March 2026 can be signed off: its users, its pages, what the daemon's thread makes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx
from sqlalchemy import Connection, select

from monitor.app.program import Program
from monitor.app.serving import deps_of
from monitor.app.sheetmaker import SheetMaker
from monitor.clock import FrozenClock
from monitor.console.health import Health
from monitor.metrics import Metrics
from monitor.store.engine import Store
from monitor.store.schema import User
from monitor.store.sheetjobs import JOB
from monitor.supervision.assessment.cycle import circulars, feedback
from tests.assessed_hall import HALL, HEAD, LI, person
from tests.busy_app import BusyApp
from tests.closable import Closable
from tests.http_app import insert, served

MARCH: Final = "2026-03"
PATH: Final = f"/assessment/periods/{HALL}/{MARCH}"
API: Final = f"/api/v1/assessment/periods/{HALL}/{MARCH}"


def send(app: BusyApp, user: str, path: str, **form: Any) -> httpx.Response:
    client = app.as_user(user)
    return client.post(path, data={"csrf": client.headers["X-CSRF"], **form}, follow_redirects=False)


class Console(Closable):
    """The hall with its users, and the app over it as its clock stands."""

    def __init__(self, store: Store, folder: Path) -> None:
        super().__init__(store, folder)
        people = (
            ("zhao", "supervision_head", "赵监察"),
            ("li", "duty_supervisor", "李值班"),
            ("lead", "window_lead", ""),
        )
        with store.write() as conn:
            for user, role, name in people:
                places = {"windows": ["w1"]} if role == "window_lead" else {"halls": [HALL]}
                insert(conn, User, {"id": user, "role": role, "created": self.now, "name": name, **places})

    def program_now(self) -> Program:
        return replace(self.world.program, clock=FrozenClock(self.now))

    @contextmanager
    def app(self) -> Iterator[BusyApp]:
        program = self.program_now()
        with ExitStack() as parts:
            deps = deps_of(
                program, metrics=Metrics(rules=(), channels=()), health=Health(monotonic=program.clock.monotonic),
                look=program.judge().look, heard=lambda: None, parts=parts,
            )  # fmt: skip
            running = parts.enter_context(served(deps))
            yield BusyApp(deps=deps, http=running.http, url=running.url)

    def work(self) -> None:
        """What the daemon's thread does, until nothing waits."""
        program = self.program_now()
        maker = SheetMaker(program, program.judge().look)
        maker.start()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with self.store.read() as conn:
                if not set(conn.execute(select(JOB.c.state)).scalars()) & {"queued", "running"}:
                    break
            time.sleep(0.05)
        maker.stop()

    def draft_page(self, app: BusyApp, user: str = "zhao", **form: Any) -> str:
        assert send(app, user, f"{PATH}/draft", **form).status_code == 303
        self.work()
        return app.as_user(user).get(PATH).text

    def issue_circular(self, number: str) -> None:
        def step(conn: Connection) -> None:
            look = self.world.judging.look(conn, self.now)
            drafted = circulars.draft(look, LI, HALL, MARCH, "三月通报", "予以通报")
            circulars.issue(look, HEAD, drafted, number)

        self.store.step(step)

    def issue_feedback(self) -> None:
        """To every window, whose leads acknowledge it."""

        def step(conn: Connection) -> None:
            look = self.world.judging.look(conn, self.now)
            feedback.issue(look, HEAD, HALL, MARCH)
            lead = person("lead", "window_lead", windows=frozenset(["w2"]))
            for row in feedback.listed(look, lead, hall=HALL):
                feedback.acknowledge(look, lead, row.id)

        self.store.step(step)
