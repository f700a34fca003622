"""`report posts`, `report leave`: each window's day in segments, and the published list of leave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from unicodedata import east_asian_width
from zoneinfo import ZoneInfo

import typer

from monitor.cli.common import BadInput, print_json, program

if TYPE_CHECKING:
    from monitor.attendance.dayline import Shown
    from monitor.supervision.postdays import PostDay

_HALL = typer.Option(None, "--hall", metavar="H", help="Only this hall.")
_DAY = typer.Option(..., "--date", metavar="D", help="Local date, YYYY-MM-DD.")
_JSON = typer.Option(False, "--json", help="JSON on stdout.")


def register(report_app: typer.Typer) -> None:
    report_app.command("posts")(report_posts)
    report_app.command("leave")(report_leave)


def report_posts(
    day: str = _DAY,
    hall: str | None = _HALL,
    window: str | None = typer.Option(None, "--window", metavar="W", help="Only this window."),
    as_json: bool = _JSON,
) -> None:
    """在岗时间线 Show each window's day in segments: who was there, excused, empty, unknown; hand-overs and findings.

    JSON gives exact instants and the facts behind each segment.

    Example: jiancha report posts --date 2026-03-02 --hall h1 --window w01
    """
    from monitor.store import alerts
    from monitor.supervision.postdays import post_day_json, post_days
    from monitor.supervision.refused import Refused

    with program(writing=False) as opened, opened.store.read() as conn:
        judge = opened.judge()
        look = judge.look(conn, opened.clock.now())
        try:
            days = post_days(look, judge.policy.post, _date(day), hall=hall, window=window)
        except Refused as error:
            raise BadInput(str(error)) from error
        people = {p for d in days for s in d.segments for p in (*s.who, *([s.charged] if s.charged else []))}
        people |= {p for d in days for h in d.handovers for p in (h.left, h.next) if p}
        people |= {f.staff for d in days for _, f in d.findings if f.staff}
        names = alerts.names(conn, {"staff": sorted(people), "window": sorted(look.registry.windows)})
    if as_json:
        print_json([post_day_json(one) for one in days])
        return
    for one in days:
        for line in lines(one, names):
            typer.echo(line)


def report_leave(day: str = _DAY, hall: str | None = _HALL, as_json: bool = _JSON) -> None:
    """请假公示 List who is on leave and who stands in, for the public screen: never what kind of leave it is.

    Names as the policy key post.published_names says: full, masked or none.

    Example: jiancha report leave --date 2026-03-02 --hall h1 --json
    """
    from monitor.supervision.leavefeed import leave_feed
    from monitor.supervision.refused import Refused

    with program(writing=False) as opened, opened.store.read() as conn:
        judge = opened.judge()
        try:
            feed = leave_feed(judge.look(conn, opened.clock.now()), judge.policy.post, _date(day), hall=hall)
        except Refused as error:
            raise BadInput(str(error)) from error
    if as_json:
        print_json(feed)
        return
    typer.echo(f"请假公示 on leave {feed['date']}: {len(feed['rows'])}")
    for row in feed["rows"]:
        covered = [f"{w['window_name']}（{_cover(w['cover'], feed['date'])}）" for w in row["windows"]]
        when = f"{_moment(row['from'], feed['date'])}–{_moment(row['to'], feed['date'])}"
        typer.echo("  ".join([row["name"] or "—", row["unit_name"] or "—", when, "、".join(covered)]).rstrip())


def _cover(cover: list[dict[str, Any]], day: str) -> str:
    if not cover:
        return "无人代岗 nobody stands in"
    if any(one["name"] is None for one in cover):
        return "有人代岗 covered"
    if len(cover) == 1:
        return f"代岗 {cover[0]['name']}"
    told = (f"{c['name']} {_moment(c['from'], day)}–{_moment(c['to'], day)}" for c in cover)
    return "代岗 " + "、".join(told)


def _moment(text: str, day: str) -> str:
    """`08:30` on the day itself, with the date on another."""
    at = datetime.fromisoformat(text)
    return f"{at:%H:%M}" if at.date().isoformat() == day else f"{at:%m-%d %H:%M}"


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"--date: {text!r} 不是日期，请写作 is no date; write it as 2026-03-02") from None


# --------------------------------------------------------------------------- text

_BLINK: Final = timedelta(seconds=1)
"""Too short to be told of: what the clock went on while it was read."""
NO_EVIDENCE: Final = ("closed", "unwatched")


def lines(day: PostDay, names: Mapping[str, str]) -> Iterator[str]:
    """One window: a line for each segment, its hand-overs and findings, the minutes of each state."""
    from monitor.wording.posts import SEGMENTS

    place = names.get(f"window:{day.window}")
    yield f"{place} {day.window}（{day.hall}） {day.date}" if place else f"{day.window}（{day.hall}） {day.date}"
    if not day.sessions:
        yield "  当日无服务时间 no service on this day"
        return
    if not day.segments:
        yield "  尚未开始 not begun yet"
        return
    for part in day.segments:
        if part.end - part.start < _BLINK:
            continue
        yield _line(part, day.zone, names)
    for one in day.handovers:
        left, heir = _who(one.left, names), _who(one.next, names) if one.next else "无人 nobody"
        taken = f"{_clock(one.taken_at, day.zone)} 到岗" if one.taken_at else "本场未到岗 did not come"
        gap = "" if one.taken_at is None else f"，间隔 {int((one.taken_at - one.at) / timedelta(minutes=1))} 分钟"
        yield f"  交接 hand-over: {left} {_clock(one.at, day.zone)} 请假 → {heir} {taken}{gap}"
    for _, finding in day.findings:
        from monitor.wording import render

        yield f"  疑点 finding {finding.rule}: {render(finding.reason, 'zh', day.zone, names)}"
    told = (f"{SEGMENTS[state][0]} {minutes}" for state, minutes in day.minutes().items())
    yield f"  合计（分钟） minutes: {'，'.join(told)}"


def _line(part: Shown, zone: ZoneInfo, names: Mapping[str, str]) -> str:
    from monitor.wording.posts import RESTS_ON, SEGMENTS
    from monitor.wording.words import ANSWERS

    said = [_padded(SEGMENTS[part.state][0], 10)]
    if part.who:
        said.append("、".join(_who(staff, names) for staff in part.who) + ("（推定）" if part.inferred else ""))
    if part.answers:
        answers = ANSWERS[part.answers][0] if part.answers in ANSWERS else part.answers
        said.append(answers + (f"：{_who(part.charged, names)}" if part.charged else ""))
    if part.at_window:
        word = "来自" if part.cause == "neighbour" else "应在岗人员当时在" if part.state == "other" else "当时在"
        said.append(f"{word} {names.get(f'window:{part.at_window}', part.at_window)}")
    if part.cause and part.state not in NO_EVIDENCE:
        count = f" {len(part.evidence)} 条" if part.evidence else ""
        said.append(f"[{RESTS_ON.get(part.cause, (part.cause, ''))[0]}{count}]")
    if part.people is not None:
        said.append(f"仅 {part.people} 人（A19）")
    return f"  {_clock(part.start, zone)}–{_clock(part.end, zone)}  {' '.join(said)}".rstrip()


def _clock(at: datetime, zone: ZoneInfo) -> str:
    """`08:30`, with seconds where there are any."""
    local = at.astimezone(zone)
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def _who(staff: str | None, names: Mapping[str, str]) -> str:
    return names.get(f"staff:{staff}", staff or "—")


def _padded(text: str, width: int) -> str:
    """Filled up to so many columns of a terminal, where a Chinese character takes two."""
    taken = sum(2 if east_asian_width(c) in "WF" else 1 for c in text)
    return text + " " * max(0, width - taken)
