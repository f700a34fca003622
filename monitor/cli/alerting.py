"""`alerts route`, `alerts again`, `alerts maintenance`, `alerts silence add|list|end`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from monitor.cli.common import INT64, BadInput, Finding, acting, instant, print_json, program

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from alerts.forecast import Forecast, Preview
    from alerts.matching import Match
    from alerts.service import AlertService
    from monitor.access import Principal
    from monitor.app import Program

alerts_app = typer.Typer(no_args_is_help=True, help="告警 alerts")
silence_app = typer.Typer(no_args_is_help=True, help="静默 silences: what is not told for a time, by whom and why")
_AS = typer.Option(None, "--as", metavar="USER", help="In this user's role (`user list`); default: this machine's own.")


def register(app: typer.Typer) -> None:
    alerts_app.add_typer(silence_app, name="silence")
    app.add_typer(alerts_app, name="alerts")


@alerts_app.command("route")
def route(
    card: int | None = typer.Option(None, "--card", min=1, max=INT64, help="Number of a card."),
    example: str | None = typer.Option(
        None, "--example", metavar="RULE:LEVEL[:HALL[:WINDOW]]", help="case.limit:red:h1:w01"
    ),
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
) -> None:
    """查通知去向 Say who would be told of a card, how, when and why; exit status 1 when nobody would.

    Example: jiancha alerts route --card 17
    """
    from monitor.app.alerting import alert_service

    if (card is None) == (example is None):
        raise BadInput("alerts route: 两者择一 give either --card N or --example RULE:LEVEL[:HALL[:WINDOW]]")
    with program(writing=False) as opened:
        try:
            service = alert_service(opened)
        except ValueError as error:
            raise BadInput(str(error)) from error
        try:
            found = service.forecast_card(card) if card is not None else _example(service, example or "")
        except (LookupError, ValueError) as error:
            raise BadInput(str(error)) from error
        finally:
            service.close()
    if as_json:
        print_json({"told": [one.as_json() for one in found.told], "missing": list(found.missing)})
    else:
        for one in found.told:
            typer.echo(_line(one))
        for said in found.missing:
            typer.echo(f"缺 missing: {said}")
    if not any(not one.step for one in found.told):
        raise Finding("没有人会收到 nobody would be told")


def _example(service: AlertService, text: str) -> Forecast:
    from monitor.model import Level
    from monitor.supervision.rules import kind_of

    parts = text.split(":")
    if len(parts) > 4:
        raise ValueError(f"--example: {text!r} 应写作 write it as RULE:LEVEL[:HALL[:WINDOW]]")
    rule, level, hall, window = [*parts, "", "", ""][:4]
    return service.forecast(rule, Level.of(level or "yellow"), kind_of(rule), hall or None, window or None)


def _line(one: Preview) -> str:
    when = {"now": "即发 now", "grouped": f"合并 grouped {one.wait_seconds:g} s", "held": f"暂扣 held ({one.held})"}[
        one.when
    ]
    if one.step:
        when = f"逾 {one.step:g} 工作分钟未签收 unacknowledged"
    return f"{one.receiver}  {one.channel}  {one.lang}  {one.at.isoformat()}  {when}  {one.why}"


@alerts_app.command("again")
def again(
    number: int = typer.Argument(..., min=1, max=INT64, metavar="N", help="Of `report deliveries --tries`."),
    reason: str = typer.Option(..., "--reason", help="Why; kept in the audit."),
    user: str | None = _AS,
) -> None:
    """重发通知 Try a message again that was given up, while its cards stand and its receiver heard nothing later.

    Example: jiancha alerts again 17 --reason "群机器人已恢复"
    """
    from monitor.supervision.deliverywork import send_again

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        clock, known = opened.clock, opened.settings.alerts.receivers
        done = send_again(conn, who, number, known, why=reason, now=clock.now(), real=clock.real_now())
        said = f"{number}: 将重发至 is tried again to {done.sent.receiver}"
        unsure = "; 先前可能已送达，对方或收到两次 an earlier try may have arrived: they may read it twice"
        others = f"; 已另告 told instead: {', '.join(done.others)}" if done.others else ""
        return said + (unsure if done.unsure else "") + others

    acting(user, act)


@alerts_app.command("maintenance")
def maintenance(as_json: bool = typer.Option(False, "--json", help="JSON on stdout.")) -> None:
    """维护时段 List the maintenance windows of the settings: who, why, when, until when, what each hides.

    Example: jiancha alerts maintenance
    """
    from alerts import silencing

    with program(writing=False) as opened, opened.store.read() as conn:
        found = silencing.maintained(conn, opened.settings.alerts, opened.clock.now())
    if as_json:
        print_json([one.as_json() for one in found])
        return
    for one in found:
        typer.echo(one.in_words())


@silence_app.command("add")
def add(
    reason: str = typer.Option(..., "--reason", help="Why; kept in the audit."),
    to: str | None = typer.Option(None, "--to", metavar="T", help="Until when, excluded; with offset."),
    minutes: float | None = typer.Option(None, "--minutes", min=1, help="Or for so long."),
    start: str | None = typer.Option(None, "--from", metavar="T", help="From when, with offset; default: now."),
    hall: str | None = typer.Option(None, "--hall", metavar="A,B"),
    unit: str | None = typer.Option(None, "--unit", metavar="A,B"),
    window: str | None = typer.Option(None, "--window", metavar="A,B"),
    rule: str | None = typer.Option(None, "--rule", metavar="A,B", help="Rule ids; case.* means its family."),
    kind: str | None = typer.Option(None, "--kind", metavar="A,B", help="Kinds of subjects: case, post, device …"),
    level: str | None = typer.Option(None, "--level", metavar="A,B", help="reminder, yellow, red: just these."),
    subject: str | None = typer.Option(None, "--subject", metavar="KIND:ID", help="device:cam-* means all such."),
    preview: bool = typer.Option(False, "--preview", help="Only say which standing cards it would hide."),
    user: str | None = _AS,
) -> None:
    """静默 Do not tell what fits for a time; what still stands then is told. Audited.

    Example: jiancha alerts silence add --hall h1 --kind device --minutes 120 --reason "更换交换机"
    """
    from alerts import silencing

    if (to is None) == (minutes is None):
        raise BadInput("alerts silence add: 给出 --to T 或 --minutes N 之一 give either --to T or --minutes N")
    match = _match(hall=hall, unit=unit, window=window, rule=rule, kind=kind, levels=level, subject=subject)
    if preview:
        _preview(match)
        return

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        now = opened.clock.now()
        starts = instant(start, "--from") if start else now
        ends = instant(to, "--to") if to else starts + timedelta(minutes=minutes or 0)
        try:
            longest = timedelta(hours=opened.settings.alerts.silence_hours)
            number = silencing.add(
                conn, match, starts=starts, ends=ends, reason=reason, who=who, now=now, longest=longest
            )
        except silencing.NotSilenced as error:
            raise BadInput(str(error)) from error
        hidden = len(silencing.hides(conn, match))
        return f"{number} 静默至 silent until {ends.isoformat()}; 现有牌 standing cards that fit: {hidden}"

    acting(user, act)


def _match(**given: str | None) -> Match:
    from pydantic import ValidationError

    from alerts.matching import Match

    lists = {key: [part.strip() for part in text.split(",")] for key, text in given.items() if text is not None}
    try:
        return Match.model_validate(lists)
    except ValidationError as error:
        raise BadInput(f"alerts silence add: {error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}") from error


def _preview(match: Match) -> None:
    from alerts import silencing

    with program(writing=False) as opened, opened.store.read() as conn:
        found = silencing.hides(conn, match)
    for one in found:
        typer.echo(f"{one.number}  {one.level}  {one.rule}  {one.hall or '-'}  {one.window or '-'}")
    typer.echo(f"将隐去 would hide {len(found)}")


@silence_app.command("list")
def listed(
    everything: bool = typer.Option(False, "--all", help="Also those that are over."),
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
) -> None:
    """列出静默 List the silences in force or to come, and how many cards each holds back.

    Example: jiancha alerts silence list
    """
    from alerts import silencing

    with program(writing=False) as opened, opened.store.read() as conn:
        now = opened.clock.now()
        found = silencing.listed(conn, now, everything=everything)
    if as_json:
        print_json([silencing.as_json(one, held, now) for one, held in found])
        return
    for one, held in found:
        typer.echo(silencing.in_words(one, held, now))


@silence_app.command("end")
def end(
    number: int = typer.Argument(..., min=1, max=INT64, help="Number of the silence."), user: str | None = _AS
) -> None:
    """结束静默 End a silence before its time; what it hid is told if it still stands. Audited.

    Example: jiancha alerts silence end 3
    """
    from alerts import silencing

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        try:
            silencing.end(conn, number, who=who, now=opened.clock.now())
        except silencing.NotSilenced as error:
            raise BadInput(str(error)) from error
        return f"{number} 结束 ended"

    acting(user, act)
