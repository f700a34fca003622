"""The daemon tells people, by real servers: one that answers, a mail server, a robot that is revoked, one that refuses,
one that hangs. And a terminal that was silent for three hours accuses nobody before its backlog is there.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests import plain_http
from tests.conftest import Eventually
from tests.halls import Clocked, Feed, at, card_line, hall, hall_daemon, told
from tests.mosquitto import Mosquitto
from tests.publisher import Publisher
from tests.receivers import HANGS, REVOKED, HttpReceiver, SmtpReceiver, http_receiver, says, smtp_receiver

DEVICES = ("t1", "ev1")
REGISTRY = hall(
    5,
    devices=[
        {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"]},
        {"id": "ev1", "kind": "evaluator", "window": "w1"},
    ],
)
CONFIG = """
[alerts]
timeout_seconds = 1
group_wait_seconds = 0
repeat_minutes = 0
storm = {{ cards = 0 }}
fallback = "desk"
link = "https://jiancha.hall.example"

[alerts.retry]
base_seconds = 0.3
max_age_seconds = 60

[[alerts.routes]]
receivers = ["hook"]
continue = true

[[alerts.routes]]
rule = "rating.*"
receivers = ["mail", "robot", "refuses", "hangs"]

[alerts.receivers]
hook = {{ url = "{hook}" }}
desk = {{ url = "{desk}" }}
mail = {{ url = "{mail}", lang = "en" }}
robot = {{ url = "wecombot://693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa/?base={robot}" }}
refuses = {{ url = "{refuses}" }}
hangs = {{ url = "{hangs}" }}
"""


@dataclass
class Receivers:
    hook: HttpReceiver
    desk: HttpReceiver
    mail: SmtpReceiver
    robot: HttpReceiver
    refuses: HttpReceiver
    hangs: HttpReceiver

    @property
    def config(self) -> str:
        return CONFIG.format(
            hook=self.hook.url, desk=self.desk.url, mail=self.mail.url("lead@hall.example"), robot=self.robot.base,
            refuses=self.refuses.url, hangs=self.hangs.url,
        )  # fmt: skip


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    with contextlib.ExitStack() as servers:
        yield Receivers(
            hook=servers.enter_context(http_receiver()),
            desk=servers.enter_context(http_receiver()),
            mail=servers.enter_context(smtp_receiver()),
            robot=servers.enter_context(http_receiver(says(REVOKED))),
            refuses=servers.enter_context(http_receiver(says({"error": "gone"}, 410))),
            hangs=servers.enter_context(http_receiver(HANGS)),
        )


@pytest.fixture
def broker(mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    return mosquitto(*DEVICES)


def metric(clocked: Clocked, name: str, **labels: str) -> float:
    """A value of /metrics; 0 where the line is not there."""
    wanted = {f'{key}="{value}"' for key, value in labels.items()}
    for line in plain_http.get(f"{clocked.daemon.url}/metrics").text.splitlines():
        found = re.fullmatch(rf"jiancha_{name}(?:\{{(.*)\}})? (\S+)", line)
        if found and wanted <= set((found[1] or "").split(",")):
            return float(found[2])
    return 0.0


def firings(receiver: HttpReceiver) -> list[Mapping[str, Any]]:
    return [body for body in receiver.bodies if body["kind"] == "firing"]


def test_each_receiver_is_served_as_it_answers_and_none_holds_another(
    tmp_path: Path, broker: Mosquitto, receivers: Receivers, eventually: Eventually
) -> None:
    clocked = hall_daemon(tmp_path, broker, REGISTRY, start="09:15", config=receivers.config)
    with clocked.daemon, Publisher(broker.port, "ev1") as evaluator:
        rated = clocked.now()
        evaluator.say("rating", {"id": "r1", "at": rated.isoformat(), "score": 1, "staff": "s01", "comment": "太慢"})

        # one that answers: the body of the contract, once
        (body,) = eventually(lambda: firings(receivers.hook), 30, "nothing at the webhook")
        assert {key: body[key] for key in ("card", "sequence", "kind", "level", "rule", "hall", "subject")} == {
            "card": 1, "sequence": 1, "kind": "firing", "level": "yellow", "rule": "rating.bad", "hall": "h1",
            "subject": {"kind": "rating", "id": "ev1/r1"},
        }  # fmt: skip
        assert datetime.fromisoformat(body["since"]) == rated
        assert body["link"] == "https://jiancha.hall.example/cards/1"
        assert ("1" in body["text"], "太慢" in body["text"]) == (True, False)  # a comment is private (DESIGN §1F)

        # the mail server: number, subject and reason, in the receiver's language, decoded
        (mail,) = eventually(lambda: receivers.mail.mails, 20, "no mail")
        assert mail.recipients == ("lead@hall.example",)
        assert "rating" in mail.text.lower()
        assert not re.search("[\u4e00-\u9fff]{4}", mail.subject)

        # revoked behind HTTP 200, and refused: dead letters, said by the fallback, not knocked at again
        for server, channel in ((receivers.robot, "wecom"), (receivers.refuses, "webhook")):
            dead = lambda label=channel: metric(clocked, "notifications_total", channel=label, result="dead")  # noqa: E731
            eventually(lambda d=dead: d() == 1, 20, f"{channel}: no dead letter")
            assert len(server.got) == 1
        (body,) = eventually(lambda: firings(receivers.desk), 20, "the fallback was not told")
        assert body["card"] == 1

        # one that hangs: tried again, and nobody waited for it
        eventually(lambda: len(receivers.hangs.got) >= 2, 20, "no second try")
        eventually(lambda: metric(clocked, "notifications_total", channel="webhook", result="timeout") >= 1, 10)
        assert metric(clocked, "notifications_total", channel="webhook", result="sent") == 2


def test_an_end_is_told_after_its_beginning_and_only_to_who_heard_of_it(
    tmp_path: Path, broker: Mosquitto, receivers: Receivers, eventually: Eventually
) -> None:
    clocked = hall_daemon(tmp_path, broker, REGISTRY, start="09:15", config=receivers.config)
    with clocked.daemon, Publisher(broker.port, "ev1") as evaluator:
        evaluator.say("rating", {"id": "r1", "at": clocked.now().isoformat(), "score": 1, "staff": "s01"})
        eventually(lambda: receivers.mail.mails and firings(receivers.hook), 20, "nobody was told")
        clocked.daemon.command("cards", "close", "1", "--reason", "已回访")
        eventually(lambda: len(receivers.mail.mails) == 2, 20, "the end was not mailed")
        resolved = eventually(lambda: [b for b in receivers.hook.bodies if b["kind"] == "resolved"], 20, "no end")
    assert {body["card"] for body in resolved} == {1}
    kinds = [body["kind"] for body in receivers.hook.bodies]
    assert kinds.index("firing") < kinds.index("resolved")
    assert (len(receivers.robot.got), len(receivers.refuses.got)) == (1, 1)  # they never heard of the beginning


def test_a_history_import_tells_nobody(
    tmp_path: Path, broker: Mosquitto, receivers: Receivers, eventually: Eventually, data_dir: Path
) -> None:
    """The daemon judges 423 late cases of a real log into the record; the one live card is all that people hear of."""
    clocked = hall_daemon(tmp_path, broker, REGISTRY, start="09:15", config=receivers.config)
    clocked.daemon.command("cases", "import", str(data_dir / "cases" / "receipt.csv"), "--map", "coselog-receipt")
    with clocked.daemon, Publisher(broker.port, "ev1") as evaluator:
        metric_of = lambda: metric(clocked, "cards_issued_total", rule="case.limit", level="yellow")  # noqa: E731
        eventually(lambda: metric_of() == 423, 60, "the log was not judged")
        evaluator.say("rating", {"id": "r1", "at": clocked.now().isoformat(), "score": 1, "staff": "s01"})
        eventually(lambda: firings(receivers.hook), 20, "the live card was not told")
    assert {body["rule"] for body in receivers.hook.bodies} == {"rating.bad"}


def cards_of(clocked: Clocked, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(clocked.daemon.command("cards", "list", "--json", *options))
    return found


def test_a_terminals_three_hour_backlog(
    tmp_path: Path, broker: Mosquitto, receivers: Receivers, eventually: Eventually
) -> None:
    """Heard until 08:20, then not before 11:20. s01 was on time, s02 five minutes late, s03 twenty, s04 and s05 did not
    come. Nobody is accused by the silence; afterwards s03, s04 and s05 are, as of when it happened.
    """
    clocked = hall_daemon(tmp_path, broker, REGISTRY, start="08:20", config=receivers.config)
    feed = Feed()
    for person, clock in (("s01", "08:25"), ("s02", "08:35"), ("s03", "08:50")):
        feed.event("t1", "checkin", clock, staff=person, method="face")
    late = [line for line in feed.lines() if line.channel == "checkin"]
    with clocked.daemon, Publisher(broker.port, "t1") as terminal:
        for _ in range(3):
            beat(terminal, clocked, 0)
        eventually(lambda: metric(clocked, "events_total", channel="heartbeat", result="stored") == 3, 20)
    clocked.move("11:20")
    with clocked.daemon:
        unknown = lambda: metric(clocked, "subjects_unknown", kind="slot")  # noqa: E731
        eventually(lambda: unknown() == 5, 30, "the morning's five slots are not shown as unknown")
        assert [card_line(card) for card in cards_of(clocked) if card["staff"] or card["rule"] == "checkin.slot"] == []
        with Publisher(broker.port, "t1") as terminal:
            beat(terminal, clocked, 0, queue=3)
            for line in late:
                terminal.say("checkin", line.payload)
            beat(terminal, clocked, 3)
        eventually(lambda: unknown() == 0, 30, "the backlog settled nothing")
        eventually(lambda: {b["subject"]["id"] for b in firings(receivers.hook)} >= ABSENT, 20, "not told")
    cards = cards_of(clocked, "--rule", "checkin.slot")
    assert sorted(map(card_line, cards)) == [
        "checkin.slot yellow slot:s03/am_in since 08:45 by s03 cleared 08:50 open",
        "checkin.slot yellow slot:s04/am_in since 08:45 by s04 cleared - open",
        "checkin.slot yellow slot:s05/am_in since 08:45 by s05 cleared - open",
    ]
    assert all(datetime.fromisoformat(card["issued"]) > at("11:20") for card in cards)
    told_of = [body for body in firings(receivers.hook) if body["rule"] == "checkin.slot"]
    assert {body["subject"]["id"] for body in told_of} == ABSENT  # s03's was over when it was first judged: digest only
    assert {told(body["since"]) for body in told_of} == {"08:45"}


ABSENT = {f"{person}/2026-03-02/am_in" for person in ("s04", "s05")}


def beat(terminal: Publisher, clocked: Clocked, last_seq: int, queue: int = 0) -> None:
    terminal.say("heartbeat", {"at": clocked.now().isoformat(), "boot": "b1", "last_seq": last_seq, "queue": queue})
