"""Vendors' devices against a real broker and the real daemon: answered after the commit, only then (DESIGN §3.2)."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.clock import Clock
from monitor.mqtt import Client, Options
from monitor.store.engine import Store
from monitor.store.schema import CheckinRow, HeartbeatRow, Quarantine, RatingRow, RawEvent, RawPayload
from tests import plain_http
from tests.conftest import Eventually
from tests.daemon import Daemon
from tests.ingest_world import columns, count, rows
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto

ROOT = Path(__file__).resolve().parents[2]
CONFIG = '[adapters]\nenabled = ["guangdong-evaluator", "face-terminal"]\n'
REGISTRY = """
halls = [{ id = "h1", name = "一厅" }]
units = [{ id = "u1", hall = "h1", name = "一科" }]
windows = [{ id = "w1", hall = "h1", unit = "u1", name = "1号窗" }]
staff = [
  { id = "s1", unit = "u1", name = "王五", role = "clerk" },
  { id = "s-0012", unit = "u1", name = "赵六", role = "clerk" },
]
devices = [
  { id = "term-1", kind = "terminal", hall = "h1", serves = ["*"], watermark = "events" },
  { id = "reader-east", kind = "terminal", hall = "h1", serves = ["*"], watermark = "events" },
  { id = "ev-1", kind = "evaluator", hall = "h1", window = "w1" },
]
"""
SECRETS = ("王小明", "CLOSEUPPICTURE", "MATCHPICTURE", "李四", "13800001111", "440101199001011234")


class Site:
    """Broker, daemon and the vendors' devices, each a real client."""

    def __init__(self, folder: Path, broker: Mosquitto, config: str = CONFIG) -> None:
        self.broker = broker
        environment = {
            "JIANCHA_MQTT__PORT": str(broker.port),
            "JIANCHA_MQTT__USERNAME": DAEMON,
            "JIANCHA_MQTT__PASSWORD": PASSWORD,
        }
        self.daemon = Daemon(folder, environment, config)
        (folder / "registry.toml").write_text(REGISTRY)
        self.daemon.command("registry", "import", str(folder / "registry.toml"))
        self.store = Store(f"sqlite:///{folder / 'jiancha.sqlite'}")

    def start(self, eventually: Eventually, failpoint: str = "") -> None:
        self.daemon.environment["JIANCHA_FAILPOINT"] = failpoint
        self.daemon.start()
        eventually(lambda: plain_http.get(f"{self.daemon.url}/readyz").status_code == 200, what="ready")

    def killed(self) -> bool:
        """Whether the failpoint has ended the daemon by now."""
        process = self.daemon._process
        assert process is not None
        return process.wait(30) == -signal.SIGKILL

    def everything_kept(self) -> bytes:
        """All bytes of the store and of the log."""
        return b"".join(path.read_bytes() for path in self.daemon.folder.iterdir() if path.is_file())


def acl_of(adapter: str) -> str:
    """The lines that the adapter's file itself asks the operator to add."""
    text = (ROOT / "config" / "adapters" / f"{adapter}.toml").read_text()
    return "".join(re.findall(r"^#   ((?:pattern|user|topic) .*\n)", text, re.MULTILINE))


@pytest.fixture
def site(tmp_path: Path, mosquitto: Callable[..., Mosquitto]) -> Iterator[Site]:
    broker = mosquitto("term-1", "ev-1", "other")
    broker.stop()
    with (broker.folder / "jiancha.acl").open("a") as acl:
        acl.write("\n" + acl_of("face-terminal") + "\n" + acl_of("guangdong-evaluator"))
    folder = tmp_path / "site"
    folder.mkdir()
    made = Site(folder, broker.start())
    yield made
    if made.daemon._process is not None and made.daemon._process.poll() is None:
        made.daemon.stop()
    made.store.close()


class Device:
    """A vendor's device: sends on its topics, hears its answers."""

    def __init__(self, site: Site, user: str, answers: str) -> None:
        options = Options(client_id=f"device-{user}", port=site.broker.port, username=user, password=PASSWORD)
        self.client = Client(options, clock=Clock(), subscriptions=[answers])
        self.client.start()
        self._answers: list[Any] = []

    def send(self, topic: str, payload: Any) -> None:
        content = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
        assert self.client.publish(topic, content).wait(10)

    def answers(self) -> list[Any]:
        taken = self.client.take(100, 0.05)
        self.client.ack(taken)
        self._answers += [json.loads(d.payload) for d in taken]
        return self._answers


@pytest.fixture
def connect(site: Site, eventually: Eventually) -> Iterator[Callable[[str, str], Device]]:
    made: list[Device] = []

    def device(user: str, answers: str) -> Device:
        found = Device(site, user, answers)
        made.append(found)
        eventually(lambda: found.client.link.connected)
        return found

    yield device
    for one in made:
        one.client.stop()


REQUEST, RESPONSE = "topic/face/capture/request/term-1", "topic/face/capture/response/term-1"
SHANGHAI = ZoneInfo("Asia/Shanghai")


def minute_ago() -> datetime:
    return (Clock().now() - timedelta(minutes=1)).astimezone(SHANGHAI)


def record(number: int, *, match: bool = True) -> dict[str, Any]:
    found = {"person_id": "S1", "person_name": "王小明", "image": "MATCHPICTURE"}
    return {
        "device_no": "1001", "sequence_no": number, "cap_time": minute_ago().strftime("%Y/%m/%d %H:%M:%S.000"),
        "match": found if match else None, "closeup_pic": {"data": "CLOSEUPPICTURE" * 6000},
    }  # fmt: skip


def test_a_terminals_record_is_stored_once_answered_each_time_and_its_picture_nowhere(
    site: Site, connect: Callable[[str, str], Device], eventually: Eventually
) -> None:
    site.start(eventually)
    terminal = connect("term-1", RESPONSE)
    first = record(41)
    terminal.send(REQUEST, first)
    answered = eventually(terminal.answers, what="the answer")
    assert answered == [{"reply": "ACK", "cmd": "face", "code": 0, "sequence_no": 41, "cap_time": first["cap_time"]}], (
        "the answer carries the record's own number"
    )
    assert columns(rows(site.store, CheckinRow), "source", "staff", "method") == [("term-1", "s1", "face")]
    for later in (first, record(42, match=False), record(43)):
        terminal.send(REQUEST, later)
    eventually(lambda: len(terminal.answers()) == 4, what="each is answered")
    assert [a["sequence_no"] for a in terminal.answers()] == [41, 41, 42, 43]
    assert count(site.store, CheckinRow) == 2
    site.daemon.stop()
    assert not [secret for secret in SECRETS if secret.encode() in site.everything_kept()]


@pytest.mark.parametrize(("failpoint", "stored"), [("ingest.before_commit", 0), ("ingest.after_commit", 1)])
def test_no_answer_goes_out_before_the_commit_and_none_is_owed_after_a_crash(
    site: Site, connect: Callable[[str, str], Device], eventually: Eventually, failpoint: str, stored: int
) -> None:
    site.start(eventually, failpoint)
    terminal = connect("term-1", RESPONSE)
    terminal.send(REQUEST, record(7))
    assert site.killed()
    assert count(site.store, CheckinRow) == stored
    assert terminal.answers() == []
    site.start(eventually)
    answered = eventually(terminal.answers, what="the answer to what the broker delivers again")
    assert [a["sequence_no"] for a in answered] == [7]
    assert count(site.store, CheckinRow) == 1


EVALUATE, ANSWER = "evaluator/ev-1/evaluate", "evaluator/ev-1/evaluate/reply"


def rating(**changes: Any) -> dict[str, Any]:
    plain = {
        "evalProcess": 1, "affairSerialNo": "4419-77", "affairCode": "44-1", "affairDealNo": "S1", "evalStar": 1,
        "evalTime": minute_ago().strftime("%Y%m%d%H%M%S"), "userName": "李四", "contactPhone": "13800001111",
        "certificateType": "10", "certificateNo": "440101199001011234",
    }  # fmt: skip
    return {**plain, **changes}


def test_ratings_of_the_guangdong_evaluator_and_no_citizen_in_any_byte_that_is_kept(
    site: Site, connect: Callable[[str, str], Device], eventually: Eventually
) -> None:
    site.start(eventually)
    evaluator = connect("ev-1", ANSWER)
    first = rating()
    evaluator.send("evaluator/ev-1/heartbeat", {"key": "440101199001011234"})
    for message in (
        first,
        first,
        rating(evalStar=5, evalTime="20260302090000"),
        rating(evalProcess=2, evalStar=5),
        rating(evalProcess=3),
        b'{"userName": "' + "李四".encode() + b'", "contactPhone": "13800001111"',
    ):
        evaluator.send(EVALUATE, message)
    eventually(lambda: count(site.store, Quarantine) == 3, what="a second rating, a wrong stage, no JSON")
    assert sorted(columns(rows(site.store, RatingRow), "case_key", "stage", "score", "window", "staff")) == [
        ("ev-1/4419-77", "accepted", 1, "w1", "s1"),
        ("ev-1/4419-77", "completed", 5, "w1", "s1"),
    ]
    held = columns(rows(site.store, Quarantine), "reason", "topic")
    assert held == [("conflict", EVALUATE), ("malformed", EVALUATE), ("malformed", EVALUATE)]
    assert columns(rows(site.store, HeartbeatRow), "device", "queue") == [("ev-1", 0)]
    eventually(lambda: len(evaluator.answers()) == 5, what="all that can be read are answered")
    site.daemon.stop()
    assert not [secret for secret in SECRETS if secret.encode() in site.everything_kept()]
    assert (
        b"440101199001011234"
        not in json.dumps([rows(site.store, model) for model in (RawEvent, RawPayload)], default=str).encode()
    )


def test_a_device_cannot_speak_for_another_by_the_vendors_topic(
    site: Site, connect: Callable[[str, str], Device], eventually: Eventually
) -> None:
    site.start(eventually)
    other, terminal = connect("other", "topic/face/capture/response/other"), connect("term-1", RESPONSE)
    refused = other.client.publish(REQUEST, json.dumps(record(1)).encode())
    assert not refused.wait(10)
    assert refused.refused == "Not authorized"
    terminal.send(REQUEST, record(2))
    assert [a["sequence_no"] for a in eventually(terminal.answers)] == [2]
    assert count(site.store, CheckinRow) == 1


def test_what_a_wrong_adapter_held_back_is_read_anew_once_it_is_mended(
    site: Site, connect: Callable[[str, str], Device], eventually: Eventually
) -> None:
    shipped = (ROOT / "config" / "adapters" / "face-terminal.toml").read_text()
    own = site.daemon.folder / "own.toml"
    own.write_text(shipped.replace('cap_time"\nformat', 'captured"\nformat'))
    (site.daemon.folder / "jiancha.toml").write_text('[adapters]\nfiles = ["own.toml"]\n')
    site.start(eventually)
    connect("term-1", RESPONSE).send(REQUEST, record(5))
    eventually(lambda: count(site.store, Quarantine) == 1)
    (held,) = rows(site.store, Quarantine)
    assert (held["device"], held["channel"], held["reason"]) == ("term-1", "checkin", "malformed")
    assert held["detail"].startswith("time: captured 取不到值 gives nothing")
    own.write_text(shipped)
    site.daemon.command("quarantine", "replay")
    assert columns(rows(site.store, CheckinRow), "source", "staff") == [("term-1", "s1")]
    assert columns(rows(site.store, Quarantine), "state") == [("replayed",)]
    site.daemon.stop()
    assert not [secret for secret in SECRETS if secret.encode() in site.everything_kept()]


def test_after_an_adapter_is_taken_away_what_still_comes_is_kept_as_a_digest(
    site: Site, connect: Callable[[str, str], Device], eventually: Eventually
) -> None:
    site.start(eventually)
    site.daemon.stop()
    connect("ev-1", ANSWER).send(EVALUATE, rating())
    (site.daemon.folder / "jiancha.toml").write_text("")
    site.start(eventually)
    eventually(lambda: count(site.store, Quarantine) == 1, what="the broker still has the subscription")
    assert columns(rows(site.store, Quarantine), "reason", "topic", "payload") == [("unknown_channel", EVALUATE, None)]
    site.daemon.stop()
    assert not [secret for secret in SECRETS if secret.encode() in site.everything_kept()]


def test_the_adapter_that_the_docs_write_works_with_the_acl_that_they_give(
    tmp_path: Path, mosquitto: Callable[..., Mosquitto], eventually: Eventually
) -> None:
    page = (ROOT / "docs" / "adapters.md").read_text(encoding="utf-8")
    _, third, *_ = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    sent, _, answered = (json.loads(text) for text in re.findall(r"```json\n(.*?)```", page, re.DOTALL)[:3])
    (acl,) = re.findall(r"```\n(pattern .*?)```", page, re.DOTALL)
    broker = mosquitto("K2207")
    broker.stop()
    with (broker.folder / "jiancha.acl").open("a") as file:
        file.write("\n" + acl)
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "third.toml").write_text(third, encoding="utf-8")
    site = Site(folder, broker.start(), '[adapters]\nfiles = ["third.toml"]\n')
    with site.daemon:
        eventually(lambda: plain_http.get(f"{site.daemon.url}/readyz").status_code == 200, what="ready")
        reader = Device(site, "K2207", "att/hall-1/K2207/down")
        eventually(lambda: reader.client.link.connected)
        reader.send("att/hall-1/K2207/up", sent)
        assert eventually(reader.answers, what="the answer of the docs") == [answered]
        reader.client.stop()
    assert columns(rows(site.store, CheckinRow), "source", "staff", "direction") == [("reader-east", "s-0012", "in")]
    site.store.close()
