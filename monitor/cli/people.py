"""`user token|tokens|revoke|add|list|disable`; how they sign in is `signin`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from monitor.cli import retention, signin
from monitor.cli.common import INT64, BadInput, acting, print_json, program

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from monitor.access import Principal
    from monitor.app import Program

user_app = typer.Typer(no_args_is_help=True, help="账户 users and tokens")


def register(app: typer.Typer) -> None:
    app.add_typer(user_app, name="user")
    retention.register(app, user_app)
    signin.register(user_app)


@user_app.command("token")
def token(
    devices: str | None = typer.Option(None, metavar="A,B", help="Ids of devices that may post events with it."),
    halls: str | None = typer.Option(None, "--halls", metavar="H", help="Ids of halls: events, plans, reading cards."),
    user: str | None = typer.Option(None, "--user", metavar="USER", help="A user: acts as they may (`user list`)."),
) -> None:
    """签发令牌 Make a bearer token for the HTTP API; it is printed once and kept as a digest only.

    Example: jiancha user token --devices ev-01,ev-02
    """
    from monitor.supervision.refused import Refused
    from monitor.supervision.tokens import create_token

    with program() as opened:
        now = opened.clock.now()
        try:
            made = opened.store.step(
                lambda conn: create_token(conn, devices=_ids(devices), halls=_ids(halls), user=user, now=now)
            )
        except Refused as error:
            raise BadInput(f"--user: {error.text}") from error
        except ValueError as error:
            raise BadInput(str(error)) from error
    typer.echo(made)


@user_app.command("tokens")
def tokens(as_json: bool = typer.Option(False, "--json", help="JSON on stdout.")) -> None:
    """列出令牌 List the tokens: for whom or what, with which scopes; their texts are kept nowhere.

    Example: jiancha user tokens
    """
    from monitor.supervision.tokens import list_tokens

    with program(writing=False) as opened, opened.store.read() as conn:
        rows = list_tokens(conn)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        whose = row["user"] or ",".join([*row["devices"], *row["halls"]])
        gone = f"  吊销 revoked {row['revoked_at']}" if row["revoked_at"] else ""
        typer.echo(f"{row['id']}  {whose}  {','.join(row['scopes'])}{gone}")


@user_app.command("revoke")
def revoke(
    number: int = typer.Argument(..., min=1, max=INT64, help="Number of the token, from `user tokens`."),
    reason: str = typer.Option(..., "--reason", help="Why; kept in the audit."),
    by: str | None = typer.Option(None, "--as", metavar="USER", help="In this user's role."),
) -> None:
    """吊销令牌 Revoke a token: nobody is let in with it any more.

    Example: jiancha user revoke 3 --reason "令牌外泄"
    """
    from monitor.supervision.tokens import revoke_token

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        revoke_token(conn, number, actor=who, why=reason, now=opened.clock.now())
        return f"{number} 吊销 revoked"

    acting(by, act)


@user_app.command("add")
def add(
    user: str = typer.Argument(..., help="Id: lower-case letters, digits and . _ -"),
    role: str = typer.Option(..., "--role", help="duty_supervisor, supervision_head, unit_head, window_lead, staff, …"),
    name: str = typer.Option("", "--name", help="The person's name; kept with the account only."),
    halls: str | None = typer.Option(None, "--halls", metavar="A,B", help="Halls that are theirs."),
    units: str | None = typer.Option(None, "--units", metavar="A,B", help="Units that are theirs."),
    windows: str | None = typer.Option(None, "--windows", metavar="A,B", help="Windows that are theirs."),
    staff: str | None = typer.Option(None, "--staff", help="Their own id in the registry."),
    contacts: str | None = typer.Option(None, "--contacts", metavar="A,B", help="Telephone, mail …"),
    by: str | None = typer.Option(None, "--as", metavar="USER", help="In this user's role."),
) -> None:
    """添加账户 Add a person with a role and what is theirs, or change one; audited.

    Example: jiancha user add li --role duty_supervisor --halls h1 --name 李某
    """
    from monitor.supervision.people import Person, save_person

    person = Person(
        id=user, role=role, name=name, halls=_ids(halls), units=_ids(units), windows=_ids(windows), staff=staff,
        contacts=_ids(contacts),
    )  # fmt: skip

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        new = save_person(conn, opened.registry.get(conn), person, actor=who, now=opened.clock.now())
        return f"{user} {'添加 added' if new else '变更 changed'}: {role}"

    acting(by, act)


@user_app.command("disable")
def disable(
    user: str = typer.Argument(..., help="Id of the account."),
    reason: str = typer.Option(..., "--reason", help="Why; kept in the audit."),
    by: str | None = typer.Option(None, "--as", metavar="USER", help="In this user's role."),
) -> None:
    """停用账户 Take a person out of service; what they did stays theirs.

    Example: jiancha user disable li --reason "调离"
    """
    from monitor.supervision.people import disable as disabled

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        disabled(conn, user, actor=who, why=reason, now=opened.clock.now())
        return f"{user} 停用 disabled"

    acting(by, act)


@user_app.command("list")
def list_users(as_json: bool = typer.Option(False, "--json", help="JSON on stdout.")) -> None:
    """列出账户 List the people, their roles and what is theirs.

    Example: jiancha user list
    """
    from monitor.store.users import all_of_them
    from monitor.wording.words import ROLES

    with program(writing=False) as opened, opened.store.read() as conn:
        rows = [
            {
                "id": r.id, "role": r.role, "halls": r.halls or [], "units": r.units or [], "windows": r.windows or [],
                "staff": r.staff, "disabled_at": r.disabled_at.isoformat() if r.disabled_at else None,
            }
            for r in all_of_them(conn)
        ]  # fmt: skip
    if as_json:
        print_json(rows)
        return
    for row in rows:
        theirs = ",".join([*row["halls"], *row["units"], *row["windows"], *([row["staff"]] if row["staff"] else [])])
        gone = "  停用 disabled" if row["disabled_at"] else ""
        typer.echo(f"{row['id']}  {ROLES[row['role']][0]} {row['role']}  {theirs or '-'}{gone}")


def _ids(text: str | None) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()] if text else []
