"""`assess signs`: signs of gaming (迎考迹象) of a hall's month; for a person to look into, no ground for points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from monitor.cli.common import BadInput, actor, print_json, program

if TYPE_CHECKING:
    from monitor.supervision.assessment.signs import Signs


def register(app: typer.Typer) -> None:
    app.command("signs")(signs)


def signs(
    hall: str = typer.Option(..., "--hall", metavar="H", help="The hall."),
    month: str = typer.Option(..., "--month", metavar="YYYY-MM", help="The month."),
    user: str | None = typer.Option(
        None, "--as", metavar="USER", help="In this user's role (`user list`); default: this machine's own."
    ),
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
) -> None:
    """迎考迹象 Figures of a month that look made for the assessment, each with what else may be the reason.

    A sign is for a person to look into: no card, no finding, no point. Thresholds: policy section [gaming]. Exit
    status 0, signs or none. Example: jiancha assess signs --hall h1 --month 2026-03
    """
    from monitor.store.alerts import names
    from monitor.supervision.assessment.signs import signs_json, signs_of, wanted_names
    from monitor.supervision.commands import local
    from monitor.supervision.people import principal_of
    from monitor.supervision.refused import Refused

    with program(writing=False) as opened, opened.store.read() as conn:
        try:
            who = principal_of(conn, user) if user else local(actor())
            look = opened.judge().look(conn, opened.clock.now())
            found = signs_of(look, hall, month, opened.policies.current.policy, who=who)
        except Refused as error:
            raise BadInput(str(error)) from error
        zone = look.registry.zone_of(hall)
        called = names(conn, wanted_names(found))
    if as_json:
        print_json(signs_json(found))
        return
    for line in _lines(found, str(zone), called):
        typer.echo(line)


def _lines(found: Signs, zone: str, called: dict[str, str]) -> Iterator[str]:
    from monitor.wording import render
    from monitor.wording.gaming import TITLES

    yield f"{found.hall}  {found.month}  {found.policy}"
    yield (
        f"办结 completed {found.cases} 件，评价 ratings {found.ratings} 条；够样本的窗口 windows with enough:"
        f" 办件 cases {found.enough_cases}/{found.windows}，评价 ratings {found.enough_ratings}/{found.windows}"
    )
    if found.unknown_days:
        days = found.unknown_days
        yield (
            f"数据未齐 {len(days)} 天，对这些天的评价不作判断 of {len(days)} days not all is told, no word of their"
            f" ratings: {days[0]} – {days[-1]}"
        )
    if found.left_out:
        yield f"时间不可信、未计入的办结 completions left out, their times cannot be trusted: {found.left_out}"
    for sign in found.found:
        yield f"* {' '.join(TITLES[sign.kind])}"
        yield f"  {render(sign.reason, 'zh', zone, called)}"
        yield f"  {render(sign.reason, 'en', zone, called)}"
        yield f"  {', '.join(sign.subjects)}"
    if not found.found:
        yield "没有发现迹象 no signs"
