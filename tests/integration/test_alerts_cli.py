"""`alerts route` and `alerts silence` as they are typed; what the check of the configuration says of routes."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from monitor.store.engine import Store
from tests import forked
from tests.alert_world import issue
from tests.halls import Commands

REGISTRY: dict[str, Any] = {
    "halls": [{"id": "h1", "name": "政务大厅"}, {"id": "h2", "name": "分厅"}],
    "units": [{"id": "u1", "hall": "h1", "name": "市场监管局", "head": "s02"}],
    "windows": [{"id": "w01", "hall": "h1", "unit": "u1", "name": "1号", "lead": "s01"}],
    "staff": [{"id": "s01", "unit": "u1"}, {"id": "s02", "unit": "u1"}, {"id": "s09", "unit": "u1"}],
}
CONFIG = """
[alerts.receivers]
lead = { url = "http://127.0.0.1:9/lead", staff = "s01" }
head = { url = "http://127.0.0.1:9/head", staff = "s02" }
boss = { url = "http://127.0.0.1:9/boss", staff = "s09" }
office = { url = "http://127.0.0.1:9/office", lang = "en" }
[alerts.quiet]
from = "18:00"
to = "07:00"
[[alerts.routes]]
level = "yellow"
receivers = ["@lead"]
continue = true
[[alerts.routes]]
receivers = ["office"]
[[alerts.escalation]]
after_minutes = 30
receivers = ["@head"]
[[alerts.escalation]]
after_minutes = 90
receivers = ["@duty:leader"]
levels = ["red"]
"""


@pytest.fixture
def command(tmp_path: Path) -> Commands:
    made = Commands(folder=tmp_path, clock="2026-03-02 10:00")
    (tmp_path / "jiancha.toml").write_text(CONFIG, encoding="utf-8")
    made.env["JIANCHA_CONFIG"] = str(tmp_path / "jiancha.toml")
    plans = {"rota": [{"id": "d1", "date": "2026-03-02", "role": "leader", "staff": "s09"}]}
    made.set_up(REGISTRY, plans, clock="2026-03-02 07:45")
    return made


def test_route_says_who_when_why_and_who_after_them(command: Commands) -> None:
    found = command.json("alerts", "route", "--example", "post.empty:red:h1:w01")
    told = [(one["receiver"], one["step"], one["when"], one["at"][:16]) for one in found["told"]]
    assert told == [
        ("lead", 0, "now", "2026-03-02T02:00"),
        ("office", 0, "now", "2026-03-02T02:00"),
        ("head", 30, "now", "2026-03-02T02:30"),
        ("boss", 90, "now", "2026-03-02T03:30"),
    ]
    assert found["told"][0]["why"] == "routes[0]: level>=yellow; @lead = s01"
    assert found["missing"] == []
    text = command.run("alerts", "route", "--example", "post.empty:red:h1:w01")
    assert "逾 30 工作分钟未签收" in text


def test_route_says_what_is_held_and_until_when(command: Commands) -> None:
    found = command.json("alerts", "route", "--example", "post.empty:yellow:h1:w01", clock="2026-03-02 19:00")
    assert {(one["when"], one["at"][:16]) for one in found["told"] if not one["step"]} == {("held", "2026-03-03T00:30")}


BAD = [
    (("alerts", "route", "--example", "post.empty:red:h1:nowhere"), "window nowhere: 台账中没有此窗口"),
    (("alerts", "route", "--example", "a:red:h1:w01:x"), "应写作 write it as RULE:LEVEL"),
    (("alerts", "silence", "add", "--reason", "x", "--hall", "h1"), "give either --to T or --minutes N"),
    (("alerts", "silence", "add", "--reason", "x", "--minutes", "5"), "say what is meant"),
    (("alerts", "silence", "add", "--reason", " ", "--minutes", "5", "--hall", "h1"), "--reason"),
    (("alerts", "silence", "add", "--reason", "x", "--minutes", "5", "--level", "pink"), "levels: Value error, 'pink'"),
    (("alerts", "silence", "add", "--reason", "x", "--to", "2026-03-01T00:00:00Z", "--hall", "h1"), "--to"),
    (("alerts", "silence", "add", "--reason", "x", "--minutes", "5", "--hall", "h1", "--as", "li"), "只能对所辖大厅"),
    (("alerts", "silence", "add", "--reason", "x", "--minutes", "5", "--kind", "post", "--as", "li"), "只能对所辖大厅"),
    (("alerts", "silence", "end", "7"), "no such silence"),
]


@pytest.mark.parametrize(("words", "said"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_what_cannot_be_done_is_refused(command: Commands, words: tuple[str, ...], said: str) -> None:
    command.run("user", "add", "li", "--role", "duty_supervisor", "--halls", "h2")
    done = forked.run(words, env=command.environment(), cwd=command.folder)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert command.json("alerts", "silence", "list", "--all") == []


MAINTENANCE = """
[[alerts.maintenance]]
match = { hall = "h1", kind = "post" }
days = ["mon"]
from = "09:00"
to = "11:00"
until = 2026-03-31
author = "王工"
reason = "换交换机"
"""


def cards(command: Commands) -> Store:
    """Three cards: two posts at w01, a rating at the other hall."""
    store = Store(f"sqlite:///{command.folder / 'jiancha.sqlite'}")
    post: dict[str, Any] = {"kind": "post", "rule": "post.empty"}
    issue(store, 1, key="w01/2026-03-02/0830", **post)
    issue(store, 2, key="w01/2026-03-02/1430", level="red", **post)
    issue(store, 3, hall="h2")
    return store


def test_the_preview_names_the_cards_that_a_silence_would_hide(command: Commands) -> None:
    store = cards(command)
    add = ("alerts", "silence", "add", "--minutes", "60", "--reason", "检修")
    said = command.run(*add, "--hall", "h1", "--kind", "post", "--preview").splitlines()
    assert [line.split()[0] for line in said] == ["1", "2", "将隐去"]
    assert said[-1] == "将隐去 would hide 2"
    assert command.run(*add, "--level", "red", "--preview").splitlines()[-1] == "将隐去 would hide 1"
    assert command.json("alerts", "silence", "list") == [], "a preview makes none"
    assert "现有牌 standing cards that fit: 2" in command.run(*add, "--hall", "h1")
    store.close()


def test_maintenance_windows_say_by_whom_why_until_when_and_what_they_hide(command: Commands) -> None:
    with (command.folder / "jiancha.toml").open("a", encoding="utf-8") as file:
        file.write(MAINTENANCE)
    store = cards(command)
    (one,) = command.json("alerts", "maintenance")
    assert (one["author"], one["reason"], one["until"]) == ("王工", "换交换机", "2026-03-31")
    assert one["open_until"].startswith("2026-03-02T03:00:00"), "11:00 of the hall"
    assert (one["hides"], one["held"]) == ([1, 2], 0)
    assert "王工: 换交换机  将隐去 would hide 2  暂扣 holds 0" in command.run("alerts", "maintenance")
    (told,) = {one["held"] for one in command.json("alerts", "route", "--card", "1")["told"] if not one["step"]}
    assert "王工: 换交换机" in told
    (late,) = command.json("alerts", "maintenance", clock="2026-03-02 11:00")
    assert late["open_until"] is None
    store.close()


def test_the_report_of_deliveries_on_an_empty_store_and_with_bad_options(command: Commands) -> None:
    found = command.json("report", "deliveries")
    assert [line["receiver"] for line in found] == ["boss", "head", "lead", "office"]
    assert {line["tries"] for line in found} == {0}
    assert command.json("report", "deliveries", "--tries") == []
    command.run("report", "deliveries", "--receiver", "nobody", status=2)
    command.run("report", "deliveries", "--from", "yesterday", status=2)


def test_a_silence_from_its_beginning_to_its_end(command: Commands) -> None:
    command.run("user", "add", "li", "--role", "duty_supervisor", "--halls", "h1")
    options = ("--hall", "h1", "--kind", "post,device", "--minutes", "120", "--reason", "更换交换机")
    assert command.run("alerts", "silence", "add", *options, "--preview") == "将隐去 would hide 0\n"
    assert command.json("alerts", "silence", "list") == []
    said = command.run("alerts", "silence", "add", *options, "--as", "li")
    assert said.startswith("1 静默至 silent until 2026-03-02T04:00")
    command.clock = "2026-03-02 10:05"
    (one,) = command.json("alerts", "silence", "list")
    assert (one["author"], one["reason"], one["active"], one["held"]) == ("li", "更换交换机", True, 0)
    assert one["matchers"] == {"hall": ["h1"], "kind": ["post", "device"]}
    found = command.json("alerts", "route", "--example", "post.empty:red:h1:w01")
    assert {one["held"] for one in found["told"] if not one["step"]} == {"silence 1 li: 更换交换机"}
    command.run("alerts", "silence", "end", "1")
    command.clock = "2026-03-02 10:06"  # each command's clock starts anew: it would look before what the last one wrote
    assert command.json("alerts", "silence", "list") == []
    command.run("alerts", "silence", "end", "1", status=2)
    with sqlite3.connect(command.folder / "jiancha.sqlite") as conn:
        acts = conn.execute("SELECT actor, action FROM audit WHERE object_kind = 'silence' ORDER BY id").fetchall()
        bodies = conn.execute("SELECT body FROM audit WHERE object_kind = 'silence'").fetchall()
    assert [action for _, action in acts] == ["silence.added", "silence.ended"]
    assert acts[0][0] == "li"
    assert "交换机" not in str(bodies), "words of people lie apart"


CHECKED = [
    ("all in order", "", []),
    (
        "a route behind one that takes all",
        '[[alerts.routes]]\nhall = "h1"\nreceivers = ["boss"]\n',
        ["alerts.routes[2] 永不生效，其前的 routes[1]"],
    ),
    ("a receiver nobody uses", '[alerts.receivers.idle]\nurl = "http://127.0.0.1:9/"\n', ["idle 没有路由用到"]),
    (
        "a receiver of somebody who is not there",
        '[alerts.receivers.gone]\nurl = "http://127.0.0.1:9/"\nstaff = "s99"\n',
        ["staff s99 不在台账中"],
    ),
]


@pytest.mark.parametrize(("more", "said"), [c[1:] for c in CHECKED], ids=[c[0] for c in CHECKED])
def test_the_check_of_routes(command: Commands, more: str, said: list[str]) -> None:
    config = command.folder / "jiancha.toml"
    config.write_text(config.read_text(encoding="utf-8") + more, encoding="utf-8")
    text = command.run("config", "check", status=1 if said else 0)
    for part in said:
        assert part in text


def test_a_head_without_a_receiver_is_found(command: Commands) -> None:
    config = command.folder / "jiancha.toml"
    config.write_text(config.read_text(encoding="utf-8").replace('staff = "s02"', 'lang = "zh"'), encoding="utf-8")
    assert "人员 s02 应收通知而无接收者" in command.run("config", "check", status=1)
    found = command.json("alerts", "route", "--example", "post.empty:red:h1:w01")
    assert [one["receiver"] for one in found["told"]] == ["lead", "office", "boss"]
