"""`requests list|show|file|approve|refuse|withdraw`: requests with approval (申请审批)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

import typer

from monitor.cli.common import INT64, BadInput, acting, actor, instant, print_json, program

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from monitor.access import Principal
    from monitor.app import Program
    from monitor.store.facts.look import Look
    from monitor.supervision.requestlist import RequestFile, RequestLine

requests_app = typer.Typer(
    no_args_is_help=True, help="申请审批 requests: leave, trips, lieu, outings, cover, corrections"
)
_AS = typer.Option(None, "--as", metavar="USER", help="In this user's role (`user list`); default: this machine's own.")
_JSON = typer.Option(False, "--json", help="JSON on stdout.")
_NUMBER = typer.Argument(..., min=1, max=INT64, help="Number of the request.")
_WHY: Final = "Why; it stands in the request's history, private."


def register(app: typer.Typer) -> None:
    app.add_typer(requests_app, name="requests")


def _who(conn: Connection, user: str | None) -> Principal:
    from monitor.supervision.commands import local
    from monitor.supervision.people import principal_of

    return principal_of(conn, user) if user else local(actor())


def _look(opened: Program, conn: Connection) -> Look:
    return opened.judge().look(conn, opened.clock.now())


@requests_app.command("list")
def list_them(
    tab: str = typer.Option("all", "--tab", metavar="T", help="mine, decide (those that wait for you) or all."),
    kind: str | None = typer.Option(None, "--kind", metavar="K", help="leave, trip, lieu, outing, cover, …"),
    state: str | None = typer.Option(None, "--state", metavar="S", help="pending, approved, refused or withdrawn."),
    staff: str | None = typer.Option(None, "--staff", metavar="ID", help="Only of this person."),
    user: str | None = _AS,
    as_json: bool = _JSON,
) -> None:
    """列出申请 List requests within reach, the newest first (at most 1000).

    Example: jiancha requests list --tab decide --as head
    """
    from monitor.supervision.refused import Refused
    from monitor.supervision.requestlist import TABS, Chosen, list_requests

    named = next((one for one in TABS if one == tab), None)
    if named is None:
        raise BadInput(f"--tab: {tab} 应为 is none of {', '.join(TABS)}")
    with program(writing=False) as opened, opened.store.read() as conn:
        try:
            who = _who(conn, user)
        except Refused as error:
            raise BadInput(str(error)) from error
        look = _look(opened, conn)
        found = list_requests(look, who, Chosen(tab=named, kind=kind, state=state, staff=staff), 1000)
        rows = [_json(look, line) for line in found[:1000]]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(_line(row))


@requests_app.command("show")
def show(number: int = _NUMBER, user: str | None = _AS, as_json: bool = _JSON) -> None:
    """查看申请 Show a request: its history, and what came of it.

    Example: jiancha requests show 7
    """
    from monitor.supervision.refused import Refused
    from monitor.supervision.requestlist import request_file

    with program(writing=False) as opened, opened.store.read() as conn:
        look = _look(opened, conn)
        try:
            found = request_file(look, _who(conn, user), number)
        except Refused as error:
            raise BadInput(str(error)) from error
        told = _whole(look, found)
    if as_json:
        print_json(told)
        return
    typer.echo(_line(told))
    if told["reason"]:
        typer.echo(f"  理由 reason: {told['reason']}")
    for step in told["history"]:
        typer.echo(f"  {step['at'][:16]}  {step['event']}  {step['actor']}  {step['why'] or ''}".rstrip())
    for table, plan in told["plans"].items():
        typer.echo(f"  → {table} {plan}")


@requests_app.command("file")
def file(
    kind: str = typer.Option(..., "--kind", metavar="K", help="leave, trip, lieu, outing, cover, correction, return."),
    staff: str | None = typer.Option(None, "--staff", metavar="ID", help="Whom it is about; default: your own."),
    starts: str | None = typer.Option(None, "--from", metavar="T", help="When it begins, with offset."),
    ends: str | None = typer.Option(None, "--to", metavar="T", help="When it ends, exclusive; of a return: back at."),
    leave_kind: str | None = typer.Option(None, "--leave-kind", metavar="K", help="official, personal, sick, …"),
    letter: str | None = typer.Option(None, "--letter", metavar="TEXT", help="The unit's letter (函)."),
    window: str | None = typer.Option(None, "--window", metavar="W", help="Of cover: the window."),
    substitute: str | None = typer.Option(None, "--substitute", metavar="ID", help="Who covers."),
    overtime: str | None = typer.Option(None, "--overtime", metavar="ID", help="Of lieu: the overtime."),
    day: str | None = typer.Option(None, "--date", metavar="D", help="Of a correction: the day."),
    slot: str | None = typer.Option(None, "--slot", metavar="NAME", help="Of a correction: the slot, such as am_in."),
    at: str | None = typer.Option(None, "--at", metavar="T", help="Of a correction: when they came or went."),
    about: str | None = typer.Option(
        None, "--about", metavar="TABLE/ID", help="Of a return: leave/L-7; without --to, cancelled."
    ),
    reason: str = typer.Option("", "--reason", metavar="TEXT", help="Private."),
    dry: bool = typer.Option(False, "--dry-run", help="Say what it would mean, and write nothing."),
    user: str | None = _AS,
) -> None:
    """提交申请 File a request; prints its number. It excuses nobody until everybody has agreed.

    Example: jiancha requests file --kind outing --from 2026-03-09T10:00:00+08:00 --to 2026-03-09T10:30:00+08:00 --as li
    """
    from monitor.supervision.requestchecks import Asked, checked
    from monitor.supervision.requestpreview import preview
    from monitor.supervision.requests import file as filed

    asked = Asked(
        kind=kind, staff=staff, starts=_at(at, "--at") if kind == "correction" else _at(starts, "--from"),
        ends=_at(ends, "--to"), leave_kind=leave_kind, letter=letter, window=window, substitute=substitute,
        overtime=overtime, day=_day(day), slot=slot, about=about, reason=reason,
    )  # fmt: skip

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        look, policy = _look(opened, conn), opened.settings.policy
        if not dry:
            return f"申请 request #{filed(look, policy, asked, actor=who)}"
        meant = preview(look, policy, checked(look, policy, asked, who))
        lines = [f"{meant.days:g} 个工作日 working days  审批 decided by: {' → '.join(meant.chain)}"]
        lines += [f"  {day} {name} 将免责 would be excused" for day, name in meant.slots]
        lines += [f"  {one.day} {one.window} 无人 nobody is left for it" for one in meant.uncovered]
        return "\n".join(lines)

    acting(user, act)


@requests_app.command("approve")
def approve(
    number: int = _NUMBER, reason: str = typer.Option("", "--reason", metavar="TEXT", help=_WHY), user: str | None = _AS
) -> None:
    """同意 Agree to a request; the last step writes the plans.

    Example: jiancha requests approve 7 --as head
    """
    _decide(number, "approved", reason, user)


@requests_app.command("refuse")
def refuse(
    number: int = _NUMBER,
    reason: str = typer.Option(..., "--reason", metavar="TEXT", help=_WHY),
    user: str | None = _AS,
) -> None:
    """不同意 Refuse a request.

    Example: jiancha requests refuse 7 --reason "当日窗口无人" --as head
    """
    _decide(number, "refused", reason, user)


@requests_app.command("withdraw")
def withdraw(
    number: int = _NUMBER, reason: str = typer.Option("", "--reason", metavar="TEXT", help=_WHY), user: str | None = _AS
) -> None:
    """撤回 Take a request back while it is undecided.

    Example: jiancha requests withdraw 7 --as li
    """
    _decide(number, "withdrawn", reason, user)


def _decide(number: int, event: Any, reason: str, user: str | None) -> None:
    from monitor.supervision.requests import decide

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        row = decide(_look(opened, conn), number, event, actor=who, why=reason)
        return f"申请 request #{number}: {_state(row.state)}"

    acting(user, act)


def _at(text: str | None, option: str) -> Any:
    return instant(text, option) if text else None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadInput(f"--date: {text!r} 请写作 write it as 2026-03-02") from None


def _state(state: str) -> str:
    from monitor.wording.requests import STATES

    return " ".join(STATES[state])


def _json(look: Look, line: RequestLine) -> dict[str, Any]:
    """As the API gives it."""
    from dataclasses import asdict

    from monitor.supervision.views import stamp

    zone = look.registry.zone_of(line.hall)
    told = asdict(line)
    for name in ("starts", "ends", "filed_at", "decided_at"):
        told[name] = stamp(told[name], zone) if told[name] is not None else None
    told["day"] = line.day.isoformat() if line.day else None
    return {_NAMES.get(name, name): value for name, value in told.items()}


_NAMES: Final = {"starts": "from", "ends": "to", "day": "date"}


def _whole(look: Look, found: RequestFile) -> dict[str, Any]:
    from monitor.supervision.views import stamp

    zone = look.registry.zone_of(found.line.hall)
    return {
        **_json(look, found.line), "chain": list(found.chain), "step": found.step, "plans": dict(found.plans),
        "history": [
            {
                "at": stamp(step.at, zone), "actor": step.actor, "role": step.role, "event": step.event,
                "steps": list(step.steps), "why": step.why,
            }
            for step in found.history
        ],
    }  # fmt: skip


def _line(row: dict[str, Any]) -> str:
    from monitor.wording.requests import KINDS

    kind = KINDS[row["kind"]][0]
    waits = f"  待 {row['waits_for']}" if row["waits_for"] else ""
    return (
        f"#{row['number']}  {kind} {row['kind']}  {row['staff']}  {row['from'][:16]}–{row['to'][:16]}  "
        f"{_state(row['state'])}{waits}"
    )
