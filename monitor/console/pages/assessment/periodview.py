"""A period of assessment in the words of its page: scores, effects, awards, what is open, what a person decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

from monitor.assessment.model import Ledger
from monitor.assessment.snapshot import Award, FiredEffect, OpenProposal, Sheet, Snapshot, Words
from monitor.console.pages.languages import Language
from monitor.model import Reason
from monitor.wording import render
from monitor.wording.actors import actor_word
from monitor.wording.assessment import EFFECTS
from monitor.wording.periods import CHOICES, FEW, KINDS, OPEN, SEATS, UNKNOWN
from monitor.wording.render import pick
from monitor.wording.words import Texts

SHOWN: Final = 200
"""Lines of a list that the page shows; how many there are stands above."""
LEDGERS: Final[tuple[Ledger, ...]] = get_args(Ledger)
SEATED: Final = ("excellent", "award", "bottom")


class Reader:
    """A snapshot in one language, its names as it has them, its instants in the hall's zone."""

    def __init__(self, snapshot: Snapshot, language: Language, zone: ZoneInfo) -> None:
        self.snapshot, self.language, self.zone = snapshot, language, zone
        kinds = ("window", "staff", "unit", "hall")
        self._named = {
            f"{kind}:{key}": name
            for kind in kinds
            for key, name in snapshot.names.get(kind, {}).items()  # type: ignore[call-overload]
        }

    def word(self, texts: Texts) -> str:
        return pick(texts, self.language)

    def of(self, words: Words | None) -> str:
        return "" if words is None else words.zh if self.language == "zh" else words.en

    def whom(self, ledger: str, whom: str) -> str:
        return self.snapshot.named("window" if ledger == "window" else "staff", whom)

    def user(self, user: str) -> str:
        return actor_word(self.snapshot.named("user", user), {}, self.language)

    def said(self, reason: Reason) -> str:
        return render(reason, self.language, self.zone, self._named)

    # ----------------------------------------------------------------------- the whole

    def view(self, chosen: Iterable[str] = ()) -> dict[str, Any]:
        """Everything that the page shows; `chosen`: what the person decided in it."""
        told = self.snapshot
        return {
            "kind": self.word(KINDS[told.kind]), "book": self.of(told.book.title), "book_version": told.book.version,
            "policy": told.policy, "inputs": told.inputs, "made": told.made_at.astimezone(self.zone),
            "by": self.user(told.made_by), "signed": told.state == "closed", "version": told.version,
            "notes": [self.of(note.text) for note in told.notes],
            "told": [self.said(reason) for reason in told.told],
            "unknown": self._unknown(), "spans": len(told.unknown),
            "proposals": [self._proposal(one) for one in told.proposals[:SHOWN]],
            "waiting": len(told.proposals), "more": max(0, len(told.proposals) - SHOWN),
            "ledgers": [self._ledger(ledger) for ledger in LEDGERS],
            "effects": [self._effect(one) for one in told.effects],
            "awards": [self._award(one) for one in told.awards],
            "decided": [f"{self.word(CHOICES[one.what])}：{self.whom(one.ledger, one.whom)}" for one in told.decided],
            "ties": list(self._ties(frozenset(chosen))), "nominees": list(self._nominees(frozenset(chosen))),
        }  # fmt: skip

    def _ledger(self, ledger: Ledger) -> dict[str, Any]:
        sheets = sorted(self.snapshot.sheets(ledger), key=lambda s: (s.place is None, s.place or 0, -s.points, s.id))
        return {"ledger": ledger, "rows": [self._sheet(ledger, one) for one in sheets],
                "months": [m.month for m in sheets[0].months] if sheets else []}  # fmt: skip

    def _sheet(self, ledger: Ledger, sheet: Sheet) -> dict[str, Any]:
        points = {month.month: month.points for month in sheet.months}
        seats = [(what, getattr(sheet, what)) for what in SEATED]
        return {
            "id": sheet.id, "name": self.whom(ledger, sheet.id), "unit": self.snapshot.named("unit", sheet.unit),
            "window": self.snapshot.named("window", sheet.window) if ledger == "staff" else "",
            "place": sheet.place, "tied": sheet.tied, "few": self.word(FEW[sheet.few]) if sheet.few else "",
            "points": f"{sheet.points:.2f}", "entries": len(sheet.lines), "months": points,
            "grade": self.of(sheet.grade_name) or sheet.grade, "unknown": sheet.unknown,
            "seats": [self.word(SEATS[what][seat]) for what, seat in seats if seat != "no"],
            "why": [self.said(reason) for reason in sheet.why],
        }  # fmt: skip

    def _unknown(self) -> list[dict[str, Any]]:
        counted = Counter(one.why for one in self.snapshot.unknown)
        return [{"word": self.word(UNKNOWN.get(why, (why, why))), "count": n} for why, n in sorted(counted.items())]

    def _proposal(self, one: OpenProposal) -> dict[str, Any]:
        return {
            "number": one.number, "date": one.date, "who": self.whom(one.ledger, one.whom), "id": one.whom,
            "row": one.row, "article": one.article, "name": self.of(one.name), "points": f"{one.points:+.2f}",
            "why": self.word(OPEN.get(one.why, (one.why, one.why))),
        }  # fmt: skip

    def _effect(self, one: FiredEffect) -> dict[str, Any]:
        return {
            "who": self.whom(one.ledger, one.whom), "id": one.whom, "effect": self.word(EFFECTS[one.effect]),
            "row": one.id, "article": one.article, "name": self.of(one.name), "stands": one.stands,
            "carried": one.carried, "why": self.said(one.why),
        }  # fmt: skip

    def _award(self, one: Award) -> dict[str, Any]:
        return {
            "ledger": one.ledger, "who": self.whom(one.ledger, one.whom), "id": one.whom, "place": one.place,
            "tied": one.state == "tied", "why": self.said(one.why),
            "nominees": [self.whom("staff", person) for person in one.nominees],
        }  # fmt: skip

    # ----------------------------------------------------------------------- what a person decides

    def _ties(self, chosen: frozenset[str]) -> Iterable[dict[str, Any]]:
        """Where equals straddle the last seat: those among whom to choose, and those who were chosen."""
        for ledger in LEDGERS:
            for what in SEATED:
                keys = {s.id: f"{what}:{ledger}:{s.id}" for s in self.snapshot.sheets(ledger)}
                mine = {key for key in chosen if not self._nominated(key)}
                equals = [s for s in self.snapshot.sheets(ledger) if getattr(s, what) == "tied" or keys[s.id] in mine]
                if equals:
                    yield {
                        "word": self.word(CHOICES[what]), "ledger": ledger,
                        "options": [self._option(keys[s.id], ledger, s.id, chosen) for s in equals],
                    }  # fmt: skip

    def _nominees(self, chosen: frozenset[str]) -> Iterable[dict[str, Any]]:
        """Whom an awarded window may name (G08)."""
        for award in self.snapshot.awards:
            if award.ledger == "window" and award.state == "awarded" and award.nominees:
                yield {
                    "window": self.whom("window", award.whom),
                    "options": [self._option(f"award:staff:{p}", "staff", p, chosen) for p in award.nominees],
                }  # fmt: skip

    def _nominated(self, key: str) -> bool:
        """Whether it is a window's choice among its nominees."""
        return any(key == f"award:staff:{person}" for award in self.snapshot.awards for person in award.nominees)

    def _option(self, value: str, ledger: str, whom: str, chosen: frozenset[str]) -> dict[str, Any]:
        return {"value": value, "name": self.whom(ledger, whom), "id": whom, "chosen": value in chosen}


def corrections_view(found: Sequence[Any], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Entries about a signed period that are booked in a later month (`model.Entry`)."""
    return [
        {
            "month": one.month, "date": one.date, "row": one.key.row, "points": f"{one.points:+.2f}",
            "who": names.get(f"{one.key.ledger}:{one.key.whom}", one.key.whom), "id": one.key.whom,
            "reverses": one.reverses is not None,
        }
        for one in found[:SHOWN]
    ]  # fmt: skip
