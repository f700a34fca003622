"""JMESPath as adapters use it: compiled once, with `lower` and `replace` beside the language's own functions. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import jmespath
from jmespath import functions
from jmespath.exceptions import JMESPathError

TOPIC: Final = "_topic"
"""Under this name an expression finds the placeholders of the topic: `_topic.device`."""


class _Functions(functions.Functions):  # type: ignore[misc]
    """Both give null for null, as a key that a vendor leaves out is no mistake of the expression."""

    @functions.signature({"types": ["string", "number", "null"]})  # type: ignore[untyped-decorator]
    def _func_lower(self, text: Any) -> str | None:
        return None if text is None else str(text).lower()

    @functions.signature(  # type: ignore[untyped-decorator]
        {"types": ["string", "number", "null"]}, {"types": ["string"]}, {"types": ["string"]}
    )
    def _func_replace(self, text: Any, old: str, new: str) -> str | None:
        return None if text is None else str(text).replace(old, new)


_OPTIONS: Final = jmespath.Options(custom_functions=_Functions())


class Unreadable(ValueError):
    """An expression failed on a payload. Its text names no value: what stands there may be personal data."""


class Expression:
    """One compiled expression. Raises ValueError where the text is no JMESPath."""

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._compiled = jmespath.compile(text)
        except JMESPathError as error:
            raise ValueError(f"{text!r} is no JMESPath: {str(error).splitlines()[0]}") from None

    def of(self, document: Mapping[str, Any]) -> Any:
        """What the expression gives, None where there is nothing. Raises Unreadable."""
        try:
            return self._compiled.search(document, options=_OPTIONS)
        except (JMESPathError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
            raise Unreadable(f"{self.text} 在此出错 fails here ({type(error).__name__})") from None

    def names(self) -> Iterator[str]:
        """Every key that the expression reads, at any depth."""
        return _fields(self._compiled.parsed)


def _fields(node: Mapping[str, Any]) -> Iterator[str]:
    if node["type"] == "field":
        yield node["value"]
    for child in node["children"]:
        if isinstance(child, dict):
            yield from _fields(child)
