"""`assess …`: assessment (考评). Each module of `monitor/cli/assess_*.py` adds its commands to the one group."""

from __future__ import annotations

import typer

assess_app = typer.Typer(no_args_is_help=True, help="考评 assessment: ledgers, scores, grades, reports")


def register(app: typer.Typer) -> None:
    if assess_app.registered_commands or assess_app.registered_groups:
        app.add_typer(assess_app, name="assess")
