"""`assess cycle …`: what is owed, patrols, self-assessments, talks, circulars, feedback, awards, reviews (考评周期)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.common import BadInput, acting, actor, print_json, program

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row, Table

    from monitor.access import Principal
    from monitor.app import Program
    from monitor.store.facts.look import Look

cycle_app = typer.Typer(no_args_is_help=True, help="考评周期 the cycle: day, week, month, quarter, year")
_HALL = typer.Option(..., "--hall", metavar="H", help="Id of the hall.")
_ONE_HALL = typer.Option(None, "--hall", metavar="H", help="Of one hall alone.")
_WINDOW = typer.Option(..., "--window", metavar="W", help="Id of the window.")
_PERIOD = typer.Option(..., "--period", help="2026-03, 2026-Q1, 2026-H1 or 2026; it is closed.")
_TEXT = typer.Option(..., "--text", help="What is to be said; kept apart, and erased with its author.")
_REASON = typer.Option(..., "--reason", help="Why.")
_POINTS = typer.Option(..., "--points", help="The score, two decimal places at most.")
_BEFORE = typer.Option(None, "--before", metavar="N", help="Those before this number, of a long list.")
_NUMBER = typer.Argument(..., min=1, help="Its number, as the list shows it.")
_AS = typer.Option(None, "--as", metavar="USER", help="In this user's role (`user list`); default: this machine's own.")
_JSON = typer.Option(False, "--json", help="JSON on stdout.")


def register(app: typer.Typer) -> None:
    app.add_typer(cycle_app, name="cycle")


def _did(user: str | None, act: Callable[[Program, Look, Principal], str]) -> None:
    """Carry it out in one transaction and say what was done."""

    def step(opened: Program, conn: Connection, who: Principal) -> str:
        return act(opened, opened.judge().look(conn, opened.clock.now()), who)

    acting(user, step)


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{option}: {text!r} 应写作 is written 2026-03-02") from None


def _points(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise BadInput(f"--points: {text!r} 不是数字 is no number")
    return found


def _list(
    user: str | None, as_json: bool, table: Callable[[], Table], rows: Callable[[Look, Principal], Sequence[Row[Any]]],
    *columns: str,
) -> None:  # fmt: skip
    """The newest rows with their words, as far as they are kept: a line each, or as JSON. Stderr says where others
    follow.
    """
    from monitor.store import cycle
    from monitor.supervision.assessment.cycle.ground import PAGE
    from monitor.supervision.commands import local
    from monitor.supervision.people import principal_of
    from monitor.supervision.refused import Refused

    with program(writing=False) as opened, opened.store.read() as conn:
        look = opened.judge().look(conn, opened.clock.now())
        try:
            found = rows(look, principal_of(conn, user) if user else local(actor()))
        except Refused as error:
            raise BadInput(str(error)) from error
        if len(found) > PAGE:
            found = found[:PAGE]
            typer.echo(f"更早的 older: --before {found[-1].id}", err=True)
        texts = cycle.said(conn, table(), [row.id for row in found])
    told = [
        {**row._mapping, "words": {name: text for (owner, name), text in texts.items() if owner == row.id}}
        for row in found
    ]
    if as_json:
        print_json([{key: _plain(value) for key, value in one.items()} for one in told])
        return
    for one in told:
        cells = [f"#{one['id']}", *(str(one[name]) for name in columns if one[name] not in (None, ""))]
        typer.echo("  ".join([*cells, *one["words"].values()]))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


# --------------------------------------------------------------------------- what is owed


@cycle_app.command("tasks")
def tasks(
    hall: str | None = _ONE_HALL, every: bool = typer.Option(False, "--all", help="Those that are done too."),
    before: int | None = _BEFORE, user: str | None = _AS, as_json: bool = _JSON,
) -> None:  # fmt: skip
    """待办 List what is owed, and by when.

    Example: jiancha assess cycle tasks --hall h1
    """
    from monitor.store import cycle
    from monitor.supervision.assessment.cycle import tasks as owed

    shown = ("task", "due", "done_at")
    _list(
        user,
        as_json,
        lambda: cycle.TASK,
        lambda look, who: owed.listed(look, who, hall=hall, every=every, before=before),
        *shown,
    )


@cycle_app.command("expect")
def expect(user: str | None = _AS) -> None:
    """建立待办 Open what the coming days, the month and what was closed lately bring; the daemon does it by itself.

    Example: jiancha assess cycle expect
    """
    from monitor.supervision.assessment.cycle.ahead import expect_cycle

    def act(opened: Program, look: Look, who: Principal) -> str:
        from monitor.access import refusal
        from monitor.supervision.refused import Refused

        no = refusal(who, "scores:close")
        if no is not None:
            raise Refused.because(no)
        return f"新建待办 opened {expect_cycle(look)}"

    _did(user, act)


@cycle_app.command("lift")
def lift(number: int = _NUMBER, reason: str = _REASON, user: str | None = _AS) -> None:
    """免除待办 Free whoever owes it.

    Example: jiancha assess cycle lift 12 --reason "窗口本月停办" --as head01
    """
    from monitor.supervision.assessment.cycle import tasks as owed

    def act(opened: Program, look: Look, who: Principal) -> str:
        owed.lift(look, who, number, reason)
        return f"已免除 lifted #{number}"

    _did(user, act)


# --------------------------------------------------------------------------- day and week


@cycle_app.command("patrol")
def patrol(
    hall: str = _HALL,
    number: int = typer.Option(1, "--round", min=1, help="Which round of the day."),
    found: str = typer.Option("order", "--found", help="order, reminded or card."),
    window: str | None = typer.Option(None, "--window", metavar="W", help="At which window."),
    staff: str | None = typer.Option(None, "--staff", metavar="S", help="Whom."),
    text: str = typer.Option("", "--text", help="What was seen; needed unless all is in order."),
    rule: str | None = typer.Option(None, "--rule", help="Of a card: its rule, as for `cards issue`."),
    level: str = typer.Option("yellow", "--level", help="Of a card: yellow or red."),
    user: str | None = _AS,
) -> None:
    """日巡查 Enter what a round found: all in order, somebody reminded on the spot, or a card by hand (H02, H07).

    Example: jiancha assess cycle patrol --hall h1 --found reminded --window w1 --text "未佩证，当面提醒" --as duty01
    """
    from monitor.model import Level
    from monitor.supervision.assessment.cycle import patrols

    if level not in ("yellow", "red"):
        raise BadInput(f"--level: {level!r} 应为 yellow 或 red is neither yellow nor red")

    def act(opened: Program, look: Look, who: Principal) -> str:
        entry, card = patrols.enter(
            look, who, hall, number, found, window=window, staff=staff, text=text, rule=rule, level=Level.of(level),
            policy_version=opened.settings.policy.version,
        )  # fmt: skip
        return f"已登记巡查 entered #{entry}" + (f"，牌 card #{card}" if card is not None else "")

    _did(user, act)


@cycle_app.command("patrols")
def patrols_listed(
    hall: str | None = _ONE_HALL, before: int | None = _BEFORE, user: str | None = _AS, as_json: bool = _JSON
) -> None:  # fmt: skip
    """巡查记录 List patrols, the newest first.

    Example: jiancha assess cycle patrols --hall h1
    """
    from monitor.store import cycle
    from monitor.supervision.assessment.cycle import patrols

    shown = ("date", "round", "found", "window", "staff", "card")
    _list(
        user,
        as_json,
        lambda: cycle.PATROL,
        lambda look, who: patrols.listed(look, who, hall=hall, before=before),
        *shown,
    )


@cycle_app.command("week")
def week(
    hall: str = _HALL, number: str = typer.Option(..., "--week", metavar="YYYY-Www", help="The week: 2026-W10."),
    text: str | None = typer.Option(None, "--text", help="What is said to it: keeps it. Else the figures are shown."),
    user: str | None = _AS,
) -> None:  # fmt: skip
    """周小结 Show a week's figures, or keep them with what is said to them (H01).

    Example: jiancha assess cycle week --hall h1 --week 2026-W10 --text "本周秩序良好"
    """
    from monitor.supervision.assessment.cycle import weeks
    from monitor.supervision.assessment.cycle.ground import READ, require_hall

    def act(opened: Program, look: Look, who: Principal) -> str:
        import json

        bad = opened.settings.policy.rating.bad_at_most
        if text is None:
            require_hall(look, who, READ, hall)
            return json.dumps(weeks.figures(look, hall, number, bad), ensure_ascii=False)
        return f"已作小结 kept #{weeks.make(look, who, hall, number, text, bad)}"

    _did(user, act)


# --------------------------------------------------------------------------- month


@cycle_app.command("self")
def self_assessment(
    window: str = _WINDOW, month: str = typer.Option(..., "--month", metavar="YYYY-MM", help="The month."),
    points: str = _POINTS, text: str = _TEXT, user: str | None = _AS,
) -> None:  # fmt: skip
    """窗口自评 Hand in a window's own assessment, by the 28th (G07).

    Example: jiancha assess cycle self --window w1 --month 2026-03 --points 98.5 --text "迟到一次，已整改" --as lead01
    """
    from monitor.supervision.assessment.cycle import selfwork

    def act(opened: Program, look: Look, who: Principal) -> str:
        return f"已报送自评 handed in #{selfwork.hand_in(look, who, window, month, _points(points), text)}"

    _did(user, act)


@cycle_app.command("self-review")
def self_review(number: int = _NUMBER, points: str = _POINTS, reason: str = _REASON, user: str | None = _AS) -> None:
    """自评复核 Sign a self-assessment off with the score that the review comes to; locked from then on (G17).

    Example: jiancha assess cycle self-review 3 --points 98 --reason "核对考勤后扣 0.5" --as duty01
    """
    from monitor.supervision.assessment.cycle import selfwork

    def act(opened: Program, look: Look, who: Principal) -> str:
        selfwork.review(look, who, number, _points(points), reason)
        return f"已复核 reviewed #{number}"

    _did(user, act)


@cycle_app.command("selves")
def selves(
    hall: str | None = _ONE_HALL, month: str | None = typer.Option(None, "--month", help="Of one month alone."),
    before: int | None = _BEFORE, user: str | None = _AS, as_json: bool = _JSON,
) -> None:  # fmt: skip
    """自评列表 List self-assessments, with what the reviews came to; points in hundredths.

    Example: jiancha assess cycle selves --hall h1 --month 2026-03
    """
    from monitor.store import cycle
    from monitor.supervision.assessment.cycle import selfwork

    shown = ("month", "window", "points_cents", "reviewed_cents")
    _list(
        user,
        as_json,
        lambda: cycle.SELF,
        lambda look, who: selfwork.listed(look, who, hall=hall, month=month, before=before),
        *shown,
    )


@cycle_app.command("talks")
def talks_listed(
    hall: str | None = _ONE_HALL, due: bool = typer.Option(False, "--due", help="Those still to be held."),
    before: int | None = _BEFORE, user: str | None = _AS, as_json: bool = _JSON,
) -> None:  # fmt: skip
    """谈话名单 List talks with the last of each month (H03); `replaced`: the unit is to put somebody else there (H05).

    Example: jiancha assess cycle talks --hall h1 --due
    """
    from monitor.store import cycle
    from monitor.supervision.assessment.cycle import talks

    shown = ("period", "ledger", "whom", "due", "replaced", "held_on")
    _list(
        user,
        as_json,
        lambda: cycle.TALK,
        lambda look, who: talks.listed(look, who, hall=hall, due=due, before=before),
        *shown,
    )


@cycle_app.command("talk")
def talk(
    number: int = _NUMBER,
    on: str = typer.Option(..., "--on", metavar="DATE", help="When it was held."),
    attended: str = typer.Option(..., "--attended", help="Who was there."),
    talked: str = typer.Option(..., "--talked", help="What was said."),
    outcome: str = typer.Option(..., "--outcome", help="What is to be put right, by when."),
    user: str | None = _AS,
) -> None:
    """登记谈话 Enter that a talk was held, and what came of it.

    Example: jiancha assess cycle talk 2 --on 2026-04-08 --attended "分管主任、窗口负责人" --talked … --outcome …
    """
    from monitor.supervision.assessment.cycle import talks

    def act(opened: Program, look: Look, who: Principal) -> str:
        talks.hold(look, who, number, _day(on, "--on"), attended=attended, talked=talked, outcome=outcome)
        return f"已登记谈话 entered #{number}"

    _did(user, act)


# --------------------------------------------------------------------------- what is told to whom


@cycle_app.command("circular")
def circular(
    hall: str = _HALL, period: str = _PERIOD, title: str = typer.Option(..., "--title", help="Its title."),
    text: str = _TEXT, user: str | None = _AS,
) -> None:  # fmt: skip
    """拟写通报 Draft a circular on a closed period; it names whom an effect calls for one (A06).

    Example: jiancha assess cycle circular --hall h1 --period 2026-03 --title "三月考评通报" --text … --as duty01
    """
    from monitor.supervision.assessment.cycle import circulars

    def act(opened: Program, look: Look, who: Principal) -> str:
        number = circulars.draft(look, who, hall, period, title, text)
        called = [f"{row.whom}（{'、'.join(row.effects)}）" for row in circulars.named(look, hall, period)]
        return f"已拟稿 drafted #{number}" + (f"；应通报 called for: {' '.join(called)}" if called else "")

    _did(user, act)


@cycle_app.command("issue")
def issue(
    number: int = _NUMBER, document: str = typer.Option(..., "--document", help="Its number (文号)."),
    public_days: int | None = typer.Option(
        None, "--public-days", min=1, max=366, help="Draft a public notice of it for so many days; another releases it."
    ),
    user: str | None = _AS,
) -> None:  # fmt: skip
    """签发通报 Issue a circular under its number; not by whoever drafted it.

    Example: jiancha assess cycle issue 4 --document "政务监〔2026〕7号" --as head01
    """
    from monitor.supervision.assessment.cycle import circulars

    def act(opened: Program, look: Look, who: Principal) -> str:
        notice = circulars.issue(look, who, number, document, public_days)
        return f"已签发 issued #{number}" + (f"，公告 notice #{notice}" if notice is not None else "")

    _did(user, act)


@cycle_app.command("circulars")
def circulars_listed(
    hall: str | None = _ONE_HALL, before: int | None = _BEFORE, user: str | None = _AS, as_json: bool = _JSON
) -> None:  # fmt: skip
    """通报列表 List circulars, the newest first.

    Example: jiancha assess cycle circulars --hall h1
    """
    from monitor.store import cycle
    from monitor.supervision.assessment.cycle import circulars

    shown = ("period", "state", "document", "issued_at")
    _list(
        user,
        as_json,
        lambda: cycle.CIRCULAR,
        lambda look, who: circulars.listed(look, who, hall=hall, before=before),
        *shown,
    )


@cycle_app.command("feedback")
def feedback_issued(hall: str = _HALL, period: str = _PERIOD, user: str | None = _AS) -> None:
    """书面反馈 Issue the feedback on a closed period to the unit of every window (G18).

    Example: jiancha assess cycle feedback --hall h1 --period 2026-Q1 --as head01
    """
    from monitor.supervision.assessment.cycle import feedback

    def act(opened: Program, look: Look, who: Principal) -> str:
        return f"已反馈 issued {feedback.issue(look, who, hall, period)} 个窗口 windows"

    _did(user, act)


@cycle_app.command("feedbacks")
def feedbacks(
    hall: str | None = _ONE_HALL, period: str | None = typer.Option(None, "--period", help="Of one period alone."),
    before: int | None = _BEFORE, user: str | None = _AS, as_json: bool = _JSON,
) -> None:  # fmt: skip
    """反馈列表 List feedbacks, and what the units answered.

    Example: jiancha assess cycle feedbacks --hall h1 --period 2026-Q1
    """
    from monitor.store import cycle
    from monitor.supervision.assessment.cycle import feedback

    shown = ("period", "window", "issued_at", "acknowledged_at", "answered_at")
    _list(
        user, as_json, lambda: cycle.FEEDBACK,
        lambda look, who: feedback.listed(look, who, hall=hall, period=period, before=before), *shown,
    )  # fmt: skip


@cycle_app.command("acknowledge")
def acknowledge(number: int = _NUMBER, user: str | None = _AS) -> None:
    """签收反馈 The unit has received its feedback.

    Example: jiancha assess cycle acknowledge 5 --as unit01
    """
    from monitor.supervision.assessment.cycle import feedback

    def act(opened: Program, look: Look, who: Principal) -> str:
        feedback.acknowledge(look, who, number)
        return f"已签收 acknowledged #{number}"

    _did(user, act)


@cycle_app.command("answer")
def answer(number: int = _NUMBER, text: str = _TEXT, user: str | None = _AS) -> None:
    """回复反馈 The unit answers what it will put right.

    Example: jiancha assess cycle answer 5 --text "已调整 AB 岗" --as unit01
    """
    from monitor.supervision.assessment.cycle import feedback

    def act(opened: Program, look: Look, who: Principal) -> str:
        feedback.answer(look, who, number, text)
        return f"已回复 answered #{number}"

    _did(user, act)


@cycle_app.command("sent")
def sent(
    hall: str = _HALL, period: str = _PERIOD,
    to: str = typer.Option(..., "--to", help="Receiver, as the rule book lists it."),
    on: str = typer.Option(..., "--on", metavar="DATE", help="When."),
    document: str = typer.Option("", "--document", help="Number of the letter."),
    user: str | None = _AS,
) -> None:  # fmt: skip
    """报送备案 Enter that a receiver was sent the report (G19, G20).

    Example: jiancha assess cycle sent --hall h1 --period 2026-Q1 --to 县政府 --on 2026-04-12 --document 〔2026〕9号
    """
    from monitor.supervision.assessment.cycle import sent as reported

    def act(opened: Program, look: Look, who: Principal) -> str:
        return f"已登记报送 entered #{reported.enter(look, who, hall, period, to, _day(on, '--on'), document)}"

    _did(user, act)


@cycle_app.command("sent-list")
def sent_listed(
    hall: str | None = _ONE_HALL, before: int | None = _BEFORE, user: str | None = _AS, as_json: bool = _JSON
) -> None:  # fmt: skip
    """报送记录 List who was sent which report, and when.

    Example: jiancha assess cycle sent-list --hall h1
    """
    from monitor.store import cycle
    from monitor.supervision.assessment.cycle import sent as reported

    shown = ("period", "recipient", "sent_on", "document")
    _list(
        user,
        as_json,
        lambda: cycle.SENT,
        lambda look, who: reported.listed(look, who, hall=hall, before=before),
        *shown,
    )


# --------------------------------------------------------------------------- awards


@cycle_app.command("nominate")
def nominate(
    window: str = _WINDOW, period: str = _PERIOD, staff: str = typer.Option(..., "--staff", help="Whom."),
    reason: str = _REASON, user: str | None = _AS,
) -> None:  # fmt: skip
    """推荐先进 A window that was awarded names one of its unit's people (G08).

    Example: jiancha assess cycle nominate --window w1 --period 2026-Q1 --staff s01 --reason … --as lead01
    """
    from monitor.supervision.assessment.cycle import awards

    def act(opened: Program, look: Look, who: Principal) -> str:
        return f"已推荐 nominated #{awards.nominate(look, who, window, period, staff, reason)}"

    _did(user, act)


@cycle_app.command("nomination")
def nomination(
    number: int = _NUMBER, confirm: bool = typer.Option(..., "--confirm/--refuse", help="What the head decides."),
    reason: str = typer.Option("", "--reason", help="Why; needed to refuse."), user: str | None = _AS,
) -> None:  # fmt: skip
    """审定推荐 Confirm or refuse a nomination.

    Example: jiancha assess cycle nomination 3 --confirm --as head01
    """
    from monitor.supervision.assessment.cycle import awards

    def act(opened: Program, look: Look, who: Principal) -> str:
        awards.decide(look, who, number, confirm, reason)
        return f"已确认 confirmed #{number}" if confirm else f"已退回 refused #{number}"

    _did(user, act)


@cycle_app.command("nominations")
def nominations(
    hall: str | None = _ONE_HALL, period: str | None = typer.Option(None, "--period", help="Of one period alone."),
    before: int | None = _BEFORE, user: str | None = _AS, as_json: bool = _JSON,
) -> None:  # fmt: skip
    """推荐名单 List nominations.

    Example: jiancha assess cycle nominations --hall h1 --period 2026-Q1
    """
    from monitor.store import cycle
    from monitor.supervision.assessment.cycle import awards

    shown = ("period", "window", "whom", "state")
    _list(
        user, as_json, lambda: cycle.NOMINATION,
        lambda look, who: awards.listed(look, who, hall=hall, period=period, before=before), *shown,
    )  # fmt: skip


@cycle_app.command("awards")
def awards_confirmed(hall: str = _HALL, period: str = _PERIOD, user: str | None = _AS) -> None:
    """确认表彰 Confirm the awards of a quarter or year as a whole, once each nomination is decided (H06).

    Example: jiancha assess cycle awards --hall h1 --period 2026-Q1 --as head01
    """
    from monitor.supervision.assessment.cycle import awards

    def act(opened: Program, look: Look, who: Principal) -> str:
        found = awards.finish(look, who, hall, period)
        return f"窗口 windows: {' '.join(found['windows'])}；个人 people: {' '.join(found['staff'])}"

    _did(user, act)


# --------------------------------------------------------------------------- reviews


@cycle_app.command("review")
def review(
    entry: int | None = typer.Option(None, "--entry", min=1, help="Number of the entry (`assess entries`)."),
    period: str | None = typer.Option(None, "--period", help="Instead: a closed period's result."),
    hall: str | None = typer.Option(None, "--hall", metavar="H", help="With --period."),
    window: str | None = typer.Option(None, "--window", metavar="W", help="With --period: of a window."),
    staff: str | None = typer.Option(None, "--staff", metavar="S", help="With --period: of a person."),
    reason: str = _REASON,
    user: str | None = _AS,
) -> None:
    """申请复核 Ask for the review of an entry, or of what a closed period came to (G15).

    Example: jiancha assess cycle review --entry 12 --reason "当日因公外出，有函" --as s01
    """
    from monitor.assessment.model import Ledger
    from monitor.supervision.assessment.cycle import reviews

    if (entry is None) == (period is None):
        raise BadInput("--entry, --period: 二者择一 give one of them")
    if period is not None and (hall is None or (window is None) == (staff is None)):
        raise BadInput("--period: 须写 --hall，并在 --window、--staff 中择一 needs --hall and one of --window, --staff")

    def act(opened: Program, look: Look, who: Principal) -> str:
        if entry is not None:
            number = reviews.ask_of_entry(look, who, entry, reason)
        else:
            ledger: Ledger = "window" if window is not None else "staff"
            number = reviews.ask_of_result(look, who, hall or "", ledger, window or staff or "", period or "", reason)
        return f"已申请复核 asked for the review #{number}"

    _did(user, act)


@cycle_app.command("decide")
def decide(
    number: int = _NUMBER, grant: bool = typer.Option(..., "--grant/--refuse", help="What is decided."),
    entry: list[int] = typer.Option([], "--entry", help="Of a result: an entry that is found wrong."),
    reason: str = _REASON, user: str | None = _AS,
) -> None:  # fmt: skip
    """复核决定 Decide a review; granted, the entry is taken back in the open month, the closed sheet stays (G16).

    Example: jiancha assess cycle decide 2 --grant --reason "外出函属实" --as head02
    """
    from monitor.supervision.assessment.cycle import reviews

    def act(opened: Program, look: Look, who: Principal) -> str:
        numbers = reviews.decide(look, who, number, grant, reason, entry)
        booked = f"；冲销分录 taken back by {' '.join(f'#{n}' for n in numbers)}" if numbers else ""
        return f"已复核 decided #{number}: {'准予 granted' if grant else '维持 refused'}{booked}"

    _did(user, act)


@cycle_app.command("reviews")
def reviews_listed(
    hall: str | None = _ONE_HALL, state: str | None = typer.Option(None, "--state", help="asked, granted or refused."),
    before: int | None = _BEFORE, user: str | None = _AS, as_json: bool = _JSON,
) -> None:  # fmt: skip
    """复核列表 List reviews that were asked for.

    Example: jiancha assess cycle reviews --state asked
    """
    from monitor.store import cycle
    from monitor.supervision.assessment.cycle import reviews

    shown = ("ledger", "whom", "entry", "period", "state")
    _list(
        user, as_json, lambda: cycle.REVIEW,
        lambda look, who: reviews.listed(look, who, hall=hall, state=state, before=before), *shown,
    )  # fmt: skip
