"""`report statistics`: the figures of a period with their definitions (rules.md A.9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import typer

from monitor.cli.common import BadInput, Finding, period, print_json, program


def register(report_app: typer.Typer) -> None:
    report_app.command("statistics")(report_statistics)


def report_statistics(
    first: str = typer.Option(..., "--from", metavar="D", help="Date, or RFC 3339 with offset."),
    last: str = typer.Option(..., "--to", metavar="D", help="Date, that day included; or RFC 3339, not included."),
    by: str | None = typer.Option(None, "--by", metavar="PART", help="hall, unit, window, item or staff."),
    hall: str | None = typer.Option(None, "--hall", metavar="H", help="Only this hall."),
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
) -> None:
    """时段统计 Count what was received, completed, immediate, in time, early, overdue; each with its definition.

    Exit status 1 when sums that have to agree do not.

    Example: jiancha report statistics --from 2026-01-01 --to 2026-03-31 --by unit
    """
    from monitor.supervision.statistics import BY, only_hall
    from monitor.supervision.statreport import report

    if by is not None and by not in BY:
        raise BadInput(f"--by: {by!r} 不在可选值之内 is none of {', '.join(BY)}")
    with program(writing=False) as opened, opened.store.read() as conn:
        now, judge = opened.clock.now(), opened.judge()
        registry = opened.registry.get(conn)
        if hall is not None and hall not in registry.halls:
            raise BadInput(
                f"--hall: {hall!r} 未登记 is not in the registry; there are: {', '.join(sorted(registry.halls))}"
            )
        span = period(first, last, opened.book(conn).for_hall(registry, hall or only_hall(registry)), now)
        result = report(judge.look(conn, now), judge.policy, span, hall=hall, by=by).told  # type: ignore[arg-type]
    if as_json:
        print_json(result)
    else:
        for line in lines(result):
            typer.echo(line)
    refuse_mismatch(result["checks"])


def refuse_mismatch(checks: Sequence[Mapping[str, Any]]) -> None:
    """Raise Finding (exit status 1) that names the sums which do not agree."""
    bad = [f"{check['check']}: {check['expected']} ≠ {check['found']}" for check in checks if not check["ok"]]
    if bad:
        raise Finding(f"合计不符 sums do not agree: {'; '.join(bad)}")


COLUMNS: Final = (
    "received", "accepted", "completed", "completed_immediate", "immediate_rate", "completed_promised",
    "promised_on_time_rate", "promised_early_rate", "overdue", "open", "received_per_workday",
)  # fmt: skip
"""Of the parts; JSON has all figures of each."""


def lines(result: dict[str, Any]) -> Iterator[str]:
    """The figures with their definitions, then the parts; Chinese first."""
    from monitor.wording.statistics import FIGURES, NOTES

    days = result["days"]
    yield f"期间 period: {result['from']} – {result['to']}"
    yield f"工作日 working days: {days['workdays']}   日历日 calendar days: {days['calendar']}"
    yield ""
    for name, figure in FIGURES.items():
        yield f"{figure.zh} {figure.en}: {_shown(name, result['figures'][name])}"
        yield f"    {figure.defined_zh} · {figure.defined_en}"
    if result["parts"] is not None:
        yield ""
        yield " | ".join([f"{result['by']}", *(f"{FIGURES[name].zh} {FIGURES[name].en}" for name in COLUMNS)])
        for part in result["parts"]:
            label = " ".join(str(x) for x in (part["id"] or "（无）none", part["name"]) if x)
            yield " | ".join([label, *(_shown(name, part["figures"][name]) for name in COLUMNS)])
    yield ""
    bad = [check for check in result["checks"] if not check["ok"]]
    for check in bad:
        yield f"合计不符 mismatch: {check['check']}: {check['expected']} ≠ {check['found']}"
    if not bad:
        yield f"合计核对 {len(result['checks'])} 项，全部相符 · {len(result['checks'])} sums checked, all agree"
    if result["fresh"]:
        yield f"其中 {result['fresh']} 件尚待判定，当场计算 · {result['fresh']} cases not judged yet, counted anew"
    yield from NOTES


def _shown(name: str, value: float | None) -> str:
    from monitor.wording.statistics import FIGURES

    if value is None:
        return "–"
    return f"{value:.1%}" if FIGURES[name].share else f"{value:g}" if isinstance(value, float) else str(value)
