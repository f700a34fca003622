"""The README's lines on working a card, played in their order on a store of the example's registry."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.halls import Commands

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "heading"), [("README.md", "### How a card is worked"), ("README.zh-CN.md", "### 如何办理一张牌")]
)
def test_the_lines_work_a_card_to_its_end(tmp_path: Path, name: str, heading: str) -> None:
    block = (ROOT / name).read_text(encoding="utf-8").partition(heading)[2].split("```sh\n")[1].split("```")[0]
    commands = Commands(tmp_path, clock="2026-03-02 10:00")
    commands.run("registry", "import", str(ROOT / "docs/examples/hall.toml"))
    for line in block.splitlines():
        program, *words = shlex.split(line)
        assert program == "jiancha"
        commands.run(*words)
    (card,) = commands.json("cards", "list")
    assert (card["state"], [h["actor"] for h in card["history"]][1:]) == ("closed", ["boss", "boss", "head"])
    assert json.loads((tmp_path / "card-1.json").read_text(encoding="utf-8"))["record"]["card"]["number"] == 1
