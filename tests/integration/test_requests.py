"""Requests with approval over the real app: filed, decided step by step, and what comes of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from monitor.store.schema import PlanRequest
from monitor.store.sql import table_of
from monitor.supervision.people import Person, save_person
from tests.busy_app import BusyApp, busy_app
from tests.busy_hall import HALL, NOW
from tests.busy_requests import (
    AHEAD,
    LATE,
    audits,
    decided,
    filed,
    judge,
    plan,
    request_row,
    see,
    send,
    verdict,
)

MISSED = f"{HALL}-p02/2026-03-03/am_in"


@pytest.fixture(scope="module")
def app(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    """One hall for all: each test takes days, or people, of its own."""
    with busy_app(busy_hall_made, tmp_path_factory.mktemp("requests")) as made:
        people = (
            Person(id="p07", role="staff", staff=f"{HALL}-p07"),
            Person(id="own-lead", role="window_lead", windows=[f"{HALL}-w03"], staff=f"{HALL}-p07"),
            Person(id="u2", role="unit_head", units=[f"{HALL}-u2"]),
        )
        with made.deps.store.write() as conn:
            for person in people:
                save_person(conn, made.deps.registry.get(conn), person, actor="test", now=NOW)
        yield made


def count(app: BusyApp, model: type[Any]) -> int:
    with app.deps.store.read() as conn:
        return int(conn.execute(select(func.count()).select_from(table_of(model))).scalar_one())


# --------------------------------------------------------------------------- a whole life


def test_leave_filed_afterwards_excuses_once_everybody_has_agreed(app: BusyApp) -> None:
    """A sick morning: filed by the person, agreed to by lead and unit head; the real judge takes the red card back."""
    judge(app)
    assert verdict(app, MISSED) == "red"
    before = count(app, PlanRequest)
    meant = send(app, "person", "/requests/new", step="preview", **LATE)
    assert meant.status_code == 200
    for text in ("0.5", "窗口负责人 → 单位负责人", "03-03 上午签到", "B04、B06"):
        assert text in meant.text, text
    assert count(app, PlanRequest) == before, "a preview writes nothing"
    number = filed(app, "person", **LATE)
    judge(app)
    assert verdict(app, MISSED) == "red", "an undecided request excuses nobody"
    assert decided(app, "unit", number).status_code == 409, "it waits for the lead"
    assert decided(app, "lead", number, reason="情况属实").status_code == 303
    judge(app)
    assert (request_row(app, number).state, verdict(app, MISSED)) == ("pending", "red")
    assert decided(app, "lead", number).status_code == 409, "the lead has answered"
    assert decided(app, "unit", number).status_code == 303
    row = plan(app, "leave", f"request-{number}")
    assert (row.staff, row.kind, row.approver, row.approved_at) == (f"{HALL}-p02", "sick", "unit", app.clock.now())
    assert row.filed_at == app.clock.now(), "B04 and B06 follow from it by themselves"
    judge(app)
    assert verdict(app, MISSED) == "excused"
    assert audits(app, number) == [
        ("request.filed", "person", {"why", "leave_kind"}),
        ("request.approved", "lead", {"why"}),
        ("request.approved", "unit", set()),
    ]
    told = see(app, "person", f"/requests/{number}").text
    assert "发烧去了医院 &lt;b&gt;" in told
    assert "情况属实" in told
    assert "已批准" in told


def test_a_refusal_needs_a_reason_and_writes_nothing(app: BusyApp) -> None:
    number = filed(app, "person", **{**AHEAD, "starts": "2026-05-11T08:30", "ends": "2026-05-11T12:00"})
    answer = decided(app, "lead", number, "refuse")
    assert (answer.status_code, "须写明理由" in answer.text) == (422, True)
    assert decided(app, "lead", number, "refuse", "当日人手不足").status_code == 303
    assert request_row(app, number).state == "refused"
    assert plan(app, "leave", f"request-{number}") is None
    assert decided(app, "lead", number).status_code == 409
    assert "当日人手不足" in see(app, "person", f"/requests/{number}").text


def test_nobody_decides_their_own_and_the_next_one_up_stands_in(app: BusyApp) -> None:
    """The window's lead asks for leave: theirs is the first step, which the unit head takes with the second."""
    number = filed(app, "own-lead", **{**AHEAD, "starts": "2026-05-12T08:30", "ends": "2026-05-12T17:30"})
    assert decided(app, "own-lead", number).status_code == 403
    told = see(app, "own-lead", f"/requests/{number}").text
    assert f"/requests/{number}/approve" not in told
    assert f"/requests/{number}/withdraw" in told
    assert decided(app, "u2", number).status_code == 303
    assert request_row(app, number).state == "approved"
    assert "并代：窗口负责人" in see(app, "u2", f"/requests/{number}").text


def test_personnel_files_for_others_with_a_reason_and_does_not_decide_it(app: BusyApp) -> None:
    given = {**AHEAD, "staff": f"{HALL}-p13", "starts": "2026-05-13T08:30", "ends": "2026-05-15T17:30"}
    for user, form, text in (
        ("personnel", given, "代他人申请须写明理由"),
        ("person", {**given, "reason": "x"}, "不在可申请的人员之内"),
        ("lead", {**given, "reason": "x"}, "不在可申请的人员之内"),
    ):
        answer = send(app, user, "/requests/new", step="file", **form)
        assert (answer.status_code, text in answer.text) == (422, True), user
    number = filed(app, "personnel", **given, reason="本人在外地，电话请假")
    assert request_row(app, number).chain == ["window_lead", "unit_head", "personnel"]
    assert decided(app, "personnel", number).status_code == 403
    assert decided(app, "head", number).status_code == 303, "nobody leads that window, heads its unit, or is left there"
    assert request_row(app, number).state == "approved"


def test_withdrawn_by_whoever_filed_it_while_it_is_undecided(app: BusyApp) -> None:
    number = filed(app, "person", kind="outing", starts="2026-05-18T09:00", ends="2026-05-18T09:30")
    assert decided(app, "lead", number, "withdraw").status_code == 409
    assert decided(app, "person", number, "withdraw").status_code == 303
    assert decided(app, "person", number, "withdraw").status_code == 409
    assert decided(app, "lead", number).status_code == 409
