"""Plans that were filed by mistake are withdrawn, and nobody becomes absent by it; on the busy hall, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import select

from monitor.model import Outcome
from monitor.store import audit
from monitor.store.audit import AUDIT
from monitor.store.plans import KINDS
from monitor.store.schema import Card, FaceRow, StaffRow
from monitor.store.sql import table_of
from monitor.store.subjects import wake_all
from monitor.supervision.erasure import erase
from monitor.supervision.planvoid import HARMLESS
from tests.busy_app import BusyApp, busy_app
from tests.busy_hall import HALL, NOW, copied
from tests.integration.test_console_plans import bearer, verdicts
from tests.integration.test_console_registry import judge, post

TODAY: Final = "2026-03-04"
WHY: Final = "导入时填错人员"
ME: Final = f"{HALL}-p02"


def span(first: str, last: str) -> dict[str, str]:
    return {"staff": ME, "from": f"{first}:00+08:00", "to": f"{last}:00+08:00"}


def leave(first: str, last: str) -> dict[str, Any]:
    return {**span(first, last), "kind": "sick", "approver": "head", "approved_at": "2026-03-01T08:00:00+08:00"}


PLANS: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "leave": {
        "over": leave("2026-03-03T08:00", "2026-03-04T00:00"),
        "today": leave("2026-03-04T08:00", "2026-03-04T18:00"),
        "goes-on": leave("2026-03-04T08:00", "2026-03-09T18:00"),
        "ahead": leave("2026-03-05T08:00", "2026-03-09T18:00"),
        "night": leave("2026-03-03T23:00", "2026-03-03T23:30"),
        "again": leave("2026-03-05T08:00", "2026-03-05T09:00"),
    },
    "shifts": {
        "begun": {"hall": HALL, "preset": "", "from": "2026-03-01"},
        "coming": {"hall": HALL, "preset": "", "from": "2026-03-06", "to": "2026-03-09"},
    },
    "rota": {
        "duty-today": {"date": TODAY, "role": "值班长", "staff": ME},
        "duty-then": {"date": "2026-03-05", "role": "值班长", "staff": ME},
    },
    "power_cuts": {"dark": {"hall": HALL, "from": "2026-03-03T10:00:00+08:00", "to": "2026-03-03T11:00:00+08:00"}},
    "overtime": {"late": span("2026-03-02T18:00", "2026-03-02T20:00")},
}  # fmt: skip
CASES: Final = (
    ("leave", "over", "stays", "slots of yesterday rest on it"),
    ("leave", "today", "stays", "today has begun"),
    ("leave", "goes-on", "ends", "the days ahead are nobody's past"),
    ("leave", "ahead", "gone", "nothing of it has begun"),
    ("leave", "night", "gone", "no slot lies in it"),
    ("shifts", "begun", "ends", "by it slots were expected"),
    ("shifts", "coming", "gone", "nothing of it has begun"),
    ("rota", "duty-today", "stays", "today has begun"),
    ("rota", "duty-then", "gone", "tomorrow"),
    ("power_cuts", "dark", "stays", "what was unproven stays unproven"),
    ("overtime", "late", "gone", "no verdict rests on overtime"),
)


@pytest.fixture
def app(busy_hall_made: Path, tmp_path: Path) -> Iterator[BusyApp]:
    with busy_app(busy_hall_made, tmp_path) as made:
        judge(made)
        yield made


def stored(app: BusyApp, table: str, plan: str) -> dict[str, Any] | None:
    of = KINDS[table].table
    with app.deps.store.read() as conn:
        row = conn.execute(select(of).where(of.c.id == plan)).mappings().first()
        return dict(row) if row is not None else None


def filed(app: BusyApp, table: str, plan: str, token: dict[str, str]) -> None:
    row = {"id": plan, **PLANS[table][plan]}
    if table == "shifts":
        row["preset"] = next(iter(app.deps.presets))
    done = app.http.post("/api/v1/plans", headers=token, json={table: [row]})
    assert done.status_code == 200, done.text
    judge(app)


def test_what_has_begun_is_kept_for_whoever_relied_on_it(app: BusyApp) -> None:
    """Each case by itself, judged by the real judge before and after: of days that have begun nothing gets worse."""
    token = bearer(app, "duty")
    for table, plan, way, why in CASES:
        filed(app, table, plan, token)
        before = verdicts(app)
        body = {"table": table, "id": plan, "reason": WHY}
        answer = app.http.post("/api/v1/plans/withdraw", headers=token, json=body)
        assert answer.status_code == (409 if way == "stays" else 200), (plan, why, answer.text)
        judge(app)
        row, after = stored(app, table, plan), verdicts(app)
        if way == "stays":
            assert row is not None, (plan, why)
        else:
            assert answer.json()["way"] == way, (plan, why)
            assert (row is None) == (way == "gone"), (plan, why)
        for key, verdict in before.items():
            if date.fromisoformat(key.split("/")[1]) <= date.fromisoformat(TODAY) and after[key] != verdict:
                assert Outcome(after[key]) in HARMLESS, (plan, key, verdict, after[key])
        if row is not None:  # the next case begins without it
            with app.deps.store.write() as conn:
                conn.execute(KINDS[table].table.delete().where(KINDS[table].table.c.id == plan))
            judge_all(app)


def judge_all(app: BusyApp) -> None:
    app.deps.store.step(lambda conn: wake_all(conn, due=NOW, kinds=("slot", "post")))
    judge(app)


def test_the_page_shows_it_first_and_the_audit_keeps_it(app: BusyApp) -> None:
    token = bearer(app, "duty")
    filed(app, "leave", "goes-on", token)
    with app.as_user("duty") as duty:
        listed = duty.get(f"/plans?from={TODAY}&to={TODAY}")
        assert 'href="/plans/withdraw?kind=leave&amp;id=goes-on"' in listed.text
        asked = {"kind": "leave", "id": "goes-on"}
        assert duty.get("/plans/withdraw", params=asked).status_code == 200
        assert post(duty, "/plans/withdraw", **asked).status_code == 422, "without a reason"
        shown = post(duty, "/plans/withdraw", **asked, reason=WHY)
        assert shown.status_code == 200, shown.text
        assert "2026-03-05" in shown.text
        assert stored(app, "leave", "goes-on")["ends"].day == 9, "nothing was written"  # type: ignore[index]
        seen = shown.text.partition('name="seen" value="')[2].partition('"')[0]
        assert post(duty, "/plans/withdraw", **asked, reason=WHY, seen="gone-0").status_code == 409
        done = post(duty, "/plans/withdraw", **asked, reason=WHY, seen=seen)
        assert done.headers["location"] == "/plans?kind=leave&done=withdrawn"
        row = stored(app, "leave", "goes-on")
        assert row is not None
        assert row["ends"].astimezone(NOW.tzinfo).isoformat() == "2026-03-05T00:00:00+08:00"
        PLANS["leave"]["again"]["staff"] = other = unnamed(app)
        filed(app, "leave", "again", token)
        gone = post(duty, "/plans/withdraw", kind="leave", id="again", reason=WHY, seen=_seen(duty, "again"))
        assert gone.status_code == 303, gone.text
        audited = duty.get("/audit?kind=leave").text
        assert audited.count("撤回报备") >= 2, "whoever plans for the hall sees it, though the row is gone"
        assert WHY not in audited
    with app.deps.store.read() as conn:
        body = conn.execute(
            select(AUDIT.c.body).where(AUDIT.c.action == "plans.withdraw", AUDIT.c.object_id == "again")
        ).scalar_one()
    assert body["values"]["staff"] == other
    assert {"why", "kind"} <= set(body["digests"]), "which kind of leave, and why it went, are personal"
    assert private_rows(app, "again") == {"plans.add", "plans.withdraw"}
    app.deps.store.step(lambda conn: erase(conn, "staff", other, actor="cli", now=NOW))
    assert private_rows(app, "again") == set(), "erasing a person takes what is kept of their withdrawn plans too"


def unnamed(app: BusyApp) -> str:
    """Somebody whom no card names and whose face is not enrolled: they can be erased."""
    with app.deps.store.read() as conn:
        named = set(conn.execute(select(table_of(Card).c.staff)).scalars())
        enrolled = set(conn.execute(select(table_of(FaceRow).c.staff)).scalars())
        people = set(conn.execute(select(table_of(StaffRow).c.id)).scalars())
    return min(people - named - enrolled)


def _seen(client: httpx.Client, plan: str) -> str:
    shown = post(client, "/plans/withdraw", kind="leave", id=plan, reason=WHY)
    return shown.text.partition('name="seen" value="')[2].partition('"')[0]


def private_rows(app: BusyApp, plan: str) -> set[str]:
    query = select(AUDIT.c.action).join(audit.PRIVATE, audit.PRIVATE.c.audit == AUDIT.c.id)
    with app.deps.store.read() as conn:
        return set(conn.execute(query.where(AUDIT.c.object_id == plan)).scalars())


def test_what_may_not_be_withdrawn(app: BusyApp) -> None:
    """Beyond reach it is answered as what there is not; of a request its own ways change it."""
    token = bearer(app, "duty")
    with app.deps.store.write() as conn:
        far = {"id": "far", "staff": "nobody-here", "kind": "sick", "starts": NOW, "ends": NOW.replace(hour=20)}
        conn.execute(KINDS["leave"].table.insert(), [far])
    told = [
        app.http.post("/api/v1/plans/withdraw", headers=token, json={"table": "leave", "id": plan, "reason": WHY})
        for plan in ("far", "nix")
    ]
    assert [one.status_code for one in told] == [404, 404]
    assert told[0].json()["detail"].replace("far", "nix") == told[1].json()["detail"]
    table = KINDS["leave"].table
    with app.deps.store.read() as conn:
        asked = [one for one in conn.execute(select(table.c.id)).scalars() if one.startswith("request-")]
    for plan in asked[:1]:
        answer = app.http.post(
            "/api/v1/plans/withdraw", headers=token, json={"table": "leave", "id": plan, "reason": WHY}
        )
        assert answer.status_code == 409, answer.text
        assert f"#{plan.removeprefix('request-')}" in answer.json()["detail"]
    assert asked, "the busy hall has leave that was asked for"


def test_the_commands_say_the_same(busy_hall_made: Path, tmp_path: Path) -> None:
    """`plans import --preview` prints what the API answers and writes nothing; `plans withdraw` too."""
    made = copied(busy_hall_made, tmp_path)
    file, row = tmp_path / "leave.csv", {"id": "cli-1", **PLANS["leave"]["goes-on"]}
    file.write_text(f"{','.join(row)}\n{','.join(row.values())}\n", encoding="utf-8")
    told = json.loads(made.command("plans", "import", str(file), "--preview", "--json"))
    assert told["tables"]["leave"] == {"added": 1, "changed": 0, "unchanged": 0}
    assert told["touched"] > 0
    said = made.command("plans", "import", str(file), "--preview")
    assert "+ leave cli-1" in said
    assert "nothing was written" in said
    made.command("plans", "import", str(file))
    assert json.loads(made.command("plans", "import", str(file), "--preview", "--json"))["changes"] == []
    shown = made.command("plans", "withdraw", "leave/cli-1", "--reason", WHY, "--preview")
    assert "2026-03-05" in shown
    assert made.command("plans", "withdraw", "leave/cli-1", "--reason", WHY).startswith("leave/cli-1: ")
    again = made.command("plans", "import", str(file), "--preview")
    assert "~ leave cli-1" in again, "the file would set its end back"
