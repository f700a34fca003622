"""`user password|invite|link|sessions|sign-out`: how people sign in with a browser."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from monitor.cli.common import BadInput, acting, print_json, program

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from monitor.access import Principal
    from monitor.app import Program

_BY = typer.Option(None, "--as", metavar="USER", help="In this user's role.")


def register(user_app: typer.Typer) -> None:
    for name, command in (
        ("password", password), ("invite", invite), ("link", link), ("unlink", unlink), ("unlock", unlock),
        ("sessions", sessions), ("sign-out", sign_out),
    ):  # fmt: skip
        user_app.command(name)(command)


def password(
    user: str = typer.Argument(..., help="Id of the account."),
    stdin: bool = typer.Option(False, "--stdin", help="Read it from standard input, one line; else it is asked for."),
    by: str | None = _BY,
) -> None:
    """设置口令 Set the password of a user; their sessions end.

    Example: jiancha user password li
    """
    from monitor.supervision.passwords import digest_of, require_good, set_password
    from monitor.supervision.refused import Refused

    given = sys.stdin.readline().rstrip("\n") if stdin else _asked()
    try:
        require_good(given, (user,))
    except Refused as error:
        raise BadInput(str(error)) from error
    digest = digest_of(given)

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        set_password(conn, user, digest, actor=who, now=opened.clock.real_now())
        return f"{user} 口令已设置 password set"

    acting(by, act)


def _asked() -> str:
    import getpass

    first = getpass.getpass("口令 password: ")
    if getpass.getpass("再次输入 again: ") != first:
        raise BadInput("两次输入不同 the two differ; 请重来 try again")
    return first


def invite(
    user: str = typer.Argument(..., help="Id of the account."),
    hours: int = typer.Option(24, "--hours", min=1, max=24 * 14, help="How long the link is good."),
    by: str | None = _BY,
) -> None:
    """邀请设置口令 Print a link by which a user sets a password, once; earlier links of theirs are over. It begins with
    the console's address, alerts.link.

    The first administrator: jiancha user add admin --role administrator, then this.
    Example: jiancha user invite admin
    """
    from monitor.supervision.passwords import invite as invited

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        secret = invited(conn, user, actor=who, now=opened.clock.real_now(), hours=hours)
        http = opened.settings.http
        console = opened.settings.alerts.link.rstrip("/") or f"http://{http.host}:{http.port}"
        return f"{console}/sign-in/invite#{secret}"

    acting(by, act)


def link(
    user: str = typer.Argument(..., help="Id of the account."),
    issuer: str = typer.Option(..., "--issuer", help="The OpenID provider, as it names itself."),
    subject: str = typer.Option(..., "--subject", help="Who the user is there (`sub`)."),
    by: str | None = _BY,
) -> None:
    """关联统一身份 Link a user to an identity of an OpenID provider.

    Example: jiancha user link li --issuer https://sso.example.gov.cn --subject 10086
    """
    from monitor.supervision.passwords import link_identity

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        link_identity(conn, user, issuer, subject, actor=who, now=opened.clock.real_now())
        return f"{user} 关联 linked: {issuer}"

    acting(by, act)


def unlink(
    user: str = typer.Argument(..., help="Id of the account."),
    issuer: str = typer.Option(..., "--issuer", help="The OpenID provider, as it names itself."),
    subject: str = typer.Option(..., "--subject", help="Who the user is there (`sub`)."),
    by: str | None = _BY,
) -> None:
    """取消关联 Take an identity of an OpenID provider from a user; the sessions that it opened end.

    Example: jiancha user unlink li --issuer https://sso.example.gov.cn --subject 10086
    """
    from monitor.supervision.passwords import unlink_identity

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        unlink_identity(conn, user, issuer, subject, actor=who, now=opened.clock.real_now())
        return f"{user} 已取消关联 unlinked: {issuer}"

    acting(by, act)


def unlock(user: str = typer.Argument(..., help="Id of the account."), by: str | None = _BY) -> None:
    """解除锁定 Let a user who gave too many wrong passwords try again at once.

    Example: jiancha user unlock li
    """
    from monitor.supervision.passwords import unlock as unlocked

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        unlocked(conn, user, actor=who, now=opened.clock.real_now())
        return f"{user} 已解除锁定 unlocked"

    acting(by, act)


def sessions(as_json: bool = typer.Option(False, "--json", help="JSON on stdout.")) -> None:
    """列出登录 List who is signed in, since when and from where.

    Example: jiancha user sessions
    """
    from monitor.store.signin import open_sessions

    with program(writing=False) as opened, opened.store.read() as conn:
        rows = [
            {
                "id": r.id, "user": r.user, "by": r.by, "created": r.created.isoformat(), "seen": r.seen.isoformat(),
                "expires": r.expires.isoformat(), "address": r.address, "agent": r.agent,
            }
            for r in open_sessions(conn, opened.clock.real_now())
        ]  # fmt: skip
    if as_json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['id']}  {row['user']}  {row['created']}  最近 seen {row['seen']}  {row['address'] or '-'}")


def sign_out(
    user: str = typer.Argument(..., help="Id of the account."),
    session: int | None = typer.Option(None, "--session", help="One session, by its number of `user sessions`."),
    by: str | None = _BY,
) -> None:
    """强制退出 End the sessions of a user, or one of them.

    Example: jiancha user sign-out li
    """
    from monitor.supervision.passwords import sign_out as ended

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        count = ended(conn, user, number=session, actor=who, now=opened.clock.real_now())
        return f"{user} 退出 {count} 处登录 {count} sessions ended"

    acting(by, act)
