"""What the pages of ratings show, in words: figures with names, one rating in a line, where a filter leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request
from sqlalchemy import Connection

from monitor.access import Target, covers
from monitor.console.pages.cardview import Words, words_for
from monitor.console.pages.frame import texts
from monitor.console.pages.languages import Language, language_of
from monitor.console.pages.ratewords import levels, origins, tags
from monitor.console.ratingfilter import Asked
from monitor.evaluators.satisfaction import SCORES, Scores
from monitor.model import Registry, Staff
from monitor.supervision.ratings import Part, Rated
from monitor.supervision.reach import halls_within, windows_within
from monitor.supervision.signin import Signed
from monitor.wording import level_word, state_word
from monitor.wording.render import pick
from monitor.wording.words import FOLLOW_UPS

CARRIED: Final = ("span", "from", "to", "hall", "window", "staff", "item")
"""Parameters that go along from one page of ratings to another."""


@dataclass(frozen=True, kw_only=True)
class View:
    """What turns ids into words on the pages of ratings."""

    words: Words
    levels: Mapping[int, str]
    tags: Mapping[str, str]
    origins: Mapping[str, str]

    @property
    def language(self) -> Language:
        return self.words.language

    def part(self, by: str, key: str | None, none: str) -> str:
        if key is None:
            return none
        if by == "item":
            versions = self.words.registry.items.get(key, ())
            return (versions[-1].name if versions else "") or key
        return self.words.name(by, key)


def view_of(request: Request, conn: Connection, registry: Registry, people: Iterable[str | None]) -> View:
    _ = texts(request)
    words = words_for(conn, registry, language_of(request), people)
    return View(words=words, levels=levels(_), tags=tags(_), origins=origins(_))


def figures(scores: Scores, bad_at_most: int) -> dict[str, Any]:
    """Of one line: numbers, ratio and average; a ratio of few is marked."""
    ratio = scores.ratio(bad_at_most)
    return {
        "total": scores.total, "bad": scores.bad(bad_at_most), "set_aside": scores.set_aside, "few": scores.few,
        "ratio": f"{ratio:.1%}" if ratio is not None else None, "value": ratio,
        "average": f"{scores.average:.2f}" if scores.average is not None else None,
    }  # fmt: skip


def distribution(scores: Scores, view: View) -> list[dict[str, Any]]:
    """The five levels, 5 first: how many, which share, how long a bar of 100."""
    most = max(scores.counted) or 1
    return [
        {
            "score": score, "word": view.levels[score], "count": scores.number(score),
            "share": f"{scores.number(score) / scores.total:.1%}" if scores.total else "—",
            "bar": round(100 * scores.number(score) / most, 1),
        }
        for score in SCORES
    ]  # fmt: skip


def part_lines(
    parts: Iterable[Part], by: str, view: View, bad_at_most: int, sort: str, none: str
) -> list[dict[str, Any]]:
    """One line a window, item or person. By ratio: the lowest first, those of few ratings behind all others."""
    lines = [
        {
            "id": part.id, "name": view.part(by, part.id, none), **figures(part.scores, bad_at_most),
            **of_cases(part.completed, part.rated), "bars": _bars(part.scores),
        }
        for part in parts
    ]  # fmt: skip
    orders = {
        "ratio": lambda line: (line["few"], line["value"] if line["value"] is not None else 2, line["name"]),
        "number": lambda line: (-line["total"], line["name"]),
        "unrated": lambda line: (-line["unrated"], line["name"]),
    }
    return sorted(lines, key=orders[sort]) if sort in orders else lines


def of_cases(completed: int, rated: int) -> dict[str, Any]:
    share = f"{(completed - rated) / completed:.1%}" if completed else None
    return {"completed": completed, "unrated": completed - rated, "unrated_share": share}


def _bars(scores: Scores) -> list[dict[str, float]]:
    """The scores as parts of one bar of 100, 5 first."""
    found, x = [], 0.0
    for score in SCORES:
        width = 100 * scores.number(score) / scores.total if scores.total else 0.0
        if width:
            found.append({"score": score, "x": round(x, 2), "width": round(width, 2)})
        x += width
    return found


def rating_line(rated: Rated, view: View, bad_at_most: int) -> dict[str, Any]:
    row, words, card = rated.row, view.words, rated.card
    return {
        "at": row.at.astimezone(words.zone(rated.hall)), "score": row.score, "word": view.levels[row.score],
        "bad": row.score <= bad_at_most, "aside": rated.is_set_aside, "window": words.name("window", row.window),
        "item": view.part("item", row.item, ""), "case": row.case_key, "who": words.name("staff", row.staff),
        "stage": row.stage, "origin": view.origins.get(row.origin, row.origin), "device": row.source,
        "tags": [view.tags.get(tag, tag) for tag in row.tags or ()], "comment": rated.comment,
        "card": {
            "number": card.number, "level": card.level, "word": level_word(card.level, view.language),
            "state": card.state, "state_word": state_word(card.state, view.language),
            "followup": pick(FOLLOW_UPS[card.followup], view.language) if card.followup else "",
        } if card is not None else None,
    }  # fmt: skip


# --------------------------------------------------------------------------- filters in the address


def with_(request: Request, **changed: Any) -> str:
    """This page's address with other parameters; None drops one."""
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in changed and k not in ("cursor", "lang")]
    query = urlencode([*kept, *((k, v) for k, v in changed.items() if v is not None)])
    return f"{request.url.path}?{query}" if query else request.url.path


def along(request: Request, **more: Any) -> str:
    """The query of a link to another page of ratings: the same span and place, and `more`."""
    kept = {k: v for k, v in request.query_params.items() if k in CARRIED and v} | more
    return urlencode({k: v for k, v in kept.items() if v is not None})


def chosen(registry: Registry, signed: Signed, asked: Asked, view: View) -> dict[str, Any]:
    """What the filters of these pages offer: halls where there are several, windows and people within reach."""
    halls = halls_within(registry, signed.person)
    windows = sorted(windows_within(registry, signed.person))
    own = signed.person.role == "staff"
    return {
        "asked": asked,
        "halls": list(halls.items()) if len(halls) > 1 else [],
        "windows": [] if own else [(w, view.words.name("window", w)) for w in windows
                                   if asked.hall in (None, registry.windows[w].hall)],
        "people": [] if own else sorted(
            (p, view.words.name("staff", p)) for p in people_of(registry, signed, asked.hall)
        ),
    }  # fmt: skip


def people_of(registry: Registry, signed: Signed, hall: str | None) -> list[str]:
    """Who may be asked for by name: people who lie within reach themselves, or hold a post at a window that does."""
    windows = windows_within(registry, signed.person)
    posted = {post.staff for post in registry.posts if post.window in windows}

    def is_within(person: Staff) -> bool:
        place = Target(hall=registry.hall_of_staff(person.id), unit=person.unit, staff=person.id)
        return person.id in posted or covers(signed.person, place)

    return [
        person.id
        for person in registry.staff.values()
        if is_within(person) and hall in (None, registry.hall_of_staff(person.id))
    ]
