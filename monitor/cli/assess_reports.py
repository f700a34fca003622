"""`assess report`: the files of a period of assessment, from its snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from monitor.cli.common import BadInput, actor, program

if TYPE_CHECKING:
    from monitor.app import Program
    from monitor.assessment.snapshot import Snapshot
    from monitor.exports.assessment import Papers
    from monitor.exports.assessment.weekly import Week

T = TypeVar("T", bound=str)


def register(app: typer.Typer) -> None:
    app.command("report")(report)


def report(
    output: Path = typer.Option(..., "-o", "--output", metavar="FILE", help="FILE; its ending says the format."),
    period: str | None = typer.Option(None, "--period", metavar="P", help="2026-03, 2026-Q1, 2026-H1 or 2026."),
    hall: str | None = typer.Option(None, "--hall", metavar="H", help="Id of the hall."),
    form: str | None = typer.Option(None, "--format", metavar="F", help="xlsx, pdf, docx, zip or json; else FILE's."),
    kind: str = typer.Option(
        "all", "--kind", metavar="K", help="all, sheets, ranking, statistics, circular or feedback."
    ),
    window: str = typer.Option("", "--window", metavar="W", help="Whose feedback letter."),
    names: str | None = typer.Option(
        None, "--names", metavar="N",
        help="Names in circulars: full, masked or none; default: assessment.circular_names.",
    ),
    source: Path | None = typer.Option(
        None, "--from", metavar="FILE", help="A snapshot (--format json) instead of --period and --hall."
    ),
    week: str | None = typer.Option(
        None, "--week", metavar="W", help="2026-W10: the weekly summary that was made; with --hall."
    ),
    user: str | None = typer.Option(
        None, "--as", metavar="USER", help="In this user's role (`user list`); default: this machine's own."
    ),
) -> None:  # fmt: skip
    """考评报表 Write a report of a period, from what was signed, byte for byte; an open one is marked 预览稿 (draft).

    Example: jiancha assess report --period 2026-03 --hall h1 --kind circular -o 通报.docx
    """
    from monitor.exports.assessment import (
        FORMATS,
        KINDS,
        NAMINGS,
        BadReport,
        BadTemplate,
        Papers,
        make,
        make_week,
        templates_in,
    )
    from monitor.exports.files import replace_file
    from monitor.exports.pdf import CannotPrint
    from monitor.settings import config_dir

    wanted = _one_of("--format", form or output.suffix[1:].lower(), FORMATS)
    of = _one_of("--kind", kind, KINDS)
    _require_one(period, hall, source, week)
    with program(writing=False) as opened:
        settings = opened.settings.assessment
        naming = _one_of("--names", names or settings.circular_names, NAMINGS)
        try:
            if week is not None:
                kept = _week(opened, week, str(hall), user)
                body, said = make_week(kept, wanted, of), f"{hall} {week}"
            else:
                snapshot, papers = (
                    (_read(source), Papers()) if source else _of_period(opened, str(period), str(hall), user)
                )
                templates = templates_in(config_dir(), settings.letters)
                body = make(
                    snapshot, wanted, of, templates=templates, circular_names=naming, window=window, papers=papers
                )
                state = "已结账 signed off" if snapshot.state == "closed" else "预览稿 draft"
                said = f"{snapshot.hall} {snapshot.period}  {state}  {snapshot.book.version}"
            replace_file(output, body)
        except (BadReport, BadTemplate, CannotPrint, OSError) as error:
            raise BadInput(str(error)) from error
    typer.echo(f"{output}  {said}")


def _require_one(period: str | None, hall: str | None, source: Path | None, week: str | None) -> None:
    """A period of a hall, a week of a hall, or a snapshot."""
    if [period is not None, source is not None, week is not None].count(True) != 1:
        raise BadInput("--period, --week, --from: 三者取一 give one of them")
    if (hall is None) != (source is not None):
        raise BadInput("--hall: 期间和周次须指明大厅 goes with --period and --week, and not with --from")


def _one_of(option: str, given: str, known: tuple[T, ...]) -> T:
    for one in known:
        if one == given:
            return one
    raise BadInput(f"{option}: {given!r} 不在其列 is none of {', '.join(known)}")


def _read(file: Path) -> Snapshot:
    from monitor.assessment.snapshot import from_json

    try:
        return from_json(file.read_bytes())
    except (OSError, ValueError) as error:
        raise BadInput(f"--from: {file}: 不是考评快照 no snapshot: {error}") from error


def _of_period(opened: Program, period: str, hall: str, user: str | None) -> tuple[Snapshot, Papers]:
    """What was signed, or the period as it stands, for whoever may read the hall's scores; the papers issued on it."""
    from monitor.exports.assessment.kept import papers_of
    from monitor.supervision.assessment.closing import may_preview
    from monitor.supervision.assessment.preview import preview
    from monitor.supervision.people import principal_of
    from monitor.supervision.refused import Refused

    with opened.store.read() as conn:
        try:
            who = may_preview(principal_of(conn, user) if user else actor(), hall)
            look: Any = opened.judge().look(conn, opened.clock.now())
            return preview(look, hall, period, opened.settings.policy, by=who.id), papers_of(look, hall, period)
        except Refused as error:
            raise BadInput(str(error)) from error


def _week(opened: Program, week: str, hall: str, user: str | None) -> Week:
    """The summary that was made of a week, for whoever may read it."""
    from monitor.exports.assessment.kept import kept_week
    from monitor.supervision.commands import local
    from monitor.supervision.people import principal_of
    from monitor.supervision.refused import Refused

    with opened.store.read() as conn:
        look = opened.judge().look(conn, opened.clock.now())
        try:
            return kept_week(look, principal_of(conn, user) if user else local(actor()), hall, week)
        except Refused as error:
            raise BadInput(str(error)) from error
