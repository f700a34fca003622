"""`cards show` as a person reads it: the steps, the files, and what may be done now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from monitor.wording import Lang, event_word, level_word, state_word
from monitor.wording.render import pick
from monitor.wording.words import APPEALS, FOLLOW_UPS, ORDER_KINDS, RESULTS

LABELS: Final = {
    "promised_at": ("承诺办理时间", "promised by"),
    "issuer": ("发牌人", "issued by"),
    "appeal": ("申诉", "appeal"),
    "followup": ("差评办理", "follow-up"),
    "steps": ("经过", "steps"),
    "files": ("附件", "files"),
    "possible": ("可办理", "may now be"),
    "erased": ("已清除", "erased"),
}
WORDS: Final = {"appeal": APPEALS, "followup": FOLLOW_UPS}
IN_BODY: Final = {"kind": ORDER_KINDS, "finding": FOLLOW_UPS, "result": RESULTS}


def lines(card: dict[str, Any], lang: Lang) -> Iterator[str]:
    """The text, line by line."""
    for name in ("promised_at", "issuer", "appeal", "followup"):
        if card[name]:
            words = WORDS.get(name, {}).get(card[name])
            yield f"{pick(LABELS[name], lang)} {pick(words, lang) if words else card[name]}"
    yield pick(LABELS["steps"], lang)
    for step in card["steps"]:
        states = f"{state_word(step['from'], lang)} → {state_word(step['to'], lang)}" if step["from"] else "—"
        yield (
            f"  {step['at']}  {event_word(step['event'], lang)}  {level_word(step['level'], lang)}  {states}  "
            f"{step['actor']}  {step['why']}{_details(step['body'], lang)}"
        )
    if card["files"]:
        yield pick(LABELS["files"], lang)
    for file in card["files"]:
        gone = f"  {pick(LABELS['erased'], lang)}" if file["erased"] else ""
        yield f"  {file['id']}  {file['name']}  {file['media_type']}  {file['length']}{gone}"
    if card["possible"]:
        words_now = (event_word(step, lang) for step in card["possible"])
        yield f"{pick(LABELS['possible'], lang)} {pick(('、', ', '), lang).join(words_now)}"


def _details(body: dict[str, Any], lang: Lang) -> str:
    said = []
    for key, value in body.items():
        word = IN_BODY.get(key, {}).get(str(value))
        said.append(pick(word, lang) if word else f"{key} {value}")
    return f"  [{pick(('；', '; '), lang).join(said)}]" if said else ""
