"""`month check|close|correct|list`: signing a month of attendance off, and correcting it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from monitor.cli.common import BadInput, Finding, actor, print_json, program

if TYPE_CHECKING:
    from monitor.access import Principal
    from monitor.exports.attendance.closing import Next
    from monitor.settings import Policy
    from monitor.store.facts.look import Look

month_app = typer.Typer(no_args_is_help=True, help="考勤月 months of attendance")
_MONTH = typer.Option(..., "--month", metavar="YYYY-MM", help="The month.")
_HALL = typer.Option(..., "--hall", metavar="H", help="Id of the hall.")
_REASON = typer.Option(..., "--reason", help="Why, or by what; it stands in the audit and on the correction's rows.")
_AS = typer.Option(None, "--as", metavar="USER", help="In this user's role (`user list`); default: this machine's own.")
_JSON = typer.Option(False, "--json", help="JSON on stdout.")


def register(app: typer.Typer) -> None:
    app.add_typer(month_app, name="month")


@month_app.command("check")
def check(month: str = _MONTH, hall: str = _HALL, as_json: bool = _JSON) -> None:
    """未决事项 List what is still open in a month, or what changed since it was closed; exit status 1 if anything.

    Example: jiancha month check --month 2026-03 --hall h1
    """
    from monitor.exports.attendance import BadExport, draft, kept_tables
    from monitor.exports.attendance.corrections import differences
    from monitor.exports.attendance.openpoints import open_points

    with program(writing=False) as opened, opened.store.read() as conn:
        look = opened.judge().look(conn, opened.clock.now())
        try:
            before = kept_tables(look, month, hall)
            found = draft(look, opened.settings.policy, month, hall)
        except BadExport as error:
            raise BadInput(str(error)) from error
    points = [
        {"kind": p.kind, "staff": p.staff, "date": p.day.isoformat(), "slot": p.slot or None, "why": p.why}
        for p in open_points(found.month)
    ]
    changed = [
        {"staff": str(one.person[0]), "column": one.column, "was": one.was, "now": one.now}
        for one in (differences(before, found.tables) if before else ())
    ]
    told = {"version": before.version if before else 0, "over": found.is_over, "open": points, "changed": changed}
    if as_json:
        print_json(told)
    else:
        typer.echo(before.state if before else "未签核 not closed")
        for point in points:
            typer.echo(f"未决 open  {point['date']}  {point['staff']}  {point['why']}")
        for one in changed:
            typer.echo(f"变化 changed  {one['staff']}  {one['column']}：{one['was'] or '空'} → {one['now'] or '空'}")
    if points or changed:
        raise Finding(f"未决 open {len(points)}，变化 changed {len(changed)}")


@month_app.command("close")
def close(
    month: str = _MONTH,
    hall: str = _HALL,
    reason: str = _REASON,
    accept_open: bool = typer.Option(False, "--accept-open", help="Although there are open points."),
    user: str | None = _AS,
) -> None:
    """签核关账 Sign a month off: its sheet is kept as it is and never altered; exports give it byte for byte.

    Example: jiancha month close --month 2026-03 --hall h1 --reason "三月考勤经核对" --as hr01
    """

    def make(look: Look, policy: Policy, who: Principal) -> Next:
        from monitor.exports.attendance.closing import first_version

        return first_version(look, policy, month, hall, who, reason, accept_open=accept_open)

    _sign(hall, reason, user, make)


@month_app.command("correct")
def correct(month: str = _MONTH, hall: str = _HALL, reason: str = _REASON, user: str | None = _AS) -> None:
    """更正 Correct a closed month: what differs by now becomes dated rows of a new version; the old ones stay.

    Example: jiancha month correct --month 2026-03 --hall h1 --reason "s07 三月十日病假补批" --as hr01
    """

    def make(look: Look, policy: Policy, who: Principal) -> Next:
        from monitor.exports.attendance.closing import next_version

        return next_version(look, policy, month, hall, who, reason)

    _sign(hall, reason, user, make)


@month_app.command("list")
def list_them(
    hall: str | None = typer.Option(None, "--hall", metavar="H", help="Of this hall only."), as_json: bool = _JSON
) -> None:
    """已签核 List closed months and their versions.

    Example: jiancha month list --hall h1
    """
    from monitor.store import months

    with program(writing=False) as opened, opened.store.read() as conn:
        rows, registry, book = months.versions(conn, hall), opened.registry.get(conn), opened.book(conn)
    if hall is not None and not rows and hall not in registry.halls:
        known = ", ".join(sorted(registry.halls)) or "-"
        raise BadInput(f"--hall: {hall!r} 未登记 is not in the registry; there are: {known}")
    told = [
        {
            "hall": row.hall, "month": row.month, "version": row.version, "closed_at": row.closed_at.isoformat(),
            "closed_by": row.closed_by, "corrections": row.corrections, "digest": row.digest, "kept": bool(row.kept),
        }
        for row in rows
    ]  # fmt: skip
    if as_json:
        print_json(told)
        return
    for one, row in zip(told, rows, strict=True):
        zone = book.for_hall(registry, row.hall if row.hall in registry.halls else None).zone
        gone = "" if one["kept"] else "  留存期已过 sheet past its retention"
        signed = f"{row.closed_at.astimezone(zone):%Y-%m-%d %H:%M:%S}  {one['closed_by']}"
        typer.echo(
            f"{one['hall']}  {one['month']}  第 {one['version']} 版  {signed}"
            f"  更正 corrections {one['corrections']}  {one['digest'][:12]}{gone}"
        )


def _sign(hall: str, reason: str, user: str | None, make: Callable[[Look, Policy, Principal], Next]) -> None:
    """Read first, for that takes seconds and must not hold the store; then keep the version in one transaction."""
    from monitor.exports.attendance import BadExport
    from monitor.supervision.commands import local, require_words
    from monitor.supervision.months import may_close, sign_off
    from monitor.supervision.people import principal_of
    from monitor.supervision.refused import Refused

    with program() as opened:
        try:
            with opened.store.read() as conn:
                who = principal_of(conn, user) if user else local(actor())
                may_close(who, hall)
                require_words(reason)
                made = make(opened.judge().look(conn, opened.clock.now()), opened.settings.policy, who)
            opened.store.step(
                lambda conn: sign_off(
                    conn, made.hall, made.month, made.tables.version, actor=who, reason=reason, body=made.body,
                    digest=made.digest, corrections=made.corrections, now=made.made,
                )
            )  # fmt: skip
        except (BadExport, Refused) as error:
            raise BadInput(str(error)) from error
    typer.echo(f"{made.hall} {made.month} {made.tables.state}  {made.digest}")
