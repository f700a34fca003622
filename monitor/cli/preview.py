"""`alerts preview`: the words of a message before anybody gets it."""

from __future__ import annotations

import typer

from monitor.cli.alerting import alerts_app
from monitor.cli.common import INT64, BadInput, Finding, program


def register(_app: typer.Typer) -> None:
    alerts_app.command("preview")(preview)


def preview(
    receiver: str = typer.Option(..., "--receiver", metavar="ID", help="A receiver of alerts.receivers."),
    card: int | None = typer.Option(None, "--card", min=1, max=INT64, help="Number of a card; default: a made-up one."),
) -> None:
    """预览通知 Show a message as this receiver would read it: template, language, masked names, parts; sends nothing.

    Example: jiancha alerts preview --receiver office --card 17
    """
    from alerts.channels.base import Unusable
    from alerts.previewing import example, read_by
    from alerts.templates import check
    from monitor.app.alerting import alert_service

    with program(writing=False) as opened, opened.store.read() as conn:
        policy = opened.settings.alerts
        if receiver not in policy.receivers:
            known = ", ".join(sorted(policy.receivers)) or "none"
            raise BadInput(f"--receiver: {receiver!r} 不在 is not among alerts.receivers ({known})")
        try:
            service = alert_service(opened)
            limit = service.channels[receiver].limit()
            service.close()
            head, parts = read_by(conn, policy, receiver, example(conn, card), limit)
        except (LookupError, Unusable) as error:
            raise BadInput(str(error.args[0])) from error
        template = policy.template_of(receiver)
        wrong = check(template) if template is not None else None
    typer.echo(head)
    for part in parts:
        typer.echo(f"\n{part}")
    if wrong is not None:
        raise Finding(f"alerts.templates.{policy.receivers[receiver].template}.{wrong}")
