"""Retention and erasure on a real store: what goes and what stays, the proof, and that the audit still verifies."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from monitor.access import Principal
from monitor.model import Level
from monitor.ops.audit.sealer import Sealer
from monitor.ops.audit.verify import verify
from monitor.ops.backup.archive import Reader
from monitor.ops.backup.load import restore
from monitor.ops.backup.make import backup
from monitor.ops.retention.run import BEGUN, DONE, last_run, plan, remaining, run, scrub
from monitor.settings import RetentionSettings
from monitor.store import planrequests
from monitor.store.alert_holds import add_silence
from monitor.store.alerts import ATTEMPT, DELIVERY, ITEM
from monitor.store.attachments import ATTACHMENT
from monitor.store.audit import AUDIT, PRIVATE
from monitor.store.cards import CARD, NOTICE
from monitor.store.engine import Store
from monitor.store.payloads import PAYLOAD
from monitor.store.retention import HELD, RATING, RAW, TEXT
from monitor.store.users import USER
from monitor.supervision.commands import transition
from monitor.supervision.erasure import LOST, STAFF, erase
from monitor.supervision.files import checked
from monitor.supervision.handcards import issue_by_hand
from monitor.supervision.people import Person, save_person
from monitor.supervision.refused import Refused
from tests.halls import Commands, at, hall
from tests.migrated import lay
from tests.postgres import Postgres
from tests.world import World

pytestmark = pytest.mark.both_databases

KEY = "0123456789abcdef" * 4
HEAD = Principal(id="head", role="supervision_head", halls=frozenset({"h1"}))
UNIT = Principal(id="boss", role="unit_head", units=frozenset({"u1"}))
DEVICES = [
    {"id": "ev1", "kind": "evaluator", "window": "w1"},
    {"id": "t1", "kind": "terminal", "hall": "h1", "serves": "*"},
]
ALL = RetentionSettings(
    payloads_days=30, comments_days=30, deliveries_days=30, attachments_days=30, sheets_days=30, audit_days=30,
    requests_days=30, notices_days=30, scores_days=30, assessment_words_days=30,
)  # fmt: skip
SECRET = "秘密-4711"
"""What must be nowhere in the file afterwards."""


@pytest.fixture
def database_url(database_url: str) -> str:
    """As the migrations make it: commands ask for the revision, a backup for the columns in their order."""
    if database_url.startswith("sqlite"):
        lay(Path(database_url.removeprefix("sqlite:///")))
    return database_url


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    return World(store, tmp_path, hall(3, attendance="", devices=DEVICES))


def step(world: World, number: int, event: str, when: str, who: Principal, **more: Any) -> None:
    files = checked(more.pop("files", ()))
    world.store.step(
        lambda conn: transition(conn, number, event, actor=who, why=SECRET, now=at(when), given=more, files=files)
    )


def rated(world: World, event: str, when: str) -> int:
    """A bad rating with a comment, its card answered with a letter and told to somebody."""
    before = {c["number"] for c in world.cards("rating.bad")}
    world.event("ev1", "rating", when, score=1, id=event, staff="s01", comment=SECRET)
    world.judge(when)
    [number] = {c["number"] for c in world.cards("rating.bad")} - before
    step(world, number, "answered", when, UNIT, files=[("说明.txt", SECRET.encode())])
    told = {
        "state": "sent",
        "due_at": at(when),
        "attempts": 1,
        "created": at(when),
        "ended": at(when),
        "flush": at(when),
    }
    with world.store.write() as conn:
        message = conn.execute(
            insert(DELIVERY).values(address="duty", group=f"g{number}", **told).returning(DELIVERY.c.id)
        ).scalar_one()
        conn.execute(insert(ATTEMPT).values(delivery=message, n=1, channel="x", started=at(when), detail=SECRET))
        content = {"why": SECRET}
        item = {"card": number, "sequence": 2, "address": "duty", "purpose": "firing", "delivery": message}
        conn.execute(insert(ITEM).values(content=content, **item))
    return int(number)


def count(world: World, table: Any, *conditions: Any) -> int:
    with world.store.read() as conn:
        return int(conn.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one())


def audit_holds(world: World, now: str) -> bool:
    with world.store.read() as conn:
        return verify(conn, KEY.encode(), at(now)).ok


def goes(world: World, now: str, settings: RetentionSettings = ALL) -> dict[str, int]:
    return {line.sort: line.count.goes for line in plan(world.store, settings, at(now))}


def stays(world: World, now: str) -> dict[str, dict[str, int]]:
    return {line.sort: {k: n for k, n in line.count.stays.items() if n} for line in plan(world.store, ALL, at(now))}


# --------------------------------------------------------------------------- what goes and what stays


def test_by_default_everything_is_kept(world: World) -> None:
    step(world, rated(world, "r1", "09:15"), "closed", "09:30", HEAD)
    assert set(goes(world, "12-01 09:00", RetentionSettings()).values()) == {0}
    assert run(world.store, RetentionSettings(), at("12-01 09:00"), "op") == {}


def test_a_card_that_stands_keeps_what_it_rests_on_and_a_closed_one_does_not(world: World) -> None:
    number = rated(world, "r1", "09:15")
    none = {"payloads": 0, "payloads_beside": 0, "quarantine": 0, "comments": 0, "deliveries": 0, "attachments": 0,
            "sheets": 0, "audit": 0, "made_sheets": 0, "frames": 0, "rating_links": 0, "requests": 0, "notices": 0,
            "scores": 0, "score_marks": 0, "mark_files": 0, "assessment_words": 0}  # fmt: skip
    open_ = goes(world, "05-01 09:00")
    assert open_ | {"audit": 0, "payloads": 0} == none
    assert stays(world, "05-01 09:00")["comments"] == {"standing_card": 1}
    assert stays(world, "05-01 09:00")["attachments"] == {"standing_card": 1}
    assert stays(world, "05-01 09:00")["deliveries"] == {"standing_card": 1}
    step(world, number, "closed", "03-03 09:00", HEAD)
    step(world, number, "appealed", "03-03 10:00", UNIT)
    assert goes(world, "05-01 09:00")["comments"] == 0, "an appeal is pending"
    step(
        world, number, "upheld", "03-04 09:00", Principal(id="chief", role="supervision_head", halls=frozenset({"h1"}))
    )
    found = goes(world, "05-01 09:00")
    assert (found["comments"], found["attachments"], found["deliveries"]) == (1, 1, 1)
    assert found["payloads"] > open_["payloads"]
    assert goes(world, "03-20 09:00") == none, "all is younger than 30 days"


def asked(world: World, clock: str, **values: Any) -> int:
    """A request of s01, with words in it and in its history."""
    row = {
        "kind": "leave", "staff": "s01", "hall": "h1", "starts": at(clock), "ends": at(clock), "leave_kind": "sick",
        "letter": f"函 {SECRET}", "reason": SECRET, "days": 1, "chain": ["unit_head"], "step": 1, "sequence": 2,
        "state": "approved", "filed_by": "somebody", "filed_at": at(clock), "decided_at": at(clock), **values,
    }  # fmt: skip
    with world.store.write() as conn:
        number = planrequests.add(conn, row)
        step = {"request": number, "sequence": 2, "at": at(clock), "actor": "boss", "role": "unit_head"}
        planrequests.log(conn, {**step, "event": "approved", "steps": ["unit_head"], "why": SECRET})
    return number


def said(world: World, number: int) -> tuple[str, str | None, str | None, str]:
    with world.store.read() as conn:
        row = planrequests.find(conn, number)
        assert row is not None
        return row.reason, row.letter, row.leave_kind, planrequests.history(conn, number)[0].why


def test_words_of_a_decided_request_go_and_those_of_an_undecided_one_stay(world: World) -> None:
    old, new = asked(world, "09:00"), asked(world, "04-20 09:00")
    open_ = asked(world, "09:00", state="pending", step=0, decided_at=None)
    assert goes(world, "05-01 09:00")["requests"] == 1
    assert stays(world, "05-01 09:00")["requests"] == {"not_decided": 1, "younger": 1}
    run(world.store, ALL, at("05-01 09:00"), "op")
    assert said(world, old) == ("", None, None, "")
    assert SECRET in said(world, new)
    assert SECRET in said(world, open_)
    assert goes(world, "05-01 09:00")["requests"] == 0


def test_erasing_a_person_empties_their_requests_and_a_user_what_they_wrote(world: World) -> None:
    mine, other = asked(world, "09:00"), asked(world, "09:00", staff="s02", filed_by="boss")
    with world.store.write() as conn:
        assert planrequests.forget_person(conn, "staff", "s01") == {"plan_request": 1, "plan_request_step": 1}
        assert planrequests.forget_person(conn, "staff", "s01") == {}
    assert said(world, mine) == ("", None, None, "")
    assert SECRET in said(world, other)
    with world.store.write() as conn:
        planrequests.forget_person(conn, "user", "boss")
    assert said(world, other) == ("", None, None, "")


def test_a_card_on_a_post_keeps_the_messages_of_its_days(world: World) -> None:
    world.event("t1", "checkin", "08:20", staff="s01", method="face", id="near")
    world.event("t1", "checkin", "03-12 08:20", staff="s01", method="face", id="far")
    with world.store.write() as conn:
        values = {"subject": 999, "kind": "post", "key": "w1/2026-03-02/0830", "rule": "post.empty", "episode": "1",
                  "level": "yellow", "since": at("09:00"), "began": at("09:00"), "issued": at("09:00"),
                  "policy_version": "t", "basis": "t", "reason": {"code": "x", "figures": {}}, }  # fmt: skip
        number = conn.execute(insert(CARD).values(values).returning(CARD.c.number)).scalar_one()
    run(world.store, ALL, at("05-01 09:00"), "op")
    [kept] = texts(world)
    assert json.loads(kept)["id"] == "near"
    with world.store.write() as conn:
        conn.execute(update(CARD).where(CARD.c.number == number).values(state="closed"))
    run(world.store, ALL, at("05-02 09:00"), "op")
    assert texts(world) == []
    assert len(rows(world, RAW)) == 2


def texts(world: World) -> list[str]:
    """What is kept of what events said, wherever it lies."""
    return said_in(world.store)


def said_in(store: Store) -> list[str]:
    with store.read() as conn:
        return [text for table in (RAW, PAYLOAD) for text in conn.execute(select(table.c.payload)).scalars() if text]


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_the_text_of_a_restored_store_goes_too(world: World, postgres: Postgres, tmp_path: Path, target: str) -> None:
    """It lies where the other database has it, whichever the backup was of."""
    world.event("t1", "checkin", "08:20", staff="s01", method="face", id="near")
    backup(world.store, tmp_path / "made.zip", at("03-03 09:00"))
    with ExitStack() as stack:
        url = (
            f"sqlite:///{tmp_path / 'again.sqlite'}" if target == "sqlite" else stack.enter_context(postgres.database())
        )
        again = Store(url)
        stack.callback(again.close)
        with Reader(tmp_path / "made.zip") as reader:
            restore(again, reader, at("03-03 09:00"))
        assert len(said_in(again)) == 1
        run(again, ALL, at("05-01 09:00"), "op")
        assert said_in(again) == []


def rows(world: World, table: Any) -> list[Any]:
    with world.store.read() as conn:
        return list(conn.execute(select(table).order_by(*table.primary_key.columns)))


def test_what_waits_in_quarantine_stays(world: World) -> None:
    world.event("ev1", "rating", "09:15", score=1, id="x1", staff="nobody")
    world.event("ev1", "rating", "09:16", score=1, id="x2", staff="nobody")
    with world.store.write() as conn:
        conn.execute(update(HELD).where(HELD.c.event_id == "x1").values(state="dismissed"))
    run(world.store, ALL, at("05-01 09:00"), "op")
    assert {row.event_id: row.payload is None for row in rows(world, HELD)} == {"x1": True, "x2": False}


# --------------------------------------------------------------------------- the run and its proof


def test_a_run_takes_what_it_said_is_on_record_and_proves_itself(world: World) -> None:
    number = rated(world, "r1", "09:15")
    step(world, number, "closed", "09:30", HEAD)
    kept = rated(world, "r2", "04-20 09:15")
    Sealer(world.store, KEY.encode()).seal(thorough=True)
    facts = count(world, RATING), count(world, NOTICE), count(world, AUDIT)
    planned = goes(world, "05-01 09:00")
    gone = run(world.store, ALL, at("05-01 09:00"), "op")
    none = {"made_sheets": 0, "frames": 0, "rating_links": 0}
    assert {name: one.rows for name, one in gone.items()} | none == planned, "there are no frames, links, sheets"
    assert {one.left for one in gone.values()} == {0}
    assert (count(world, RATING), count(world, NOTICE), count(world, AUDIT)) == (*facts[:2], facts[2] + 2)
    assert set(goes(world, "05-01 09:00").values()) == {0}, "nothing is left to do"
    assert [row.card for row in rows(world, ATTACHMENT) if row.content is None] == [number]
    assert count(world, ITEM) == count(world, ATTEMPT) == count(world, DELIVERY) == 1, "those of the younger card"
    [comment] = rows(world, TEXT)
    assert comment.owner == "rating:ev1/r2"
    Sealer(world.store, KEY.encode()).seal(thorough=True)
    assert audit_holds(world, "05-01 09:00")
    with world.store.read() as conn:
        done = last_run(conn)
        assert done is not None
        assert set(remaining(conn, done.body).values()) == {0}
        acts = conn.execute(select(AUDIT.c.action).order_by(AUDIT.c.id.desc()).limit(2)).scalars().all()
    assert acts == [DONE, BEGUN]
    assert done.body["gone"]["attachments"]["rows"] == 1
    assert kept in {c["number"] for c in world.cards("rating.bad")}
    if world.store.is_sqlite:
        world.store.close()
        step_texts = [row.why for row in rows(world, NOTICE) if row.card == number]
        assert SECRET in step_texts, "words in the history of a card are not retention's to take"


@pytest.mark.sqlite_only
def test_what_went_is_not_in_the_file_either(world: World) -> None:
    word = "只此一处-0815"
    world.event("ev1", "rating", "09:15", score=5, id="r1", staff="s01", comment=word)
    files = [Path(f"{world.store.engine.url.database}{end}") for end in ("", "-wal")]
    assert any(word.encode() in file.read_bytes() for file in files)
    run(world.store, ALL, at("05-01 09:00"), "op")
    assert not any(word.encode() in file.read_bytes() for file in files if file.exists())


@pytest.mark.sqlite_only
def test_the_commands_say_first_then_do_then_prove(world: World) -> None:
    step(world, rated(world, "r1", "09:15"), "closed", "09:30", HEAD)
    env = {"JIANCHA_AUDIT__KEY": KEY, "JIANCHA_RETENTION__COMMENTS_DAYS": "30"}
    commands = Commands(world.folder, clock="05-01 09:00", env=env)
    commands.run("retention", "proof", status=2)
    dry = commands.json("retention", "run", "--dry-run")
    assert (dry["sorts"]["comments"]["goes"], dry["sorts"]["attachments"]["before"], dry["proof"]) == (1, None, None)
    assert count(world, TEXT) == 1
    assert "comments: 30 天 days" in commands.run("retention", "run", "--dry-run")
    done = commands.json("retention", "run")
    assert done["sorts"]["comments"]["gone"]["rows"] == 1
    assert done["proof"] == {"left": {"comments": 0}, "audit": True}
    assert count(world, TEXT) == 0
    proof = commands.json("retention", "proof")
    assert (proof["left"], proof["audit"], proof["gone"]["comments"]["rows"]) == ({"comments": 0}, True, 1)
    world.event("ev1", "rating", "09:20", score=5, id="late", staff="s01", comment="迟到")
    assert commands.json("retention", "proof")["left"] == {"comments": 0}, "what came later is not that run's"
    with world.store.write() as conn:  # somebody puts it back
        conn.execute(insert(TEXT).values(owner="rating:ev1/r1", name="comment", text="x", salt="00"))
    assert commands.json("retention", "proof", status=1)["left"] == {"comments": 1}


# --------------------------------------------------------------------------- erasing a person


def with_user(world: World) -> int:
    """User boss, name and contacts on record, has answered a card that was closed and told of."""
    person = Person(id="boss", role="unit_head", name="王某", units=["u1"], contacts=["13800000000"])
    world.store.step(lambda c: save_person(c, world.program.registry.get(c), person, actor="cli:x", now=at("08:00")))
    return rated(world, "r1", "09:15")


def erased(world: World, kind: str, person: str, when: str = "03-10 09:00") -> dict[str, int]:
    return dict(world.store.step(lambda conn: erase(conn, kind, person, actor="cli:x", now=at(when))).rows)


def test_a_user_is_erased_and_the_chain_still_verifies(world: World) -> None:
    number = with_user(world)
    with pytest.raises(Refused, match=rf"#{number}"):
        erased(world, "user", "boss")
    step(world, number, "closed", "09:30", HEAD)
    Sealer(world.store, KEY.encode()).seal(thorough=True)
    assert erased(world, "user", "boss") == {
        "user": 1, "audit_private": 3, "card_event": 1, "alert_item": 1, "silence": 0, "lost_span": 0,
        "sign_in": 0, "checkin_review": 0, "score_mark": 0, "kept_scores": 0, "sheet_job": 0,
            "assessment_word": 0,
    }  # fmt: skip
    [user] = [row for row in rows(world, USER) if row.id == "boss"]
    assert (user.name, user.contacts, user.role) == ("", None, "unit_head")
    assert user.disabled_at is not None
    assert [(e.actor, e.why) for e in rows(world, NOTICE) if e.card == number][1:] == [("boss", ""), ("head", SECRET)]
    assert rows(world, ITEM)[0].content == {"why": ""}
    Sealer(world.store, KEY.encode()).seal(thorough=True)
    assert audit_holds(world, "03-10 09:00")
    if scrub(world.store) and world.store.is_sqlite:
        database = Path(str(world.store.engine.url.database))
        assert b"13800000000" not in database.read_bytes() + Path(f"{database}-wal").read_bytes()
    assert set(erased(world, "user", "boss").values()) == {0}


@pytest.mark.sqlite_only
def test_words_of_an_erased_user_are_nowhere_in_the_files_and_the_seals_hold(world: World) -> None:
    word, number = "唯此一句-2288", rated(world, "r1", "09:15")
    person = Person(id="clerk", role="supervision_head", name=f"{word}名", halls=["h1"], contacts=[f"{word}号"])
    clerk = Principal(id="clerk", role="supervision_head", halls=frozenset({"h1"}))
    world.store.step(lambda c: save_person(c, world.program.registry.get(c), person, actor="cli:x", now=at("08:00")))
    world.store.step(lambda c: transition(c, number, "sent_back", actor=clerk, why=f"{word}退", now=at("10:00")))
    world.store.step(lambda c: transition(c, number, "closed", actor=clerk, why=f"{word}结", now=at("10:30")))
    with world.store.write() as conn:
        conn.execute(insert(ITEM).values(card=number, sequence=3, address="duty", purpose="firing", delivery=None,
                                         content={"why": f"{word}退"}))  # fmt: skip
        add_silence(conn, matchers={}, starts=at("09:00"), ends=at("18:00"), author="clerk", reason=f"{word}静",
                    now=at("09:00"))  # fmt: skip
        conn.execute(insert(LOST).values(device="ev1", starts=at("08:00"), ends=at("08:30"), reason=f"{word}丢",
                                         declared_at=at("09:00"), actor="clerk"))  # fmt: skip
    Sealer(world.store, KEY.encode()).seal(thorough=True)
    found = Path(str(world.store.engine.url.database))
    files = [found, Path(f"{found}-wal")]
    needles = [word.encode(), json.dumps(word).strip('"').encode()]
    assert any(needle in file.read_bytes() for file in files for needle in needles)
    done = world.store.step(lambda conn: erase(conn, "user", "clerk", actor="cli:x", now=at("03-10 09:00")))
    assert (done.rows["silence"], done.rows["lost_span"]) == (1, 1)
    assert done.stays == {"card_event": 2, "audit": 3, "attachment": 0}
    assert scrub(world.store)
    Sealer(world.store, KEY.encode()).seal(thorough=True)
    assert audit_holds(world, "03-10 09:00")
    for vacuumed in (False, True):
        if vacuumed:
            raw = world.store.engine.raw_connection()
            raw.cursor().execute("VACUUM")
            raw.close()
            assert scrub(world.store)
        assert not [n for n in needles for file in files if file.exists() and n in file.read_bytes()]


def test_a_member_of_staff_is_erased_and_stays_a_pseudonym(world: World) -> None:
    number = world.store.step(
        lambda conn: issue_by_hand(
            conn, world.program.registry.get(conn), rule="E06", level=Level.YELLOW, window="w1", staff="s01",
            actor=HEAD, policy_version="t", why="巡查所见", now=at("10:00"),
        )
    )  # fmt: skip
    with pytest.raises(Refused, match=rf"#{number}"):
        erased(world, "staff", "s01")
    step(world, number, "closed", "10:30", HEAD)
    assert erased(world, "staff", "s01") == {
        "staff": 1, "audit_private": 1, "face": 0, "leave": 0, "trip": 0, "correction": 0, "plans_private": 0,
        "staff_pin": 0, "checkin_review": 0, "sheet_job": 0, "notice": 0, "score_mark": 0, "kept_scores": 0,
        "assessment_word": 0, "mark_file": 0,
    }  # fmt: skip
    [staff] = [row for row in rows(world, STAFF) if row.id == "s01"]
    assert (staff.name, staff.contacts, staff.unit) == ("", None, "u1")
    assert [c["staff"] for c in world.cards() if c["number"] == number] == ["s01"]
    with pytest.raises(Refused, match="no such staff"):
        erased(world, "staff", "s99")


@pytest.mark.sqlite_only
def test_a_dry_run_changes_nothing_and_a_restore_erases_again(world: World) -> None:
    step(world, with_user(world), "closed", "09:30", HEAD)
    commands = Commands(world.folder, clock="03-10 09:00", env={"JIANCHA_AUDIT__KEY": KEY})
    commands.run("backup", "b.zip")
    assert commands.json("user", "erase", "boss", "--dry-run")["rows"]["user"] == 1
    assert "王某" in {row.name for row in rows(world, USER)}
    commands.run("user", "erase", "boss")
    commands.run("staff", "erase", "s02")
    log = commands.run("retention", "erasures")
    assert [json.loads(line) for line in log.splitlines()] == [
        {"kind": "user", "id": "boss"},
        {"kind": "staff", "id": "s02"},
    ]
    (world.folder / "erased.jsonl").write_text(log)
    store = Store(f"sqlite:///{world.folder / 'again.sqlite'}")
    commands.env["JIANCHA_STORE__URL"] = store.url
    commands.run("restore", "b.zip", "--erased", "erased.jsonl")
    with store.read() as conn:
        assert conn.execute(select(USER.c.name)).scalars().all() == [""]
        assert conn.execute(select(STAFF.c.name).where(STAFF.c.id == "s02")).scalar() == ""
        private = select(func.count()).select_from(PRIVATE).join(AUDIT, AUDIT.c.id == PRIVATE.c.audit)
        assert conn.execute(private.where(AUDIT.c.actor == "boss")).scalar() == 0
    store.close()
    del commands.env["JIANCHA_STORE__URL"]
    commands.run("restore", "b.zip", "--force")
    assert "王某" not in {row.name for row in rows(world, USER)}, "the store's own log, before its rows are deleted"
