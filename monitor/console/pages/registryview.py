"""The registry in the words of its pages: rows of a table, a form's fields, a preview."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection

from monitor.console.pages.languages import Language
from monitor.exports.registry import cell_text
from monitor.ingest.registry import COLUMNS
from monitor.ingest.tables import InputErrors
from monitor.model import Registry
from monitor.store.alerts import names
from monitor.store.registry import KINDS
from monitor.store.upsert import Change, Row
from monitor.supervision.registrychange import RegistryPreview
from monitor.supervision.registrylist import key_of
from monitor.wording import registry as words
from monitor.wording.devices import CHANNELS
from monitor.wording.render import pick

SHOWN_MOST: Final = 300
"""Changes of a preview that are listed; the file says the others."""
REFERS: Final = {
    "parent": "halls", "hall": "halls", "unit": "units", "window": "windows", "head": "staff", "lead": "staff",
    "staff": "staff",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a page of the registry is worded with."""

    language: Language
    registry: Registry
    people: Mapping[str, str]

    def pick(self, table: Mapping[str, Any], key: str) -> str:
        return pick(table.get(key, (key, key)), self.language)

    def table(self, name: str) -> str:
        return self.pick(words.TABLES, name)

    def column(self, name: str) -> str:
        return self.pick(words.COLUMNS, name)

    def name(self, kind: str, key: str | None) -> str:
        """What a hall, unit, window or person is called; its id where it has no name, or is not stored yet."""
        if not key:
            return ""
        if kind == "staff":
            return self.people.get(key, key)
        known = getattr(self.registry, kind).get(key)
        return known.name if known is not None and known.name else key

    def value(self, table: str, column: str, value: Any) -> str:
        """A stored value as people read it."""
        if value is None or value == "" or value == [] or value == date.min:
            return ""
        if column in REFERS:
            return self.name(REFERS[column], str(value))
        if column == "serves":
            return self.sep.join(self.served(one) for one in value)
        if column == "channels":
            return self.sep.join(self.pick(CHANNELS, one) for one in value)
        told = words.VALUES.get(f"{table}.{column}") or words.VALUES.get(column)
        text = cell_text(value)
        return self.pick(told, text) if told else text

    def served(self, key: str) -> str:
        if key == "*":
            return pick(("全厅", "the whole hall"), self.language)
        return self.name("units", key) if key in self.registry.units else self.name("staff", key)

    @property
    def sep(self) -> str:
        return "、" if self.language == "zh" else ", "


def said_for(conn: Connection, registry: Registry, language: Language) -> Said:
    """With the names of everybody: a hall has some hundred people, one statement."""
    found = names(conn, {"staff": list(registry.staff)})
    return Said(language=language, registry=registry, people={k.partition(":")[2]: v for k, v in found.items()})


# --------------------------------------------------------------------------- rows


def row_view(table: str, row: Row, said: Said, columns: Sequence[str]) -> dict[str, Any]:
    """A row of the list: its key for addresses, and its cells in the order of `columns`."""
    by_name = {column.name: row[column.field] for column in COLUMNS[table]}
    return {
        "key": key_of(table, row),
        "cells": [said.value(table, name, by_name[name]) for name in columns],
        "revoked": row.get("revoked_at") is not None,
    }


def columns_of(table: str, *, contacts: bool) -> list[str]:
    """The columns of a table's list."""
    hidden = {"contacts"} if not contacts else set()
    return [column.name for column in COLUMNS[table] if column.name not in hidden]


# --------------------------------------------------------------------------- faults


def faults_view(errors: InputErrors, said: Said) -> list[dict[str, Any]]:
    """Each fault of a file with its place, in one language."""
    known = {column.name for columns in COLUMNS.values() for column in columns}
    return [
        {
            "place": error.place,
            "row": error.row,
            "column": error.column or "",
            "column_word": said.column(error.column) if error.column in known else "",
            "value": "" if error.value is None else str(error.value)[:80],
            "text": error.zh if said.language == "zh" else error.en,
        }
        for error in errors.errors
    ]


# --------------------------------------------------------------------------- preview


def preview_view(found: RegistryPreview, said: Said) -> dict[str, Any]:
    counts = found.counts()
    called = {
        str(c.after["id"]): str(c.after["name"] or c.after["id"]) for c in found.changes if c.kind.name == "staff"
    }
    said = replace(said, registry=found.after, people={**said.people, **called})
    return {
        "tables": [(said.table(name), *counts[name]) for name in KINDS if name in counts],
        "changes": [change_view(change, said) for change in found.changes[:SHOWN_MOST]],
        "more": max(len(found.changes) - SHOWN_MOST, 0),
        "total": len(found.changes),
        "people": [
            {
                "name": said.name("staff", one.staff),
                "id": one.staff,
                "before": _names(said, "windows", one.windows_before),
                "after": _names(said, "windows", one.windows_after),
                "unit_before": said.name("units", one.unit_before),
                "unit_after": said.name("units", one.unit_after),
                "unit_moves": one.unit_before != one.unit_after,
            }
            for one in found.people
        ],
        "staffing": [{"name": said.name("windows", one.window), "one": one} for one in found.staffing],
        "devices": [
            {"one": one, "lost": said.sep.join(said.pick(CHANNELS, channel) for channel in one.lost)}
            for one in found.devices
        ],
        "again": found.again,
    }


def change_view(change: Change, said: Said) -> dict[str, Any]:
    """A row of a preview: each field that differs with its old and its new value."""
    table = change.kind.name
    fields = {column.field: column.name for column in COLUMNS[table]}
    key = change.kind.id_of(change.after)
    return {
        "table": said.table(table),
        "key": key,
        "name": change.after.get("name") or (said.name("staff", change.after["staff"]) if table == "posts" else ""),
        "added": change.before is None,
        "fields": [
            {
                "name": said.column(fields[name]),
                "before": said.value(table, fields[name], change.before[name]) if change.before is not None else "",
                "after": said.value(table, fields[name], change.after[name]),
            }
            for name in change.differing
            if name in fields
        ],
    }


def _names(said: Said, kind: str, ids: Iterable[str]) -> str:
    return said.sep.join(said.name(kind, one) for one in ids)


def cell_of(value: Any) -> str:
    """A stored value as a form's field holds it; the import reads it back."""
    if value is None or value == date.min or value == []:
        return ""
    return value.isoformat() if isinstance(value, date | datetime) else cell_text(value)
