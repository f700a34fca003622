"""`face doubts|decide`: check-ins in doubt (疑似签到), as the page /faces/doubts has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from monitor.cli.common import INT64, BadInput, acting, actor, print_json, program

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from monitor.access import Principal
    from monitor.app import Program

_AS = typer.Option(None, "--as", metavar="USER", help="In this user's role (`user list`); default: this machine's own.")


def register_doubts(app: typer.Typer) -> None:
    app.command("doubts")(list_doubts)
    app.command("decide")(decide)


def list_doubts(
    hall: str | None = typer.Option(None, "--hall", metavar="H", help="Of this hall."),
    decided: bool = typer.Option(False, "--decided", help="Those that were decided, the newest first."),
    after: int | None = typer.Option(None, "--after", metavar="NUMBER", help="Only those behind this one."),
    user: str | None = _AS,
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
) -> None:
    """疑似签到 List check-ins that may be somebody else's and wait for a decision, the oldest first, 1,000 at once.

    Example: jiancha face doubts --json
    """
    from monitor.supervision.commands import local
    from monitor.supervision.doubts import Chosen, doubt_json
    from monitor.supervision.doubts import list_doubts as listed
    from monitor.supervision.people import principal_of
    from monitor.supervision.refused import Refused
    from monitor.wording import doubts as words

    with program(writing=False) as opened, opened.store.read() as conn:
        look = opened.judge().look(conn, opened.clock.now())
        try:
            who = principal_of(conn, user) if user else local(actor())
            chosen = Chosen(hall=hall, decided=decided, after=after)
            found, _ = listed(look, opened.settings.policy.checkin, who, chosen, 1000)
        except Refused as error:
            raise BadInput(str(error)) from error
        rows = [doubt_json(one, look.registry) for one in found[:1000]]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        why = [text for text, holds in ((f"距离 distance {row['distance']}", row["too_far"]),
                                        ("活体未通过 challenge failed", row["challenge_failed"])) if holds]  # fmt: skip
        slots = ", ".join(f"{slot['slot']} {slot['verdict']}" for slot in row["slots"]) or "-"
        said = f"  {' '.join(words.DECISIONS[row['decision']])}" if row["decision"] else ""
        typer.echo(f"{row['number']}  {row['staff']}  {row['at']}  {row['device']}  {'；'.join(why)}  {slots}{said}")


def decide(
    number: int = typer.Argument(..., metavar="NUMBER", min=1, max=INT64, help="As `face doubts` lists it."),
    is_them: bool = typer.Option(False, "--is", help="It is them: it counts as any other check-in."),
    is_not: bool = typer.Option(False, "--is-not", help="It is not them: it counts for nobody."),
    unclear: bool = typer.Option(False, "--unclear", help="Nobody can tell: it stays for review."),
    reason: str = typer.Option(..., "--reason", metavar="TEXT", help="Why; kept in the audit."),
    anew: bool = typer.Option(False, "--anew", help="Although it is decided; both stay on the record."),
    user: str | None = _AS,
) -> None:
    """复核疑似签到 Decide whose check-in it was; what rests on it is judged again.

    Example: jiancha face decide 4711 --is-not --reason 图像不是本人
    """
    from monitor.supervision.doubtwork import decide as decided
    from monitor.wording import doubts as words

    given = [name for name, chosen in (("is", is_them), ("is_not", is_not), ("unclear", unclear)) if chosen]
    if len(given) != 1:
        raise BadInput("face decide: --is, --is-not, --unclear 三者择一 give one of them")

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        look = opened.judge().look(conn, opened.clock.now())
        done = decided(look, opened.settings.policy.checkin, number, given[0], actor=who, why=reason, anew=anew)
        return f"{number} {' '.join(words.DECISIONS[done])}"

    acting(user, act)
