"""What differs between two rule books, row by row and key by key. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from monitor.assessment.book import RuleBook, Words

Section: TypeAlias = Literal["book", "rows", "effects", "parts", "window", "staff", "cycle", "choices"]
_BY_ID: Final[Mapping[Section, tuple[str, ...]]] = {
    "rows": ("id",), "effects": ("id", "on", "effect"), "parts": ("id",),
}  # fmt: skip
_KEYED: Final[tuple[Section, ...]] = ("window", "staff", "cycle", "choices")


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """`id`: of the row, effect or part, as the checker names it; `name`: as the later book calls it. `key`: empty where
    it is new (`before` None) or gone (`after` None) as a whole. Values as JSON has them.
    """

    section: Section
    id: str
    key: str
    before: Any
    after: Any
    name: Words | None = None


def differences(one: RuleBook, other: RuleBook) -> tuple[Difference, ...]:
    """From `one` to `other`, in the order of the book; none for two of one version."""
    left, right = one.model_dump(mode="json"), other.model_dump(mode="json")
    listed = {*_BY_ID, *_KEYED}
    found = list(_of_keys("book", "", {k: v for k, v in left.items() if k not in listed}, right, None))
    for section, keys in _BY_ID.items():
        found += _of_list(section, _by(left[section], keys), _by(right[section], keys))
    for section in _KEYED:
        found += _of_keys(section, "", left[section], right[section], None)
    return tuple(found)


def _by(rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    return {" ".join(str(row[key]) for key in keys): row for row in rows}


def _of_list(
    section: Section, left: Mapping[str, Mapping[str, Any]], right: Mapping[str, Mapping[str, Any]]
) -> Iterator[Difference]:
    for name in [*right, *(gone for gone in left if gone not in right)]:
        before, after = left.get(name), right.get(name)
        called = Words.model_validate((after or before or {})["name"])
        if before is None or after is None:
            yield Difference(section=section, id=name, key="", before=before, after=after, name=called)
        else:
            yield from _of_keys(section, name, before, after, called)


def _of_keys(
    section: Section, name: str, left: Mapping[str, Any], right: Mapping[str, Any], called: Words | None
) -> Iterator[Difference]:
    for key, before in left.items():
        if before != right[key]:
            yield Difference(section=section, id=name, key=key, before=before, after=right[key], name=called)
