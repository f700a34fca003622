"""Rows of the audit in the words of the page's language."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from monitor.console.pages.auditfacts import Particulars
from monitor.console.pages.languages import Language
from monitor.ingest.spreadsheets import guarded
from monitor.model import Registry
from monitor.supervision.auditlist import AuditLine
from monitor.wording import audited
from monitor.wording.actors import actor_word
from monitor.wording.render import pick

LINKS: Final = {"card": "/cards/{}", "device": "/devices/{}", "quarantine": "/quarantine/{}"}
"""What a spreadsheet would take for a formula."""
COLUMNS: Final = ("id", "at", "actor", "action", "object_kind", "object_id", "seal", "body", "private")


@dataclass(frozen=True, kw_only=True)
class AuditWords:
    """`people`: names of users; `zone`: of times; `registry`: for names of places."""

    language: Language
    zone: ZoneInfo
    people: Mapping[str, str]
    registry: Registry

    @cached_property
    def particulars(self) -> Particulars:
        return Particulars(language=self.language, zone=self.zone, registry=self.registry)

    def actor(self, actor: str) -> str:
        """By name or in words; "" where only the account is known."""
        called = actor_word(actor, self.people, self.language)
        return "" if called == actor else called

    def action(self, action: str) -> str:
        return pick(audited.action_texts(action), self.language)

    def kind(self, kind: str) -> str:
        return pick(audited.KINDS.get(kind, ("其他", "other")), self.language)


def line_view(line: AuditLine, said: AuditWords) -> dict[str, Any]:
    return {
        "id": line.id, "at": line.at.astimezone(said.zone), "actor": line.actor,
        "name": said.actor(line.actor), "action": line.action, "word": said.action(line.action),
        "kind": line.kind, "kind_word": said.kind(line.kind), "key": line.key,
        "link": LINKS[line.kind].format(quote(line.key, safe="")) if line.kind in LINKS else "",
        "facts": said.particulars.of(line.action, line.body),
        "private": list(line.private.values()), "hidden": sum(value is None for value in line.private.values()),
        "words": [value for value in line.private.values() if value],
        "seal": line.seal,
    }  # fmt: skip


def as_json(lines: Iterable[AuditLine], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Rows as the API and the export have them."""
    return [
        {
            "id": line.id, "at": line.at.astimezone(zone).isoformat(), "actor": line.actor, "action": line.action,
            "object_kind": line.kind, "object_id": line.key, "seal": line.seal, "body": dict(line.body),
            "private": dict(line.private),
        }
        for line in lines
    ]  # fmt: skip


def as_csv(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """For a spreadsheet: UTF-8 with its mark, nothing that would be taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        cells = (row[name] for name in COLUMNS)
        writer.writerow([_cell(value) for value in cells])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _cell(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return guarded(text)
