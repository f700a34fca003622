"""One date of a count of working time in words, with the paper by which it is off or worked (DESIGN §1E)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from monitor.wording import words
from monitor.wording.render import Lang, pick
from monitor.wording.words import Texts

_BY: Final[Mapping[str, Texts]] = {
    "notice": ("依据《{title}》", "by the State Council's notice on the days off of {year}, 《{title}》"),
    "imported": ("依据导入的《{title}》", "by the imported notice 《{title}》"),
    "hall": ("依据本厅日历", "by the hall's own calendar"),
    "statute": (
        "{year} 年放假安排未公布，仅依《{title}》推定，尚不确定",
        "the notice of {year} is not out: by statute only, uncertain",
    ),
    "unpublished": (
        "{year} 年放假安排未公布，可能调休，尚不确定",
        "the notice of {year} is not out: the day may be moved, uncertain",
    ),
}
_UNTITLED: Final[Texts] = ("导入的 {year} 年放假通知", "the imported notice of {year}")
_SOURCE: Final[Texts] = ("，来源 {source}", ", source {source}")
_REASON: Final[Texts] = ("，{title}", ", {title}")


def step_text(code: str, lang: Lang = "zh", by: Mapping[str, Any] | None = None) -> str:
    """`why` of one date in a count of working time; `holiday:春节` names the day, `pause:EVENT/ID` what began it.

    `by`: the step's paper as JSON, {"kind","title","year","source"}.
    """
    kind, _, name = code.partition(":")
    if by and by["kind"] == "hall" and kind == "holiday":
        text = pick(words.STEPS["own_closure"], lang)
    else:
        text = _named(kind, name, lang)
    return f"{text}{pick(('（{}）', ' ({})'), lang).format(_basis(by, lang))}" if by else text


def _named(kind: str, name: str, lang: Lang) -> str:
    text = pick(words.STEPS[kind], lang) if kind in words.STEPS else kind
    if not name:
        return text
    if kind == "pause":
        event, _, event_id = name.partition("/")
        known = {**words.TASK_EVENTS, **words.CASE_EVENTS}
        began = pick(known[event], lang) if event in known else event
        return pick((f"{text}（{began}，事件 {event_id}）", f"{text} ({began}, event {event_id})"), lang)
    if name.replace(".", "", 1).isdigit():  # hours:7.5
        return pick((f"{text} {name} 小时", f"{text}, {name} h"), lang)
    return pick((f"{name}，{text}", f"{_holiday(name)}, {text}"), lang)


def _holiday(name: str) -> str:
    """In English; of a year without a notice also one that is made up for (补假), as the statute's table names it."""
    plain = name.removesuffix(MADE_UP)
    english = words.HOLIDAYS.get(plain, plain)
    return f"{english} (made up for)" if plain != name else english


MADE_UP: Final = "（补假）"


def _basis(by: Mapping[str, Any], lang: Lang) -> str:
    kind = by["kind"]
    told = pick(_BY[kind], lang)
    if kind == "imported" and not by["title"]:
        told = pick(("依据{}", "by {}"), lang).format(pick(_UNTITLED, lang))
    if kind == "hall" and by["title"]:
        told += pick(_REASON, lang)
    if kind in ("imported", "hall") and by["source"]:
        told += pick(_SOURCE, lang)
    return told.format(title=by["title"] or "", year=by["year"], source=by["source"])
