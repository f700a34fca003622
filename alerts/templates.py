"""Templates of messages (Jinja2, sandboxed): an operator's own words for a channel and a language; pure.

A template sees ids, words and names as the receiver may see them, and can call nothing of the program. One that fails
on a card must not lose the alert: the caller falls back to the text that the product writes itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache, wraps
from typing import Any, Final

from jinja2 import StrictUndefined, TemplateError
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.sandbox import ImmutableSandboxedEnvironment

from alerts.policy import MessageTemplate
from alerts.rendering import Content, Style, charged, headline, place, todo
from monitor import wording
from monitor.model import Reason

LONGEST: Final = 100_000
"""Characters of a message: a loop in a template must not fill the memory."""


class BadTemplate(ValueError):
    """A template that cannot be used; the text names its line and what is wrong."""


@lru_cache(maxsize=1)
def environment() -> ImmutableSandboxedEnvironment:
    """That of messages. A name that there is not is an error, not an empty place in an alert."""
    return new_environment()


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's own sandbox keeps a template from the program; this keeps it from the machine's memory, too: one
    expression makes no text that is longer than a message may be, and no number that takes minutes.
    """

    intercepted_binops = frozenset(("*", "**", "%"))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "*" and isinstance(left, int) and not isinstance(right, int):
            left, right = right, left
        if operator == "%" and isinstance(left, str):
            _require_narrow(left)
        elif operator == "*" and hasattr(left, "__len__"):
            _require(len(left) * max(int(right), 0))
        elif isinstance(left, int) and isinstance(right, int) and operator != "%":
            _require(left.bit_length() + right.bit_length() if operator == "*" else left.bit_length() * abs(right))
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return attr not in _WIDENING and super().is_safe_attribute(obj, attr, value)


_WIDENING: Final = frozenset(
    ("center", "ljust", "rjust", "zfill", "expandtabs", "format", "format_map", "replace", "join")
)
"""Methods of texts that make long ones of short; filters of these names are bounded (`_BOUNDED`)."""
_WIDTH: Final = re.compile(r"%[^a-zA-Z%]*(?:\d{4,}|\*)")


def _require(size: int) -> None:
    if size > LONGEST:
        raise SecurityError(f"超过 {LONGEST} 字 more than {LONGEST} characters")


def _require_narrow(form: str) -> None:
    if _WIDTH.search(form):
        raise SecurityError("格式过宽 the format is too wide")


def _bounded(name: str) -> Callable[..., Any]:
    """A filter of Jinja that refuses numbers which make its answer too long."""
    made = FILTERS[name]

    @wraps(made)
    def bounded(*args: Any, **kwargs: Any) -> Any:
        for given in (*args, *kwargs.values()):
            if isinstance(given, int) and not isinstance(given, bool):
                _require(given * 100 if name == "indent" else given)
            if name == "format" and isinstance(given, str):
                _require_narrow(given)
        return made(*args, **kwargs)

    return bounded


_BOUNDED: Final = ("center", "indent", "format", "batch", "slice", "tojson")


def new_environment() -> ImmutableSandboxedEnvironment:
    """One of its own, for whoever adds filters to it."""
    made = Sandbox(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False
    )
    del made.globals["lipsum"]
    made.filters.update({name: _bounded(name) for name in _BOUNDED})
    return made


def check(template: MessageTemplate) -> str | None:
    """What is wrong with it; None: it can be read and fills in an example."""
    for name, source in (("title", template.title), ("text", template.text)):
        try:
            fill(source, context((EXAMPLE,), "firing", Style(), title="…", text="…"))
        except BadTemplate as error:
            return f"{name}: {error}"
    return None


def fill(source: str, values: dict[str, Any]) -> str:
    """The text of a template. Raises BadTemplate."""
    try:
        made = environment().from_string(source).generate(**values)
        text, size = [], 0
        for piece in made:
            text.append(piece)
            size += len(piece)
            if size > LONGEST:
                raise BadTemplate(f"超过 {LONGEST} 字 more than {LONGEST} characters")
        return "".join(text).strip("\n")
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        raise BadTemplate(f"line {line}: {error}" if line else str(error)) from None
    except (TypeError, ValueError, ArithmeticError, LookupError, RecursionError, MemoryError) as error:
        if isinstance(error, BadTemplate):
            raise
        raise BadTemplate(f"{type(error).__name__}: {error}") from None


def context(contents: Sequence[Content], kind: str, style: Style, *, title: str, text: str) -> dict[str, Any]:
    """What a template is given: `kind`, `lang`, `title` and `text` as the product writes them, `count`, and `cards`,
    each with number, sequence, event, purpose, repeat (whether it is told again), step (working minutes after which it
    went up the hierarchy, else 0), level, level_word, rule, rule_title, headline, subject, place, hall, unit, window,
    staff, charged, reason, since, cleared_at, todo (a list), why and link.
    """
    cards = [_card(content, style) for content in contents]
    return {"kind": kind, "lang": style.lang, "title": title, "text": text, "count": len(cards), "cards": cards}


def _card(content: Content, style: Style) -> dict[str, Any]:
    zone = style.zone_of(content)
    over = content.cleared_at
    return {
        "number": content.card,
        "sequence": content.sequence,
        "event": content.event,
        "purpose": content.purpose,
        "repeat": content.repeat,
        "step": content.step,
        "level": content.level,
        "level_word": wording.level_word(content.level, style.lang),
        "rule": content.rule,
        "rule_title": wording.rule_title(content.rule, style.lang),
        "headline": headline(content, style),
        "subject": wording.subject_text(*content.subject, style.names, style.lang),
        "place": place(content, style),
        **{kind: style.name(kind, key) for kind, key in _placed(content).items()},
        "charged": charged(content, style),
        "reason": wording.render(content.reason, style.lang, zone, style.names),
        "since": wording.instant_text(content.since, zone),
        "cleared_at": wording.instant_text(over, zone) if over is not None else "",
        "todo": todo(content, style),
        "why": content.why,
        "link": style.link_to(content.card) or "",
    }


def _placed(content: Content) -> dict[str, str]:
    known = asdict(content)
    return {kind: known[kind] or "" for kind in ("hall", "unit", "window", "staff")}


EXAMPLE: Final = Content(
    card=12,
    sequence=1,
    purpose="firing",
    event="issued",
    level="yellow",
    rule="post.empty",
    subject=("post", "w01/2026-03-02/0830"),
    since=datetime(2026, 3, 2, 1, 15, tzinfo=UTC),
    reason=Reason(
        code="post.empty.yellow", figures={"window": "w01", "minutes": 15, "began": "2026-03-02T09:00:00+08:00"}
    ),
    hall="h1",
    unit="u1",
    window="w01",
    staff="s-001",
)
"""A made-up card, to try a template on."""
