"""`assess mark|unmark|marks`: deductions and bonuses that a person enters (人工登记)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from monitor.cli.assess_ledger import AS, HALL, JSON, month_given, who_is
from monitor.cli.common import INT64, BadInput, acting, print_json, program

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from monitor.access import Principal
    from monitor.app import Program


def register(app: typer.Typer) -> None:
    app.command("mark")(mark)
    app.command("unmark")(unmark)
    app.command("marks")(marks)


def mark(
    row: str = typer.Argument(..., metavar="ROW", help="Row of the hall's rule book, such as A15 or E22."),
    hall: str = HALL,
    day: str = typer.Option(..., "--date", metavar="D", help="When it was, 2026-03-02; not in the future."),
    text: str = typer.Option(..., "--text", metavar="TEXT", help="What happened; private."),
    staff: str | None = typer.Option(None, "--staff", metavar="ID", help="Whom it is about."),
    window: str | None = typer.Option(None, "--window", metavar="W", help="Which window."),
    unit: str | None = typer.Option(None, "--unit", metavar="U", help="Which unit, where it is no window."),
    rung: str = typer.Option("", "--rung", metavar="R", help="Of a row with a ladder: found, centre, county, …"),
    event: str = typer.Option("", "--event", metavar="TEXT", help="The happening, where a row counts one once (E22)."),
    document: str = typer.Option("", "--document", metavar="TEXT", help="Number of the letter that shows it."),
    attach: list[Path] = typer.Option(
        [], "--attach", metavar="FILE", help="pdf, png, jpeg, docx, xlsx or txt; may be repeated."
    ),
    amount: str = typer.Option("1", "--amount", metavar="N", help="Of a row that counts an amount (E24)."),
    user: str | None = AS,
) -> None:
    """人工登记 Enter a deduction or bonus that no device tells of; another person confirms it.

    Example: jiancha assess mark A15 --hall ty --date 2026-03-02 --staff zhang --text "早会无故缺席" --as li
    """
    from monitor.cli.cardwork import files_given
    from monitor.supervision.assessment.marks import Marked, enter

    try:
        on = date.fromisoformat(day)
    except ValueError:
        raise BadInput(f"--date: {day!r} 请写作 write it as 2026-03-02") from None
    try:
        times = Decimal(amount)
    except InvalidOperation:
        raise BadInput(f"--amount: {amount!r} 不是数 is no number") from None
    marked = Marked(
        hall=hall, row=row, day=on, text=text, unit=unit, window=window, staff=staff, rung=rung, event=event,
        document=document, amount=times, files=files_given(attach),
    )  # fmt: skip

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        number = enter(conn, opened.registry.get(conn), marked, actor=who, now=opened.clock.now())
        return f"登记 mark #{number}; 待另一人查实 waits for another person's confirmation (`assess proposals`)"

    acting(user, act)


def unmark(
    number: int = typer.Argument(..., min=1, max=INT64, help="Number of `assess marks`."),
    reason: str = typer.Option(..., "--reason", metavar="TEXT", help="Why; private."),
    user: str | None = AS,
) -> None:
    """撤回登记 Withdraw what was entered; what it cost or earned is taken back by the next run.

    Example: jiancha assess unmark 7 --reason "人员写错" --as li
    """
    from monitor.supervision.assessment.marks import withdraw

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        withdraw(conn, number, actor=who, why=reason, now=opened.clock.now())
        return f"登记 mark #{number}: 已撤回 withdrawn"

    acting(user, act)


def marks(
    hall: str = HALL,
    month: str = typer.Option(..., "--month", metavar="YYYY-MM", help="Of which month."),
    user: str | None = AS,
    as_json: bool = JSON,
) -> None:
    """登记清单 List what was entered of a month, within reach, the newest first; withdrawn ones too.

    Example: jiancha assess marks --hall ty --month 2026-03
    """
    from monitor.supervision.assessment.marklist import list_marks
    from monitor.supervision.refused import Refused

    wanted = month_given(month)
    assert wanted is not None
    with program(writing=False) as opened, opened.store.read() as conn:
        try:
            rows = list_marks(conn, opened.registry.get(conn), who_is(conn, user), hall, wanted)
        except Refused as error:
            raise BadInput(str(error)) from error
    if as_json:
        print_json(rows)
        return
    for one in rows:
        gone = "  已撤回 withdrawn" if one["withdrawn_at"] else ""
        whom = one["staff"] or one["window"] or one["unit"]
        typer.echo(f"#{one['id']}  {one['date']}  {whom}  {one['row']}  {one['rung']}  {one['entered_by']}{gone}")
