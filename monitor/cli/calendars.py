"""`calendar import`, `calendar due`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import typer

from monitor.cli.common import BadInput, instant, print_json, program, reason_of

calendar_app = typer.Typer(no_args_is_help=True, help="工作日历 working calendar")


def register(app: typer.Typer) -> None:
    app.add_typer(calendar_app, name="calendar")


@calendar_app.command("import")
def import_calendar(
    file: Path = typer.Argument(
        ..., metavar="FILE", help='JSON: {"year","days":[{"name","date","isOffDay"}]} or the array; or ICS.'
    ),
    year: int | None = typer.Option(None, "--year", metavar="YYYY", help="The year that the notice publishes."),
    preview: bool = typer.Option(False, "--preview", help="Say which deadlines would move; write nothing."),
    as_json: bool = typer.Option(False, "--json", help="With --preview: JSON on stdout."),
) -> None:
    """导入放假安排 Import the State Council's notice of a year's days off; what rests on a changed day is judged again.

    Example: jiancha calendar import 2027.json --preview
    """
    from monitor.ingest.notices import BadNotice, read_notice, read_paper
    from monitor.store.calendars import save_notice

    try:
        days, paper = read_notice(file, year), read_paper(file)
    except (OSError, BadNotice) as error:
        raise BadInput(f"{file}: {reason_of(error)}") from error
    if preview or as_json:
        from monitor.cli.previews import notice_preview

        notice_preview(days, paper, as_json=as_json)
        return
    with program() as opened:
        now = opened.clock.now()
        changes = opened.store.step(lambda conn: save_notice(conn, days, now, paper=paper))
    for counts in changes.tables.values():
        typer.echo(f"新增 added {counts.added}, 变更 changed {counts.changed}, 未变 unchanged {counts.unchanged}")


@calendar_app.command("due")
def due(
    accepted: str = typer.Option(..., "--accepted", metavar="T", help="Acceptance, RFC 3339 with offset."),
    days: int = typer.Option(..., "--days", min=0, help="Working days of the limit."),
    pause: list[str] = typer.Option([], "--pause", metavar="A/B", help="Not counted from A to B; B empty: still open."),
    calendar: str = typer.Option("default", help="Name of the calendar."),
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
) -> None:
    """计算期限 Compute a deadline in working days, with its steps.

    Example: jiancha calendar due --accepted 2026-09-30T10:00:00+08:00 --days 3
    """
    from monitor.wording import step_text

    start = instant(accepted, "--accepted")
    pauses = [_pause(text) for text in pause]
    with program(writing=False) as opened:
        if calendar not in opened.settings.calendars:
            raise BadInput(
                f"--calendar: {calendar!r} 不在可选值之内 is none of {', '.join(sorted(opened.settings.calendars))}"
            )
        with opened.store.read() as conn:
            book = opened.book(conn).calendar(calendar)
        try:
            deadline = book.due_in_days(start, days, pauses)
        except ValueError as error:
            raise BadInput(f"--accepted, --days: 超出日历范围 {error}") from error
    at = deadline.at.astimezone(book.zone).isoformat() if deadline.at else None
    steps = [step.to_json() for step in deadline.steps]
    if as_json:
        print_json({"at": at, "provisional": deadline.provisional, "steps": steps})
        return
    typer.echo(f"截止 due {at or '—'}{'  (暂定 provisional)' if deadline.provisional else ''}")
    for step in steps:
        mark = "计" if step["counted"] else "—"
        typer.echo(f"  {step['date']}  {mark}  {step_text(step['why'], 'zh', step['by'])}")


def _pause(text: str) -> tuple[datetime, datetime | None]:
    first, slash, last = text.partition("/")
    if not slash:
        raise BadInput(
            f"--pause: {text!r} 应写作 A/B is not A/B; write it as 2026-03-04T15:00:00+08:00/2026-03-06T10:00:00+08:00"
        )
    begin, end = instant(first, "--pause"), instant(last, "--pause") if last else None
    if end is not None and end < begin:
        raise BadInput(f"--pause: {text!r} 止早于起 ends before it begins; 请对调 swap them")
    return begin, end
