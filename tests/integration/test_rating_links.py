"""Links by which citizens rate once, and touch screens: over HTTP and by command (D03)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from monitor.access import Principal
from monitor.store.engine import Store
from monitor.store.gauges import RATING
from monitor.store.retention import HELD, LINK, TEXT
from monitor.store.schema import HeartbeatRow, RequestKey
from monitor.store.sql import table_of
from monitor.supervision.devices import revoke
from monitor.supervision.people import Person, save_person
from monitor.supervision.ratinglinks import Wanted, create, digest, new_secret
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import create_kiosk_token, create_screen_token, create_token
from tests.halls import Commands, at, told
from tests.integration.test_ratings import made_world, served_world, world_rows
from tests.world import World

pytestmark = pytest.mark.scenarios

LOCAL = Principal(id="cli", role="local")
REQUEST = table_of(RequestKey)
BEAT = table_of(HeartbeatRow)


@dataclass
class Door:
    """The server as a citizen's phone, a touch screen and a program reach it."""

    world: World
    http: httpx.Client
    heads: dict[str, dict[str, str]] = field(default_factory=dict)

    def link(self, device: str = "e1", **more: Any) -> str:
        """The secret of a new one."""
        secret = new_secret()
        registry = self.world.program.registry
        self.world.store.step(
            lambda c: create(
                c, registry.get(c), Wanted(device=device, **more), secret, actor=LOCAL, now=self.world.clock.real_now()
            )
        )
        return secret

    def look(self, secret: str) -> httpx.Response:
        return self.http.post("/rate/api/link", json={"secret": secret})

    def rate(self, secret: str, score: int = 5, **more: Any) -> httpx.Response:
        return self.http.post("/rate/api/link/rating", json={"secret": secret, "score": score, **more})

    def rows(self) -> list[Any]:
        with self.world.store.read() as conn:
            return list(conn.execute(select(RATING).order_by(RATING.c.id)).all())

    def screen(self, path: str, body: Any, who: str = "screen") -> httpx.Response:
        return self.http.post(f"/rate/api/{path}", json=body, headers=self.heads[who])

    def tap(self, score: int, **more: Any) -> httpx.Response:
        body = {"id": str(uuid4()), "at": self.world.clock.now().isoformat(), "boot": "b", "score": score, **more}
        return self.screen("ratings", body)


@pytest.fixture
def door(store: Store, tmp_path: Path) -> Iterator[Door]:
    world = made_world(store, tmp_path)
    more = {"case": "7", "window": "w2", "staff": "s03", "numbered": False}
    world.event("cases", "case", "03-02 08:10", event="accepted", item="i1", **more)
    world.event("cases", "case", "03-02 08:40", event="completed", result="granted", **more)
    world.judge("03-02 09:00")

    def step(work: Any) -> str:
        text: str = store.step(work)
        return text

    def tokens(registry: Any) -> dict[str, str]:
        return {
            "screen": step(lambda c: create_screen_token(c, registry, "e1", now=world.clock.now())),
            "kiosk": step(lambda c: create_kiosk_token(c, registry, "t1", now=world.clock.now())),
            "hall": step(lambda c: create_token(c, now=world.clock.now(), halls=["h1"])),
            "other": step(lambda c: create_token(c, now=world.clock.now(), halls=["h2"])),
            "device": step(lambda c: create_token(c, now=world.clock.now(), devices=["e1"])),
        }

    with store.read() as conn:
        registry = world.program.registry.get(conn)
    with served_world(world) as (http, _):
        heads = {name: {"Authorization": f"Bearer {text}"} for name, text in tokens(registry).items()}
        yield Door(world, http, heads)


def code(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


# --------------------------------------------------------------------------- once


@pytest.mark.both_databases
def test_a_link_shows_its_service_takes_one_rating_and_is_over(door: Door) -> None:
    secret = door.link(case="n/7")
    shown = door.look(secret).json()
    assert {k: shown[k] for k in ("hall", "window", "item", "date")} == {
        "hall": "政务中心", "window": "2号窗口", "item": None, "date": "2026-03-02",
    }  # fmt: skip
    assert "员工" not in door.look(secret).text
    assert door.rate(secret, 1, tags=["未办结", "等候时间长"], comment=" 等了一上午\n没办成 ").status_code == 200
    [row] = door.rows()
    assert (row.source, row.score, row.window, row.staff, row.case_key, row.stage, row.origin, row.tags) == (
        "e1", 1, "w2", None, "n/7", "completed", "web", ["未办结", "等候时间长"],
    )  # fmt: skip
    with door.world.store.read() as conn:
        assert conn.execute(select(TEXT.c.owner, TEXT.c.text)).all() == [
            (f"rating:e1/{row.event_id}", "等了一上午\n没办成")
        ]
    for again in (door.look(secret), door.rate(secret, 5)):
        assert code(again) == (409, "rating.used")
    assert len(door.rows()) == 1


def test_a_bad_one_gets_its_card_from_the_judge(door: Door) -> None:
    door.rate(door.link(staff="s01"), 2)
    door.world.judge("03-02 09:01")
    [card] = door.world.cards("rating.bad")
    assert (card["level"], card["window"], card["staff"], told(card["since"])) == ("yellow", "w1", "s01", "09:00")


@pytest.mark.both_databases
def test_of_many_at_once_one_is_taken(door: Door) -> None:
    secret = door.link()
    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(lambda score: door.rate(secret, score), [1, 2, 3, 4, 5, 1, 2, 3]))
    assert sorted(code(a) for a in answers) == [(200, None), *[(409, "rating.used")] * 7]
    assert len(door.rows()) == 1
    with door.world.store.read() as conn:
        assert conn.execute(select(HELD)).all() == [], "nothing of the others is kept"


def test_unknown_over_and_revoked_answer_alike(door: Door) -> None:
    over, gone = door.link(), door.link("lobby")
    with door.world.store.write() as conn:
        ended = door.world.clock.real_now() - timedelta(seconds=1)
        conn.execute(LINK.update().where(LINK.c.digest == digest(over)).values(expires=ended))
    door.world.store.step(lambda c: revoke(c, "lobby", actor="cli", why="报废", now=door.world.clock.now()))
    said = {door.look(secret).text for secret in (over, gone, new_secret(), "x")}
    assert len(said) == 1
    assert code(door.look(over)) == (404, "rating.no_link")
    for secret in (over, gone, "x"):
        assert code(door.rate(secret)) == (404, "rating.no_link")
    assert door.rows() == []


def test_a_name_that_the_registry_lost_is_left_out(door: Door) -> None:
    secret = door.link(window="w2", staff="s03")
    with door.world.store.write() as conn:
        conn.execute(LINK.update().values(window="gone", staff="gone"))
    assert door.look(secret).json()["window"] is None
    assert door.rate(secret).status_code == 200
    assert (door.rows()[0].window, door.rows()[0].staff) == ("w1", None), "where its device stands"


SENT: Final = [
    ({"score": 0}, 422),
    ({"score": 6}, 422),
    ({"score": "5"}, 422),
    ({}, 422),
    ({"score": 5, "x": 1}, 422),
    ({"score": 1, "tags": ["自编"]}, 422),
    ({"score": 1, "comment": "a\x00b"}, 422),
    ({"score": 1, "comment": "字" * 501}, 422),
    ({"score": 1, "comment": "x" * 20_000}, 413),
    ({"score": 5, "comment": "字" * 500}, 200),
    ({"score": 1, "tags": ["未办结", "未办结"]}, 200),
]


def test_what_is_sent_is_looked_at(door: Door) -> None:
    taken = 0
    for body, status in SENT:
        answer = door.http.post("/rate/api/link/rating", json={"secret": door.link(), **body})
        assert answer.status_code == status, answer.text
        taken += status == 200
        assert len(door.rows()) == taken


NO_BODY: Final = [b"", b"{", b"[]", b'"x"', b'{"secret":"\\ud800"}', b"\xff", b"1" * 9000]


def test_a_body_that_is_none_is_no_fault_of_the_servers(door: Door) -> None:
    for text in NO_BODY:
        for path in ("link", "link/rating"):
            assert door.http.post(f"/rate/api/{path}", content=text).status_code in (413, 422)
        for path in ("ratings", "heartbeat"):
            assert door.http.post(f"/rate/api/{path}", content=text, headers=door.heads["screen"]).status_code in (
                413,
                422,
            )


# --------------------------------------------------------------------------- making links


UNUSABLE: Final = [
    ({"device": "nothing"}, "device", "missing"),
    ({"device": "t1"}, "device", "input"),
    ({"device": "e1", "case": "7"}, "case", "input"),
    ({"device": "e1", "case": "m/7"}, "case", "input"),
    ({"device": "e1", "case": "n/8"}, "case", "missing"),
    ({"device": "e1", "window": "nothing"}, "window", "input"),
    ({"device": "e1", "window": "x1"}, "window", "input"),
    ({"device": "e1", "staff": "nobody"}, "staff", "input"),
    ({"device": "e1", "staff": "s90"}, "staff", "input"),
    ({"device": "e1", "hours": 0}, "hours", "input"),
    ({"device": "e1", "hours": 721}, "hours", "input"),
]


def test_a_link_that_could_not_be_used_is_not_made(door: Door) -> None:
    for wanted, key, sort in UNUSABLE:
        with pytest.raises(Refused) as refused:
            door.link(**wanted)
        assert (refused.value.field, refused.value.sort) == (key, sort)
        answer = door.http.post("/api/v1/rating-links", json=wanted, headers=door.heads["hall"])
        assert (answer.status_code, "detail" in answer.json()) == ({"missing": 404, "input": 422}[sort], True), (
            answer.text
        )


@pytest.mark.parametrize(("key", "beyond"), [("window", "x1"), ("staff", "s90")])
def test_what_lies_beyond_reach_is_as_if_it_were_not(door: Door, key: str, beyond: str) -> None:
    answers = [
        door.http.post("/api/v1/rating-links", json={"device": "e1", key: one}, headers=door.heads["hall"])
        for one in (beyond, "zz9")
    ]
    theirs, none = ((a.status_code, a.text.replace(one, "X")) for a, one in zip(answers, (beyond, "zz9"), strict=True))
    assert theirs == none
    assert theirs[0] == 422


MAKERS: Final = [("hall", 201), ("other", 404), ("device", 403), ("kiosk", 403), ("screen", 403)]


def test_who_may_make_one(door: Door) -> None:
    for who, status in MAKERS:
        answer = door.http.post("/api/v1/rating-links", json={"device": "e1"}, headers=door.heads[who])
        assert answer.status_code == status, answer.text


def test_of_people_supervisors_may_and_only_in_their_hall(door: Door) -> None:
    world = door.world
    people = {
        "duty": ({"role": "duty_supervisor", "halls": ("h1",)}, 201),
        "far": ({"role": "duty_supervisor", "halls": ("h2",)}, 404),
        "head": ({"role": "unit_head", "units": ("u1",)}, 403),
        "auditor": ({"role": "auditor"}, 403),
    }
    for user, (kind, status) in people.items():
        person = Person(id=user, name=user, **kind)  # type: ignore[arg-type]
        world.store.step(
            lambda c, p=person: save_person(c, world.program.registry.get(c), p, actor="cli", now=world.clock.now())
        )
        text = world.store.step(lambda c, u=user: create_token(c, now=world.clock.now(), user=u))
        answer = door.http.post(
            "/api/v1/rating-links", json={"device": "e1"}, headers={"Authorization": f"Bearer {text}"}
        )
        assert answer.status_code == status, (user, answer.text)


@pytest.mark.both_databases
def test_sent_again_with_its_key_it_is_the_same_link_and_the_store_has_no_secret(door: Door) -> None:
    head = {**door.heads["hall"], "Idempotency-Key": "k1"}
    body = {"device": "e1", "hours": 24}
    first, again = (door.http.post("/api/v1/rating-links", json=body, headers=head) for _ in range(2))
    assert (first.status_code, first.json()) == (201, again.json())
    assert again.headers["idempotency-replayed"] == "true"
    secret = first.json()["path"].removeprefix("/rate#")
    with door.world.store.read() as conn:
        kept = [str(row.answer) for row in conn.execute(select(REQUEST))]
        assert len(conn.execute(select(LINK)).all()) == 1
    assert kept
    assert not any(secret in text for text in kept)
    assert door.rate(secret).status_code == 200
    other = door.http.post("/api/v1/rating-links", json={**body, "hours": 25}, headers=head)
    assert other.status_code == 422, "the key came with another request"
    different = door.http.post("/api/v1/rating-links", json=body, headers={**head, "Idempotency-Key": "k2"})
    assert different.json()["path"] != first.json()["path"]


def test_the_key_of_a_person_that_comes_with_another_token_gives_no_wrong_link(door: Door) -> None:
    world = door.world
    person = Person(id="duty", name="duty", role="duty_supervisor", halls=("h1",))
    world.store.step(lambda c: save_person(c, world.program.registry.get(c), person, actor="cli", now=at("08:00")))
    answers = []
    for _ in range(2):
        text = world.store.step(lambda c: create_token(c, now=at("08:00"), user="duty"))
        head = {"Authorization": f"Bearer {text}", "Idempotency-Key": "k"}
        answers.append(door.http.post("/api/v1/rating-links", json={"device": "e1"}, headers=head))
    assert [answer.status_code for answer in answers] == [201, 409]


# --------------------------------------------------------------------------- a touch screen


def test_a_screen_rates_as_its_evaluator_and_beats(door: Door) -> None:
    assert door.screen("heartbeat", {"at": door.world.clock.now().isoformat(), "queue": 0, "boot": "b"}).is_success
    assert door.tap(5).is_success
    assert door.tap(1, tags=["态度不好"], case="7").is_success
    assert [(r.source, r.score, r.window, r.origin, r.case_key, r.tags) for r in door.rows()] == [
        ("e1", 5, "w1", "screen", None, None),
        ("e1", 1, "w1", "screen", "n/7", ["态度不好"]),
    ]
    with door.world.store.read() as conn:
        assert [(b.device, b.boot, b.queue) for b in conn.execute(select(BEAT))] == [("e1", "b", 0)]


@pytest.mark.both_databases
def test_the_same_rating_again_is_the_same(door: Door) -> None:
    body = {"id": str(uuid4()), "at": door.world.clock.now().isoformat(), "boot": "b", "score": 4}
    assert [door.screen("ratings", body).status_code for _ in range(3)] == [200, 200, 200]
    assert len(door.rows()) == 1


def test_a_number_that_nobody_entered_is_asked_about_first(door: Door) -> None:
    assert code(door.tap(5, case="77")) == (404, "rating.case_unknown")
    assert door.rows() == []
    assert door.tap(5, case="77", sure=True).is_success
    assert [r.case_key for r in door.rows()] == ["n/77"], "a case outside of the system is what F01 looks for"


def test_a_clock_that_is_wrong_is_corrected_by_its_heartbeats(door: Door) -> None:
    ahead = (door.world.clock.now() + timedelta(minutes=10)).isoformat()
    body = {"id": str(uuid4()), "at": ahead, "boot": "b", "score": 4}
    assert code(door.screen("ratings", body)) == (422, "rating.refused"), "nothing is known of the clock yet"
    assert door.screen("heartbeat", {"at": ahead, "boot": "b"}).is_success
    assert door.screen("ratings", body).is_success


OTHERS: Final = ["kiosk", "hall", "device"]


def test_no_other_token_is_a_screens(door: Door) -> None:
    for who in OTHERS:
        assert door.screen("heartbeat", {"at": door.world.clock.now().isoformat()}, who).status_code == 403
        for path in ("/api/v1/ratings", "/api/v1/cards", "/api/v1/events"):
            assert door.http.get(path, headers=door.heads["screen"]).status_code in (403, 405)


def test_a_screen_of_a_device_that_is_out_of_service_is_let_out(door: Door) -> None:
    door.world.store.step(lambda c: revoke(c, "e1", actor="cli", why="报废", now=door.world.clock.now()))
    assert code(door.tap(5)) == (403, "rating.screen")


# --------------------------------------------------------------------------- what a rating from afar does not prove


@pytest.mark.parametrize(("origin", "cause"), [("device", "rating"), ("screen", "rating"), ("web", ""), ("paper", "")])
def test_a_rating_from_home_is_no_sign_that_somebody_is_at_the_window(door: Door, origin: str, cause: str) -> None:
    from tests.boards import board, board_json

    door.world.event("e1", "rating", "03-02 09:10", score=5, origin=origin, numbered=False)
    now = door.world.clock.set(at("03-02 09:12"))
    with door.world.store.read() as conn:
        found = board_json(board(door.world.judging.look(conn, now), door.world.settings.policy.post, "h1"))
    [tile] = [t for t in found["windows"] if t["window"] == "w1"]
    assert tile["cause"] == cause, tile


# --------------------------------------------------------------------------- commands


@pytest.mark.sqlite_only
def test_the_commands_print_links_and_write_a_code(tmp_path: Path) -> None:
    commands = Commands(tmp_path, clock="03-02 09:30")
    commands.set_up(world_rows())
    file = tmp_path / "link.svg"
    made = commands.run(
        "rating", "link", "--device", "e1", "--window", "w2", "--address", "https://pj.test/", "--qr", str(file)
    )
    assert re.fullmatch(r"https://pj\.test/rate#[\w-]{43}\n", made)
    assert "<svg" in file.read_text()
    opened = Store(f"sqlite:///{tmp_path / 'jiancha.sqlite'}")
    with opened.read() as conn:
        [row] = conn.execute(select(LINK)).all()
    opened.close()
    assert (row.digest, row.window) == (digest(made.strip().partition("#")[2]), "w2")
    screen = commands.run("rating", "screen", "--device", "e1")
    assert re.fullmatch(r"http://127\.0\.0\.1:8642/rate/screen#jct_[\w-]+\n", screen)
    for words in (
        ("link", "--device", "nothing"), ("link", "--device", "e1", "--case", "n/8"),
        ("link", "--device", "e1", "--qr", "x.png"), ("link", "--device", "e1", "--address", "pj.test"),
        ("screen", "--device", "t1"), ("screen", "--device", "nothing"),
    ):  # fmt: skip
        commands.run("rating", *words, status=2)


@pytest.mark.both_databases
def test_links_are_taken_away_30_days_after_they_expired(door: Door) -> None:
    from monitor.ops.retention.run import run
    from monitor.settings import RetentionSettings

    door.link(hours=24)
    door.link(hours=720)
    now = door.world.clock.real_now()

    def left(days: int) -> int:
        run(door.world.store, RetentionSettings(), now + timedelta(days=days), "op")
        with door.world.store.read() as conn:
            return len(conn.execute(select(LINK)).all())

    assert [left(30), left(32), left(61)] == [2, 1, 0]
