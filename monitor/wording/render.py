"""Templates and figures → one line of text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from monitor.model import Reason
from monitor.wording.assessment import EFFECTS, WHOSE
from monitor.wording.cycletasks import task_text
from monitor.wording.handrules import HAND_RULES
from monitor.wording.reasons import texts_of
from monitor.wording.words import BY_FIELD, KINDS, SLOTS, Texts

Lang: TypeAlias = Literal["zh", "en"]
Names: TypeAlias = Mapping[str, str]
"""Names by `kind:id` (`window:w01`, `staff:s07`, …): cards hold ids, names are filled in here (DESIGN §1F)."""

NO_NAMES: Final[Names] = {}
_LANGS: Final = ("zh", "en")
_FIGURE: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")
_OPTIONAL: Final = re.compile(r"\[([^\[\]]*)\]")
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})")
_NAMED: Final = {kind: kind for kind in ("hall", "unit", "window", "staff", "item", "device")} | {
    "windows": "window",
    "elsewhere": "window",
    "source": "device",
    "sources": "device",
}
"""Figures that hold ids, and the kind of what they name."""
_ASSESSED: Final[Mapping[str, Mapping[str, Texts]]] = {"effect": EFFECTS, "whose": WHOSE}
"""Figures of assessment that are words of a vocabulary."""
_MISSING: Final[Texts] = ("（未载明）", "(not stated)")
_JOINT: Final[Texts] = ("、", ", ")
_TRUTH: Final[Mapping[bool, Texts]] = {True: ("是", "yes"), False: ("否", "no")}
_DURATIONS: Final[tuple[tuple[int, Texts], ...]] = (
    (86400, ("天", "d")),
    (3600, ("小时", "h")),
    (60, ("分钟", "min")),
    (1, ("秒", "s")),
)


def pick(texts: Texts, lang: str) -> str:
    """The text in `lang`; ValueError for a language that there is none in."""
    if lang not in _LANGS:
        raise ValueError(f"lang: {lang!r} is none of {', '.join(_LANGS)}")
    return texts[_LANGS.index(lang)]


def instant_text(instant: datetime, zone: str | tzinfo) -> str:
    """`2026-03-02 08:45` in the zone; whole minutes, as on a clock."""
    return f"{instant.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone):%Y-%m-%d %H:%M}"


def _exact(instant: datetime, zone: str | tzinfo) -> str:
    """As `instant_text`, with seconds where there are any: that 08:45:01 is 16 minutes late must be plain to see."""
    seconds = instant.second
    return f"{instant_text(instant, zone)}:{seconds:02}" if seconds else instant_text(instant, zone)


def render(reason: Reason, lang: Lang = "zh", zone: str | tzinfo = "Asia/Shanghai", names: Names = NO_NAMES) -> str:
    """A reason as a sentence in Chinese or English, its instants in the hall's zone.

    A code without a text is said to be one and its figures are listed: a card must never hide what it rests on.
    """
    pen = _Pen(lang, zone, names)
    texts = texts_of(reason.code)
    return pen.fill(pick(texts, lang), reason.figures) if texts else pen.unlisted(reason)


def figure_text(name: str, value: Any, lang: Lang, zone: str | tzinfo, names: Names = NO_NAMES) -> str:
    """One figure in words, as a sentence would have it."""
    return _Pen(lang, zone, names).figure(name, value)


def subject_text(kind: str, key: str, names: Names = NO_NAMES, lang: Lang = "zh") -> str:
    """A subject by its DESIGN §7 id in words: `slot` `s07/2026-03-02/am_in` → 张三 2026-03-02 上午签到."""
    texts = KINDS.get(kind)
    word = pick(texts, lang) if texts else kind
    match kind, key.split("/"):
        case "slot", [staff, day, slot]:
            return f"{names.get(f'staff:{staff}', staff)} {day} {pick(SLOTS.get(slot, (slot, slot)), lang)}"
        case "post", [window, day, clock]:
            place = names.get(f"window:{window}", window)
            return f"{word} {place} {day} {clock[:2]}:{clock[2:]}"
        case "case" | "order", [_, *_]:
            return f"{word} {key.partition('/')[2] or key}"
        case "tally", [*whom, period]:
            whose = "staff" if len(period) == len("2026") else "window"
            of = "/".join(whom)
            return f"{word} {names.get(f'{whose}:{of}', of)} {period}"
        case "task", [_, *_] if (owed := task_text(key, names, lang)) is not None:
            return owed
        case "calendar", [year]:
            return pick((f"{year} 年日历", f"calendar {year}"), lang)
    return f"{word} {names.get(f'{kind}:{key}', key)}"


def _vocabulary(name: str) -> Mapping[str, Texts]:
    """The words of a figure's values; of `hand_rule` the names of the rules that cards are issued under by hand."""
    if name == "hand_rule":
        return {row: rule.name for row, rule in HAND_RULES.items()}
    return _ASSESSED.get(name) or BY_FIELD.get(name, {})


class _Pen:
    """Writes figures in one language, for one zone, with the names at hand."""

    def __init__(self, lang: Lang, zone: str | tzinfo, names: Names) -> None:
        self.lang, self.zone, self.names = lang, zone, names

    def fill(self, template: str, figures: Mapping[str, Any]) -> str:
        def optional(part: re.Match[str]) -> str:
            fields = [name for name, _ in _FIGURE.findall(part[1])]
            return part[1] if all(figures.get(name) for name in fields) else ""

        def figure(part: re.Match[str]) -> str:
            return self.figure(part[1], figures.get(part[1]), part[2])

        return _FIGURE.sub(figure, _OPTIONAL.sub(optional, template))

    def unlisted(self, reason: Reason) -> str:
        """What can honestly be said of a code that has no text."""
        listed = [f"{name}={self.figure(name, value)}" for name, value in reason.figures.items()]
        head = pick((f"原因代码 {reason.code}", f"reason code {reason.code}"), self.lang)
        joint = pick(("，", ", "), self.lang)
        return pick(("：", ": "), self.lang).join([head, joint.join(listed)]) if listed else head

    def figure(self, name: str, value: Any, form: str | None = None) -> str:
        """One value in words, by its form, else by its field's vocabulary or names, else by its type."""
        if value is None:
            return pick(_MISSING, self.lang)
        if isinstance(value, Mapping):  # words that a hall wrote itself, in both languages (a rule book's)
            return str(value[self.lang])
        if isinstance(value, list | tuple):
            return pick(_JOINT, self.lang).join(self.figure(name, item, form) for item in value)
        if form == "duration":
            return self.duration(float(value))
        if form == "clock":
            return self.plain(name, value).partition(" ")[2][:5]
        if form == "subjects":
            kind, _, key = str(value).partition(":")
            return subject_text(kind, key, self.names, self.lang)
        if name == "task" and (owed := task_text(str(value), self.names, self.lang)) is not None:
            return owed
        word = _vocabulary(name).get(str(value))
        return pick(word, self.lang) if word else self.plain(name, value)

    def plain(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return pick(_TRUTH[value], self.lang)
        if isinstance(value, datetime):
            return _exact(value, self.zone)
        if isinstance(value, float):
            return f"{value:g}"
        text = str(value)
        if _INSTANT.fullmatch(text):
            return _exact(datetime.fromisoformat(text), self.zone)
        return self.names.get(f"{_NAMED[name]}:{text}", text) if name in _NAMED else text

    def duration(self, seconds: float) -> str:
        """The two greatest units, the rest dropped; under a minute with its fraction."""
        if seconds < 60:
            return f"{seconds:g} {pick(_DURATIONS[-1][1], self.lang)}"
        parts = []
        for size, unit in _DURATIONS:
            count, seconds = divmod(int(seconds), size)
            if count:
                parts.append(f"{count} {pick(unit, self.lang)}")
        return " ".join(parts[:2])
