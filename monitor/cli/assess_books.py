"""`assess book list|show|check|use|history`: rule books (考评细则), shipped, of files, and in force at halls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer

from monitor.cli.common import BadInput, Finding, acting, print_json, program

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from monitor.access import Principal
    from monitor.app import Program
    from monitor.assessment.book import RuleBook
    from monitor.assessment.check import Finding as Found

book_app = typer.Typer(no_args_is_help=True, help="考评细则 rule books: list, show, check, put in force")
AS_JSON = typer.Option(False, "--json", help="JSON on stdout.")
BOOK = typer.Argument(..., metavar="BOOK", help="A shipped book by its name, or a TOML file.")


def register(app: typer.Typer) -> None:
    app.add_typer(book_app, name="book")


@book_app.command("list")
def list_books(as_json: bool = AS_JSON) -> None:
    """细则清单 The shipped books, and the one that each hall has in force this month.

    Example: jiancha assess book list
    """
    from monitor.supervision.assessment import books

    with program(writing=False) as opened, opened.store.read() as conn:
        halls = [
            _held(hall, month, books.book_of(conn, hall, month))
            for hall in sorted(opened.registry.get(conn).halls)
            for month in [_month(opened, conn, hall)]
        ]
    shipped = [_named(name, books.parsed(books.shipped_text(name))) for name in books.shipped()]
    if as_json:
        print_json({"shipped": shipped, "halls": halls})
        return
    for one in shipped:
        typer.echo(f"{one['name']:<10} {one['version']}  {one['rows']} 条 rows, {one['effects']} 项后果 effects  "
                   f"{one['title']['zh']} {one['title']['en']}")  # fmt: skip
    for held in halls:
        said = held["version"] or "未启用细则 no rule book: its assessment does not run"
        typer.echo(f"大厅 hall {held['hall']}  {held['month']}  {said}")


def _named(name: str, book: RuleBook) -> dict[str, Any]:
    return {
        "name": name, "title": book.title.model_dump(), "version": book.version, "rows": len(book.rows),
        "effects": len(book.effects),
    }  # fmt: skip


def _held(hall: str, month: str, book: RuleBook | None) -> dict[str, Any]:
    return {"hall": hall, "month": month, "version": book.version if book is not None else None}


def _month(opened: Program, conn: Connection, hall: str) -> str:
    """The month that it is at the hall."""
    zone = opened.registry.get(conn).halls[hall].zone
    return f"{opened.clock.now().astimezone(ZoneInfo(zone)):%Y-%m}"


@book_app.command("show")
def show(
    book: str | None = typer.Argument(None, metavar="BOOK", help="A shipped book, or a TOML file."),
    hall: str | None = typer.Option(None, "--hall", metavar="H", help="The book that this hall has in force."),
    month: str | None = typer.Option(None, "--month", metavar="YYYY-MM", help="In this month; else this one."),
    as_json: bool = AS_JSON,
) -> None:
    """查看细则 A book's text, to be kept as a file and edited; with --json its values.

    Example: jiancha assess book show tianyang > ours.toml
    """
    from monitor.supervision.assessment import books

    if (book is None) == (hall is None):
        raise BadInput("BOOK, --hall: 二者给其一 give one of them")
    if hall is None:
        assert book is not None
        text = _text(book)
    else:
        with program(writing=False) as opened, opened.store.read() as conn:
            _require_hall(opened, conn, hall)
            held = books.text_of(conn, hall, month or _month(opened, conn, hall))
        if held is None:
            raise Finding(f"{hall}: 未启用细则 no rule book is in force; `assess book use` 启用一部 puts one in force")
        text = held
    if as_json:
        parsed = _read(text, book or str(hall))
        print_json({"version": parsed.version, **parsed.model_dump(mode="json")})
        return
    typer.echo(text, nl=not text.endswith("\n"))


@book_app.command("check")
def check(
    book: str = BOOK,
    hall: str | None = typer.Option(None, "--hall", metavar="H", help="Also against this hall's policy and devices."),
    as_json: bool = AS_JSON,
) -> None:
    """检查细则 Overlaps, orphans, rows that never fire, choices (A.10) that differ from the hall's policy in force.

    Exit status 1 where there are faults, 2 where the file cannot be read; notes alone are 0.

    Example: jiancha assess book check ours.toml --hall h1
    """
    from monitor.assessment.check import check as look_through

    parsed = read_given(book)
    if hall is None:
        found = look_through(parsed)
    else:
        with program(writing=False) as opened, opened.store.read() as conn:
            found = _against(opened, conn, hall, parsed)
    if as_json:
        print_json({"version": parsed.version, "findings": [_finding_json(one) for one in found]})
    else:
        typer.echo(f"{parsed.version}  {len(parsed.rows)} 条 rows")
        for one in found:
            typer.echo(_line(one))
    faults = sum(one.fault for one in found)
    if faults:
        raise Finding(f"{faults} 处须改 to be mended")


def _against(opened: Program, conn: Connection, hall: str, book: RuleBook) -> tuple[Found, ...]:
    from monitor.assessment.check import check as look_through
    from monitor.supervision.assessment.books import hall_of

    _require_hall(opened, conn, hall)
    registry = opened.registry.get(conn)
    return look_through(book, hall_of(registry, opened.settings.presets, opened.policies.current.policy, hall))


def _require_hall(opened: Program, conn: Connection, hall: str) -> None:
    halls = opened.registry.get(conn).halls
    if hall not in halls:
        raise BadInput(f"--hall: 没有这个大厅 no such hall {hall!r}; {', '.join(sorted(halls)) or '—'}")


def _finding_json(one: Found) -> dict[str, Any]:
    return {"kind": one.kind, "fault": one.fault, "where": one.where, "zh": one.zh, "en": one.en}


def _line(one: Found) -> str:
    return f"{'须改 fault' if one.fault else '提示 note '}  {one.where}: {one.zh} {one.en}"


@book_app.command("use")
def use(
    book: str = BOOK,
    hall: str = typer.Option(..., "--hall", metavar="H", help="The hall."),
    first: str = typer.Option(..., "--from", metavar="YYYY-MM", help="The first month; it must not be signed off."),
    reason: str = typer.Option(..., "--reason", help="Why; stands in the audit."),
    user: str | None = typer.Option(None, "--as", metavar="USER", help="On behalf of this user."),
) -> None:
    """启用细则 Put a book in force at a hall from a month on. Months that are signed off keep theirs.

    Open months from then on are assessed anew by it. Example: jiancha assess book use tianyang --hall h1 --from 2026-03
    --reason 县政办2026年12号文
    """
    from monitor.supervision.assessment.books import use_book

    text = _text(book)
    _read(text, book)

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        registry, now = opened.registry.get(conn), opened.clock.now()
        made = use_book(conn, registry, hall, text, first, actor=who, reason=reason, now=now)
        told = [_line(one) for one in _against(opened, conn, hall, made) if one.fault]
        return "\n".join([f"{hall} 自 from {first}: {made.version} 已启用 is in force", *told])

    acting(user, act)


@book_app.command("history")
def history(
    hall: str | None = typer.Option(None, "--hall", metavar="H", help="Only this hall."), as_json: bool = AS_JSON
) -> None:
    """细则沿革 Every book that was put in force: from which month, when, by whom, why; the newest first.

    Example: jiancha assess book history --hall h1
    """
    from monitor.supervision.assessment.books import history as changes

    with program(writing=False) as opened, opened.store.read() as conn:
        rows = [
            {
                "hall": row.hall, "from": row.first_month, "name": row.name, "version": row.version,
                "at": row.changed_at.isoformat(), "by": row.changed_by, "reason": row.reason,
            }
            for row in changes(conn, hall)
        ]  # fmt: skip
    if as_json:
        print_json(rows)
        return
    for one in rows:
        typer.echo(f"{one['hall']}  {one['from']}  {one['version']}  {one['at']}  {one['by']}  {one['reason'] or '-'}")


def read_given(book: str) -> RuleBook:
    """The book of a file, or a shipped one by its name. Raises BadInput."""
    return _read(_text(book), book)


def _text(book: str) -> str:
    """Of a file, or of a shipped book by its name."""
    from monitor.supervision.assessment.books import shipped_text
    from monitor.supervision.refused import Refused

    if Path(book).is_file():
        try:
            return Path(book).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{book}: 无法读取 cannot be read: {error}") from error
    try:
        return shipped_text(book)
    except Refused as error:
        raise BadInput(f"{book}: 没有这个文件 no such file; {error.text}") from error


def _read(text: str, name: str) -> RuleBook:
    from monitor.assessment.book import BadBook
    from monitor.supervision.assessment.books import parsed

    try:
        return parsed(text)
    except BadBook as error:
        raise BadInput("\n".join(f"{name}: {line}" for line in str(error).splitlines())) from error
