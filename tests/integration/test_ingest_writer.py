"""One batch, one transaction: what stands in the store afterwards (DESIGN §1B.1, §3.1, §10)."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import pytest
from sqlalchemy import Connection, update

from monitor.ingest.decode import Message
from monitor.ingest.writer import BatchResult, Writing, write_batch
from monitor.store.engine import Store
from monitor.store.schema import (
    CaseEventRow,
    CheckinRow,
    DeviceStatus,
    DutyRow,
    HeartbeatRow,
    LostSpan,
    PresenceRow,
    PrivateText,
    Quarantine,
    RatingRow,
    RawEvent,
    RawPayload,
    Subject,
    SubjectWait,
    TaskEventRow,
)
from monitor.store.sql import insert, table_of
from tests.ingest_world import NINE, REGISTRY, beat, columns, count, message, rows, stamp

pytestmark = pytest.mark.both_databases

SECOND = timedelta(seconds=1)


def write(store: Store, *messages: Message, how: Writing | None = None) -> BatchResult:
    with store.write() as conn:
        return write_batch(conn, messages, REGISTRY, how)


def fates(result: BatchResult) -> list[str]:
    return [o.refused.reason if o.refused else o.result for o in result.outcomes]


def test_each_channel_lands_in_its_table_with_window_and_case_key_filled_in(store: Store) -> None:
    result = write(
        store,
        message("rating", id="r", case="7", tags=["态度"], seq=1, boot="b"),
        message("duty", id="d"),
        message("presence", id="p", people=0, confidence=0.5),
        message("checkin", id="c", direction="in", distance=0.4),
        message("case", id="k", due="2026-03-09T17:30:00+08:00", item="i1", staff="s1"),
        message("task", id="t", case="7", due="2026-03-09T17:30:00+08:00"),
    )
    assert fates(result) == ["stored"] * 6
    assert count(store, RawEvent) == 6
    assert columns(rows(store, RatingRow), "window", "case_key", "score", "tags", "origin", "seq", "boot") == [
        ("w1", "ev-1/7", 5, ["态度"], "device", 1, "b")
    ]
    assert columns(rows(store, DutyRow), "window", "staff", "action") == [("w1", "s1", "on")]
    assert columns(rows(store, PresenceRow), "window", "people", "view", "confidence") == [("w1", 0, "ok", 0.5)]
    assert columns(rows(store, CheckinRow), "staff", "direction", "distance") == [("s1", "in", 0.4)]
    (case,) = rows(store, CaseEventRow)
    assert (case["case_key"], case["event"], case["item"], case["staff"]) == (
        "city/c1",
        "accepted",
        "i1",
        "s1",
    )
    assert case["body"] == {"due": "2026-03-09T09:30:00+00:00"}
    assert case["at_second"] == int(NINE.timestamp())
    (task,) = rows(store, TaskEventRow)
    assert (task["due"], task["case_key"]) == (datetime.fromisoformat("2026-03-09T09:30:00+00:00"), "city/7")


def test_the_same_id_again_is_a_duplicate_and_with_other_content_a_conflict(store: Store) -> None:
    assert fates(write(store, message(), message(), message(score=1))) == ["stored", "duplicate", "conflict"]
    assert fates(write(store, message(), message(extra="x"), message(score=1))) == [
        "duplicate",
        "duplicate",
        "conflict",
    ]
    assert fates(write(store, message(device="gate-1", window="w1"))) == ["stored"], "an id is unique per device only"
    assert columns(rows(store, Quarantine), "reason", "event_id", "seen") == [("conflict", "e1", 2)]
    assert count(store, RatingRow) == 2


def test_a_repetition_is_a_duplicate_even_where_it_would_be_refused_today(store: Store) -> None:
    write(store, message(window="w2"))
    without = replace(REGISTRY, windows={"w1": REGISTRY.windows["w1"]}, devices=REGISTRY.devices)
    with store.write() as conn:
        again = write_batch(
            conn, [message(window="w2"), msgspec.structs.replace(message(window="w2"), retained=True)], without
        )
    assert fates(again) == ["duplicate", "duplicate"]
    assert count(store, Quarantine) == 0


def test_refused_messages_are_kept_with_what_could_be_read(store: Store) -> None:
    result = write(
        store,
        message("checkin", id="a", method="iris", seq=3, boot="b"),
        Message(device="ev-1", channel="rating", payload=b"\xff\xff", received=NINE),
        Message(device="ev-1", channel="nonsense\x00" * 20, payload=b"{}", received=NINE),
        message(id="f", at="2026-03-02T03:00:00Z"),
    )
    assert fates(result) == ["malformed", "malformed", "unknown_channel", "future"]
    held = rows(store, Quarantine)
    assert columns(held, "event_id", "seq", "boot", "payload", "length", "state")[1] == (
        None,
        None,
        "",
        None,
        2,
        "open",
    )
    assert columns(held, "event_id", "at", "seq", "boot")[0] == ("a", NINE, 3, "b")
    assert "\x00" not in held[2]["channel"]
    assert len(held[2]["channel"]) <= 64
    assert count(store, RawEvent) == 0


def test_the_same_refused_payload_counts_up_one_row(store: Store) -> None:
    write(store, message(score=9), message(score=9))
    write(store, message(score=9))
    assert columns(rows(store, Quarantine), "seen") == [(3,)]


def test_a_comment_is_kept_apart_with_a_salt_and_in_no_raw_event(store: Store) -> None:
    write(store, message(comment="李四收了红包"))
    assert "红包" not in str([rows(store, model) for model in (RawEvent, RawPayload, RatingRow)])
    (private,) = rows(store, PrivateText)
    assert (private["owner"], private["name"], private["text"]) == ("rating:ev-1/e1", "comment", "李四收了红包")
    assert len(private["salt"]) == 32


def test_what_two_sources_tell_is_kept_of_each_for_the_fold_to_merge(store: Store) -> None:
    one = message("case", device="sys-1", id="a", at=stamp(NINE))
    two = message("case", device="sys-2", id="b", at=stamp(NINE + timedelta(milliseconds=400)))
    later = message("case", device="sys-2", id="c", at=stamp(NINE + SECOND))
    assert fates(write(store, one, two, later)) == ["stored"] * 3
    assert columns(rows(store, CaseEventRow), "event_id") == [("a",), ("b",), ("c",)]


def test_of_what_one_source_tells_twice_in_a_second_the_first_stands_but_both_raw_events(store: Store) -> None:
    one = message("case", device="sys-1", id="a", at=stamp(NINE))
    two = message("case", device="sys-1", id="b", at=stamp(NINE + timedelta(milliseconds=400)))
    assert fates(write(store, one, two)) == ["stored"] * 2
    assert columns(rows(store, CaseEventRow), "event_id") == [("a",)]
    assert count(store, RawEvent) == 2


def test_two_stages_of_one_second_are_two_facts(store: Store) -> None:
    staged = [message("case", id=name, event="stage", stage=name) for name in ("review", "decide")]
    write(store, *staged)
    assert columns(rows(store, CaseEventRow), "discriminator") == [("review",), ("decide",)]


def test_heartbeats_and_status(store: Store) -> None:
    result = write(
        store,
        beat(queue=2, boot="b", last_seq=9),
        beat(queue=2, boot="b", last_seq=9),
        Message(device="ev-1", channel="status", payload=b'{"state":"online"}', received=NINE, retained=True),
        Message(device="ev-1", channel="status", payload=b'{"state":"offline"}', received=NINE + SECOND),
    )
    assert fates(result) == ["stored", "duplicate", "stored", "stored"]
    assert columns(rows(store, HeartbeatRow), "delta_ms", "queue", "last_seq", "boot") == [(1000, 2, 9, "b")]
    assert columns(rows(store, DeviceStatus), "device", "state") == [("ev-1", "offline")]
    write(store, Message(device="ev-1", channel="status", payload=b'{"state":"online"}', received=NINE - SECOND))
    assert columns(rows(store, DeviceStatus), "state") == [("offline",)], "an older status does not replace a newer"


def test_a_clock_that_runs_ahead_is_corrected_by_heartbeats_known_at_the_receipt(store: Store) -> None:
    ahead = timedelta(hours=1)
    early = message(id="early", at=stamp(NINE + ahead), received=NINE, boot="b")
    write(store, early)
    write(store, beat(at=NINE + ahead, received=NINE + SECOND, boot="b"))
    late = message(id="late", at=stamp(NINE + ahead), received=NINE + 2 * SECOND, boot="b")
    other = message(id="other", at=stamp(NINE + ahead), received=NINE + 2 * SECOND, boot="another")
    assert fates(write(store, late, other)) == ["stored", "future"]
    assert columns(rows(store, Quarantine), "event_id", "reason") == [("early", "future"), ("other", "future")]


def test_a_heartbeat_serves_the_events_beside_it_but_not_those_received_before_it(store: Store) -> None:
    ahead = timedelta(hours=1)
    before = message(id="before", at=stamp(NINE + ahead), received=NINE, boot="b")
    told = beat(at=NINE + ahead, received=NINE + SECOND, boot="b")
    after = message(id="after", at=stamp(NINE + ahead), received=NINE + 2 * SECOND, boot="b")
    assert fates(write(store, before, told, after)) == ["future", "stored", "stored"]


def test_a_heartbeat_is_never_future(store: Store) -> None:
    assert fates(write(store, beat(at=NINE + timedelta(days=400), received=NINE))) == ["stored"]


def test_facts_mark_their_subjects_each_at_its_own_receipt(store: Store) -> None:
    later = NINE + timedelta(hours=3)
    write(store, message("case", id="a", received=later), message("case", id="b", event="completed", received=NINE))
    marked = {row["key"]: row for row in rows(store, Subject)}
    assert marked["city/c1"]["next_check_at"] == NINE
    assert marked["city/c1"]["verdict"] == "pending"


def test_a_live_feed_marks_all_at_one_time(store: Store) -> None:
    write(store, message(), how=Writing(due=NINE + timedelta(hours=1)))
    assert columns(rows(store, Subject), "kind", "key", "next_check_at")[0] == (
        "rating",
        "ev-1/e1",
        NINE + timedelta(hours=1),
    )


def expected(conn: Connection, kind: str, key: str, waits_until: datetime | None = None, source: str = "ev-1") -> None:
    """A slot or post made ahead, with nothing to do; it may wait for a source."""
    subject = table_of(Subject)
    values = {"kind": kind, "key": key, "version": 0, "verdict": "unknown", "historic": False, "failures": 0}
    number = conn.execute(insert(conn, subject).values(**values).returning(subject.c.id)).scalar_one()
    if waits_until is not None:
        wait = {"subject": number, "source": source, "until": waits_until}
        conn.execute(insert(conn, table_of(SubjectWait)).values(**wait))


def versions(store: Store) -> dict[str, int]:
    return {row["key"]: row["version"] for row in rows(store, Subject)}


def settle(store: Store) -> None:
    with store.write() as conn:
        conn.execute(update(table_of(Subject)).values(version=0))


def test_a_check_in_marks_the_slots_of_its_day_by_the_corrected_time_in_the_hall(store: Store) -> None:
    with store.write() as conn:
        for day in ("2026-03-01", "2026-03-02", "2026-03-03"):
            expected(conn, "slot", f"s1/{day}/am_in")
            expected(conn, "slot", f"s2/{day}/am_in")
    write(store, message("checkin", at="2026-03-02T01:00:00Z"))
    assert {k for k, v in versions(store).items() if v} == {"s1/2026-03-02/am_in"}


def test_a_heartbeat_wakes_exactly_who_waits_for_what_it_proves(store: Store) -> None:
    with store.write() as conn:
        expected(conn, "slot", "s1/2026-03-02/am_in", NINE)
        expected(conn, "slot", "s2/2026-03-02/am_in", NINE + timedelta(hours=1))
        expected(conn, "post", "w2/2026-03-02/0830", NINE, source="cam-1")
    write(store, beat(at=NINE, received=NINE))
    assert {k for k, v in versions(store).items() if v and "/" in k} == {"s1/2026-03-02/am_in"}


def test_a_heartbeat_with_a_queue_proves_nothing(store: Store) -> None:
    with store.write() as conn:
        expected(conn, "slot", "s1/2026-03-02/am_in", NINE)
    write(store, beat(at=NINE, received=NINE, queue=1))
    assert versions(store)["s1/2026-03-02/am_in"] == 0


@pytest.mark.parametrize("fault", [{}, {"method": "iris"}], ids=["stored", "quarantined"])
def test_an_event_that_closes_a_hole_wakes_who_waits(store: Store, fault: dict[str, str]) -> None:
    write(store, beat("term-1", at=NINE, received=NINE, boot="b", last_seq=2))
    with store.write() as conn:
        expected(conn, "slot", "s2/2026-03-02/am_in", NINE, source="term-1")
    write(store, message("checkin", id="n", seq=3, boot="b", **fault))
    assert versions(store)["s2/2026-03-02/am_in"] == 0, "not announced yet, so it closes no hole"
    write(store, message("checkin", id="h", seq=2, boot="b", **fault))
    assert versions(store)["s2/2026-03-02/am_in"] == 1


def test_a_heartbeat_after_lost_data_wakes_up_to_the_end_of_the_span(store: Store) -> None:
    end = NINE + timedelta(hours=2)
    with store.write() as conn:
        span = {"device": "ev-1", "starts": NINE, "ends": end, "reason": "x", "declared_at": NINE, "actor": "op"}
        conn.execute(insert(conn, table_of(LostSpan)).values(**span))
        expected(conn, "slot", "s1/2026-03-02/am_in", end)
    write(store, beat(at=NINE, received=end + SECOND), how=Writing(due=end + SECOND))
    assert versions(store)["s1/2026-03-02/am_in"] == 1


def test_an_event_moves_the_watermark_of_a_source_that_owes_no_heartbeats(store: Store) -> None:
    with store.write() as conn:
        expected(conn, "case", "city/other", NINE, source="sys-1")
    write(store, message("case", at=stamp(NINE)))
    assert versions(store)["city/other"] == 1


def test_an_event_that_comes_again_and_is_stored_frees_what_was_held_under_its_id(store: Store) -> None:
    write(store, message("checkin", staff="s9", seq=1, boot="b"))
    assert columns(rows(store, Quarantine), "state") == [("open",)]
    write(store, message("checkin", staff="s1", seq=1, boot="b"))
    assert columns(rows(store, Quarantine), "state", "resolved_by") == [("replayed", "system")]


@pytest.mark.sqlite_only
def test_any_order_and_any_split_into_batches_give_the_same_facts(store: Store) -> None:
    sent = [
        message(
            "case",
            id=f"{case}-{event}",
            case=case,
            event=event,
            at=stamp(NINE + n * SECOND),
            received=NINE + 60 * SECOND,
        )
        for n, (case, event) in enumerate(itertools.product(["1", "2"], ["received", "accepted", "completed"]))
    ]
    seen = set()
    for turn, order in enumerate((sent, sent[::-1], sent[3:] + sent[:3])):
        fresh = Store(f"{store.url}-{turn}")
        with fresh.write() as conn:
            table_of(RawEvent).metadata.create_all(conn)
        for size in range(0, 6, turn + 1):
            write(fresh, *order[size : size + turn + 1])
        facts = columns(rows(fresh, CaseEventRow), "case_key", "event", "at", "event_id")
        marks = columns(rows(fresh, Subject), "kind", "key", "next_check_at")
        seen.add((tuple(sorted(facts)), tuple(sorted(marks))))
        fresh.close()
    assert len(seen) == 1
    assert len(next(iter(seen))[0]) == 6


def test_nothing_stands_when_the_transaction_fails(store: Store) -> None:
    def pulled(conn: Connection) -> None:
        write_batch(conn, [message(), beat(), message(id="x", score=9)], REGISTRY)
        raise RuntimeError("the plug was pulled")

    with pytest.raises(RuntimeError, match="pulled"):
        store.step(pulled)
    assert [count(store, t) for t in (RawEvent, RatingRow, HeartbeatRow, Quarantine, Subject)] == [0] * 5


def test_unknown_keys_are_counted(store: Store) -> None:
    assert write(store, message(a=1, b=2), message(id="e2", c=3)).dropped_keys == 3
