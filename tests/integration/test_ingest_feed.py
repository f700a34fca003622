"""Events by HTTP body and by JSON lines: frames, counts, places (DESIGN §3.2)."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.ingest.decode import Message
from monitor.ingest.feed import BadFeed, Fed, import_events, ingest_items, parse_items
from monitor.store.engine import Store
from monitor.store.schema import CheckinRow, HeartbeatRow, Quarantine, RatingRow, RawEvent, Subject
from tests.ingest_world import NINE, REGISTRY, beat, columns, count, message, rows

pytestmark = pytest.mark.both_databases


def item(sent: Message, **extra: Any) -> dict[str, Any]:
    return {"device": sent.device, "channel": sent.channel, "payload": json.loads(sent.payload), **extra}


def post(store: Store, *items: dict[str, Any]) -> Fed:
    return ingest_items(store, parse_items(json.dumps(items).encode()), REGISTRY, NINE + timedelta(seconds=9))[0]


def test_a_request_tells_what_became_of_each_item(store: Store) -> None:
    fed = post(
        store, item(message()), item(message()), item(message(id="x", score=7)), item(message(id="y", window="w9"))
    )
    assert fed.request_answer() == {
        "stored": 1,
        "duplicates": 1,
        "quarantined": [{"index": 2, "reason": "malformed"}, {"index": 3, "reason": "unknown_ref"}],
    }
    assert columns(rows(store, RawEvent), "received") == [(NINE + timedelta(seconds=9),)]


def test_the_payload_of_a_request_is_judged_as_it_was_sent(store: Store) -> None:
    body = b'[{"device":"ev-1","channel":"rating","payload":{"id":"a","at":"2026-03-02T01:00:00Z","score":1e0}}]'
    fed, _ = ingest_items(store, parse_items(body), REGISTRY, NINE)
    assert fed.request_answer()["quarantined"] == [{"index": 0, "reason": "malformed"}]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[1]",
        b'[{"device":"a","channel":"b"}]',
        b'[{"device":1,"channel":"b","payload":{}}]',
        b"[[[",
        b"\xff",
    ],
)
def test_a_body_of_another_shape_is_refused_whole(body: bytes) -> None:
    with pytest.raises(BadFeed, match="body"):
        parse_items(body)


def test_an_empty_request_is_nothing(store: Store) -> None:
    assert post(store) == Fed()


def lines(path: Path, *messages: Message) -> Path:
    path.write_text("".join(json.dumps(item(m, received=m.received.isoformat())) + "\n" for m in messages))
    return path


def test_lines_are_written_with_their_own_receipt_times(store: Store, tmp_path: Path) -> None:
    late = NINE + timedelta(hours=3)
    day = lines(
        tmp_path / "day.jsonl",
        beat("term-1"),
        message("checkin", received=late),
        message("checkin", id="b", staff="s9"),
    )
    fed = import_events(store, day, REGISTRY)
    assert (fed.stored, fed.duplicates, fed.quarantined) == (2, 0, 1)
    assert [(r.place, r.reason) for r in fed.refused] == [(3, "unknown_ref")]
    assert columns(rows(store, CheckinRow), "received") == [(late,)]
    assert columns(rows(store, HeartbeatRow), "delta_ms") == [(1000,)]


def test_importing_twice_changes_nothing(store: Store, tmp_path: Path) -> None:
    day = lines(tmp_path / "day.jsonl", beat("term-1"), message("checkin"), message("case"))
    import_events(store, day, REGISTRY)
    before = rows(store, RawEvent), rows(store, Subject)
    fed = import_events(store, day, REGISTRY)
    assert (fed.stored, fed.duplicates, fed.quarantined) == (0, 3, 0)
    assert (rows(store, RawEvent), rows(store, Subject)) == before


@pytest.mark.parametrize(
    ("second_line", "names"),
    [
        ("not json", "line 2"),
        ('{"device":"ev-1","channel":"rating","payload":{}}', "line 2: .*received"),
        ('{"received":"2026-03-02T09:00:00","device":"ev-1","channel":"rating","payload":{}}', "line 2: .*received"),
        ('{"received":"2026-03-02T09:00:00Z","channel":"rating","payload":{}}', "line 2: .*device"),
        ("[]", "line 2"),
    ],
)
def test_a_line_that_is_no_frame_is_named_and_nothing_is_written(
    store: Store, tmp_path: Path, second_line: str, names: str
) -> None:
    path = lines(tmp_path / "day.jsonl", message())
    path.write_text(path.read_text() + second_line + "\n")
    with pytest.raises(BadFeed, match=names):
        import_events(store, path, REGISTRY)
    assert count(store, RawEvent) == 0


def test_blank_lines_and_a_byte_order_mark_are_no_faults(store: Store, tmp_path: Path) -> None:
    path = lines(tmp_path / "day.jsonl", message())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes() + b"\n  \n")
    assert import_events(store, path, REGISTRY).stored == 1


def test_many_refused_lines_are_all_counted_and_kept_and_a_hundred_named(store: Store, tmp_path: Path) -> None:
    path = lines(tmp_path / "day.jsonl", *(message(id=f"e{n}", score=9) for n in range(1200)))
    fed = import_events(store, path, REGISTRY)
    assert (fed.quarantined, len(fed.refused), fed.refused[-1].place) == (1200, 100, 100)
    assert count(store, Quarantine) == 1200


def test_a_clock_that_is_ahead_is_corrected_wherever_its_heartbeats_stand_in_the_file(
    store: Store, tmp_path: Path
) -> None:
    """Three minutes ahead: without its heartbeats each of these would be `future`. They are the last lines here."""
    ahead = timedelta(minutes=3)
    times = [NINE + timedelta(seconds=20 * n) for n in range(450)]
    events = [message(id=f"e{n}", at=(when + ahead).isoformat(), received=when) for n, when in enumerate(times)]
    beats = [beat("ev-1", at=when + ahead, received=when) for when in times[::3]]
    fed = import_events(store, lines(tmp_path / "day.jsonl", *reversed(events), *reversed(beats)), REGISTRY)
    assert (fed.stored, fed.quarantined) == (600, 0)


def test_of_two_payloads_of_an_id_the_one_received_first_stands(store: Store, tmp_path: Path) -> None:
    late, early = (message(id="e", score=s, received=NINE + timedelta(seconds=n)) for s, n in ((5, 9), (1, 2)))
    fed = import_events(store, lines(tmp_path / "day.jsonl", late, early), REGISTRY)
    assert [(r.place, r.reason) for r in fed.refused] == [(1, "conflict")]
    assert columns(rows(store, RatingRow), "score") == [(1,)]
