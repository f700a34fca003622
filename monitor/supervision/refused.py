"""An action of a person that is not carried out; nothing was written."""

from __future__ import annotations

from typing import Final, Literal

from monitor.model import Reason
from monitor.wording import render

Sort = Literal["role", "state", "missing", "input"]
_GIVEN: Final = {"work.past": "key", "work.far": "key", "work.none_of": "key", "work.other_hall": "key"}
"""Reasons that lie in what was given, and which of their figures names it."""
_INPUT: Final = {*_GIVEN, "work.nobody"}


class Refused(ValueError):
    """The text says why and what is possible, Chinese first; `reason` is there where a rule of the product refused.

    `sort`: the person's role or reach, the state of the card, a thing that there is not, or what was given; `field`
    names that as the API does, the command line as its option.
    """

    def __init__(
        self, text: str, reason: Reason | None = None, *, field: str | None = None, sort: Sort = "input"
    ) -> None:
        super().__init__(f"--{field}: {text}" if field and reason is None else text)
        self.text = text
        self.reason = reason
        self.field = field
        self.sort = sort

    @classmethod
    def because(cls, reason: Reason) -> Refused:
        sort: Sort = "state"
        if reason.code.startswith("access."):
            sort = "role"
        elif reason.code in _INPUT:
            sort = "input"
        field = reason.figures.get(_GIVEN.get(reason.code, ""))
        return cls(f"{render(reason, 'zh')} {render(reason, 'en')}", reason, field=field, sort=sort)
