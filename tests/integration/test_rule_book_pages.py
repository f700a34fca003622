"""The rule book over HTTP, page and API alike: read, checked, tried on a month, put in force; on the busy hall."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import func, select

from monitor.agents.demoplan import HALL
from monitor.store.audit import AUDIT
from monitor.store.rulebooks import BOOK
from monitor.supervision.assessment.books import shipped_text
from monitor.supervision.tokens import create_token
from tests import plain_http
from tests.busy_app import BusyApp, busy_app

OURS: Final = shipped_text("tianyang").replace("points = -2\n", "points = -3\n", 1)
"""A08 (窗口无人在岗): three points instead of two."""
BAD: Final = shipped_text("tianyang").replace("points = -0.2", "points = 0", 1)
USERS: Final = ("duty", "head", "lead", "person", "auditor", "admin")


@pytest.fixture(scope="module")
def app(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    with busy_app(busy_hall_made, tmp_path_factory.mktemp("books")) as running:
        yield running


@pytest.fixture(scope="module")
def api(app: BusyApp) -> dict[str, httpx.Client]:
    found = {}
    for user in USERS:
        token = app.deps.store.step(lambda conn, u=user: create_token(conn, now=app.deps.clock.now(), user=u))  # type: ignore[misc]
        found[user] = plain_http.client(
            base_url=f"{app.url}/api/v1/assessment", timeout=60, headers={"Authorization": f"Bearer {token}"}
        )
    return found


def counts(app: BusyApp) -> list[int]:
    with app.deps.store.read() as conn:
        return [
            int(conn.execute(query).scalar_one())
            for query in (
                select(func.count()).select_from(BOOK),
                select(func.count()).select_from(AUDIT).where(AUDIT.c.action == "book.used"),
            )
        ]


def tried(client: httpx.Client, **body: Any) -> Any:
    """Asked again until it has ended."""
    while True:
        answer = client.post(f"/books/{HALL}/what-if", json=body)
        assert answer.status_code == 200, answer.text
        if answer.json()["state"] != "running":
            return answer.json()


def signs(client: httpx.Client, month: str) -> Any:
    while True:
        answer = client.get("/signs", params={"hall": HALL, "month": month})
        assert answer.status_code == 200, answer.text
        if answer.json()["state"] != "running":
            return answer.json()


def test_the_book_in_force_and_the_shipped_ones_are_told(api: dict[str, httpx.Client]) -> None:
    told = api["person"].get("/books").json()
    (held,) = told["halls"]
    assert (held["hall"], held["month"], held["from"]) == (HALL, "2026-03", "2026-02")
    assert [row["reason"] for row in held["history"]] == ["试行"]
    assert {one["name"] for one in told["shipped"]} == {"tianyang", "tongshan", "township", "cangnan"}
    whole = api["person"].get(f"/books/{HALL}/{held['version']}").json()
    assert whole["text"] == shipped_text("tianyang")
    assert whole["book"]["version"] == held["version"]
    mended = [one for one in whole["findings"] if one["fault"]]
    assert [(one["where"], one["key"]) for one in mended] == [("choices.checks", "halls.attendance")]
    assert api["person"].get(f"/books/{HALL}/tianyang@000000000000").status_code == 404


def test_a_text_is_checked_tried_and_put_in_force_and_a_signed_month_keeps_its_book(
    app: BusyApp, api: dict[str, httpx.Client]
) -> None:
    head, before = api["head"], counts(app)
    for who in ("duty", "auditor", "lead", "admin"):
        assert api[who].post(f"/books/{HALL}/check", json={"text": OURS}).status_code == 403, who
    wrong = head.post(f"/books/{HALL}/check", json={"text": BAD})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "text")
    assert "rows.A03" in wrong.json()["detail"]
    told = head.post(f"/books/{HALL}/check", json={"text": OURS}).json()
    assert [(d["section"], d["id"], d["key"], d["before"], d["after"]) for d in told["differences"]] == [
        ("rows", "A08", "points", "-2", "-3")
    ]
    found = tried(head, text=OURS, month="2026-03")
    assert found["state"] == "done", found
    assert found["found"]["books"] == [told["present"], told["version"]]
    assert counts(app) == before, "nothing was written"
    signed = head.post(f"/books/{HALL}/use", json={"text": OURS, "from": "2026-02", "reason": "早"})
    assert (signed.status_code, "已结账" in signed.text) == (409, True)
    body, key = {"text": OURS, "from": "2026-04", "reason": "局务会议定"}, {"Idempotency-Key": "book-1"}
    for _ in range(2):
        done = head.post(f"/books/{HALL}/use", json=body, headers=key)
        assert done.json() == {"hall": HALL, "from": "2026-04", "version": told["version"]}
    assert counts(app) == [before[0] + 1, before[1] + 1]
    (held,) = api["duty"].get("/books").json()["halls"]
    assert held["from"] == "2026-02", "it holds from April on"
    assert [(row["from"], row["reason"]) for row in held["history"]] == [("2026-04", "局务会议定"), ("2026-02", "试行")]


def test_the_page_keeps_the_text_and_names_row_and_key(app: BusyApp) -> None:
    head = app.as_user("head")
    form = head.get(f"/assessment/book/edit?hall={HALL}&origin=cangnan").text
    given = {"csrf": token_of(form), "hall": HALL}
    wrong = head.post("/assessment/book/draft", data={**given, "text": BAD.replace("\n", "\r\n")})
    assert wrong.status_code == 422
    assert "rows.A03" in wrong.text
    kept = re.search(r'<textarea class="both book-text"[^>]*>\n(.*?)</textarea>', wrong.text, re.DOTALL)
    assert kept is not None
    assert unescape(kept[1]) == BAD
    bad_toml = BAD.replace("points = 0", "points = zero", 1)
    assert "A03" in head.post("/assessment/book/draft", data={**given, "text": bad_toml}).text, "a slip in the form too"
    for empty in ("", "  \n"):
        assert head.post("/assessment/book/draft", data={**given, "text": empty}).status_code == 422
    file = {"file": ("ours.toml", OURS.encode())}
    draft = head.post("/assessment/book/draft", data={**given, "text": "x"}, files=file)
    assert draft.status_code == 200
    assert "A08" in draft.text
    assert "/registry/row?table=halls" in draft.text, "where the hall's check-ins are set"
    assert (
        head.post("/assessment/book/use", data={**given, "text": OURS, "month": "2026-13", "reason": "x"}).status_code
        == 422
    )


def test_a_text_can_be_taken_away_as_it_was_given(app: BusyApp) -> None:
    answer = app.as_user("person").get(f"/assessment/book/{HALL}/township/text")
    assert answer.text == shipped_text("township")
    assert 'filename="township.toml"' in answer.headers["content-disposition"]


def test_signs_are_told_to_supervision_alone_and_say_of_how_much(app: BusyApp, api: dict[str, httpx.Client]) -> None:
    told = signs(api["auditor"], "2026-03")["found"]
    assert told["signs"] == []
    assert told["cases"] > 20
    assert (told["windows_with_enough_cases"], told["windows"]) == (0, 12)
    for who in ("lead", "person", "admin"):
        assert api[who].get("/signs", params={"hall": HALL, "month": "2026-03"}).status_code == 403
    assert api["duty"].get("/signs", params={"hall": "h9", "month": "2026-03"}).status_code == 404
    page = app.as_user("duty").get("/assessment/signs?month=2026-03").text
    assert "不扣分也不加分" in page
    assert app.as_user("duty").get("/assessment/signs?month=2026-3x").status_code == 422


def token_of(text: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found is not None
    return found[1]
