"""`cards ack|answer|send-back|order|verify|rectify|call-back|attribute|appeal|review|close|withdraw|issue|show|file`.

What is allowed is `supervision.workflow`'s to say; `--as USER` acts in that user's role and for what is theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from monitor.cli.common import INT64, BadInput, acting, actor, instant, print_json, program, reason_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from monitor.access import Principal
    from monitor.app import Program
    from monitor.store.attachments import File

_NUMBER = typer.Argument(..., min=1, max=INT64, help="Number of the card.")
_REASON = typer.Option(..., "--reason", help="Why; it stands in the card's history.")
_AS = typer.Option(None, "--as", metavar="USER", help="In this user's role (`user list`); default: this machine's own.")
_ATTACH = typer.Option([], "--attach", metavar="FILE", help="pdf, png, jpeg, docx, xlsx or txt; may be repeated.")


def register(app: typer.Typer) -> None:
    for name, command in COMMANDS.items():
        app.command(name)(command)


def ack(
    number: int = _NUMBER,
    reason: str = _REASON,
    promise: str | None = typer.Option(None, "--promise", metavar="T", help="By when it is dealt with; with offset."),
    user: str | None = _AS,
) -> None:
    """签收 Acknowledge a card, with a promised time if there is one.

    Example: jiancha cards ack 17 --reason "已通知窗口" --promise 2026-03-03T12:00:00+08:00
    """
    _step(number, "acknowledged", reason, user, promised_at=instant(promise, "--promise") if promise else None)


def answer(number: int = _NUMBER, reason: str = _REASON, attach: list[Path] = _ATTACH, user: str | None = _AS) -> None:
    """回复 Answer a card; that answers its supervision order too.

    Example: jiancha cards answer 17 --reason "系统故障，已补办" --attach 说明.pdf
    """
    _step(number, "answered", reason, user, attach)


def send_back(number: int = _NUMBER, reason: str = _REASON, user: str | None = _AS) -> None:
    """退回重报 Send an answer back: it has to be answered again.

    Example: jiancha cards send-back 17 --reason "未说明整改措施"
    """
    _step(number, "sent_back", reason, user)


def order(
    number: int = _NUMBER,
    reason: str = _REASON,
    kind: str = typer.Option(..., "--kind", metavar="KIND", help="on_site, meeting, instruction or media (H15)."),
    due: str | None = typer.Option(
        None, "--due", metavar="T", help="When the reply is due; default: timeliness.order_reply_days."
    ),
    user: str | None = _AS,
) -> None:
    """督办 Order a supervision on a card, with a deadline for the reply: late, it gets a yellow and then a red card.

    Example: jiancha cards order 17 --kind on_site --reason "三次脱岗" --due 2026-03-06T17:30:00+08:00
    """
    _step(number, "ordered", reason, user, kind=kind, due=instant(due, "--due") if due else None)


def verify(
    number: int = _NUMBER,
    reason: str = _REASON,
    finding: str = typer.Option(..., "--finding", metavar="F", help="founded, misjudged or malicious."),
    user: str | None = _AS,
) -> None:
    """核实差评 Verify a bad rating: founded, it is rectified and called back; misjudged or malicious, it is set aside.

    Example: jiancha cards verify 17 --finding founded --reason "查录像属实"
    """
    _step(number, "verified", reason, user, finding=finding)


def rectify(number: int = _NUMBER, reason: str = _REASON, attach: list[Path] = _ATTACH, user: str | None = _AS) -> None:
    """整改差评 Say how what a bad rating complains of was put right.

    Example: jiancha cards rectify 17 --reason "已补办并致歉"
    """
    _step(number, "rectified", reason, user, attach)


def call_back(
    number: int = _NUMBER,
    reason: str = _REASON,
    satisfied: bool = typer.Option(..., "--satisfied/--dissatisfied", help="What the person said."),
    user: str | None = _AS,
) -> None:
    """回访 Call back whoever rated badly; dissatisfied, it has to be rectified again.

    Example: jiancha cards call-back 17 --satisfied --reason "电话回访"
    """
    _step(number, "called_back", reason, user, satisfied="yes" if satisfied else "no")


def appeal(number: int = _NUMBER, reason: str = _REASON, attach: list[Path] = _ATTACH, user: str | None = _AS) -> None:
    """申诉 Appeal against a card; somebody else than who issued it decides (G16).

    Example: jiancha cards appeal 17 --reason "当时在联合踏勘" --attach 证明.pdf
    """
    _step(number, "appealed", reason, user, attach)


def review(
    number: int = _NUMBER,
    reason: str = _REASON,
    granted: bool = typer.Option(..., "--grant/--uphold", help="Grant: the card is withdrawn. Uphold: it stands."),
    user: str | None = _AS,
) -> None:
    """复核 Decide an appeal.

    Example: jiancha cards review 17 --grant --reason "证明属实"
    """
    if granted:
        _step(number, "withdrawn", reason, user, appeal="granted")
    else:
        _step(number, "upheld", reason, user)


def close(
    number: int = _NUMBER,
    reason: str = _REASON,
    result: str | None = typer.Option(
        None, "--result", metavar="R", help="rectified, explained, founded, unfounded or other."
    ),
    user: str | None = _AS,
) -> None:
    """办结 Close a card.

    Example: jiancha cards close 17 --reason "整改完成，已回访" --result rectified
    """
    _step(number, "closed", reason, user, result=result)


def withdraw(number: int = _NUMBER, reason: str = _REASON, user: str | None = _AS) -> None:
    """撤牌 Withdraw a card.

    Example: jiancha cards withdraw 17 --reason "申诉成立"
    """
    _step(number, "withdrawn", reason, user)


def attribute(
    number: int = _NUMBER,
    reason: str = _REASON,
    staff: str | None = typer.Option(None, "--staff", help="The member of staff who answers for it."),
    window: str | None = typer.Option(None, "--window", help="The window."),
    unit: str | None = typer.Option(None, "--unit", help="The unit; alone: the unit and nobody in it (B05)."),
    user: str | None = _AS,
) -> None:
    """责任认定 Confirm who answers for a card (C02, B05); what is judged later leaves that alone.

    Example: jiancha cards attribute 17 --unit u1 --reason "来函同意请假，未派人代岗"
    """
    from monitor.supervision.commands import attribute as attributed

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        registry, now = opened.registry.get(conn), opened.clock.now()
        place = {"unit": unit, "window": window, "staff": staff}
        card = attributed(conn, number, registry, **place, actor=who, why=reason, now=now)
        return f"#{number} 责任认定 attributed: {card.staff or card.window or card.unit}"

    acting(user, act)


def issue(
    rule: str = typer.Option(..., "--rule", metavar="ROW", help="Row of the regulations, such as E06."),
    level: str = typer.Option("yellow", "--level", help="reminder, yellow or red."),
    reason: str = typer.Option(..., "--reason", help="The facts; they stand in the card's history."),
    subject: str | None = typer.Option(None, metavar="KIND:ID", help="What it is about, such as case:ns/2026-1."),
    hall: str | None = typer.Option(None, "--hall"),
    unit: str | None = typer.Option(None, "--unit"),
    window: str | None = typer.Option(None, "--window"),
    staff: str | None = typer.Option(None, "--staff", help="Who is charged."),
    attach: list[Path] = _ATTACH,
    user: str | None = _AS,
) -> None:
    """人工发牌 Issue a card by hand, under the rule that it rests on.

    Example: jiancha cards issue --rule E06 --level yellow --window w01 --staff s-001 --reason "巡查时未用文明用语"
    """
    from monitor.model import Level, SubjectRef
    from monitor.supervision.handcards import issue_by_hand
    from monitor.supervision.views import parse_subject

    try:
        chosen, about = Level.of(level), parse_subject(subject) if subject else None
    except ValueError as error:
        raise BadInput(f"--{error}") from error
    files = files_given(attach)

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        number = issue_by_hand(
            conn, opened.registry.get(conn), rule=rule, level=chosen, hall=hall, unit=unit, window=window, staff=staff,
            subject=SubjectRef(kind=about[0], key=about[1]) if about else None, actor=who, why=reason,
            policy_version=opened.settings.policy.version, now=opened.clock.now(), files=files,
        )  # fmt: skip
        return f"#{number} 发牌 issued"

    acting(user, act)


def show(number: int = _NUMBER, as_json: bool = typer.Option(False, "--json", help="JSON on stdout.")) -> None:
    """查看办理 Show how a card was worked: every step with who and why, its files, what may be done now.

    Example: jiancha cards show 17
    """
    from monitor.cli.explained import headline
    from monitor.cli.workshown import lines
    from monitor.supervision.cardfile import card_work
    from monitor.supervision.commands import local

    with program(writing=False) as opened, opened.store.read() as conn:
        found = card_work(conn, number, opened.zones(conn), local(actor()))
        lang = opened.settings.language
    if found is None:
        raise BadInput(
            f"cards show: 没有第 {number} 号牌 there is no card {number}; `jiancha cards list` 列出 lists all"
        )
    if as_json:
        print_json(found)
        return
    typer.echo(headline(found, lang))
    for line in lines(found, lang):
        typer.echo(line)


def get_file(
    number: int = _NUMBER,
    file: int = typer.Argument(..., min=1, max=INT64, help="Number of the file, from `cards show`."),
    output: Path = typer.Option(..., "-o", "--output", metavar="FILE", help="Where to write it."),
) -> None:
    """取附件 Write a file that came with a card.

    Example: jiancha cards file 17 3 -o 说明.pdf
    """
    from monitor.store import attachments

    with program(writing=False) as opened, opened.store.read() as conn:
        found = attachments.content(conn, number, file)
    if found is None or found.content is None:
        raise BadInput(f"cards file: 第 {number} 号牌没有附件 card {number} has no file {file}, or it is erased")
    try:
        with output.open("xb") as target:
            target.write(found.content)
    except OSError as error:
        raise BadInput(f"{output}: {reason_of(error)}") from error


COMMANDS: Final[Mapping[str, Callable[..., None]]] = {
    "ack": ack,
    "answer": answer,
    "send-back": send_back,
    "order": order,
    "verify": verify,
    "rectify": rectify,
    "call-back": call_back,
    "attribute": attribute,
    "appeal": appeal,
    "review": review,
    "close": close,
    "withdraw": withdraw,
    "issue": issue,
    "show": show,
    "file": get_file,
}


def _step(number: int, event: str, why: str, user: str | None, attach: list[Path] | None = None, **given: Any) -> None:
    from monitor.supervision.commands import transition
    from monitor.wording import event_word

    files = files_given(attach or [])
    said = {key: value for key, value in given.items() if value is not None}

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        now = opened.clock.now()
        transition(conn, number, event, actor=who, why=why, now=now, given=said, files=files)
        return f"#{number} {event_word(event, 'zh')} {event}"

    acting(user, act)


def files_given(paths: list[Path]) -> list[File]:
    """The files that `--attach` names, checked. Raises BadInput."""
    from monitor.supervision.files import checked
    from monitor.supervision.refused import Refused

    read = []
    for path in paths:
        try:
            read.append((path.name, path.read_bytes()))
        except OSError as error:
            raise BadInput(f"--attach {path}: {reason_of(error)}") from error
    try:
        return checked(read)
    except Refused as error:
        raise BadInput(f"--attach: {error}") from error
