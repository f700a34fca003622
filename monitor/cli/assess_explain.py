"""`assess explain|whatif`: where a score comes from and what was not charged; a month by another rule book."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.common import BadInput, actor, print_json, program

if TYPE_CHECKING:
    from monitor.assessment.book import RuleBook
    from monitor.assessment.compared import Change
    from monitor.assessment.explained import Explained, Step
    from monitor.assessment.snapshot import Sheet, Words
    from monitor.supervision.assessment.whatif import WhatIf

_AS = typer.Option(None, "--as", metavar="USER", help="In this user's role (`user list`); default: this machine's own.")
_JSON = typer.Option(False, "--json", help="JSON on stdout.")
SEATS = {"yes": "是 yes", "no": "否 no", "tied": "同分待定 tied"}


def register(app: typer.Typer) -> None:
    app.command("explain")(explain)
    app.command("whatif")(whatif)


def explain(
    whom: str = typer.Argument(..., metavar="WHOM", help="Id of a person or a window; staff:ID, window:ID tell apart."),
    month: str = typer.Option(..., "--month", metavar="M", help="2026-03; also 2026-Q1, 2026-H1, 2026."),
    hall: str | None = typer.Option(None, "--hall", metavar="H", help="The hall; default: theirs in the registry."),
    user: str | None = _AS,
    as_json: bool = _JSON,
) -> None:
    """考评说明 From a score back to its lines, facts and cards; what was not charged, and why.

    A month that is signed off is told from what was signed. Example: jiancha assess explain s01 --month 2026-03
    """
    from monitor.supervision.assessment.explain import cards_of
    from monitor.supervision.assessment.explain import explain as explained
    from monitor.supervision.assessment.explainjson import explained_json
    from monitor.supervision.commands import local
    from monitor.supervision.people import principal_of
    from monitor.supervision.refused import Refused

    with program(writing=False) as opened, opened.store.read() as conn:
        try:
            who = principal_of(conn, user) if user else local(actor())
            look = opened.judge().look(conn, opened.clock.now())
            found = explained(look, hall, month, whom, opened.settings.policy, who=who)
        except Refused as error:
            raise BadInput(str(error)) from error
        known = look.registry.halls.get(found.snapshot.hall)
        zone = opened.book(conn).for_hall(look.registry, found.snapshot.hall if known is not None else None).zone
        cards = cards_of(look, found, str(zone), who)
    if as_json:
        print_json(explained_json(found, cards, str(zone)))
        return
    for line in _lines(found, cards, str(zone)):
        typer.echo(line)
    if not found.adds_up:
        typer.echo("注意：各行之和与得分不符 attention: the lines do not come to the score", err=True)


def _lines(found: Explained, cards: Mapping[int, dict[str, Any]], zone: str) -> Iterator[str]:
    from monitor.supervision.assessment.explainjson import names_of

    snapshot, sheet = found.snapshot, found.sheet
    state = "已结账 signed off" if snapshot.state == "closed" else "预览 preview"
    name = snapshot.named("window" if found.ledger == "window" else "staff", sheet.id)
    yield f"{sheet.id} {name}  {snapshot.name or snapshot.hall}  {snapshot.period}  {state}  {snapshot.book.version}"
    yield f"得分 score {sheet.points}  等次 grade {_said(sheet.grade_name) or '-'}  名次 place {_place(sheet)}"
    for one in sheet.months:
        yield f"  月得分 month {one.month}  {one.points}"
    for step in found.steps:
        yield from _step(found, step, cards, zone)
    yield f"  合计 sum = {found.steps[-1].total}"
    names = names_of(found)
    for fired in found.effects:
        stands = "" if fired.stands else "  待查实，不生效 open, without consequence"
        yield f"后果 effect  {fired.id} {_said(fired.name)}  {fired.effect}  {fired.reached}{stands}"
    for reason in sheet.why:
        yield f"说明 why  {_both(reason, zone, names)}"
    if found.left:
        yield f"未计分 not charged  {len(found.left)}"
    for left in found.left:
        behind = f"  牌 cards {_numbers(left.cards)}" if left.cards else ""
        fact = "" if left.why.startswith("span.") else f"{_source(left.source)} {left.fact}  "
        yield f"  {left.date}  {fact}{_both(left.reason, zone, names)}{behind}"
    choices = "  ".join(f"{key}={value}" for key, value in sorted(snapshot.choices.items()))
    yield f"选择项 choices (A.10)  {choices}"


def _step(found: Explained, step: Step, cards: Mapping[int, dict[str, Any]], zone: str) -> Iterator[str]:
    if step.kind == "base":
        mean = "各月平均 mean of the months" if found.sheet.months else "基础分 base"
        yield f"  {mean}  {step.points}"
        return
    line = step.line
    if line is None:
        kinds = {"cap": "封顶 cap", "floor": "最低分 floor", "ceiling": "最高分 ceiling"}
        yield f"  {step.points:+}  → {step.total}  {kinds[step.kind]} {step.row}{step.part}".rstrip()
        return
    taken = f"  冲销 takes back no. {line.reverses}" if line.reverses is not None else ""
    of = f"  属 of {line.of_month}" if line.of_month != line.month else ""
    by = f"  查实 confirmed by {line.confirmer}" if line.confirmer else ""
    yield (
        f"  {step.points:+}  → {step.total}  {line.date}  {line.row} {_said(line.name)}（{line.article}）"
        f"  事实 fact {_source(line.source)} {line.fact}{of}{by}{taken}"
    )
    for number in line.cards:
        card = cards.get(number)
        said = _card(card, zone) if card is not None else "已过保存期或超出权限 past its retention, or beyond reach"
        yield f"      牌 card {number}  {said}  （jiancha explain {number}）"


def _source(name: str) -> str:
    from monitor.assessment.sources import SOURCES

    known = SOURCES.get(name)
    return " ".join(known.name) if known is not None else name


def _card(card: Mapping[str, Any], zone: str) -> str:
    from monitor.model import Reason
    from monitor.wording import level_word, render, rule_title, state_word

    head = f"{rule_title(card['rule'])} {level_word(card['level'])} {state_word(card['state'])}"
    return f"{head}  {render(Reason(**card['reason']), 'zh', zone)}"


def _both(reason: Any, zone: str, names: Mapping[str, str]) -> str:
    from monitor.supervision.assessment.explainjson import texts

    return " ".join(texts(reason, zone, names).values())


def _said(words: Words | None) -> str:
    return f"{words.zh} {words.en}" if words is not None else ""


def _place(sheet: Sheet) -> str:
    return "-" if sheet.place is None else f"{sheet.place}{'=' if sheet.tied else ''}"


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


# --------------------------------------------------------------------------- by another book


def whatif(
    book: str = typer.Option(..., "--book", metavar="FILE", help="The other rule book: a TOML file, or a shipped one."),
    month: str = typer.Option(..., "--month", metavar="YYYY-MM", help="The month."),
    hall: str = typer.Option(..., "--hall", metavar="H", help="The hall."),
    user: str | None = _AS,
    as_json: bool = _JSON,
) -> None:
    """细则试算 The same facts by another rule book: who changes by how much, grades and places. Nothing is written.

    Example: jiancha assess whatif --book ours.toml --month 2026-03 --hall h1
    """
    from monitor.cli.assess_books import read_given
    from monitor.supervision.assessment.whatif import what_if
    from monitor.supervision.assessment.whatifview import what_if_json
    from monitor.supervision.commands import local
    from monitor.supervision.people import principal_of
    from monitor.supervision.refused import Refused

    other: RuleBook = read_given(book)
    with program(writing=False) as opened, opened.store.read() as conn:
        try:
            who = principal_of(conn, user) if user else local(actor())
            look = opened.judge().look(conn, opened.clock.now())
            found = what_if(look, hall, month, other, opened.settings.policy, who=who)
        except Refused as error:
            raise BadInput(str(error)) from error
    if as_json:
        print_json(what_if_json(found))
        return
    for line in _whatif_lines(found):
        typer.echo(line)


def _whatif_lines(found: WhatIf) -> Iterator[str]:
    before, after = found.before, found.after
    yield f"{before.name or before.hall}  {before.period}  {before.book.version} → {after.book.version}"
    yield "试算，不写入 a trial: nothing is written"
    if found.signed:
        yield "本月已结账，签核的得分不变 the month is signed off: what was signed stays"
    for key, (one, two) in found.choices.items():
        yield f"选择项 choice  {key}  {one} → {two}"
    differing = [change for change in found.changes if change]
    for change in differing:
        yield _change(found, change)
    yield f"变化 changed {len(differing)}，不变 unchanged {len(found.changes) - len(differing)}"


def _change(found: WhatIf, change: Change) -> str:
    one, two = change.before, change.after
    name = found.before.named("window" if change.ledger == "window" else "staff", change.whom)
    parts = [f"  {change.whom} {name}  {one.points} → {two.points} ({change.by:+})"]
    if change.regraded:
        parts.append(f"等次 grade {_said(one.grade_name) or '-'} → {_said(two.grade_name) or '-'}")
    if change.moved:
        parts.append(f"名次 place {_place(one)} → {_place(two)}")
    parts += [f"{row.row} {row.before} → {row.after}" for row in change.rows]
    parts += [f"{sign}{effect}" for sign, some in zip("-+", change.effects, strict=True) for effect in some]
    if change.waiting[0] != change.waiting[1]:
        parts.append(f"待查实 waiting {change.waiting[0]} → {change.waiting[1]}")
    for what, was, now in (("末位 last", one.bottom, two.bottom), ("表彰 award", one.award, two.award)):
        if was != now:
            parts.append(f"{what} {SEATS[was]} → {SEATS[now]}")
    return "  ".join(parts)
