"""Everything that is served, with somebody of each role before it: what `test_roles_routes` walks.

Two halls (`people_at_work`), in each place of them one object of every kind; its name says where it lies, so that an
answer shows by itself whether it tells too much.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from sqlalchemy import Connection, func, select, update
from starlette.routing import BaseRoute

from monitor.app.program import Program
from monitor.app.serving import deps_of
from monitor.clock import ManualClock
from monitor.console.app import make_app
from monitor.console.deps import Deps
from monitor.console.health import Health
from monitor.console.lateroute import every_route
from monitor.console.server import HttpServer
from monitor.metrics import Metrics
from monitor.settings import load
from monitor.store import alert_holds, notices, planrequests, sheetjobs, spotchecks
from monitor.store.alerts import DELIVERY, SILENCE
from monitor.store.audit import AUDIT
from monitor.store.calendars import CalendarCache
from monitor.store.cards import CARD
from monitor.store.engine import Store
from monitor.store.registry import RegistryCache
from monitor.store.schema import (
    CaseEventRow,
    CaseStatRow,
    CheckinRow,
    DeviceRow,
    HallRow,
    PlanRequest,
    PlanRequestStep,
    Quarantine,
    StaffRow,
    Subject,
    UnitRow,
    WindowRow,
    metadata,
)
from monitor.store.schema_alerts import AlertItem, Delivery
from monitor.store.sql import table_of
from monitor.supervision.rules import RULES
from monitor.supervision.tokens import (
    SCREEN_SCOPE,
    TOKEN,
    create_gallery_token,
    create_kiosk_token,
    create_public_token,
    create_token,
    digest,
)
from tests import plain_http, walked_cycle, walked_marking, walked_outcomes, walked_scores
from tests.http_app import NOW, Served, insert
from tests.people_at_work import PLACES, THEIRS, fill_people, put_card
from tests.signing_in import session
from tests.walked_reports import put_report

PERSONS: Final = tuple(THEIRS)
TOKENS: Final = ("hall", "device", "kiosk", "gallery", "screen", "lobby")
"""Bearers that are no person: what their token names lies in the first hall."""
NOBODY: Final = "nobody"
HTML: Final = {"Accept": "text/html"}

Make = Callable[[Connection, str], str]
"""Makes an object at a place (PLACES) and gives its id as it stands in an address."""
KINDS: dict[str, tuple[Make, str]] = {
    "hall": (lambda _conn, place: PLACES[place]["hall"], "h9"),
    "window": (lambda _conn, place: PLACES[place]["window"], "w9"),
    "unit": (lambda _conn, place: PLACES[place]["unit"], "u9"),
    "staff": (lambda _conn, place: PLACES[place]["staff"], "s9"),
    "device": (lambda _conn, place: DEVICES[place], "eval-99"),
    "card": (lambda conn, place: str(put_card(conn, place, NOW)), "990099"),
    "case": (lambda conn, place: put_case(conn, place), "nothing/1"),
    "held": (lambda conn, place: put_held(conn, place), "990099"),
    "sheet": (lambda conn, place: put_sheet(conn, place), "990099"),
    "report": (lambda conn, place: put_report(conn, place), "990099"),
    "spot": (lambda conn, place: put_spot(conn, place), "990099"),
    "notice": (lambda conn, place: put_notice(conn, place), "990099"),
    "screen": (lambda conn, place: put_screen(conn, place), "990099"),
    "doubt": (lambda conn, place: put_doubt(conn, place), "990099"),
    "terminal": (lambda _conn, place: "gate-9" if place == "another hall" else "gate-2", "gate-77"),
    "message": (lambda conn, place: put_message(conn, place), "990099"),
    "silence": (lambda conn, place: put_silence(conn, place), "990099"),
    "request": (lambda conn, place: put_request(conn, place), "990099"),
    "mark": (walked_marking.put_mark, "990099"),
    "proposal": (walked_marking.put_proposal, "990099"),
    "entry": (walked_marking.put_entry, "990099"),
    "assessed person": (walked_scores.put_person, "s9"),
    "assessed window": (walked_scores.put_window, "w9"),
    "owed": (walked_cycle.put_task, "990099"),
    "week": (walked_cycle.put_week, "990099"),
    "self": (walked_cycle.put_self, "990099"),
    "talk": (walked_cycle.put_talk, "990099"),
    "circular": (walked_outcomes.put_circular, "990099"),
    "rewritten": (walked_outcomes.put_rewritten, "990099"),
    "letter": (walked_outcomes.put_feedback, "990099"),
    "nomination": (walked_outcomes.put_nomination, "990099"),
    "score_review": (walked_outcomes.put_review, "990099"),
}
"""What ids name: how one is made at a place, and an id of the same form that there is not."""
DEVICES: Final = {
    "here": "eval-1", "another window": "eval-2", "another unit": "eval-3", "another hall": "eval-9",
}  # fmt: skip


def put_case(conn: Connection, place: str) -> str:
    """A case at the place that was judged; its key."""
    at, key = PLACES[place], f"n/{place}-case"
    held_at = {"hall": at["hall"], "unit": at["unit"], "window": at["window"], "staff": at["staff"]}
    stamp = int(NOW.timestamp() * 1_000_000) - 3_600_000_000
    insert(conn, CaseStatRow, {"case_key": key, "kind": "committed", "accepted_us": stamp, **held_at})
    insert(conn, Subject, {"kind": "case", "key": key, "hall": at["hall"], "judged_at": NOW})
    event = {
        "raw_event": stamp, "case_key": key, "event": "accepted", "at_second": stamp // 1_000_000, "event_id": key,
        "source": DEVICES[place], "at": NOW - timedelta(hours=1), "received": NOW - timedelta(hours=1),
        "window": at["window"], "staff": at["staff"],
    }  # fmt: skip
    insert(conn, CaseEventRow, {**event, "raw_event": stamp + list(PLACES).index(place)})
    return key


def put_message(conn: Connection, place: str) -> str:
    """A dead letter of a card at the place; its number."""
    number = 870_000 + list(PLACES).index(place)
    known = conn.execute(select(DELIVERY.c.id).where(DELIVERY.c.id == number)).first()
    if known is None:
        times = {"flush": NOW, "due_at": NOW, "created": NOW}
        insert(conn, Delivery, {"id": number, "address": "desk", "group": place, "state": "dead", **times})
        item = {"card": put_card(conn, place, NOW), "sequence": 1, "address": "desk", "purpose": "firing"}
        insert(conn, AlertItem, {**item, "delivery": number, "content": {}})
    return str(number)


def put_sheet(conn: Connection, place: str) -> str:
    """A sheet of the hall at the place that waits; its number."""
    now = datetime.now(UTC)
    row = {"hall": PLACES[place]["hall"], "month": "2026-02", "format": "xlsx", "asked_by": "test", "asked_at": now}
    number = 890_000 + list(PLACES).index(place)
    return str(sheetjobs.add(conn, {"id": number, **row, "expires": now + timedelta(days=1)}))


def put_spot(conn: Connection, place: str) -> str:
    """A spot check of the window at the place that waits; its number, which is found in an answer nowhere else."""
    at = PLACES[place]
    row = {"hall": at["hall"], "window": at["window"], "draw": f"{place}-draw", "seed": "s", "cause": "named"}
    times = {"ordered_at": NOW - timedelta(minutes=9), "ordered_by": "test", "due_at": NOW}
    (number,) = spotchecks.add(conn, [{"id": 880_000 + list(PLACES).index(place), **row, **times}])
    return str(number)


def put_held(conn: Connection, place: str) -> str:
    """A message in quarantine of the device at the place; its number."""
    row = {"device": DEVICES[place], "channel": "rating", "reason": "malformed", "digest": place, "length": 2}
    number = 870_000 + list(PLACES).index(place)  # a small one stands in every page's text
    insert(conn, Quarantine, {"id": number, **row, "payload": "{}", "received": NOW, "detail": marker(place)})
    return str(number)


def put_request(conn: Connection, place: str) -> str:
    """An undecided outing of the person at the place, which waits for the window's lead; its number."""
    at = PLACES[place]
    row = {
        "number": 860_000 + 1000 * list(PLACES).index(place), "kind": "outing", "starts": NOW,
        "ends": NOW + timedelta(minutes=30), "reason": marker(place),
        "chain": ["window_lead", "unit_head"], "filed_by": "somebody", "filed_at": NOW, **at,
    }  # fmt: skip
    number = planrequests.add(conn, PlanRequest(**row).model_dump())
    step = {"request": number, "sequence": 1, "at": NOW, "actor": "somebody", "role": "staff", "event": "filed"}
    insert(conn, PlanRequestStep, step)
    return str(number)


def put_notice(conn: Connection, place: str) -> str:
    """A draft of the place's hall that nobody here wrote; its number."""
    number = 850_000 + list(PLACES).index(place)
    row = {
        "id": number,
        "hall": PLACES[place]["hall"],
        "kind": "notice",
        "title": marker(place),
        "text": "",
        "author": "writer",
    }
    return str(notices.add(conn, {**row, "state": "draft", "reference": "", "written": NOW, "first": NOW.date(),
                                  "last": NOW.date()}))  # fmt: skip


def put_screen(conn: Connection, place: str) -> str:
    """A public screen in the place's hall; its number."""
    token, _ = create_public_token(conn, PLACES[place]["hall"], now=NOW, actor="test")
    row = {"hall": PLACES[place]["hall"], "name": marker(place), "token": token, "created": NOW, "created_by": "test"}
    return str(notices.add_screen(conn, {**row, "version": "", "id": 840_000 + list(PLACES).index(place)}))


def put_doubt(conn: Connection, place: str) -> str:
    """A check-in in doubt of the person at the place; its number."""
    event = f"doubt-{place}"
    number = 850_000 + list(PLACES).index(place)
    row = {"id": number, "raw_event": number, "event_id": event, "source": "gate-1", "method": "face"}
    at = NOW - timedelta(hours=1)
    insert(conn, CheckinRow, {**row, "at": at, "received": at, "staff": PLACES[place]["staff"], "distance": 0.5})
    return str(number)


def put_silence(conn: Connection, place: str) -> str:
    """A silence of the place's hall; its number, which is found in an answer nowhere else."""
    made = alert_holds.add_silence(
        conn, matchers={"hall": [PLACES[place]["hall"]]}, starts=NOW, ends=NOW + timedelta(hours=1), author="test",
        reason=marker(place), now=NOW,
    )  # fmt: skip
    conn.execute(update(SILENCE).where(SILENCE.c.id == made).values(id=840_000 + made))
    return str(840_000 + made)


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a route is guarded. `kind`: open (nobody is asked), page (a session), api (a bearer token).

    `may`: the roles that get in, written out; `tokens`: of TOKENS; `scope`: what a person's token needs. `ids`: what
    the address' parameters name (KINDS); `fixed`: what others of them are.
    `body`, `form`: what is sent where an object is looked for, good enough to get as far as that.
    """

    kind: str
    may: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    scope: str | None = None
    ids: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    form: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    whole_hall: bool = False
    """An object of the own hall is within reach of everybody in it: the board shows a lead their windows of it."""


def routes_of(app: Any) -> dict[str, BaseRoute]:
    """Every route of the app as "METHOD path"."""
    found: dict[str, BaseRoute] = {}
    for route in flat(app.routes):
        methods = getattr(route, "methods", None) or {"ANY"}
        for method in sorted(methods - {"HEAD"} or methods):
            found[f"{method} {getattr(route, 'path', route)}"] = route
    return found


def flat(routes: Any) -> Iterator[BaseRoute]:
    """Routers that were included keep their routes by themselves; those that are late are made."""
    for route in every_route(routes):
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from flat(inner.routes)
        else:
            yield route


@dataclass
class Walk(Served):
    """The app with everybody before it. `as_page(who)`: a client with their session; `bearer(who)`: a header."""

    routes: tuple[str, ...] = ()
    csrf: dict[str, str] = field(default_factory=dict)
    bearers: dict[str, dict[str, str]] = field(default_factory=dict)
    clients: dict[str, httpx.Client] = field(default_factory=dict)
    objects: dict[tuple[str, str], str] = field(default_factory=dict)
    read: dict[tuple[str, str], httpx.Response] = field(default_factory=dict)
    """What was read already: route and who read it → the answer."""

    def id(self, kind: str, place: str) -> str:
        """The object of a kind at a place, made at the first time."""
        key = (kind, place)
        if key not in self.objects:
            self.objects[key] = self.deps.store.step(lambda conn: KINDS[kind][0](conn, place))
        return self.objects[key]

    def address(self, path: str, way: Way, place: str = "here", **fixed: str) -> str:
        """The route's path with ids of a place; a parameter that names no object is a plain word."""
        names = re.findall(r"{(\w+)(?::\w+)?}", path)
        given = {**way.fixed, **fixed}
        ids = {n: given.get(n) or (self.id(way.ids[n], place) if n in way.ids else "77") for n in names}
        asked = f"?{urlencode(way.query)}" if way.query else ""
        return re.sub(r"{(\w+)(?::\w+)?}", lambda m: ids[m[1]], path) + asked

    def last_audit(self) -> int:
        with self.deps.store.read() as conn:
            return int(conn.execute(select(func.coalesce(func.max(AUDIT.c.id), 0))).scalar_one())

    def ask(self, client: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer; of a stream its head alone."""
        with client.stream(method, path, **more) as answer:
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                answer.read()
            return answer


@contextmanager
def whole_app(store: Store) -> Iterator[tuple[Deps, Any]]:
    """The parts and the app as the daemon wires them, with everything on."""
    settings = load(environ={"JIANCHA_KIOSK__ENABLED": "true"})
    clock = ManualClock(NOW)
    program = Program(
        settings=settings, store=store, clock=clock, registry=RegistryCache(),
        calendars=CalendarCache(settings.calendars),
    )  # fmt: skip
    with ExitStack() as parts:
        deps = deps_of(
            program, metrics=Metrics(rules=RULES, channels=["webhook"]), health=Health(monotonic=clock.monotonic),
            look=program.judge().look, heard=lambda: None, parts=parts,
        )  # fmt: skip
        yield deps, make_app(deps)


@contextmanager
def walked(folder: Path) -> Iterator[Walk]:
    """The whole app served over two halls with their people; the store lies in `folder`."""
    with ExitStack() as parts:
        store = Store(f"sqlite:///{folder / 'walk.sqlite'}")
        parts.callback(store.close)
        with store.write() as conn:
            metadata.create_all(conn)
            _fill(conn)
        deps, app = parts.enter_context(whole_app(store))
        server = HttpServer(app)
        server.start()
        parts.callback(server.stop)
        http = parts.enter_context(plain_http.client(base_url=server.url, timeout=30))
        walk = Walk(deps=deps, http=http, url=server.url, routes=tuple(routes_of(app)))
        walk.bearers = _bearers(walk)
        for who in PERSONS:
            walk.clients[who] = parts.enter_context(_client(walk, who))
        walk.clients[NOBODY] = parts.enter_context(plain_http.client(base_url=walk.url, timeout=30, headers=HTML))
        yield walk


def _client(walk: Walk, who: str) -> httpx.Client:
    signed = session(walk.deps.store, who, walk.deps.clock.real_now)
    walk.csrf[who] = signed.csrf
    return plain_http.client(base_url=walk.url, timeout=30, cookies={"jiancha": signed.secret}, headers=HTML)


def _bearers(walk: Walk) -> dict[str, dict[str, str]]:
    """A header for each role and each kind of token."""
    store = walk.deps.store

    def made(conn: Connection) -> dict[str, str]:
        registry = walk.deps.registry.get(conn)
        return {
            "hall": create_token(conn, now=NOW, halls=["h1"]),
            "device": create_token(conn, now=NOW, devices=["eval-1"]),
            "kiosk": create_kiosk_token(conn, registry, "gate-1", now=NOW),
            "gallery": create_gallery_token(conn, "gate-1", now=NOW, actor="test"),
            "screen": _screen_token(conn),
            "lobby": create_public_token(conn, "h1", now=NOW, actor="test")[1],
            **{who: create_token(conn, now=NOW, user=who) for who in PERSONS},
        }

    return {who: {"Authorization": f"Bearer {text}"} for who, text in store.step(made).items()}


def _screen_token(conn: Connection) -> str:
    row = {"digest": digest("screen"), "devices": ["eval-1"], "halls": [], "scopes": [SCREEN_SCOPE], "created": NOW}
    conn.execute(TOKEN.insert(), [row])
    return "screen"


def _fill(conn: Connection) -> None:
    """The people at work, everything named after the place where it lies, with devices in each."""
    born = {"expected_from": NOW - timedelta(days=30)}
    fill_people(conn, born["expected_from"])
    for place, at in PLACES.items():
        for kind, model in (("window", WindowRow), ("staff", StaffRow)):
            table = table_of(model)
            conn.execute(update(table).where(table.c.id == at[kind]).values(name=marker(place)))
        device = {"id": DEVICES[place], "kind": "evaluator", "hall": at["hall"], "window": at["window"], **born}
        insert(conn, DeviceRow, device)
    first = put_card(conn, "another hall", NOW)  # numbers that are found in an answer nowhere else
    conn.execute(update(CARD).where(CARD.c.number == first).values(number=770_000))
    far = PLACES["another hall"]
    for kind, model in (("hall", HallRow), ("unit", UnitRow)):
        table = table_of(model)
        conn.execute(update(table).where(table.c.id == far[kind]).values(name=marker("another hall")))
    terminal = {"kind": "terminal", "serves": ["*"], **born}
    halls = {"gate-1": "h1", "gate-2": "h1", "gate-9": "h2"}
    insert(conn, DeviceRow, *({"id": gate, "hall": hall, **terminal} for gate, hall in halls.items()))


def marker(place: str) -> str:
    """What everything at a place is called."""
    return f"«{place}»"
