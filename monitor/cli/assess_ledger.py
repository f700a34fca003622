"""`assess run|entries|proposals|confirm|reject|take-back`: the ledgers (分类账) and what waits for a person (查实)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import typer

from monitor.cli.common import INT64, BadInput, acting, actor, print_json, program

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from monitor.access import Principal
    from monitor.app import Program
    from monitor.store.facts.look import Look
    from monitor.supervision.assessment.proposals import Verdict
    from monitor.supervision.bulk import Done

AS = typer.Option(None, "--as", metavar="USER", help="In this user's role (`user list`); default: this machine's own.")
JSON = typer.Option(False, "--json", help="JSON on stdout.")
HALL = typer.Option(..., "--hall", metavar="H", help="The hall.")
_MONTH = typer.Option(None, "--month", metavar="YYYY-MM", help="Only of this month.")
_WHOM = typer.Option(None, "--whom", metavar="ID", help="Only of this window or person.")
_LEDGER = typer.Option(None, "--ledger", metavar="L", help="Only of this ledger: window or staff.")
_NUMBERS = typer.Argument(..., metavar="N…", min=1, max=INT64, help="Numbers of `assess proposals`.")
_WHY = typer.Option(..., "--reason", metavar="TEXT", help="Why, what was looked at; private.")


def register(app: typer.Typer) -> None:
    for name, command in COMMANDS.items():
        app.command(name)(command)


def who_is(conn: Connection, user: str | None) -> Principal:
    from monitor.supervision.commands import local
    from monitor.supervision.people import principal_of
    from monitor.supervision.refused import Refused

    try:
        return principal_of(conn, user) if user else local(actor())
    except Refused as error:
        raise BadInput(str(error)) from error


def look_of(opened: Program, conn: Connection) -> Look:
    return opened.judge().look(conn, opened.clock.now())


def month_given(text: str | None) -> str | None:
    from monitor.assessment.scores import kind_of

    try:
        if text is not None and kind_of(text) != "month":
            raise ValueError(text)
    except ValueError:
        raise BadInput(f"--month: {text!r} 请写作 write it as 2026-03") from None
    return text


def run(
    hall: str = HALL,
    month: list[str] = typer.Option(
        [], "--month", metavar="YYYY-MM", help="This month; may be repeated. Default: all open months."
    ),
    user: str | None = AS,
    as_json: bool = JSON,
) -> None:
    """考评核算 Bring a hall's ledgers to what its facts come to; a second run changes nothing.

    The daemon does it each day by itself ([assessment]). Example: jiancha assess run --hall ty --month 2026-03
    """
    from monitor.supervision.assessment.months import months_to_assess
    from monitor.supervision.assessment.run import assess_months
    from monitor.supervision.refused import Refused

    given = [one for one in map(month_given, month) if one is not None]
    with program() as opened:
        now, store = opened.clock.now(), opened.store
        judge = opened.judge()
        with store.read() as conn:
            who = who_is(conn, user)
            registry = opened.registry.get(conn)
            if hall not in registry.halls:
                raise BadInput(f"--hall: 没有这个大厅 no such hall: {hall}")
            months = given or months_to_assess(conn, registry, hall, now, back=0)
        try:
            report = assess_months(store, judge.look, opened.settings.policy, hall, months, actor=who, now=now)
        except Refused as error:
            raise BadInput(str(error)) from error
    if as_json:
        print_json(report.to_json())
        return
    for one in report.without_book:
        typer.echo(f"{one}: 没有考评细则 no rule book; `jiancha assess book use`", err=True)
    typer.echo(
        f"{hall} {' '.join(report.months) or '–'}: 事实 facts {report.facts}, 入账 posted {report.posted}"
        f" (冲销 countered {report.countered}), 待查实 proposed {report.proposed}, 更新 changed {report.changed},"
        f" 撤回 withdrawn {report.withdrawn}, 不明 unknown {report.unknown}"
    )


def entries(
    hall: str = HALL, month: str | None = _MONTH, ledger: str | None = _LEDGER, whom: str | None = _WHOM,
    user: str | None = AS, as_json: bool = JSON,
) -> None:  # fmt: skip
    """分录 List entries within reach, the newest first (at most 1000): by booking month with --month.

    Example: jiancha assess entries --hall ty --month 2026-03 --whom zhang
    """
    _list("entries", hall, month, ledger, whom, user, as_json)


def proposals(
    hall: str = HALL, month: str | None = _MONTH, ledger: str | None = _LEDGER, whom: str | None = _WHOM,
    state: str | None = typer.Option("open", "--state", metavar="S", help="open, confirmed, rejected, withdrawn, all."),
    user: str | None = AS, as_json: bool = JSON,
) -> None:  # fmt: skip
    """待查实事项 List what waits for a person, within reach, the newest first (at most 1000).

    Example: jiancha assess proposals --hall ty --month 2026-03
    """
    _list("proposals", hall, month, ledger, whom, user, as_json, None if state == "all" else state)


def _list(
    what: str, hall: str, month: str | None, ledger: str | None, whom: str | None, user: str | None, as_json: bool,
    state: str | None = None,
) -> None:  # fmt: skip
    from monitor.supervision.assessment import ledgerlist
    from monitor.supervision.refused import Refused

    with program(writing=False) as opened, opened.store.read() as conn:
        who = who_is(conn, user)
        try:
            chosen = ledgerlist.Chosen(hall=hall, month=month_given(month), ledger=ledger, whom=whom, state=state)
            listed = ledgerlist.list_entries if what == "entries" else ledgerlist.list_proposals
            rows = listed(conn, opened.registry.get(conn), who, chosen, 1000)
        except Refused as error:
            raise BadInput(str(error)) from error
    if as_json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(_line(row))


def _line(row: dict[str, Any]) -> str:
    back = f"  冲销 takes back #{row['reverses']}" if row.get("reverses") is not None else ""
    closed = f"  属 of {row['of_month']}" if row.get("of_month") not in (None, row["month"]) else ""
    state = f"  {row['state']}" if "state" in row else ""
    cards = f"  牌 cards {' '.join(map(str, row['cards']))}" if row["cards"] else ""
    return (
        f"#{row['number']}  {row['date']}  {row['ledger']}  {row['whom']}  {row['row']}  {row['points']}"
        f"  {row['month']}{closed}{state}{back}{cards}"
    )


def confirm(
    numbers: list[int] = _NUMBERS, reason: str = _WHY, user: str | None = AS, as_json: bool = JSON
) -> None:  # fmt: skip
    """查实 Confirm proposals: each is posted at once. Not by whoever proposed it, nor by whom it charges.

    Example: jiancha assess confirm 17 18 --reason "查录像属实" --as head
    """
    _decide("confirmed", numbers, reason, user, as_json)


def reject(numbers: list[int] = _NUMBERS, reason: str = _WHY, user: str | None = AS, as_json: bool = JSON) -> None:
    """不予认定 Reject proposals: they cost nothing, and are asked again only if they come to more.

    Example: jiancha assess reject 17 --reason "当时在联合踏勘" --as head
    """
    _decide("rejected", numbers, reason, user, as_json)


def _decide(verdict: Verdict, numbers: list[int], reason: str, user: str | None, as_json: bool) -> None:
    from monitor.supervision.assessment.proposals import decide_all
    from monitor.supervision.refused import Refused

    with program() as opened:
        with opened.store.read() as conn:
            who, registry = who_is(conn, user), opened.registry.get(conn)
        try:
            bulk: Done = decide_all(
                opened.store, registry, numbers, verdict, actor=who, why=reason, now=opened.clock.now()
            )
        except Refused as error:
            raise BadInput(str(error)) from error
    if as_json:
        print_json(bulk.to_json())
    else:
        for number in bulk.done:
            typer.echo(f"#{number}: {'已查实 confirmed' if verdict == 'confirmed' else '不予认定 rejected'}")
    if bulk.refused:
        raise BadInput("; ".join(detail for _, detail in bulk.refused))


def take_back(
    number: int = typer.Argument(..., min=1, max=INT64, help="Number of `assess entries`."),
    reason: str = _WHY,
    user: str | None = AS,
) -> None:
    """复核冲销 Take an entry back for good after a review (G15, G16).

    Example: jiancha assess take-back 41 --reason "复核：确有公务" --as head
    """
    from monitor.supervision.assessment.proposals import take_back as taken_back

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        registry = opened.registry.get(conn)
        done = taken_back(conn, registry, number, actor=who, why=reason, now=opened.clock.now())
        return "\n".join(f"{e.key.whom} {e.key.row} {e.points} → {e.month}" for e in done.entries)

    acting(user, act)


COMMANDS: Final[Mapping[str, Callable[..., None]]] = {
    "run": run, "entries": entries, "proposals": proposals, "confirm": confirm, "reject": reject,
    "take-back": take_back,
}  # fmt: skip
