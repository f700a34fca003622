"""`assess preview|close|periods`: a period of assessment as it stands, signing it off, what was signed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import typer

from monitor.cli.common import BadInput, Finding, actor, print_json, program

if TYPE_CHECKING:
    from monitor.assessment.results import Chosen
    from monitor.assessment.snapshot import Sheet, Snapshot

_PERIOD = typer.Option(..., "--period", metavar="P", help="2026-03, 2026-Q1, 2026-H1 or 2026.")
_HALL = typer.Option(..., "--hall", metavar="H", help="Id of the hall.")
_AS = typer.Option(None, "--as", metavar="USER", help="In this user's role (`user list`); default: this machine's own.")
_JSON = typer.Option(False, "--json", help="JSON on stdout.")
_CHOOSE = typer.Option(
    [], "--choose", metavar="WHAT:LEDGER:ID",
    help="Whom you decide for among equals or nominees: award:window:w3, award:staff:p7, excellent:staff:p1,"
    " bottom:window:w9; may be given several times.",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    app.command("preview")(preview)
    app.command("close")(close)
    app.command("periods")(periods)


def preview(
    period: str = _PERIOD, hall: str = _HALL, choose: list[str] = _CHOOSE, user: str | None = _AS, as_json: bool = _JSON
) -> None:
    """预览 Show a period of assessment as it stands, or as it was signed: scores, grades, effects, what is open.

    Example: jiancha assess preview --period 2026-03 --hall h1
    """
    from monitor.supervision.assessment.closing import draft, may_preview
    from monitor.supervision.assessment.preview import kept_snapshot
    from monitor.supervision.commands import local
    from monitor.supervision.people import principal_of
    from monitor.supervision.refused import Refused

    with program(writing=False) as opened, opened.store.read() as conn:
        try:
            who = principal_of(conn, user) if user else local(actor())
            may_preview(who, hall)
            look = opened.judge().look(conn, opened.clock.now())
            snapshot = kept_snapshot(look, hall, period)
            stands: Sequence[str] = ()
            if snapshot is None:
                made = draft(look, hall, period, opened.settings.policy, who=who, chosen=_chosen(choose))
                snapshot, stands = made.snapshot, [one.text for one in made.hindrances]
        except Refused as error:
            raise BadInput(str(error)) from error
    if as_json:
        from monitor.assessment.snapshot import to_json

        typer.echo(to_json(snapshot).decode())
        return
    for line in _told(snapshot):
        typer.echo(line)
    for text in stands:
        typer.echo(f"尚不能结账 cannot be closed yet: {text}")


def close(
    period: str = _PERIOD,
    hall: str = _HALL,
    reason: str = typer.Option(..., "--reason", help="On what grounds; it stands in the audit, as a private field."),
    accept_open: bool = typer.Option(
        False, "--accept-open", help="Although proposals are open: they are listed, cost nothing and stay open."
    ),
    choose: list[str] = _CHOOSE,
    user: str | None = _AS,
) -> None:
    """结账 Sign a period of assessment off: its scores are kept as they are; later changes go into an open month.

    Example: jiancha assess close --period 2026-03 --hall h1 --reason "三月考评经核对" --as head01
    """
    from monitor.supervision.assessment.closing import close as keep
    from monitor.supervision.assessment.closing import draft, may_close
    from monitor.supervision.commands import local, require_words
    from monitor.supervision.people import principal_of
    from monitor.supervision.refused import Refused

    with program() as opened:
        try:
            with opened.store.read() as conn:
                who = principal_of(conn, user) if user else local(actor())
                may_close(who, hall)
                require_words(reason)
                look = opened.judge().look(conn, opened.clock.now())
                made = draft(
                    look, hall, period, opened.settings.policy, who=who, accept_open=accept_open,
                    chosen=_chosen(choose),
                )  # fmt: skip
            digest = opened.store.step(lambda conn: keep(conn, made, who=who, reason=reason))
        except Refused as error:
            raise BadInput(str(error)) from error
    typer.echo(f"{hall} {period} 已结账 signed off  {digest}")


def periods(
    hall: str | None = typer.Option(None, "--hall", metavar="H", help="Of this hall only."),
    verify: bool = typer.Option(False, "--verify", help="Hold each snapshot against its digest; exit status 1 if not."),
    as_json: bool = _JSON,
) -> None:
    """已结账 List the periods that are signed off, with digests.

    Example: jiancha assess periods --hall h1 --verify
    """
    from monitor.supervision.assessment.signed import signed

    with program(writing=False) as opened, opened.store.read() as conn:
        registry, book = opened.registry.get(conn), opened.book(conn)
        found = signed(conn, hall, verify=verify)
    if hall is not None and not found and hall not in registry.halls:
        known = ", ".join(sorted(registry.halls)) or "-"
        raise BadInput(f"--hall: {hall!r} 未登记 is not in the registry; there are: {known}")
    if as_json:
        print_json([one.to_json() for one in found])
    else:
        for one in found:
            zone = book.for_hall(registry, one.hall if one.hall in registry.halls else None).zone
            gone = "" if one.kept else "  留存期已过 snapshot past its retention"
            typer.echo(
                f"{one.hall}  {one.period}  {one.closed_at.astimezone(zone):%Y-%m-%d %H:%M:%S}  {one.closed_by}"
                f"  {one.book}  {one.digest[:12]}{gone}"
            )
    damaged = [f"{one.hall} {one.period}" for one in found if one.intact is False]
    if damaged:
        raise Finding(f"快照与签核的不符 not what was signed: {', '.join(damaged)}")


def _chosen(texts: Iterable[str]) -> list[Chosen]:
    from monitor.supervision.assessment.signed import chosen_of
    from monitor.supervision.refused import Refused

    try:
        return [chosen_of(text) for text in texts]
    except Refused as error:
        raise BadInput(str(error)) from error


def _told(snapshot: Snapshot) -> Iterable[str]:
    state = "已结账 signed off" if snapshot.state == "closed" else "预览 preview"
    yield f"{snapshot.name or snapshot.hall}  {snapshot.period}  {state}  {snapshot.book.version}"
    for note in snapshot.notes:
        yield f"说明 note  {note.text.zh} {note.text.en}"
    yield "窗口 windows"
    yield from (_row(sheet, snapshot.named("window", sheet.id)) for sheet in _by_place(snapshot.windows))
    yield "人员 people"
    yield from (_row(sheet, snapshot.named("staff", sheet.id)) for sheet in _by_place(snapshot.people))
    for fired in snapshot.effects:
        stands = "" if fired.stands else "  待查实 open"
        yield f"后果 effect  {fired.whom}  {fired.id} {fired.name.zh} {fired.effect}  {fired.reached}{stands}"
    for award in snapshot.awards:
        yield f"表彰 award  {award.whom}  {award.place or '-'}  {award.state}  {' '.join(award.nominees)}".rstrip()
    for one in snapshot.proposals:
        yield f"待查实 open  #{one.number}  {one.date}  {one.whom}  {one.row} {one.name.zh}  {one.points}  {one.why}"
    if snapshot.unknown:
        yield f"未知时段 unknown spans  {len(snapshot.unknown)}"


def _by_place(sheets: Iterable[Sheet]) -> list[Sheet]:
    return sorted(sheets, key=lambda s: (s.place is None, s.place or 0, s.id))


def _row(sheet: Sheet, name: str) -> str:
    place = "-" if sheet.place is None else f"{sheet.place}{'=' if sheet.tied else ''}"
    grade = sheet.grade_name.zh if sheet.grade_name is not None else sheet.grade
    unknown = f"  未知 unknown {sheet.unknown}" if sheet.unknown else ""
    return f"  {place:>4}  {sheet.id}  {name}  {sheet.points}  {grade}{unknown}"
