"""The public screen: what it is told and what never, notices from draft to release, tokens of screens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from monitor.access import LOCAL, Principal
from monitor.metrics import Metrics
from monitor.model import Registry
from monitor.settings import ScreenSettings
from monitor.store.alerts import names
from monitor.store.cards import CARD
from monitor.store.notices import NOTICE
from monitor.store.schema import LeaveRow
from monitor.store.sql import table_of
from monitor.supervision import erasure, screens
from monitor.supervision.tokens import create_token
from tests.busy_app import BusyApp, busy_app
from tests.busy_hall import NOW
from tests.http_app import Served, insert, served

HALL = "demo"
EVERYTHING = ("promises", "praise", "leave", "circulars", "notices")
DRAFT = {
    "hall": HALL, "kind": "notice", "title": "停电通知", "text": "明日停电", "from": "2026-03-04", "to": "2026-03-05"
}  # fmt: skip


@pytest.fixture(scope="module")
def app(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    with busy_app(busy_hall_made, tmp_path_factory.mktemp("screen")) as running:
        yield running


def bearer(app: Served, user: str) -> dict[str, str]:
    with app.deps.store.write() as conn:
        return {"Authorization": f"Bearer {create_token(conn, now=NOW, user=user)}"}


def screen_token(app: Served) -> dict[str, str]:
    local = Principal(id="test", role=LOCAL)

    def step(conn: Any) -> tuple[int, str]:
        return screens.create(conn, registry_of(app, conn), HALL, "一楼", actor=local, now=app.deps.clock.real_now())

    return {"Authorization": f"Bearer {app.deps.store.step(step)[1]}"}


def registry_of(app: Served, conn: Any) -> Registry:
    return app.deps.registry.get(conn)


def feed(app: Served, header: dict[str, str]) -> httpx.Response:
    return app.http.get("/screen/api/feed", headers=header)


def told(app: Served, header: dict[str, str], kind: str) -> list[dict[str, Any]]:
    return next((page["items"] for page in feed(app, header).json()["pages"] if page["kind"] == kind), [])


def people(app: Served) -> dict[str, str]:
    with app.deps.store.read() as conn:
        registry = registry_of(app, conn)
        return {k.partition(":")[2]: v for k, v in names(conn, {"staff": sorted(registry.staff)}).items()}


def leave(app: Served, staff: str) -> None:
    row = {
        "id": f"lv-{staff}", "staff": staff, "kind": "sick", "letter": "病假条", "starts": NOW - timedelta(hours=6),
        "ends": NOW + timedelta(hours=3), "approved_at": NOW - timedelta(days=1), "approver": "head",
    }  # fmt: skip
    table = table_of(LeaveRow)
    with app.deps.store.write() as conn:
        conn.execute(table.delete().where(table.c.id == row["id"]))
        insert(conn, LeaveRow, {k: v for k, v in row.items() if k in LeaveRow.model_fields})


# --------------------------------------------------------------------------- what it is told


def test_the_default_names_nobody_in_any_answer(app: BusyApp) -> None:
    """Not even where somebody wrote a name into a notice that was released."""
    staff = people(app)
    assert len(staff) > 10
    name = staff["demo-p02"]
    writer, releaser = bearer(app, "duty"), bearer(app, "head")
    made = app.http.post("/api/v1/notices", json={**DRAFT, "text": f"由{name}负责"}, headers=writer)
    number = made.json()["number"]
    assert app.http.post(f"/api/v1/notices/{number}/release", headers=releaser).status_code == 200
    header = screen_token(app)
    answers = [feed(app, header).text, app.http.get("/screen").text, app.http.get("/screen/sw.js").text]
    assert "由工作人员负责" in answers[0]
    assert "延时服务" in answers[0]
    for key, who in staff.items():
        assert who not in " ".join(answers), key
        assert key not in " ".join(answers), key
    shown = feed(app, header).json()
    assert [page["kind"] for page in shown["pages"]] == ["promises", "notices"]
    (month,) = shown["pages"][0]["items"]
    assert month["completed"] > 0
    if month["completed"] < ScreenSettings().least_cases:
        assert month["kept"] is None


@pytest.mark.parametrize(("names", "cover"), [("none", None), ("masked", "*"), ("full", "full")])
def test_people_are_shown_as_the_settings_allow_and_no_more(app: BusyApp, names: Any, cover: str | None) -> None:
    """Leave goes by the stricter of `screen.names` and `post.published_names`, which is masked."""
    staff = people(app)
    leave(app, "demo-p02")
    with sub_app(app, show=EVERYTHING, names=names, least_cases=1) as other:
        header = screen_token(other)
        (away,) = told(other, header, "leave")
        whole = feed(other, header).text
        (month,) = told(other, header, "promises")
        assert month["kept"] is not None
        assert month["days"] is not None
    assert away["windows"]
    assert "病假" not in whole
    assert "sick" not in whole
    name = staff["demo-p02"]
    assert (away["name"] is None) == (cover is None)
    if cover is not None:
        assert away["name"] == name[:1] + "*"
    assert (name in whole) == (names == "full"), "the notice of the test before names them"


def sub_app(app: BusyApp, **changed: Any) -> Any:
    """The same store served with other settings of the screen; one registry of metrics goes with one app."""
    deps = replace(app.deps, screen=ScreenSettings(**changed), metrics=Metrics())
    return served(deps)


def test_a_circular_vanishes_with_its_card_and_while_an_appeal_is_pending(app: BusyApp) -> None:
    with app.deps.store.read() as conn:
        wanted = select(CARD.c.number).where(CARD.c.staff.is_not(None), CARD.c.hall == HALL, CARD.c.appeal.is_(None))
        card = conn.execute(wanted.where(CARD.c.state != "withdrawn").limit(1)).scalar_one()
    writer, releaser = bearer(app, "duty"), bearer(app, "head")
    body = {**DRAFT, "kind": "circular", "title": "关于考勤的通报", "card": card}
    number = app.http.post("/api/v1/notices", json=body, headers=writer).json()["number"]
    assert app.http.post(f"/api/v1/notices/{number}/release", headers=releaser).status_code == 200
    with sub_app(app, show=EVERYTHING, names="masked") as other:
        header = screen_token(other)

        def set_card(**values: Any) -> list[str]:
            with app.deps.store.write() as conn:
                conn.execute(update(CARD).where(CARD.c.number == card).values(**values))
            return [one["title"] for one in told(other, header, "circulars")]

        (shown,) = told(other, header, "circulars")
        assert shown["title"] == "关于考勤的通报"
        assert shown["who"].endswith("*")
        assert set_card(appeal="pending") == []
        assert set_card(appeal="upheld") == ["关于考勤的通报"]
        assert set_card(appeal="granted") == []
        assert set_card(appeal=None, state="withdrawn") == []
        assert app.http.get(f"/api/v1/notices/{number}", headers=writer).json()["state"] == "hidden"
        assert set_card(state="open") == ["关于考勤的通报"]


# --------------------------------------------------------------------------- notices


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no title": ({"title": " "}, "title"),
    "a text too long": ({"text": "长" * 301}, "text"),
    "ends before it begins": ({"to": "2026-03-03"}, "to"),
    "a circular about nothing": ({"kind": "circular"}, "card"),
    "a card that there is not": ({"kind": "circular", "card": 990099}, "card"),
    "a notice about a card": ({"card": 1}, "card"),
    "another hall": ({"hall": "nowhere"}, "hall"),
    "no such day": ({"to": "2026-02-30"}, "to"),
}


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_a_draft_that_cannot_be_shown_is_refused(app: BusyApp, case: str) -> None:
    change, field = REFUSED[case]
    answer = app.http.post("/api/v1/notices", json={**DRAFT, **change}, headers=bearer(app, "duty"))
    assert (answer.status_code, answer.json()["field"]) == (422, field)


def mark(page: Any) -> str:
    """What the form of the page carries of what was read."""
    return str(page.text.partition('name="seen" value="')[2].partition('"')[0])


def test_who_wrote_it_last_does_not_release_it(app: BusyApp) -> None:
    head, duty = app.as_user("head"), app.as_user("duty")
    form = {**{k: str(v) for k, v in DRAFT.items()}, "csrf": head.headers["X-CSRF"]}
    page = head.post("/notices", data=form, follow_redirects=True)
    assert "须由另一人发布" in page.text
    number = page.url.path.rsplit("/", 1)[1]
    no = head.post(f"/notices/{number}/release", data={"csrf": head.headers["X-CSRF"], "seen": mark(page)})
    assert no.status_code == 409
    form["csrf"] = duty.headers["X-CSRF"]
    duty.post(f"/notices/{number}", data={**form, "title": "停电通知（更正）"})
    read = head.get(f"/notices/{number}")
    duty.post(f"/notices/{number}", data={**form, "title": "停电通知（又改）"})
    unread = head.post(f"/notices/{number}/release", data={"csrf": head.headers["X-CSRF"], "seen": mark(read)})
    assert unread.status_code == 409, "it was written anew after they read it"
    assert "停电通知（又改）" in unread.text
    duty.post(f"/notices/{number}", data={**form, "title": "停电通知（更正）"})
    own = {"csrf": head.headers["X-CSRF"], "seen": mark(head.get(f"/notices/{number}"))}
    done = head.post(f"/notices/{number}/release", data=own, follow_redirects=True)
    assert "已发布" in done.text
    again = duty.post(f"/notices/{number}", data=form)
    assert again.status_code == 409, "what is released is not written anew"
    header = screen_token(app)
    assert "停电通知（更正）" in feed(app, header).text
    bare = duty.post(f"/notices/{number}/take-back", data={"csrf": duty.headers["X-CSRF"], "why": " "})
    assert bare.status_code == 422
    duty.post(f"/notices/{number}/take-back", data={"csrf": duty.headers["X-CSRF"], "why": "已恢复供电"})
    assert "停电通知（更正）" not in feed(app, header).text


def test_a_notice_is_shown_on_its_days_of_the_hall(app: BusyApp) -> None:
    writer, releaser, header = bearer(app, "duty"), bearer(app, "head"), screen_token(app)
    body = {**DRAFT, "title": "下周安排", "from": "2026-03-05"}
    number = app.http.post("/api/v1/notices", json=body, headers=writer).json()["number"]
    app.http.post(f"/api/v1/notices/{number}/release", headers=releaser)
    assert app.http.get(f"/api/v1/notices/{number}", headers=writer).json()["state"] == "waiting"
    assert "下周安排" not in feed(app, header).text
    with app.deps.store.write() as conn:
        conn.execute(update(NOTICE).where(NOTICE.c.id == number).values(first=NOW.date()))
    assert "下周安排" in feed(app, header).text


def test_erasing_a_person_takes_their_name_out_of_notices(app: BusyApp) -> None:
    with app.deps.store.write() as conn:
        name = people(app)["demo-p09"]
        row = {"hall": HALL, "kind": "praise", "title": f"表扬{name}", "text": f"{name}拾金不昧", "author": "duty"}
        day = NOW.date()
        conn.execute(NOTICE.insert().values(**row, state="draft", reference="", written=NOW, first=day, last=day))
        erased = erasure.apply(conn, "staff", "demo-p09", NOW)
        found = conn.execute(select(NOTICE.c.title, NOTICE.c.text).where(NOTICE.c.kind == "praise")).one()
        conn.rollback()
    assert erased.rows["notice"] == 1
    assert name not in found.title + found.text


# --------------------------------------------------------------------------- tokens of screens


def test_a_screen_is_made_seen_and_revoked(app: BusyApp) -> None:
    admin = app.as_user("admin")
    own = {"csrf": admin.headers["X-CSRF"]}
    page = admin.post("/screens", data={**own, "hall": HALL, "name": "东门"})
    secret = page.text.partition("/screen#")[2].partition('"')[0]
    header = {"Authorization": f"Bearer {secret}"}
    assert feed(app, header).status_code == 200
    with app.deps.store.read() as conn:
        (row,) = [r for r in screens.list_screens(conn, Principal(id="t", role=LOCAL)) if r.name == "东门"]
    assert row.seen_at is not None
    for path in ("/api/v1/cards", "/api/v1/events", "/rate/api/ratings", "/kiosk/api/config"):
        assert app.http.get(path, headers=header).status_code in (403, 404, 405), path
    assert "东门" in app.as_user("auditor").get("/screens").text
    no_reason = admin.post(f"/screens/{row.id}/revoke", data={**own, "why": ""})
    assert no_reason.status_code == 422
    gone = admin.post(f"/screens/{row.id}/revoke", data={**own, "why": "更换"}, follow_redirects=True)
    assert "已停用" in gone.text
    assert feed(app, header).status_code == 401
    assert secret not in app.as_user("admin").get("/screens").text
