"""Runs and decisions killed at any point, on both databases; the command line; the daemon's part."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from monitor.app.assessor import Assessor
from monitor.store import ledgers, marks, wanted
from monitor.store.engine import Store
from monitor.supervision.people import Person, save_person
from tests import forked
from tests.assessed_hall import HALL, Assessed
from tests.migrated import lay

pytestmark = pytest.mark.both_databases


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """As the first command makes it: the commands here ask for its schema."""
    if database_url.startswith("sqlite:///"):
        lay(Path(database_url.removeprefix("sqlite:///")))
    opened = Store(database_url)
    yield opened
    opened.close()


@pytest.fixture
def made(store: Store, tmp_path: Path) -> Assessed:
    return Assessed(store, tmp_path)


def command(made: Assessed, *arguments: str, failpoint: str = "", status: int = 0) -> str:
    """`jiancha assess …` as a process of its own, each a minute later in the hall."""
    made.world.clock.advance(timedelta(minutes=1))
    env = {k: v for k, v in os.environ.items() if not k.startswith("JIANCHA_")}
    url = made.store.engine.url.render_as_string(hide_password=False)
    env |= {"JIANCHA_STORE__URL": url, "JIANCHA_CLOCK__START": made.now.isoformat()}
    done = forked.run(["assess", *arguments], env=env | ({"JIANCHA_FAILPOINT": failpoint} if failpoint else {}))
    assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


EACH = 110


def test_whatever_kills_a_run_the_next_one_completes_it(made: Assessed) -> None:
    """Two people with more rows than go into one step."""
    with made.store.write() as conn:
        for staff in ("s01", "s02"):
            for _ in range(EACH):
                values = {"hall": HALL, "row": "A15", "date": date(2026, 3, 2), "unit": "u1", "staff": staff,
                          "entered_by": "li", "entered_at": made.now}  # fmt: skip
                marks.add(conn, values, "早会无故缺席")
    run = ("run", "--hall", HALL, "--month", "2026-03")
    command(made, *run, failpoint="assess.before_commit:2", status=-signal.SIGKILL)
    assert len(made.proposals) == EACH
    assert made.run().proposed == EACH
    with made.store.write() as conn:
        conn.execute(update(ledgers.PROPOSAL).values(state="confirmed", decided_by="wang", decided_at=made.now))
    for failpoint, there in (
        ("assess.before_write", 0),
        ("assess.after_commit", EACH),
        ("assess.before_commit", EACH),
    ):
        command(made, *run, failpoint=failpoint, status=-signal.SIGKILL)
        assert len(made.entries) == there, failpoint
    assert json.loads(command(made, *run, "--json"))["posted"] == EACH
    assert Counter(e.key.whom for e in made.entries) == {"s01": EACH, "s02": EACH}
    assert len({e.key for e in made.entries}) == 2 * EACH
    assert made.run().posted == 0


def test_a_decision_that_is_killed_decided_nothing_and_then_posts_once(made: Assessed) -> None:
    made.mark()
    made.run()
    number = str(made.open()[0])
    confirm = ("confirm", number, "--reason", "查签到表属实")
    command(made, *confirm, failpoint="decide.before_commit", status=-signal.SIGKILL)
    assert (made.open(), made.entries) == ([int(number)], [])
    command(made, *confirm)
    assert made.lines() == [("s01", "A15", "-1.00", "2026-03")]
    assert "已处理" in command(made, *confirm, status=2)


@pytest.mark.sqlite_only
def test_the_command_line_from_a_mark_to_its_withdrawal(made: Assessed) -> None:
    with made.store.write() as conn:
        for user, role in (("li", "duty_supervisor"), ("zhao", "supervision_head"), ("s01u", "staff")):
            person = Person(id=user, role=role, halls=[HALL], staff="s01" if role == "staff" else None)
            save_person(conn, made.registry, person, actor="cli", now=made.now)
    mark = ("mark", "A15", "--hall", HALL, "--date", "2026-03-02", "--staff", "s01", "--text", "早会无故缺席")
    assert "登记 mark #1" in command(made, *mark, "--as", "li")
    assert "晚于今天" in command(made, *mark[:5], "2026-03-17", *mark[6:], "--as", "li", status=2)
    assert "待查实 proposed 1" in command(made, "run", "--hall", HALL)
    [waits] = listed(made, "proposals")
    assert (waits["whom"], waits["points"], waits["why_open"], waits["proposer"]) == (
        "s01",
        "-1.00",
        "unconfirmed",
        "li",
    )
    number = str(waits["number"])
    assert "提出人以外" in command(made, "confirm", number, "--reason", "属实", "--as", "li", status=2)
    assert "已查实" in command(made, "confirm", number, "--reason", "属实", "--as", "zhao")
    [entry] = listed(made, "entries", "--month", "2026-03", "--as", "s01u")
    assert (entry["points"], entry["confirmer"], entry["of_month"]) == ("-1.00", "zhao", "2026-03")
    assert listed(made, "entries", "--whom", "s02") == []
    assert "A15  -1.00" in command(made, "entries", "--hall", HALL)
    command(made, "unmark", "1", "--reason", "人员写错", "--as", "zhao")
    made.world.clock.advance(timedelta(minutes=1))
    made.run()
    assert [e["points"] for e in listed(made, "entries")] == ["1.00", "-1.00"]
    [told] = json.loads(command(made, "marks", "--hall", HALL, "--month", "2026-03", "--json"))
    assert (told["text"], told["withdrawn_by"]) == ("早会无故缺席", "zhao")
    made.mark(day="2026-03-03")
    made.run()
    assert "不予认定" in command(made, "reject", str(made.open()[0]), "--reason", "有公务")
    command(made, "take-back", str(entry["number"]), "--reason", "复核", status=2)  # it is countered already
    command(made, "run", "--hall", "nowhere", status=2)
    command(made, "entries", "--hall", HALL, "--month", "2026-Q1", status=2)


def listed(made: Assessed, what: str, *options: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(command(made, what, "--hall", HALL, *options, "--json"))
    return rows


# --------------------------------------------------------------------------- the daemon's part


@pytest.mark.sqlite_only
def test_the_daemon_runs_a_hall_each_day_after_closing_and_when_it_is_wanted(made: Assessed) -> None:
    assessor = Assessor(made.world.program, made.world.judging.look)
    made.world.clock.set(made.now.replace(hour=11))  # 19:00 of the hall
    [first] = assessor.round()
    assert first.months == ("2026-01", "2026-02", "2026-03")
    assert assessor.round() == []  # the day is done
    made.mark()
    assert assessor.round() == []  # wanted, but it has run just now
    assert Assessor(made.world.program, made.world.judging.look).round()[0].proposed == 1
    made.world.clock.set(made.now.replace(day=17, hour=2))
    again = Assessor(made.world.program, made.world.judging.look)
    assert again.round() == []  # in the morning nothing is due
    made.world.clock.advance(timedelta(hours=9))
    made.close("2026-01", "2026-02")
    with made.store.write() as conn:
        wanted.want(conn, HALL)
    [later] = again.round()
    assert later.months == ("2026-01", "2026-02", "2026-03")  # two closed months are looked at again
    with made.store.read() as conn:
        assert wanted.done(conn, HALL) == (wanted.wanted(conn, HALL), "2026-03-17")


@pytest.mark.sqlite_only
def test_a_book_that_cannot_be_read_stops_no_daemon(made: Assessed, monkeypatch: pytest.MonkeyPatch) -> None:
    made.world.clock.set(made.now.replace(hour=11))
    monkeypatch.setattr("monitor.supervision.assessment.run.book_of", lambda *_: 1 / 0)
    assessor = Assessor(made.world.program, made.world.judging.look)
    with capture_logs() as logged:
        assert assessor.round() == []
    assert [one["action"] for one in logged] == ["assessment.no"]
    with made.store.read() as conn:
        assert wanted.done(conn, HALL) == (0, "")  # it is tried again
