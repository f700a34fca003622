"""`pin set|clear|list`: PINs of staff (签到密码), the way beside the face."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from monitor.cli.common import BadInput, acting, actor, print_json, program

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from monitor.access import Principal
    from monitor.app import Program

pin_app = typer.Typer(no_args_is_help=True, help="签到密码 PINs of staff (docs/kiosk.md)")
_STAFF = typer.Option(..., "--staff", metavar="S", help="Id in the registry.")
_AS = typer.Option(None, "--as", metavar="USER", help="In this user's role (`user list`); default: this machine's own.")


def register(app: typer.Typer) -> None:
    app.add_typer(pin_app, name="pin")


@pin_app.command("set")
def set_pin(
    staff: str = _STAFF,
    stdin: bool = typer.Option(False, "--stdin", help="Read it from standard input, one line."),
    make: bool = typer.Option(False, "--make", help="Make a random one and print it, once."),
    user: str | None = _AS,
) -> None:
    """设置密码 Set the PIN of a member of staff, six digits or more; asked for on the terminal, kept as a digest.

    Whoever was locked out is let in again.

    Example: jiancha pin set --staff s-001 --make
    """
    from monitor.supervision.pins import make_pin, sealed_pin
    from monitor.supervision.pins import set_pin as set_one
    from monitor.supervision.refused import Refused

    if stdin and make:
        raise BadInput("pin set: --stdin 与 --make 两者择一 not both")
    pin = make_pin(staff) if make else _given(stdin)
    try:
        digest = sealed_pin(pin, staff)
    except Refused as error:
        raise BadInput(str(error)) from error

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        set_one(conn, opened.registry.get(conn), staff, digest, actor=who, now=opened.clock.now())
        return pin if make else f"{staff} 已设密码 PIN set"

    acting(user, act)
    if make:
        typer.echo(f"{staff} 的密码，仅此一次，请当面交给本人 the PIN, shown once: give it to the person", err=True)


def _given(stdin: bool) -> str:
    """The PIN, without echo; typed twice where a person types it."""
    if stdin:
        return sys.stdin.readline().strip()
    if not sys.stdin.isatty():
        raise BadInput("pin set: 没有终端可问 no terminal to ask on: --stdin 或 or --make")
    return str(typer.prompt("密码 PIN", hide_input=True, confirmation_prompt="再输一次 again"))


@pin_app.command("clear")
def clear_pin(staff: str = _STAFF, user: str | None = _AS) -> None:
    """清除密码 Take a PIN away.

    Example: jiancha pin clear --staff s-001
    """
    from monitor.supervision.pins import clear_pin as clear_one

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        clear_one(conn, opened.registry.get(conn), staff, actor=who, now=opened.clock.now())
        return f"{staff} 已清除密码 PIN cleared"

    acting(user, act)


@pin_app.command("list")
def list_pins(user: str | None = _AS, as_json: bool = typer.Option(False, "--json", help="JSON on stdout.")) -> None:
    """列出密码 List who has a PIN, since when, and who is locked out; never what it is.

    Example: jiancha pin list --json
    """
    from monitor.supervision.commands import local
    from monitor.supervision.people import principal_of
    from monitor.supervision.pins import list_pins as listed
    from monitor.supervision.refused import Refused

    with program(writing=False) as opened, opened.store.read() as conn:
        try:
            who = principal_of(conn, user) if user else local(actor())
            rows = listed(conn, opened.registry.get(conn), actor=who, now=opened.clock.now())
        except Refused as error:
            raise BadInput(str(error)) from error
    if as_json:
        print_json(rows)
        return
    for row in rows:
        locked = f"  锁定至 locked until {row['locked_until']}" if row["locked_until"] else ""
        typer.echo(f"{row['staff']}  {row['set_at']}  {row['set_by']}  连错 wrong {row['failures']}{locked}")
