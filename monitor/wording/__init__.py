"""Reason codes and figures → Chinese and English text (DESIGN §2). Pure; the words stand in tables, Chinese first.

`render` writes a reason; the others give the word of a vocabulary. A word that a table lacks is shown as it is, so that
a text is never worse than the code it stands for. ValueError for a language other than zh and en.
"""

from __future__ import annotations

from collections.abc import Mapping

from monitor.model import Level
from monitor.wording import words
from monitor.wording.handrules import HAND_RULES, HandRule, hand_rule
from monitor.wording.reasons import texts_of
from monitor.wording.render import Lang, Names, instant_text, pick, render, subject_text
from monitor.wording.steps import step_text
from monitor.wording.tally_reasons import HAPPENINGS
from monitor.wording.words import Texts

__all__ = [
    "HAND_RULES",
    "HandRule",
    "Lang",
    "Names",
    "advice",
    "case_event_word",
    "advice_when_over",
    "event_word",
    "hand_rule",
    "happening_word",
    "instant_text",
    "level_word",
    "outcome_word",
    "quarantine_reason",
    "render",
    "row_reason",
    "rule_title",
    "state_word",
    "step_text",
    "subject_text",
    "why_text",
]


def rule_title(rule: str, lang: Lang = "zh") -> str:
    """A rule's name as it heads a card: `post.empty` → 窗口无人在岗; of one issued by hand, the rule it rests on."""
    by_hand = hand_rule(rule)
    if by_hand is not None:
        return pick(by_hand.name, lang)
    return _word(words.RULES, rule, lang)


def level_word(level: Level | str, lang: Lang = "zh") -> str:
    """预警, 黄牌, 红牌."""
    return _word(words.LEVELS, level.word if isinstance(level, Level) else level, lang)


def outcome_word(outcome: str, lang: Lang = "zh") -> str:
    """A verdict of `subjects list` in words."""
    return _word(words.OUTCOMES, str(outcome), lang)


def event_word(event: str, lang: Lang = "zh") -> str:
    """What happened to a card: `issued` → 发牌."""
    return _word(words.EVENTS, event, lang)


def case_event_word(event: str, lang: Lang = "zh") -> str:
    """An event of a case (`accepted` → 受理) or of a task (`opened` → 交办)."""
    return _word({**words.CASE_EVENTS, **words.TASK_EVENTS}, event, lang)


def happening_word(kind: str, lang: Lang = "zh") -> str:
    """What an accumulation adds up: `late` → 迟到."""
    return _word(HAPPENINGS, kind, lang)


def state_word(state: str, lang: Lang = "zh") -> str:
    """Where a card stands: `open` → 待签收."""
    return _word(words.STATES, state, lang)


def quarantine_reason(reason: str, lang: Lang = "zh") -> str:
    """Why an event was put into quarantine (隔离)."""
    return _word(words.QUARANTINE, reason, lang)


def row_reason(reason: str, lang: Lang = "zh") -> str:
    """Why a row of a case log was refused (拒收)."""
    return _word({**words.QUARANTINE, **words.EMPTY_HANDED}, reason, lang)


def advice(rule: str, level: Level | str, lang: Lang = "zh") -> str:
    """What is to be done about a card of this rule and level; empty for a rule that has none."""
    by_level: Mapping[str, Texts] = words.ADVICE.get(rule, {})
    texts = by_level.get(level.word if isinstance(level, Level) else level) or by_level.get("")
    return pick(texts, lang) if texts else ""


def advice_when_over(lang: Lang = "zh") -> str:
    """What is still to be done about a yellow or red whose condition is over."""
    return pick(words.ADVICE_WHEN_OVER, lang)


def why_text(why: str, lang: Lang = "zh") -> str:
    """Why a card ended: a person's words as they are; the system's code as what it means (DESIGN §5, fine print)."""
    if why in words.OUTCOMES:
        return pick(words.NEVER_HELD, lang) + pick((f"（{outcome_word(why)}）", f" ({outcome_word(why, lang)})"), lang)
    return pick(words.NEVER_HELD, lang) if texts_of(why) is not None else why


def _word(table: Mapping[str, Texts], key: str, lang: Lang) -> str:
    return pick(table.get(key, (key, key)), lang)
