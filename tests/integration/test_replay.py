"""A period judged again under another policy, beside what was issued.

Cases are accepted Monday 2026-03-02 10:00 with 5 working days (03-09 17:30): 37.5 working hours, of which 90 % have
gone by at 03-09 11:15.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from monitor.settings import Policy, load_policy
from monitor.store.engine import Store
from monitor.store.facts.cases import CASE, SUBJECT
from monitor.store.schema import metadata
from monitor.supervision.commands import transition
from monitor.supervision.compare import Period
from monitor.supervision.whatif import Replay
from monitor.supervision.whatif_view import replay_json
from tests import forked
from tests.halls import Commands, at, hall, told
from tests.world import World

pytestmark = pytest.mark.scenarios

REGISTRY = hall(
    3,
    attendance="",
    windows=[{"id": "w1", "unit": "u1"}, {"id": "w2", "unit": "u1"}],
    devices=[
        {"id": "c1", "kind": "cases", "hall": "h1"},
        {"id": "e1", "kind": "evaluator", "hall": "h1", "window": "w1"},
    ],
)
MARCH = ("03-01 00:00", "04-01 00:00")


def world_of(store: Store, folder: Path, policy: str = "default", **registry: Any) -> World:
    return World(store, folder, {**REGISTRY, **registry}, policy=load_policy(policy))


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    return world_of(store, tmp_path)


def says(world: World, event: str, when: str, *, case: str = "A1", **body: Any) -> None:
    world.event("c1", "case", when, case=case, event=event, **body)


def accepted(world: World, when: str = "10:00", case: str = "A1", **body: Any) -> None:
    says(world, "accepted", when, case=case, **{"item": "i1", "window": "w1", "staff": "s01"} | body)


def done(world: World, when: str, case: str = "A1") -> None:
    says(world, "completed", when, case=case, result="granted")
    says(world, "delivered", when, case=case)


def judged(world: World, *times: str) -> None:
    """Heard and judged at each of the times."""
    for when in times:
        world.beat("c1", when)
        world.judge(when)


def act(world: World, event: str, when: str, rule: str = "case.limit") -> None:
    """On the card of the first case by name: in which order cases that are due at once are judged, nothing says."""
    number = min(world.cards(rule), key=lambda card: (card["subject"]["id"], card["number"]))["number"]
    world.store.step(lambda conn: transition(conn, number, event, actor="op", why="已处理", now=at(when)))


def replayed(world: World, policy: Policy | str, span: tuple[str, str] = MARCH, **only: str) -> dict[str, Any]:
    other = load_policy(policy) if isinstance(policy, str) else policy
    period = Period(start=at(span[0]), end=min(at(span[1]), world.clock.now()))
    with world.store.read() as conn:
        found = Replay(judge=world.judging, other=other, period=period, **only).run(conn, world.clock.now())
        return replay_json(found, period, world.program.zones(conn))


def changed(result: dict[str, Any]) -> list[str]:
    """The list in short: change, rule, subject, issued -> replayed, cause, assumed."""
    return [
        " ".join(
            [
                one["change"],
                one["rule"],
                f"{one['subject']['kind']}:{one['subject']['id']}",
                _side(one["issued"]),
                "->",
                _side(one["replayed"]),
                one["cause"],
                *(["assumed"] if one["assumed"] else []),
            ]
        )
        for one in result["differences"]
    ]


def _side(side: dict[str, Any] | None) -> str:
    return f"{side['level']} {told(side['since'])}" if side else "-"


def numbers(result: dict[str, Any]) -> dict[str, int]:
    return {k: v for k, v in result["totals"].items() if k != "levels" and v}


def timeliness(**values: Any) -> Policy:
    return Policy.model_validate({"name": "other", "timeliness": values})


# --------------------------------------------------------------------------- the same policy


@pytest.mark.both_databases
def test_a_policy_replayed_against_itself_finds_what_was_issued(world: World) -> None:
    """Reminder, yellow, an order answered and one not, a withdrawal by the system, a late completion."""
    for case in ("A1", "A2", "A3", "A4"):
        accepted(world, case=case)
    judged(world, "03-06 17:31", "03-09 17:31")
    act(world, "answered", "03-11 10:00")
    world.event("c1", "case", "03-09 16:00", received="03-10 09:00", case="A3", event="completed", result="granted")
    done(world, "03-10 11:00", case="A4")
    judged(world, "03-10 12:00", "03-11 17:31", "03-12 17:31", "03-13 10:00")
    result = replayed(world, "default")
    assert changed(result) == []
    assert numbers(result) == {"issued": 4, "replayed": 4, "same": 4}  # A1, A2, A4 and the order of A1 or A2
    assert result["totals"]["levels"]["issued"] == result["totals"]["levels"]["replayed"]
    assert result["judged"]["case"] == 4
    assert result["failed"] == []


# --------------------------------------------------------------------------- another ladder


def test_yulin_sees_the_case_that_was_done_in_the_last_hours(world: World) -> None:
    accepted(world)
    done(world, "03-09 17:00")
    judged(world, "03-09 17:31")
    result = replayed(world, "yulin")
    assert changed(result) == ["more case.limit case:c1/A1 - -> yellow 03-09 11:15 policy"]
    assert result["by"] == [
        {"rule": "case.limit", "hall": "h1", "unit": "u1", "window": "w1", "issued": 0, "replayed": 1, "same": 0,
         "more": 1, "fewer": 0, "moved": 0, "moved_in": 0, "moved_out": 0,
         "levels": {"issued": {"reminder": 0, "yellow": 0, "red": 0},
                    "replayed": {"reminder": 0, "yellow": 1, "red": 0}}}
    ]  # fmt: skip


def test_an_overdue_case_is_yellow_by_default_and_red_in_yulin(world: World) -> None:
    accepted(world)
    judged(world, "03-09 17:31")
    result = replayed(world, "yulin")
    assert changed(result) == ["moved case.limit case:c1/A1 yellow 03-09 17:30 -> red 03-09 17:30 policy"]
    assert numbers(result) == {"issued": 1, "replayed": 1, "moved": 1}


def test_a_laxer_ladder_has_fewer_cards(world: World) -> None:
    accepted(world)
    done(world, "03-10 11:00")
    judged(world, "03-10 12:00")
    assert changed(replayed(world, "centit")) == ["fewer case.limit case:c1/A1 yellow 03-09 17:30 -> - policy"]


@pytest.mark.both_databases
def test_a_card_across_the_edge_of_the_period_is_moved_in(world: World) -> None:
    """Yellow on the 9th, red on the 12th by the unanswered order; in centit yellow on the 31st, a day over the law."""
    accepted(world)
    judged(world, "03-09 17:31", "03-12 17:31", "03-31 17:31")
    result = replayed(world, "centit", ("03-31 00:00", "04-01 00:00"))
    assert changed(result) == ["moved case.limit case:c1/A1 red 03-12 17:30 -> yellow 03-31 17:30 policy"]
    assert numbers(result) == {"replayed": 1, "moved": 1, "moved_in": 1}


def test_at_the_end_of_the_period_the_card_stood_lower_than_it_does_now(world: World) -> None:
    accepted(world)
    judged(world, "03-09 17:31", "03-12 17:31")
    by = ("03-09 00:00", "03-12 00:00")
    assert numbers(replayed(world, "default", by, rule="case.limit")) == {"issued": 1, "replayed": 1, "same": 1}
    assert changed(replayed(world, "centit", by, rule="case.limit")) == [
        "fewer case.limit case:c1/A1 yellow 03-09 17:30 -> - policy"
    ]


# --------------------------------------------------------------------------- orders that never were


def test_a_yellow_that_never_was_opens_its_order_at_its_own_instant(store: Store, tmp_path: Path) -> None:
    """Under yulin there were no orders; by default the reply would have been due on the 12th."""
    world = world_of(store, tmp_path, "yulin")
    accepted(world)
    judged(world, "03-09 11:16", "03-09 17:31", "03-12 17:31", "03-13 10:00")
    assert changed(replayed(world, "default")) == [
        "moved case.limit case:c1/A1 red 03-09 17:30 -> red 03-12 17:30 policy assumed",
        "more order.reply order:c1/A1 - -> reminder 03-11 17:30 policy",
    ]
    assert changed(replayed(world, "default", ("03-01 00:00", "03-12 00:00")))[0] == (
        "moved case.limit case:c1/A1 red 03-09 17:30 -> yellow 03-09 17:30 policy"
    )


def test_the_end_of_the_case_answers_the_order_that_never_was(store: Store, tmp_path: Path) -> None:
    world = world_of(store, tmp_path, "yulin")
    accepted(world)
    done(world, "03-12 17:30")
    judged(world, "03-13 10:00")
    assert changed(replayed(world, "default")) == [
        "moved case.limit case:c1/A1 red 03-09 17:30 -> yellow 03-09 17:30 policy"
    ]


@pytest.mark.both_databases
def test_an_answer_that_was_given_counts_as_the_other_policy_counts_it(world: World) -> None:
    """Answered within three days: in zhanjiang a reply alone does not help; with one day to reply it came too late."""
    accepted(world)
    judged(world, "03-09 17:31")
    act(world, "answered", "03-11 10:00")
    judged(world, "03-13 10:00")
    assert changed(replayed(world, "default")) == []
    assert changed(replayed(world, "zhanjiang")) == [
        "moved case.limit case:c1/A1 yellow 03-09 17:30 -> red 03-12 17:30 policy"
    ]
    assert changed(replayed(world, timeliness(order_reply_days=1))) == [
        "moved case.limit case:c1/A1 yellow 03-09 17:30 -> red 03-10 17:30 policy"
    ]


def test_an_answer_to_an_order_that_opens_elsewhere_still_counts_after_its_opening(world: World) -> None:
    """The other ladder is yellow a working day earlier; the answer of the 11th is before its deadline, 03-11 17:30."""
    ladder = [
        {"level": "yellow", "limit": "promised", "days_before": 1},
        {"level": "red", "limit": "statutory"},
        {"level": "red", "limit": "order"},
    ]
    accepted(world)
    judged(world, "03-09 17:31")
    act(world, "answered", "03-11 10:00")
    judged(world, "03-13 10:00")
    assert changed(replayed(world, timeliness(limit_ladder=ladder))) == [
        "moved case.limit case:c1/A1 yellow 03-09 17:30 -> yellow 03-06 17:30 policy"
    ]


# --------------------------------------------------------------------------- what people and late facts did


def test_what_a_person_withdrew_is_neither_issued_nor_replayed(world: World) -> None:
    accepted(world)
    judged(world, "03-09 17:31")
    act(world, "withdrawn", "03-10 09:00")
    judged(world, "03-13 10:00")
    assert numbers(replayed(world, "default")) == {}
    assert numbers(replayed(world, "yulin")) == {}


def test_a_card_issued_under_an_earlier_policy_differs_by_the_record(world: World) -> None:
    """Issued by default, then the hall went over to yulin: yulin replayed is the present policy's own word."""
    accepted(world)
    done(world, "03-10 11:00")
    judged(world, "03-10 12:00")
    world.judging = world.program.judge()
    object.__setattr__(world.judging, "policy", load_policy("yulin"))
    assert changed(replayed(world, "yulin")) == [
        "moved case.limit case:c1/A1 yellow 03-09 17:30 -> red 03-09 17:30 record"
    ]


def test_historic_cards_count_and_have_no_orders(world: World) -> None:
    accepted(world)
    with world.store.write() as conn:
        conn.execute(SUBJECT.update().values(historic=True))
    judged(world, "03-13 10:00")
    (one,) = replayed(world, "zhanjiang")["differences"] or replayed(world, "yulin")["differences"]
    assert one["issued"]["historic"] is True
    assert _side(one["replayed"]) == "red 03-09 17:30"


# --------------------------------------------------------------------------- other subjects


def test_a_source_that_counts_as_complete_makes_its_cases_known(world: World) -> None:
    """Nothing completed over five working days: the case due on the 10th is unknown, unless sixty are wanted."""
    accepted(world, "03-02 10:00", case="A1", item="i1")
    accepted(world, "03-03 10:00", case="A2", item="i1")
    accepted(world, "03-06 10:00", case="A3", item="i1")
    judged(world, "03-09 17:31", "03-10 17:31")
    assert world.verdict("case:c1/A2") == "unknown"
    assert changed(replayed(world, timeliness(incomplete_after_days=60))) == [
        "moved case.limit case:c1/A2 reminder 03-09 17:30 -> yellow 03-10 17:30 policy",
        "fewer feed.incomplete source:c1 reminder 03-09 17:30 -> - policy",
    ]


def test_a_longer_tolerance_of_lateness(store: Store, tmp_path: Path) -> None:
    world = world_of(store, tmp_path, halls=[{"id": "h1", "name": "政务中心", "attendance": "tongshan"}],
                     devices=[{"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"]}])  # fmt: skip
    world.event("t1", "checkin", "08:50", staff="s01", method="face")
    world.beat("t1", "12:05")
    world.judge("12:05")
    other = Policy.model_validate({"name": "other", "checkin": {"yellow_after_minutes": 30}})
    result = replayed(world, other, rule="checkin.slot")
    assert "fewer checkin.slot slot:s01/2026-03-02/am_in yellow 08:45 -> - policy" in changed(result)
    assert result["judged"].keys() == {"slot"}


def test_a_stricter_scale_of_ratings_supposes_that_nobody_followed_up(world: World) -> None:
    world.event("e1", "rating", "10:00", score=3, window="w1", staff="s01")
    world.event("e1", "rating", "10:05", score=2, window="w1", staff="s01")
    judged(world, "03-03 10:00")
    act(world, "closed", "03-04 10:00", "rating.bad")
    judged(world, "03-10 10:00")
    other = Policy.model_validate({"name": "other", "rating": {"bad_at_most": 3}})
    assert [line.split(" ", 2)[2].split(" ", 1)[1] for line in changed(replayed(world, other))] == [
        "- -> red 03-09 17:30 policy assumed"
    ]


# --------------------------------------------------------------------------- what is asked for


@pytest.mark.both_databases
def test_only_one_hall_or_rule(store: Store, tmp_path: Path) -> None:
    two = {"halls": [{"id": "h1", "name": "一"}, {"id": "h2", "name": "二"}],
           "windows": [{"id": "w1", "unit": "u1"}, {"id": "w3", "hall": "h2", "name": "二厅窗口"}]}  # fmt: skip
    world = world_of(store, tmp_path, **two)
    accepted(world, case="A1")
    accepted(world, case="B1", window="w3", staff=None)
    judged(world, "03-09 17:31")
    assert [one.split(" ")[2] for one in changed(replayed(world, "yulin"))] == ["case:c1/A1", "case:c1/B1"]
    assert [one.split(" ")[2] for one in changed(replayed(world, "yulin", hall="h2"))] == ["case:c1/B1"]
    assert changed(replayed(world, "yulin", rule="case.immediate")) == []


def test_a_case_that_cannot_be_read_is_named_and_the_others_go_on(world: World) -> None:
    for case in ("A1", "A2", "A3"):
        accepted(world, case=case)
    judged(world, "03-09 17:31")
    with world.store.write() as conn:
        conn.execute(CASE.update().where(CASE.c.case_key == "c1/A2").values(body={"due": "soon"}))
    result = replayed(world, "yulin")
    assert [one["subject"]["id"] for one in result["failed"]] == ["c1/A2"]
    assert [one["subject"]["id"] for one in result["differences"]] == ["c1/A1", "c1/A3"]


@pytest.mark.both_databases
def test_it_writes_nothing(world: World) -> None:
    accepted(world)
    judged(world, "03-09 17:31", "03-13 10:00")

    def everything() -> dict[str, list[Any]]:
        with world.store.read() as conn:
            return {t.name: [tuple(r) for r in conn.execute(select(t))] for t in metadata.sorted_tables}

    before = everything()
    assert replayed(world, "yulin")["differences"]
    assert everything() == before


# --------------------------------------------------------------------------- the command


@pytest.fixture
def jiancha(tmp_path: Path) -> Commands:
    commands = Commands(tmp_path, clock="2026-03-10 12:00")
    commands.set_up(REGISTRY)
    return commands


def refused(jiancha: Commands, *words: str) -> str:
    done = forked.run(["replay", *words], env=jiancha.environment(), cwd=jiancha.folder)
    assert done.returncode == 2, (done.stdout, done.stderr)
    return done.stderr


DAYS = ("--from", "2026-03-01", "--to", "2026-03-31")


@pytest.mark.sqlite_only
def test_bad_input_is_named(jiancha: Commands) -> None:
    (jiancha.folder / "bad.toml").write_text("[timeliness]\nnotice_day = 3\n", encoding="utf-8")
    (jiancha.folder / "worse.toml").write_text("[timeliness]\nnotice_days = 'x'\n", encoding="utf-8")
    assert "bad.toml: timeliness.notice_day: 未知的键 unknown key" in refused(jiancha, "--policy", "bad.toml", *DAYS)
    assert "timeliness.notice_days" in refused(jiancha, "--policy", "worse.toml", *DAYS)
    assert "no preset (centit, chengdu-2010" in refused(jiancha, "--policy", "none", *DAYS)
    assert "--rule: device.silent" in refused(jiancha, "--policy", "yulin", *DAYS, "--rule", "device.silent")
    assert "--rule" in refused(jiancha, "--policy", "yulin", *DAYS, "--rule", "case.speed")
    assert "--hall: 'h9'" in refused(jiancha, "--policy", "yulin", *DAYS, "--hall", "h9")
    assert "--from: 2026-03-11" in refused(jiancha, "--policy", "yulin", "--from", "2026-03-11", "--to", "2026-03-12")
    assert "--to" in refused(jiancha, "--policy", "yulin", "--from", "2026-03-05", "--to", "2026-03-04")
    assert "--from" in refused(jiancha, "--policy", "yulin", "--from", "soon", "--to", "2026-03-04")


@pytest.mark.sqlite_only
def test_the_command_cuts_the_period_at_the_clock_and_says_what_it_leaves_out(jiancha: Commands) -> None:
    result = jiancha.json("replay", "--policy", "yulin", *DAYS)
    assert result["from"] == "2026-02-28T16:00:00+00:00"
    assert result["to"].startswith("2026-03-10T04:00")
    assert result["policy"].startswith("yulin@")
    assert result["not_replayed"] == ["device.silent", "device.skew", "feed.backlog", "unknown.stale"]
    text = jiancha.run("replay", "--policy", "yulin", *DAYS)
    assert text.splitlines()[4].startswith("已发 issued | 重判 replayed")
    assert "合计 total" in text
