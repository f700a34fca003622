"""Signing a period of assessment off by pages and by the API: worked out in the background, what is shown is what is
signed, nothing is signed that changed meanwhile; and the reports of it.
"""

from __future__ import annotations

import io
import re
from decimal import Decimal
from pathlib import Path

import pytest
from docx import Document
from openpyxl import load_workbook
from sqlalchemy import select, update

from monitor.store import sheetjobs
from monitor.store.audit import AUDIT, PRIVATE
from monitor.store.engine import Store
from monitor.store.sheetjobs import JOB
from monitor.store.users import USER
from monitor.supervision import erasure
from monitor.supervision.tokens import create_token
from tests.assessed_hall import HALL, HEAD, LI
from tests.busy_app import BusyApp
from tests.periods_console import API, MARCH, PATH, Console, send


@pytest.fixture
def made(store: Store, tmp_path: Path) -> Console:
    return Console(store, tmp_path)


def said(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def shown(text: str) -> str:
    return re.findall(r'name="shown" value="(\w+)"', text)[0]


def bearer(app: BusyApp, user: str) -> dict[str, str]:
    made = app.deps.store.step(lambda conn: create_token(conn, now=app.deps.clock.now(), user=user))
    return {"Authorization": f"Bearer {made}"}


def rows(text: str, table: str) -> dict[str, str]:
    """Whom → points, of a table of the page."""
    body = text.split(f'id="{table}"')[1].split("</table>")[0]
    found = re.findall(r'<span class="quiet">([sw]\d+)</span></td>.*?<strong>([\d.]+)</strong>', body)
    return dict(found)


def test_what_hinders_is_told_decided_and_signed_and_what_comes_later_is_booked_later(made: Console) -> None:
    mark = made.mark(staff="s02", by=LI)
    made.run(MARCH)
    with made.app() as app:
        page = app.as_user("zhao").get(PATH)
        assert "核算后才显示得分" in page.text
        assert 'name="shown"' not in page.text, "nothing is signed unseen"
        assert send(app, "zhao", f"{PATH}/close", shown="x", reason="核对").status_code == 409
        assert send(app, "zhao", f"{PATH}/draft").status_code == 303
        assert 'hx-trigger="every 2s"' in app.as_user("zhao").get(PATH).text
        made.work()
        text = app.as_user("zhao").get(PATH).text
        assert 'id="h-proposals"' in text
        assert "/assessment/periods/h1/2026-02" not in text, "the hall had no book before"
        assert 'name="shown"' not in text, "what stands in the way is done first"
        assert app.http.get(API, headers=bearer(app, "zhao")).json()["draft"]["hindrances"][0]["code"] == "proposals"
        made.decide(made.open()[0])
        stale = app.as_user("zhao").get(PATH).text
        assert "核算之后台账有变" in stale, "what is shown is not what would be signed"
        text = made.draft_page(app)
        assert "没有须先办理的事项" in text
        assert rows(text, "sheets-staff")["s02"] == "99.00"
        assert send(app, "zhao", f"{PATH}/close", shown=shown(text), reason=" ").status_code == 422
        assert send(app, "li", f"{PATH}/close", shown=shown(text), reason="核对").status_code == 403
        assert send(app, "zhao", f"{PATH}/close", shown="0" * 64, reason="核对").status_code == 409
        assert send(app, "zhao", f"{PATH}/close", shown=shown(text), reason="三月考评经核对").status_code == 303
        made.work()
        signed = app.as_user("zhao").get(PATH).text
        assert "所存快照与签核时一致" in signed
        assert "赵监察" in said(signed)
        assert rows(signed, "sheets-staff") == rows(text, "sheets-staff")
        with made.store.read() as conn:
            assert conn.execute(select(JOB.c.words).where(JOB.c.work == "closing")).scalar() is None, "private words go"
            [row] = conn.execute(select(AUDIT).where(AUDIT.c.action == "scores.closed"))
            assert row.actor == "zhao"
            assert "三月考评经核对" in set(conn.execute(select(PRIVATE.c.value)).scalars())
        first = report(made, app, "li", format="xlsx")
        assert points_in(first, "人员") == {who: Decimal(n) for who, n in rows(signed, "sheets-staff").items()}
        told = app.http.get("/api/v1/assessment/periods", headers=bearer(app, "li"), params={"hall": HALL}).json()
        assert [(p["period"], p["state"]) for p in told if p["state"] == "signed"] == [(MARCH, "signed")]
        made.unmark(mark, by=HEAD)
        made.run(MARCH)
        after = app.as_user("zhao").get(PATH).text
        assert re.search(r"2026-04 2026-03-02 员工2 s02 A15 \+1\.00 冲销", said(after)), said(after)
        assert rows(after, "sheets-staff") == rows(signed, "sheets-staff"), "the signed sheet stays"
        assert report(made, app, "li", format="xlsx") == first, "byte for byte"
        assert app.http.get(API, headers=bearer(app, "zhao")).json()["later"][0]["month"] == "2026-04"
        assert "（未编文号）" in paper(report(made, app, "li", kind="circular", format="docx"))
        made.issue_circular("监〔2026〕7号")
        assert "监〔2026〕7号" in paper(report(made, app, "li", kind="circular", format="docx"))
        made.issue_feedback()
        letter = paper(report(made, app, "li", kind="feedback", format="docx", window="w2"))
        assert "发出：2026年4月2日；签收：2026年4月2日" in letter


def paper(body: bytes) -> str:
    return "\n".join(p.text for p in Document(io.BytesIO(body)).paragraphs)


def report(made: Console, app: BusyApp, user: str, **form: str) -> bytes:
    assert send(app, user, "/assessment/reports", **{"hall": HALL, "period": MARCH, **form}).status_code == 303
    made.work()
    client = app.as_user(user)
    page = client.get("/assessment/reports").text
    number = re.findall(r"/assessment/reports/(\d+)/file", page)[0]
    answer = client.get(f"/assessment/reports/{number}/file")
    assert answer.status_code == 200, answer.text
    return answer.content


def points_in(workbook: bytes, ledger: str) -> dict[str, Decimal]:
    """Whom → points, of the ranking."""
    sheet = next(s for s in load_workbook(io.BytesIO(workbook)).worksheets if "排名" in s.title and ledger in s.title)
    table = list(sheet.iter_rows(values_only=True))
    head = next(i for i, row in enumerate(table) if "得分" in row)
    columns = {name: n for n, name in enumerate(table[head])}
    key = columns.get("工号", columns.get("编号", 0))
    return {
        str(r[key]): Decimal(str(r[columns["得分"]])).quantize(Decimal("0.01")) for r in table[head + 1 :] if r[key]
    }


def test_nothing_is_signed_that_changed_between_showing_and_signing(made: Console) -> None:
    with made.app() as app:
        text = made.draft_page(app)
        assert send(app, "zhao", f"{PATH}/close", shown=shown(text), reason="核对").status_code == 303
        made.found(staff="s03")  # between asking and the work: the ledgers are others
        made.work()
        page = app.as_user("zhao").get(PATH).text
        assert "未结账" in said(page)
        assert "所示之后已有变化" in said(page)
        with made.store.read() as conn:
            assert made.signed() is None
            [row] = conn.execute(select(JOB).where(JOB.c.work == "closing"))
        assert (row.state, row.words) == ("failed", None)
        text = made.draft_page(app)
        with made.store.write() as conn:
            conn.execute(update(USER).where(USER.c.id == "zhao").values(role="duty_supervisor"))
            asked = {"asked_by": "zhao", "asked_at": made.now, "asked": {"shown": shown(text)}, "words": "核对"}
            kept = {
                "work": "closing",
                "hall": HALL,
                "month": MARCH,
                "format": "",
                "expires": made.now.replace(year=2999),
            }
            sheetjobs.add(conn, {**kept, **asked})
        made.work()
        assert made.signed() is None, "who lost the right in between signs nothing"


def test_reports_are_asked_for_within_reach_and_kept_for_days(made: Console) -> None:
    with made.app() as app:
        heads = bearer(app, "li")
        body = {"hall": HALL, "period": MARCH, "kind": "feedback", "format": "docx"}
        refused = app.http.post("/api/v1/assessment/reports", headers=heads, json=body)
        assert (refused.status_code, refused.json()["field"]) == (422, "window")
        assert (
            app.http.post("/api/v1/assessment/reports", headers=heads, json={**body, "kind": "sheets"}).status_code
            == 422
        )
        key = {**heads, "Idempotency-Key": "once"}
        asked = [
            app.http.post("/api/v1/assessment/reports", headers=key, json={**body, "window": "w1"}).json()
            for _ in range(2)
        ]
        assert asked[0]["number"] == asked[1]["number"], "asked once"
        for form in ("pdf", "zip"):
            assert send(app, "zhao", "/assessment/reports", hall=HALL, period=MARCH, format=form).status_code == 303
        assert 'hx-trigger="every 2s"' in app.as_user("zhao").get("/assessment/reports/part").text
        full = send(app, "zhao", "/assessment/reports", hall=HALL, period="2027-01")
        assert full.status_code == 303
        full = send(app, "zhao", "/assessment/reports", hall=HALL, period=MARCH)
        assert (full.status_code, "至多 3 份" in full.text) == (409, True)
        made.work()
        found = app.http.get("/api/v1/assessment/reports", headers=heads).json()
        assert [one["state"] for one in found] == ["failed", "done", "done", "done"]
        number = asked[0]["number"]
        letter = app.http.get(f"/api/v1/assessment/reports/{number}/file", headers=heads)
        assert letter.content[:2] == b"PK"
        assert "预览" in said(app.as_user("zhao").get("/assessment/reports").text)
        assert app.as_user("lead").get("/assessment/reports").text.count("/file") == 0
        assert app.as_user("lead").get(f"/assessment/reports/{number}/file").status_code == 404
        assert app.as_user("lead").get(PATH).status_code == 404
        with made.store.write() as conn:
            actions = set(conn.execute(select(AUDIT.c.action)).scalars())
            erased = erasure.apply(conn, "staff", "s05", made.now)
        assert {"scores.report_asked", "scores.report_taken"} <= actions
        assert erased.rows["sheet_job"] == 3, "a name that is erased stands in no report that is kept ready"
