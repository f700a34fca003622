"""Parameters as a page's forms send them: a field that was left empty is there, and says nothing."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BeforeValidator

Day = Annotated[date | None, BeforeValidator(lambda given: given or None)]
"""YYYY-MM-DD in the hall's zone."""
