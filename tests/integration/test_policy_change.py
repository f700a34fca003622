"""The policy changed in the store: what holds, what cards follow, what is refused (docs/adr/0044)."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from monitor.access import Principal
from monitor.settings import FeedSettings, Policy, load
from monitor.store import policies
from monitor.store.audit import AUDIT
from monitor.store.engine import Store
from monitor.supervision.policies import (
    InForce,
    Policies,
    change,
    find_version,
    list_versions,
    look_again,
    named,
    read_in_force,
    record_start,
)
from monitor.supervision.policykeys import BadPolicy, as_text, changed, differences, every_key, loose, values_of
from monitor.supervision.refused import Refused
from tests.halls import Commands, hall
from tests.world import World

ADMIN = Principal(id="root", role="administrator")
HALL = hall(
    3,
    attendance="",
    devices=[
        {"id": "e1", "kind": "evaluator", "hall": "h1", "window": "w1"},
        {"id": "c1", "kind": "cases", "hall": "h1"},
    ],
)


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    made = World(store, tmp_path, HALL)
    start(made)
    return made


def start(world: World) -> None:
    held = Policies(world.settings, in_force(world))
    object.__setattr__(world.program, "policies", held)
    world.judging = replace(world.judging, policy=held.current.policy, older=held.older)
    world.store.step(lambda conn: record_start(conn, held.current, world.clock.now()))
    assert not held.refresh(world.store), "a number for what was in force already"


def in_force(world: World) -> InForce:
    with world.store.read() as conn:
        return read_in_force(conn, world.settings)


def put(world: World, why: str = "局务会", who: Principal = ADMIN, **keys: str) -> int:
    """Change keys (`rating__bad_at_most`) and take it, as the daemon does."""
    held = world.program.policies
    wanted = changed(held.current.policy, {key.replace("__", "."): value for key, value in keys.items()})
    base, now = held.current.number, world.clock.now()
    number = world.store.step(lambda conn: change(conn, world.settings, who, wanted, base=base, why=why, now=now))
    assert held.refresh(world.store)
    world.judging = replace(world.judging, policy=held.current.policy)
    world.store.step(lambda conn: look_again(conn, held.current, now))
    return number


def rated(world: World, when: str, score: int, ident: str) -> None:
    world.event("e1", "rating", when, score=score, id=ident, staff="s01")


def bad(world: World) -> list[tuple[str, str]]:
    return [(c["subject"]["id"].rpartition("/")[2], c["state"]) for c in world.cards("rating.bad")]


@pytest.mark.both_databases
def test_cards_keep_the_version_that_they_were_issued_under(world: World) -> None:
    """1. A bad rating has its card. 2. It would be none any more: the card stays, also when it is judged anew, and is
    followed by its own policy's days. 3. A later one has none. 4. Back again: a new version, and a card once more.
    """
    rated(world, "09:00", 2, "r1")
    world.judge("09:05")
    (first,) = world.cards("rating.bad")
    put(world, rating__bad_at_most="1", rating__followup_days="60")
    world.event("e1", "rating", "09:00", score=2, id="r1", staff="s01")  # as a device that repeats itself
    rated(world, "09:10", 2, "r2")
    world.judge("09:15")
    assert [(n, s) for n, s in bad(world)] == [("r1", "open")]
    (still,) = world.cards("rating.bad")
    assert (still["policy_version"], still["level"]) == (first["policy_version"], "yellow")
    world.judge("03-10 18:00")  # five working days later: red under its own policy, not after sixty
    (red,) = world.cards("rating.bad")
    assert (red["level"], red["policy_version"]) == ("red", first["policy_version"])
    put(world, "回到", rating__bad_at_most="2")
    rated(world, "03-10 18:05", 2, "r3")
    world.judge("03-10 18:10")
    assert dict(bad(world)) == {"r1": "open", "r3": "open"}
    last = next(c for c in world.cards("rating.bad") if c["subject"]["id"].endswith("r3"))
    assert last["policy_version"] == world.program.policies.current.version != first["policy_version"]


@pytest.mark.both_databases
def test_what_is_open_is_looked_at_by_the_new_policy_at_once(world: World) -> None:
    """A case with five days is next looked at the day before they end; half of its time is a yellow card now."""
    world.event("c1", "case", "10:00", case="A1", event="accepted", item="i1", window="w1", staff="s01")
    world.beat("c1", "10:00")
    world.judge("10:05")
    world.beat("c1", "03-06 10:00")
    world.judge("03-06 10:00")
    assert world.cards("case.limit") == []
    ladder = '[ { level = "yellow", limit = "lead", share = 0.5 }, { level = "red", limit = "lead" } ]'
    put(world, timeliness__limit_ladder=ladder)
    world.judge("03-06 10:00")
    (card,) = world.cards("case.limit")
    assert (card["level"], card["policy_version"]) == ("yellow", world.program.policies.current.version)


@pytest.mark.both_databases
def test_each_change_is_a_version_with_reason_audit_and_difference(world: World) -> None:
    put(world, "窗口人手不足", post__yellow_minutes="20")
    number = put(world, "恢复", post__yellow_minutes="15")
    with world.store.read() as conn:
        last, middle, first = list_versions(conn, None, 10)
        rows = conn.execute(select(AUDIT).where(AUDIT.c.action == "policy.changed").order_by(AUDIT.c.id)).all()
        again = named(conn, world.program.policies, str(first.number))
    assert (first.source, first.actor, first.reason) == ("file", "system", None)
    assert [(v.source, v.actor, v.reason, v.base) for v in (middle, last)] == [
        ("store", "root", "窗口人手不足", first.number), ("store", "root", "恢复", middle.number),
    ]  # fmt: skip
    assert middle.changed == (("post.yellow_minutes", 15, 20),)
    assert (last.version, last.number) == (first.version, number)  # the same values, a version of its own
    assert again.version == first.version
    assert rows[0].body["changed"] == {"post.yellow_minutes": [15, 20]}
    assert "人手" not in str(rows[0].body), "the reason is a private field"


REFUSED: Any = {
    "no right": ({"who": Principal(id="a", role="auditor")}, "无权"),
    "no reason": ({"why": "  "}, "须写明理由"),
    "another base": ({"base": 99}, "第 1 版"),
    "nothing differs": ({"policy": Policy()}, "没有差别"),
    "a feed polls too rarely": (
        {"policy": Policy.model_validate({"device": {"heartbeat_seconds": 10}})},
        "poll_seconds",
    ),
}


def test_what_is_refused_leaves_nothing(world: World) -> None:
    feed = FeedSettings(id="c1", url="sqlite://", map="m", view="v", mark="at", poll_seconds=30)  # type: ignore[arg-type]
    settings = world.settings.model_copy(update={"feeds": (feed,)})
    other = Policy.model_validate({"post": {"yellow_minutes": 5}})
    for name, (given, said) in REFUSED.items():
        asked = {"who": ADMIN, "policy": other, "base": 1, "why": "因", "now": world.clock.now()} | given
        with pytest.raises(Refused, match=said):
            world.store.step(lambda conn, a=asked: change(conn, settings, a["who"], a["policy"],
                             base=a["base"], why=a["why"], now=a["now"]))  # fmt: skip
        with world.store.read() as conn:
            assert policies.newest(conn) == 1, name
            assert conn.execute(select(AUDIT).where(AUDIT.c.action == "policy.changed")).first() is None, name


BAD: Any = {
    "too small": ({"timeliness.notice_days": "0"}, "timeliness.notice_days", "≥ 1"),
    "no number": ({"post.yellow_minutes": "x"}, "post.yellow_minutes", "应为整数"),
    "two that do not agree": ({"post.red_minutes": "5"}, "post", "yellow_minutes"),
    "none of the choices": ({"tally.accumulate_period": "week"}, "tally.accumulate_period", "quarter"),
    "no such key": ({"post.blue_minutes": "5"}, "post.blue_minutes", "未知的键"),
    "no TOML": ({"timeliness.limit_ladder": "[ { level"}, "timeliness.limit_ladder", "TOML"),
    "empty": ({"post.yellow_minutes": ""}, "post.yellow_minutes", "应为整数"),
    "a step that cannot be": ({"timeliness.limit_ladder": '[{level="yellow",limit="order"}]'},
                              "timeliness.limit_ladder.0", "order"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_value_that_cannot_be_is_told_with_its_key_and_what_may_be(name: str) -> None:
    given, key, said = BAD[name]
    with pytest.raises(BadPolicy) as error:
        changed(Policy(), {**given, "rating.bad_at_most": "1"})
    assert [one for one, _ in error.value.faults] == [key]
    assert said in error.value.faults[0][1]


def test_every_key_goes_through_its_text_and_back() -> None:
    other = {"post": {"yellow_minutes": 7}, "tally": {"late_points": "0.3"}, "face": {"accept": 0.35},
             "roster": {"workday_roles": ["带班", "值守"]}, "timeliness": {"items": {"i 1": {"notice_days": 2}}},
             "leave": {"approvers": [{"roles": ["首席代表"], "up_to_days": 1}]}}  # fmt: skip
    for policy in (Policy(), Policy.model_validate(other)):
        texts = {key: as_text(value) for key, value in values_of(policy).items()}
        assert changed(Policy(), texts).version == policy.version
        assert changed(policy, {}).version == Policy.model_validate(loose(policy)).version == policy.version
    follows = changed(Policy(), {"face.accept": "0.3"})
    assert differences(Policy(), follows) == ["checkin.most_distance", "face.accept"], "one band unless said twice"
    assert {key.name for key in every_key()} == set(values_of(Policy()))


def test_a_version_that_cannot_be_loaded_is_named_and_the_last_good_one_stands(world: World) -> None:
    good = put(world, post__yellow_minutes="20")
    worse = put(world, post__yellow_minutes="25")
    with world.store.write() as conn:
        row = policies.one(conn, worse)
        assert row is not None
        body = {**row.body, "post": {**row.body["post"], "yellow_minutes": 0}}
        conn.execute(update(policies.CHANGE).where(policies.CHANGE.c.number == worse).values(body=body))
    found = in_force(world)
    assert (found.number, found.policy.post.yellow_minutes, found.source) == (good, 20, "store")
    assert [b.number for b in found.broken] == [worse]
    assert "policy.post.yellow_minutes" in found.broken[0].why
    with world.store.read() as conn:
        assert find_version(conn, worse).fault is not None
        with pytest.raises(Refused, match="不可用"):
            named(conn, Policies(world.settings, found), str(worse))


# --------------------------------------------------------------------------- the command line


@pytest.fixture
def jiancha(tmp_path: Path) -> Commands:
    made = Commands(tmp_path)
    made.set_up(HALL)
    return made


def test_the_store_holds_over_the_file_for_every_command(jiancha: Commands) -> None:
    """The configuration says 20, the store 30: `judge`, `policy show`, `config check`, `doctor` go by the store."""
    (jiancha.folder / "jiancha.toml").write_text("[policy.post]\nyellow_minutes = 20\nred_minutes = 40\n")
    jiancha.env["JIANCHA_CONFIG"] = str(jiancha.folder / "jiancha.toml")
    assert jiancha.json("policy", "show")["source"] == "file"
    jiancha.run("policy", "change", "--set", "post.yellow_minutes=30", "--reason", "试行")
    shown = jiancha.json("policy", "show", "--section", "post")
    values = {key["key"]: key["value"] for key in shown["keys"]}
    assert (shown["source"], values["post.yellow_minutes"], values["post.red_minutes"]) == ("store", 30, 40)
    assert "库中第 2 版为准" in jiancha.run("config", "check", status=1)
    (said,) = [f for f in jiancha.json("doctor", status=1) if f["check"] == "policy"]
    assert said["ok"]
    assert "the file's own" in said["why"]
    own = load(Path(jiancha.env["JIANCHA_CONFIG"]), environ={}).policy
    assert own.version in said["why"]
    compared = jiancha.json("policy", "compare", "present", "file")
    assert [(k["key"], k["left"], k["right"]) for k in compared["keys"]] == [("post.yellow_minutes", 30, 20)]
    jiancha.run("policy", "change", "--from", "1", "--reason", "恢复")
    rows = jiancha.json("policy", "versions")
    assert [(r["number"], r["source"], r["reason"]) for r in rows] == [
        (3, "store", "恢复"), (2, "store", "试行"), (1, "file", None),
    ]  # fmt: skip
    assert rows[0]["version"] == rows[2]["version"] == own.version
    for words, said_ in (
        (("--set", "post.yellow_minutes=0"), 2), (("--set", "post"), 2), (("--from", "77"), 2), (("--from", "1"), 2),
        (("--set", "post.yellow_minutes=9", "--as", "nobody"), 2),
    ):  # fmt: skip
        jiancha.run("policy", "change", *words, "--reason", "试", status=said_)
    assert len(jiancha.json("policy", "versions")) == 3


@pytest.mark.parametrize("failpoint", ["policy.before_row", "policy.before_commit"])
def test_killed_in_the_middle_it_is_the_old_one_whole(jiancha: Commands, failpoint: str) -> None:
    """And carried out again it is the new one: never half."""
    before = jiancha.json("policy", "show")
    words = ("policy", "change", "--set", "post.yellow_minutes=9", "--set", "rating.bad_at_most=1", "--reason", "试")
    jiancha.env["JIANCHA_FAILPOINT"] = failpoint
    jiancha.run(*words, status=-signal.SIGKILL)
    del jiancha.env["JIANCHA_FAILPOINT"]
    assert jiancha.json("policy", "show") == before
    assert jiancha.json("policy", "versions") == []
    jiancha.run(*words)
    after = {k["key"]: k["value"] for k in jiancha.json("policy", "show")["keys"]}
    assert (after["post.yellow_minutes"], after["rating.bad_at_most"]) == (9, 1)
