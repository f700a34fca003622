"""What comes in: `registry`, `events`, `cases` imports, `registry export`, `quarantine`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import typer

from monitor.cli.common import BadInput, Finding, instant, print_changes, print_json, program, reason_of

registry_app = typer.Typer(no_args_is_help=True, help="台账 the registry")
events_app = typer.Typer(no_args_is_help=True, help="事件 events of devices")
cases_app = typer.Typer(no_args_is_help=True, help="办件 cases")
quarantine_app = typer.Typer(no_args_is_help=True, help="隔离区 quarantine")

_FILE = typer.Argument(..., metavar="FILE", help="File, or folder of CSV files.")


def register(app: typer.Typer) -> None:
    app.add_typer(registry_app, name="registry")
    app.add_typer(events_app, name="events")
    app.add_typer(cases_app, name="cases")
    app.add_typer(quarantine_app, name="quarantine")


_PREVIEW = typer.Option(False, "--preview", help="Say what it would change and mean; write nothing.")


@registry_app.command("import")
def import_registry(
    file: Path = _FILE,
    preview: bool = _PREVIEW,
    as_json: bool = typer.Option(False, "--json", help="With --preview: JSON on stdout."),
) -> None:
    """导入台账 Import halls, units, windows, staff, posts, items and devices from TOML, CSV or XLSX; all rows or none.

    Example: jiancha registry import registry.toml --preview
    """
    if preview or as_json:
        from monitor.cli.previews import registry_preview

        registry_preview(file, as_json=as_json)
        return
    from monitor.ingest.registry import import_registry as bring_in
    from monitor.ingest.tables import InputErrors

    with program() as opened:
        settings = opened.settings
        try:
            changes = bring_in(
                opened.store, file, calendars=settings.calendars, presets=settings.presets, now=opened.clock.now()
            )
        except (InputErrors, OSError) as error:
            raise BadInput(str(error)) from error
    print_changes(changes)


@registry_app.command("export")
def export_registry(
    file: Path | None = typer.Argument(None, metavar="FILE", help="x.toml, x.xlsx, or a folder for CSV files."),
    output: Path | None = typer.Option(None, "-o", "--output", metavar="FILE", help="The same as FILE."),
) -> None:
    """导出台账 Export the registry, without FILE as TOML on stdout; importing it again changes nothing.

    Example: jiancha registry export registry.xlsx
    """
    from monitor.exports.registry import as_sheets, as_toml
    from monitor.exports.registry import export_registry as write_out
    from monitor.store.registry import registry_rows

    target = file or output
    with program(writing=False) as opened, opened.store.read() as conn:
        if target is None:
            typer.echo(as_toml(as_sheets(registry_rows(conn))).decode(), nl=False)
            return
        try:
            write_out(conn, target)
        except FileNotFoundError:
            raise BadInput(f"{target}: 没有此文件夹 there is no such folder; make it first") from None
        except (ValueError, OSError) as error:
            raise BadInput(str(error)) from error
    typer.echo(str(target))


@events_app.command("import")
def import_events(
    file: Path = typer.Argument(..., metavar="F.jsonl", help='Lines {"received","device","channel","payload"}.'),
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
) -> None:
    """导入事件 Import events from a JSON-lines file; exit status 1 if lines were quarantined.

    Example: jiancha events import day.jsonl
    """
    from monitor.ingest.feed import BadFeed
    from monitor.ingest.feed import import_events as bring_in

    with program() as opened:
        with opened.store.read() as conn:
            registry = opened.registry.get(conn)
        future = timedelta(seconds=opened.settings.policy.device.future_seconds)
        try:
            fed = bring_in(opened.store, file, registry, future=future, shared=opened.is_shared)
        except (BadFeed, OSError) as error:
            raise BadInput(f"{file}: {reason_of(error)}") from error
    _print_fed(fed, as_json)


def _print_fed(fed: Any, as_json: bool) -> None:
    from monitor.wording import quarantine_reason

    if as_json:
        print_json({"stored": fed.stored, "duplicates": fed.duplicates, "quarantined": fed.quarantined})
    else:
        typer.echo(f"入库 stored {fed.stored}, 重复 duplicates {fed.duplicates}, 隔离 quarantined {fed.quarantined}")
    for refusal in fed.refused:
        why = f"{quarantine_reason(refusal.reason, 'zh')} {refusal.reason}: {refusal.detail}"
        typer.echo(f"  第 {refusal.place} 行 line {refusal.place}: {why}", err=True)
    if fed.quarantined:
        raise Finding("有数据被隔离，用 `jiancha quarantine list` 查看 some were quarantined")


@cases_app.command("import")
def import_cases(
    file: Path = typer.Argument(..., metavar="FILE", help="CSV or XLSX."),
    mapping: str = typer.Option(..., "--map", metavar="MAP", help="Name of a shipped map, or a TOML file."),
    as_of: str | None = typer.Option(None, "--as-of", metavar="T", help="Up to when the file is complete."),
    history: bool = typer.Option(True, "--history/--live", help="Cards to the record only, or live."),
    refused: Path | None = typer.Option(
        None, "--refused", metavar="FILE.csv", help="List of every refused row with its number and reason."
    ),
    progress: bool | None = typer.Option(
        None, "--progress/--no-progress", help="On stderr; by itself on a terminal without --json."
    ),
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
) -> None:
    """导入办件日志 Import a log of case events by a mapping; again it changes nothing, after Ctrl-C it goes on.

    Example: jiancha cases import receipt.csv --map coselog-receipt
    """
    from monitor.cli import caselog
    from monitor.exports.refused import RefusedCsv
    from monitor.ingest.cases import BadCases
    from monitor.ingest.cases import import_cases as bring_in
    from monitor.settings import config_dir

    with program() as opened:
        at = instant(as_of, "--as-of") if as_of else None
        map_path = _map_path(mapping, config_dir())
        if refused is not None and any(_same(refused, path) for path in (file, map_path)):
            raise BadInput(f"--refused: {refused} 正是所读之文件 is what is read; name another file")
        try:
            with caselog.watched(progress, as_json) as watch:
                done = bring_in(
                    opened.store,
                    file,
                    map_path,
                    now=opened.clock.now(),
                    as_of=at,
                    historic=history,
                    calendars=opened.settings.calendars,
                    watch=watch,
                    refused=RefusedCsv(refused) if refused is not None else None,
                )
        except caselog.Interrupted as interrupted:
            caselog.end_interrupted(interrupted.progress)
        except BadCases as error:
            raise BadInput(str(error)) from error
        except OSError as error:
            raise BadInput(f"{error.filename or file}: {reason_of(error)}") from error
        caselog.print_account(done, as_json)


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _map_path(name: str, folder: Path) -> Path:
    shipped = folder / "maps" / f"{name}.toml"
    if shipped.is_file():
        return shipped
    given = Path(name)
    if not given.is_file():
        known = ", ".join(sorted(p.stem for p in (folder / "maps").glob("*.toml")))
        raise BadInput(f"--map: {name!r} 既不是文件也不在可选值之内 is neither a file nor one of {known}")
    return given


@cases_app.command("poll")
def poll_cases(
    feed: str = typer.Argument(..., metavar="FEED", help="Id of one of [[feeds]]."),
    once: bool = typer.Option(False, "--once", help="One poll, then stop; for cron."),
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
) -> None:
    """轮询视图 Read what is new in a view; the daemon does the same by itself. Without --once it goes on until Ctrl-C.

    Example: jiancha --config jiancha.toml cases poll approval-view --once
    """
    import threading

    from monitor.ingest.sqlview import SourceAway, poll

    with program() as opened:
        found = next((one for one in opened.feeds() if one.id == feed), None)
        if found is None:
            known = ", ".join(one.id for one in opened.settings.feeds) or "none"
            raise BadInput(f"FEED: {feed!r} 未在配置中 is none of [[feeds]]: {known}")
        future = timedelta(seconds=opened.settings.policy.device.future_seconds)
        while True:
            with opened.store.read() as conn:
                registry = opened.registry.get(conn)
            try:
                polled = poll(opened.store, found, registry, now=opened.clock.now, future=future)
            except SourceAway as error:
                raise Finding(f"feeds: {feed}: 数据源不可用 the view cannot be read: {error}") from error
            assert polled is not None, "nobody ends it"
            _print_fed(polled.fed, as_json)
            if once:
                return
            threading.Event().wait(found.settings.poll_seconds)


@quarantine_app.command("list")
def list_quarantine(as_json: bool = typer.Option(False, "--json", help="JSON on stdout.")) -> None:
    """列出被隔离的数据 List what was refused and waits for a person.

    Example: jiancha quarantine list --json
    """
    from monitor.ingest.quarantine import listed
    from monitor.wording import quarantine_reason

    with program(writing=False) as opened, opened.store.read() as conn:
        rows = listed(conn)
    if as_json:
        print_json(
            [
                {
                    "id": r.id,
                    "device": r.device,
                    "channel": r.channel,
                    "reason": r.reason,
                    "received": r.received.isoformat(),
                }
                for r in rows
            ]
        )
        return
    for row in rows:
        reason = quarantine_reason(row.reason, "zh")
        typer.echo(f"{row.id}  {row.device}/{row.channel}  {reason}  {row.received.isoformat()}  {row.detail}")


@quarantine_app.command("replay")
def replay_quarantine(
    ids: list[int] = typer.Argument(None, help="Numbers from `quarantine list`; none: all that are open."),
) -> None:
    """重放 Take quarantined messages in after their cause is mended; what still fails stays.

    Example: jiancha quarantine replay 12 13
    """
    from monitor.cli.common import actor
    from monitor.ingest.replay import replay
    from monitor.wording import quarantine_reason

    with program() as opened:
        now = opened.clock.now()
        with opened.store.read() as conn:
            registry = opened.registry.get(conn)
        try:
            adapters = opened.adapters()
            future = timedelta(seconds=opened.settings.policy.device.future_seconds)
            done = opened.store.step(
                lambda conn: replay(
                    conn, registry, now=now, actor=actor(), ids=ids or None, adapters=adapters, future=future
                )
            )
        except ValueError as error:
            raise BadInput(str(error)) from error
    typer.echo(f"已入库 replayed {len(done.released)}, 仍隔离 still held {len(done.still_held)}")
    for number, reason, detail in done.still_held:
        typer.echo(f"  {number}: {quarantine_reason(reason, 'zh')} {reason}: {detail}", err=True)
    if done.still_held:
        raise Finding("仍有数据被隔离 some are still held")


@quarantine_app.command("dismiss")
def dismiss_quarantine(
    ids: list[int] = typer.Argument(..., help="Numbers from `quarantine list`."),
    reason: str = typer.Option(..., "--reason", help="Why; kept with the message."),
) -> None:
    """不再处理 Dismiss quarantined messages; they no longer hold their source's watermark.

    Example: jiancha quarantine dismiss 12 --reason "设备测试数据"
    """
    from monitor.cli.common import actor
    from monitor.ingest.replay import dismiss

    with program() as opened:
        now = opened.clock.now()
        try:
            opened.store.step(lambda conn: dismiss(conn, ids, actor=actor(), why=reason, now=now))
        except ValueError as error:
            raise BadInput(str(error)) from error
    typer.echo(f"已处理 dismissed {len(ids)}")
