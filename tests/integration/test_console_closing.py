"""Closing a month by pages and by the API: what is signed is what was seen, versions stay to the byte, sheets are
made in the background and by whoever is left when their maker was killed.
"""

from __future__ import annotations

import hashlib
import re
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from monitor.access import Principal
from monitor.app.serving import deps_of
from monitor.app.sheetmaker import LEASE, SheetMaker
from monitor.clock import FrozenClock
from monitor.console.health import Health
from monitor.metrics import Metrics
from monitor.store import sheetjobs
from monitor.store.audit import AUDIT
from monitor.store.schema import User
from monitor.store.sheetjobs import JOB
from monitor.supervision import erasure, requests
from monitor.supervision.requestchecks import Asked
from monitor.supervision.tokens import create_token
from tests.busy_app import BusyApp
from tests.busy_hall import HALL, copied
from tests.http_app import insert, served
from tests.integration.test_months import LATER, OVER, REGISTRY, file_leave, lines
from tests.sheets import World, at, filled

MONTH = "2026-03"
PATH = f"/closing/of/h1/{MONTH}"
FILES = ("xlsx", "pdf", "csv")


@contextmanager
def console(world: World, now: datetime) -> Iterator[BusyApp]:
    """The app over the world's store, its clock at `now`."""
    program = replace(world.program, clock=FrozenClock(now))
    with ExitStack() as parts:
        deps = deps_of(
            program, metrics=Metrics(rules=(), channels=()), health=Health(monotonic=program.clock.monotonic),
            look=program.judge().look, heard=lambda: None, parts=parts,
        )  # fmt: skip
        running = parts.enter_context(served(deps))
        yield BusyApp(deps=deps, http=running.http, url=running.url)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """March: a1 was not there on the 10th, and leave for that was filed after the month was closed."""
    made = filled(tmp_path, [(at(1, "00:00", 3), REGISTRY)], lines(), OVER)
    with made.program.store.write() as conn:
        for user, role in (("head", "supervision_head"), ("hr", "personnel"), ("duty", "duty_supervisor")):
            insert(conn, User, {"id": user, "role": role, "created": OVER, "halls": ["h1"], "name": f"名{user}"})
    return made


def send(app: BusyApp, user: str, path: str, **form: Any) -> httpx.Response:
    client = app.as_user(user)
    return client.post(path, data={"csrf": client.headers["X-CSRF"], **form}, follow_redirects=False)


def said(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def seen(text: str) -> str:
    return re.findall(r'name="seen" value="(\w+)"', text)[0]


def saved(app: BusyApp, version: int) -> dict[str, bytes]:
    """The version's files, as the page gives them."""
    client = app.as_user("head")
    answers = {kind: client.get(f"{PATH}/{version}/sheet.{kind}") for kind in (*FILES, "json")}
    assert {answer.status_code for answer in answers.values()} == {200}
    return {kind: answer.content for kind, answer in answers.items()}


def by_command(world: World, version: int) -> dict[str, bytes]:
    """The same as `jiancha export attendance` writes it."""
    options = {"now": LATER, "version": version}
    return {kind: world.export(f"v{version}.{kind}", MONTH, **options).read_bytes() for kind in FILES}


def test_a_month_is_closed_corrected_and_every_version_stays_to_the_byte(world: World) -> None:
    with console(world, OVER) as app:
        shown = app.as_user("head").get(PATH)
        assert "未决事项" in shown.text
        refused = send(app, "head", PATH, reason="", accept="yes", seen=seen(shown.text))
        assert refused.status_code == 422
        assert send(app, "head", PATH, reason="核对", accept="yes", seen="0" * 32).status_code == 409, (
            "not what was seen"
        )
        assert send(app, "duty", PATH, reason="核对", accept="yes", seen=seen(shown.text)).status_code == 403
        done = send(app, "head", PATH, reason="三月核对", accept="yes", seen=seen(shown.text))
        assert done.headers["location"] == f"{PATH}?done=1"
        page = said(app.as_user("head").get(PATH).text)
        assert "名head" in page, "who signed it, by name"
        assert "名head" in said(app.as_user("head").get("/closing").text)
        assert "没有差别，无须更正" in page
        assert "刚才核验：所存与签核时一致" in page
        first = saved(app, 1)
        assert app.as_user("head").get(f"{PATH}/2/sheet.xlsx").status_code == 404
        digest = app.http.get("/api/v1/months", headers=bearer(app)).json()[0]["digest"]
        assert hashlib.sha256(first["json"]).hexdigest() == digest, "anybody can check it"
    assert {kind: first[kind] for kind in FILES} == by_command(world, 1)
    file_leave(world)
    with console(world, LATER) as app:
        shown = app.as_user("head").get(PATH)
        changed = shown.text.split('id="changed"')[1].split("</table>")[0]
        assert re.search(r"甲（a1） 10上 旷 假", said(changed)), said(changed)
        assert send(app, "head", PATH, reason="病假补批", seen=seen(shown.text)).headers["location"] == f"{PATH}?done=2"
        assert saved(app, 1) == first
        second = saved(app, 2)
        assert second["xlsx"] != first["xlsx"]
        assert [v["version"] for v in app.http.get("/api/v1/months", headers=bearer(app)).json()] == [2, 1]
        page = said(app.as_user("head").get(PATH).text)
        assert "病假补批" in page
        assert "三月核对" in page
    assert {kind: second[kind] for kind in FILES} == by_command(world, 2)


def bearer(app: BusyApp, user: str = "head") -> dict[str, str]:
    made = app.deps.store.step(lambda conn: create_token(conn, now=OVER, user=user))
    return {"Authorization": f"Bearer {made}"}


def test_open_points_are_listed_and_have_to_be_accepted(tmp_path: Path) -> None:
    """The terminal fell silent on the 20th: nobody can tell about the days after."""
    silent = filled(tmp_path, [(at(1, "00:00", 3), REGISTRY)], lines(silent_on=20), OVER)
    with silent.program.store.write() as conn:
        insert(conn, User, {"id": "head", "role": "supervision_head", "created": OVER, "halls": ["h1"]})
    with console(silent, OVER) as app:
        shown = app.as_user("head").get(PATH)
        text = said(shown.text)
        assert re.search(r"无法判定的时段 \d+", text)
        assert "数据未到齐的终端 1" in text
        assert "t1" in text
        table = app.as_user("head").get(PATH + "?lang=en").text.split('id="open-unknown"')[1].split("</table>")[0]
        assert "morning in: unknown" in said(table), "worded in the page's language"
        assert "上午签到未知" in text
        no = send(app, "head", PATH, reason="核对", seen=seen(shown.text))
        assert no.status_code == 422
        assert "有未决事项" in no.text
        heads = bearer(app)
        told = app.http.get(f"/api/v1/months/h1/{MONTH}", headers=heads).json()
        assert told["counts"]["unknown"] == sum(p["kind"] == "unknown" and p["blocks"] for p in told["open"]) > 0
        body = {"reason": "核对", "seen": told["seen"]}
        assert app.http.post(f"/api/v1/months/h1/{MONTH}", json=body, headers=heads).status_code == 422
        heads["Idempotency-Key"] = "k"
        body["accept_open"] = True
        made = app.http.post(f"/api/v1/months/h1/{MONTH}", json=body, headers=heads)
        again = app.http.post(f"/api/v1/months/h1/{MONTH}", json=body, headers=heads)
        assert (made.json()["version"], again.json()) == (1, made.json())
        with app.deps.store.read() as conn:
            closed = conn.execute(select(AUDIT.c.actor).where(AUDIT.c.action == "attendance.closed")).scalars().all()
        assert closed == ["head"]


def test_undecided_requests_are_named_and_stand_in_nobody_s_way(world: World) -> None:
    """Filed in March and not decided when the month is closed; once it is, it is open no more."""
    hr = Principal(id="hr", role="personnel", halls=frozenset({"h1"}))
    policy, look_at = world.program.settings.policy, world.program.judge().look
    asked = Asked(kind="leave", staff="a1", leave_kind="sick", starts=at(26, "08:30", 3), ends=at(27, "17:30", 3),
                  reason="代填")  # fmt: skip
    store = world.program.store
    number = store.step(lambda conn: requests.file(look_at(conn, at(25, "09:00", 3)), policy, asked, actor=hr))
    with console(world, OVER) as app:
        shown = app.as_user("head").get(PATH)
        assert "未审批的申请 1" in said(shown.text)
        assert f'href="/requests/{number}"' in shown.text
        told = app.http.get(f"/api/v1/months/h1/{MONTH}", headers=bearer(app)).json()
        (point,) = [one for one in told["open"] if one["kind"] == "request"]
        assert (point["staff"], point["request"], point["blocks"]) == ("a1", number, False)
        store.step(lambda conn: requests.decide(look_at(conn, OVER), number, "refused", actor="cli", why="已超过时限"))
        assert "未审批的申请" not in said(app.as_user("head").get(PATH).text)


# --------------------------------------------------------------------------- sheets


def maker(world: World, now: datetime = OVER) -> SheetMaker:
    program = replace(world.program, clock=FrozenClock(now))
    return SheetMaker(program, program.judge().look)


def run_until_idle(world: World, made: SheetMaker) -> None:
    made.start()
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with world.program.store.read() as conn:
            states = set(conn.execute(select(JOB.c.state)).scalars())
        if not states & {"queued", "running"}:
            break
        made.wake()
    made.stop()


def job(world: World, number: int) -> Any:
    with world.program.store.read() as conn:
        return sheetjobs.find(conn, number)


def test_sheets_are_made_in_the_background_within_bounds(world: World) -> None:
    with console(world, OVER) as app:
        form = {"hall": "h1", "month": MONTH, "format": "xlsx"}
        assert send(app, "hr", "/closing/sheets", **form).headers["location"] == "/closing/sheets?done=asked"
        assert send(app, "hr", "/closing/sheets", **{**form, "unit": "a", "format": "pdf"}).status_code == 303
        assert send(app, "hr", "/closing/sheets", **{**form, "month": "2027-01"}).status_code == 303
        full = send(app, "hr", "/closing/sheets", **form)
        assert full.status_code == 409
        assert "至多 3 份" in full.text
        part = app.as_user("hr").get("/closing/sheets/part")
        assert 'hx-trigger="every 2s"' in part.text
        assert "排队中" in part.text
        assert app.as_user("hr").get("/closing/sheets/1/file").status_code == 409, "not made yet"
        run_until_idle(world, maker(world))
        page = app.as_user("head").get("/closing/sheets")
        assert "hx-trigger" not in page.text, "nothing is being made: nothing is asked"
        assert re.search(r"未成 .*该月尚未开始", said(page.text)), "why it failed"
        whole = app.as_user("hr").get("/closing/sheets/1/file")
        assert whole.content[:2] == b"PK"
        assert app.as_user("hr").get("/closing/sheets/2/file").content[:4] == b"%PDF"
        assert app.as_user("duty").get("/closing/sheets/1/file").status_code == 403
        heads = bearer(app, "hr")
        told = app.http.get("/api/v1/sheets/1", headers=heads).json()
        assert (told["state"], told["done"], told["digest"]) == (
            "done", told["total"], hashlib.sha256(whole.content).hexdigest()
        )  # fmt: skip
        assert send(app, "head", "/closing/sheets/2/delete").status_code == 303
        assert job(world, 2) is None
        with app.deps.store.write() as conn:
            erased = erasure.apply(conn, "staff", "a1", OVER)
        assert erased.rows["sheet_job"] == 1, "a name that is erased stands in no sheet that is kept ready"


def test_a_closed_month_s_sheet_is_the_one_that_was_signed(world: World) -> None:
    with console(world, OVER) as app:
        shown = app.as_user("head").get(PATH)
        send(app, "head", PATH, reason="核对", accept="yes", seen=seen(shown.text))
        send(app, "hr", "/closing/sheets", hall="h1", month=MONTH, format="xlsx")
        run_until_idle(world, maker(world))
        assert app.as_user("hr").get("/closing/sheets/1/file").content == saved(app, 1)["xlsx"]


def test_of_two_makers_one_has_it_and_a_lease_that_is_over_frees_it(world: World) -> None:
    now = world.program.clock.real_now()
    store = world.program.store
    row = {"hall": "h1", "month": MONTH, "format": "xlsx", "asked_by": "hr", "asked_at": now}
    number = store.step(lambda conn: sheetjobs.add(conn, {**row, "expires": now + timedelta(days=7)}))
    taken = store.step(lambda conn: sheetjobs.take(conn, "one", now, now + LEASE))
    assert taken is not None
    assert store.step(lambda conn: sheetjobs.take(conn, "two", now, now + LEASE)) is None
    later = now + LEASE + timedelta(seconds=1)
    again = store.step(lambda conn: sheetjobs.take(conn, "two", later, later + LEASE))
    assert (again.maker, again.tries) == ("two", 2)
    assert not store.step(lambda conn: sheetjobs.go_on(conn, number, "one", {"state": "done"})), "it lost it"
    store.step(lambda conn: conn.execute(update(JOB).values(expires=now)))
    assert store.step(lambda conn: sheetjobs.expire(conn, now)) == 1
    assert job(world, number) is None


def test_a_sheet_survives_the_daemon_s_death(busy_hall_made: Path, tmp_path: Path) -> None:
    """A real process is killed while it makes one; the next one makes it."""
    daemon = copied(busy_hall_made, tmp_path)
    database = tmp_path / "jiancha.sqlite"
    with sqlite3.connect(database) as conn:
        asked = "2026-03-04 07:40:00.000000"
        conn.execute(
            "INSERT INTO sheet_job (hall, month, format, asked_by, asked_at, state, done, total, tries, expires, why)"
            " VALUES (?, '2026-03', 'pdf', 'head', ?, 'queued', 0, 0, 0, '2999-01-01 00:00:00.000000', '')",
            (HALL, asked),
        )
    process = daemon.begin()
    assert wait_for(database, "running") == "running"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert state_of(database) == ("running", 1), "nobody has it, and it says that somebody has"
    with daemon:
        assert wait_for(database, "done") == "done"
    with sqlite3.connect(database) as conn:
        body, tries = conn.execute("SELECT body, tries FROM sheet_job WHERE work = 'attendance'").fetchone()
    assert (body[:4], tries) == (b"%PDF", 2)


def state_of(database: Path) -> tuple[str, int]:
    with sqlite3.connect(database) as conn:
        return tuple(conn.execute("SELECT state, tries FROM sheet_job WHERE work = 'attendance'").fetchone())


def wait_for(database: Path, wanted: str) -> str:
    end, found = time.monotonic() + 120, ""
    while time.monotonic() < end and found != wanted:
        found = state_of(database)[0]
        assert found != "failed"
        time.sleep(0.002)
    return found
