"""`replay`: a period judged again under another policy, beside what was issued. It writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import typer

from monitor.cli.common import BadInput, period, print_json, program

if TYPE_CHECKING:
    from monitor.settings import Policy


def register(app: typer.Typer) -> None:
    app.command("replay")(replay)


def replay(
    policy: str = typer.Option(..., "--policy", metavar="FILE", help="Policy file, or the name of a shipped preset."),
    first: str = typer.Option(..., "--from", metavar="D", help="Date, or RFC 3339 with offset."),
    last: str = typer.Option(..., "--to", metavar="D", help="Date, that day included; or RFC 3339, not included."),
    rule: str | None = typer.Option(None, "--rule", metavar="R", help="Only this rule, such as case.limit."),
    hall: str | None = typer.Option(None, "--hall", metavar="H", help="Only cards of this hall."),
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
) -> None:
    """重演 Judge a period again under another policy: more, fewer and moved cards beside those issued. Writes nothing.

    Cards that were withdrawn do not count, historic ones do. Exit status 0 whatever it finds.

    Example: jiancha replay --policy yulin --from 2026-03-01 --to 2026-03-31 --json
    """
    from monitor.supervision.whatif import Replay
    from monitor.supervision.whatif_view import replay_json

    other = _policy(policy)
    _known_rule(rule)
    with program(writing=False) as opened, opened.store.read() as conn:
        now, judge = opened.clock.now(), opened.judge()
        registry = opened.registry.get(conn)
        if hall is not None and hall not in registry.halls:
            raise BadInput(
                f"--hall: {hall!r} 未登记 is not in the registry; there are: {', '.join(sorted(registry.halls))}"
            )
        span = period(first, last, opened.book(conn).for_hall(registry, hall), now)
        found = Replay(judge=judge, other=other, period=span, rule=rule, hall=hall).run(conn, now)
        result = {
            "from": span.start.isoformat(),
            "to": span.end.isoformat(),
            "policy": other.version,
            "present": judge.policy.version,
            "rule": rule,
            "hall": hall,
            **replay_json(found, span, opened.zones(conn)),
        }
    if as_json:
        print_json(result)
        return
    for line in lines(result):
        typer.echo(line)


def _policy(name: str) -> Policy:
    from monitor.settings import SettingsError, load_policy

    try:
        return load_policy(name)
    except SettingsError as error:
        raise BadInput(f"--policy: {error}") from error


def _known_rule(rule: str | None) -> None:
    from monitor.supervision.rules import kind_of
    from monitor.supervision.whatif import NOT_REPLAYED

    if rule is None:
        return
    try:
        kind_of(rule)
    except ValueError as error:
        raise BadInput(f"--{error}") from error
    if rule in NOT_REPLAYED:
        raise BadInput(
            f"--rule: {rule} 只看当下，无法重演 sees only what stands at the moment of looking; "
            "a period cannot be replayed"
        )


NOTES: Final = (
    "撤牌不计，历史牌计入；已解除的提醒两边都不计。“记录”：按现行策略今天重判也如此，差别来自迟到的数据、人工或当时的策略；"
    "“推定”：红牌以无人收到过的督办未答复为前提。",
    "Withdrawn cards do not count, historic ones do; reminders that are over count on neither side. record: judged "
    "today, the present policy says so too. assumed: its red supposes that an order nobody was given was not answered.",
)


def lines(result: dict[str, Any]) -> Iterator[str]:
    """The result as a table by rule, unit and window, and the list of differences; Chinese first."""
    yield f"策略 policy: {result['policy']}   现行 present: {result['present']}"
    yield f"期间 period: {result['from']} – {result['to']}"
    yield "判定 judged: " + "  ".join(f"{kind} {number}" for kind, number in result["judged"].items())
    yield ""
    heads = ("已发 issued", "重判 replayed", "相同 same", "增 more", "减 fewer", "变 moved")
    yield " | ".join((*heads, "规则 rule", "单位 unit", "窗口 window"))
    for row in result["by"]:
        yield f"{_numbers(row)} | {_rule(row['rule'])} | {row['unit'] or '-'} | {row['window'] or '-'}"
    yield f"{_numbers(result['totals'])} | 合计 total"
    yield ""
    yield from map(_difference, result["differences"])
    for one in result["failed"]:
        yield f"未能判定 failed: {one['subject']['kind']}:{one['subject']['id']}  {one['why']}"
    yield from NOTES
    yield f"未重判的规则 not replayed: {', '.join(result['not_replayed'])}"


def _difference(one: dict[str, Any]) -> str:
    words = {"more": "增", "fewer": "减", "moved": "变"}
    notes = [*(["记录 record"] if one["cause"] == "record" else []), *(["推定 assumed"] if one["assumed"] else [])]
    return "  ".join(
        [
            f"{words[one['change']]} {one['change']}",
            _rule(one["rule"]),
            f"{one['subject']['kind']}:{one['subject']['id']}",
            f"{_card(one['issued'])} → {_card(one['replayed'])}",
            *notes,
        ]
    )


def _rule(rule: str) -> str:
    from monitor.wording import rule_title

    return f"{rule_title(rule, 'zh')} {rule}"


def _numbers(row: dict[str, Any]) -> str:
    return " | ".join(f"{row[name]:6d}" for name in ("issued", "replayed", "same", "more", "fewer", "moved"))


def _card(standing: dict[str, Any] | None) -> str:
    from monitor.wording import level_word

    if standing is None:
        return "无 none"
    number = f"#{standing['number']} " if "number" in standing else ""
    return f"{number}{level_word(standing['level'], 'zh')} {standing['since']} {standing['staff'] or '-'}"
