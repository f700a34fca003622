"""Plans in the words of their pages: rows of a kind, the rota of a month, a preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from monitor.console.pages.languages import Language
from monitor.ingest.plans import COLUMNS
from monitor.ingest.tables import InputErrors
from monitor.model import Registry
from monitor.store.alerts import names
from monitor.store.plans import KINDS, hall_of
from monitor.store.upsert import Change, Row
from monitor.supervision.planchange import Moved, PlanPreview
from monitor.supervision.planlist import by_day
from monitor.wording import outcome_word, subject_text
from monitor.wording import plans as words
from monitor.wording.render import pick
from monitor.wording.words import LEAVES

SHOWN_MOST: Final = 300
MOVED_MOST: Final = 100
REFERS: Final = {"staff": "staff", "window": "windows", "unit": "units", "hall": "halls"}


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a page of plans is worded with; `names` as `store.alerts.names` gives them."""

    language: Language
    registry: Registry
    names: Mapping[str, str]

    def pick(self, table: Mapping[str, Any], key: str) -> str:
        return pick(table.get(key, (key, key)), self.language)

    def kind(self, kind: str) -> str:
        return self.pick(words.KINDS, kind)

    def column(self, name: str) -> str:
        return self.pick(words.COLUMNS, name)

    def name(self, column: str, key: str) -> str:
        kind = REFERS[column]
        if kind == "staff":
            return self.names.get(f"staff:{key}", key)
        known = getattr(self.registry, kind).get(key)
        return known.name if known is not None and known.name else key

    def value(self, table: str, column: str, value: Any, row: Row) -> str:
        """A stored value as people read it; instants in the zone of the plan's hall."""
        if value is None or value == "" or value == date.min:
            return ""
        if column in REFERS:
            return self.name(column, str(value))
        if column == "kind" and table == "leave":
            return self.pick(LEAVES, str(value))
        if isinstance(value, datetime):
            return f"{value.astimezone(self.registry.zone_of(hall_of(row, self.registry))):%Y-%m-%d %H:%M}"
        return str(value)


def said_for(conn: Connection, registry: Registry, language: Language, people: Sequence[str]) -> Said:
    return Said(language=language, registry=registry, names=names(conn, {"staff": people}))


def row_view(kind: str, row: Row, said: Said) -> dict[str, Any]:
    return {"id": row["id"], "cells": [said.value(kind, c.name, row[c.field], row) for c in COLUMNS[kind]]}


def rota_view(rows: Sequence[Row], first: date, said: Said) -> dict[str, Any]:
    """A month: a row a day, a column a role."""
    told = by_day(rows)
    roles = sorted({row["role"] for row in rows})
    after = (first + timedelta(days=32)).replace(day=1)
    return {
        "roles": roles,
        "days": [
            {
                "day": day,
                "weekend": day.weekday() >= 5,
                "cells": [[said.name("staff", one) for one in told.get(day, {}).get(role, ())] for role in roles],
            }
            for day in (first + timedelta(days=n) for n in range((after - first).days))
        ],
    }


def preview_view(found: PlanPreview, said: Said) -> dict[str, Any]:
    added = dict.fromkeys(found.same, 0)
    changed = dict(added)
    for change in found.changes:
        (added if change.before is None else changed)[change.kind.name] += 1
    return {
        "found": found,
        "tables": [
            (said.kind(name), added[name], changed[name], found.same[name]) for name in KINDS if name in found.same
        ],
        "changes": [change_view(change, said) for change in found.changes[:SHOWN_MOST]],
        "more": max(len(found.changes) - SHOWN_MOST, 0),
        "moved": moved_views(found.moved, said),
        "clashes": [
            {"name": said.name("staff", one.staff), "one": one.one, "other": one.other,
             "text": said.pick(words.CLASHES, one.sort)}
            for one in found.clashes
        ],
    }  # fmt: skip


def moved_views(moved: Sequence[Moved], said: Said) -> list[dict[str, Any]]:
    """The first hundred verdicts that would be others."""
    called = {**said.names, **{f"window:{w.id}": w.name for w in said.registry.windows.values() if w.name}}
    return [
        {
            "text": subject_text(one.kind, one.key, called, said.language),
            "before": outcome_word(one.before, said.language), "after": outcome_word(one.after, said.language),
            "charged": one.charged, "withdrawn": one.withdrawn,
        }
        for one in moved[:MOVED_MOST]
    ]  # fmt: skip


def change_view(change: Change, said: Said) -> dict[str, Any]:
    table = change.kind.name
    fields = {column.field: column.name for column in COLUMNS[table]}
    return {
        "table": said.kind(table),
        "key": change.after["id"],
        "added": change.before is None,
        "fields": [
            {
                "name": said.column(fields[name]),
                "before": said.value(table, fields[name], change.before[name], change.before) if change.before else "",
                "after": said.value(table, fields[name], change.after[name], change.after),
            }
            for name in change.differing
            if name in fields and name != "id"
        ],
    }


def faults_view(errors: InputErrors, said: Said) -> list[dict[str, Any]]:
    """Each fault of a file with its place, in one language."""
    return [
        {
            "place": error.place, "row": error.row, "column": error.column or "",
            "column_word": said.column(error.column) if error.column and error.column in words.COLUMNS else "",
            "value": "" if error.value is None else str(error.value)[:80],
            "text": error.zh if said.language == "zh" else error.en,
        }
        for error in errors.errors
    ]  # fmt: skip
