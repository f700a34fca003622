"""What the findings on the catalogue of items say; the language of templates is told in `reasons`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

ITEMS: Final[Mapping[str, Texts]] = {
    "item.finding.made_immediate": (
        "事项 {item}[（{item_name}）] 自 {from} 起由承诺件[（{former} {unit}）]改为即办件，请核实加分（C06）。",
        "Item {item}[ ({item_name})] is immediate since {from}; it was promised[ in {former} {unit}]."
        " A bonus, to be verified (C06).",
    ),
    "item.finding.promise_cut": (
        "事项 {item}[（{item_name}）] 的承诺时限自 {from} 起由 {former} {unit}缩短为 {promised} {unit}，"
        "请核实加分（C07）。",
        "The promise of item {item}[ ({item_name})] was cut from {former} to {promised} {unit} on {from}."
        " A bonus, to be verified (C07).",
    ),
}
