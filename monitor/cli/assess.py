"""`assess …`: assessment (考评). Each module of `monitor/cli/assess_*.py` adds its commands to the one group."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Final

import typer

assess_app = typer.Typer(no_args_is_help=True, help="考评 assessment: ledgers, scores, grades, reports")
PARTS: Final = (
    "assess_ledger", "assess_marks", "assess_books", "assess_close", "assess_reports", "assess_cycle", "assess_explain",
    "assess_signs",
)  # fmt: skip
"""Modules of this folder, in the order of their commands; each has `register(assess_app)`."""


def register(app: typer.Typer) -> None:
    for name in PARTS:
        if find_spec(f"monitor.cli.{name}") is not None:
            import_module(f"monitor.cli.{name}").register(assess_app)
    if assess_app.registered_commands or assess_app.registered_groups:
        app.add_typer(assess_app, name="assess")
