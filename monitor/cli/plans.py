"""`plans import` and `plans withdraw`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from monitor.cli.common import BadInput, acting, actor, print_changes, program

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from monitor.access import Principal
    from monitor.app import Program
    from monitor.supervision.planvoid import Withdrawal

plans_app = typer.Typer(no_args_is_help=True, help="计划 leave, shifts, rota, corrections and the like")
_PREVIEW = typer.Option(False, "--preview", help="Say what it would change and mean; write nothing.")


def register(app: typer.Typer) -> None:
    app.add_typer(plans_app, name="plans")


@plans_app.command("import")
def import_plans(
    file: Path = typer.Argument(..., metavar="FILE", help="File, or folder of CSV files."),
    preview: bool = _PREVIEW,
    as_json: bool = typer.Option(False, "--json", help="With --preview: JSON on stdout."),
) -> None:
    """导入计划 Import plans: leave, trips, lieu, corrections, substitutes, outings, overtime, rota, shifts, closures,
    power_cuts; upsert by id, all rows or none. What each table holds: docs/attendance.md.

    Example: jiancha plans import plans.xlsx --preview
    """
    if preview or as_json:
        from monitor.cli.previews import plans_preview

        plans_preview(file, as_json=as_json)
        return
    from monitor.ingest.plans import import_plans as bring_in
    from monitor.ingest.tables import InputErrors

    with program() as opened:
        try:
            changes = bring_in(opened.store, file, now=opened.clock.now(), ground=opened.ground())
        except (InputErrors, OSError) as error:
            raise BadInput(str(error)) from error
    print_changes(changes)


@plans_app.command("withdraw")
def withdraw(
    which: str = typer.Argument(..., metavar="TABLE/ID", help="As in files: leave/l-17."),
    reason: str = typer.Option(..., "--reason", help="Why; kept in the audit."),
    preview: bool = _PREVIEW,
    user: str | None = typer.Option(None, "--as", metavar="USER", help="In this user's role; default: this machine's."),
) -> None:
    """撤回报备 Withdraw a plan that was imported by mistake. Nobody is found absent for that: days that have begun keep
    it where a verdict rests on it. Exit status 2 where it stays altogether.

    Example: jiancha plans withdraw leave/l-17 --reason "导入时填错人员" --preview
    """
    from monitor.supervision import planvoid

    table, _, plan = which.partition("/")
    if preview:
        _preview(table, plan, reason, user)
        return

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        judge = opened.judge()
        done = planvoid.withdraw(
            conn, lambda c: judge.look(c, opened.clock.now()), opened.settings.policy, who, table, plan, reason
        )
        planvoid.require_done(done)
        return _said(done)

    acting(user, act)


def _preview(table: str, plan: str, reason: str, user: str | None) -> None:
    from monitor.supervision import planvoid
    from monitor.supervision.commands import local
    from monitor.supervision.people import principal_of
    from monitor.supervision.refused import Refused

    with program() as opened:
        judge = opened.judge()

        def work(conn: Connection) -> Withdrawal:
            who = principal_of(conn, user) if user else local(actor())
            return planvoid.withdraw(
                conn, lambda c: judge.look(c, opened.clock.now()), opened.settings.policy, who, table, plan, reason
            )

        try:
            found = opened.store.tried(work)
        except Refused as error:
            raise BadInput(str(error)) from error
    typer.echo(_said(found))
    for one in found.rests:
        typer.echo(f"  {one.kind} {one.key}: {one.before} → {one.after}")
    typer.echo("未写入 nothing was written")


def _said(found: Withdrawal) -> str:
    from monitor.supervision.planvoid import said_of

    chinese, english = said_of(found)
    return f"{found.kind.name}/{found.row['id']}: {chinese} {english}"
