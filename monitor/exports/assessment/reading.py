"""A snapshot of a period as reports read it: what it is, how things are called, in what order they stand. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from monitor.assessment.kept import ERASED
from monitor.assessment.model import Ledger
from monitor.assessment.scores import months_of
from monitor.assessment.snapshot import CHINA, FiredEffect, Sheet, Snapshot, digest_of, from_json, to_json
from monitor.exports.attendance.local import one_line
from monitor.model import Reason
from monitor.wording import render
from monitor.wording.actors import actor_word

Naming: TypeAlias = Literal["full", "masked", "none"]
LONGEST: Final = 60
"""Signs of a name that are printed; what is longer ends with …."""
ZONE: Final = ZoneInfo(CHINA)
"""Of a week that says no other."""


class Reading:
    """A snapshot with its names. `naming`: of people, in what leaves the hall (张*); windows and units are named."""

    def __init__(self, snapshot: Snapshot, naming: Naming = "full") -> None:
        body = to_json(snapshot)
        self.snapshot = snapshot = from_json(body)  # as it comes back: what is kept gives the same order of everything
        self.naming = naming
        self.zone = ZoneInfo(snapshot.zone)
        """Instants are printed in the hall's time, with their offset; dates of a snapshot are the hall's already."""
        self.digest = digest_of(body)
        named = {one_line(name) for name in snapshot.names.get("staff", {}).values()} - {ERASED}
        self._by_kind = {f"window:{key}": self.window(key) for key in snapshot.names.get("window", {})} | {
            f"staff:{key}": self.person(key) for key in snapshot.names.get("staff", {})
        }
        self._longest = sorted((name for name in named if len(name) > 1), key=lambda name: (-len(name), name))

    # ----------------------------------------------------------------------- what it is

    @property
    def hall(self) -> str:
        return short(one_line(self.snapshot.name) or self.snapshot.hall)

    @property
    def closed(self) -> bool:
        return self.snapshot.state == "closed"

    @property
    def mark(self) -> str:
        """What a title begins with where the period is not closed."""
        return "" if self.closed else "【预览稿】"

    @property
    def period(self) -> str:
        """2026年3月, 2026年第1季度, 2026年上半年, 2026年度."""
        year, _, rest = self.snapshot.period.partition("-")
        if not rest:
            return f"{year}年度"
        if rest[0] == "Q":
            return f"{year}年第{rest[1]}季度"
        if rest[0] == "H":
            return f"{year}年{'上' if rest[1] == '1' else '下'}半年"
        return f"{year}年{int(rest)}月"

    @property
    def months(self) -> tuple[str, ...]:
        return months_of(self.snapshot.period)

    @property
    def made(self) -> datetime:
        return self.snapshot.made_at.astimezone(self.zone)

    @property
    def made_by(self) -> str:
        return self.actor(self.snapshot.made_by) or "程序"

    @property
    def state(self) -> str:
        """预览稿 with when and by whom it was made; of a closed period its version."""
        when = self.made.isoformat(sep=" ", timespec="seconds")
        if not self.closed:
            return f"预览稿，未结账，不作为依据；编制于 {when}，编制人 {self.made_by}"
        return f"已结账，第 {self.snapshot.version} 版；结账于 {when}，结账人 {self.made_by}"

    @property
    def book(self) -> str:
        used = self.snapshot.book
        return f"{used.title.zh}（{used.version}）"

    @property
    def foot(self) -> str:
        """What stands on every page: versions and the beginning of the inputs' hash; 说明 has it whole."""
        kept = self.snapshot
        return f"细则 {kept.book.version} · 政策 {kept.policy} · 输入 {kept.inputs[:16]}"

    # ----------------------------------------------------------------------- names

    def person(self, staff: str | None) -> str:
        """As this report may show it; the id where there is no name and names are shown."""
        if staff is None:
            return ""
        name = self._named("staff", staff)
        if self.naming == "full" or name == ERASED:
            return name
        return f"{name[:1]}*" if self.naming == "masked" and name != staff else "（姓名不公开）"

    def window(self, window: str | None) -> str:
        return self._named("window", window)

    def unit(self, unit: str | None) -> str:
        return self._named("unit", unit)

    def whom(self, ledger: Ledger, whom: str) -> str:
        return self.window(whom) if ledger == "window" else self.person(whom)

    def actor(self, who: str | None) -> str:
        """A user or a person of the hall who confirmed, proposed or closed."""
        names = self.snapshot.names
        kind: Literal["user", "staff"] = "staff" if who not in names.get("user", {}) else "user"
        return actor_word(self._named(kind, who), {}, "zh")

    def _named(self, kind: Literal["unit", "window", "staff", "user"], key: str | None) -> str:
        return short(one_line(self.snapshot.named(kind, key)) or key or "")

    def said(self, reason: Reason) -> str:
        """A reason as a sentence, its ids by name as far as this report shows them."""
        return self.public(render(reason, "zh", self.zone, self._by_kind))

    def public(self, text: str) -> str:
        """A text with the people's names that stand in it shown as names are."""
        if self.naming == "full":
            return text
        for name in self._longest:
            text = text.replace(name, f"{name[:1]}*" if self.naming == "masked" else "某人")
        return text

    # ----------------------------------------------------------------------- sheets

    def sheets(self, ledger: Ledger) -> Sequence[Sheet]:
        """Of all windows or all people, as they stand in lists: by unit, window and id."""
        return sorted(self.snapshot.sheets(ledger), key=lambda s: (self.unit(s.unit), s.window or "", s.id))

    def ranked(self, ledger: Ledger) -> Sequence[Sheet]:
        """By place; those of whom too little is known come last."""
        return sorted(self.snapshot.sheets(ledger), key=lambda s: (s.place is None, s.place or 0, s.id))

    def effects_of(self, ledger: Ledger, whom: str) -> list[FiredEffect]:
        return [one for one in self.snapshot.effects if (one.ledger, one.whom) == (ledger, whom)]


def short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def total(values: Iterable[Decimal]) -> Decimal:
    return sum(values, Decimal("0.00"))
