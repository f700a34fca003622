"""`face evidence list|show`: evidence frames of check-ins by face (留证图像)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from monitor.cli.common import INT64, BadInput, actor, print_json, program, reason_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

evidence_app = typer.Typer(no_args_is_help=True, help="留证图像 evidence frames (docs/kiosk.md)")
_AS = typer.Option(None, "--as", metavar="USER", help="In this user's role (`user list`); default: this machine's own.")


@evidence_app.command("list")
def list_frames(
    staff: str | None = typer.Option(None, "--staff", metavar="S", help="Of this member of staff."),
    user: str | None = _AS,
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
) -> None:
    """列出留证图像 List the evidence frames that are kept, the oldest first; none is opened.

    Example: jiancha face evidence list --staff s-001
    """
    from monitor.supervision.commands import local
    from monitor.supervision.evidenceframes import list_frames as listed
    from monitor.supervision.people import principal_of
    from monitor.supervision.refused import Refused

    with program(writing=False) as opened, opened.store.read() as conn:
        try:
            who = principal_of(conn, user) if user else local(actor())
            rows = listed(conn, opened.registry.get(conn), actor=who, staff=staff)
        except Refused as error:
            raise BadInput(str(error)) from error
    if as_json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['id']}  {row['staff']}  {row['taken_at']}  {row['device']}  {row['event']}")


@evidence_app.command("show")
def show_frame(
    number: int = typer.Argument(..., metavar="ID", min=1, max=INT64, help="From `face evidence list`."),
    output: Path = typer.Option(..., "-o", "--output", metavar="FILE", help="Where to write the JPEG, a new file."),
    user: str | None = _AS,
) -> None:
    """取出留证图像 Open an evidence frame and write it to a file; that it was looked at is put on the record.

    Example: jiancha face evidence show 12 -o frame.jpg
    """
    from monitor.store.facekeys import BadKeyStore, KeyStore
    from monitor.supervision.commands import local
    from monitor.supervision.evidenceframes import show_frame as shown
    from monitor.supervision.people import principal_of
    from monitor.supervision.refused import Refused

    with program() as opened:
        if opened.settings.faces.keys is None:
            raise BadInput("faces.keys: 未设密钥库 is not set: 无法打开 nothing can be opened")
        keys = KeyStore(Path(opened.settings.faces.keys))

        def step(conn: Connection) -> bytes:
            who = principal_of(conn, user) if user else local(actor())
            return shown(conn, opened.registry.get(conn), keys, number, actor=who, now=opened.clock.now())

        try:
            picture = opened.store.step(step)
        except (Refused, BadKeyStore) as error:
            raise BadInput(str(error)) from error
    try:
        with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(picture)
    except FileExistsError:
        raise BadInput(f"-o {output}: 已存在 is there already; 另取名 choose another name") from None
    except OSError as error:
        raise BadInput(f"-o {output}: {reason_of(error)}") from error
    typer.echo(str(output))
    typer.echo("看后删除 delete it when you have seen it", err=True)
