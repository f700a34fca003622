"""The shipped files for Prometheus, Alertmanager and Grafana: made from their tables, checked by their own tools, every
alert with a case that fires and one that is quiet. What they say of a real daemon: `test_prometheus_busy`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.ops.boards import BOARDS, Board
from monitor.ops.recorded import RECORDED
from monitor.ops.runbook import ALERTS, BOOK
from tests.http_app import METRICS
from tests.prometheus import ALERTMANAGER, PROMETHEUS, board_expressions, filled, routing, rules

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import grafana_boards  # noqa: E402 - a script, not part of the package

CASES = sorted((PROMETHEUS / "tests").glob("*.yml"))
NAMES = [alert.name for alert in ALERTS]
FIRING = re.compile(r'^ALERTS\{alertname="(\w+)",alertstate="firing"\}$')


# --------------------------------------------------------------------------- rules


def test_the_tools_of_prometheus_find_nothing(tool: Callable[[str], str]) -> None:
    promtool = tool("promtool")
    for words in (
        ["check", "config", "prometheus.yml"],
        ["check", "rules", "rules/jiancha.yml"],
        ["test", "rules", *(str(path.relative_to(PROMETHEUS)) for path in CASES)],
    ):
        done = subprocess.run([promtool, *words], cwd=PROMETHEUS, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def told(case: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """(alert, when, whether it is to fire) of a case of promtool."""
    for one in case.get("alert_rule_test", ()):
        yield one["alertname"], one["eval_time"], bool(one["exp_alerts"])
    for one in case.get("promql_expr_test", ()):
        found = FIRING.match(one["expr"])
        if found:
            yield found[1], one["eval_time"], bool(one["exp_samples"])


def minutes(text: str) -> int:
    return int(text[:-1]) * {"m": 1, "h": 60}[text[-1]]


@pytest.mark.parametrize("name", NAMES)
def test_every_alert_fires_in_a_case_and_is_quiet_right_before(name: str) -> None:
    """A step of evaluation before it fires it does not: the time that the condition has to last is what it says."""
    close = []
    for path in CASES:
        suite = yaml.safe_load(path.read_text())
        for case in suite["tests"]:
            mine = [(minutes(when), fires) for alert, when, fires in told(case) if alert == name]
            fires = [when for when, yes in mine if yes]
            if fires:
                close += [min(fires) - when for when, yes in mine if not yes and when < min(fires)]
                step = minutes(suite["evaluation_interval"])
                assert step in close, f"{case['name']}: not looked at right before"
    assert close, "no case in which it fires"


MOVED = {
    "JianchaBacklog": ("jiancha_judge_due_backlog) > 1000", "jiancha_judge_due_backlog) >= 1000"),
    "JianchaDiskLow": ("jiancha_store_free_bytes < 2", "jiancha_store_free_bytes <= 2"),
    "JianchaSubjectsUnknown": ("jiancha_subjects_unknown) > 20", "jiancha_subjects_unknown) >= 20"),
    "JianchaDeliveryStuck": ("oldest_pending_seconds) > 600", "oldest_pending_seconds) >= 600"),
    "JianchaJudgingSlow": ("p95_rate5m > 2", "p95_rate5m > 1.9"),
    "JianchaDeliveryFailing": ("ratio_rate15m > 0.5", "ratio_rate15m >= 0.5"),
    "JianchaAttendanceUnknown": ("jiancha_attendance_unknown:ratio > 0.2", "jiancha_attendance_unknown:ratio >= 0.2"),
    "JianchaEventsRefused": ('quarantined"}[15m])) > 10', 'quarantined"}[15m])) > 9'),
}


def test_a_limit_that_is_moved_a_little_is_noticed(tool: Callable[[str], str], tmp_path: Path) -> None:
    """The cases stand close to the limits: promtool finds the case of each alert wrong."""
    text = (PROMETHEUS / "rules" / "jiancha.yml").read_text()
    for before, after in MOVED.values():
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    (tmp_path / "rules").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "rules" / "jiancha.yml").write_text(text)
    (tmp_path / "tests" / "jiancha.yml").write_text((PROMETHEUS / "tests" / "jiancha.yml").read_text())
    line = [tool("promtool"), "test", "rules", "tests/jiancha.yml"]
    said = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True)
    assert said.returncode == 1
    assert [name for name in MOVED if name not in said.stdout + said.stderr] == []


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_says_how_bad_it_is_in_both_languages_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    notes = rule["annotations"]
    for text in (notes["summary"], notes["description"]):
        plain = re.sub(r"\{\{.*?\}\}", "", text)
        chinese, latin = re.search(r"[一-鿿]", plain), re.search(r"[A-Za-z]{2,}", plain)
        assert chinese is not None
        assert latin is not None
        assert chinese.start() < latin.start(), text
    assert notes["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"


def test_the_book_has_a_section_for_each_alert() -> None:
    """Headed by nothing but its name, so that the way to it in the annotation ends there."""
    book = ROOT / BOOK
    if not book.exists():
        pytest.skip(f"{BOOK} is not written")
    headed = re.findall(r"^#+ (\w+)$", book.read_text(), re.MULTILINE)
    assert [name for name in NAMES if name not in headed] == []


def test_each_metric_of_ours_is_on_a_board_or_in_a_rule() -> None:
    asked = [expr for _, expr in board_expressions()] + [rule["expr"] for rule in (*rules(), *rules("record"))]
    shown = " ".join(asked)
    assert [name for name in METRICS if not re.search(rf"\bjiancha_{name}(_bucket|_count)?\b", shown)] == []


def test_whatever_is_recorded_is_asked_for() -> None:
    asked = " ".join([expr for _, expr in board_expressions()] + [rule["expr"] for rule in rules()])
    assert [one.name for one in RECORDED if one.name not in asked] == []
    named = set(re.findall(r"\b[a-z_]+:jiancha_\w+:\w+", asked))
    assert named <= {one.name for one in RECORDED}


# --------------------------------------------------------------------------- boards


def test_the_boards_are_what_their_tables_say() -> None:
    made = grafana_boards.files()
    assert {path.name for path in made} == {path.name for path in grafana_boards.FOLDER.glob("*.json")}
    for path, content in made.items():
        assert path.read_text(encoding="utf-8") == content, f"{path.name}: run make docs"


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_a_board_is_whole(board: Board) -> None:
    """Sources by variable, a unit on each panel, no two panels on one place, none beside the grid."""
    shown = json.loads(grafana_boards.text(board))
    assert shown["title"] == f"监察 · {board.title[0]} {board.title[1]}"
    variables = {one["name"] for one in shown["templating"]["list"]}
    assert variables == ({"datasource", "hall"} if board.halls else {"datasource"})
    assert len({panel["id"] for panel in shown["panels"]}) == len(shown["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in shown["panels"]:
        assert panel["datasource"]["uid"] == "${datasource}"
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert re.search(r"[一-鿿]", panel["title"])
        assert board.halls or all("$hall" not in target["expr"] for target in panel["targets"])
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}  # fmt: skip
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_a_variable_that_no_board_has_is_noticed() -> None:
    with pytest.raises(AssertionError):
        filled("sum(jiancha_cases_open{window=~'$window'})")


# --------------------------------------------------------------------------- Alertmanager


def test_alertmanager_takes_its_file_and_leads_by_severity(tool: Callable[[str], str]) -> None:
    amtool = tool("amtool")
    done = subprocess.run([amtool, "check-config", str(ALERTMANAGER)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for alert in ALERTS:
        words = [f"alertname={alert.name}", f"severity={alert.severity}"]
        line = [amtool, "config", "routes", "test", f"--config.file={ALERTMANAGER}", *words]
        led = subprocess.run(line, capture_output=True, text=True).stdout.strip()
        assert led == {"critical": "duty", "warning": "operators"}[alert.severity], alert.name
    assert not re.search(r"password: |credentials: |token: ", ALERTMANAGER.read_text()), "secrets come from files"


def test_what_follows_from_a_part_that_is_away_is_held_back(
    tool: Callable[[str], str], tmp_path: Path, free_port: Callable[[], int], eventually: Callable[..., Any]
) -> None:
    """By a real Alertmanager, to which every alert is told; its receivers lead nowhere."""
    nowhere = dict.fromkeys(("duty", "operators"), f"http://127.0.0.1:{free_port()}/")
    with routing(tmp_path, tool("prometheus-alertmanager"), free_port(), nowhere, "t") as manager:
        eventually(manager.ready, 30, "alertmanager is ready")

        def held() -> set[str]:
            return {a["labels"]["alertname"] for a in manager.get("/api/v2/alerts") if a["status"]["inhibitedBy"]}

        def tell(*names: str) -> None:
            manager.post("/api/v2/alerts", [{"labels": {"alertname": name}} for name in names])

        alone = (
            "JianchaReplicaLost",
            "JianchaNotReady",
            "JianchaBacklog",
            "JianchaDevicesSilent",
            "JianchaTakeoverStuck",
        )
        tell(*alone)
        eventually(lambda: len(manager.get("/api/v2/alerts")) == len(alone), 10, "told")
        assert held() == set(), "nothing is away that would explain them"
        tell(*(name for name in NAMES if name != "JianchaDown"))
        from_parts = {
            "JianchaStoreAway", "JianchaLoopStopped", "JianchaNotReady", "JianchaBacklog", "JianchaJudgingSlow",
            "JianchaIngestSlow", "JianchaDevicesSilent", "JianchaSubjectsUnknown", "JianchaAttendanceUnknown",
            "JianchaDeliveryFailing", "JianchaCalendarMissing",
        }  # fmt: skip
        eventually(lambda: held() == from_parts, 10, "what follows from a part is held back")
        tell("JianchaDown")
        eventually(lambda: held() == set(NAMES) - {"JianchaDown"}, 10, "of a daemon that is gone only that is told")


def test_what_one_replica_lacks_hides_nothing_of_another(
    tool: Callable[[str], str], tmp_path: Path, free_port: Callable[[], int], eventually: Callable[..., Any]
) -> None:
    """One cannot reach the database, the loop of the other stands still: nothing is judged, and both are told."""
    nowhere = dict.fromkeys(("duty", "operators"), f"http://127.0.0.1:{free_port()}/")
    with routing(tmp_path, tool("prometheus-alertmanager"), free_port(), nowhere, "t") as manager:
        eventually(manager.ready, 30, "alertmanager is ready")
        told = [("JianchaStoreAway", "a"), ("JianchaLoopStopped", "a"), ("JianchaNotReady", "a"),
                ("JianchaLoopStopped", "b"), ("JianchaNotReady", "b"), ("JianchaBrokerLost", "c"),
                ("JianchaNotReady", "d")]  # fmt: skip
        manager.post("/api/v2/alerts", [{"labels": {"alertname": n, "instance": i, "job": "jiancha"}} for n, i in told])

        def held() -> set[tuple[str, str]]:
            found = manager.get("/api/v2/alerts")
            assert len(found) in (0, len(told))
            labels = (one["labels"] for one in found if one["status"]["inhibitedBy"])
            return {(one["alertname"], one["instance"]) for one in labels}

        of_a = {("JianchaLoopStopped", "a"), ("JianchaNotReady", "a"), ("JianchaNotReady", "b")}
        eventually(lambda: held() == of_a, 10, "what follows within a replica, and no more")
