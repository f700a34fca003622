"""Faces of staff in words: how far each person is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

STATES: Final[Mapping[str, Texts]] = {
    "none": ("未同意", "no consent"),
    "consented": ("已同意，未登记", "consent, no face"),
    "enrolled": ("已登记", "enrolled"),
    "withdrawn": ("已撤回", "withdrawn"),
}
