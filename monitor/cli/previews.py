"""What an import would mean, on the command line: `registry import --preview`, `calendar import --preview`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from monitor.cli.common import BadInput, actor, print_json, program

if TYPE_CHECKING:
    from monitor.workcal import NoticeDay, Paper

SHOWN: Final = 50


def registry_preview(file: Path, *, as_json: bool) -> None:
    """As the page and the API show it; raises BadInput with every fault of the file."""
    from monitor.console.registryapi import preview_json
    from monitor.console.registrywork import Previewed
    from monitor.ingest.registry import compare
    from monitor.ingest.registry_checks import Known
    from monitor.ingest.tables import InputErrors, read_tables
    from monitor.supervision.commands import local
    from monitor.supervision.registrychange import preview

    with program(writing=False) as opened, opened.store.read() as conn:
        look = opened.judge().look(conn, opened.clock.now())
        settings = opened.settings
        known = Known(
            registry=look.registry, calendars=frozenset(settings.calendars), presets=frozenset(settings.presets)
        )
        try:
            checked = compare(conn, read_tables(file), known=known)
        except (InputErrors, OSError) as error:
            raise BadInput(str(error)) from error
        found = preview(look, settings.policy, local(actor()), checked.changes, checked.same)
        told = preview_json(Previewed(digest=checked.digest, found=found, look=look))
    if as_json:
        print_json(told)
        return
    for name, counts in told["tables"].items():
        typer.echo(
            f"{name}: 新增 added {counts['added']}, 变更 changed {counts['changed']},"
            f" 未变 unchanged {counts['unchanged']}"
        )
    for change in told["changes"][:SHOWN]:
        fields = ", ".join(f"{name} {_said(was)} → {_said(then)}" for name, (was, then) in change["fields"].items())
        typer.echo(f"  {'+' if change['added'] else '~'} {change['table']} {change['id']}: {fields}")
    for one in told["people"][:SHOWN]:
        typer.echo(f"  {one['staff']}: {' '.join(one['windows']) or '-'} → {' '.join(one['then']) or '-'}")
    if told["dues"] is not None:
        _print_dues(told["dues"])
    typer.echo("未写入 nothing was written")


def notice_preview(days: list[NoticeDay], paper: Paper, *, as_json: bool) -> None:
    """As the page and the API show it."""
    from monitor.console.calendarsapi import notice_json
    from monitor.supervision.commands import local
    from monitor.supervision.noticechange import preview

    with program(writing=False) as opened, opened.store.read() as conn:
        look = opened.judge().look(conn, opened.clock.now())
        found = preview(look, opened.calendars.supposing, opened.settings.policy, local(actor()), days, paper)
        told = notice_json(found, look.registry)
    if as_json:
        print_json(told)
        return
    for day in told["days"][:SHOWN]:
        typer.echo(f"  {day['date']}  {day['why']} → {day['then']}")
    for hall, month in told["closed_months"]:
        typer.echo(f"已关账 closed month: {hall} {month}")
    _print_dues(told["dues"])
    typer.echo("未写入 nothing was written")


def _print_dues(dues: dict[str, Any]) -> None:
    typer.echo(
        f"期限变动 deadlines that move: {dues['moved']} / {dues['looked']};"
        f" 将超期 become overdue {dues['becomes_overdue']}, 不再超期 no longer {dues['no_longer_overdue']}"
    )
    if dues["left"]:
        typer.echo(f"未逐一计算 too many to look at: {dues['left']}")
    for one in dues["first"][:SHOWN]:
        typer.echo(f"  {one['kind']} {one['id']}: {one['due'] or '-'} → {one['then'] or '-'}")


def _said(value: Any) -> str:
    return "-" if value in (None, "", []) else str(value)
