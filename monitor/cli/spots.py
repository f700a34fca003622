"""`spot draw|list|result`: spot checks (抽查, A17)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.common import INT64, BadInput, Finding, acting, instant, print_json, program

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from monitor.access import Principal
    from monitor.app import Program

spot_app = typer.Typer(no_args_is_help=True, help="抽查 spot checks of windows")
_AS = typer.Option(None, "--as", metavar="USER", help="In this user's role (`user list`); default: this machine's own.")
_JSON = typer.Option(False, "--json", help="JSON on stdout.")


def register(app: typer.Typer) -> None:
    app.add_typer(spot_app, name="spot")


@spot_app.command("draw")
def draw(
    hall: str | None = typer.Option(None, "--hall", metavar="H", help="Id of the hall."),
    windows: int = typer.Option(1, "--windows", metavar="N", help="How many windows; unknown posts always come first."),
    window: list[str] = typer.Option([], "--window", metavar="W", help="This one, not at random; may be repeated."),
    within: int | None = typer.Option(
        None, "--within", metavar="MIN", help="Minutes to make it in; default: post.spot_within_minutes."
    ),
    seed: str | None = typer.Option(None, "--seed", metavar="S", help="The draw's seed; default: a random one."),
    repeat: str | None = typer.Option(None, "--verify", metavar="DRAW", help="Repeat this draw and compare."),
    user: str | None = _AS,
    as_json: bool = _JSON,
) -> None:
    """抽取 Order checks of windows that are in service now, at random; or prove how an earlier draw came about.

    The order of the windows is that of the SHA-256 of `SEED:WINDOW`. Exit status 1 when a draw cannot be repeated.

    Example: jiancha spot draw --hall h1 --windows 3 --within 30
    """
    from monitor.supervision.spots import Order, order

    if repeat is not None:
        _verify(repeat, as_json)
        return
    if hall is None:
        raise BadInput("--hall: 请指定大厅 name the hall, or --verify DRAW")
    if within is not None and not 0 < within <= 24 * 60:
        raise BadInput(f"--within: {within} 应为 1–1440 分钟 is not between 1 and 1440 minutes")
    if windows < 1:
        raise BadInput(f"--windows: {windows} 至少 1 个窗口 at least one window")
    wanted = Order(
        hall=hall, count=windows, named=tuple(window), seed=seed, within=timedelta(minutes=within) if within else None
    )

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        from json import dumps

        judge = opened.judge()
        made = order(judge.look(conn, opened.clock.now()), judge.policy.post, wanted, actor=who)
        if as_json:
            return dumps(made, ensure_ascii=False)
        head = f"抽取 draw {made['draw']}  种子 seed {made['seed']}"
        return "\n".join([head, *(line(check) for check in made["checks"])])

    acting(user, act)


def _verify(name: str, as_json: bool) -> None:
    from monitor.supervision.refused import Refused
    from monitor.supervision.spots import verify

    with program(writing=False) as opened, opened.store.read() as conn:
        try:
            found = verify(conn, name)
        except Refused as error:
            raise BadInput(f"--verify: {error}") from error
    if as_json:
        print_json(found)
    else:
        by_hand = "（人工指定 given by hand）" if found["seed_given"] else ""
        typer.echo(f"种子 seed {found['seed']}{by_hand}  备选 candidates {len(found['candidates'])}")
        typer.echo(f"  无法判定 unknown: {', '.join(found['unknown']) or '—'}")
        typer.echo(f"  当时抽出 drawn: {', '.join(found['drawn'])}")
        typer.echo(f"  重新抽出 again: {', '.join(found['again'])}")
    if not found["ok"]:
        raise Finding(f"{name}: 与当时抽取不符 the draw does not come to the same windows")


@spot_app.command("list")
def list_checks(
    open_only: bool = typer.Option(False, "--open", help="Only those without a result."),
    hall: str | None = typer.Option(None, "--hall", metavar="H", help="Only this hall."),
    as_json: bool = _JSON,
) -> None:
    """列出抽查 List spot checks; those that wait past their time are marked.

    Example: jiancha spot list --open
    """
    from monitor.supervision.refused import Refused
    from monitor.supervision.spotresults import list_checks as listed

    with program(writing=False) as opened, opened.store.read() as conn:
        try:
            rows = listed(conn, opened.registry.get(conn), opened.clock.now(), hall=hall, open_only=open_only)
        except Refused as error:
            raise BadInput(str(error)) from error
    if as_json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(line(row))


@spot_app.command("result")
def result(
    number: int = typer.Argument(..., min=1, max=INT64, help="Number of the check, from `spot list`."),
    found: str = typer.Option(..., "--found", metavar="F", help="present, short, empty, closed or dropped."),
    people: int | None = typer.Option(None, "--people", metavar="N", help="How many were at the window."),
    at: str | None = typer.Option(None, "--at", metavar="T", help="When you looked, with offset; default: now."),
    note: str = typer.Option("", "--note", metavar="TEXT", help="Private; kept with the audit."),
    correct: bool = typer.Option(False, "--correct", help="Correct a result; --note says why."),
    user: str | None = _AS,
) -> None:
    """登记结果 Record what a spot check found, once; a correction is audited beside it.

    What was seen is evidence: somebody there counts for the window for a while, nobody there is looked into.

    Example: jiancha spot result 7 --found empty --at 2026-03-02T10:05:00+08:00 --note "窗口无人，有群众等候"
    """
    from monitor.supervision.spotresults import Found, record

    seen_at = instant(at, "--at") if at else None

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        now = opened.clock.now()
        said = Found(result=found, at=seen_at or now, people=people, note=note)
        check = record(
            conn, number, said, opened.registry.get(conn), opened.book(conn), actor=who, now=now, correct=correct
        )
        return line(check)

    acting(user, act)


def line(check: dict[str, Any]) -> str:
    """One check in words."""
    from datetime import datetime

    from monitor.wording.posts import SPOT_CAUSES, SPOT_RESULTS

    def clock(text: str) -> str:
        return f"{datetime.fromisoformat(text):%m-%d %H:%M}"

    cause = SPOT_CAUSES.get(check["cause"], (check["cause"],))[0]
    head = f"#{check['id']}  {check['hall']} {check['window']}  {cause}  {clock(check['ordered_at'])} 下达"
    if check["result"] is None:
        late = "  已超时 overdue" if check["overdue"] else ""
        return f"{head}  应于 {clock(check['due_at'])} 前完成{late}"
    people = f" {check['people']} 人" if check["people"] is not None else ""
    what = SPOT_RESULTS.get(check["result"], (check["result"],))[0]
    return f"{head}  {clock(check['seen_at'])} {what}{people}  {check['recorded_by']}"
