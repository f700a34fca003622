"""Plans, and devices taken in and out of service, over HTTP on the busy hall: what is shown is what then happens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import select

from monitor.console.paging import sealed
from monitor.store import meta
from monitor.store.facts.watchers import cameras_of
from monitor.store.plans import KINDS
from monitor.store.schema import (
    Audit,
    CalendarDayRow,
    Card,
    ClosedMonthRow,
    DeviceRow,
    HallRow,
    LeaveRow,
    StaffRow,
    Subject,
    UnitRow,
)
from monitor.store.sql import table_of
from monitor.supervision.tokens import create_token
from tests.busy_app import BusyApp, busy_app
from tests.busy_hall import HALL, NOW
from tests.http_app import insert
from tests.integration.test_console_registry import carried, judge, post, send

DAY: Final = "2026-03-04"
LEAVE: Final = "id,staff,kind,from,to,approver,approved_at\n"


def leave(
    plan: str, staff: str, day: str = DAY, hours: tuple[str, str] = ("08:00", "18:00"), kind: str = "sick"
) -> str:
    first, last = (f"{day}T{hour}+08:00" for hour in hours)
    return f"{plan},{HALL}-{staff},{kind},{first},{last},head,{day}T07:00+08:00\n"


@pytest.fixture(scope="module")
def app(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    with busy_app(busy_hall_made, tmp_path_factory.mktemp("plans")) as made:
        born = {"expected_from": NOW}
        with made.deps.store.write() as conn:
            insert(conn, HallRow, {"id": "h9", "name": "别的大厅", **born})
            insert(conn, UnitRow, {"id": "u9", "hall": "h9", **born})
            insert(conn, StaffRow, {"id": "s9", "unit": "u9", "name": "别处的人", **born})
            far = {"id": "far", "staff": "s9", "kind": "sick", "starts": NOW, "ends": NOW.replace(hour=20)}
            insert(conn, LeaveRow, far)
            meta.bump(conn, meta.REGISTRY_VERSION)
        judge(made)
        yield made


@pytest.fixture(scope="module")
def duty(app: BusyApp) -> Iterator[httpx.Client]:
    with app.as_user("duty") as client:
        yield client


@pytest.fixture(scope="module")
def admin(app: BusyApp) -> Iterator[httpx.Client]:
    with app.as_user("admin") as client:
        yield client


def bearer(app: BusyApp, user: str) -> dict[str, str]:
    token = app.deps.store.step(lambda conn: create_token(conn, now=NOW, user=user))
    return {"Authorization": f"Bearer {token}"}


def verdicts(app: BusyApp) -> dict[str, str]:
    """Of the slots and posts, as the judge wrote them."""
    table = table_of(Subject)
    with app.deps.store.read() as conn:
        rows = conn.execute(select(table.c.key, table.c.verdict).where(table.c.kind.in_(("slot", "post"))))
        return {row.key: row.verdict for row in rows}


def stored(app: BusyApp, model: Any, *columns: str) -> list[tuple[Any, ...]]:
    table = table_of(model)
    with app.deps.store.read() as conn:
        return [tuple(row) for row in conn.execute(select(*(table.c[name] for name in columns)))]


@pytest.mark.parametrize("staff", ["p02", "p07"])
def test_leave_excuses_just_what_was_shown(app: BusyApp, duty: httpx.Client, staff: str) -> None:
    """The real judge, after it: the verdicts that changed are those that the preview listed, with what it said."""
    before, day = verdicts(app), "2026-03-03" if staff == "p07" else DAY
    plan = {"id": f"l-{staff}", "staff": f"{HALL}-{staff}", "kind": "sick", "from": f"{day}T08:00:00+08:00",
            "to": f"{day}T18:00:00+08:00", "approver": "head", "approved_at": f"{day}T07:00:00+08:00"}  # fmt: skip
    token = bearer(app, "duty")
    told = app.http.post("/api/v1/plans/preview", headers=token, json={"leave": [plan]})
    assert told.status_code == 200, told.text
    shown = {one["id"]: one["then"] for one in told.json()["verdicts"]}
    assert shown
    assert verdicts(app) == before
    assert f"l-{staff}" not in {row[0] for row in stored(app, LeaveRow, "id")}, "the trial left nothing"
    wrong = app.http.post("/api/v1/plans?digest=0", headers=token, json={"leave": [plan]})
    assert wrong.status_code == 409
    done = app.http.post(f"/api/v1/plans?digest={told.json()['digest']}", headers=token, json={"leave": [plan]})
    assert done.json() == {"leave": {"added": 1, "changed": 0, "unchanged": 0}}
    judge(app)
    after = verdicts(app)
    changed = {key: after[key] for key in before if after[key] != before[key]}
    assert changed == {key: then for key, then in shown.items() if then != before[key]}
    withdrawn = set(told.json()["withdrawn"])
    states = dict(stored(app, Card, "number", "state"))
    assert {states[number] for number in withdrawn} <= {"withdrawn"}
    listed = app.http.get(f"/api/v1/plans/leave?from={day}&to={day}&q={staff}", headers=token).json()
    assert listed == [plan]


def test_a_file_by_the_page_with_a_clash_a_fault_and_a_change_meanwhile(app: BusyApp, duty: httpx.Client) -> None:
    bad = send(duty, "/plans/import", "leave.csv", LEAVE + leave("l5", "p99"))
    assert bad.status_code == 422
    assert f"{HALL}-p99" in bad.text
    late = send(duty, "/plans/import", "leave.csv", LEAVE + leave("l5", "p05", hours=("18:00", "08:00")))
    assert late.status_code == 422
    good = LEAVE + leave("l5", "p05") + leave("l6", "p05", hours=("09:00", "10:00"), kind="annual")
    shown = send(duty, "/plans/import", "leave.csv", good)
    assert shown.text.count("同一时间已有另一请假") == 1
    for said in ("病假", "年休假", "演示员05"):
        assert said in shown.text
    fields = carried(shown)
    app.deps.store.step(lambda conn: meta.bump(conn, meta.PLANS_VERSION))
    again = post(duty, "/plans/confirm", **fields)
    assert again.status_code == 409
    assert post(duty, "/plans/confirm", **carried(again)).status_code == 303
    assert {"l5", "l6"} <= {row[0] for row in stored(app, LeaveRow, "id")}
    assert "没有" not in send(duty, "/plans/import", "leave.csv", good).text


def test_overlapping_shifts_are_faults_of_the_preview(app: BusyApp, duty: httpx.Client) -> None:
    preset = next(iter(app.deps.presets))
    rows = "".join(f"{plan},{HALL}-p02,{preset},2026-03-0{n},\n" for n, plan in ((2, "s1"), (3, "s2")))
    answer = send(duty, "/plans/import", "shifts.csv", "id,staff,preset,from,to\n" + rows)
    assert answer.status_code == 422
    assert "重叠" in answer.text


def test_plans_of_another_hall(app: BusyApp, duty: httpx.Client) -> None:
    """Not listed; not taken, whether it is new or stored; nothing of the file is."""
    assert "别处的人" not in duty.get(f"/plans?from={DAY}&to={DAY}").text
    for plan in ("far", "new-far"):
        answer = send(
            duty, "/plans/import", "leave.csv", LEAVE + leave("l9", "p02") + leave(plan, "x").replace(f"{HALL}-x", "s9")
        )
        assert answer.status_code == 422
        assert "不在您的权限范围内" in answer.text
    assert "l9" not in {row[0] for row in stored(app, LeaveRow, "id")}
    assert duty.get("/plans?kind=rota&hall=h9").text.count("<tr>") == 0
    head = app.http.get(f"/api/v1/plans/leave?from={DAY}&to={DAY}&hall=h9", headers=bearer(app, "head"))
    assert head.json() == []


@pytest.mark.parametrize("kind", list(KINDS))
def test_each_kind_has_its_list(duty: httpx.Client, kind: str) -> None:
    assert duty.get(f"/plans?kind={kind}&q=p02").status_code == 200
    spans = "starts" in KINDS[kind].table.c
    for begin, status in (("2026-03-01T00:00:00+00:00", 200 if spans else 422), ("2026-03-01", 422 if spans else 200)):
        answer = duty.get("/plans", params={"kind": kind, "after": sealed([begin, "x"])})
        assert answer.status_code == status, begin
    assert duty.get("/plans", params={"kind": kind, "after": sealed(["x", "x"])}).status_code == 422


def test_the_rota_of_a_month(app: BusyApp, duty: httpx.Client) -> None:
    rows = "id,date,role,staff\n" + "".join(f"r{n},2026-03-{n:02},值班长,{HALL}-p0{n}\n" for n in range(1, 10))
    assert post(duty, "/plans/confirm", **carried(send(duty, "/plans/import", "rota.csv", rows))).status_code == 303
    text = duty.get("/plans/rota?month=2026-03").text
    assert text.count('<th scope="row">') == 31
    assert text.index("2026-03-05") < text.index("演示员05") < text.index("2026-03-06")
    assert duty.get("/plans/rota?month=2026-13").status_code == 422


# --------------------------------------------------------------------------- devices


def test_a_device_taken_in_and_out_of_service(app: BusyApp, admin: httpx.Client) -> None:
    """Its password is shown once and is in no store; revoked it is known no more; another password brings it back."""
    given = {"id": "cam-99", "kind": "camera", "hall": HALL, "window": f"{HALL}-w01", "watermark": "heartbeat"}
    for bad in ({"id": "Bad Id"}, {"hall": "nowhere"}, {"channels": "rating"}):
        assert post(admin, "/devices/new", **given | bad).status_code == 422, bad
    made = post(admin, "/devices/new", **given)
    assert made.status_code == 200
    password = made.text.partition('class="secret">')[2].partition("<")[0]
    assert len(password) == 24
    assert "cam-99:$7$" in made.text
    assert post(admin, "/devices/new", **given).status_code == 422, "it is there already"
    audit = stored(app, Audit, "action", "object_id", "body")
    assert [row[0] for row in audit if row[1] == "cam-99"] == ["registry.add", "device.admit"]
    assert password not in str(audit)
    assert post(admin, "/devices/cam-99/revoke", reason=" ").status_code == 422
    assert post(admin, "/devices/cam-99/revoke", reason="失窃").status_code == 200
    assert ("cam-99", None) in stored(app, DeviceRow, "id", "revoked_at")
    assert post(admin, "/devices/cam-99/revoke", reason="失窃", confirmed="yes").status_code == 303
    assert ("cam-99", None) not in stored(app, DeviceRow, "id", "revoked_at")
    assert post(admin, "/devices/cam-99/password").status_code == 200
    assert ("cam-99", None) in stored(app, DeviceRow, "id", "revoked_at")


def test_revoking_leaves_the_windows_unwatched_that_were_told(app: BusyApp) -> None:
    token = bearer(app, "admin")
    told = app.http.get(f"/api/v1/devices/{HALL}-cam04/revoke", headers=token).json()
    assert told["unwatched"] == [f"{HALL}-w04"]
    assert app.http.get("/api/v1/devices/nothing/revoke", headers=token).status_code == 404
    for revoked in (True, False):
        done = app.http.post(f"/api/v1/devices/{HALL}-cam04/revoke", headers=token, json={"reason": "拆除"})
        assert done.json() == {"device": f"{HALL}-cam04", "revoked": revoked}
    look: Any = app.deps.look
    with app.deps.store.read() as conn:
        now = look(conn, app.deps.clock.now())
        without = [w for w in now.registry.windows if not cameras_of(now, w, ())]
    assert f"{HALL}-w04" in without
    assert app.http.get(f"/api/v1/devices/{HALL}-cam04/revoke", headers=token).status_code == 409


def test_a_notice_on_days_of_a_closed_month_warns(app: BusyApp, admin: httpx.Client) -> None:
    row = {
        "hall": HALL, "month": "2026-02", "version": 1, "closed_at": NOW, "actor": "head", "reason": "x",
        "digest": "x", "corrections": 0, "closed_by": "head",
    }  # fmt: skip
    columns = table_of(ClosedMonthRow).c.keys()
    with app.deps.store.write() as conn:
        insert(conn, ClosedMonthRow, {name: value for name, value in row.items() if name in columns})
    notice = '{"year": 2026, "days": [{"name": "补休", "date": "2026-02-10", "isOffDay": true}]}'
    shown = send(admin, "/calendars/import", "2026.json", notice)
    assert "已关账的考勤月" in shown.text
    assert "2026-02" in shown.text
    assert stored(app, CalendarDayRow, "day") == []
    assert date(2026, 2, 10).weekday() < 5
