"""`doctor`, `backup`, `restore`."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.common import BadInput, Finding, print_json, reason_of, settings, store_errors

if TYPE_CHECKING:
    from monitor.app import Program
    from monitor.ops.doctor import Finding as Checked
    from monitor.settings import Settings


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)
    app.command("backup")(backup)
    app.command("restore")(restore)


@contextlib.contextmanager
def unopened(chosen: Settings, *, writing: bool) -> Iterator[Program]:
    """The program over a store as it lies, whatever its schema and state; a store that is not there is not made.

    BadInput for a URL that names no database.
    """
    from monitor.app.program import BadUrl, attach

    try:
        opened = attach(chosen, writing=writing)
    except BadUrl as error:
        raise BadInput(str(error)) from error
    try:
        yield opened
    finally:
        opened.close()


def doctor(
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
    broker_config: Path | None = typer.Option(
        None, "--broker-config", metavar="FILE", help="The broker's mosquitto.conf, or a copy; else looked for here."
    ),
) -> None:
    """体检 Examine store, hall and broker, the live broker by probes; each danger with the line that mends it.

    Exit status 1 if any is found, 2 if the database file is damaged.

    Example: jiancha doctor --broker-config /etc/mosquitto/mosquitto.conf
    """
    from sqlalchemy.exc import DBAPIError

    from monitor.ops.doctor import check_everything
    from monitor.ops.doctor.policycheck import check_policy

    with unopened(settings(), writing=False) as opened:
        now = opened.clock.now()
        with contextlib.suppress(DBAPIError):  # a store that is away, damaged or of another schema: told below
            opened = opened.under_policy()

        @contextlib.contextmanager
        def look() -> Iterator[Any]:
            with opened.store.read() as conn:
                yield opened.judge().look(conn, now)

        findings = list(check_everything(opened.settings, opened.store, now, look, broker_config, os.environ))
        findings.append(_judge_lock(opened))
        findings.append(check_policy(opened.policies))
    if as_json:
        print_json([finding.to_json() for finding in findings])
    for finding in () if as_json else findings:
        typer.echo(f"{'✓' if finding.ok else '✗'} {finding.check}: {finding.why}")
        if finding.fix:
            typer.echo(f"    → {finding.fix}")
    wrong = [finding for finding in findings if not finding.ok]
    damaged = next((finding for finding in wrong if finding.check == "store.integrity"), None)
    if damaged is not None:
        raise BadInput(damaged.why)
    if wrong:
        raise Finding(f"{len(wrong)} 项需要处理 to be looked at")


def _judge_lock(opened: Program) -> Checked:
    """Who judges a SQLite store: at most one process, which holds the lock beside the file."""
    from monitor.app.program import is_judged_elsewhere
    from monitor.ops.doctor.finding import bad, good

    try:
        judged = is_judged_elsewhere(opened.store)
    except OSError as error:
        return bad("store.lock", f"锁文件打不开 cannot be opened: {error}", f"sudo chown jiancha {error.filename}")
    return good(
        "store.lock", "守护进程正在判定 a daemon judges" if judged else "无守护进程判定 no daemon judges at present"
    )


def backup(
    target: str = typer.Argument(
        ..., metavar="TARGET", help="File to be written, or a folder; nothing is overwritten."
    ),
    keep_days: int | None = typer.Option(
        None,
        "--keep-days",
        min=1,
        metavar="N",
        help="Once it is proven: delete the folder's backups of more than N days, but for the seven newest.",
    ),
) -> None:
    """备份 Back the store up beside the running daemon: one moment, one file, proven by restoring it into a
    scratch store.

    Example: jiancha backup /var/backups/jiancha/ --keep-days 30
    """
    from monitor.ops.backup.load import Mismatch
    from monitor.ops.backup.make import NoStore
    from monitor.ops.backup.make import backup as made
    from monitor.ops.backup.old import name_of, thin

    with unopened(settings(), writing=False) as opened, store_errors(opened.store.url):
        now = opened.clock.now()
        # a folder that is not there is none of a file's names: what ends with a slash is a folder
        folder = Path(target).is_dir() or target.endswith("/")
        file = Path(target) / name_of(now) if folder else Path(target)
        if keep_days is not None and not folder:
            raise BadInput("--keep-days: 只用于文件夹 is for a folder: it deletes older backups there")
        try:
            manifest = made(opened.store, file, now)
        except NoStore as error:
            raise BadInput(str(error)) from error
        except Mismatch as error:
            raise Finding(
                f"备份未通过校验，已丢弃 the backup did not prove itself and was thrown away: {error}"
            ) from error
        except FileNotFoundError:
            raise BadInput(f"{file}: 没有此文件夹 there is no such folder; make it first") from None
        except OSError as error:
            raise Finding(f"{error.filename or file}: 写不下去 cannot be written: {error.strerror or error}") from error
    typer.echo(f"{file}")
    typer.echo(
        f"{manifest.rows} 行 rows, {len(manifest.tables)} 表 tables, {file.stat().st_size / 2**20:.1f} MiB, "
        f"模式 schema {manifest.revision}; 已恢复到临时库核对 proven in a scratch store",
        err=True,
    )
    if manifest.audit_head is not None:
        typer.echo(f"审计封印首部 audit head: {manifest.audit_head}", err=True)
    if keep_days is not None:
        try:
            gone = thin(file.parent, now, keep_days)
        except OSError as error:
            raise Finding(f"{error.filename}: 旧备份删不掉 cannot be deleted: {error.strerror}") from error
        typer.echo(f"已删除旧备份 old backups deleted: {len(gone)}", err=True)


def restore(
    source: Path = typer.Argument(..., metavar="SOURCE", help="A file that `jiancha backup` made."),
    force: bool = typer.Option(False, "--force", help="Delete every row that the store holds now."),
    erased: Path | None = typer.Option(
        None, "--erased", metavar="FILE", help="Whom to erase again: what `retention erasures` printed."
    ),
) -> None:
    """恢复备份 Restore a backup into an empty store, all or nothing, and upgrade it; the daemon must be stopped.

    Example: jiancha restore /var/backups/jiancha/jiancha-20260302T160000Z.zip
    """
    from monitor.app import InUse
    from monitor.app.program import sole_judge
    from monitor.cli.common import actor
    from monitor.ops.backup.archive import BadArchive, Reader
    from monitor.ops.backup.load import Mismatch, NotEmpty
    from monitor.ops.backup.load import restore as put_back
    from monitor.store.migrate import SchemaError

    with unopened(settings(), writing=True) as opened, store_errors(opened.store.url):
        try:
            with Reader(source) as reader, sole_judge(opened.store):
                again = _erased(erased)
                manifest = put_back(opened.store, reader, opened.clock.now(), force=force, actor=actor(), erased=again)
            _shut_faces(opened)
        except (BadArchive, NotEmpty, SchemaError, InUse) as error:
            raise BadInput(str(error)) from error
        except Mismatch as error:
            raise Finding(f"未恢复，原状未动 nothing was restored: {error}") from error
    typer.echo(
        f"已恢复 restored: {manifest.rows} 行 rows, 备份于 made {manifest.made.isoformat()} by {manifest.program}"
    )
    typer.echo(
        "备份之后的事件不在其中，其后的通知可能重发 what came later is not in it; notices sent since may be sent again",
        err=True,
    )


def _shut_faces(opened: Program) -> None:
    """A copy of the key store may have been put back, too: keys of faces that were erased are destroyed in it again."""
    from monitor.store.facekeys import BadKeyStore, KeyStore
    from monitor.supervision.erasure import face_keys_of

    path = opened.settings.faces.keys
    if path is None or not Path(path).exists():
        return
    with opened.store.read() as conn:
        names = face_keys_of(conn)
    try:
        for name in names:
            KeyStore(Path(path)).destroy(name)
    except BadKeyStore as error:
        raise BadInput(str(error)) from error


def _erased(file: Path | None) -> list[tuple[str, str]]:
    """(kind, id) of each line of an erasure log. BadInput names the line."""
    from monitor.supervision.erasure import KINDS

    found: list[tuple[str, str]] = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines() if file is not None else []
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"--erased {file}: {reason_of(error)}") from error
    for n, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            kind, person = row["kind"], row["id"]
        except (ValueError, KeyError, TypeError):
            kind, person = None, None
        if kind not in KINDS or not isinstance(person, str):
            raise BadInput(f'--erased {file}: {n}: 应写作 write it as {{"kind": "staff", "id": "s-001"}}')
        found.append((kind, person))
    return found
