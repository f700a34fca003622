"""One card's whole file as evidence: complete, the same hash as long as nothing changed, Chinese on paper."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.access import Principal
from monitor.exports.card import BadExport, export_card
from monitor.exports.pdf import CannotPrint, require_pdf
from monitor.ops.audit.sealer import Sealer
from monitor.store.alerts import ATTEMPT, DELIVERY, ITEM
from monitor.store.engine import Store
from monitor.supervision.commands import transition
from monitor.supervision.files import checked
from tests import forked
from tests.conftest import skip_or_fail
from tests.halls import Commands, at, hall
from tests.migrated import lay
from tests.world import World

pytestmark = pytest.mark.both_databases

HEAD = Principal(id="head", role="supervision_head", halls=frozenset({"h1"}))
UNIT = Principal(id="boss", role="unit_head", units=frozenset({"u1"}))
EVALUATOR = {"id": "ev1", "kind": "evaluator", "window": "w1"}
LETTER = "情况说明：系统故障，已补办".encode()
KEY = "0123456789abcdef" * 4


@pytest.fixture
def database_url(database_url: str) -> str:
    """As the migrations make it: commands ask for the revision, a backup for the columns in their order."""
    if database_url.startswith("sqlite"):
        lay(Path(database_url.removeprefix("sqlite:///")))
    return database_url


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    return World(store, tmp_path, hall(3, attendance="", devices=[EVALUATOR]))


def printable() -> None:
    """Skip, or fail in CI, where the system's libraries or fonts are missing."""
    try:
        require_pdf()
    except CannotPrint as error:
        skip_or_fail(str(error))


def worked_card(world: World) -> int:
    """A bad rating's card: told to somebody, ordered, answered with a letter; its audit is under seal."""
    world.event("ev1", "rating", "09:15", score=1, id="r1", staff="s01")
    world.judge("09:15")
    number = int(world.cards("rating.bad")[0]["number"])
    step(world, number, "acknowledged", "09:30", UNIT, promised_at=at("12:00"))
    step(world, number, "ordered", "09:40", HEAD, kind="on_site", due=at("03-04 17:30"))
    world.judge("03-04 17:31")
    step(world, number, "answered", "03-05 11:00", UNIT, files=[("说明.txt", LETTER)])
    tell(world.store, number)
    Sealer(world.store, KEY.encode()).seal(thorough=True)
    step(world, number, "verified", "03-05 14:30", HEAD, finding="founded")
    return number


def step(world: World, number: int, event: str, when: str, who: Principal, **more: Any) -> None:
    files = checked(more.pop("files", ()))
    world.store.step(
        lambda conn: transition(conn, number, event, actor=who, why="已查明", now=at(when), given=more, files=files)
    )


def tell(store: Store, number: int) -> None:
    """One message that arrived at the second try, and a line that waits for the digest."""
    sent = {
        "address": "duty", "group": "g", "flush": at("09:16"), "state": "sent", "due_at": at("09:16"), "attempts": 2,
        "created": at("09:15"), "ended": at("09:17"),
    }  # fmt: skip
    with store.write() as conn:
        message = conn.execute(DELIVERY.insert().values(sent).returning(DELIVERY.c.id)).scalar_one()
        for n, result in ((1, "timeout"), (2, "sent")):
            tried = {
                "channel": "wecom",
                "started": at("09:16"),
                "ended": at("09:17"),
                "result": result,
                "detail": f"第{n}次",
            }
            conn.execute(ATTEMPT.insert().values(delivery=message, n=n, **tried))
        for address, delivery in (("duty", message), ("chief", None)):
            item = {"card": number, "sequence": 1, "address": address, "purpose": "firing", "content": {}}
            conn.execute(ITEM.insert().values(delivery=delivery, **item))


def exported(world: World, number: int, name: str = "card.json", **how: Any) -> dict[str, Any]:
    file = world.folder / name
    with world.store.read() as conn:
        zones = world.program.zones(conn)
        export_card(conn, number, zones, file, now=at("03-06 09:00"), actor="cli:x", **how)
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return read


def test_the_record_holds_everything_that_is_known_of_the_card(world: World) -> None:
    number = worked_card(world)
    record = exported(world, number)["record"]
    assert (record["card"]["number"], record["card"]["rule"], record["card"]["level"]) == (
        number,
        "rating.bad",
        "yellow",
    )
    assert record["names"]["staff:s01"] == "员工1"
    assert record["card"]["promised_at"] == "2026-03-02T12:00:00+08:00"
    assert set(record["explanation"]) >= {"facts", "steps", "policy", "watermark"}
    assert record["explanation"]["facts"]["score"] == 1
    assert [s["event"] for s in record["history"]] == ["issued", "acknowledged", "ordered", "answered", "verified"]
    assert record["history"][2]["body"] == {"kind": "on_site", "due": "2026-03-04T17:30:00+08:00"}
    assert [(o["rule"], o["level"]) for o in record["orders"]] == [
        ("order.reply", "yellow"),
        ("order.promise", "reminder"),
    ]
    [file] = record["files"]
    assert (file["name"], file["digest"]) == ("说明.txt", hashlib.sha256(LETTER).hexdigest())
    waiting, told = record["notices"]
    assert (waiting["address"], waiting["message"]) == ("chief", None)
    assert [(t["channel"], t["result"], t["detail"]) for t in told["message"]["attempts"]] == [
        ("wecom", "timeout", "第1次"),
        ("wecom", "sent", "第2次"),
    ]
    assert [(a["action"], a["private"], bool(a["seal"])) for a in record["audit"]] == [
        ("card.acknowledged", {"why": "已查明"}, True),
        ("card.ordered", {"why": "已查明"}, True),
        ("card.answered", {"why": "已查明"}, True),
        ("card.verified", {"why": "已查明"}, False),
    ]


def test_the_hash_is_over_the_record_and_moves_with_it(world: World) -> None:
    number = worked_card(world)
    first, again = exported(world, number), exported(world, number, with_files=True)
    said = json.dumps(first["record"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert first["sha256"] == hashlib.sha256(said.encode()).hexdigest()
    assert again["sha256"] == first["sha256"], "with the files or without"
    assert {d: base64.b64decode(c) for d, c in again["contents"].items()} == {
        first["record"]["files"][0]["digest"]: LETTER
    }
    assert "contents" not in first
    step(world, number, "appealed", "03-06 09:10", UNIT)
    assert exported(world, number)["sha256"] != first["sha256"]


@pytest.mark.parametrize(
    ("name", "number", "how", "said"),
    [
        ("card.docx", 1, {}, "end the name in .json or .pdf"),
        ("card.json", 99, {}, "there is no card 99"),
        ("card.pdf", 1, {"with_files": True}, "--with-files"),
    ],
    ids=["another kind of file", "no such card", "files in a PDF"],
)
def test_what_cannot_be_exported_is_refused(
    world: World, name: str, number: int, how: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadExport, match=said):
        exported(world, number, name, **how)
    assert not (world.folder / name).exists()


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ["监察牌卷 #", "差评", "黄牌", "员工1 (s01)", "已查明", "说明.txt", "第2次", "审计与封印", "待封"]),
        ("en", ["File of card #", "Audit and seals", "yellow", "员工1 (s01)", "说明.txt", "not yet"]),
    ],
    ids=["Chinese", "English"],
)  # fmt: skip
def test_the_pdf_says_it_all_in_text_that_can_be_read_back(
    world: World, lang: str, words: list[str], tool: Callable[[str], str]
) -> None:
    printable()
    number = worked_card(world)
    program = tool("pdftotext")
    fonts = tool("pdffonts")
    commands = Commands(world.folder)
    said = commands.run("cards", "export", str(number), "-o", "card.pdf", "--lang", lang)
    digest = exported(world, number)["sha256"]
    assert said.strip() == f"card.pdf  SHA-256 {digest}"
    file = str(world.folder / "card.pdf")
    text = subprocess.run([program, "-layout", file, "-"], capture_output=True, check=True, text=True).stdout
    assert [word for word in [*words, digest] if word not in text] == []
    assert "WenQuanYi" in subprocess.run([fonts, file], capture_output=True, check=True, text=True).stdout


@pytest.mark.sqlite_only
def test_without_a_chinese_font_it_says_which_package_is_missing(world: World) -> None:
    printable()
    worked_card(world)
    nothing = world.folder / "fonts.conf"
    nothing.write_text(f"<fontconfig><cachedir>{world.folder}</cachedir></fontconfig>")
    env = {**Commands(world.folder).environment(), "FONTCONFIG_FILE": str(nothing)}
    done = forked.run(["cards", "export", "1", "-o", "card.pdf"], env=env, cwd=world.folder)
    assert done.returncode == 2
    assert "fonts-wqy-microhei" in done.stderr
    assert not (world.folder / "card.pdf").exists()
