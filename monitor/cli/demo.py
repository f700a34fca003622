"""`demo`, `simulate`: a simulated hall, before the real program or into a file."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from zoneinfo import ZoneInfo

import typer

from monitor.cli.common import BadInput, Finding, program
from monitor.cli.shown import bare

if TYPE_CHECKING:
    from monitor.agents.simulate import Request
    from monitor.app import Program


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)
    app.command("simulate")(simulate)


def demo(
    folder: Path | None = typer.Option(
        None, "--folder", help="Empty folder for database and logs; default: a new one."
    ),
    day_seconds: float = typer.Option(45.0, "--day-seconds", min=20, max=600, help="Real seconds a working day takes."),
    http: bool = typer.Option(False, "--http", help="Devices use the HTTP feed, even where there is a Mosquitto."),
    plain: bool = typer.Option(False, "--plain", help="Lines instead of the live table."),
    stay: bool = typer.Option(False, "--stay", help="Keep the console open after the last day, until Ctrl-C."),
) -> None:
    """演示 Play two days of a simulated hall in this terminal; exit status 1 if something promised was not seen.

    Example: jiancha demo
    """
    from rich.console import Console

    from monitor.agents.demo import CannotStart, Options, run_demo

    if folder is not None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"--folder: {folder} 不是空文件夹，请另取 is not an empty folder; name a new one")
    options = Options(folder=folder, day_seconds=day_seconds, use_http=http, plain=plain, stay=stay)
    try:
        kept = run_demo(options, Console(file=bare(sys.stdout)))
    except (CannotStart, OSError) as error:
        raise Finding(f"演示无法进行 the demo cannot go on: {error}") from error
    if not kept:
        raise typer.Exit(1)


def simulate(
    output: Path | None = typer.Option(None, "-o", "--output", help="JSON lines for `events import`; - is stdout."),
    mqtt: bool = typer.Option(False, "--mqtt", help="Publish live to the broker of [mqtt], on the program's clock."),
    passwords: Path | None = typer.Option(None, "--passwords", help="With --mqtt: a file of lines DEVICE:PASSWORD."),
    hall: list[str] = typer.Option([], "--hall", help="Only this hall of the registry; may be given again."),
    made_up: int | None = typer.Option(None, "--made-up", min=1, help="So many made-up halls, not the registry's."),
    registry_out: Path | None = typer.Option(None, "--registry-out", help="With --made-up: write their registry here."),
    first: str | None = typer.Option(None, "--from", metavar="DATE", help="First day; default: today."),
    days: int = typer.Option(1, "--days", min=1, help="How many days."),
    seed: int = typer.Option(1, "--seed", help="Equal seeds give equal days."),
    heartbeat_seconds: float | None = typer.Option(None, min=0.1, help="Default: policy.device.heartbeat_seconds."),
    camera_seconds: float = typer.Option(30.0, min=0.1, help="How often a camera looks."),
    cases: int = typer.Option(12, min=0, help="Cases a window and day."),
    late: float = typer.Option(0.02, min=0, max=1, help="Share of arrivals that are late."),
    missing: float = typer.Option(0.01, min=0, max=1, help="Share of half days without check-in."),
    empty: float = typer.Option(0.02, min=0, max=1, help="Share of a window's sessions with nobody for a while."),
    bad: float = typer.Option(0.01, min=0, max=1, help="Share of bad ratings."),
    cut: float = typer.Option(0.02, min=0, max=1, help="Share of a device's days with its connection lost."),
    overrun: float = typer.Option(0.02, min=0, max=1, help="Share of committed cases never completed."),
) -> None:
    """模拟设备 Play the devices of a hall: into a file for `events import`, or live as themselves.

    Example: jiancha simulate --made-up 1 --registry-out hall.toml --from 2026-03-02 --days 5 -o week.jsonl
    """
    from monitor.agents import simulate as agent
    from monitor.agents.faults import Rates
    from monitor.agents.scene import Pace

    if (output is None) == (not mqtt):
        raise BadInput("-o 与 --mqtt 两者择一 give either -o FILE, or --mqtt")
    if registry_out is not None and made_up is None:
        raise BadInput(
            "--registry-out: 仅与 --made-up 合用 only with --made-up; "
            "`jiancha registry export` writes the stored registry"
        )
    with program(writing=False) as opened:
        beat = heartbeat_seconds or opened.settings.policy.device.heartbeat_seconds
        request = agent.Request(
            first=_day(first, opened),
            days=days,
            seed=seed,
            pace=Pace(
                heartbeat_seconds=beat,
                camera_seconds=camera_seconds,
                cases_a_window=cases,
                hours=opened.settings.clock.hours,
            ),
            rates=Rates(late=late, missing=missing, empty=empty, bad=bad, cut=cut, overrun=overrun),
            halls=tuple(hall),
        )
        try:
            _play(opened, request, made_up, registry_out, output, passwords)
        except (agent.BadRequest, OSError) as error:
            raise BadInput(str(error)) from error


def _day(text: str | None, opened: Program) -> date:
    if text is None:
        return opened.clock.now().astimezone(ZoneInfo(opened.settings.clock.zone)).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"--from: {text!r} 不是日期，应写作 is no date; write it as 2026-03-02") from None


def _play(
    opened: Program,
    request: Request,
    made_up: int | None,
    registry_out: Path | None,
    output: Path | None,
    passwords: Path | None,
) -> None:
    from monitor.agents import simulate as agent
    from monitor.agents.simulator import NO_SHIFTS
    from monitor.store import plans

    with opened.store.read() as conn:
        book, stored, shifts = opened.book(conn), opened.registry.get(conn), plans.shifts(conn)
    registry = stored if made_up is None else agent.made_up_registry(made_up, registry_out)
    played = agent.simulation(request, registry, book, opened.settings, shifts if made_up is None else NO_SHIFTS)
    if output is not None:
        with _opened(output) as out:
            count = agent.into_file(played, out)
        typer.echo(f"{output}: {count} 行 lines", err=True)
        return
    sent, away = agent.live(played, opened.settings, opened.clock, agent.read_passwords(passwords))
    typer.echo(f"已发 sent {sent}", err=True)
    if away:
        raise Finding("未能连上 could not connect: " + "; ".join(away))


@contextlib.contextmanager
def _opened(output: Path) -> Iterator[TextIO]:
    if str(output) == "-":
        yield sys.stdout
        return
    with output.open("w", encoding="utf-8") as out:
        yield out
