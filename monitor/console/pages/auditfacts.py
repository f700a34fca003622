"""The particulars of an audit row in the words of the page: ids of places by name, instants by the hall's clock."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.console.pages.languages import Language
from monitor.model import Registry
from monitor.wording import auditfields
from monitor.wording.render import pick, subject_text

INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
NOTHING: Final[tuple[object, ...]] = (None, "", [], {})
MOST: Final = 300
"""Characters of a value that are shown; the whole stands in the exports."""


@dataclass(frozen=True, kw_only=True)
class Particulars:
    language: Language
    zone: ZoneInfo
    registry: Registry

    def of(self, action: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """[{"name", "word", "value", "plain"}]: `word` is empty where the field has none; not plain: as code."""
        return list(self._facts(action.partition(".")[0], body))

    def _facts(self, family: str, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        for name, value in body.items():
            if value in NOTHING:
                continue
            if name == "values" and isinstance(value, Mapping):
                yield from self._facts(family, value)
                continue
            called = auditfields.SPAN.get(name, name) if _is_instant(value) else name
            texts = auditfields.field_texts(family, called)
            shown, plain = self._value(family, name, value)
            word = pick(texts, self.language) if texts else ""
            yield {"name": name, "word": word, "value": shown[:MOST], "plain": plain}

    def _value(self, family: str, name: str, value: Any) -> tuple[str, bool]:
        """What is shown, and whether it is words."""
        if isinstance(value, bool):
            return pick(("是", "yes") if value else ("否", "no"), self.language), True
        if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
            parts = [self._value(family, name, one) for one in value]
            return pick(("、", ", "), self.language).join(text for text, _ in parts), all(plain for _, plain in parts)
        if not isinstance(value, str):
            return json.dumps(value, ensure_ascii=False), isinstance(value, int | float)
        texts = auditfields.value_texts(family, name, value)
        if texts is not None:
            return pick(texts, self.language), True
        if name in auditfields.NAMED:
            return self._place(auditfields.NAMED[name], value)
        if _is_instant(value):
            return f"{datetime.fromisoformat(value).astimezone(self.zone):%Y-%m-%d %H:%M}", True
        if name == "subject" and ":" in value:
            kind, _, key = value.partition(":")
            return subject_text(kind, key, self._named, self.language), True
        return value, False

    def _place(self, kind: str, key: str) -> tuple[str, bool]:
        name = self._named.get(f"{kind}:{key}")
        return (name, True) if name else (key, False)

    @cached_property
    def _named(self) -> dict[str, str]:
        tables: dict[str, Mapping[str, Any]] = {
            "hall": self.registry.halls, "unit": self.registry.units, "window": self.registry.windows,
        }  # fmt: skip
        return {f"{kind}:{key}": one.name for kind, table in tables.items() for key, one in table.items() if one.name}


def _is_instant(value: Any) -> bool:
    return isinstance(value, str) and bool(INSTANT.fullmatch(value))
