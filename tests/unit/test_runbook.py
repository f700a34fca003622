"""The runbook has a section for each alert, with what to look at and what to do; the capacity is what was measured."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import capacity  # noqa: E402 - a script, not part of the package

RULES = yaml.safe_load((ROOT / "config" / "prometheus" / "rules" / "jiancha.yml").read_text())
ALERTS = {rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"] if "alert" in rule}
TEXT = (ROOT / "docs" / "runbook.md").read_text()
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))


def test_each_alert_has_a_section_and_each_section_an_alert() -> None:
    assert set(SECTIONS) == set(ALERTS)
    assert len(ALERTS) > 20


@pytest.mark.parametrize("name", ALERTS)
def test_a_section_says_what_it_means_what_to_look_at_and_what_to_do(name: str) -> None:
    means, look, do = re.split(r"\*\*(?:看什么 · Look at|做什么 · Do)\*\*", SECTIONS[name])
    assert re.search(r"[\u4e00-\u9fff]{4}", means.splitlines()[0])
    assert ALERTS[name]["labels"]["severity"].capitalize() in " ".join(means.split())
    assert look.strip().startswith("- ")
    assert do.strip().startswith("- ")


def test_what_is_led_to_is_a_section() -> None:
    assert set(re.findall(r"\bJiancha[A-Z]\w+", TEXT)) <= set(ALERTS)


def test_capacity_shows_our_own_figures_of_rows_that_were_measured(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    lines = [f"| {one.row} | 4.2 | 1,234 against 99 ms; 7 against 8 MB | – | – |" for one in capacity.ASKED]
    page.write_text("\n".join(["| what | measured | figures | goal | met |", "|---|---|---|---|---|", *lines]))
    shown = [line.split("|")[2].strip() for line in capacity.table(page).splitlines()[2:]]
    assert shown == [f"4.2 {one.unit}" if one.unit else "1,234 ms; 7 MB" for one in capacity.ASKED]
    page.write_text("\n".join(lines[1:]))
    with pytest.raises(KeyError):
        capacity.table(page)
