"""What every command shares: the options before it, the configuration, opening the program, output, errors."""

from __future__ import annotations

import contextlib
import getpass
import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
import typer

from monitor.redact import SECRETS

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from monitor.access import Principal
    from monitor.app import Program
    from monitor.settings import Settings
    from monitor.supervision.compare import Period
    from monitor.workcal import WorkCalendar

INT64 = 2**63 - 1
"""The largest number of a row that a database holds."""


def actor() -> str:
    """The account on whose behalf the command line acts."""
    return f"cli:{getpass.getuser()}"


class BadInput(Exception):
    """Input that cannot be used: exit status 2; the text names the place at fault and the way out."""


class Finding(Exception):
    """Something is not in order: exit status 1."""


_config: Path | None = None


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version as installed

        typer.echo(installed("jiancha"))
        raise typer.Exit


def new_app() -> typer.Typer:
    """The app without a command."""
    made = typer.Typer(
        name="jiancha",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help="电子监察 electronic supervision of a service hall: cases, evaluators and attendance in, cards out.",
    )
    made.callback()(_options)
    return made


def _options(
    config: Path | None = typer.Option(
        None, "--config", metavar="FILE", help="Configuration; else JIANCHA_CONFIG; else built-in defaults."
    ),
    _version: bool = typer.Option(
        False, "--version", is_eager=True, callback=_print_version, help="Print the version and stop."
    ),
) -> None:
    global _config
    _config = config


class _Stderr:
    """Where the log goes. A disk without room for it must not stop the daemon, and the log is where that were said:
    /readyz and metrics still tell what matters.
    """

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.flush()


def _without_secrets(_logger: object, _method: str, line: Any) -> Any:
    """Whatever a line holds, a traceback of somebody else's library included, no secret leaves by it."""
    return SECRETS.scrub(line)


class _Foreign(logging.Handler):
    """What libraries log by Python's own logging, as lines of ours; without it they write to stderr by themselves."""

    def emit(self, record: logging.LogRecord) -> None:
        say = structlog.get_logger(record.name)
        with contextlib.suppress(Exception):  # a line that cannot be written must not end what it speaks of
            say.log(record.levelno, record.getMessage(), action="library", exc_info=record.exc_info)


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None and not isinstance(ended.exc_value, SystemExit):
        name = ended.thread.name if ended.thread is not None else ""
        structlog.get_logger(__name__).error(
            "a thread ended", action="thread.ended", thread=name, exc_info=ended.exc_value
        )


def log_to_stderr() -> None:
    """Logs are JSON lines on stderr; stdout belongs to the answers (DESIGN §7)."""
    logging.lastResort = _Foreign(logging.WARNING)
    threading.excepthook = _thread_ended
    level = getattr(logging, os.environ.get("JIANCHA_LOG", "INFO").upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
            _without_secrets,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(_Stderr()),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )


def config_file() -> Path | None:
    """What `--config` names, for a command whose file is none of the daemon's."""
    return _config


def settings() -> Settings:
    """The settings of this command; BadInput names the key at fault."""
    from monitor.settings import SettingsError, load

    try:
        return load(_config)
    except SettingsError as error:
        raise BadInput(str(error)) from error


@contextlib.contextmanager
def program(*, writing: bool = True, wait: bool = False) -> Iterator[Program]:
    """The opened program; for writing an empty store is upgraded. Errors of opening become exit status 2.

    `wait`: for a database server that does not answer yet.
    """
    from monitor.app import InUse, open_program
    from monitor.app.program import await_server
    from monitor.ingest.adapters import BadAdapter
    from monitor.ingest.sqlview import BadView

    chosen = settings()
    with store_errors(chosen.store.url):
        if wait:
            await_server(chosen)
        opened = open_program(chosen, writing=writing)
        try:
            yield opened
        except (InUse, BadAdapter, BadView) as error:
            raise BadInput(str(error)) from error
        finally:
            opened.close()


def acting(user: str | None, act: Callable[[Program, Connection, Principal], str]) -> None:
    """Carry it out in one transaction, on behalf of the user or of this machine, and say what was done."""
    from monitor.supervision.commands import local
    from monitor.supervision.people import principal_of
    from monitor.supervision.refused import Refused

    with program() as opened:

        def step(conn: Connection) -> str:
            return act(opened, conn, principal_of(conn, user) if user else local(actor()))

        try:
            said = opened.store.step(step)
        except Refused as error:
            raise BadInput(str(error)) from error
    typer.echo(said)


@contextlib.contextmanager
def store_errors(url: str) -> Iterator[None]:
    """What the database says against a command, while it is opened or later, as its exit status.

    2 for a URL that names none, another schema, a damaged file; 1 for one that is locked, full or gone.
    """
    from sqlalchemy.exc import DBAPIError

    from monitor.app.program import BadUrl
    from monitor.store.integrity import is_damage, way_out
    from monitor.store.migrate import SchemaError

    try:
        yield
    except (BadUrl, SchemaError) as error:
        raise BadInput(str(error)) from error
    except DBAPIError as error:
        if is_damage(error):
            raise BadInput(way_out(url, str(error.orig))) from error
        raise Finding(f"store.url: 数据库不可用 the database is away: {str(error.orig).strip()}") from error


def reason_of(error: Exception) -> str:
    """Why a file could not be used, without its name, which the caller has put in front."""
    match error:
        case FileNotFoundError():
            return "没有这个文件 no such file"
        case IsADirectoryError():
            return "是文件夹，应为文件 is a folder; name a file"
        case PermissionError():
            return "无权读取 not allowed; give this user the right to it"
        case RecursionError():
            return "嵌套过深 nested too deep"
        case OSError():
            return f"无法读写 cannot be read or written: {error.strerror}"
    return str(error)


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=None, default=str))


def print_changes(changes: Any) -> None:
    """What an import did (`store.upsert.Changes`), a line a table."""
    if not changes.tables:
        typer.echo("没有数据行 no rows in it")
    print_counts(changes.to_json())


def print_counts(tables: Mapping[str, Any]) -> None:
    """A line a table: {"added", "changed", "unchanged"}."""
    for name, counts in tables.items():
        typer.echo(
            f"{name}: 新增 added {counts['added']}, 变更 changed {counts['changed']},"
            f" 未变 unchanged {counts['unchanged']}"
        )


def instant(text: str, option: str) -> datetime:
    """RFC 3339 with offset → the instant in UTC; BadInput names the option."""
    try:
        value = datetime.fromisoformat(text)
        if value.tzinfo is None:
            raise BadInput(
                f"{option}: {text!r} 缺少时区偏移，请写作 has no offset; write it as 2026-03-02T18:00:00+08:00"
            )
        return value.astimezone(UTC)
    except (ValueError, OverflowError):  # the first and the last day of the calendar have no UTC everywhere
        raise BadInput(
            f"{option}: {text!r} 不是时间，请写作 is no time; write it as 2026-03-02T18:00:00+08:00"
        ) from None


def period(first: str, last: str, calendar: WorkCalendar, now: datetime) -> Period:
    """`--from` and `--to`: dates in the calendar's zone, the last one included, or instants with offset, the last one
    excluded. What lies after `now` is cut off. BadInput names the option.
    """
    from monitor.supervision.compare import Period

    start = _edge(first, "--from", calendar, 0)
    end = min(_edge(last, "--to", calendar, 1), now)
    if start >= now:
        raise BadInput(
            f"--from: {first} 不早于当前时钟 is not before the clock ({now.isoformat()}); "
            "未来无从判定 the future cannot be judged"
        )
    if start >= end:
        raise BadInput(f"--to: {last} 不晚于起始 does not lie after --from, {first}")
    return Period(start=start, end=end)


def _edge(text: str, option: str, calendar: WorkCalendar, days: int) -> datetime:
    """A date's midnight so many days on, or the instant itself; in UTC."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None:
        return instant(text, option)
    try:
        return calendar.local(day + timedelta(days=days), time())
    except (ValueError, OverflowError) as error:
        raise BadInput(f"{option}: {text}: {error}") from error
