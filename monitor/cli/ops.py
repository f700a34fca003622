"""`doctor`, `backup`, `restore`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.common import BadInput, Finding, print_json, settings

if TYPE_CHECKING:
    from monitor.app import Program
    from monitor.ops.doctor import Finding as Checked
    from monitor.settings import Settings


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


@contextlib.contextmanager
def unopened(chosen: Settings, *, writing: bool) -> Iterator[Program]:
    """The program over a store as it lies, whatever its schema and state; a store that is not there is not made.

    BadInput for a URL that names no database.
    """
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    from monitor.app.program import attach

    try:
        opened = attach(chosen, writing=writing)
    except (ArgumentError, NoSuchModuleError) as error:
        raise BadInput(
            f"store.url: {error}; an SQLAlchemy URL such as sqlite:////var/lib/jiancha/db is wanted"
        ) from error
    try:
        yield opened
    finally:
        opened.close()


def doctor(
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
    broker_config: Path | None = typer.Option(
        None, "--broker-config", metavar="FILE", help="The broker's mosquitto.conf, or a copy; else looked for here."
    ),
) -> None:
    """Examine store, hall and broker, the live broker by probes; each danger with the line that mends it.

    Exit status 1 if any is found, 2 if the database file is damaged.

    Example: jiancha doctor --broker-config /etc/mosquitto/mosquitto.conf
    """
    from monitor.ops.doctor import check_everything

    with unopened(settings(), writing=False) as opened:
        now = opened.clock.now()

        @contextlib.contextmanager
        def look() -> Iterator[Any]:
            with opened.store.read() as conn:
                yield opened.judge().look(conn, now)

        findings = list(check_everything(opened.settings, opened.store, now, look, broker_config, os.environ))
        findings.append(_judge_lock(opened))
    if as_json:
        print_json([finding.to_json() for finding in findings])
    for finding in () if as_json else findings:
        typer.echo(f"{'✓' if finding.ok else '✗'} {finding.check}: {finding.why}")
        if finding.fix:
            typer.echo(f"    → {finding.fix}")
    wrong = [finding for finding in findings if not finding.ok]
    damaged = next((finding for finding in wrong if finding.check == "store.integrity"), None)
    if damaged is not None:
        raise BadInput(damaged.why)
    if wrong:
        raise Finding(f"{len(wrong)} 项需要处理 to be looked at")


def _judge_lock(opened: Program) -> Checked:
    """Who judges a SQLite store: at most one process, which holds the lock beside the file."""
    from monitor.app.program import is_judged_elsewhere
    from monitor.ops.doctor.finding import bad, good

    try:
        judged = is_judged_elsewhere(opened.store)
    except OSError as error:
        return bad("store.lock", f"锁文件打不开 cannot be opened: {error}", f"sudo chown jiancha {error.filename}")
    return good(
        "store.lock", "守护进程正在判定 a daemon judges" if judged else "无守护进程判定 no daemon judges at present"
    )
