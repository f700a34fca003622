"""An action of a person that is not carried out; nothing was written."""

from __future__ import annotations

from monitor.model import Reason
from monitor.wording import render


class Refused(ValueError):
    """The text says why and what is possible, Chinese first; `reason` is there where a rule of the product refused."""

    def __init__(self, text: str, reason: Reason | None = None) -> None:
        super().__init__(text)
        self.reason = reason

    @classmethod
    def because(cls, reason: Reason) -> Refused:
        return cls(f"{render(reason, 'zh')} {render(reason, 'en')}", reason)
