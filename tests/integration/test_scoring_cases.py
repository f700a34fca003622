"""Cases, their record, tasks and ratings of a hall's month as facts for assessment (A.3, A.4, A.6; C24, D16, G22).

Accepted Monday 2026-03-02, 5 working days promised: the limit passes on Monday 03-09 at 17:30.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.assessment.sources import SOURCES
from monitor.store.engine import Store
from monitor.supervision.commands import attribute, transition
from tests.halls import at, hall
from tests.scored import line, lines, scored
from tests.world import World

pytestmark = pytest.mark.scenarios

ITEMS = [
    {"id": "i1", "unit": "u1", "promised": 5, "statutory": 20},
    {"id": "now", "unit": "u1", "kind": "immediate", "fallback": 3},
]
REGISTRY = hall(
    3,
    attendance="",
    items=ITEMS,
    units=[{"id": "u1", "hall": "h1", "head": "s03"}],
    windows=[{"id": "w1", "unit": "u1", "lead": "s02"}, {"id": "w2", "unit": "u1"}],
    devices=[
        {"id": "c1", "kind": "cases", "hall": "h1"},
        {"id": "p1", "kind": "evaluator", "hall": "h1", "window": "w1", "namespace": "c1"},
        {"id": "p2", "kind": "evaluator", "hall": "h1", "window": "w2", "namespace": "elsewhere"},
    ],
)
OVERDUE = "case.overdue case:c1/A1"


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    return World(store, tmp_path, REGISTRY)


def says(world: World, event: str, when: str, *, case: str = "A1", **body: Any) -> None:
    world.event("c1", "case", when, case=case, event=event, **body)


def accepted(world: World, when: str = "10:00", case: str = "A1", **body: Any) -> None:
    says(world, "accepted", when, case=case, **{"item": "i1", "window": "w1", "staff": "s01"} | body)


def judged(world: World, when: str) -> None:
    world.beat("c1", when)
    world.beat("p1", when)
    world.judge(when)


def act(world: World, event: str, *, rule: str = "case.limit", actor: str = "cli:x", **given: Any) -> None:
    (number,) = [c["number"] for c in world.cards(rule) if c["rule"] == rule]
    now = world.clock.now()
    world.store.step(
        lambda conn: transition(conn, number, event, actor=actor, why="核实", now=now, given=given or None)
    )
    world.judge(now)


def of(world: World, *sources: str, month: str = "2026-03", **choices: Any) -> list[str]:
    return lines(scored(world, month, **choices), *sources)


# --------------------------------------------------------------------------- C01 to C04


@pytest.mark.both_databases
def test_c01_an_overdue_case_costs_once_in_the_month_in_which_its_limit_passed(world: World) -> None:
    accepted(world, "03-24 10:00")
    judged(world, "03-31 17:29")
    assert of(world, "case.overdue") == []
    judged(world, "03-31 18:00")  # the limit passed at 17:30: late by no working day yet, and late all the same
    assert of(world, "case.overdue") == [f"{OVERDUE} certain [w1 s01]"]
    judged(world, "04-03 10:00")
    assert of(world, "case.overdue") == [f"{OVERDUE} certain x3 [w1 s01]"]
    says(world, "completed", "04-08 11:00", result="granted")
    judged(world, "04-10 09:00")
    march, april = scored(world), scored(world, "2026-04")
    assert lines(march, "case.overdue") == [f"{OVERDUE} certain x5 [w1 s01]"]  # 6 April is a day off
    assert (march.facts[0].lead, march.facts[0].head, march.facts[0].date.isoformat()) == ("s02", "s03", "2026-03-31")
    assert lines(april, "case.overdue") == []  # it costs once
    # C03, C04: open past its limit in both months, by no day in the first
    assert [line(fact) for fact in march.overdue] == [f"{OVERDUE} certain [w1 s01]"]
    assert [line(fact) for fact in april.overdue] == [f"{OVERDUE} certain x5 [w1 s01]"]
    assert march.overdue[0].figures["days"] == 0
    assert scored(world, "2026-02").overdue == scored(world, "2026-05").overdue == ()
    assert of(world, "case.overdue", overdue_days_unit="calendar_day") == [f"{OVERDUE} certain x8 [w1 s01]"]


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], f"{OVERDUE} certain x2 [w1 s01]"),
        ([("closed", {"result": "founded"})], f"{OVERDUE} confirmed x2 [w1 s01]"),
        ([("closed", {"result": "unfounded"})], None),
        ([("closed", {"result": "explained"})], None),
        ([("appealed", {"by": "cli:x"}), ("withdrawn", {"by": "other", "appeal": "granted"})], None),
    ],
)
def test_c02_what_people_make_of_the_card_decides(
    world: World, steps: list[tuple[str, dict[str, Any]]], expected: str | None
) -> None:
    accepted(world)
    judged(world, "03-11 10:00")
    for event, given in steps:
        actor = "other" if event == "withdrawn" else "cli:x"
        act(world, event, actor=actor, **({} if event == "withdrawn" else given))
    assert of(world, "case.overdue") == [expected] * (expected is not None)


def test_c02_whom_a_person_found_responsible_answers(world: World) -> None:
    accepted(world)
    judged(world, "03-11 10:00")
    (card,) = world.cards("case.limit")
    with world.store.read() as conn:
        registry = world.program.registry.get(conn)
    now = world.clock.now()
    world.store.step(
        lambda conn: attribute(
            conn, card["number"], registry, unit=None, window="w2", staff="s02", actor="cli:x", why="经办", now=now
        )
    )
    assert of(world, "case.overdue") == [f"{OVERDUE} certain x2 [w2 s02]"]


def test_a_silent_source_and_an_untrusted_end_are_unknown_and_cost_nothing(world: World) -> None:
    accepted(world)
    judged(world, "03-09 12:00")
    world.judge("03-11 10:00")  # nothing was heard since noon of the day
    found = scored(world)
    assert lines(found) == []
    assert [(u.subject, u.why, u.window, u.staff) for u in found.unknowns if u.subject.startswith("case:")] == [
        ("case:c1/A1", "unknown", "w1", "s01")
    ]
    says(world, "completed", "03-09 16:00", received="03-11 11:00", result="granted")
    judged(world, "03-11 12:00")
    found = scored(world)
    assert (lines(found), [u for u in found.unknowns if u.subject.startswith("case:")]) == ([], [])


def test_in_time_is_no_fact_and_neither_is_a_case_that_left_in_time(world: World) -> None:
    accepted(world)
    says(world, "completed", "03-09 17:30", result="granted")
    accepted(world, case="A2")
    says(world, "withdrawn", "03-05 10:00", case="A2")
    judged(world, "03-12 10:00")
    found = scored(world)
    assert (lines(found), found.overdue) == ([], ())
    assert found.cases["w1"].completed == 1


# --------------------------------------------------------------------------- the record


def test_c09_c10_c11_the_second_notice_and_refusals_without_reason(world: World) -> None:
    says(world, "received", "09:00", item="i1", window="w1", staff="s01")
    says(world, "supplement_requested", "09:10", window="w1", staff="s01", reason="缺身份证")
    says(world, "supplemented", "10:00", window="w1")
    says(world, "supplement_requested", "10:10", window="w1", staff="s01", reason="缺照片")
    for case, reason in (("B1", ""), ("B2", "不符合条例第九条的条件")):
        says(world, "rejected", "11:00", case=case, item="i1", window="w1", staff="s01", reason=reason)
    for case, reason in (("C1", "不行"), ("C2", "材料与申请事项不一致，退回")):
        says(world, "returned", "11:30", case=case, item="i1", window="w1", staff="s01", reason=reason)
    judged(world, "12:00")
    assert of(world) == [
        "case.refusal_reason case:c1/B1 certain [w1 s01]",
        "case.return_reason case:c1/C1 open [w1 s01]",
        "case.supplements case:c1/A1 certain x2 [w1 s01]",
    ]
    assert of(world, month="2026-04") == []


def test_c11_a_source_that_never_gives_a_reason_accuses_nobody(world: World) -> None:
    says(world, "rejected", "11:00", item="i1", window="w1", staff="s01", reason="")
    judged(world, "12:00")
    assert of(world) == []


@pytest.mark.both_databases
def test_f02_f03_one_fact_a_case_of_the_first_contradiction(world: World) -> None:
    accepted(world)
    says(world, "completed", "11:00", result="granted", result_doc="证1")
    says(world, "stage", "14:50", stage="审核", window="w1")  # told of a case that had ended (F02)
    says(world, "stage", "15:00", stage="复核", window="w1")
    says(world, "reopened", "16:00", window="w1", staff="s01")  # told done, and was not (F03)
    accepted(world, "03-03 09:00", case="A2")
    says(world, "completed", "03-03 10:00", case="A2", result="granted")  # no document, where others have one
    says(world, "completed", "03-03 10:30", case="A3", item="i1", window="w2", result="granted", result_doc="证3")
    judged(world, "03-03 12:00")
    assert of(world) == [
        "case.contradiction case:c1/A1 open [w1 s01]",
        "case.contradiction case:c1/A3 open [w2]",
        "case.false_close case:c1/A1 open [w1 s01]",
        "case.false_close case:c1/A2 open [w1 s01]",
    ]
    (first,) = [f for f in scored(world).facts if f.key == "case:c1/A1" and f.source == "case.contradiction"]
    assert first.at == at("14:50")


def test_f01_d06_a_rating_without_a_case_and_one_that_somebody_verified(world: World) -> None:
    accepted(world)
    world.event("p1", "rating", "10:05", score=5, case="A1", staff="s01")
    world.event("p1", "rating", "10:10", score=5, case="NONE", staff="s01")
    world.event("p2", "rating", "10:15", score=5, case="A1")  # of cases that nobody tells of here
    world.event("p1", "rating", "10:20", score=1, staff="s01")
    judged(world, "12:00")
    bad = "rating.bad rating:p1/e5"
    assert of(world) == ["case.unrecorded rating:p1/e3 open [w1 s01]", f"{bad} open [w1 s01]"]
    act(world, "verified", rule="rating.bad", finding="founded")
    assert of(world, "rating.bad") == [f"{bad} confirmed [w1 s01]"]
    assert [f.confirmed_by for f in scored(world).facts if f.source == "rating.bad"] == ["cli:x"]
    judged(world, "04-20 12:00")  # red long since: of the day on which it was given, all the same
    assert of(world, "rating.bad") == [f"{bad} confirmed [w1 s01]"]
    assert of(world, "rating.bad", month="2026-04") == []


def test_a_bad_rating_that_was_misjudged_is_no_fact(world: World) -> None:
    world.event("p1", "rating", "10:20", score=1, staff="s01")
    judged(world, "12:00")
    act(world, "verified", rule="rating.bad", finding="misjudged")
    assert of(world) == []


def test_f02_f03_many_completed_at_night_and_a_citizen_who_says_it_is_not_done(world: World) -> None:
    policy = world.settings.policy.timeliness
    for n in range(policy.bulk_close_cases):
        accepted(world, f"14:{31 + n}", case=f"N{n:02}")
        says(
            world, "completed", f"21:{10 + n // 4}:{n % 4}0", case=f"N{n:02}", staff="s01", window="w1", result="denied"
        )
    accepted(world, "14:30", case="R1")
    says(world, "completed", "15:00", case="R1", result="denied")
    world.event("p1", "rating", "16:00", score=5, case="R1", tags=[policy.not_done_tags[0]])
    judged(world, "22:00")
    assert of(world) == [
        "case.contradiction bulk:c1/N00 open [w1 s01]",
        "case.false_close case:c1/R1 open [w1 s01]",
    ]


def test_f05_two_late_entries_in_a_row_of_one_hand(world: World) -> None:
    for n, (day, entered) in enumerate((("03-02", "03-05"), ("03-03", "03-09"), ("03-04", "03-04"))):
        when = f"{day} 10:00"
        told = at(f"{entered} 16:00").isoformat()
        accepted(world, when, case=f"E{n}", entered=told)
    judged(world, "03-09 17:00")
    (found,) = scored(world).facts
    assert line(found).startswith("case.late_entry entry:c1/E1/")
    assert (found.staff, found.window, found.proof) == ("s01", "w1", "open")


# --------------------------------------------------------------------------- tasks


def task(world: World, event: str, when: str, number: str = "T1", kind: str = "complaint", **body: Any) -> None:
    world.event("c1", "task", when, task=number, kind=kind, event=event, **{"window": "w1", "staff": "s01"} | body)


DUE = at("03-09 17:30").isoformat()


def test_d11_d13_d12_complaints_late_in_time_and_true(world: World) -> None:
    task(world, "opened", "10:00", due=DUE)
    task(world, "answered", "03-11 10:00")
    task(world, "opened", "10:00", "T2", due=DUE)
    task(world, "answered", "03-05 10:00", "T2")
    task(world, "opened", "03-31 10:00", "T3", due=at("04-08 17:30").isoformat())
    task(world, "verified", "04-07 10:00", "T3")
    judged(world, "04-10 10:00")
    assert of(world) == [
        "complaint.in_time task:T2 open [w1 s01]",
        "complaint.overdue task:T1 certain x2 [w1 s01]",
        "complaint.verified task:T3 certain [w1 s01]",
        "count.complaints month:w1/2026-03 certain [w1]",
    ]
    assert of(world, month="2026-04") == ["complaint.overdue task:T3 certain x2 [w1 s01]"]


def test_c16_h15_what_was_ordered_on_a_card_and_not_answered(world: World) -> None:
    accepted(world)
    judged(world, "03-09 18:00")
    act(world, "ordered", kind="on_site", due=at("03-11 17:30"))
    judged(world, "03-13 10:00")
    (found,) = of(world, "order.late")
    assert found.startswith("order.late order:c1/A1#")
    assert found.endswith(" open x2 [w1 s01]")


def test_c14_c15_c16_reports_and_orders(world: World) -> None:
    task(world, "opened", "10:00", "R1", "report", due=DUE)
    task(world, "answered", "03-18 10:00", "R1", "report")  # seven working days after the due
    task(world, "opened", "10:00", "R2", "report", due=DUE)
    task(world, "answered", "03-10 10:00", "R2", "report")
    task(world, "opened", "10:00", "O1", "order", due=DUE)
    judged(world, "03-20 10:00")
    assert of(world) == [
        "order.late task:O1 open x9 [w1 s01]",
        "report.late task:R1/C14 open x2 [w1 s01]",
        "report.late task:R1/C15 open x4 [w1 s01]",
    ]
    assert {f.row for f in scored(world).facts if f.source == "report.late"} == {"C14", "C15"}
    judged(world, "04-01 10:00")
    assert of(world, "count.reports") == [
        "count.reports month:w1/2026-03 certain x2 [w1]",
        "count.reports month:w2/2026-03 certain x0 [w2]",
    ]


# --------------------------------------------------------------------------- shares, order, vocabulary


@pytest.mark.both_databases
def test_shares_of_a_month_that_is_over(world: World) -> None:
    for n, done in enumerate(("03-05", "03-06", "03-11")):  # the third is late
        accepted(world, case=f"S{n}")
        says(world, "completed", f"{done} 10:00", case=f"S{n}", result="granted")
    accepted(world, case="S3")  # never
    accepted(world, "03-30 10:00", case="S4")  # still within its limit
    for n, score in enumerate((5, 5, 5, 1)):
        world.event("p1", "rating", f"10:{n:02}", score=score, staff="s01")
    judged(world, "03-31 12:00")
    assert of(world, "share.completion", "share.on_time", "share.satisfaction") == []
    judged(world, "04-01 09:00")
    assert of(world, "share.completion", "share.on_time", "share.satisfaction") == [
        "share.completion month:w1/2026-03 certain x0.250000 [w1]",
        "share.on_time month:w1/2026-03 certain x0.333333 [w1]",
        "share.satisfaction month:w1/2026-03 certain x0.250000 [w1]",
    ]


@pytest.mark.both_databases
def test_the_same_events_in_another_order_and_twice_are_the_same_month(store: Store, tmp_path: Path) -> None:
    world = World(store, tmp_path, REGISTRY)
    told = [
        ("accepted", "10:00", "A1", {"item": "i1", "window": "w1", "staff": "s01"}),
        ("supplement_requested", "11:00", "A1", {"window": "w1", "reason": "缺甲"}),
        ("supplemented", "11:30", "A1", {}),
        ("supplement_requested", "12:00", "A1", {"window": "w1", "reason": "缺乙"}),
        ("supplemented", "14:30", "A1", {}),
        ("completed", "03-16 10:00", "A1", {"result": "granted"}),
    ]
    for event, when, case, body in reversed(told):
        says(world, event, when, case=case, received="03-16 11:00", id=f"x-{event}-{when}", **body)
    for event, when, case, body in told:
        says(world, event, when, case=case, received="03-16 11:00", id=f"x-{event}-{when}", **body)
    judged(world, "03-17 10:00")
    backwards = scored(world)
    assert lines(backwards) == [
        "case.overdue case:c1/A1 certain x5 [w1 s01]",
        "case.supplements case:c1/A1 certain x2 [w1 s01]",
    ]
    assert scored(world) == backwards
    assert list(backwards.facts) == sorted(backwards.facts, key=lambda f: (f.at, f.source, f.key))


@pytest.mark.both_databases
def test_each_hall_has_its_own_facts_and_no_other(store: Store, tmp_path: Path) -> None:
    registry = {
        **REGISTRY,
        "halls": [{"id": "h1", "name": "一"}, {"id": "h2", "name": "二"}],
        "units": [{"id": "u1", "hall": "h1"}, {"id": "u2", "hall": "h2"}],
        "windows": [{"id": "w1", "unit": "u1"}, {"id": "w2", "unit": "u1"}, {"id": "v1", "unit": "u2"}],
        "staff": [{"id": "s01", "unit": "u1"}, {"id": "s02", "unit": "u1"}, {"id": "p01", "unit": "u2"}],
    }
    world = World(store, tmp_path, registry)
    accepted(world)
    accepted(world, case="H2", window="v1", staff="p01")
    says(world, "rejected", "10:30", case="H3", item="i1", window="v1", staff="p01", reason="材料不全，不符合条件")
    says(world, "rejected", "11:00", case="H4", item="i1", window="v1", staff="p01", reason="")
    judged(world, "03-11 10:00")
    assert lines(scored(world)) == [f"{OVERDUE} certain x2 [w1 s01]"]
    assert lines(scored(world, hall="h2")) == [
        "case.overdue case:c1/H2 certain x2 [v1 p01]",
        "case.refusal_reason case:c1/H4 certain [v1 p01]",
    ]


def test_an_unknown_hall_and_month_are_refused(world: World) -> None:
    with pytest.raises(KeyError):
        scored(world, hall="h9")
    with pytest.raises(ValueError, match="YYYY-MM"):
        scored(world, "2026-3")


@pytest.mark.sqlite_only
def test_every_source_of_the_vocabulary_is_loaded_somewhere() -> None:
    folder = Path(__file__).resolve().parents[2] / "monitor" / "store" / "facts"
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("scoring*.py")))
    assert [name for name in SOURCES if f'"{name}"' not in text and name != "award.window"] == []
