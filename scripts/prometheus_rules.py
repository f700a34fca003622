"""Write config/prometheus/rules/jiancha.yml from the runbook's table (`monitor.ops.runbook`). Run by `make docs`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from monitor.ops.runbook import ALERTS, Alert

RULES: Final = Path(__file__).resolve().parent.parent / "config" / "prometheus" / "rules" / "jiancha.yml"
HEAD: Final = """\
# Alerts about the supervision system itself; cards on people and devices go out by the daemon's own alerts.
# Tested by: promtool test rules tests/jiancha.yml (beside this folder). Made by `make docs`.
groups:
  - name: jiancha
    rules:
"""


def text() -> str:
    """The file's content."""
    return HEAD + "\n".join(_rule(alert) for alert in ALERTS)


def _rule(alert: Alert) -> str:
    summary = " / ".join(alert.summary)
    quoted = f'"{summary}"' if summary.startswith("{") else summary
    note = f"        # {alert.note}\n" if alert.note else ""
    return (
        f"      - alert: {alert.name}\n{note}        expr: {alert.expr}\n        for: {alert.hold}\n"
        f"        labels: {{severity: {alert.severity}}}\n        annotations:\n          summary: {quoted}\n"
        f'          description: "{alert.described}"\n'
    )


if __name__ == "__main__":
    RULES.write_text(text(), encoding="utf-8")
