"""Two halls with their people, and a card in each as a step of a person wants to find it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx
from sqlalchemy import Connection, select

from monitor.model import Level, SubjectRef
from monitor.settings import Policy
from monitor.store import cards
from monitor.store.cards import CARD
from monitor.store.engine import Store
from monitor.store.schema import HallRow, StaffRow, UnitRow, User, WindowRow
from monitor.store.subjects import held
from tests.http_app import NOW, Served, insert, make_deps, served

PLACES: Final = {
    "here": {"hall": "h1", "unit": "u1", "window": "w1", "staff": "s1"},
    "another window": {"hall": "h1", "unit": "u1", "window": "w1b", "staff": "s1b"},
    "another unit": {"hall": "h1", "unit": "u1c", "window": "w1c", "staff": "s1c"},
    "another hall": {"hall": "h2", "unit": "u2", "window": "w2", "staff": "s2"},
}
THEIRS: Final[Mapping[str, Mapping[str, Any]]] = {
    "duty_supervisor": {"halls": ["h1"]},
    "supervision_head": {"halls": ["h1"]},
    "personnel": {"halls": ["h1"]},
    "unit_head": {"units": ["u1"]},
    "window_lead": {"windows": ["w1"]},
    "staff": {"staff": "s1"},
    "auditor": {},
    "administrator": {},
}
WITHIN: Final[Mapping[str, tuple[str, ...]]] = {
    "duty_supervisor": ("here", "another window", "another unit"),
    "supervision_head": ("here", "another window", "another unit"),
    "personnel": ("here", "another window", "another unit"),
    "unit_head": ("here", "another window"),
    "window_lead": ("here",),
    "staff": ("here",),
    "auditor": tuple(PLACES),
    "administrator": tuple(PLACES),
}
"""Which of these places each role reaches."""
SUPERVISION, CHARGED = ("duty_supervisor", "supervision_head"), ("unit_head", "window_lead", "staff")
MAY: Final[Mapping[str, tuple[str, ...]]] = {
    "ack": (*SUPERVISION, *CHARGED),
    "answer": CHARGED,
    "send-back": SUPERVISION,
    "order": SUPERVISION,
    "verify": SUPERVISION,
    "rectify": CHARGED,
    "call-back": SUPERVISION,
    "attribute": SUPERVISION,
    "appeal": CHARGED,
    "review": ("supervision_head",),
    "close": SUPERVISION,
    "withdraw": ("supervision_head",),
    "issue": SUPERVISION,
}
"""The one table: who may take which step. Written out here, so that a change of `access.ROLES` shows."""
FINDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "send-back": {"state": "answered"},
    "verify": {"rule": "rating.bad"},
    "rectify": {"rule": "rating.bad", "followup": "founded"},
    "call-back": {"rule": "rating.bad", "followup": "rectified", "state": "answered"},
    "review": {"appeal": "pending", "appellant": "somebody"},
}
"""What the card has to be for the step, where an open one of `post.empty` is not it."""
BODY: Final[Mapping[str, Mapping[str, Any]]] = {
    "order": {"kind": "on_site"},
    "verify": {"finding": "founded"},
    "call-back": {"satisfied": True},
    "review": {"granted": False},
    "close": {"result": "rectified"},
}
"""What the step is given beside the reason, over HTTP."""
OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "order": ("--kind", "on_site"),
    "verify": ("--finding", "founded"),
    "call-back": ("--satisfied",),
    "review": ("--uphold",),
    "close": ("--result", "rectified"),
}
"""The same on the command line."""


def fill_people(conn: Connection, born: datetime) -> None:
    """Halls, units, windows, staff, and a user of each role, who is named like it."""
    since = {"expected_from": born}
    insert(conn, HallRow, {"id": "h1", **since}, {"id": "h2", **since})
    for place in PLACES.values():
        unit = {"id": place["unit"], "hall": place["hall"], **since}
        if place["window"] != "w1b":
            insert(conn, UnitRow, unit)
        insert(conn, WindowRow, {"id": place["window"], "hall": place["hall"], "unit": place["unit"], **since})
        insert(conn, StaffRow, {"id": place["staff"], "unit": place["unit"], **since})
    for role, theirs in THEIRS.items():
        insert(conn, User, {"id": role, "role": role, "created": born, **theirs})


REASON: Final = {"code": "manual", "figures": {"hand_rule": "A08", "row": "A08"}}


def put_card(conn: Connection, place: str, now: datetime, **values: Any) -> int:
    """A card at the place, on a subject of its own; its number."""
    key = f"{place}-{uuid4()}"
    subject = held(conn, SubjectRef(kind="window", key=key), PLACES[place]["hall"], make=True)
    common = {
        "subject": subject, "kind": "window", "key": key, "rule": "post.empty", "episode": "1", "level": "yellow",
        "state": "open", "policy_version": "p", "basis": "b", "reason": REASON, "since": now, "began": now,
        "issued": now,
        "historic": False, "version": 0, "sequence": 1,
    }  # fmt: skip
    number = cards.issue(conn, {**common, **PLACES[place], **values})
    cards.notice(conn, card=number, sequence=1, at=now, event="issued", level=Level.YELLOW, actor="system", why="")
    return number


def given_of(step: str, place: str) -> dict[str, Any]:
    """The step's body, at a place."""
    at = PLACES[place]
    more = {"attribute": {"staff": at["staff"]}, "issue": {"rule": "E06", "staff": at["staff"]}}
    return {"reason": "已核实", **BODY.get(step, {}), **more.get(step, {})}


def options_of(step: str, place: str) -> tuple[str, ...]:
    at = PLACES[place]
    more = {"attribute": ("--staff", at["staff"]), "issue": ("--rule", "E06", "--staff", at["staff"])}
    return ("--reason", "已核实", *OPTIONS.get(step, ()), *more.get(step, ()))


@contextmanager
def at_work(store: Store) -> Iterator[Served]:
    """The API over a store with these people."""
    with store.write() as conn:
        fill_people(conn, NOW - timedelta(days=30))
    with served(make_deps(store, policy=Policy(name="p7"))) as running:
        yield running


def card(store: Store, place: str = "here", **values: Any) -> int:
    with store.write() as conn:
        return put_card(conn, place, NOW, **values)


def post(app: Served, path: str, who: str, body: Any, **headers: str) -> httpx.Response:
    """A request of a person below /api/v1/cards; `body` as bytes is sent as it is."""
    given = {"content": body} if isinstance(body, bytes) else {"json": body}
    return app.http.post(f"/api/v1/cards{path}", headers={**app.token(user=who), **headers}, **given)


def state_of(store: Store, number: int) -> tuple[str, int]:
    """(state, sequence) of a card."""
    with store.read() as conn:
        row = conn.execute(select(CARD.c.state, CARD.c.sequence).where(CARD.c.number == number)).one()
    return row.state, row.sequence
