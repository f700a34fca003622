"""What a card was judged on, as tables for people: the events, check-ins, readings, heartbeats that were known then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from monitor.console.pages.cardview import Words, instant
from monitor.console.pages.languages import Language
from monitor.wording import case_event_word, words
from monitor.wording.posts import RESTS_ON
from monitor.wording.render import pick

Facts: TypeAlias = Mapping[str, Any]
Table: TypeAlias = dict[str, Any]
"""{"title", "head": [text], "rows": [[cell]]}; a cell is text, an instant or None."""
BEATS_SHOWN: Final = 12
VIEWS: Final[Mapping[str, tuple[str, str]]] = {
    "ok": ("画面正常", "view clear"), "dark": ("画面过暗", "dark"), "frozen": ("画面冻结", "frozen"),
    "covered": ("镜头被遮挡", "covered"),
}  # fmt: skip
METHODS: Final[Mapping[str, tuple[str, str]]] = {
    "face": ("人脸", "face"), "card": ("刷卡", "card"), "pin": ("密码", "PIN"), "fingerprint": ("指纹", "fingerprint"),
    "manual": ("人工", "by hand"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """`_`: texts in the reader's language; instants come out in `zone`."""

    words: Words
    zone: ZoneInfo
    _: Callable[[str], str]

    def tables(self, kind: str, facts: Facts) -> list[Table]:
        """Those of the kind of subject, and the devices that it all rests on; empty ones are left out."""
        made = _OF_KIND.get(kind)
        found = made(self, facts) if made is not None and facts else []
        found.append(self._sources(facts))
        return [table for table in found if table["rows"]]

    def case(self, facts: Facts) -> list[Table]:
        _, rows = self._, []
        for e in facts.get("events", ()):
            known = self._at(e.get("entered") or e.get("received"))
            word = case_event_word(e["event"], self.words.language)
            rows.append([self._at(e["at"]), word, e.get("source") or "", known, e.get("reason") or ""])
        return [_table(_("Events"), (_("When"), _("Event"), _("Source"), _("Known since"), _("Reason")), rows)]

    def slot(self, facts: Facts) -> list[Table]:
        _, rows = self._, []
        for c in facts.get("checkins", ()):
            distance = "" if c["distance"] is None else f"{c['distance']:.2f}"
            note = "" if c["trusted"] else _("clock not sure")
            way = pick(METHODS.get(c["method"], (c["method"], c["method"])), self.words.language)
            rows.append([self._at(c["at"]), way, c["source"], distance, note])
        slot = facts.get("slot") or {}
        due = [[self._at(slot[name]) for name in ("opens", "due", "closes")]] if slot else []
        away = [*self._spans(facts, "leaves", _("Leave")), *self._spans(facts, "outings", _("Outing slip"))]
        head = (_("When"), _("Way"), _("Terminal"), _("Distance of the face"), _("Note"))
        return [
            _table(_("The slot"), (_("Opens"), _("Check in by"), _("Closes")), due),
            _table(_("Check-ins of the day"), head, rows),
            _table(_("Leave and slips"), (_("From"), _("To"), _("Kind")), away),
        ]

    def post(self, facts: Facts) -> list[Table]:
        _ = self._
        said: list[tuple[str, str, str, str]] = []
        for p in facts.get("presences", ()):
            view = pick(VIEWS.get(p["view"], (p["view"], p["view"])), self.words.language)
            said.append((p["at"], p["source"], _("people: {count}").format(count=p["people"]), view))
        for s in facts.get("signs", ()):
            kind = pick(RESTS_ON.get(s["kind"], (s["kind"], s["kind"])), self.words.language)
            said.append((s["at"], s["source"], kind, self.words.name("staff", s.get("staff"))))
        rows = []
        for same, run in groupby(sorted(said), key=lambda one: one[1:]):
            times = [one[0] for one in run]
            rows.append([self._at(times[0]), self._at(times[-1]), str(len(times)), *same])
        head = (_("From"), _("To"), _("Times"), _("Source"), _("What"), _("View or person"))
        return [_table(_("Seen around that time"), head, rows)]

    def rating(self, facts: Facts) -> list[Table]:
        _ = self._
        score = f"{facts.get('score')} / 5"
        row = [self._at(facts.get("at")), score, facts.get("device") or "", facts.get("case") or ""]
        return [_table(_("The rating"), (_("When"), _("Score"), _("Device"), _("Case")), [row])]

    def device(self, facts: Facts) -> list[Table]:
        _, beats = self._, list(facts.get("beats", ()))[-BEATS_SHOWN:]
        rows = [[self._at(b["at"]), self._at(b["received"]), str(b["queue"])] for b in beats]
        head = (_("Sent"), _("Arrived"), _("Waiting in the device"))
        return [_table(_("Last heartbeats that were known"), head, rows)]

    def _sources(self, facts: Facts) -> Table:
        _, rows = self._, []
        for s in facts.get("sources") or ():
            trusted = _("yes") if s.get("trusted") else _("no")
            rows.append([s["id"], self._at(s.get("watermark")), trusted, f"{s.get('skew_seconds') or 0:+.0f} s"])
        head = (_("Device"), _("All its data are here up to"), _("Clock trusted"), _("Clock differs by"))
        return _table(_("Devices it rests on"), head, rows)

    def _spans(self, facts: Facts, name: str, word: str) -> list[list[Any]]:
        spans = [one for one in facts.get(name) or () if isinstance(one, Mapping) and one.get("start")]
        return [[self._at(one["start"]), self._at(one.get("end")), word] for one in spans]

    def _at(self, text: str | None) -> Any:
        return instant(text, self.zone)


def _table(title: str, head: tuple[str, ...], rows: list[list[Any]]) -> Table:
    return {"title": title, "head": head, "rows": rows}


_OF_KIND: Final[Mapping[str, Callable[[Evidence, Facts], list[Table]]]] = {
    "case": Evidence.case, "order": Evidence.case, "task": Evidence.case, "slot": Evidence.slot,
    "post": Evidence.post, "rating": Evidence.rating, "device": Evidence.device,
}  # fmt: skip


def limit_values(
    limit: Mapping[str, Any], zone: ZoneInfo, language: Language, _: Callable[[str], str]
) -> list[tuple[str, Any]]:
    """A limit as it was counted: (name, value) of its plain values, instants as such. `_`: texts of the page."""
    names = {
        "item": _("Item"), "from": _("In force since"), "promised": _("Promised limit"),
        "statutory": _("Statutory limit"), "unit_of_time": _("Counted in"),
    }  # fmt: skip
    rows: list[tuple[str, Any]] = []
    for name, value in limit.items():
        if value in (None, "") or isinstance(value, Mapping | list):
            continue
        is_instant = isinstance(value, str) and value[:4].isdigit() and "T" in value
        if name == "unit_of_time":
            value = pick(words.UNITS_OF_TIME[value], language).removeprefix("个")
        rows.append((names.get(name, name), instant(value, zone) if is_instant else value))
    return rows
