"""Scores and places in the words of their pages: a period's head, a row of the list, what follows without points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from monitor.assessment.model import Ledger
from monitor.assessment.snapshot import FiredEffect, Named, Sheet, Snapshot, Words
from monitor.console.pages.languages import Language
from monitor.model import Reason
from monitor.supervision.assessment.periods import Period
from monitor.wording import render
from monitor.wording.actors import actor_word
from monitor.wording.assessment import EFFECTS
from monitor.wording.periods import KINDS, SEATS
from monitor.wording.render import pick
from monitor.wording.scores import period_text, place_text


@dataclass(frozen=True, kw_only=True)
class Said:
    """What turns a snapshot into words on one page: its names, the hall's zone, the reader's language."""

    snapshot: Snapshot
    language: Language
    zone: ZoneInfo

    @property
    def names(self) -> dict[str, str]:
        return {f"{kind}:{key}": name for kind, some in self.snapshot.names.items() for key, name in some.items()}

    def named(self, kind: Named, key: str | None) -> str:
        return self.snapshot.named(kind, key)

    def whom(self, ledger: Ledger, whom: str) -> str:
        return self.named("window" if ledger == "window" else "staff", whom)

    def actor(self, who: str | None) -> str:
        """Whoever confirmed, proposed or signed: a user, a person of the hall, the program."""
        names = self.snapshot.names
        called = {**names.get("staff", {}), **names.get("user", {})}
        return actor_word(who, called, self.language)

    def words(self, words: Words | None) -> str:
        return pick((words.zh, words.en), self.language) if words is not None else ""

    def reason(self, reason: Reason) -> str:
        return render(reason, self.language, self.zone, self.names)


def address_of(ledger: Ledger, whom: str) -> str:
    """The path of a sheet's explanation, to be quoted."""
    return f"/assessment/{'windows' if ledger == 'window' else 'people'}/{whom}"


def signed_points(value: Decimal) -> str:
    return f"{value:+.2f}"


def head_view(said: Said, *, again: bool) -> dict[str, Any]:
    """What a page says of its period: signed or a preview, of when, by which book."""
    kept = said.snapshot
    return {
        "hall": kept.name or kept.hall,
        "period": period_text(kept.period, said.language),
        "kind": pick(KINDS[kept.kind], said.language),
        "signed": kept.state == "closed",
        "at": kept.made_at.astimezone(said.zone),
        "by": said.actor(kept.made_by),
        "book": said.words(kept.book.title),
        "book_version": kept.book.version,
        "policy": kept.policy,
        "notes": [said.words(note.text) for note in kept.notes],
        "again": again,
    }


def periods_view(listed: Iterable[Period], language: Language) -> list[tuple[str, list[dict[str, Any]]]]:
    """What to choose from, by kind."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in listed:
        told = {"period": one.period, "word": period_text(one.period, language), "signed": one.signed is not None}
        found.setdefault(pick(KINDS[one.kind], language), []).append(told)
    return list(found.items())


def rows_view(said: Said, ledger: Ledger) -> list[dict[str, Any]]:
    """Everybody of a ledger by place, those without one last."""
    waiting = Counter(one.whom for one in said.snapshot.proposals if one.ledger == ledger)
    fired: dict[str, list[FiredEffect]] = {}
    for one in said.snapshot.effects:
        if one.ledger == ledger:
            fired.setdefault(one.whom, []).append(one)
    ordered = sorted(said.snapshot.sheets(ledger), key=lambda s: (s.place is None, s.place or 0, s.id))
    return [row_view(said, ledger, sheet, waiting[sheet.id], fired.get(sheet.id, ())) for sheet in ordered]


def row_view(
    said: Said, ledger: Ledger, sheet: Sheet, waiting: int, fired: Sequence[FiredEffect]
) -> dict[str, Any]:  # fmt: skip
    """A row; `effects`: a consequence as `{word, row, stands}`."""
    language = said.language
    return {
        "id": sheet.id,
        "name": said.whom(ledger, sheet.id),
        "unit": said.named("unit", sheet.unit),
        "window": said.named("window", sheet.window) if ledger == "staff" else "",
        "points": f"{sheet.points:.2f}",
        "grade": said.words(sheet.grade_name) or sheet.grade,
        "place": place_text(sheet.place, tied=sheet.tied, few="", lang=language),
        "few": place_text(None, tied=False, few=sheet.few, lang=language),
        "unknown": sheet.unknown,
        "waiting": waiting,
        "effects": [
            {"word": pick(EFFECTS.get(one.effect, (one.effect,) * 2), language), "row": one.id, "stands": one.stands}
            for one in fired
        ],
        "seats": [
            pick(words[held], language)
            for name, words in SEATS.items()
            if (held := getattr(sheet, name)) in words
        ],
    }  # fmt: skip


def effects_view(said: Said, effects: Iterable[FiredEffect]) -> list[dict[str, Any]]:
    """What follows without points, each with its reason."""
    return [
        {
            "id": one.id, "article": one.article, "name": said.words(one.name), "ledger": one.ledger, "whom": one.whom,
            "who": said.whom(one.ledger, one.whom), "stands": one.stands, "carried": one.carried,
            "proposed": one.proposed and said.snapshot.state != "closed",
            "word": pick(EFFECTS.get(one.effect, (one.effect,) * 2), said.language),
            "reached": one.reached, "why": said.reason(one.why),
        }
        for one in effects
    ]  # fmt: skip


def counted(said: Said) -> Mapping[str, int]:
    """How much waits and is not known of what the reader sees."""
    return {"waiting": len(said.snapshot.proposals), "unknown": len(said.snapshot.unknown)}
