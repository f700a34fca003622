"""Search among cases, what is due when, one case's file and the tendency by month, on both databases.

Cases are accepted with 5 working days: Monday 2026-03-02 10:00 is due 03-09 17:30. It is 03-10 12:00.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from monitor.access import Principal
from monitor.store import casestats, migrate
from monitor.store.engine import Store
from monitor.supervision import casesearch
from monitor.supervision.caseasked import Asked, calendar_of, case_filter, parse_period
from monitor.supervision.casefile import CaseFile, case_file, file_json
from monitor.supervision.caserows import case_json, case_rows
from monitor.supervision.casesearch import find_cases, namespaces
from monitor.supervision.compare import Period
from monitor.supervision.duelist import due_days, due_json
from monitor.supervision.refused import Refused
from monitor.supervision.statistics import statistics
from monitor.supervision.statreport import by_month, month_edges
from tests.halls import at, hall, told
from tests.world import World

pytestmark = pytest.mark.both_databases

REGISTRY = hall(
    4,
    attendance="",
    halls=[{"id": "h1", "name": "政务中心"}, {"id": "h2", "name": "分中心"}],
    units=[{"id": f"u{n}", "hall": "h2" if n == 3 else "h1", "name": f"{n}局"} for n in (1, 2, 3)],
    windows=[{"id": f"w{n}", "unit": f"u{n}", "name": f"{n}号"} for n in (1, 2, 3)],
    posts=[],
    staff=[{"id": f"s0{n}", "unit": f"u{n}", "name": f"演示{n}"} for n in (1, 2, 3)],
    items=[
        {"id": "i1", "unit": "u1", "name": "经营许可", "promised": 5, "statutory": 20},
        {"id": "i2", "unit": "u2", "name": "食品经营备案", "promised": 10, "statutory": 30},
    ],
    devices=[
        {"id": "c1", "kind": "cases", "hall": "h1"},
        {"id": "c2", "kind": "cases", "hall": "h2", "namespace": "branch"},
    ],
)
ACCEPTED = (
    ("A1", "03-02 10:00", 1), ("A2", "03-02 10:01", 1), ("A3", "03-02 10:02", 2), ("A5", "03-03 10:00", 1),
    ("A6", "03-06 10:00", 1),
)  # fmt: skip
ALL = Principal(id="a", role="auditor")
NOW = "03-10 12:00"


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    made = World(store, tmp_path, REGISTRY)
    for case, when, window in ACCEPTED:
        says(made, "accepted", when, f"2026-{case}", item="i1", window=f"w{window}", staff=f"s0{window}")
    says(made, "suspended", "03-04 10:00", "2026-A5", procedure="hearing", planned_days=10, reason="需要听证")
    says(made, "completed", "03-06 10:00", "2026-A1", result="granted")
    says(made, "accepted", "03-10 09:00", "2026-A4", item="i2", window="w2", staff="s02")
    says(made, "accepted", "03-05 09:00", "2025-C1", item="i1", window="w1", staff="s01")
    says(made, "withdrawn", "03-06 10:00", "2025-C1")
    says(made, "received", "03-10 10:00", "2026-D1", item="i1", window="w1")
    says(made, "completed", "03-10 10:30", "2026-A2", result="granted")
    made.event("c2", "case", "03-09 10:00", case="2026-A9", event="accepted", item="i1", window="w3", staff="s03")
    for device in ("c1", "c2"):
        made.beat(device, NOW)
    made.judge(NOW)
    return made


def says(world: World, event: str, when: str, case: str, **body: Any) -> None:
    world.event("c1", "case", when, case=case, event=event, **body)


def found(world: World, who: Principal = ALL, limit: int = 100, **asked: str) -> list[str]:
    with world.store.read() as conn:
        chosen = case_filter(world.judging.look(conn, world.clock.now()), Asked(**asked), who)
        return [key for _, key in find_cases(conn, chosen, limit, None)]


def numbers(keys: list[str]) -> str:
    return " ".join(key.partition("-")[2] for key in keys)


# --------------------------------------------------------------------------- search

SEARCHES: dict[str, tuple[dict[str, str], str]] = {
    "all of them, the newest first": ({}, "D1 A4 A9 A6 C1 A5 A3 A2 A1"),
    "running, the first one due first, paused ones last": ({"state": "running"}, "A3 A6 A9 A4 A5"),
    "overdue": ({"state": "overdue"}, "A3"),
    "due within three working days": ({"state": "near"}, "A6"),
    "due within four": ({"state": "near", "days": "4"}, "A6 A9"),
    "paused": ({"state": "paused"}, "A5"),
    "not accepted yet": ({"state": "waiting"}, "D1"),
    "completed": ({"state": "completed"}, "A2 A1"),
    "completed late": ({"state": "late"}, "A2"),
    "rejected, withdrawn or returned": ({"state": "left"}, "C1"),
    "imported history": ({"state": "historic"}, ""),
    "of a window": ({"window": "w2"}, "A4 A3"),
    "of a unit": ({"unit": "u3"}, "A9"),
    "of a hall": ({"hall": "h2"}, "A9"),
    "of a person by name": ({"staff": "演示2"}, "A4 A3"),
    "of a person by id": ({"staff": "s03"}, "A9"),
    "of nobody": ({"staff": "无此人"}, ""),
    "of an item by id": ({"item": "i2"}, "A4"),
    "of items by a part of the name": ({"item": "经营", "state": "running"}, "A3 A6 A9 A4 A5"),
    "received on two days": ({"received_from": "2026-03-05", "received_to": "2026-03-06"}, "A6 C1"),
    "due on a day": ({"due_from": "2026-03-09", "due_to": "2026-03-13"}, "A3 A6"),
    "by the beginning of the number": ({"number": "2025"}, "C1"),
    "by the whole key": ({"number": "branch/2026-A9"}, "A9"),
    "by the end, where none begins so": ({"number": "-A3"}, "A3"),
    "two characters are looked for at the beginning alone": ({"number": "A3"}, ""),
    "a wildcard is a character": ({"number": "202_-A"}, ""),
    "several at once": ({"state": "running", "window": "w1", "number": "2026"}, "A6 A5"),
}  # fmt: skip


def test_each_search_finds_what_it_asks_for(world: World) -> None:
    """One world for all of them: it takes a second to judge."""
    assert {name: numbers(found(world, **asked)) for name, (asked, _) in SEARCHES.items()} == {
        name: expected for name, (_, expected) in SEARCHES.items()
    }


THEIRS: dict[str, tuple[Principal, str]] = {
    "a hall": (Principal(id="d", role="duty_supervisor", halls=frozenset({"h1"})), "D1 A4 A6 C1 A5 A3 A2 A1"),
    "another hall": (Principal(id="d", role="duty_supervisor", halls=frozenset({"h2"})), "A9"),
    "a unit": (Principal(id="u", role="unit_head", units=frozenset({"u2"})), "A4 A3"),
    "windows": (Principal(id="w", role="window_lead", windows=frozenset({"w2", "w3"})), "A4 A9 A3"),
    "one's own": (Principal(id="p", role="staff", staff="s01"), "A6 C1 A5 A2 A1"),
    "somebody without an id in the registry": (Principal(id="p", role="staff"), ""),
    "a role that there is not": (Principal(id="x", role="no such role", halls=frozenset({"h1"})), ""),
}


def test_everybody_finds_what_is_theirs(world: World) -> None:
    assert {name: numbers(found(world, who)) for name, (who, _) in THEIRS.items()} == {
        name: expected for name, (_, expected) in THEIRS.items()
    }


def test_what_is_not_theirs_does_not_change_how_a_number_is_looked_for(world: World) -> None:
    """`2026` begins the number of every other case of the hall; for the unit of hall h2 alone its own counts."""
    lead = Principal(id="w", role="window_lead", windows=frozenset({"w3"}))
    assert numbers(found(world, lead, number="2026-A9")) == "A9"
    assert numbers(found(world, lead, number="2026-A1")) == ""
    assert numbers(found(world, lead, number="6-A")) == "A9"


@pytest.mark.parametrize("asked", [{}, {"state": "running"}], ids=["by receipt", "by due"])
def test_page_by_page_each_case_comes_once(asked: dict[str, str], world: World) -> None:
    whole, pages, after = found(world, **asked), [], None
    with world.store.read() as conn:
        chosen = case_filter(world.judging.look(conn, world.clock.now()), Asked(**asked), ALL)
        while True:
            rows = find_cases(conn, chosen, 2, after)
            pages += [key for _, key in rows[:2]]
            if len(rows) <= 2:
                break
            after = rows[1]
    assert pages == whole


def test_namespaces_are_found_by_steps_along_the_key(world: World) -> None:
    with world.store.read() as conn:
        assert namespaces(conn) == ["branch", "c1"]


def test_imported_history_is_no_work(world: World, store: Store) -> None:
    """It is found when it is asked for, and in no list of what is open or due."""
    with store.write() as conn:
        conn.execute(casesearch.STAT.update().where(casesearch.STAT.c.case_key == "c1/2026-A3").values(historic=True))
    assert numbers(found(world, state="historic")) == "A3"
    assert "A3" not in numbers(found(world, state="running"))
    assert numbers(found(world, state="overdue")) == ""


BAD: dict[str, tuple[dict[str, str], str, str]] = {
    "a state that there is none of": ({"state": "gone"}, "state", "waiting, running"),
    "a hall that there is not": ({"hall": "h9"}, "hall", "no such hall"),
    "NUL": ({"number": "a\x00b"}, "number", "control characters"),
    "a number without end": ({"number": "9" * 201}, "number", "at most 200"),
    "days that are none": ({"days": "-1"}, "days", "0–60"),
    "digits of another script": ({"days": "٣"}, "days", "0–60"),
    "too many days": ({"days": "999"}, "days", "0–60"),
    "no date": ({"received_from": "2026-02-30"}, "received_from", "YYYY-MM-DD"),
    "a date before all calendars": ({"received_from": "0001-01-01"}, "received_from", "1951"),
    "a date behind them": ({"due_to": "9999-12-31"}, "due_to", "1951"),
    "a reversed span": ({"received_from": "2026-03-02", "received_to": "2026-03-01"}, "received_to", "before"),
}  # fmt: skip


def test_what_cannot_be_asked_is_refused_with_its_field(world: World) -> None:
    for name, (asked, field, text) in BAD.items():
        with pytest.raises(Refused, match=text) as refused:
            found(world, **asked)
        assert refused.value.field == field, name


def test_another_halls_name_is_refused_as_if_there_was_none(world: World) -> None:
    who = Principal(id="d", role="duty_supervisor", halls=frozenset({"h1"}))
    with pytest.raises(Refused, match="no such hall") as refused:
        found(world, who, hall="h2")
    assert refused.value.sort == "missing"


# --------------------------------------------------------------------------- rows


def test_a_row_says_where_a_case_stands_and_what_is_left(world: World) -> None:
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        keys = [f"c1/2026-{n}" for n in ("A1", "A2", "A3", "A4", "A5", "A6", "D1")] + ["c1/2025-C1"]
        rows = [case_json(r) for r in case_rows(look, world.settings.policy.timeliness, keys, ALL)]
    assert [(r["number"][-2:], r["standing"], r["workdays_left"], told(r["due"])) for r in rows] == [
        ("A1", "on_time", None, "03-09 17:30"),
        ("A2", "late", None, "03-09 17:30"),
        ("A3", "overdue", -1, "03-09 17:30"),
        ("A4", "running", 10, "03-24 17:30"),
        ("A5", "paused", None, "-"),
        ("A6", "running", 3, "03-13 17:30"),
        ("D1", "waiting", None, "-"),
        ("C1", "withdrawn", None, "03-12 17:30"),
    ]
    assert [r["card"] and (r["card"]["level"], r["card"]["rule"]) for r in rows][:4] == [
        None, ("yellow", "case.limit"), ("yellow", "case.limit"), None,
    ]  # fmt: skip
    assert rows[2]["received"] == "2026-03-02T10:02:00+08:00"


# --------------------------------------------------------------------------- what is due


def dues(world: World, **asked: str) -> dict[str | None, tuple[int, int]]:
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        chosen = case_filter(look, Asked(**asked), ALL)
        days = due_json(due_days(look, calendar_of(look, asked.get("hall", "")), chosen))
    return {d["day"]: (d["count"], d["overdue"]) for d in days}


def test_what_is_due_by_day_over_the_next_ten_working_days(world: World) -> None:
    days = dues(world)
    assert list(days) == [None, *(f"2026-03-{n}" for n in (10, 11, 12, 13, 16, 17, 18, 19, 20, 23, 24))]
    assert {day: n for day, n in days.items() if n[0]} == {
        None: (1, 1), "2026-03-13": (1, 0), "2026-03-16": (1, 0), "2026-03-24": (1, 0),
    }  # fmt: skip
    assert sum(n for n, _ in dues(world, window="w1").values()) == 1


def test_what_has_passed_and_is_not_proven_is_told_apart(world: World) -> None:
    """The source was not heard of since: the case may be completed, and the word is on its way."""
    world.clock.set(at("03-13 18:00"))
    assert dues(world)[None] == (2, 1)
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        (row,) = case_rows(look, world.settings.policy.timeliness, ["c1/2026-A6"], ALL)
    assert (row.standing, row.left) == ("passed", 0)


# --------------------------------------------------------------------------- one case


def opened(world: World, key: str, who: Principal = ALL, **sees: bool) -> CaseFile | None:
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        return case_file(look, world.settings.policy.timeliness, key, who, **sees)


def test_a_paused_case_day_by_day(world: World) -> None:
    file = opened(world, "c1/2026-A5")
    assert file is not None
    shown = file_json(file)
    assert [limit["limit"] for limit in shown["limits"]] == ["promised", "statutory"]
    promised = shown["limits"][0]
    assert (promised["amount"], promised["due"]) == (5, None)
    steps = {step["date"][-2:]: (step["counted"], step["why"].partition(":")[0]) for step in promised["steps"]}
    assert steps == {
        "03": (False, "start_day"), "04": (False, "pause"), "05": (False, "pause"), "06": (False, "pause"),
        "07": (False, "weekend"), "08": (False, "weekend"), "09": (False, "pause"), "10": (False, "pause"),
    }  # fmt: skip
    (pause,) = shown["pauses"]
    assert (pause["cause"], pause["procedure"], pause["to"], pause["reason"]) == (
        "suspended",
        "hearing",
        None,
        "需要听证",
    )
    assert pause["worked_hours"] == 2 + 3 + 6.5 * 3 + 3.5
    assert [event["event"] for event in shown["events"]] == ["accepted", "suspended"]


def test_the_strip_of_a_running_case_ends_on_its_due_day(world: World) -> None:
    file = opened(world, "c1/2026-A6")
    assert file is not None
    promised = file.limits[0]
    assert [s.date for s in promised["steps"]][-1] == date(2026, 3, 13)
    assert sum(s.counted for s in promised["steps"]) == 5
    assert told(promised["due"]) == "03-13 17:30"


def test_an_event_that_was_taken_back_is_shown_and_does_not_count(world: World) -> None:
    says(world, "transferred", "03-10 11:00", "2026-A6", window="w2")
    said = world.event("c1", "case", "03-10 11:01", case="2026-A6", event="completed", result="granted")
    assert said is not None
    with world.store.read() as conn:
        look = world.judging.look(conn, at("03-10 11:30"))
        file = case_file(look, world.settings.policy.timeliness, "c1/2026-A6", ALL)
    assert file is not None
    voided = next(event["id"] for event in file.events if event["event"] == "completed")
    says(world, "voided", "03-10 11:02", "2026-A6", voids=voided)
    file = opened(world, "c1/2026-A6")
    assert file is not None
    assert [(e["event"], e["standing"]) for e in file.events] == [
        ("accepted", "counts"), ("transferred", "counts"), ("completed", "voided"), ("voided", "counts"),
    ]  # fmt: skip
    assert (file.row.standing, file.row.stat.window) == ("running", "w2")


def test_cards_findings_and_ratings_stand_with_the_case(world: World, store: Store) -> None:
    says(world, "suspended", "03-10 11:50", "2026-A3", procedure="testing")
    says(world, "resumed", "03-10 11:55", "2026-A3")
    world.judge("03-10 12:01")
    file = opened(world, "c1/2026-A3")
    assert file is not None
    assert [(c["rule"], c["level"]) for c in file.cards] == [("order.reply", "reminder")] * 0 + [
        ("case.limit", "yellow")
    ]
    assert [(rule, reason.code) for rule, _, reason in file.findings] == [("case.events", "case.finding.pause_short")]
    assert opened(world, "c1/2026-A3", cards=False).cards == []  # type: ignore[union-attr]


OF_OTHERS: tuple[tuple[Principal, str, bool], ...] = (
    (THEIRS["a unit"][0], "c1/2026-A3", True),
    (THEIRS["a unit"][0], "c1/2026-A6", False),
    (THEIRS["one's own"][0], "c1/2026-A6", True),
    (THEIRS["one's own"][0], "c1/2026-A3", False),
    (THEIRS["a hall"][0], "c1/2026-D1", True),
    (THEIRS["a hall"][0], "branch/2026-A9", False),
    (ALL, "c1/nothing", False),
    (ALL, "", False),
)


def test_a_case_of_others_is_none(world: World) -> None:
    for who, key, is_theirs in OF_OTHERS:
        assert (opened(world, key, who) is not None) == is_theirs, (who.role, key)


# --------------------------------------------------------------------------- statistics


@pytest.mark.parametrize("late", [False, True], ids=["judged", "with late facts"])
def test_a_month_of_the_tendency_has_the_figures_of_its_report(late: bool, world: World) -> None:
    if late:
        after = {"received": "03-10 12:30", "case": "2026-A3"}
        world.event("c1", "case", "03-09 17:00", event="completed", result="denied", **after)
        world.event(
            "c1", "case", "02-27 10:00", event="accepted", item="i1", window="w2", **{**after, "case": "2026-B1"}
        )
        world.clock.set(at("03-10 12:40"))
    policy = world.settings.policy
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        edges = month_edges(calendar_of(look, ""), date(2026, 3, 10), look.now)
        for who in (None, ALL, *(who for who, _ in THEIRS.values())):
            months = by_month(look, policy, "", hall=None, who=who)
            assert [m["month"] for m in months][::11] == ["2025-04", "2026-03"]
            for month, start, end in zip(months, edges, edges[1:], strict=False):
                whole = statistics(look, policy.timeliness, Period(start=start, end=end), who=who).to_json()["figures"]
                assert month["figures"] == {name: whole[name] for name in month["figures"]}, (who, month["month"])


def test_the_report_of_a_reach_counts_what_lies_in_it(world: World) -> None:
    unit = Principal(id="u", role="unit_head", units=frozenset({"u2"}))
    person = Principal(id="p", role="staff", staff="s01")
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        span = parse_period(look, "2026-03-01", "2026-03-31", "")
        made = [
            statistics(look, world.settings.policy.timeliness, span, by="staff", who=w).to_json()
            for w in (unit, person)
        ]
    assert [(m["figures"]["received"], m["figures"]["saved_workdays"]) for m in made] == [(2, 20), (5, None)]
    assert [[part["id"] for part in m["parts"]] for m in made] == [["s02"], ["s01"]]
    assert all(check["ok"] for m in made for check in m["checks"])


NO_PERIODS = (
    ("2026-03-02", "2026-03-01", "to"),
    ("2027-01-01", "2027-01-31", "from"),
    ("x", "2026-03-01", "from"),
    ("2026-03-01T08:00", "2026-03-02", "from"),
    ("0001-01-01T00:00:00+00:00", "2026-03-02", "from"),
    ("2026-03-01", "9999-12-31T23:59:59-12:00", "to"),
    ("2026-03-01", "9999-12-31", "to"),
)


def test_a_period_that_cannot_be_counted_is_refused(world: World) -> None:
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        for first, last, field in NO_PERIODS:
            with pytest.raises(Refused) as refused:
                parse_period(look, first, last, "")
            assert refused.value.field == field, (first, last)


def test_an_instant_is_taken_as_the_command_takes_it(world: World) -> None:
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        span = parse_period(look, "2026-03-01T00:00:00+08:00", "2026-03-31", "")
    assert (told(span.start), span.end) == ("03-01 00:00", world.clock.now())
    assert span.end - span.start < timedelta(days=10)


# --------------------------------------------------------------------------- what it costs, what an upgrade does


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({"state": "overdue"}, "INDEX ix_case_stat_"),
        ({"state": "running", "window": "w1"}, "ix_case_stat_open"),
        ({"due_to": "2026-03-13"}, "ix_case_stat_open"),
        ({"state": "completed"}, "COVERING INDEX ix_case_stat_search"),
        ({"state": "left", "unit": "u1"}, "COVERING INDEX ix_case_stat_search"),
        ({"item": "nothing"}, "COVERING INDEX ix_case_stat_search"),
        ({"number": "2026-A", "staff": "s01"}, "COVERING INDEX ix_case_stat_search"),
        ({"received_from": "2026-03-05", "received_to": "2026-03-06"}, "COVERING INDEX ix_case_stat_search"),
    ],
    ids=str,
)
def test_a_search_goes_by_its_index_and_never_through_the_table(
    asked: dict[str, str], index: str, world: World
) -> None:
    """On SQLite, where a year of a large hall has to be searched in less than a tenth of a second."""
    if not world.store.is_sqlite:
        pytest.skip("PostgreSQL chooses by what it knows of the rows")
    said: list[tuple[str, Any]] = []
    with world.store.read() as conn:
        event.listen(conn, "before_cursor_execute", lambda *call: said.append((call[2], call[3])))
        chosen = case_filter(world.judging.look(conn, world.clock.now()), Asked(**asked), ALL)
        find_cases(conn, chosen, 50, None)
        lists = [one for one in said if "ORDER BY" in one[0] and "AS place" in one[0]]
        plans = [conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given).all() for sql, given in lists]
    steps = [row[3] for plan in plans for row in plan]
    assert any(index in step for step in steps), steps
    assert not any(step.startswith("SCAN case_stat") and "INDEX" not in step for step in steps), steps


def test_the_upgrade_lets_the_rows_of_open_cases_be_made_anew(tmp_path: Path) -> None:
    """They say when the case is due since revision 0015; rows of ended cases stay, with whether they are history."""
    store = Store(f"sqlite:///{tmp_path / 'then.sqlite'}")
    row = "INSERT INTO case_stat (case_key, kind, received_us, ended_us, {0}, early) VALUES (?, 'other', 1, ?, ?, 0)"
    with store.write() as conn:
        migrate.build(conn, "0014")
        for key, ended, end in (("n/open", None, None), ("n/over", 5, "completed"), ("n/old", 5, "completed")):
            conn.exec_driver_sql(row.format('"end"'), (key, ended, end))
        subject = (
            "INSERT INTO subject (kind, key, version, verdict, historic, failures) VALUES ('case', ?, 0, '', ?, 0)"
        )
        for key in ("n/open", "n/over", "n/old"):
            conn.exec_driver_sql(subject, (key, key == "n/old"))
        conn.exec_driver_sql("INSERT INTO meta (key, value) VALUES ('case_stats', 'all')")
    migrate.upgrade(store)
    with store.read() as conn:
        rows = conn.execute(select(casesearch.STAT.c.case_key, casesearch.STAT.c.historic)).all()
        assert {row.case_key: row.historic for row in rows} == {"n/over": False, "n/old": True}
        assert not casestats.is_filled(conn), "the loop looks for cases without a row again"
        assert casestats.without_row(conn, 9) == []
    store.close()
