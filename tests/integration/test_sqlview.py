"""Views of approval systems, polled: what comes, comes late, may not be concluded, and is never written (ADR 0012)."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from monitor.ingest.sqlview import BadView, Feed, Polled, SourceAway, open_feed, poll
from monitor.ingest.sqlview.source import open_read_only
from monitor.settings import FeedSettings
from monitor.store import meta
from monitor.store.engine import Store
from monitor.store.schema import CaseEventRow, HeartbeatRow, Quarantine, RawEvent, RawPayload
from monitor.store.sources import Sources
from tests.conftest import Eventually
from tests.daemon import Daemon
from tests.halls import at, hall, toml
from tests.ingest_world import columns, count, rows
from tests.postgres import Postgres
from tests.world import World

KINDS = ("sqlite", "postgresql")
FEED = "view-1"
ITEMS = [{"id": "i1", "unit": "u1", "promised": 5, "statutory": 20}]
DEVICES = [{"id": FEED, "kind": "cases", "hall": "h1", "namespace": "city"}]
REGISTRY = hall(3, attendance="", items=ITEMS, devices=DEVICES)
MAP = """
case = "case_no"
[time]
format = "iso"
zone = "Asia/Shanghai"
[constants]
window = "w1"
[[events]]
event = "accepted"
at = "accepted_at"
fields = { item = "item", staff = "officer" }
[[events]]
event = "completed"
at = "done_at"
optional = true
fields = { staff = "officer", result = "result" }
values = { result = { "1" = "granted", "0" = "denied" } }
"""
TABLE = """CREATE TABLE cases (case_no VARCHAR(40) PRIMARY KEY, item VARCHAR(40), officer VARCHAR(40), result INTEGER,
  accepted_at {time}, done_at {time}, updated_at {time}, applicant VARCHAR(40))"""
VIEW = "CREATE VIEW v_cases AS SELECT case_no, item, officer, result, accepted_at, done_at, updated_at FROM cases"


class Approval:
    """The other system: its own database, written by its own hands."""

    def __init__(self, url: str, kind: str) -> None:
        self.url, self.kind = url, kind
        self._engine = create_engine(url)
        self._run(TABLE.format(time="TIMESTAMP" if kind == "postgresql" else "TEXT"))
        self._run(VIEW)

    def case(self, number: str, accepted: str, *, done: str | None = None, **more: Any) -> None:
        """A case as it stands now; `updated` is when it was written (default: with its last event)."""
        row: dict[str, Any] = {
            "case_no": number, "item": "i1", "officer": "s01", "result": 1 if done else None,
            "accepted_at": self._time(accepted), "done_at": self._time(done),
            "updated_at": self._time(more.pop("updated", done or accepted)), "applicant": "李四", **more,
        }  # fmt: skip
        self._run("DELETE FROM cases WHERE case_no = :case_no", {"case_no": number})
        names = ", ".join(row)
        self._run(f"INSERT INTO cases ({names}) VALUES ({', '.join(f':{n}' for n in row)})", row)  # noqa: S608

    def cases(self, found: Sequence[dict[str, Any]]) -> None:
        with self._engine.begin() as conn:
            conn.execute(
                text(
                    "INSERT INTO cases (case_no, item, officer, accepted_at, updated_at)"
                    " VALUES (:n, 'i1', 's01', :a, :u)"
                ),
                [{"n": one["n"], "a": self._time(one["a"]), "u": self._time(one["u"])} for one in found],
            )

    def set(self, number: str, name: str, value: str) -> None:
        """A cell of a case, in the database's own words."""
        written = f"'{value}'" if value else "''"
        self._run(f"UPDATE cases SET {name} = {written} WHERE case_no = '{number}'")  # noqa: S608

    def rows(self) -> list[Any]:
        with self._engine.connect() as conn:
            return list(conn.execute(text("SELECT * FROM cases ORDER BY case_no")))

    def close(self) -> None:
        self._engine.dispose()

    def _time(self, when: str | None) -> Any:
        if when is None:
            return None
        local = at(when).replace(tzinfo=None)
        return local if self.kind == "postgresql" else local.isoformat(sep=" ")

    def _run(self, statement: str, values: dict[str, Any] | None = None) -> None:
        with self._engine.begin() as conn:
            conn.execute(text(statement), values or {})


@pytest.fixture(params=KINDS)
def approval(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Approval]:
    server = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    with server.database() if server else nullcontext(f"sqlite:///{tmp_path / 'approval.sqlite'}") as url:
        found = Approval(url, request.param)
        yield found
        found.close()


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    return World(store, tmp_path, REGISTRY, start="03-02 08:00")


@pytest.fixture
def feed(approval: Approval, tmp_path: Path) -> Callable[..., Feed]:
    def make(*, mapping: str = MAP, url: str = approval.url, **settings: Any) -> Feed:
        path = tmp_path / "approval.toml"
        path.write_text(mapping, encoding="utf-8")
        where = {} if "query" in settings else {"view": "v_cases"}
        given = {"id": FEED, "url": url, "map": str(path), "mark": "updated_at", **where, **settings}
        return open_feed(FeedSettings.model_validate(given), tmp_path / "maps")

    return make


def polled(world: World, feed: Feed, when: str) -> Polled:
    world.clock.set(at(when))
    with world.store.read() as conn:
        registry = world.program.registry.get(conn)
    done = poll(world.store, feed, registry, now=world.clock.now)
    assert done is not None
    return done


def facts(world: World) -> list[tuple[Any, ...]]:
    return sorted(columns(rows(world.store, CaseEventRow), "case_key", "event", "at", "staff"))


def watermark(world: World, when: str) -> datetime | None:
    with world.store.read() as conn:
        return Sources(conn, world.program.registry.get(conn), now=at(when)).state(FEED).watermark


# ------------------------------------------------------------------ what comes


def test_rows_become_facts_and_a_poll_over_the_same_rows_changes_nothing(
    world: World, approval: Approval, feed: Callable[..., Feed]
) -> None:
    approval.case("A1", "03-02 09:00", done="03-02 10:00")
    approval.case("A2", "03-02 09:30")
    one = feed()
    first = polled(world, one, "03-02 10:01")
    assert (first.rows, first.fed.stored, first.fed.quarantined) == (2, 3, 0)
    assert facts(world) == [
        ("city/A1", "accepted", at("03-02 09:00"), "s01"),
        ("city/A1", "completed", at("03-02 10:00"), "s01"),
        ("city/A2", "accepted", at("03-02 09:30"), "s01"),
    ]
    before = facts(world)
    again = polled(world, one, "03-02 10:02")
    assert (again.rows, again.fed.stored, again.fed.duplicates) == (1, 0, 0), "the overlap is read and known"
    after_restart = polled(world, feed(), "03-02 10:03")
    assert (after_restart.fed.stored, after_restart.fed.duplicates) == (0, 2)
    assert facts(world) == before
    assert count(world.store, Quarantine) == 0


def test_a_changed_row_adds_what_is_new_and_contradicts_nothing(
    world: World, approval: Approval, feed: Callable[..., Feed]
) -> None:
    approval.case("A1", "03-02 09:00")
    one = feed()
    polled(world, one, "03-02 09:01")
    approval.case("A1", "03-02 09:00", done="03-02 11:00", officer="s02")
    polled(world, one, "03-02 11:01")
    assert facts(world) == [
        ("city/A1", "accepted", at("03-02 09:00"), "s01"),
        ("city/A1", "completed", at("03-02 11:00"), "s02"),
    ]
    assert count(world.store, Quarantine) == 0


def test_a_late_row_inside_the_overlap_is_taken_and_one_beyond_it_is_not(
    world: World, approval: Approval, feed: Callable[..., Feed]
) -> None:
    one = feed(overlap=600)
    approval.case("A1", "03-02 10:00")
    polled(world, one, "03-02 10:01")
    approval.case("late", "03-02 09:55")
    approval.case("too late", "03-02 09:45")
    polled(world, one, "03-02 10:02")
    assert [row[0] for row in facts(world)] == ["city/A1", "city/late"]


def test_one_row_dated_in_the_future_does_not_hide_those_that_come_after(
    world: World, approval: Approval, feed: Callable[..., Feed]
) -> None:
    one = feed(overlap=0)
    approval.case("A1", "03-02 09:00", updated="2031-01-01 00:00")
    polled(world, one, "03-02 10:00")
    approval.case("A2", "03-02 10:05")
    polled(world, one, "03-02 10:06")
    assert [row[0] for row in facts(world)] == ["city/A1", "city/A2"]


@pytest.mark.parametrize("page_rows", [1, 2, 3, 7, 100])
def test_pages_of_any_size_bring_every_row_once_also_many_of_one_mark(
    world: World, approval: Approval, feed: Callable[..., Feed], page_rows: int
) -> None:
    marks = ["03-02 09:00"] * 2 + ["03-02 09:01"] * 7 + ["03-02 09:02", "03-02 09:03", "03-02 09:03"]
    approval.cases([{"n": f"A{n:02}", "a": "03-02 09:00", "u": mark} for n, mark in enumerate(marks)])
    done = polled(world, feed(page_rows=page_rows), "03-02 09:05")
    assert (done.rows, done.fed.stored, done.fed.duplicates) == (12, 12, 0)


def test_a_query_in_place_of_a_view(world: World, approval: Approval, feed: Callable[..., Feed]) -> None:
    approval.case("A1", "03-02 09:00")
    approval.case("B1", "03-02 09:00")
    polled(world, feed(query="SELECT * FROM cases WHERE case_no LIKE 'A%' AND ':x' <> 'y';"), "03-02 09:05")
    assert [row[0] for row in facts(world)] == ["city/A1"]


def test_reading_begins_at_the_start_that_is_given(world: World, approval: Approval, feed: Callable[..., Feed]) -> None:
    approval.case("old", "02-02 09:00")
    approval.case("new", "03-02 09:00")
    start: Any = at("03-01 00:00").replace(tzinfo=None) if approval.kind == "postgresql" else "2026-03-01"
    polled(world, feed(start=start), "03-02 09:05")
    assert [row[0] for row in facts(world)] == ["city/new"]


def test_what_the_registry_lacks_goes_to_quarantine_and_is_taken_once_it_is_there(
    world: World, approval: Approval, feed: Callable[..., Feed]
) -> None:
    one = feed()
    approval.case("A1", "03-02 09:00", officer="s77")
    first = polled(world, one, "03-02 09:05")
    assert [(r.place, r.reason) for r in first.fed.refused] == [(1, "unknown_ref")]
    assert watermark(world, "03-02 09:05") == at("03-02 09:00"), "what is held back holds the watermark"
    staff = [*REGISTRY["staff"], {"id": "s77", "unit": "u1", "name": "新人"}]
    world.register({**REGISTRY, "staff": staff})
    polled(world, one, "03-02 09:06")
    assert facts(world) == [("city/A1", "accepted", at("03-02 09:00"), "s77")]
    assert watermark(world, "03-02 09:06") == at("03-02 09:06")
    assert columns(rows(world.store, Quarantine), "state") == [("replayed",)]


# ------------------------------------------------------------------ what may be concluded


def test_the_watermark_is_the_beginning_of_the_last_whole_poll(
    world: World, approval: Approval, feed: Callable[..., Feed]
) -> None:
    assert watermark(world, "03-02 09:00") is None
    one = feed()
    polled(world, one, "03-02 09:00")
    assert watermark(world, "03-02 09:30") == at("03-02 09:00")
    with world.store.read() as conn:
        registry = world.program.registry.get(conn)
    approval.case("A1", "03-02 09:10")
    world.clock.set(at("03-02 09:20"))
    assert poll(world.store, one, registry, now=world.clock.now, going_on=lambda: False) is None
    assert watermark(world, "03-02 09:30") == at("03-02 09:00"), "a poll that ended early proves nothing"


def test_while_a_long_poll_goes_on_the_source_lives_and_proves_nothing(
    world: World, approval: Approval, feed: Callable[..., Feed]
) -> None:
    approval.cases([{"n": f"A{n}", "a": "03-02 09:00", "u": f"03-02 09:{n:02}"} for n in range(10)])
    with world.store.read() as conn:
        registry = world.program.registry.get(conn)
    ticking = iter(at("03-02 10:00") + timedelta(seconds=15 * n) for n in range(1000))
    assert poll(world.store, feed(page_rows=2), registry, now=lambda: next(ticking)) is not None
    beats = rows(world.store, HeartbeatRow)
    assert [b["queue"] for b in beats[:-1]] == [1] * (len(beats) - 1) != []
    assert (beats[-1]["at"], beats[-1]["queue"]) == (at("03-02 10:00"), 0)
    assert {b["delta_ms"] for b in beats} == {0}, "no skew: the times are the program's own"


def test_a_view_that_does_not_answer_leaves_its_cases_unknown_and_its_backlog_is_judged_then(
    world: World, approval: Approval, feed: Callable[..., Feed]
) -> None:
    one = feed()
    approval.case("late", "03-02 10:00")
    approval.case("done", "03-02 10:00")
    polled(world, one, "03-02 10:01")
    world.judge("03-02 10:01")
    world.judge("03-10 09:00")
    assert world.card_lines("case.limit") == [], "nobody is accused because the view was away"
    assert {card["rule"] for card in world.cards()} == {"device.silent", "unknown.stale"}
    approval.case("done", "03-02 10:00", done="03-06 11:00")
    polled(world, one, "03-10 09:01")
    world.judge("03-10 09:01")
    (line,) = world.card_lines("case.limit")
    assert "city/late" in line
    assert "yellow" in line


def test_a_failing_poll_raises_and_keeps_what_was_stored(
    world: World, approval: Approval, feed: Callable[..., Feed]
) -> None:
    approval.case("A1", "03-02 09:00")
    with pytest.raises(SourceAway):
        polled(world, feed(view="v_other"), "03-02 09:01")
    broken = MAP.replace('at = "done_at"', 'at = "finished_at"')
    with pytest.raises(SourceAway, match="finished_at"):
        polled(world, feed(mapping=broken), "03-02 09:01")
    assert watermark(world, "03-02 09:01") is None
    assert count(world.store, RawEvent) == 0


# ------------------------------------------------------------------ no write


def test_the_other_database_refuses_every_write_and_is_unchanged_by_polls(
    world: World, approval: Approval, feed: Callable[..., Feed], tmp_path: Path
) -> None:
    approval.case("A1", "03-02 09:00")
    before = approval.rows()
    digest = _digest(approval, tmp_path)
    for statement in (
        "INSERT INTO cases (case_no) VALUES ('X')",
        "UPDATE cases SET officer = 'x'",
        "DELETE FROM cases",
        "CREATE TABLE mine (n INTEGER)",
        "DROP VIEW v_cases",
    ):
        with open_read_only(approval.url, 5).connect() as conn, pytest.raises(DBAPIError, match="read-?only"):
            conn.execute(text(statement))
    for when in ("03-02 09:01", "03-02 09:02"):
        polled(world, feed(), when)
    assert approval.rows() == before
    assert _digest(approval, tmp_path) == digest


def _digest(approval: Approval, folder: Path) -> str | None:
    if approval.kind != "sqlite":
        return None
    approval.close()
    assert not list(folder.glob("approval.sqlite-*")), "no journal beside it"
    return hashlib.sha256((folder / "approval.sqlite").read_bytes()).hexdigest()


def test_nothing_but_the_mapped_columns_leaves_the_other_database(
    world: World, approval: Approval, feed: Callable[..., Feed]
) -> None:
    approval.case("A1", "03-02 09:00")
    polled(world, feed(), "03-02 09:01")
    assert "李四" not in str([rows(world.store, model) for model in (RawEvent, RawPayload, CaseEventRow, Quarantine)])


# ------------------------------------------------------------------ what cannot be polled


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"map": "nowhere"},
            "feeds: view-1: map: 'nowhere' 既不是文件也不是随附的映射 is neither a file nor a shipped map",
        ),
        ({"mapping": MAP.replace("case_no", "", 1) + "\n[x]\n"}, "feeds: view-1: map: "),
        (
            {"mapping": 'namespace = "n"\n' + MAP},
            "map: namespace: 应写在台账的该设备行 say it in the registry's row of view-1",
        ),
        ({"query": "DELETE FROM cases"}, "feeds: view-1: query: 应为一条 SELECT 语句 one SELECT is wanted"),
        ({"query": "SELECT 1; DELETE FROM cases"}, "query: 应为一条 SELECT 语句 one SELECT is wanted"),
        ({"url": "nodb://x/y"}, "feeds: view-1: url: "),
        ({"url": "sqlite://"}, "url: 应为 SQLite 文件的路径 the path of a SQLite file is wanted"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("approval", ["sqlite"], indirect=True)
def test_a_feed_that_cannot_be_used_names_itself_and_its_key(
    feed: Callable[..., Feed], settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadView) as caught:
        feed(**settings)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("device", "said"),
    [
        ({"id": "other", "kind": "cases"}, "no such device"),
        ({"id": FEED, "kind": "evaluator"}, "of kind evaluator sends no cases"),
        ({"id": FEED, "kind": "cases", "watermark": "events"}, "leave it empty: polls are heartbeats"),
    ],
    ids=["unregistered", "another kind", "another watermark"],
)
@pytest.mark.parametrize("approval", ["sqlite"], indirect=True)
def test_a_feed_that_the_registry_does_not_know_brings_nothing(
    store: Store, tmp_path: Path, approval: Approval, feed: Callable[..., Feed], device: dict[str, Any], said: str
) -> None:
    world = World(store, tmp_path, {**REGISTRY, "devices": [{"hall": "h1", **device}]}, start="03-02 08:00")
    approval.case("A1", "03-02 09:00")
    with pytest.raises(BadView, match=said):
        polled(world, feed(), "03-02 09:01")
    assert count(store, Quarantine) == count(store, RawEvent) == 0


# ------------------------------------------------------------------ the program


@pytest.mark.parametrize("approval", ["sqlite"], indirect=True)
def test_the_daemon_polls_goes_on_while_the_view_is_away_and_takes_it_up_again(
    tmp_path: Path, approval: Approval, eventually: Eventually
) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "approval.toml").write_text(MAP)
    (folder / "registry.toml").write_text(toml(REGISTRY))
    file, hidden = tmp_path / "approval.sqlite", tmp_path / "hidden.sqlite"
    config = f"""
[mqtt]
enabled = false
[[feeds]]
id = "{FEED}"
url_env = "APPROVAL_URL"
view = "v_cases"
mark = "updated_at"
map = "approval.toml"
poll_seconds = 1
"""
    daemon = Daemon(folder, {"APPROVAL_URL": f"sqlite:///{file}"}, config)
    with pytest.raises(AssertionError, match=f"feeds {FEED}: "):
        daemon.command("config", "check")
    daemon.command("registry", "import", str(folder / "registry.toml"))
    approval.case("A1", "03-02 09:00")
    assert (
        daemon.command("cases", "poll", FEED, "--once", "--json")
        == '{"stored": 1, "duplicates": 0, "quarantined": 0}\n'
    )
    store = Store(f"sqlite:///{folder / 'jiancha.sqlite'}")
    with daemon:
        approval.case("A2", "03-02 09:01")
        eventually(lambda: count(store, CaseEventRow) == 2, what="the daemon polls")
        file.rename(hidden)
        eventually(lambda: '"feed.failed"' in daemon.log(), what="said in the log")
        hidden.rename(file)
        approval.case("A3", "03-02 09:02")
        eventually(lambda: count(store, CaseEventRow) == 3, what="taken up again")
        with store.read() as conn:
            assert meta.text(conn, f"feed.{FEED}.mark") == '["plain", "2026-03-02 09:02:00"]'
    assert "APPROVAL" not in daemon.log()
    store.close()


@pytest.mark.long
@pytest.mark.parametrize("approval", ["sqlite", "postgresql"], indirect=True)
def test_a_hundred_thousand_rows_are_read_in_bounded_memory(
    world: World, approval: Approval, feed: Callable[..., Feed]
) -> None:
    start = at("02-02 00:00")
    made = ((start + timedelta(seconds=n // 3)).strftime("%m-%d %H:%M:%S") for n in range(100_000))
    approval.cases([{"n": f"A{n}", "a": when, "u": when} for n, when in enumerate(made)])
    tracemalloc.start()
    done = polled(world, feed(), "03-02 09:00")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (done.rows, done.fed.stored) == (100_000, 100_000)
    assert peak < 60 * 1024 * 1024
    assert watermark(world, "03-02 09:00") == at("03-02 09:00")


# ------------------------------------------------------------------ rows that are odd


@pytest.mark.parametrize("approval", ["postgresql"], indirect=True)
@pytest.mark.parametrize("field", ["accepted", "updated"])
@pytest.mark.parametrize("endless", ["infinity", "-infinity", "12026-03-02", "0044-03-15 BC"])
def test_a_time_that_no_datetime_holds_does_not_stop_the_rows_beside_it(
    world: World, approval: Approval, feed: Callable[..., Feed], field: str, endless: str
) -> None:
    """As an event's time it is quarantined as it is written; as a mark it is nothing to go on from."""
    approval.case("A1", "03-02 09:00")
    approval.case("A2", "03-02 09:00")
    approval.set("A2", {"accepted": "accepted_at", "updated": "updated_at"}[field], endless)
    approval.case("A3", "03-02 09:02")
    for page_rows in (1, 2, 1000):
        polled(world, feed(page_rows=page_rows), "03-02 09:03")
    assert {fact[0] for fact in facts(world)} == {"city/A1", "city/A3"} | ({"city/A2"} if field == "updated" else set())
    kept = [row["payload"] for row in rows(world.store, Quarantine)]
    assert [endless.split()[0] in payload for payload in kept] == [True] * (1 if field == "accepted" else 0)
    approval.case("A4", "03-02 09:05")
    assert polled(world, feed(overlap=60), "03-02 09:06").fed.stored == 1


@pytest.mark.parametrize("approval", ["sqlite"], indirect=True)
@pytest.mark.parametrize("odd", ["", "?", "更新"])
def test_a_mark_that_is_no_time_is_nothing_to_go_on_from(
    world: World, approval: Approval, feed: Callable[..., Feed], odd: str
) -> None:
    approval.case("A1", "03-02 09:00")
    approval.case("A2", "03-02 09:01")
    approval.set("A2", "updated_at", odd)
    for page_rows in (1, 2, 1000):
        polled(world, feed(page_rows=page_rows), "03-02 09:03")
    approval.case("A3", "03-02 09:05")
    assert polled(world, feed(overlap=60), "03-02 09:06").fed.stored == 1


@pytest.mark.parametrize("approval", ["sqlite"], indirect=True)
def test_marks_of_which_none_can_be_gone_on_from_are_told_at_the_first_poll(
    world: World, approval: Approval, feed: Callable[..., Feed]
) -> None:
    approval.case("A1", "03-02 09:00")
    with pytest.raises(BadView, match="feeds: view-1: mark: .*set overlap = 0"):
        polled(world, feed(mark="case_no"), "03-02 09:01")
    with pytest.raises(BadView, match="feeds: view-1: mark: bytes .* is neither a time, a number nor text"):
        polled(world, feed(query="SELECT *, x'0102' AS version FROM cases", mark="version"), "03-02 09:01")
    assert watermark(world, "03-02 09:02") is None


@pytest.mark.parametrize(
    "start", ["2026-03-02 09:01:00", datetime(2026, 3, 2, 9, 1), at("03-02 09:01")],  # noqa: DTZ001
    ids=["text", "local", "with offset"],
)  # fmt: skip
def test_reading_begins_at_the_same_row_however_the_start_is_written(
    world: World, approval: Approval, feed: Callable[..., Feed], start: Any
) -> None:
    """In the map's zone, whatever the database server's own is."""
    for minute in range(3):
        approval.case(f"A{minute}", f"03-02 09:0{minute}")
    polled(world, feed(start=start), "03-02 09:10")
    assert [fact[0] for fact in facts(world)] == ["city/A1", "city/A2"]


def test_a_query_may_end_in_a_comment(world: World, approval: Approval, feed: Callable[..., Feed]) -> None:
    approval.case("A1", "03-02 09:00")
    assert polled(world, feed(query="SELECT * FROM v_cases -- all of it"), "03-02 09:01").rows == 1


@pytest.mark.parametrize("approval", ["sqlite"], indirect=True)
def test_a_missing_file_with_the_url_is_named_as_such(feed: Callable[..., Feed]) -> None:
    with pytest.raises(BadView, match="url_file: nowhere: .*no such file"):
        feed(url=None, url_file="nowhere")


@pytest.mark.parametrize("approval", ["sqlite"], indirect=True)
def test_a_database_that_names_no_encoding_gives_its_text(
    world: World, postgres: Postgres, feed: Callable[..., Feed]
) -> None:
    """SQL_ASCII, as initdb makes it under the locale C: the driver alone would give bytes."""
    with postgres.connect() as conn:
        conn.execute("CREATE DATABASE plain ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    approval = Approval(postgres.url("plain") + "?client_encoding=utf8", "postgresql")
    try:
        approval.case("沪A1", "03-02 09:00")
        polled(world, feed(url=postgres.url("plain")), "03-02 09:01")
        assert [fact[0] for fact in facts(world)] == ["city/沪A1"]
    finally:
        approval.close()
        with postgres.connect() as conn:
            conn.execute("DROP DATABASE plain WITH (FORCE)")
