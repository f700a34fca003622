"""Write config/prometheus/rules/jiancha.yml: what is recorded (`monitor.ops.recorded`), and the runbook's alerts
(`monitor.ops.runbook`). Run by `make docs`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from monitor.ops.recorded import RECORDED, Recorded
from monitor.ops.runbook import ALERTS, Alert

RULES: Final = Path(__file__).resolve().parent.parent / "config" / "prometheus" / "rules" / "jiancha.yml"
HEAD: Final = """\
# Alerts about the supervision system itself; cards on people and devices go out by the daemon's own alerts.
# Tested by: promtool test rules tests/jiancha.yml (beside this folder). Made by `make docs`.
groups:
"""


def text() -> str:
    """The file's content."""
    recorded = "  - name: jiancha-recorded\n    rules:\n" + "\n".join(map(_recorded, RECORDED))
    return HEAD + recorded + "\n  - name: jiancha\n    rules:\n" + "\n".join(map(_rule, ALERTS))


def _recorded(rule: Recorded) -> str:
    return f"      - record: {rule.name}\n        # {rule.text}\n        expr: {rule.expr}\n"


def _rule(alert: Alert) -> str:
    summary = " / ".join(alert.summary)
    quoted = f'"{summary}"' if "{" in summary else summary
    note = f"        # {alert.note}\n" if alert.note else ""
    return (
        f"      - alert: {alert.name}\n{note}        expr: {alert.expr}\n        for: {alert.hold}\n"
        f"        labels: {{severity: {alert.severity}}}\n        annotations:\n          summary: {quoted}\n"
        f'          description: "{alert.described}"\n          runbook: {alert.section}\n'
    )


if __name__ == "__main__":
    RULES.write_text(text(), encoding="utf-8")
