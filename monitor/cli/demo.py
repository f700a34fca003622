"""`demo`, `simulate`: a simulated hall, before the real program or into a file."""

from __future__ import annotations

from pathlib import Path

import typer

from monitor.cli.common import BadInput, Finding


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    folder: Path | None = typer.Option(
        None, "--folder", help="Empty folder for database and logs; default: a new one."
    ),
    day_seconds: float = typer.Option(45.0, "--day-seconds", min=20, max=600, help="Real seconds a working day takes."),
    http: bool = typer.Option(False, "--http", help="Devices use the HTTP feed, even where there is a Mosquitto."),
    plain: bool = typer.Option(False, "--plain", help="Lines instead of the live table."),
) -> None:
    """Play two days of a simulated hall in this terminal; exit status 1 if something promised was not seen.

    Example: jiancha demo
    """
    from rich.console import Console

    from monitor.agents.demo import CannotStart, Options, run_demo

    if folder is not None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"--folder: {folder} is not an empty folder; name a new one")
    options = Options(folder=folder, day_seconds=day_seconds, use_http=http, plain=plain)
    try:
        kept = run_demo(options, Console())
    except (CannotStart, OSError) as error:
        raise Finding(f"演示无法进行 the demo cannot go on: {error}") from error
    if not kept:
        raise typer.Exit(1)
