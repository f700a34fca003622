"""The command line: help, exit status, errors that name the place at fault, JSON on stdout (DESIGN §7)."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.cli.running import run_app
from monitor.ingest.payloads import schemas as channel_schemas
from tests import forked

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def jiancha(tmp_path: Path) -> Run:
    """`jiancha("cards", "list", START="…")`: the command in a folder of its own; capitals are JIANCHA_ variables."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("JIANCHA_")}
        store = f"sqlite:///{tmp_path / 'store.sqlite'}"
        env = {**clean, "JIANCHA_STORE__URL": store, **{f"JIANCHA_{k}": v for k, v in variables.items()}}
        return forked.run(arguments, env=env, cwd=tmp_path, timeout=60)

    return run


READS = [
    ("cards", "list", "--json"),
    ("subjects", "list", "--json"),
    ("quarantine", "list", "--json"),
    ("report", "findings", "--json"),
]


@pytest.mark.parametrize("command", READS, ids=" ".join)
def test_a_reading_command_on_an_empty_store_gives_an_empty_list_and_leaves_no_file(
    jiancha: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = jiancha(*command)
    assert (done.returncode, json.loads(done.stdout)) == (0, []), done.stderr
    assert list(tmp_path.iterdir()) == []


BAD_INPUT = [
    (("nosuch",), "nosuch"),
    (("cards", "list", "--level", "blue"), "--level: 'blue' 不在可选值之内 is none of reminder, yellow, red"),
    (("cards", "list", "--rule", "nope"), "--rule: 'nope' 不在可选值之内 is none of absence.person, absence.return,"),
    (("cards", "list", "--rule", "manual.Z9"), "manual.E06"),
    (("cards", "list", "--subject", "window:w1x:y", "--rule", ""), "--rule: ''"),
    (("cards", "list", "--subject", "cases:ns/1"), "--subject: 对象类别 kind 'cases' 不在可选值之内 is none of case,"),
    (("subjects", "list", "--subject", "cases:ns/1"), "--subject: 对象类别 kind 'cases'"),
    (("alerts", "route", "--card", "7"), "card 7: 没有这个号的牌"),
    (("alerts", "route", "--example", "nope:red"), "rule: 'nope' 不在可选值之内"),
    (("cards", "list", "--subject", "case"), "应写作 is not KIND:ID"),
    (("cards", "close", "7", "--reason", "x"), "card 7: 没有这个号的牌"),
    (("explain", "7"), "没有第 7 号牌 there is no card 7"),
    (("explain", "99999999999999999999"), "less than or equal to"),
    (("alerts", "route", "--card", "99999999999999999999"), "less than or equal to"),
    (("judge", "--as-of", "0001-01-01T00:00:00+08:00"), "不是时间"),
    (("judge", "--as-of", "2026-03-02"), "--as-of: '2026-03-02' 缺少时区偏移"),
    (("judge", "--as-of", "2999-01-01T00:00:00Z"), "晚于当前时钟 is after the clock"),
    (("registry", "import", "none.toml"), "none.toml"),
    (("events", "import", "none.jsonl"), "none.jsonl"),
    (("cases", "import", "none.csv", "--map", "nowhere"), "--map: 'nowhere' 既不是文件也不在可选值之内"),
    (("calendar", "import", "none.json"), "none.json"),
    (
        ("calendar", "due", "--accepted", "2026-03-02T10:00:00+08:00", "--days", "5", "--pause", "x"),
        "--pause: 'x' 应写作 A/B",
    ),
    (("calendar", "due", "--accepted", "2026-03-02T10:00:00+08:00", "--days", "99999"), "--accepted, --days: 超出日历"),
    (("registry", "export", "none/hall.toml"), "none/hall.toml: 没有此文件夹"),
    (("config", "schema", "nosuch"), "schema: 'nosuch' 不在可选值之内"),
    (("export", "attendance", "--month", "2026-13", "--hall", "h1", "-o", "x.xlsx"), "--hall h1"),
    (
        ("device", "lost", "t1", "--from", "2026-03-02T10:00:00Z", "--to", "2026-03-02T09:00:00Z", "--reason", "x"),
        "--to",
    ),
    (("alerts", "route"), "give either --card N or --example"),
    (("alerts", "route", "--example", "no.rule:red"), "no.rule"),
    (("user", "token"), "令牌属于设备、大厅或账户之一"),
]


@pytest.mark.parametrize(("command", "said"), BAD_INPUT, ids=[" ".join(c) for c, _ in BAD_INPUT])
def test_bad_input_ends_with_2_and_names_the_place(jiancha: Run, command: tuple[str, ...], said: str) -> None:
    done = jiancha(*command)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


BAD_URLS = [
    ("mysql://x/y", "MySQLdb"),
    ("http://x:port/", "port"),
    ("nonsense", "sqlite:////"),
    ("sqlite:////proc/none/x.sqlite", "无法建立文件夹"),
]


@pytest.mark.parametrize(
    "command", [("judge", "--as-of", "2026-03-02T10:00:00+08:00"), ("db", "upgrade")], ids=" ".join
)
@pytest.mark.parametrize(("url", "said"), BAD_URLS, ids=[url for url, _ in BAD_URLS])
def test_a_store_that_cannot_be_is_refused_by_its_url(
    jiancha: Run, command: tuple[str, ...], url: str, said: str
) -> None:
    done = jiancha(*command, STORE__URL=url)
    assert done.returncode == 2, done.stderr
    assert "store.url" in done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


BAD_NOTICES = [
    ("[" * 200_000, "嵌套过深"),
    ("", "不是合法的 JSON"),
    ('{"year": 2027, "days": [{"name": "元旦", "date": "2027-02-30", "isOffDay": true}]}', "days[0].date"),
]


@pytest.mark.parametrize(("text", "said"), BAD_NOTICES, ids=[said for _, said in BAD_NOTICES])
def test_a_notice_that_cannot_be_read_is_refused(jiancha: Run, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "2027.json").write_text(text, encoding="utf-8")
    done = jiancha("calendar", "import", "2027.json")
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr


def test_what_nobody_foresaw_ends_with_1_and_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("the unforeseen")

    monkeypatch.setattr("monitor.cli.running.commands", lambda: fails)
    assert run_app(["cards", "list"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[-1].startswith("程序出错 failed: RuntimeError: the unforeseen")
    assert json.loads(said[0])["action"] == "command.failed"


@pytest.mark.parametrize("command", [("run",), ("config", "check")], ids=" ".join)
def test_a_group_on_a_store_that_one_process_uses_alone_is_refused(jiancha: Run, command: tuple[str, ...]) -> None:
    done = jiancha(*command, MQTT__SHARED_GROUP="g")
    assert done.returncode == 2, done.stderr
    assert "mqtt.shared_group: 'g' needs a PostgreSQL (store.url)" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_takeover_in_haste_is_refused(jiancha: Run) -> None:
    done = jiancha("config", "check", MQTT__TAKEOVER_SECONDS="1")
    assert done.returncode == 2
    assert "mqtt.takeover_seconds" in done.stderr


def test_a_copy_of_a_groups_store_is_judged_all_the_same(jiancha: Run) -> None:
    done = jiancha("cards", "list", "--json", MQTT__SHARED_GROUP="g")
    assert (done.returncode, json.loads(done.stdout)) == (0, []), done.stderr


def test_config_is_taken_before_and_after_the_command(jiancha: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[store]\nurk = 1\n")
    for arguments in (("--config", "bad.toml", "cards", "list"), ("cards", "list", "--config=bad.toml")):
        done = jiancha(*arguments)
        assert done.returncode == 2
        assert "bad.toml: store.urk: 未知的键" in done.stderr


@pytest.mark.parametrize("name", ["settings", "policy", "alerts", "map", *channel_schemas()])
def test_every_schema_is_a_json_schema(jiancha: Run, name: str) -> None:
    schema = json.loads(jiancha("config", "schema", name).stdout)
    assert {"properties", "oneOf", "$ref"} & set(schema)


def test_the_vectors_of_the_law_by_command(jiancha: Run) -> None:
    """2026-03-02 + 5 with a pause over two working days falls on 03-12 (DESIGN §4)."""
    pause = "2026-03-04T15:00:00+08:00/2026-03-06T10:00:00+08:00"
    done = jiancha(
        "calendar", "due", "--accepted", "2026-03-02T10:00:00+08:00", "--days", "5", "--pause", pause, "--json"
    )
    answer = json.loads(done.stdout)
    assert (answer["at"], answer["provisional"]) == ("2026-03-12T17:30:00+08:00", False)
    assert [s["date"] for s in answer["steps"] if s["counted"]] == [
        "2026-03-03", "2026-03-09", "2026-03-10", "2026-03-11", "2026-03-12",
    ]  # fmt: skip


HALL = """
[[halls]]
id = "h1"
[[units]]
id = "u1"
hall = "h1"
[[windows]]
id = "w1"
hall = "h1"
unit = "u1"
[[staff]]
id = "s1"
unit = "u1"
name = "演示员"
[[devices]]
id = "ev1"
kind = "evaluator"
hall = "h1"
window = "w1"
"""


CASES = """
[[devices]]
id = "cases-1"
kind = "cases"
hall = "h1"
emits = ["accepted"]
"""
OFFICE = """
[alerts.receivers.office]
{url}
[[alerts.routes]]
level = "yellow"
receivers = ["office"]
"""
CHECKS = [
    ("all in order", OFFICE.format(url='url = "http://127.0.0.1:9/"'), "", []),
    ("no route at all is one line", "", "", ["没有任何路由"]),
    ("a secret that is not there", OFFICE.format(url='url_file = "/no/such/file"'), "", ["office.url_file: /no/such"]),
    (
        "a source that tells of no completions",
        OFFICE.format(url='url = "http://127.0.0.1:9/"'),
        CASES,
        ["设备 device cases-1: emits 不含 completed"],
    ),
    (
        "a rule that no route tells, at each place, by the levels that it has",
        OFFICE.format(url='url = "http://127.0.0.1:9/"').replace("[[alerts.routes]]", '[[alerts.routes]]\nhall = "h1"'),
        "",
        [f"{rule} {level} @ - 无人接收" for rule, level in (
            ("case.limit", "yellow"), ("case.limit", "red"), ("case.immediate", "yellow"), ("case.immediate", "red"),
            ("case.notice", "yellow"), ("case.stage", "yellow"), ("case.stage", "red"), ("case.pause", "yellow"),
            ("case.pause", "red"), ("case.delivery", "yellow"), ("case.delivery", "red"), ("order.reply", "yellow"),
            ("order.reply", "red"), ("order.promise", "yellow"), ("task.due", "yellow"),
            ("task.due", "red"), ("complaint.due", "yellow"), ("complaint.due", "red"),
            ("checkin.slot", "yellow"), ("checkin.slot", "red"), ("post.empty", "yellow"), ("post.empty", "red"),
            ("rating.bad", "yellow"), ("rating.bad", "red"), ("device.silent", "yellow"), ("device.silent", "red"),
            ("device.skew", "yellow"), ("attendance.sum", "red"), ("absence.person", "yellow"),
            ("absence.return", "red"), ("absence.window", "yellow"), ("conduct.month", "yellow"),
        )],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "config", "registry", "said"), CHECKS, ids=[c[0] for c in CHECKS])
def test_what_config_check_finds(
    jiancha: Run, tmp_path: Path, name: str, config: str, registry: str, said: list[str]
) -> None:
    (tmp_path / "hall.toml").write_text(HALL + registry)
    (tmp_path / "jiancha.toml").write_text(config)
    assert jiancha("registry", "import", "hall.toml").returncode == 0
    done = jiancha("--config", "jiancha.toml", "config", "check")
    source, *lines = done.stdout.splitlines()
    assert source.startswith("规则 policy: default@"), "which source of the policy holds is told first"
    assert done.returncode == (1 if said else 0), done.stderr
    assert len(lines) == max(len(said), 1)
    assert all(any(part in line for line in lines) for part in said), lines


def test_a_route_to_a_receiver_that_cannot_be_opened_is_refused(jiancha: Run, tmp_path: Path) -> None:
    (tmp_path / "jiancha.toml").write_text(OFFICE.format(url='url_file = "/no/such/file"'))
    done = jiancha("--config", "jiancha.toml", "alerts", "route", "--example", "case.limit:red")
    assert (done.returncode, "office.url_file" in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def test_a_bad_rating_is_worked_to_its_end(jiancha: Run, tmp_path: Path) -> None:
    """Import, judge, list, explain, acknowledge, answer, close; what the state does not allow is refused."""
    (tmp_path / "hall.toml").write_text(HALL)
    payload = {"id": "r1", "at": "2026-03-02T09:15:00+08:00", "score": 1, "staff": "s1"}
    line = {"received": "2026-03-02T09:15:01+08:00", "device": "ev1", "channel": "rating", "payload": payload}
    (tmp_path / "day.jsonl").write_text(json.dumps(line) + "\n")
    monday = {"CLOCK__START": "2026-03-02T08:00:00+08:00"}
    assert jiancha("registry", "import", "hall.toml", **monday).returncode == 0
    assert jiancha("events", "import", "day.jsonl").returncode == 0
    again = jiancha("events", "import", "day.jsonl", "--json")
    assert json.loads(again.stdout) == {"stored": 0, "duplicates": 1, "quarantined": 0}
    assert json.loads(jiancha("report", "events", "--json").stdout) == {"stored": 1, "duplicates": 1, "quarantined": 0}

    judged = json.loads(jiancha("judge", "--as-of", "2026-03-02T10:00:00+08:00", "--json").stdout)
    assert set(judged) == {"judged", "issued", "upgraded", "cleared", "unknown"}
    (card,) = json.loads(jiancha("cards", "list", "--json", "--rule", "rating.bad").stdout)
    assert (card["level"], card["state"], card["staff"], card["window"]) == ("yellow", "open", "s1", "w1")
    assert card["since"] == "2026-03-02T09:15:00+08:00"
    number = str(card["number"])
    explained = json.loads(jiancha("explain", number, "--json").stdout)
    assert {"facts", "steps", "policy", "watermark"} <= set(explained)
    assert explained["policy"]["rating.bad_at_most"] == 2
    assert "差评" in jiancha("explain", number).stdout
    english = jiancha("explain", number, "--lang", "en").stdout
    assert "Bad rating" in english
    assert "What to do" in english
    assert jiancha("explain", number, "--lang", "fr").returncode == 2

    for verb in ("ack", "answer", "close"):
        assert jiancha("cards", verb, number, "--reason", "已核实", **monday).returncode == 0
    refused = jiancha("cards", "answer", number, "--reason", "again")
    assert refused.returncode == 2
    assert f"第 {number} 号牌已办结，只能由待签收、已签收办理“回复”" in refused.stderr
    assert f"Card {number} is closed: it can be answered only from open, acknowledged" in refused.stderr
    (closed,) = json.loads(jiancha("cards", "list", "--json", "--rule", "rating.bad").stdout)
    assert [h["event"] for h in closed["history"]] == ["issued", "acknowledged", "answered", "closed"]


def test_people_work_cards_in_their_roles(jiancha: Run, tmp_path: Path) -> None:
    """Accounts, a card by hand, an order, an answer with a file, an appeal; what a role may not do is refused."""
    (tmp_path / "hall.toml").write_text(HALL)
    monday = {"CLOCK__START": "2026-03-02T10:00:00+08:00"}

    def done(*arguments: str) -> str:
        ended = jiancha(*arguments, **monday)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def refused(*arguments: str) -> str:
        ended = jiancha(*arguments, **monday)
        assert (ended.returncode, ended.stdout) == (2, "")
        return ended.stderr

    done("registry", "import", "hall.toml")
    done("user", "add", "head", "--role", "supervision_head", "--halls", "h1", "--name", "员工甲")
    done("user", "add", "boss", "--role", "unit_head", "--units", "u1")
    assert [u["id"] for u in json.loads(done("user", "list", "--json"))] == ["boss", "head"]
    assert "监察负责人 supervision_head  h1" in done("user", "list")
    by_hand = ("cards", "issue", "--rule", "E06", "--window", "w1", "--reason", "巡查所见")
    assert "单位负责人无权人工发牌" in refused(*by_hand, "--as", "boss")
    number = done(*by_hand, "--as", "head").split()[0].removeprefix("#")
    done(
        "cards",
        "order",
        number,
        "--kind",
        "on_site",
        "--due",
        "2026-03-04T17:30:00+08:00",
        "--reason",
        "督",
        "--as",
        "head",
    )
    done("cards", "ack", number, "--promise", "2026-03-03T12:00:00+08:00", "--reason", "知", "--as", "boss")
    (tmp_path / "说明.txt").write_text("已整改")
    (tmp_path / "run.sh.txt").write_bytes(b"\x7fELF")
    assert "不是可收的类型" in refused("cards", "answer", number, "--reason", "x", "--attach", "run.sh.txt")
    assert "nowhere.pdf" in refused("cards", "answer", number, "--reason", "x", "--attach", "nowhere.pdf")
    done("cards", "answer", number, "--reason", "已整改", "--attach", "说明.txt", "--as", "boss")
    done("cards", "appeal", number, "--reason", "当时在踏勘", "--as", "boss")
    assert "应由他人复核" in refused("cards", "review", number, "--grant", "--reason", "x", "--as", "head")
    done("cards", "review", number, "--uphold", "--reason", "事实清楚")
    assert "复核维持" in done("cards", "show", number)
    shown = json.loads(done("cards", "show", number, "--json"))
    assert [s["event"] for s in shown["steps"]] == [
        "issued", "ordered", "acknowledged", "answered", "appealed", "upheld",
    ]  # fmt: skip
    done("cards", "file", number, str(shown["files"][0]["id"]), "-o", "copy.txt")
    assert (tmp_path / "copy.txt").read_text() == "已整改"
    assert "copy.txt" in refused("cards", "file", number, str(shown["files"][0]["id"]), "-o", "copy.txt")
    done("user", "disable", "boss", "--reason", "调离")
    assert "不是在用账户" in refused("cards", "answer", number, "--reason", "x", "--as", "boss")


def test_quarantined_lines_end_with_1_and_are_replayed_once_mended(jiancha: Run, tmp_path: Path) -> None:
    (tmp_path / "hall.toml").write_text(HALL)
    payload = {"id": "r1", "at": "2026-03-02T09:15:00+08:00", "score": 1, "staff": "s2"}
    line = {"received": "2026-03-02T09:15:01+08:00", "device": "ev1", "channel": "rating", "payload": payload}
    (tmp_path / "day.jsonl").write_text(json.dumps(line) + "\n")
    monday = {"CLOCK__START": "2026-03-02T08:00:00+08:00"}
    jiancha("registry", "import", "hall.toml", **monday)
    assert jiancha("events", "import", "day.jsonl").returncode == 1
    (held,) = json.loads(jiancha("quarantine", "list", "--json").stdout)
    assert (held["device"], held["channel"], held["reason"]) == ("ev1", "rating", "unknown_ref")
    assert jiancha("quarantine", "replay").returncode == 1
    (tmp_path / "more.toml").write_text('[[staff]]\nid = "s2"\nunit = "u1"\n')
    jiancha("registry", "import", "more.toml", **monday)
    assert jiancha("quarantine", "replay", str(held["id"])).returncode == 0
    assert json.loads(jiancha("quarantine", "list", "--json").stdout) == []


ONE_HALL = "[[halls]]\nid = 'h1'\nname = '大厅'\n"


@pytest.mark.parametrize(
    "command", [("cards", "list"), ("registry", "import", "hall.toml"), ("db", "upgrade"), ("run",)], ids=" ".join
)
def test_a_damaged_file_ends_any_command_with_2_and_the_way_out(
    jiancha: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "hall.toml").write_text(ONE_HALL)
    (tmp_path / "store.sqlite").write_bytes(b"no database" * 1000)
    done = jiancha(*command)
    assert done.returncode == 2, done.stderr
    assert "已损坏" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_that_stays_locked_ends_a_command_with_1_and_says_so(jiancha: Run, tmp_path: Path) -> None:
    (tmp_path / "hall.toml").write_text(ONE_HALL)
    assert jiancha("db", "upgrade").returncode == 0
    writer = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    done = jiancha("registry", "import", "hall.toml", STORE__BUSY_SECONDS="1")
    writer.close()
    assert done.returncode == 1, done.stderr
    assert "数据库不可用" in done.stderr
    assert "Traceback" not in done.stderr
