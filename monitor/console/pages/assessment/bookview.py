"""Rule books (考评细则) in words: rows, effects, grades, cycle, choices; findings with where they are mended; what
differs between two; what one would have meant of a month.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from monitor.assessment.book import Effect, Row, RuleBook, Scale
from monitor.assessment.bookdiff import Difference
from monitor.assessment.check import Finding
from monitor.assessment.compared import Change
from monitor.assessment.sources import SOURCES
from monitor.console.pages.languages import Language
from monitor.supervision.assessment.whatif import WhatIf
from monitor.wording import bookwords as words
from monitor.wording.assessment import EFFECTS
from monitor.wording.render import pick
from monitor.wording.words import Texts

_ANCHOR: Final = re.compile(r"[A-I][0-9]{2}")
"""Rows and effects have their place on the page of their book, and so have the choices."""
SHOWN: Final = 200
"""Windows and people of a what-if that a page lists; how many there are stands above."""
_BY_KEY: Final[Mapping[str, Mapping[str, Texts]]] = {
    "charges": words.CHARGED, "mark": words.MARKS, "evidence": words.EVIDENCE, "score": words.SCORES,
    "cap_period": words.PERIODS, "period": words.PERIODS, "on": words.LEDGERS, "effect": EFFECTS,
    "quarter_from": words.QUARTERS,
    "per": {"fact": ("每次", "each time"), "amount": ("按数量", "by the amount")},
}  # fmt: skip
_YES_NO: Final[Mapping[bool, Texts]] = {True: ("是", "yes"), False: ("否", "no")}


def said(texts: Any, lang: Language) -> str:
    """Words that stand in the book in both languages."""
    return str(texts.zh if lang == "zh" else texts.en)


def word(among: Mapping[str, Texts], value: Any, lang: Language) -> str:
    return pick(among[str(value)], lang) if str(value) in among else str(value)


# --------------------------------------------------------------------------- one book


def book_view(book: RuleBook, lang: Language) -> dict[str, Any]:
    parts = {part.id: said(part.name, lang) for part in book.parts}
    return {
        "name": book.name, "title": said(book.title, lang), "version": book.version, "base": points(book.base),
        "ceiling": points(book.ceiling) if book.ceiling is not None else "",
        "quarter": word(words.QUARTERS, book.quarter_from, lang),
        "parts": [{"id": p.id, "name": parts[p.id], "weight": points(p.weight)} for p in book.parts],
        "rows": [row_view(row, parts, lang) for row in book.rows],
        "effects": [effect_view(one, lang) for one in book.effects],
        "scales": [
            {"title": pick(words.SECTIONS[name], lang), **scale_view(scale, lang)}
            for name, scale in (("window", book.window), ("staff", book.staff))
        ],
        "cycle": [
            {"key": key, "asks": word(words.CYCLE, key, lang), "value": plain(key, value, lang)}
            for key, value in book.cycle.model_dump(mode="json").items()
        ],
        "choices": [choice_view(key, value, lang) for key, value in book.choices.model_dump(mode="json").items()],
    }  # fmt: skip


def row_view(row: Row, parts: Mapping[str, str], lang: Language) -> dict[str, Any]:
    source = SOURCES[row.source]
    return {
        "id": row.id, "article": row.article, "name": said(row.name, lang), "source": row.source,
        "rests": pick(source.name, lang), "charges": [pick(words.CHARGED[c], lang) for c in row.charges],
        "points": _worth(row, lang), "more": _limits(row, lang), "mark": pick(words.MARKS[row.mark], lang),
        "evidence": pick(words.EVIDENCE[row.evidence], lang) if row.evidence != "none" else "",
        "score": pick(words.SCORES[row.score], lang) if row.score != "month" else "",
        "part": parts.get(row.part, row.part), "bonus": row.points is not None and row.points > 0,
        "ground": row.is_ground,
    }  # fmt: skip


def _worth(row: Row, lang: Language) -> list[str]:
    if row.ladder is not None:
        return [f"{word(words.RUNGS, rung, lang)} {points(value, True)}" for rung, value in row.ladder.items()]
    assert row.points is not None
    if row.is_ground:
        return [pick(("情形，不计分", "a ground, no points"), lang)]
    if row.per == "amount":
        each = pick(words.AMOUNTS[SOURCES[row.source].amount], lang)
        return [f"{points(row.points, True)} / {pick(('每', 'each '), lang)}{each}"]
    return [points(row.points, True)]


def _limits(row: Row, lang: Language) -> list[str]:
    """What bounds it: 免计, 最多计, 应有数, 上限, 同一事件."""
    found = []
    for key, value in (("grace", row.grace), ("most", row.most), ("wanted", row.wanted)):
        if value:
            found.append(f"{pick(words.KEYS[key], lang)} {value:f}")
    if row.cap is not None:
        period = pick(words.PERIODS[row.cap_period], lang)
        found.append(f"{pick(words.KEYS['cap'], lang)} {points(row.cap, True)} / {period}")
    if row.once_per_event:
        found.append(pick(words.KEYS["once_per_event"], lang))
    return found


def effect_view(one: Effect, lang: Language) -> dict[str, Any]:
    fires = []
    for key, value in (("times", one.times), ("amount", one.amount), ("run", one.run), ("sum", one.sum)):
        if value is not None:
            fires.append(f"{pick(words.KEYS[key], lang)} ≥ {value:f}" if isinstance(value, Decimal) else
                         f"{pick(words.KEYS[key], lang)} ≥ {value}")  # fmt: skip
    joint = pick(("，且 ", " and ") if one.both else ("，或 ", " or "), lang)
    span = pick(words.PERIODS[one.period], lang)
    if one.within is not None:
        span = f"{one.within} {pick(words.KEYS['within'], lang)}"
    return {
        "id": one.id, "article": one.article, "name": said(one.name, lang), "on": pick(words.LEDGERS[one.on], lang),
        "effect": pick(EFFECTS[one.effect], lang), "fires": joint.join(fires), "span": span,
        "rests": [pick(SOURCES[name].name, lang) for name in one.sources], "rows": list(one.rows),
        "mark": pick(words.MARKS[one.mark], lang),
    }  # fmt: skip


def scale_view(scale: Scale, lang: Language) -> dict[str, Any]:
    return {
        "grades": [{"name": said(g.name, lang), "at_least": points(g.at_least)} for g in scale.grades],
        "share": f"{scale.excellent_share * 100:f}".rstrip("0").rstrip(".") if scale.excellent_share else "",
        "top": scale.excellent_top,
    }  # fmt: skip


def choice_view(key: str, value: Any, lang: Language) -> dict[str, Any]:
    known = words.CHOICES[key]
    return {
        "key": key, "asks": pick(known.asks, lang), "open": pick(known.open, lang),
        "value": word(known.values, value, lang), "plain": _text(value),
    }  # fmt: skip


def points(value: Decimal, signed: bool = False) -> str:
    return f"{value:+.2f}" if signed else f"{value:.2f}"


# --------------------------------------------------------------------------- findings


def finding_view(
    one: Finding, lang: Language, *, hall: str, may_registry: bool, may_policy: bool, may_devices: bool
) -> dict[str, Any]:
    """With the place where it is mended, beside the book itself, which is what every other finding is about."""
    link = ""
    if one.key.startswith("policy.") and may_policy:
        link = f"/policy?{urlencode({'q': one.key.removeprefix('policy.')})}"
    elif one.key == "halls.attendance" and may_registry:
        link = f"/registry/row?{urlencode({'table': 'halls', 'key': hall})}"
    elif one.key == "devices" and may_devices:
        link = "/devices"
    first = one.where.split(",")[0].split(" ")[0].removeprefix("choices.")
    return {
        "fault": one.fault, "where": one.where, "text": one.zh if lang == "zh" else one.en, "key": one.key,
        "link": link, "anchor": first if _ANCHOR.match(first) or first in words.CHOICES else "",
    }  # fmt: skip


# --------------------------------------------------------------------------- what differs


def differences_view(some: Iterable[Difference], lang: Language) -> list[dict[str, Any]]:
    """By section, in the order of the book."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in some:
        found.setdefault(one.section, []).append(difference_view(one, lang))
    return [{"id": s, "word": pick(words.SECTIONS[s], lang), "rows": rows} for s, rows in found.items()]


def difference_view(one: Difference, lang: Language) -> dict[str, Any]:
    sides = []
    for value in (one.before, one.after):
        if value is None and not one.key:
            sides.append("")
        elif not one.key:
            sides.append(_whole(one.section, value, lang))
        else:
            sides.append(plain(one.key, value, lang))
    asks = one.key
    if one.section == "choices":
        asks = pick(words.CHOICES[one.key].asks, lang)
        sides = [word(words.CHOICES[one.key].values, value, lang) for value in (one.before, one.after)]
    elif one.section == "cycle":
        asks = word(words.CYCLE, one.key, lang)
    elif one.key:
        asks = word(words.KEYS, one.key, lang)
    return {
        "id": one.id, "name": said(one.name, lang) if one.name is not None else "", "key": one.key, "asks": asks,
        "before": sides[0], "after": sides[1], "new": not one.key and one.before is None,
        "gone": not one.key and one.after is None,
    }  # fmt: skip


def _whole(section: str, value: Mapping[str, Any], lang: Language) -> str:
    """A row, effect or part in one line."""
    if section == "rows":
        row = row_view(Row.model_validate(value), {}, lang)
        joint = pick(("、", ", "), lang)
        return " · ".join([row["article"], joint.join(row["charges"]), *row["points"], row["mark"]])
    if section == "effects":
        one = effect_view(Effect.model_validate(value), lang)
        return " · ".join([one["article"], one["on"], one["effect"], one["fires"]])
    return str(value.get("weight", ""))


def plain(key: str, value: Any, lang: Language) -> str:
    """One value to be read; what is none of a few words as it stands in the file."""
    if value is None or value == "" or value == [] or value == {}:
        return pick(("（无）", "(none)"), lang)
    if isinstance(value, bool):
        return pick(_YES_NO[value], lang)
    if isinstance(value, Mapping):
        if set(value) == {"zh", "en"}:
            return str(value[lang])
        return pick(("，", ", "), lang).join(f"{word(words.RUNGS, k, lang)} {_text(v)}" for k, v in value.items())
    if isinstance(value, list):
        if key == "grades":
            return pick(("，", ", "), lang).join(f"{g['name'][lang]} ≥ {g['at_least']}" for g in value)
        return pick(("、", ", "), lang).join(plain(key, one, lang) for one in value)
    if key in ("source", "sources"):
        return f"{pick(SOURCES[value].name, lang)}（{value}）" if value in SOURCES else str(value)
    return word(_BY_KEY.get(key, {}), value, lang)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# --------------------------------------------------------------------------- what it would have meant


def trial_view(found: WhatIf, lang: Language) -> dict[str, Any]:
    differing = [change for change in found.changes if change]
    return {
        "signed": found.signed, "changed": len(differing), "unchanged": len(found.changes) - len(differing),
        "before": found.before.book.version, "after": found.after.book.version,
        "choices": [
            {
                "asks": pick(words.CHOICES[key].asks, lang), "before": word(words.CHOICES[key].values, one, lang),
                "after": word(words.CHOICES[key].values, two, lang),
            }
            for key, (one, two) in found.choices.items()
        ],
        "regraded": sum(change.regraded for change in differing),
        "lower": sum(change.by < 0 for change in differing), "higher": sum(change.by > 0 for change in differing),
        "rows": [_change_view(found, change, lang) for change in differing[:SHOWN]], "shown": SHOWN,
    }  # fmt: skip


def _change_view(found: WhatIf, change: Change, lang: Language) -> dict[str, Any]:
    one, two = change.before, change.after
    return {
        "ledger": pick(words.LEDGERS[change.ledger], lang), "id": change.whom,
        "name": found.before.named("window" if change.ledger == "window" else "staff", change.whom),
        "points": (points(one.points), points(two.points)), "by": points(change.by, True) if change.by else "",
        "grade": _pair(_grade(one, lang), _grade(two, lang)), "place": _pair(_place(one, lang), _place(two, lang)),
        "rows": [
            {"row": _row_word(r.row, lang), "before": points(r.before, True), "after": points(r.after, True)}
            for r in change.rows
        ],
        "gone": [_effect_word(name, lang) for name in change.effects[0]],
        "new": [_effect_word(name, lang) for name in change.effects[1]],
        "waiting": change.waiting if change.waiting[0] != change.waiting[1] else None,
    }  # fmt: skip


_ADJUSTED: Final[Mapping[str, Texts]] = {
    "cap": ("上限", "cap"), "floor": ("最低分", "floor"), "ceiling": ("封顶", "ceiling"),
}  # fmt: skip


def _row_word(row: str, lang: Language) -> str:
    return word(_ADJUSTED, row, lang)


def _effect_word(name: str, lang: Language) -> str:
    effect, _, row = name.partition(" ")
    return f"{word(EFFECTS, effect, lang)} {row}".strip()


def _grade(sheet: Any, lang: Language) -> str:
    return said(sheet.grade_name, lang) if sheet.grade_name is not None else "—"


def _place(sheet: Any, lang: Language) -> str:
    if sheet.place is None:
        return pick(("样本过少", "too few to tell"), lang) if sheet.few else "—"
    return f"{sheet.place}{pick(('（并列）', ' (tied)'), lang) if sheet.tied else ''}"


def _pair(one: str, two: str) -> Sequence[str]:
    return (one,) if one == two else (one, two)
