"""What a torture run does is known beforehand: scenario and plan come from the seed, a saved plan is played again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.settings import load as settings
from torture.__main__ import main
from torture.people import ROADS, next_step, road_of
from torture.plan import FLOODS, MOODS, Plan, load
from torture.play import Shape
from torture.scenario import scenario

SHORT = 0.25
KINDS = {
    "kill", "cut", "refused", "delayed", "throttled", "silent", "disk full", "host clock", "wrong start", "reboot",
    "device cut", "held and shuffled", "sent again", "flood", "receiver",
}  # fmt: skip


def plan(seed: int, store: str = "postgresql", minutes: float = SHORT) -> Plan:
    return Shape.of(minutes, store).plan(seed)


@pytest.mark.parametrize("store", ["postgresql", "sqlite"])
@pytest.mark.parametrize("seed", range(5))
def test_the_shortest_plan_has_each_kind_of_fault_and_few_kills(store: str, seed: int) -> None:
    drawn = plan(seed, store)
    wanted = KINDS | ({"locked"} if store == "sqlite" else set())
    assert {fault.kind for fault in drawn.faults} == wanted
    assert {fault.what for fault in drawn.faults if fault.kind == "flood"} == set(FLOODS)
    assert {fault.what for fault in drawn.faults if fault.kind == "receiver"} == set(MOODS)
    killed = {fault.what.rstrip("-12") for fault in drawn.faults if fault.kind == "kill"}
    assert killed == ({"daemon", "broker", "postgresql"} if store == "postgresql" else {"daemon", "broker"})
    assert drawn.kills <= 12
    assert all(0 < fault.at <= fault.at + fault.seconds < drawn.seconds for fault in drawn.faults)


def test_an_hour_has_many() -> None:
    drawn = plan(1, minutes=60)
    assert len(drawn.faults) >= 300
    assert 60 <= drawn.kills <= 130


def test_equal_seeds_give_equal_plans_and_scenarios(tmp_path: Path) -> None:
    assert plan(7) == plan(7) != plan(8)
    size, shipped = Shape.of(SHORT, "sqlite").size, settings(None, {})
    assert scenario(7, size, shipped).steps == scenario(7, size, shipped).steps
    assert scenario(7, size, shipped).steps != scenario(8, size, shipped).steps


def test_a_saved_plan_is_the_plan(tmp_path: Path) -> None:
    drawn = plan(3)
    drawn.save(tmp_path / "plan.json")
    assert load(tmp_path / "plan.json") == drawn


@pytest.mark.parametrize("text", ["", "[]", '{"seed": 1}', json.dumps({"seed": 1, "faults": [{"kind": "kill"}]})])
def test_what_is_no_plan_ends_with_2(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plan.json").write_text(text)
    assert main(["--plan", str(tmp_path / "plan.json")]) == 2
    assert "no plan of faults" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--minutes", "0"], ["--minutes", "9999"], ["--kills", "0"], ["--plan", "/no/such"]])
def test_arguments_that_cannot_be_used_end_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("torture: ")


def card(rule: str = "checkin.slot", state: str = "open", events: tuple[str, ...] = ("issued",)) -> dict[str, object]:
    history = [{"event": event} for event in events]
    return {"subject": {"kind": "slot", "id": "p1/d"}, "rule": rule, "state": state, "history": history}


def test_a_folder_of_another_run_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "calm").mkdir()
    assert main(["--store", "sqlite", "--minutes", "1", "--folder", str(tmp_path)]) == 2
    assert f"--folder {tmp_path}" in capsys.readouterr().err
    assert not (tmp_path / "plan.json").exists()


def test_people_do_the_same_to_a_card_whenever_they_come_to_it() -> None:
    """The road goes by subject and rule alone; a card that rose meanwhile is open, and is taken up again."""
    assert road_of(1, card()) == road_of(1, {**card(), "level": "red", "number": 9})
    assert {road_of(seed, card()) for seed in range(80)} == set(ROADS)
    steps = []
    for state, events in (
        ("open", ("issued",)),
        ("acknowledged", ("issued", "acknowledged")),
        ("open", ("issued", "acknowledged", "upgraded")),
    ):
        step = next_step("closed", card(state=state, events=events), evening=False)
        steps.append(step.step if step else None)
    assert steps == ["ack", "answer", "ack"]


def test_only_in_the_evening_is_ended_what_may_still_rise() -> None:
    answered = card(state="answered", events=("issued", "acknowledged", "answered"))
    assert next_step("closed", answered, evening=False) is None
    step = next_step("closed", answered, evening=True)
    assert step is not None
    assert step.step == "close"


def test_the_page_names_every_fault() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "reliability.md").read_text(encoding="utf-8")
    missing = [name for name in sorted({*KINDS, "locked", *FLOODS, *MOODS}) if name not in page]
    assert missing == []
