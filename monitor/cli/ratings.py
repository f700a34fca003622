"""`rating link|screen`: how citizens rate beside the evaluators at the windows (主动评价, D03; docs/console.md)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import typer

from monitor.cli.common import BadInput, acting, actor, program, reason_of, settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from monitor.access import Principal
    from monitor.app import Program

rating_app = typer.Typer(no_args_is_help=True, help="评价 ratings (docs/console.md)")
_ADDRESS: Final = typer.Option(
    None, "--address", metavar="URL", help="Under which the server is reached; default: as configured."
)


def register(app: typer.Typer) -> None:
    app.add_typer(rating_app, name="rating")


@rating_app.command("link")
def link(
    device: str = typer.Option(..., "--device", metavar="ID", help="The evaluator as which the rating comes in."),
    case: str | None = typer.Option(None, "--case", metavar="NS/CASE", help="The case that it is about."),
    window: str | None = typer.Option(None, "--window", metavar="ID", help="Default: the case's, else the device's."),
    staff: str | None = typer.Option(None, "--staff", metavar="ID", help="Who served."),
    hours: int = typer.Option(72, "--hours", min=1, max=720, help="How long the link is good."),
    address: str | None = _ADDRESS,
    qr: Path | None = typer.Option(None, "--qr", metavar="FILE.svg", help="Write it as a QR code, too."),
    by: str | None = typer.Option(None, "--as", metavar="USER", help="In this user's role."),
) -> None:
    """评价链接 Print a link by which a citizen rates once, without signing in.

    Example: jiancha rating link --device ev-w01 --case cases/2026-001 --qr link.svg
    """
    from monitor.supervision.ratinglinks import PATH, Wanted, create, new_secret

    if qr is not None and qr.suffix != ".svg":
        raise BadInput(f"--qr: {qr}: 应以 .svg 结尾 must end with .svg")
    secret = new_secret()
    shown = f"{base_of(address)}{PATH}#{secret}"
    wanted = Wanted(device=device, case=case, window=window, staff=staff, hours=hours)

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        create(conn, opened.registry.get(conn), wanted, secret, actor=who, now=opened.clock.real_now())
        return shown

    acting(by, act)
    if qr is not None:
        _write_code(shown, qr)


def _write_code(text: str, file: Path) -> None:
    import segno

    try:
        segno.make(text, error="m", micro=False).save(str(file), scale=8, border=4)
    except OSError as error:
        raise BadInput(f"--qr: {file}: {reason_of(error)}; 链接仍有效 the link above is good all the same") from error


@rating_app.command("screen")
def screen(
    device: str = typer.Option(..., "--device", metavar="ID", help="An evaluator in the registry."),
    address: str | None = _ADDRESS,
) -> None:
    """触摸屏评价 Make the token of one touch screen, and print once the address that its browser opens.

    Its one scope is `rating`. `jiancha user revoke` ends it.

    Example: jiancha rating screen --device ev-w01
    """
    from monitor.supervision.tokens import create_screen_token

    base = base_of(address)
    with program() as opened:

        def step(conn: Connection) -> str:
            registry = opened.registry.get(conn)
            return create_screen_token(conn, registry, device, now=opened.clock.now(), actor=actor())

        try:
            text = opened.store.step(step)
        except ValueError as error:
            raise BadInput(str(error).replace("devices:", "--device:", 1)) from error
    typer.echo(f"{base}/rate/screen#{text}")
    typer.echo("仅此一次 shown once: 在该触摸屏的浏览器中打开 open it in the browser of that screen", err=True)


def base_of(given: str | None) -> str:
    """The server's address without a path: as given, else HTTPS by the certificate's first name, else plain HTTP."""
    from monitor.cli.kiosks import address_of
    from monitor.clock import Clock

    if given is None:
        http = settings().http
        if http.tls_port is not None:
            return address_of(http, None, Clock().now())
        return f"http://{http.host}:{http.port}"
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise BadInput(f"--address: {given!r} 应写作 write it as https://pingjia.example.gov.cn")
    return given.rstrip("/")
