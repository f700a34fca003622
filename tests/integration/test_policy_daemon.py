"""The policy changed under running daemons while a real broker brings events: none is lost, both daemons follow."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select

from monitor.store.engine import Store
from monitor.store.schema import RawEvent
from monitor.store.sql import table_of
from monitor.store.subjects import SUBJECT
from monitor.supervision.cardlist import CardFilter, list_cards
from tests import plain_http
from tests.conftest import Eventually
from tests.daemon import Daemon
from tests.halls import Clocked, hall, hall_daemon
from tests.mosquitto import Mosquitto
from tests.postgres import TEMPLATE, Postgres
from tests.publisher import Publisher
from tests.receivers import http_receiver
from tests.replicas import Replicas

RAW: Final = table_of(RawEvent)
EVALUATOR: Final = {"id": "e1", "kind": "evaluator", "hall": "h1", "window": "w1", "watermark": "events"}
HALL: Final = hall(2, attendance="", devices=[EVALUATOR])
PACE: Final = 0.01
PATIENCE: Final = 60


def stream(port: int, stop: threading.Event, sent: list[str], now: Callable[[], str]) -> None:
    """Ratings of two points, one after the other, until told to stop; the broker has acknowledged all of them then."""
    with Publisher(port, "e1") as publisher:
        while not stop.is_set():
            ident = f"r{len(sent)}"
            publisher.say("rating", {"id": ident, "at": now(), "score": 2, "staff": "s01"})
            sent.append(ident)
            stop.wait(PACE)


def judged(store: Store) -> int:
    wanted = (SUBJECT.c.kind == "rating", SUBJECT.c.judged_at.is_not(None))
    with store.read() as conn:
        return int(conn.execute(select(func.count()).select_from(SUBJECT).where(*wanted)).scalar_one())


def cards_of(store: Store) -> dict[int, str]:
    """Policy version by the number of the rating that has a card."""
    with store.read() as conn:
        found: list[dict[str, Any]] = list_cards(conn, CardFilter(rule="rating.bad"), {})
    return {int(c["subject"]["id"].rpartition("/r")[2]): c["policy_version"] for c in found}


def takes(daemon: Daemon) -> int:
    return daemon.log().count('"policy.in_force"')


def test_a_change_while_events_flow_loses_none_and_is_followed(
    tmp_path: Path, mosquitto: Callable[..., Mosquitto], eventually: Eventually
) -> None:
    """Every rating has a card until the change, none after it; each one is stored, judged and counted; the process is
    the same, and so are its counters.
    """
    broker = mosquitto("e1")
    made: Clocked = hall_daemon(tmp_path, broker, HALL, start="09:00", config="")
    daemon, sent, stop = made.daemon, list[str](), threading.Event()
    with daemon:
        eventually(lambda: '"connected": true' in daemon.log(), PATIENCE, "no connection to the broker")
        talk = threading.Thread(target=stream, args=(broker.port, stop, sent, lambda: made.now().isoformat()))
        talk.start()
        store = Store(daemon.environment["JIANCHA_STORE__URL"])
        eventually(lambda: len(cards_of(store)) >= 20, PATIENCE, "no cards")
        daemon.command("policy", "change", "--set", "rating.bad_at_most=1", "--reason", "试")
        eventually(lambda: takes(daemon) == 1, PATIENCE, "the daemon did not take it")
        after = len(sent)
        eventually(lambda: len(sent) > after + 50, PATIENCE, "the stream stopped")
        stop.set()
        talk.join()
        eventually(lambda: judged(store) == len(sent), PATIENCE, "not every rating is judged")
        cards, counted = cards_of(store), plain_http.get(f"{daemon.url}/metrics").text
        with store.read() as conn:
            stored = int(
                conn.execute(select(func.count()).select_from(RAW).where(RAW.c.channel == "rating")).scalar_one()
            )
        store.close()
        log = daemon.log()
    assert stored == len(sent)
    assert len(set(cards.values())) == 1, "none was issued under the new policy, none lost its own version"
    assert sorted(cards) == list(range(len(cards))), "each one before the change has its card"
    assert len(cards) <= after + 5 < len(sent)
    issued = sum(
        float(n) for n in re.findall(r"^jiancha_cards_issued_total\{[^}]*rating\.bad[^}]*\} (\S+)", counted, re.M)
    )
    assert issued == len(cards), "counters go on"
    assert log.count('"daemon.started"') == 1


def test_two_daemons_on_one_postgresql_both_follow(
    tmp_path: Path, postgres: Postgres, mosquitto: Callable[..., Mosquitto], eventually: Eventually
) -> None:
    """The one by the command line's change, the other by its own look: neither judges by the old policy after that."""
    with postgres.database(TEMPLATE) as url, http_receiver() as receiver:
        broker = mosquitto("e1")
        pair = Replicas(tmp_path, url, broker, receiver, HALL)
        try:
            pair.start(eventually)
            first = [rating(n) for n in range(30)]
            pair.publish(first)
            eventually(lambda: len(cards_of(pair.store)) == 30, PATIENCE, "no cards")
            pair.daemons[1].command("policy", "change", "--set", "rating.bad_at_most=1", "--reason", "试")
            eventually(lambda: all(takes(d) == 1 for d in pair.daemons), PATIENCE, "not both took it")
            pair.publish([rating(n) for n in range(30, 90)])
            eventually(lambda: judged(pair.store) == 90, PATIENCE, "not every rating is judged")
            cards = cards_of(pair.store)
        finally:
            pair.stop()
    assert sorted(cards) == list(range(30))
    assert len(set(cards.values())) == 1


def rating(number: int) -> Any:
    from tests.halls import Line, at

    said = {"id": f"r{number}", "at": at("19:59").isoformat(), "score": 2, "staff": "s01"}
    return Line(received=at("19:59"), device="e1", channel="rating", payload=said)
