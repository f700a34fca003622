"""What tests of requests do on the busy hall: file, decide, judge, look up."""

from __future__ import annotations

import re
from typing import Any, Final

import httpx
from sqlalchemy import select

from monitor.store.plans import KINDS
from monitor.store.schema import Audit, AuditPrivate, PlanRequest, Subject
from monitor.store.sql import table_of
from tests.busy_app import BusyApp

LATE: Final = {
    "kind": "leave", "leave_kind": "sick", "starts": "2026-03-03T08:30", "ends": "2026-03-03T12:00",
    "reason": "发烧去了医院 <b>",
}  # fmt: skip
"""The morning that demo-p02 is missing from: their card is red."""
AHEAD: Final = {"kind": "leave", "leave_kind": "annual", "starts": "2026-03-09T08:30", "ends": "2026-03-11T17:30"}
"""Three working days."""


def send(app: BusyApp, user: str, path: str, **form: str) -> httpx.Response:
    with app.as_user(user) as client:
        return client.post(path, data={"csrf": client.headers["X-CSRF"], **form})


def see(app: BusyApp, user: str, path: str) -> httpx.Response:
    with app.as_user(user) as client:
        return client.get(path)


def filed(app: BusyApp, user: str, **form: str) -> int:
    """Filed on the page; its number."""
    answer = send(app, user, "/requests/new", step="file", **form)
    assert answer.status_code == 303, fault_of(answer)
    return int(re.findall(r"/requests/(\d+)", answer.headers["location"])[0])


def fault_of(answer: httpx.Response) -> str:
    found = re.search(r'class="fault"[^>]*>(.*?)</p>', answer.text, re.DOTALL)
    return found[1] if found else answer.text[-500:]


def decided(app: BusyApp, user: str, number: int, step: str = "approve", reason: str = "") -> httpx.Response:
    return send(app, user, f"/requests/{number}/{step}", reason=reason)


def request_row(app: BusyApp, number: int) -> Any:
    table = table_of(PlanRequest)
    with app.deps.store.read() as conn:
        return conn.execute(select(table).where(table.c.number == number)).one()


def plan(app: BusyApp, name: str, plan_id: str) -> Any:
    table = KINDS[name].table
    with app.deps.store.read() as conn:
        return conn.execute(select(table).where(table.c.id == plan_id)).one_or_none()


def verdict(app: BusyApp, key: str) -> str:
    table = table_of(Subject)
    with app.deps.store.read() as conn:
        return str(conn.execute(select(table.c.verdict).where(table.c.key == key)).scalar_one())


def judge(app: BusyApp) -> None:
    """As the daemon does after a commit."""
    app.deps.look.__self__.run_until_nothing_due(app.clock.now())  # type: ignore[union-attr]


def audits(app: BusyApp, number: int) -> list[tuple[str, str, set[str]]]:
    """(action, actor, names of private fields) of a request."""
    audit, private = table_of(Audit), table_of(AuditPrivate)
    with app.deps.store.read() as conn:
        rows = conn.execute(
            select(audit).where(audit.c.object_kind == "request", audit.c.object_id == str(number)).order_by(audit.c.id)
        ).all()
        return [
            (row.action, row.actor,
             set(conn.execute(select(private.c.name).where(private.c.audit == row.id)).scalars()))
            for row in rows
        ]  # fmt: skip
