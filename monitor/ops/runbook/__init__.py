"""What each alert of Prometheus means and what to do: one table for the rules' file, the docs and the page."""

from __future__ import annotations

from typing import Final

from monitor.ops.runbook.alert import BOOK, Alert
from monitor.ops.runbook.intake import INTAKE
from monitor.ops.runbook.service import SERVICE
from monitor.ops.runbook.telling import TELLING

ALERTS: Final = (*SERVICE, *INTAKE, *TELLING)
"""Whether it works at all, what comes in, what goes out."""

__all__ = ["ALERTS", "BOOK", "Alert"]
