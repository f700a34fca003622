"""Cards worked to their end on a real store: orders, appeals, follow-ups, attribution, cards by hand, files, people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from monitor.access import Principal
from monitor.model import Level, SubjectRef
from monitor.store import attachments
from monitor.store.audit import AUDIT, PRIVATE
from monitor.store.engine import Store
from monitor.store.gauges import read_gauges
from monitor.store.subjects import held
from monitor.supervision.cardfile import card_work
from monitor.supervision.commands import attribute, local, transition
from monitor.supervision.files import checked
from monitor.supervision.handcards import issue_by_hand
from monitor.supervision.people import Person, disable, principal_of, save_person
from monitor.supervision.refused import Refused
from tests.halls import at, hall
from tests.world import World

pytestmark = pytest.mark.both_databases

HEAD = Principal(id="head", role="supervision_head", halls=frozenset({"h1"}))
UNIT = Principal(id="boss", role="unit_head", units=frozenset({"u1"}))
EVALUATOR = {"id": "ev1", "kind": "evaluator", "window": "w1"}
CASES = {"id": "c1", "kind": "cases", "hall": "h1"}


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    return World(store, tmp_path, hall(3, attendance="", devices=[EVALUATOR, CASES]))


def step(world: World, number: int, event: str, when: str, *, who: Principal | str = "op", **more: Any) -> Any:
    files = more.pop("files", ())
    return world.store.step(
        lambda conn: transition(
            conn, number, event, actor=who, why="已处理", now=at(when), given=more, files=checked(files)
        )
    )


def by_hand(world: World, when: str = "10:00", **more: Any) -> int:
    given = {"rule": "E06", "level": Level.YELLOW, "window": "w1", "staff": "s01", "actor": HEAD} | more
    world.clock.set(at(when))
    return world.store.step(
        lambda conn: issue_by_hand(
            conn, world.program.registry.get(conn), policy_version="t", why="巡查所见", now=at(when), **given
        )
    )


def worked(world: World, number: int, who: Principal | None = None) -> dict[str, Any]:
    with world.store.read() as conn:
        found = card_work(conn, number, world.program.zones(conn), who or local("cli:x"))
    assert found is not None
    return found


def rated(world: World) -> int:
    world.event("ev1", "rating", "09:15", score=1, id="r1", staff="s01")
    world.judge("09:15")
    return int(world.cards("rating.bad")[0]["number"])


# --------------------------------------------------------------------------- the life of a card


def test_every_step_says_who_when_from_where_and_why(world: World) -> None:
    number = rated(world)
    step(world, number, "acknowledged", "09:30", who=UNIT, promised_at=at("12:00"))
    step(world, number, "answered", "11:00", who=UNIT, files=[("说明.txt", "已补办".encode())])
    step(world, number, "sent_back", "11:30", who=HEAD)
    step(world, number, "answered", "12:00", who=UNIT)
    step(world, number, "closed", "14:30", who=HEAD, result="rectified")
    card = worked(world, number)
    assert [(s["event"], s["actor"], s["from"], s["to"]) for s in card["steps"]] == [
        ("issued", "system", None, None),
        ("acknowledged", "boss", "open", "acknowledged"),
        ("answered", "boss", "acknowledged", "answered"),
        ("sent_back", "head", "answered", "acknowledged"),
        ("answered", "boss", "acknowledged", "answered"),
        ("closed", "head", "answered", "closed"),
    ]
    assert card["promised_at"] == "2026-03-02T12:00:00+08:00"
    assert card["steps"][-1]["body"] == {"result": "rectified"}
    assert card["possible"] == ["appealed", "withdrawn"]
    (file,) = card["files"]
    assert (file["name"], file["media_type"], file["sequence"]) == ("说明.txt", "text/plain", 3)
    with world.store.read() as conn:
        kept = attachments.content(conn, number, file["id"])
        rows = conn.execute(select(AUDIT).where(AUDIT.c.object_kind == "card").order_by(AUDIT.c.id)).all()
        whys = conn.execute(select(PRIVATE.c.value).where(PRIVATE.c.audit.in_([r.id for r in rows]))).scalars().all()
    assert kept is not None
    assert kept.content.decode() == "已补办"
    assert [(r.action, r.actor, r.body["role"]) for r in rows] == [
        ("card.acknowledged", "boss", "unit_head"),
        ("card.answered", "boss", "unit_head"),
        ("card.sent_back", "head", "supervision_head"),
        ("card.answered", "boss", "unit_head"),
        ("card.closed", "head", "supervision_head"),
    ]
    assert rows[1].body["files"] == [file["digest"]]
    assert whys == ["已处理"] * 5
    assert "已处理" not in str([r.body for r in rows])


def test_a_refused_step_writes_nothing(world: World) -> None:
    number = rated(world)
    with pytest.raises(Refused, match=r"单位负责人无权办结牌.*may not close cards"):
        step(world, number, "closed", "09:30", who=UNIT)
    with pytest.raises(Refused, match=r"只能由已回复办理“退回重报”.*is open: it can be sent back only from answered"):
        step(world, number, "sent_back", "09:30", who=HEAD)
    assert [s["event"] for s in worked(world, number)["steps"]] == ["issued"]
    with world.store.read() as conn:
        assert conn.execute(select(AUDIT.c.id).where(AUDIT.c.object_kind == "card")).first() is None


# --------------------------------------------------------------------------- supervision orders


def test_an_order_that_is_not_answered_in_time_upgrades(world: World) -> None:
    number = by_hand(world)
    step(world, number, "ordered", "10:05", who=HEAD, kind="on_site", due=at("03-04 17:30"))
    world.judge("03-03 17:31")
    assert world.card_lines("order.reply") == [order("reminder", "03-03 17:30")]
    world.judge("03-04 17:31")
    assert world.card_lines("order.reply") == [order("yellow", "03-04 17:30")]
    world.judge("03-09 17:31")
    assert world.card_lines("order.reply") == [order("red", "03-09 17:30")]
    step(world, number, "answered", "03-10 09:00", who=UNIT)
    world.judge("03-10 09:00")
    assert world.card_lines("order.reply") == [order("red", "03-09 17:30", cleared="03-10 09:00")]


def test_an_order_without_a_deadline_has_the_policys_and_an_answer_in_time_is_all_it_asks(world: World) -> None:
    number = by_hand(world)
    step(world, number, "ordered", "10:05", who=HEAD, kind="meeting")
    world.judge("03-05 09:00")
    assert world.card_lines("order.reply") == [order("reminder", "03-04 17:30")]
    step(world, number, "answered", "03-05 10:00", who=UNIT)
    world.judge("03-05 17:31")
    assert world.card_lines("order.reply") == [order("reminder", "03-04 17:30", cleared="03-05 10:00", state="closed")]
    step(world, number, "ordered", "03-06 09:00", who=HEAD, kind="instruction", due=at("03-06 12:00"))
    world.judge("03-06 12:01")
    assert len(world.card_lines("order.reply")) == 2, "a second order is an episode of its own"


def order(level: str, since: str, *, cleared: str = "-", state: str = "open") -> str:
    return f"order.reply {level} order:s01 since {since} by s01 cleared {cleared} {state}"


def test_the_order_of_an_overdue_case_and_a_persons_stand_beside_each_other(world: World) -> None:
    world.event("c1", "case", "10:00", case="1", event="accepted", item="i1", window="w1", staff="s01")
    world.beat("c1", "03-09 17:31")
    world.judge("03-09 17:31")
    number = world.cards("case.limit")[0]["number"]
    assert world.cards("case.limit")[0]["level"] == "yellow"
    step(world, number, "ordered", "03-10 09:00", who=HEAD, kind="on_site", due=at("03-10 17:30"))
    world.beat("c1", "03-12 09:00")
    world.judge("03-12 09:00")
    levels = [line.split()[1] for line in world.card_lines("order.reply")]
    assert sorted(levels) == ["reminder", "yellow"]
    assert world.cards("case.limit")[0]["level"] == "yellow", "its own order is due on 03-12 17:30"


# --------------------------------------------------------------------------- promised times


def promise_lines(world: World) -> list[str]:
    return world.card_lines("order.promise")


def reminded(since: str, cleared: str = "-", state: str = "open") -> str:
    return f"order.promise reminder order:s01 since {since} by - cleared {cleared} {state}"


def test_a_promise_that_is_not_kept_is_told_once_and_ends_with_the_answer(world: World) -> None:
    number = by_hand(world)
    step(world, number, "acknowledged", "10:05", who=UNIT, promised_at=at("15:00"))
    world.judge("14:59")
    assert promise_lines(world) == []
    world.judge("15:00")
    assert promise_lines(world) == [reminded("15:00")]
    world.judge("03-20 17:00")
    assert promise_lines(world) == [reminded("15:00")]
    (told,) = world.cards("order.promise")
    assert [h["event"] for h in told["history"]] == ["issued"]
    step(world, number, "answered", "03-20 17:10", who=UNIT)
    world.judge("03-20 17:11")
    assert promise_lines(world) == [reminded("15:00", "03-20 17:10", "closed")]


@pytest.mark.parametrize("kept_by", ["answered", "closed", "withdrawn"])
def test_a_promise_that_was_kept_is_not_told(world: World, kept_by: str) -> None:
    number = by_hand(world, actor=Principal(id="second", role="supervision_head", halls=frozenset({"h1"})))
    step(world, number, "acknowledged", "10:05", who=UNIT, promised_at=at("15:00"))
    step(world, number, kept_by, "14:00", who=UNIT if kept_by == "answered" else HEAD)
    world.judge("15:30")
    assert promise_lines(world) == []


def test_a_promise_on_a_device_ends_when_it_is_heard_again(world: World) -> None:
    world.beat("ev1", "08:30")
    world.judge("09:30")
    silent = next(c["number"] for c in world.cards("device.silent") if c["subject"]["id"] == "ev1")
    step(world, silent, "acknowledged", "09:31", who=HEAD, promised_at=at("10:00"))
    world.judge("10:00")
    assert len(promise_lines(world)) == 1
    world.beat("ev1", "10:20")
    world.judge("10:21")
    assert worked(world, silent)["state"] == "closed"
    assert [line.split()[-1] for line in promise_lines(world)] == ["closed"]


# --------------------------------------------------------------------------- appeals, attribution, ratings


def test_an_appeal_is_decided_by_somebody_else_and_granted_takes_the_card_back_for_good(world: World) -> None:
    number = rated(world)
    step(world, number, "appealed", "09:30", who=UNIT, files=[("证明.pdf", b"%PDF-1.7 x")])
    with pytest.raises(Refused, match="申诉待复核"):
        step(world, number, "closed", "09:40", who=HEAD)
    step(world, number, "withdrawn", "10:00", who=HEAD, appeal="granted")
    card = worked(world, number)
    assert (card["state"], card["appeal"], card["appellant"]) == ("withdrawn", "granted", "boss")
    world.judge("03-20 09:00")
    assert worked(world, number)["state"] == "withdrawn"
    issued = by_hand(world, "03-20 10:00")
    step(world, issued, "appealed", "10:30", who=UNIT)
    with pytest.raises(Refused, match="应由他人复核"):
        step(world, issued, "upheld", "10:40", who=HEAD)
    other = Principal(id="second", role="supervision_head", halls=frozenset({"h1"}))
    step(world, issued, "upheld", "10:50", who=other)
    assert (worked(world, issued)["state"], worked(world, issued)["appeal"]) == ("open", "upheld")


def test_what_a_person_confirmed_the_judge_leaves_alone(world: World) -> None:
    number = rated(world)
    world.store.step(
        lambda conn: attribute(
            conn, number, world.program.registry.get(conn), unit="u1", window=None, staff=None, actor=HEAD,
            why="来函同意，未派人代岗 (B05)", now=at("10:00"),
        )
    )  # fmt: skip
    world.judge("03-09 17:31")
    (card,) = world.cards("rating.bad")
    assert (card["level"], card["unit"], card["window"], card["staff"]) == ("red", "u1", None, None)
    with pytest.raises(Refused, match="--unit: 'u9'"):
        world.store.step(
            lambda conn: attribute(
                conn, number, world.program.registry.get(conn), unit="u9", window=None, staff=None, actor=HEAD,
                why="x", now=at("10:00"),
            )
        )  # fmt: skip
    with pytest.raises(Refused, match="--staff: 's99'"):
        world.store.step(
            lambda conn: attribute(
                conn, number, world.program.registry.get(conn), unit=None, window=None, staff="s99", actor=HEAD,
                why="x", now=at("10:00"),
            )
        )  # fmt: skip


def test_a_bad_rating_is_verified_rectified_called_back_and_closed(world: World) -> None:
    number = rated(world)
    step(world, number, "verified", "10:00", who=HEAD, finding="founded")
    with pytest.raises(Refused, match="属实，待整改"):
        step(world, number, "closed", "10:30", who=HEAD)
    step(world, number, "rectified", "11:00", who=UNIT)
    step(world, number, "called_back", "14:30", who=HEAD, satisfied="no")
    step(world, number, "rectified", "15:00", who=UNIT)
    step(world, number, "called_back", "15:30", who=HEAD, satisfied="yes")
    step(world, number, "closed", "16:00", who=HEAD, result="rectified")
    world.judge("03-09 17:31")
    assert (worked(world, number)["state"], world.cards("rating.bad")[0]["level"]) == ("closed", "yellow")


@pytest.mark.parametrize("finding", ["misjudged", "malicious"])
def test_a_rating_that_was_not_just_is_set_aside_and_no_longer_counts(world: World, finding: str) -> None:
    number = rated(world)
    world.event("ev1", "rating", "09:20", score=5, id="r2")
    assert satisfaction(world) == {"h1": 0.5}
    step(world, number, "verified", "10:00", who=HEAD, finding=finding)
    world.judge("03-09 17:31")
    assert worked(world, number)["state"] == "withdrawn"
    assert satisfaction(world) == {"h1": 1.0}


def satisfaction(world: World) -> dict[str, float]:
    with world.store.read() as conn:
        found = read_gauges(conn, now=world.clock.now(), real_now=world.clock.now(), bad_at_most=2)
    return dict(found.satisfaction)


# --------------------------------------------------------------------------- cards by hand


def test_a_card_by_hand_names_its_rule_and_stands_on_what_it_is_about(world: World) -> None:
    rated(world)
    first, second = by_hand(world), by_hand(world, "11:00")
    card = worked(world, first)
    assert (card["rule"], card["basis"], card["issuer"]) == ("manual.E06", "E06 001.2 §14(2)(5)", "head")
    assert (card["subject"], card["hall"], card["unit"], card["window"], card["staff"]) == (
        {"kind": "staff", "id": "s01"}, "h1", "u1", "w1", "s01",
    )  # fmt: skip
    about = by_hand(world, "11:30", rule="D08", subject=SubjectRef(kind="rating", key="ev1/r1"))
    assert [c["episode"] for c in world.cards("manual.E06")] == ["1", "2"]
    assert worked(world, about)["subject"] == {"kind": "rating", "id": "ev1/r1"}
    for number in (first, second, about):
        step(world, number, "answered", "14:30", who=UNIT)
    assert world.judge("14:31").judged >= 2
    assert [c["state"] for c in world.cards("manual.E06")] == ["answered", "answered"]
    assert world.verdict("staff:s01") == "closed"


@pytest.mark.parametrize(
    ("says", "given", "refused"),
    [
        ("a rule that there is not", {"rule": "Z99"}, "--rule: 'Z99'"),
        ("a window that there is not", {"window": "w9"}, "--window: 'w9'"),
        ("nobody and nowhere", {"window": None, "staff": None}, "name a hall, a unit"),
        ("about what there is not", {"subject": SubjectRef(kind="case", key="c1/9")}, "case:c1/9"),
        ("by whom it is not for", {"actor": UNIT}, "单位负责人无权人工发牌"),
        (
            "in another hall",
            {"actor": Principal(id="x", role="duty_supervisor", halls=frozenset({"h2"}))},
            "未登记",  # what lies beyond reach is told like what there is not
        ),
    ],
)
def test_a_card_by_hand_is_refused(world: World, says: str, given: dict[str, Any], refused: str) -> None:
    with pytest.raises(Refused, match=refused):
        by_hand(world, **given)
    assert world.cards() == []


def test_a_card_by_hand_lies_in_the_hall_of_what_it_is_about(world: World) -> None:
    rated(world)
    about = SubjectRef(kind="rating", key="ev1/r1")
    number = by_hand(world, subject=about, window=None, staff=None)
    assert (worked(world, number)["hall"], worked(world, number)["staff"]) == ("h1", None)
    elsewhere = SubjectRef(kind="case", key="c9/1")
    world.store.step(lambda conn: held(conn, elsewhere, "h2", make=True))
    with pytest.raises(Refused, match="没有这个对象"):  # beyond reach: told like what there is not
        by_hand(world, "10:05", subject=elsewhere)
    both = Principal(id="chief", role="supervision_head", halls=frozenset({"h1", "h2"}))
    with pytest.raises(Refused, match="lies in the hall h2"):
        by_hand(world, "10:05", subject=elsewhere, actor=both)


# --------------------------------------------------------------------------- files and people


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.pdf", b"", "是空文件"),
        ("a.pdf", b"MZ\x90\x00", "不是可收的类型"),
        ("a.txt", b"<script>alert(1)</script>", "不是可收的类型"),
        ("a.docx", b"PK\x03\x04 broken", "不是可收的类型"),
        ("../..", b"%PDF-1.4", "没有文件名"),
        ("big.png", b"\x89PNG\r\n\x1a\n" + bytes(10 * 1024 * 1024), "超过"),
    ],
)
def test_a_file_is_taken_by_its_content(name: str, content: bytes, said: str) -> None:
    with pytest.raises(Refused, match=said):
        checked([(name, content)])


def test_a_files_name_brings_no_path() -> None:
    assert [f.name for f in checked([("C:\\Users\\x\\说明.pdf", b"%PDF-1.4"), ("/etc/a.pdf", b"%PDF-1.4")])] == [
        "说明.pdf", "a.pdf",
    ]  # fmt: skip


def test_people_act_in_their_role_until_they_are_out_of_service(world: World) -> None:
    def save(**more: Any) -> bool:
        return world.store.step(
            lambda conn: save_person(
                conn, world.program.registry.get(conn), Person(**more), actor="cli:root", now=at("08:00")
            )
        )

    assert save(id="boss", role="unit_head", units=["u1"], name="员工甲") is True
    assert save(id="boss", role="unit_head", units=["u1"], name="员工乙") is False
    with world.store.read() as conn:
        assert principal_of(conn, "boss") == Principal(id="boss", role="unit_head", units=frozenset({"u1"}))
        rows = conn.execute(select(AUDIT).where(AUDIT.c.object_kind == "user").order_by(AUDIT.c.id)).all()
    assert [r.action for r in rows] == ["user.added", "user.changed"]
    assert "员工" not in str([r.body for r in rows])
    world.store.step(lambda conn: disable(conn, "boss", actor="cli:root", why="调离", now=at("09:00")))
    with world.store.read() as conn, pytest.raises(Refused, match="不是在用账户"):
        principal_of(conn, "boss")


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"id": "Boss", "role": "auditor"}, "lower-case"),
        ({"id": "x", "role": "king"}, "--role: 'king'"),
        ({"id": "x", "role": "operator"}, "--role: 'operator'"),
        ({"id": "x", "role": "unit_head"}, "--units"),
        ({"id": "x", "role": "staff"}, "--staff"),
        ({"id": "x", "role": "unit_head", "units": ["u9"]}, "--unit: 'u9'"),
    ],
)
def test_a_person_is_refused(world: World, given: dict[str, Any], refused: str) -> None:
    with pytest.raises(Refused, match=refused):
        world.store.step(
            lambda conn: save_person(
                conn, world.program.registry.get(conn), Person(**given), actor="x", now=at("08:00")
            )
        )


def test_only_an_administrator_changes_people(world: World) -> None:
    with pytest.raises(Refused, match="监察负责人无权管理人员与令牌"):
        world.store.step(
            lambda conn: save_person(
                conn, world.program.registry.get(conn), Person(id="x", role="auditor"), actor=HEAD, now=at("08:00")
            )
        )
