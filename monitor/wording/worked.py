"""What belongs to the step of a person (its body: codes, ids, instants), in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from monitor.wording.render import Lang, pick
from monitor.wording.words import APPEALS, FOLLOW_UPS, ORDER_KINDS, RESULTS, Texts

SATISFIED: Final[Mapping[str, Texts]] = {"yes": ("满意", "satisfied"), "no": ("不满意", "dissatisfied")}
LABELS: Final[Mapping[str, Texts]] = {
    "promised_at": ("承诺办理时间", "promised by"),
    "kind": ("督办方式", "kind of order"),
    "due": ("回复期限", "reply due"),
    "finding": ("核实结论", "found"),
    "satisfied": ("回访结果", "called back"),
    "result": ("办结结果", "result"),
    "appeal": ("申诉", "appeal"),
    "was": ("原责任", "answered for by"),
    "now": ("现责任", "now by"),
    "unit": ("单位", "unit"),
    "window": ("窗口", "window"),
    "staff": ("人员", "person"),
}
VALUES: Final[Mapping[str, Mapping[str, Texts]]] = {
    "kind": ORDER_KINDS, "finding": FOLLOW_UPS, "satisfied": SATISFIED, "result": RESULTS, "appeal": APPEALS,
}  # fmt: skip
INSTANTS: Final = ("promised_at", "due")


def details(body: Mapping[str, Any], lang: Lang, instant: Callable[[str], str]) -> str:
    """核实结论：属实；… `instant` shows an RFC 3339 time as a clock in the hall does. Empty where there is nothing."""
    colon, between = pick(("：", ": "), lang), pick(("；", "; "), lang)
    said = []
    for key, value in body.items():
        label = pick(LABELS.get(key, (key, key)), lang)
        if isinstance(value, Mapping):
            inner = details({k: v for k, v in value.items() if v}, lang, instant).replace(
                between, pick(("，", ", "), lang)
            )
            said.append(f"{label}{colon}{inner or pick(('无', 'nobody'), lang)}")
        elif key in INSTANTS:
            said.append(f"{label}{colon}{instant(str(value))}")
        else:
            word = VALUES.get(key, {}).get(str(value))
            said.append(f"{label}{colon}{pick(word, lang) if word else value}")
    return between.join(said)
