"""Quarantine under people's hands: list, replay after the cause is mended, dismiss (DESIGN §3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from monitor.ingest.decode import Message
from monitor.ingest.quarantine import listed
from monitor.ingest.replay import Replayed, dismiss, replay
from monitor.ingest.writer import write_batch
from monitor.model import Registry, Staff
from monitor.store.engine import Store
from monitor.store.schema import Audit, CheckinRow, PrivateText, Quarantine, RatingRow, RawEvent
from tests.ingest_world import NINE, REGISTRY, beat, columns, count, message, rows, stamp

pytestmark = pytest.mark.both_databases

NOON = NINE + timedelta(hours=3)
MENDED = replace(REGISTRY, staff={**REGISTRY.staff, "s9": Staff(id="s9", unit="u1")})


def write(store: Store, *messages: Message) -> None:
    with store.write() as conn:
        write_batch(conn, messages, REGISTRY)


def again(store: Store, registry: Registry = MENDED, **filters: object) -> Replayed:
    with store.write() as conn:
        return replay(conn, registry, now=NOON, actor="op", **filters)  # type: ignore[arg-type]


def test_a_mended_reference_becomes_a_fact_with_its_own_receipt_time(store: Store) -> None:
    write(store, message("checkin", staff="s9", seq=4, boot="b"), message(id="bad", score=9))
    done = again(store)
    assert done.released == (1,)
    assert [(n, reason) for n, reason, _ in done.still_held] == [(2, "malformed")]
    (fact,) = rows(store, CheckinRow)
    assert (fact["staff"], fact["received"], fact["seq"]) == ("s9", NINE + timedelta(seconds=1), 4)
    assert columns(rows(store, Quarantine), "state", "resolved_by", "seen") == [
        ("replayed", "op", 1),
        ("open", None, 1),
    ]
    assert columns(rows(store, Audit), "action", "object_id", "actor") == [("quarantine.replayed", "1", "op")]


def test_replaying_twice_changes_nothing(store: Store) -> None:
    write(store, message("checkin", staff="s9"))
    again(store)
    assert again(store) == Replayed(released=(), still_held=())
    assert count(store, RawEvent) == 1


def test_a_row_that_is_refused_for_another_reason_shows_that_reason(store: Store) -> None:
    write(store, message("checkin", device="term-9", staff="s8"))
    term = replace(REGISTRY.devices["term-1"], id="term-9")
    done = again(store, replace(REGISTRY, devices={**REGISTRY.devices, "term-9": term}))
    assert [(n, reason) for n, reason, _ in done.still_held] == [(1, "unknown_ref")]
    assert columns(rows(store, Quarantine), "reason", "state") == [("unknown_ref", "open")]


def test_an_event_that_was_early_is_taken_once_heartbeats_before_it_are_known(store: Store) -> None:
    ahead = timedelta(hours=1)
    write(store, message(at=stamp(NINE + ahead), received=NINE, boot="b"))
    assert again(store).released == ()
    write(store, beat(at=NINE + ahead - timedelta(minutes=1), received=NINE - timedelta(minutes=1), boot="b"))
    assert again(store).released == (1,)


def test_heartbeats_that_came_after_an_early_event_mend_it_too(store: Store) -> None:
    """A clock that runs five minutes ahead is known by its next heartbeat only."""
    ahead = timedelta(minutes=5)
    write(store, message(at=stamp(NINE + ahead), received=NINE, boot="b"))
    write(store, beat(at=NINE + ahead + timedelta(minutes=1), received=NINE + timedelta(minutes=1), boot="b"))
    assert again(store).released == (1,)


HOURS_BEHIND = timedelta(minutes=15)


def heard_behind(store: Store, *, devices: Sequence[str], behind: timedelta = HOURS_BEHIND) -> None:
    """A morning of heartbeats of these devices; those about nine are received by a clock that is behind, and so is an
    event of a source without heartbeats, which is held.
    """
    for device in devices:
        for minute in range(-60, 60):
            at = NINE + timedelta(minutes=minute)
            late = behind if -2 <= minute <= 2 else timedelta(0)
            write(store, beat(device, at=at, received=at - late, boot="b"))
    write(store, message("case", at=stamp(NINE), received=NINE - behind))
    assert columns(rows(store, Quarantine), "reason", "state") == [("future", "open")]


@pytest.mark.parametrize(("devices", "taken"), [(["ev-1", "cam-1"], True), (["ev-1"], False), ([], False)])
def test_an_event_that_the_daemons_own_clock_made_early_is_taken_where_others_show_it(
    store: Store, devices: list[str], taken: bool
) -> None:
    """A daemon started while its host's clock was behind: no heartbeat of the device itself could ever mend it."""
    heard_behind(store, devices=devices)
    assert bool(again(store).released) is taken
    if taken:
        (row,) = rows(store, RawEvent)
        assert (row["at"], row["received"]) == (NINE, NINE), "it was received when it happened, not before"


def test_what_was_longer_under_way_seems_less_ahead(store: Store) -> None:
    heard_behind(store, devices=["ev-1", "cam-1"])
    write(store, message("case", id="e2", at=stamp(NINE - timedelta(minutes=10)), received=NINE - HOURS_BEHIND))
    assert again(store).released == (1, 2)


def test_others_that_were_early_by_something_else_show_nothing(store: Store) -> None:
    """Their clocks stepped, or another daemon was behind by less: this device's may be wrong all the same."""
    for device in ("ev-1", "cam-1"):
        for minute in range(-60, 60):
            at = NINE + timedelta(minutes=minute)
            late = timedelta(minutes=4) if -2 <= minute <= 2 else timedelta(0)
            write(store, beat(device, at=at, received=at - late, boot="b"))
    write(store, message("case", at=stamp(NINE), received=NINE - HOURS_BEHIND))
    assert again(store).released == ()


def test_what_has_not_happened_yet_is_not_taken_whoever_was_behind(store: Store) -> None:
    for device in ("ev-1", "cam-1"):
        write(store, beat(device, at=NOON + timedelta(minutes=5), received=NOON - timedelta(minutes=10), boot="b"))
    write(store, message("case", at=stamp(NOON + timedelta(minutes=5)), received=NOON - timedelta(minutes=10)))
    assert again(store).released == ()


def test_a_wider_bound_of_the_policy_mends_an_early_event(store: Store) -> None:
    write(store, message(at=stamp(NINE + timedelta(minutes=3)), received=NINE))
    assert again(store).released == ()
    assert again(store, future=timedelta(minutes=5)).released == (1,)


def test_a_retained_event_is_taken_when_a_person_replays_it(store: Store) -> None:
    write(store, msgspec.structs.replace(message(comment="好"), retained=True))
    assert again(store).released == (1,)
    assert count(store, RatingRow) == 1
    assert columns(rows(store, PrivateText), "text") == [("好",)], "the comment came through quarantine"


def test_what_was_not_kept_stays_held(store: Store) -> None:
    write(store, Message(device="ev-1", channel="rating", payload=b"\xff", received=NINE))
    assert again(store).still_held == ((1, "malformed", "内容未保留 payload not kept"),)


def test_filters_choose_rows(store: Store) -> None:
    write(store, message("checkin", id="a", staff="s9"), message("duty", id="b", staff="s9"))
    assert again(store, device="term-1").released == (1,)
    assert again(store, reason="malformed").released == ()
    assert again(store, ids=[2]).released == (2,)


def test_ids_that_are_not_open_are_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="no open row numbered 7"):
        again(store, ids=[7])


def test_dismissing_needs_a_reason_and_is_recorded(store: Store) -> None:
    write(store, message("checkin", staff="s9"))
    with store.write() as conn, pytest.raises(ValueError, match="reason"):
        dismiss(conn, [1], now=NOON, actor="op", why=" ")
    with store.write() as conn:
        dismiss(conn, [1], now=NOON, actor="op", why="test device")
    with store.read() as conn:
        assert listed(conn) == []
        (row,) = listed(conn, states=["dismissed"])
    assert row.reason == "unknown_ref"
    assert columns(rows(store, Quarantine), "state", "resolved_why") == [("dismissed", "test device")]
    assert columns(rows(store, Audit), "action") == [("quarantine.dismissed",)]
    with store.write() as conn, pytest.raises(ValueError, match="no open row"):
        dismiss(conn, [1], now=NOON, actor="op", why="again")
