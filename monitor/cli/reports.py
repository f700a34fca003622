"""`judge`, `report …`, `export attendance`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import typer

from monitor.cli import attendance, deliveries, posts, statistics
from monitor.cli.common import BadInput, instant, print_json, program

report_app = typer.Typer(no_args_is_help=True, help="报表 reports")
export_app = typer.Typer(no_args_is_help=True, help="导出 exports")


def register(app: typer.Typer) -> None:
    app.command("judge")(judge)
    statistics.register(report_app)
    deliveries.register(report_app)
    posts.register(report_app)
    attendance.register(report_app)
    app.add_typer(report_app, name="report")
    app.add_typer(export_app, name="export")


def judge(
    as_of: str = typer.Option(..., "--as-of", metavar="T", help="RFC 3339 with offset; not after the clock."),
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
) -> None:
    """按某一时刻判定 Judge everything at a time until nothing is due; sends nothing.

    Example: jiancha judge --as-of 2026-03-02T18:00:00+08:00 --json
    """
    from monitor.app import judge_as_of

    at = instant(as_of, "--as-of")
    with program() as opened:
        _not_after_clock(at, opened.clock.now())
        applied = judge_as_of(opened, at)
    counts = {name: getattr(applied, name) for name in ("judged", "issued", "upgraded", "cleared", "unknown")}
    if as_json:
        print_json(counts)
    else:
        words = {"judged": "判定", "issued": "发牌", "upgraded": "升级", "cleared": "解除", "unknown": "无法判定"}
        typer.echo("  ".join(f"{words[name]} {name} {count}" for name, count in counts.items()))


def _not_after_clock(at: datetime, now: datetime) -> None:
    if at > now:
        raise BadInput(
            f"--as-of: {at.isoformat()} 晚于当前时钟 is after the clock ({now.isoformat()}); 请改早 give an earlier one"
        )


@report_app.command("cases")
def report_cases(
    as_of: str | None = typer.Option(None, "--as-of", metavar="T", help="RFC 3339 with offset; default: now."),
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
) -> None:
    """办件时限统计 Count cases completed on time and late, open within and over their limit.

    Example: jiancha report cases --as-of 2012-02-01T00:00:00Z --json
    """
    from monitor.supervision.views import report_cases as counted

    with program(writing=False) as opened:
        at = instant(as_of, "--as-of") if as_of else opened.clock.now()
        _not_after_clock(at, opened.clock.now())
        with opened.store.read() as conn:
            counts = counted(opened.judge().look(conn, at), opened.settings.policy.timeliness)
    if as_json:
        print_json(counts)
        return
    words = {
        "completed_on_time": "按时办结",
        "completed_late": "超时办结",
        "open_overdue": "在办超时",
        "open_within": "在办未到期",
        "judged_to": "数据截至",
    }
    for name, value in counts.items():
        typer.echo(f"{words[name]} {name}: {value}")


@report_app.command("events")
def report_events(as_json: bool = typer.Option(False, "--json", help="JSON on stdout.")) -> None:
    """事件统计 Count events stored, repeated and quarantined.

    Example: jiancha report events --json
    """
    from monitor.supervision.views import report_events as counted

    with program(writing=False) as opened, opened.store.read() as conn:
        counts = counted(conn)
    if as_json:
        print_json(counts)
    else:
        typer.echo(f"入库 stored {counts['stored']}")
        typer.echo(f"重复 duplicates {counts['duplicates']}")
        typer.echo(f"隔离 quarantined {counts['quarantined']}")


@report_app.command("findings")
def report_findings(as_json: bool = typer.Option(False, "--json", help="JSON on stdout.")) -> None:
    """数据疑点 List integrity and registry findings: proposals to a person, never points.

    Example: jiancha report findings --json
    """
    from monitor.supervision.findings import findings

    with program(writing=False) as opened:
        judge = opened.judge()
        with opened.store.read() as conn:
            rows = findings(judge.look(conn, opened.clock.now()), opened.settings.policy)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['rule']}  {row['subject']}  {row['at']}  {row['why']}")


@export_app.command("attendance")
def export_attendance(
    month: str = typer.Option(..., "--month", metavar="YYYY-MM", help="The month."),
    hall: str = typer.Option(..., "--hall", metavar="H", help="Id of the hall."),
    output: Path = typer.Option(..., "-o", "--output", metavar="FILE", help="FILE.xlsx, FILE.csv or FILE.pdf."),
    version: int | None = typer.Option(None, "--version", metavar="N", help="Of a closed month; default: the newest."),
    as_draft: bool = typer.Option(False, "--draft", help="Judge it now, also where the month was closed."),
) -> None:
    """导出考勤表 Write the monthly attendance sheet; a closed month as it was signed off, byte for byte.

    Example: jiancha export attendance --month 2026-03 --hall h1 -o 2026-03.xlsx
    """
    from monitor.exports.attendance import BadExport
    from monitor.exports.attendance import export_attendance as write_out
    from monitor.exports.pdf import CannotPrint

    if version is not None and as_draft:
        raise BadInput("--version: 草稿没有版本 a draft has no version; 二者取一 give one of --version and --draft")
    with program(writing=False) as opened:
        judge = opened.judge()
        try:
            with opened.store.read() as conn:
                look = judge.look(conn, opened.clock.now())
                policy = opened.settings.policy
                tables = write_out(look, policy, month, hall, output, version=version, as_draft=as_draft)
        except (BadExport, CannotPrint, OSError) as error:
            raise BadInput(str(error)) from error
    typer.echo(f"{output}  {tables.state}")
