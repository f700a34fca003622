"""`cards show` as a person reads it: the steps, the files, and what may be done now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from typing import Any, Final

from monitor.wording import Lang, event_word, level_word, state_word
from monitor.wording.render import pick
from monitor.wording.words import APPEALS, FOLLOW_UPS
from monitor.wording.worked import details

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


def lines(card: dict[str, Any], lang: Lang) -> Iterator[str]:
    """The text, line by line; times as the clock of the card's hall shows them."""
    zone = datetime.fromisoformat(card["issued"]).tzinfo
    for name in ("promised_at", "issuer", "appeal", "followup"):
        if card[name]:
            words = WORDS.get(name, {}).get(card[name])
            plain = _clock(card[name]) if name == "promised_at" else card[name]
            yield f"{pick(LABELS[name], lang)} {pick(words, lang) if words else plain}"
    yield pick(LABELS["steps"], lang)
    for step in card["steps"]:
        said = details(step["body"], lang, _in(zone))
        states = f"{state_word(step['from'], lang)} → {state_word(step['to'], lang)}" if step["from"] else "—"
        yield (
            f"  {_clock(step['at'])}  {event_word(step['event'], lang)}  {level_word(step['level'], lang)}  {states}  "
            f"{step['actor']}  {step['why']}{f'  [{said}]' if said else ''}"
        )
    if card["files"]:
        yield pick(LABELS["files"], lang)
    for file in card["files"]:
        gone = f"  {pick(LABELS['erased'], lang)}" if file["erased"] else ""
        yield f"  {file['id']}  {file['name']}  {file['media_type']}  {file['length']}{gone}"
    if card["possible"]:
        words_now = (event_word(step, lang) for step in card["possible"])
        yield f"{pick(LABELS['possible'], lang)} {pick(('、', ', '), lang).join(words_now)}"


def _clock(at: str) -> str:
    return datetime.fromisoformat(at).strftime("%Y-%m-%d %H:%M:%S")


def _in(zone: tzinfo | None) -> Callable[[str], str]:
    return lambda at: datetime.fromisoformat(at).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
