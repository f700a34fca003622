"""`report deliveries`: who was told, by which way, after how many tries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.common import BadInput, instant, print_json, program

if TYPE_CHECKING:
    from alerts.attempts import Line, Notice, Try


def register(report_app: typer.Typer) -> None:
    report_app.command("deliveries")(report_deliveries)


def report_deliveries(
    first: str | None = typer.Option(None, "--from", metavar="T", help="Messages begun then or later; real time."),
    last: str | None = typer.Option(None, "--to", metavar="T", help="And before; real time."),
    receiver: str | None = typer.Option(None, "--receiver", metavar="ID", help="Only this receiver."),
    tries: bool = typer.Option(False, "--tries", help="Each try instead, in order: when, what came back, which cards."),
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
) -> None:
    """告警送达 Say of each receiver what arrived, what waits or is lost, its tries, the most in a minute, the order.

    Example: jiancha report deliveries --from 2026-03-02T00:00:00+08:00
    """
    from alerts.attempts import report
    from monitor.app.alerting import alert_service
    from monitor.store import tried

    since, until = instant(first, "--from") if first else None, instant(last, "--to") if last else None
    with program(writing=False) as opened:
        try:
            service = alert_service(opened)
        except ValueError as error:
            raise BadInput(str(error)) from error
        limits = {name: service.sender.per_minute(name) for name in service.policy.receivers}
        service.close()
        with opened.store.read() as conn:
            told, made = tried.notices(conn, since, until), tried.tries(conn, since, until)
        known = {*limits, *(one.address for one in told)}
        if receiver is not None and receiver not in known:
            raise BadInput(f"--receiver: 没有此收件方 {receiver!r} is none of {', '.join(sorted(known)) or '-'}")
        shown = known if receiver is None else {receiver}
        if tries:
            _tries(told, [one for one in made if one.address in shown], as_json)
            return
        found = report(told, made, limits=limits, fallback=service.policy.fallback)
    lines = [line for line in found if line.receiver in shown]
    if as_json:
        print_json([line.as_json() for line in lines])
    else:
        for line in lines:
            typer.echo(_spoken(line))


def _tries(told: Sequence[Notice], made: Sequence[Try], as_json: bool) -> None:
    cards: dict[int, set[int]] = defaultdict(set)
    for notice in told:
        cards[notice.delivery].add(notice.card)
    rows: list[dict[str, Any]] = [
        {"receiver": one.address, "delivery": one.delivery, "try": one.n, "part": one.part, "channel": one.channel,
         "started": one.started.isoformat(), "ended": one.ended.isoformat() if one.ended else None,
         "result": one.result, "detail": one.detail, "cards": sorted(cards[one.delivery])}
        for one in made
    ]  # fmt: skip
    if as_json:
        print_json(rows)
        return
    for row in rows:
        numbers, result = ",".join(map(str, row["cards"])), row["result"] or "未见结果 unseen"
        which = f"{row['receiver']}  {row['delivery']}/{row['part']}  第 {row['try']} 次 try"
        typer.echo(f"{row['started']}  {which}  {result}  {row['detail']}  {numbers}")


def _spoken(line: Line) -> str:
    limit = "不限 none" if line.limit is None else f"{line.limit}"
    said = (
        f"{line.receiver}  通知 notices {line.notices}  送达 delivered {line.delivered}  "
        f"改由备用 by fallback {line.by_fallback}  待送 waiting {line.waiting}  未达 lost {line.lost}  "
        f"尝试 tries {line.tries} (成功 sent {line.sent}, 拒收 refused {line.refused}, 超时 timeout {line.timeout}, "
        f"未见结果 unseen {line.unseen})  每分钟最多 most a minute {line.most_a_minute} / {limit}  "
        f"乱序 out of order {line.out_of_order}"
    )
    refusals = "".join(f"\n    {count} × {why}" for why, count in line.refusals.items())
    return said + refusals
