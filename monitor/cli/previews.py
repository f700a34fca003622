"""What an import would mean, on the command line: `registry`, `plans` and `calendar import --preview`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from monitor.cli.common import BadInput, actor, print_counts, print_json, program

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
    _print_rows(told)
    for one in told["people"][:SHOWN]:
        typer.echo(f"  {one['staff']}: {' '.join(one['windows']) or '-'} → {' '.join(one['then']) or '-'}")
    if told["dues"] is not None:
        _print_dues(told["dues"])
    typer.echo("未写入 nothing was written")


def plans_preview(file: Path, *, as_json: bool) -> None:
    """As the page and the API show it; raises BadInput with every fault of the file."""
    from monitor.console.plansapi import preview_json
    from monitor.console.planwork import preview
    from monitor.ingest.tables import InputErrors, read_tables
    from monitor.supervision.commands import local

    with program() as opened:  # for writing: the trial is written and rolled back
        judge = opened.judge()
        try:
            found = preview(
                opened.store, lambda conn: judge.look(conn, opened.clock.now()), opened.settings.policy,
                opened.ground(), local(actor()), read_tables(file),
            )  # fmt: skip
        except (InputErrors, OSError) as error:
            raise BadInput(str(error)) from error
    told = preview_json(found)
    if as_json:
        print_json(told)
        return
    _print_rows(told)
    typer.echo(f"当日时段与岗位 slots and posts of these days: {told['touched']}")
    if told["left"]:
        typer.echo(f"未逐一计算 too many to judge: {told['left']}")
    for one in told["verdicts"][:SHOWN]:
        typer.echo(f"  {one['kind']} {one['id']}: {one['verdict']} → {one['then']}{' !' if one['charged'] else ''}")
    if told["withdrawn"]:
        typer.echo(f"将撤回的牌 cards taken back: {' '.join(f'#{number}' for number in told['withdrawn'])}")
    if told["issued"]:
        typer.echo(f"将发出或升级的牌 cards issued or raised: {told['issued']}")
    for one in told["clashes"]:
        typer.echo(f"冲突 clash: {one['staff']} {one['plan']} {one['other']}")
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


def _print_rows(told: dict[str, Any]) -> None:
    print_counts(told["tables"])
    for change in told["changes"][:SHOWN]:
        fields = ", ".join(f"{name} {_said(was)} → {_said(then)}" for name, (was, then) in change["fields"].items())
        typer.echo(f"  {'+' if change['added'] else '~'} {change['table']} {change['id']}: {fields}")


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
