"""SIGKILL between any two steps of planning and sending: every notice arrives at least once, as the same card and
sequence, and no end before its firing."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest

from monitor.store.engine import Store
from tests import forked
from tests.alert_world import issue, notice, policy_of
from tests.receivers import http_receiver, says

pytestmark = pytest.mark.both_databases

POINTS = ["plan.before_commit", "plan.after_commit", "send.before", "send.after"]


def run_child(store: Store, policy: dict[str, Any], minutes: int, failpoint: str | None) -> int:
    environ = {key: value for key, value in os.environ.items() if key != "JIANCHA_FAILPOINT"}
    if failpoint:
        environ["JIANCHA_FAILPOINT"] = failpoint
    done = forked.run(
        [store.url, json.dumps(policy), str(minutes)], env=environ, timeout=60, entry="tests.killable:tell"
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def fill(store: Store) -> list[tuple[int, int, str]]:
    """Three cards with six notices; what has to arrive of them."""
    for number in (1, 2, 3):
        issue(store, number)
    notice(store, 1, "upgraded", level="red")
    notice(store, 1, "cleared", level="red", minutes=2)
    notice(store, 2, "cleared", level="yellow")
    return [
        (1, 1, "firing"),
        (1, 2, "firing"),
        (1, 3, "resolved"),
        (2, 1, "firing"),
        (2, 2, "resolved"),
        (3, 1, "firing"),
    ]


@pytest.mark.parametrize("passing", [1, pytest.param(2, marks=pytest.mark.long)])
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_loses_no_notice(store: Store, point: str, passing: int) -> None:
    wanted = fill(store)
    with http_receiver() as receiver:
        policy = policy_of({"hook": receiver.url}).model_dump(mode="json", by_alias=True)
        policy["receivers"]["hook"]["url"] = receiver.url
        assert run_child(store, policy, 0, f"{point}:{passing}") == -signal.SIGKILL, "the failpoint was never passed"
        assert run_child(store, policy, 5, None) == 0
        arrived = [(body["card"], body["sequence"], body["kind"]) for body in receiver.bodies]
    first_time = list(dict.fromkeys(arrived))
    assert sorted(first_time) == wanted
    assert first_time.index((1, 1, "firing")) < first_time.index((1, 3, "resolved"))
    assert first_time.index((2, 1, "firing")) < first_time.index((2, 2, "resolved"))
    repeated = len(arrived) - len(wanted)
    assert repeated == (1 if point == "send.after" else 0), "only a try whose end nobody saw is made twice"


def test_kill_after_kill(store: Store) -> None:
    """A process that never comes further than one message still gets all of them out."""
    wanted = fill(store)
    with http_receiver() as receiver:
        policy = policy_of({"hook": receiver.url}).model_dump(mode="json", by_alias=True)
        policy["receivers"]["hook"]["url"] = receiver.url
        codes = [run_child(store, policy, 0, "send.after:2")]
        while codes[-1] != 0 and len(codes) < 12:
            codes.append(run_child(store, policy, 5 * len(codes), "send.after:2"))
        arrived = {(body["card"], body["sequence"], body["kind"]) for body in receiver.bodies}
    assert codes[0] == -signal.SIGKILL
    assert codes[-1] == 0
    assert sorted(arrived) == wanted


def test_a_repeat_after_a_kill_is_marked_for_the_reader(store: Store) -> None:
    issue(store, 1)
    with http_receiver(says({"errcode": 0})) as receiver:
        url = f"wecombot://abc/?base={receiver.base}"
        policy = policy_of({"robot": url}).model_dump(mode="json", by_alias=True)
        policy["receivers"]["robot"]["url"] = url
        assert run_child(store, policy, 0, "send.after") == -signal.SIGKILL
        assert run_child(store, policy, 5, None) == 0
    assert ["可能已送达" in body["text"]["content"] for body in receiver.bodies] == [False, True]


@pytest.mark.parametrize(
    "point", ["plan.before_commit", pytest.param("plan.after_commit", marks=pytest.mark.long), "send.before"]
)
def test_a_kill_while_a_repeat_and_a_step_are_due_tells_each_once(store: Store, point: str) -> None:
    issue(store, 1)
    with http_receiver() as receiver:
        steps = [{"after_minutes": 60, "receivers": ["boss"]}]
        given = policy_of({"hook": receiver.url, "boss": receiver.url}, routes=[{"receivers": ["hook"]}],
                          repeat_minutes=60, escalation=steps)  # fmt: skip
        policy = given.model_dump(mode="json", by_alias=True)
        for name in ("hook", "boss"):
            policy["receivers"][name]["url"] = receiver.url
        assert run_child(store, policy, 0, None) == 0
        assert run_child(store, policy, 61, point) == -signal.SIGKILL, "the failpoint was never passed"
        assert run_child(store, policy, 66, None) == 0
        heads = [body["text"].split(" ")[0] for body in receiver.bodies]
    assert heads[0] == "【黄牌】差评"
    assert sorted(heads[1:]) == ["【黄牌·再次提醒】差评", "【黄牌·逾时未签收上报】差评"]
