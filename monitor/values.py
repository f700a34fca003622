"""`Value`: a frozen value that is made in a tenth of the time of a frozen dataclass (docs/adr/0020); names of zones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, make_dataclass
from functools import cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec


@cache
def _fields_of(kind: type[Value]) -> dict[str, Field[Any]]:
    made: Any = make_dataclass(kind.__name__, kind.__struct_fields__)
    return dict(made.__dataclass_fields__)


class _Fields:
    """The fields as `dataclasses` looks for them on a class."""

    def __get__(self, _one: Value | None, kind: type[Value]) -> dict[str, Field[Any]]:
        return _fields_of(kind)


class Value(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of the values that a step makes by the ten thousand: facts, verdicts and all between them.

    `dataclasses.replace` and `fields` take it like any other frozen value; `msgspec.structs.replace` is quicker. The
    garbage collector does not see it: a value never comes to hold itself.
    """

    __dataclass_fields__: ClassVar[Any] = _Fields()


def known_zone(zone: str) -> str:
    """The name of a time zone as it is. Raises ValueError for one that there is not, naming what one looks like."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError; a folder's name gives an OSError
        raise ValueError(f"no time zone {zone!r}; write one such as Asia/Shanghai") from None
    return zone


class Lazy(Mapping[str, Any]):
    """A mapping that is made when somebody first looks into it: few verdicts are ever told."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Mapping[str, Any]]) -> None:
        self._make: Callable[[], Mapping[str, Any]] | None = make
        self._made: Mapping[str, Any] = {}

    def _all(self) -> Mapping[str, Any]:
        make = self._make
        if make is not None:
            self._made, self._make = make(), None
        return self._made

    def __getitem__(self, key: str) -> Any:
        return self._all()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return repr(self._all())
