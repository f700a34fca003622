"""`user token`, `alerts route`."""

from __future__ import annotations

import typer

from monitor.cli.common import INT64, BadInput, Finding, program

user_app = typer.Typer(no_args_is_help=True, help="账户 users and tokens")
alerts_app = typer.Typer(no_args_is_help=True, help="告警 alerts")


def register(app: typer.Typer) -> None:
    app.add_typer(user_app, name="user")
    app.add_typer(alerts_app, name="alerts")


@user_app.command("token")
def token(
    devices: str | None = typer.Option(None, metavar="A,B", help="Ids of devices that may post events with it."),
    halls: str | None = typer.Option(None, "--halls", metavar="H", help="Ids of halls: events, plans, reading cards."),
) -> None:
    """签发令牌 Make a bearer token for the HTTP API; it is printed once and kept as a digest only.

    Example: jiancha user token --devices ev-01,ev-02
    """
    from monitor.supervision.tokens import create_token

    with program() as opened:
        now = opened.clock.now()
        try:
            made = opened.store.step(lambda conn: create_token(conn, devices=_ids(devices), halls=_ids(halls), now=now))
        except ValueError as error:
            raise BadInput(str(error)) from error
    typer.echo(made)


def _ids(text: str | None) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()] if text else []


@alerts_app.command("route")
def route(
    card: int | None = typer.Option(None, "--card", min=1, max=INT64, help="Number of a card."),
    example: str | None = typer.Option(None, "--example", metavar="RULE:LEVEL[:HALL]", help="case.limit:red:h1"),
) -> None:
    """查通知去向 Say who would be told of a card, how, when and why; exit status 1 when nobody would.

    Example: jiancha alerts route --card 17
    """
    from alerts.routing import Place
    from monitor.app.alerting import alert_service
    from monitor.model import Level
    from monitor.supervision.rules import kind_of

    if (card is None) == (example is None):
        raise BadInput("alerts route: give either --card N or --example RULE:LEVEL[:HALL]")
    with program(writing=False) as opened:
        try:
            service = alert_service(opened)
        except ValueError as error:
            raise BadInput(str(error)) from error
        try:
            if card is not None:
                found = service.preview_card(card)
            else:
                rule, level, hall = ([*(example or "").split(":"), "", ""])[:3]
                place = Place(kind=kind_of(rule), rule=rule, level=Level.of(level or "yellow"), hall=hall or None)
                found = service.preview(place)
        except (LookupError, ValueError) as error:
            raise BadInput(str(error)) from error
        finally:
            service.close()
    for choice in found:
        typer.echo(f"{choice.receiver}  {choice.channel}  {choice.lang}  {choice.wait_seconds:g} s  {choice.why}")
    if not found:
        raise Finding("没有人会收到 nobody would be told")
