"""`audit key|seal|verify`: the chain of seals over the audit (审计封印)."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from monitor.cli.common import BadInput, Finding, print_json, program, reason_of

if TYPE_CHECKING:
    from monitor.app import Program
    from monitor.ops.audit.chain import Head

audit_app = typer.Typer(no_args_is_help=True, help="审计 audit")
KEY_BYTES: Final = 32


def register(app: typer.Typer) -> None:
    app.add_typer(audit_app, name="audit")


@audit_app.command("key")
def key(output: Path = typer.Option(..., "-o", "--output", metavar="FILE", help="File to be written.")) -> None:
    """制作密钥 Make the key of the seals: a file that only its owner may read; nothing is overwritten.

    Example: jiancha audit key -o /etc/jiancha/audit-key
    """
    try:
        with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
    except FileExistsError:
        raise BadInput(
            f"{output}: 已存在，不覆盖 is there already and is not overwritten: what it sealed could not be verified "
            "any more; name another file"
        ) from None
    except OSError as error:
        raise BadInput(f"{output}: {reason_of(error)}") from error
    typer.echo(f"{output}")
    typer.echo(
        f"JIANCHA_AUDIT__KEY_FILE={output}\n"
        "另存一份于别处，不与备份同放 keep a copy elsewhere, apart from backups: without it nothing can be verified",
        err=True,
    )


@audit_app.command("seal")
def seal() -> None:
    """封印 Seal the audit rows that have no seal yet; `run` does it every few seconds.

    Example: jiancha audit seal
    """
    from monitor.ops.audit.sealer import Sealer, head_of

    with program() as opened:
        sealed = Sealer(opened.store, _key(opened)).seal(thorough=True)
        head = head_of(opened.store)
    typer.echo(f"{sealed} 行新封 rows sealed, 首部 head {head or '-'}")


@audit_app.command("verify")
def verify(
    head: list[str] = typer.Option(
        [], "--head", metavar="NO:MAC", help="A head kept elsewhere (log line audit.head); may be repeated."
    ),
    backup: list[Path] = typer.Option(
        [], "--backup", metavar="FILE", help="A backup, whose manifest holds a head; may be repeated."
    ),
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
) -> None:
    """核验审计 Verify every audit row against its seal, and name what was changed, removed, put in or cut off.

    Exit status 1 if anything is. Example: jiancha audit verify --head 1841:9f…
    """
    from monitor.ops.audit.verify import texts
    from monitor.ops.audit.verify import verify as verified

    with program(writing=False) as opened:
        secret = _key(opened)
        known = [_head(text) for text in head] + [kept for file in backup if (kept := _head_in(file)) is not None]
        with opened.store.read() as conn:
            found = verified(conn, secret, opened.clock.now(), known)
    if as_json:
        print_json(found.to_json())
    else:
        typer.echo(
            f"{found.rows} 行 rows: {found.sealed} 已封 sealed, {found.unsealed} 待封 not yet, "
            f"{found.erased} 项私密值已依法删除 private values erased; 首部 head {found.head or '-'}"
        )
    if not found.ok:
        raise Finding("\n".join(texts(found)))


def _key(opened: Program) -> bytes:
    secret = opened.settings.audit.secret
    if secret is None:
        raise BadInput(
            "audit.key: 未设密钥 is not set: make one by `jiancha audit key -o FILE`, "
            "name it in JIANCHA_AUDIT__KEY_FILE, for `run` too"
        )
    return secret


def _head(text: str) -> Head:
    from monitor.ops.audit.chain import Head

    try:
        return Head.of(text)
    except ValueError as error:
        raise BadInput(f"--head: {error}") from error


def _head_in(file: Path) -> Head | None:
    """The head that a backup's manifest holds. BadInput for what is no backup."""
    from monitor.ops.audit.chain import Head
    from monitor.ops.backup.archive import BadArchive, Reader

    try:
        with Reader(file) as reader:
            text = reader.manifest.audit_head
        return Head.of(text) if text is not None else None
    except (BadArchive, ValueError) as error:
        raise BadInput(f"--backup: {error}") from error
