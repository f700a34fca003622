"""`screen token|list|revoke`: public screens in the lobby (电子显示屏, docs/screen.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from monitor.cli.common import BadInput, actor, print_json, program

if TYPE_CHECKING:
    from sqlalchemy import Connection

screen_app = typer.Typer(no_args_is_help=True, help="电子显示屏 public screens (docs/screen.md)")


def register(app: typer.Typer) -> None:
    app.add_typer(screen_app, name="screen")


@screen_app.command("token")
def token(
    hall: str = typer.Option(..., "--hall", metavar="ID", help="The hall whose notices and figures it shows."),
    name: str = typer.Option(..., "--name", metavar="TEXT", help="Where it hangs, to know it by."),
    address: str | None = typer.Option(
        None, "--address", metavar="URL", help="Address by which the screen reaches the server, without a path."
    ),
) -> None:
    """显示屏令牌 Make the token of one screen, and print once the address that its browser opens.

    Its one scope is `screen`. `jiancha screen revoke` ends it.

    Example: jiancha screen token --hall h1 --name 一楼大厅
    """
    from monitor.cli.ratings import base_of
    from monitor.supervision.commands import local
    from monitor.supervision.refused import Refused
    from monitor.supervision.screens import PATH, create

    base = base_of(address)
    with program() as opened:

        def step(conn: Connection) -> tuple[int, str]:
            registry, now = opened.registry.get(conn), opened.clock.real_now()
            return create(conn, registry, hall, name, actor=local(actor()), now=now)

        try:
            number, text = opened.store.step(step)
        except Refused as error:
            raise BadInput(str(error)) from error
    typer.echo(f"{base}{PATH}#{text}")
    typer.echo(f"屏 screen {number}; 仅此一次 shown once: 在该屏的浏览器中打开 open it in its browser", err=True)


@screen_app.command("list")
def list_all(as_json: bool = typer.Option(False, "--json", help="JSON on stdout.")) -> None:
    """列出显示屏 List the screens: hall, when each was last seen, whether its token is revoked.

    Example: jiancha screen list
    """
    from monitor.supervision.commands import local
    from monitor.supervision.screens import list_screens

    with program(writing=False) as opened, opened.store.read() as conn:
        rows = [
            {
                "id": row.id, "name": row.name, "hall": row.hall, "created": row.created.isoformat(),
                "seen_at": row.seen_at.isoformat() if row.seen_at else None,
                "revoked_at": row.revoked_at.isoformat() if row.revoked_at else None,
            }
            for row in list_screens(conn, local(actor()))
        ]  # fmt: skip
    if as_json:
        print_json(rows)
        return
    for row in rows:
        seen = f"最近 seen {row['seen_at']}" if row["seen_at"] else "从未 never seen"
        ended = f"  已停用 revoked {row['revoked_at']}" if row["revoked_at"] else ""
        typer.echo(f"{row['id']}  {row['hall']}  {row['name']}  {seen}{ended}")


@screen_app.command("revoke")
def revoke_one(
    number: int = typer.Argument(..., metavar="NUMBER", help="Of `screen list`."),
    reason: str = typer.Option(..., "--reason", metavar="TEXT", help="Stands in the audit."),
) -> None:
    """停用显示屏 Revoke a screen's token: it shows nothing from its next question on.

    Example: jiancha screen revoke 2 --reason 更换
    """
    from monitor.supervision.commands import local
    from monitor.supervision.refused import Refused
    from monitor.supervision.screens import revoke

    with program() as opened:
        now = opened.clock.real_now()
        try:
            opened.store.step(lambda conn: revoke(conn, number, actor=local(actor()), why=reason, now=now))
        except Refused as error:
            raise BadInput(str(error)) from error
    typer.echo(f"屏 screen {number}: 已停用 revoked")
