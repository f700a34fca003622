"""`cards list`, `subjects list`, `explain`: what is read of cards; `cardwork` has what is done to them."""

from __future__ import annotations

from typing import Any, Literal

import typer

from monitor.cli import cardexport, cardwork
from monitor.cli.common import INT64, BadInput, print_json, program

cards_app = typer.Typer(no_args_is_help=True, help="监察牌 cards")
subjects_app = typer.Typer(no_args_is_help=True, help="监察对象 subjects")


def register(app: typer.Typer) -> None:
    app.add_typer(cards_app, name="cards")
    app.add_typer(subjects_app, name="subjects")
    app.command("explain")(explain)
    cardwork.register(cards_app)
    cardexport.register(cards_app)


@cards_app.command("list")
def list_cards(
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
    rule: str | None = typer.Option(None, help="Only this rule, such as case.limit."),
    level: str | None = typer.Option(None, help="reminder, yellow or red."),
    state: str | None = typer.Option(None, help="open, acknowledged, answered, closed or withdrawn; default: all."),
    subject: str | None = typer.Option(None, metavar="KIND:ID", help="Only this subject."),
) -> None:
    """列出监察牌 List cards, all states unless --state.

    Example: jiancha cards list --json --level red
    """
    from monitor.store.untold import banner, untold
    from monitor.supervision.cardlist import LEVELS, STATES, CardFilter
    from monitor.supervision.cardlist import list_cards as listed

    _one_of("--level", level, LEVELS)
    _one_of("--state", state, STATES)
    chosen = CardFilter(rule=_rule(rule), level=level, state=state, subject=_subject(subject))
    with program(writing=False) as opened, opened.store.read() as conn:
        cards = listed(conn, chosen, opened.zones(conn))
        lost = untold(conn)
    if lost:
        typer.echo(f"注意 attention: {banner(lost)}", err=True)
    if as_json:
        print_json(cards)
        return
    for card in cards:
        typer.echo(card_line(card))


def card_line(card: dict[str, Any]) -> str:
    from monitor.cli.explained import headline

    return headline(card)


def _one_of(option: str, value: str | None, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        raise BadInput(f"{option}: {value!r} 不在可选值之内 is none of {', '.join(known)}")


def _rule(text: str | None) -> str | None:
    from monitor.supervision.rules import parse_rule

    try:
        return parse_rule(text) if text is not None else None
    except ValueError as error:
        raise BadInput(f"--{error}") from error


def _subject(text: str | None) -> tuple[str, str] | None:
    from monitor.supervision.views import parse_subject

    try:
        return parse_subject(text) if text else None
    except ValueError as error:
        raise BadInput(f"--{error}") from error


@subjects_app.command("list")
def list_subjects(
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
    subject: str | None = typer.Option(None, metavar="KIND:ID", help="Only this subject."),
) -> None:
    """列出监察对象 List what is judged: its verdict, the watermark it rests on, when it is looked at next.

    Example: jiancha subjects list --json --subject slot:s-001/2026-03-02/am_in
    """
    from monitor.supervision.views import list_subjects as listed
    from monitor.wording import outcome_word

    with program(writing=False) as opened, opened.store.read() as conn:
        rows = listed(conn, _subject(subject), opened.zones(conn))
    if as_json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['kind']}:{row['id']}  {outcome_word(row['verdict'], 'zh')}  {row['next_check_at'] or '-'}")


def explain(
    number: int = typer.Argument(..., min=1, max=INT64, help="Number of the card."),
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
    language: str | None = typer.Option(None, "--lang", metavar="zh|en", help="Language; default: key `language`."),
) -> None:
    """说明一张牌的由来 Explain a card: facts, working-time arithmetic, policy values, watermark.

    Example: jiancha explain 17
    """
    from monitor.cli.explained import lines
    from monitor.model import DEFAULT_ZONE
    from monitor.supervision.cardlist import explain as explained

    _one_of("--lang", language, ("zh", "en"))
    with program(writing=False) as opened, opened.store.read() as conn:
        lang: Literal["zh", "en"] = "en" if (language or opened.settings.language) == "en" else "zh"
        zones = opened.zones(conn)
        found = explained(conn, number, zones)
    if found is None:
        raise BadInput(f"explain: 没有第 {number} 号牌 there is no card {number}; `jiancha cards list` 列出 shows them")
    if as_json:
        print_json(found)
        return
    for line in lines(found, zones.get(found["hall"] or "", DEFAULT_ZONE), lang):
        typer.echo(line)
