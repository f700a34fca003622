"""The registry and the calendars over HTTP, on the busy hall: tables, forms, imports with their previews, the API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import select

from monitor.console.paging import sealed
from monitor.store import meta
from monitor.store.casestats import STAT
from monitor.store.registry import KINDS, registry_rows
from monitor.store.schema import Audit, HallRow, StaffRow, UnitRow
from monitor.store.sql import table_of
from monitor.supervision.tokens import create_token
from monitor.workcal.tables import from_micros, micros
from tests.busy_app import BusyApp, busy_app
from tests.busy_hall import HALL, NOW
from tests.http_app import insert

WINDOW: Final = f"{HALL}-w01"
WINDOWS: Final = "id,unit,name,min_staff\n"
NOTICE: Final = {
    "year": 2026,
    "title": "临时调休",
    "days": [
        {"name": "特别休息", "date": "2026-03-05", "isOffDay": True},
        {"name": "特别休息", "date": "2026-03-07", "isOffDay": False},
    ],
}


@pytest.fixture(scope="module")
def app(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    with busy_app(busy_hall_made, tmp_path_factory.mktemp("registry")) as made:
        yield made


@pytest.fixture(scope="module")
def admin(app: BusyApp) -> Iterator[httpx.Client]:
    with app.as_user("admin") as client:
        yield client


@pytest.fixture(scope="module")
def api(app: BusyApp) -> dict[str, str]:
    token = app.deps.store.step(lambda conn: create_token(conn, now=NOW, user="admin"))
    return {"Authorization": f"Bearer {token}"}


def post(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    return client.post(path, data={"csrf": client.headers["X-CSRF"], **fields})


def send(client: httpx.Client, path: str, name: str, data: str | bytes, **fields: str) -> httpx.Response:
    sent = data.encode() if isinstance(data, str) else data
    return client.post(path, data={"csrf": client.headers["X-CSRF"], **fields}, files={"file": (name, sent)})


def carried(answer: httpx.Response) -> dict[str, str]:
    """What the preview's form would send."""
    assert answer.status_code in (200, 409), answer.text
    return {k: unescape(v) for k, v in re.findall(r'name="(name|year|digest|content)" value="([^"]*)"', answer.text)}


def rows(app: BusyApp) -> dict[str, Any]:
    with app.deps.store.read() as conn:
        return registry_rows(conn)


def dues(app: BusyApp) -> dict[str, Any]:
    """When each open case is due, as the judge wrote it."""
    with app.deps.store.read() as conn:
        found = conn.execute(select(STAT.c.case_key, STAT.c.due_us).where(STAT.c.ended_us.is_(None)))
        return {row.case_key: row.due_us for row in found}


def judge(app: BusyApp) -> None:
    look: Any = app.deps.look
    look.__self__.run_until_nothing_due(app.deps.clock.now())


# --------------------------------------------------------------------------- the registry


@pytest.mark.parametrize("table", list(KINDS))
def test_each_table_and_a_row_of_it(app: BusyApp, admin: httpx.Client, table: str) -> None:
    listed = admin.get("/registry", params={"table": table})
    assert listed.status_code == 200
    first = re.search(r'href="(/registry/row\?[^"]+)"', listed.text.partition("<tbody>")[2])
    if first is not None:
        assert admin.get(unescape(first[1])).status_code == 200


BAD: Final = {
    "a wrong cell": ("windows.csv", WINDOWS + f"{WINDOW},{HALL}-u1,甲,两人\n", [">2<", "min_staff", "两人"]),
    "no such unit": ("windows.csv", WINDOWS + f"{WINDOW},nowhere,甲,1\n", [">2<", "unit", "nowhere"]),
    "two faults": ("staff.csv", "id,unit,contacts\na,nowhere,xx\n", ["unit", "contacts"]),
    "toml": ("x.toml", '[[posts]]\nwindow = "zz"\nstaff = "yy"\n', ["x.toml [posts]", ">1<", "zz", "yy"]),
    "no table": ("x.toml", "a = 1\n", ["x.toml [a]"]),
    "no such format": ("x.doc", "a", ["x.doc"]),
    "an empty workbook": ("x.xlsx", b"PK", ["x.xlsx"]),
    "nothing in it": ("windows.csv", "", []),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_with_the_place_of_each_fault(app: BusyApp, admin: httpx.Client, case: str) -> None:
    name, data, told = BAD[case]
    before = rows(app)
    answer = send(admin, "/registry/import", name, data)
    assert answer.status_code == 422
    assert [word for word in told if word not in unescape(answer.text)] == []
    assert 'name="digest"' not in answer.text
    assert rows(app) == before


def test_what_is_shown_is_what_happens(app: BusyApp, admin: httpx.Client) -> None:
    """A name, a number, a new window with a post: shown, not written; confirmed, just these differ."""
    before = rows(app)
    old = next(row for row in before["windows"] if row["id"] == WINDOW)
    data = (
        f'[[windows]]\nid = "{WINDOW}"\nunit = "{old["unit"]}"\nname = "改名 <b>"\nmin_staff = {old["min_staff"] + 3}\n'
        f'[[windows]]\nid = "{HALL}-w99"\nunit = "{old["unit"]}"\nname = "九十九号"\n'
        f'[[posts]]\nwindow = "{HALL}-w99"\nstaff = "{HALL}-p02"\n'
    )
    shown = send(admin, "/registry/import", "new.toml", data)
    text = unescape(re.sub(r"<[^>]+>|\s+", " ", shown.text))
    assert rows(app) == before
    for said in ("改名 <b>", "九十九号", "演示员02", "人数", "不足"):
        assert said in text
    assert "<b>" not in shown.text, "escaped"
    done = post(admin, "/registry/confirm", **carried(shown))
    assert done.status_code == 303
    after = rows(app)
    differ = {
        name: [row for row in after[name] if row not in before[name]] for name in after if after[name] != before[name]
    }
    assert {name: len(found) for name, found in differ.items()} == {"windows": 2, "posts": 1}
    assert {(row["id"], row["name"]) for row in differ["windows"]} == {
        (WINDOW, "改名 <b>"),
        (f"{HALL}-w99", "九十九号"),
    }
    with app.deps.store.read() as conn:
        audit = table_of(Audit)
        told = conn.execute(select(audit.c.actor, audit.c.object_id).where(audit.c.action == "registry.add")).all()
    assert ("admin", f"{HALL}-w99") in {tuple(row) for row in told}


def test_a_change_meanwhile_is_refused_and_shown_anew(app: BusyApp, admin: httpx.Client) -> None:
    data = WINDOWS + f"{HALL}-w02,{HALL}-u1,二号,1\n"
    fields = carried(send(admin, "/registry/import", "windows.csv", data))
    app.deps.store.step(lambda conn: meta.bump(conn, meta.REGISTRY_VERSION))  # somebody else's import
    before = rows(app)
    again = post(admin, "/registry/confirm", **fields)
    assert again.status_code == 409
    assert "请重新预览" in again.text
    assert rows(app) == before
    fresh = carried(again)
    assert fresh["digest"] != fields["digest"]
    other = carried(send(admin, "/registry/import", "windows.csv", data.replace("二号", "贰号")))
    assert post(admin, "/registry/confirm", **fresh | {"content": other["content"]}).status_code == 409, "not shown"
    assert post(admin, "/registry/confirm", **fresh).status_code == 303
    assert rows(app) != before


@pytest.mark.parametrize("suffix", ["toml", "xlsx"])
def test_the_registry_as_a_file_imports_unchanged(app: BusyApp, admin: httpx.Client, suffix: str) -> None:
    file = admin.get(f"/registry/file.{suffix}")
    assert file.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''registry.{suffix}"
    table = table_of(Audit)
    with app.deps.store.read() as conn:
        query = select(table.c.actor, table.c.body).where(table.c.action == "registry.exported")
        taken = [(row.actor, row.body["format"]) for row in conn.execute(query)]
    assert ("admin", suffix) in taken, "names and contacts left the system"
    shown = send(admin, "/registry/import", f"registry.{suffix}", file.content)
    assert shown.status_code == 200
    assert "与台账现状一致" in shown.text
    assert "确认保存" not in shown.text


def test_damaged_and_too_long_forms(app: BusyApp, admin: httpx.Client) -> None:
    for content in ("", "x", "!!!!", sealed(["x"])):
        answer = post(admin, "/registry/confirm", name="windows.csv", digest="", content=content)
        assert answer.status_code == 422, content
    assert send(admin, "/registry/import", "windows.csv", b"x" * (4 << 20 | 1)).status_code == 422
    assert post(admin, "/registry/import").status_code == 422


def test_one_row_by_its_form(app: BusyApp, admin: httpx.Client) -> None:
    """With a fault the form comes again with what was written; mended it is previewed like a file."""
    given = {"table": "items", "key": "", "id": "new-item", "name": "新事项", "kind": "committed", "promised": "2.5"}
    bad = post(admin, "/registry/row", **given)
    assert bad.status_code == 422
    assert 'value="2.5"' in bad.text
    assert "天数应为整数" in bad.text
    shown = post(admin, "/registry/row", **given | {"promised": "3"})
    assert "new-item" in shown.text
    assert post(admin, "/registry/confirm", **carried(shown)).status_code == 303
    assert any(row["id"] == "new-item" and row["promised"] == 3 for row in rows(app)["items"])
    assert admin.get("/registry/row", params={"table": "items", "key": sealed(["new-item", ""])}).status_code == 200
    for key in (sealed(["no"]), sealed(["no", "x"]), sealed(["no", ""])):
        assert admin.get("/registry/row", params={"table": "items", "key": key}).status_code == 404


def test_taking_a_person_out_of_service_ends_their_posts(app: BusyApp, admin: httpx.Client) -> None:
    person = f"{HALL}-p03"
    held = [row for row in rows(app)["posts"] if row["staff"] == person]
    assert held
    end = f"{NOW + timedelta(days=1):%Y-%m-%d}"
    shown = post(admin, "/registry/end", table="staff", key=sealed([person]), end=end)
    assert post(admin, "/registry/confirm", **carried(shown)).status_code == 303
    after = [row for row in rows(app)["posts"] if row["staff"] == person]
    assert [f"{row['valid_to']}" for row in after] == [end] * len(held)
    assert post(admin, "/registry/end", table="staff", key=sealed([person]), end=end).status_code == 422
    assert post(admin, "/registry/end", table="staff", key=sealed([person]), end="x").status_code == 422


def test_rows_of_another_hall_and_telephone_numbers(app: BusyApp) -> None:
    """A supervisor sees the rows of their hall; contacts are for whoever may change them."""
    born = {"expected_from": NOW}
    with app.deps.store.write() as conn:
        insert(conn, HallRow, {"id": "h9", "name": "别的大厅", **born})
        insert(conn, UnitRow, {"id": "u9", "hall": "h9", "name": "别的单位", **born})
        insert(conn, StaffRow, {"id": "s9", "unit": "u9", "name": "别处的人", "contacts": ["tel:139"], **born})
        meta.bump(conn, meta.REGISTRY_VERSION)
    for user, seen in (("duty", False), ("personnel", False), ("auditor", True), ("admin", True)):
        with app.as_user(user) as client:
            text = client.get("/registry", params={"table": "staff", "q": "s9"}).text
            assert ("别处的人" in text) == seen, user
            assert ("tel:139" in text) == (user == "admin"), user
            one = client.get("/registry/row", params={"table": "staff", "key": sealed(["s9"])})
            assert one.status_code == (200 if seen else 404), user
            assert ("tel:139" in one.text) == (user == "admin"), user


def test_pages_of_rows(app: BusyApp, api: dict[str, str]) -> None:
    """Keyset pages hold each row once, in the order of the keys."""
    ids, path = [], "/api/v1/registry/posts?limit=7"
    while path:
        answer = app.http.get(path, headers=api)
        ids += [(row["window"], row["staff"]) for row in answer.json()]
        path = answer.links.get("next", {}).get("url", "")
    assert ids == sorted(set(ids))
    assert len(ids) == len(rows(app)["posts"])
    assert app.http.get("/api/v1/registry/posts?cursor=WzFd", headers=api).status_code in (404, 422)


def test_the_api_previews_and_takes_just_what_was_shown(app: BusyApp, api: dict[str, str]) -> None:
    body = {"windows": [{"id": f"{HALL}-w03", "unit": f"{HALL}-u1", "name": "三号", "min_staff": 1}]}
    before = rows(app)
    shown = app.http.post("/api/v1/registry?preview=true", headers=api, json=body)
    assert shown.status_code == 200, shown.text
    told = shown.json()
    assert told["preview"]
    assert rows(app) == before
    wrong = app.http.post("/api/v1/registry?digest=abc", headers=api, json=body)
    assert wrong.status_code == 409
    bad = app.http.post("/api/v1/registry", headers=api, json={"windows": [{"id": "x", "hall": "no"}]})
    assert bad.status_code == 422
    assert "hall" in bad.json()["detail"]
    once = {**api, "Idempotency-Key": "k1"}
    for replayed in (None, "true"):
        done = app.http.post(f"/api/v1/registry?digest={told['digest']}", headers=once, json=body)
        assert done.status_code == 200, done.text
        assert done.json()["tables"] == told["tables"]
        assert done.headers.get("Idempotency-Replayed") == replayed


def test_an_items_other_limit_moves_deadlines_as_shown(app: BusyApp, api: dict[str, str]) -> None:
    """Every case of the item: what the preview lists is what the judge then writes; the others stay."""
    with app.deps.store.read() as conn:
        item = conn.execute(
            select(STAT.c.item).where(STAT.c.ended_us.is_(None), STAT.c.due_us.is_not(None), STAT.c.kind == "promised")
        ).scalars().first()  # fmt: skip
    row = next(row for row in rows(app)["items"] if row["id"] == item)
    body = {"items": [{"id": item, "unit": row["unit"], "name": row["name"], "kind": row["kind"], "promised": 19}]}
    judge(app)
    before = dues(app)
    told = app.http.post("/api/v1/registry?preview=true", headers=api, json=body).json()
    moved = {one["id"]: one["then"] for one in told["dues"]["first"]}
    assert moved
    assert app.http.post(f"/api/v1/registry?digest={told['digest']}", headers=api, json=body).status_code == 200
    judge(app)
    compare(before, dues(app), moved)


def compare(before: dict[str, Any], after: dict[str, Any], moved: dict[str, str]) -> None:
    from datetime import datetime

    changed = {key: after[key] for key in before if after.get(key) != before[key]}
    assert changed == {key: micros(datetime.fromisoformat(at)) for key, at in moved.items()}
    assert all(from_micros(at) for at in changed.values())


# --------------------------------------------------------------------------- calendars


def test_a_notice_moves_the_deadlines_that_were_shown(app: BusyApp, admin: httpx.Client, api: dict[str, str]) -> None:
    judge(app)
    before = dues(app)
    shown = send(admin, "/calendars/import", "2026.json", json.dumps(NOTICE))
    assert shown.status_code == 200, shown.text
    told = app.http.post("/api/v1/calendars/notices?preview=true", headers=api, json=NOTICE).json()
    moved = {one["id"]: one["then"] for one in told["dues"]["first"] if one["kind"] == "case"}
    assert told["dues"]["moved"] == len(moved) > 0
    assert [day["date"] for day in told["days"]] == ["2026-03-05", "2026-03-07"]
    assert all(key.partition("/")[2] in shown.text for key in moved)
    assert dues(app) == before
    fields = carried(shown)
    app.deps.store.step(lambda conn: meta.bump(conn, meta.CALENDAR_VERSION))
    again = post(admin, "/calendars/confirm", **fields)
    assert again.status_code == 409
    done = post(admin, "/calendars/confirm", **carried(again))
    assert done.status_code == 303, done.text
    judge(app)
    compare(before, dues(app), moved)
    text = unescape(admin.get("/calendars?year=2026").text)
    assert "临时调休" in text
    assert "特别休息" in text
    days = app.http.get("/api/v1/calendars/default?year=2026", headers=api).json()
    assert {day["date"]: day["worked"] for day in days}["2026-03-05"] is False
    assert len(days) == 365


@pytest.mark.parametrize(
    ("name", "data", "year"),
    [
        ("x.json", "[]", ""),
        ("x.json", "{", ""),
        ("x.json", json.dumps({"year": 2026, "days": [{"name": "x", "date": "2026-13-01", "isOffDay": True}]}), ""),
        ("x.ics", "BEGIN:VCALENDAR\nEND:VCALENDAR\n", ""),
        ("x.json", json.dumps(NOTICE), "1066"),
        ("x.json", "\xff\xfe", ""),
    ],
)
def test_a_bad_notice_is_refused(app: BusyApp, admin: httpx.Client, name: str, data: str, year: str) -> None:
    answer = send(admin, "/calendars/import", name, data.encode("latin-1", "replace"), year=year)
    assert answer.status_code == 422
    assert 'class="fault"' in answer.text


def test_counting_a_limit(app: BusyApp, api: dict[str, str]) -> None:
    """The days that count, those that do not and why; a pause; hours; what cannot be counted."""
    ask = "/api/v1/calendars/default/due?from=2026-09-30T10:00&amount=3"
    plain = app.http.get(ask, headers=api).json()
    assert plain["at"] == "2026-10-10T17:30:00+08:00"
    paused = app.http.get(f"{ask}&pause=2026-10-09T09:00/2026-10-09T12:00", headers=api).json()
    assert paused["at"] > plain["at"]
    assert [step["why"] for step in paused["steps"]].count("pause") == 1
    assert app.http.get(f"{ask}&pause=2026-10-09T09:00/", headers=api).json()["at"] is None
    hours = app.http.get(f"{ask}.5&unit=workhour", headers=api).json()
    assert hours["at"] == "2026-09-30T16:00:00+08:00"
    with app.as_user("duty") as client:
        for bad in ("from=x", "from=2026-09-30T10:00&amount=2.5", "from=1700-01-01T00:00", "from=2026-09-30&pauses=x"):
            answer = client.get(f"/calendars/due?{bad}")
            assert answer.status_code == 422, bad
            assert 'class="fault"' in answer.text
