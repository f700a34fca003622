"""`report attendance`: who was late, absent or missing on a day or in a week; `report tallies`: what adds up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import typer

from monitor.cli.common import BadInput, print_json, program

if TYPE_CHECKING:
    from monitor.model import Registry

WEEK: Final = re.compile(r"([0-9]{4})-W([0-9]{2})")


def register(report_app: typer.Typer) -> None:
    report_app.command("attendance")(report_attendance)
    report_app.command("tallies")(report_tallies)


def report_attendance(
    day: str | None = typer.Option(None, "--date", metavar="D", help="A day, such as 2026-03-02; default: today."),
    week: str | None = typer.Option(None, "--week", metavar="W", help="A week, 2026-W10, or any date in it."),
    hall: str | None = typer.Option(None, "--hall", metavar="H", help="Only this hall."),
    unit: str | None = typer.Option(None, "--unit", metavar="U", help="Only this unit."),
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
) -> None:
    """考勤日报、周报 List who was late, early, missing, absent, excused, unknown, and what is still to be corrected.

    Judged afresh as of now. What kind of leave somebody is on is not told here.

    Example: jiancha report attendance --week 2026-W10 --hall h1
    """
    from monitor.exports.attendance_lists import read_list
    from monitor.exports.attendance_rows import counts_json, row_json
    from monitor.supervision.statistics import only_hall

    if day and week:
        raise BadInput("--date, --week: 只写其一 give one of them")
    with program(writing=False) as opened, opened.store.read() as conn:
        now, judge = opened.clock.now(), opened.judge()
        registry = opened.registry.get(conn)
        _known(registry, hall=hall, unit=unit)
        calendar = opened.book(conn).for_hall(registry, hall or only_hall(registry))
        first, last = _days(day, week, calendar.local_date(now))
        try:
            calendar.sessions(first)
        except ValueError as error:
            raise BadInput(f"--date, --week: {first}: 超出日历范围 {error}") from error
        found = read_list(judge.look(conn, now), judge.policy.checkin, first, last, hall=hall, unit=unit)
    result = {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "as_of": now.astimezone(calendar.zone).isoformat(),
        "hall": hall,
        "unit": unit,
        "policy": judge.policy.version,
        "counts": counts_json(found.counts),
        "people": [row_json(row, calendar.zone) for row in found.rows],
    }
    if as_json:
        print_json(result)
        return
    for line in lines(result):
        typer.echo(line)


def _known(registry: Registry, **given: str | None) -> None:
    """BadInput for a hall, unit, member of staff or window that the registry lacks."""
    tables: Mapping[str, Mapping[str, Any]] = {
        "hall": registry.halls, "unit": registry.units, "staff": registry.staff, "window": registry.windows
    }  # fmt: skip
    for option, value in given.items():
        if value is not None and value not in tables[option]:
            known = sorted(tables[option])
            shown = ", ".join(known[:10]) + (" …" if len(known) > 10 else "")
            raise BadInput(f"--{option}: {value!r} 未登记 is not in the registry; there are: {shown or '-'}")


def _days(day: str | None, week: str | None, today: date) -> tuple[date, date]:
    """The first and last day that are asked for; BadInput names the option."""
    if week is None:
        one = _date(day, "--date") if day else today
        return one, one
    found = WEEK.fullmatch(week)
    try:
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1) if found else None
    except ValueError as error:
        raise BadInput(f"--week: {week} 没有这一周 there is no such week: {error}") from error
    if monday is None:
        one = _date(week, "--week")
        monday = one - timedelta(days=one.weekday())
    return monday, monday + timedelta(days=6)


def _date(text: str, option: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        what = "2026-W10 或 or 2026-03-02" if option == "--week" else "2026-03-02"
        raise BadInput(f"{option}: {text!r} 应写作 write it as {what}") from None
    if not date(1900, 1, 1) <= found <= date(9000, 1, 1):
        raise BadInput(f"{option}: {text}: 超出日历范围 outside the calendar")
    return found


def lines(result: dict[str, Any]) -> Iterator[str]:
    """The list as people read it: the totals, then each person with what was not in order."""
    from monitor.exports.attendance_rows import KINDS

    is_week = result["from"] != result["to"]
    span = f"{result['from']} – {result['to']}" if is_week else result["from"]
    yield f"考勤{'周' if is_week else '日'}报 attendance {span}   截至 as of {result['as_of'][:16].replace('T', ' ')}"
    yield "   ".join(f"{_both(KINDS[kind])} {n}" for kind, n in result["counts"].items() if n) or "无应到时段 no slots"
    for row in result["people"]:
        if not row["slots"]:
            continue
        yield ""
        told = "  ".join(f"{KINDS[kind][0]} {n}" for kind, n in row["counts"].items() if n and kind != "pending")
        yield f"{row['staff']} {row['name']}  {row['unit_name'] or row['unit']}  {told}"
        yield from (f"  {_slot_line(slot)}" for slot in row["slots"])
    waiting = sum(row["to_correct"] for row in result["people"])
    quiet = sum(not row["slots"] and any(row["counts"].values()) for row in result["people"])
    yield ""
    yield f"待补正 to be corrected {waiting}   其余 {quiet} 人无异常 nothing to tell of {quiet} others"


def _both(texts: Sequence[str]) -> str:
    return f"{texts[0]} {texts[1]}"


def _clock(instant: str) -> str:
    """To the second where there is one: 15 minutes and one second late is another row than 15 minutes."""
    return instant[11:16] if instant[16:19] in ("", ":00") else instant[11:19]


def _slot_line(slot: dict[str, Any]) -> str:
    from monitor.exports.attendance_rows import KINDS, MENDS
    from monitor.wording import subject_text
    from monitor.wording.words import EXCUSES, SLOTS

    name = slot["slot"]
    where = (
        subject_text("post", name.removeprefix("post:")) if name.startswith("post:") else SLOTS.get(name, (name,))[0]
    )
    due = f"（应 due {_clock(slot['due'])}）" if slot["due"] else ""
    parts = [f"{slot['date']} {where}{due}", _both(KINDS[slot["kind"]])]
    if slot["by"] == "closure":
        parts[1] = _both(EXCUSES["closure"])
    if slot["at"]:
        parts.append(_clock(slot["at"]))
    if slot["minutes"]:
        parts.append(f"{slot['minutes']} 分钟 min")
    parts += [f"#{number}" for number in slot["cards"]]
    for mend in slot["to_correct"]:
        until = f" → {mend['until'][:16].replace('T', ' ')}" if mend["until"] else ""
        parts.append(f"〔{_both(MENDS[mend['why']])}{' ' + mend['of'] if mend['of'] else ''}{until}〕")
    return "  ".join(parts)


# --------------------------------------------------------------------------- tallies


def report_tallies(
    staff: str | None = typer.Option(None, "--staff", metavar="S", help="A person's calendar year."),
    window: str | None = typer.Option(None, "--window", metavar="W", help="A window's month."),
    year: str | None = typer.Option(None, "--year", metavar="YYYY", help="With --staff; default: this year."),
    month: str | None = typer.Option(None, "--month", metavar="YYYY-MM", help="With --window; default: this month."),
    as_json: bool = typer.Option(False, "--json", help="JSON on stdout."),
) -> None:
    """考勤累计 List the entries of a person's year or a window's month: points, sums, what is only proposed.

    Points come from slots that are late or early (A03, A04, A07), absences (A07), and off-posts and empty windows (A05,
    A08) once a person has closed their card as founded or rectified.

    Example: jiancha report tallies --staff s01 --year 2026
    """
    from monitor.supervision.tallyview import report_tally

    if (staff is None) == (window is None):
        raise BadInput("--staff, --window: 写其中一个 give one of them")
    if (month if staff else year) is not None:
        raise BadInput("--month 用于 goes with --window, --year 用于 goes with --staff")
    with program(writing=False) as opened, opened.store.read() as conn:
        now, judge = opened.clock.now(), opened.judge()
        registry = opened.registry.get(conn)
        _known(registry, staff=staff, window=window)
        hall = registry.charge(staff=staff, window=window).hall
        key = _tally_key(staff, window, year or month, opened.book(conn).for_hall(registry, hall).local_date(now))
        result = {**report_tally(judge.look(conn, now), judge.policy.tally, key), "policy": judge.policy.version}
    if as_json:
        print_json(result)
        return
    for line in tally_lines(result):
        typer.echo(line)


def _tally_key(staff: str | None, window: str | None, period: str | None, today: date) -> str:
    from monitor.attendance.tallies import parse_tally_key

    whom = staff or window
    given = period or (f"{today:%Y}" if staff else f"{today:%Y-%m}")
    try:
        fits = parse_tally_key(f"{whom}/{given}").whose == ("staff" if staff else "window")
    except ValueError:
        fits = False
    if not fits:
        option, how = ("--year", "2026") if staff else ("--month", "2026-03")
        raise BadInput(f"{option}: {given!r} 应写作 write it as {how}")
    return f"{whom}/{given}"


def tally_lines(result: dict[str, Any]) -> Iterator[str]:
    """The tally as people read it, entry by entry."""
    from monitor.wording import happening_word, level_word, rule_title, state_word, subject_text

    whose = "staff" if "staff" in result else "window"
    yield (
        f"{'人员 staff' if whose == 'staff' else '窗口 window'} {result[whose]}   {result['period']}"
        f"   截至 as of {result['as_of'][:16].replace('T', ' ')}"
    )
    for entry in result["entries"]:
        kind, _, key = entry["subject"].partition(":")
        parts = [entry["date"], happening_word(entry["kind"]), subject_text(kind, key), entry["row"]]
        parts += [f"{entry['points']:g} 分 points", *(f"#{number}" for number in entry["cards"])]
        parts += [] if entry["confirmed"] else ["待查实 to be confirmed"]
        yield "  " + "  ".join(parts)
    sums, limits = result["sums"], result["limits"]
    limit = f"（满 limit {limits['sum_points']:g}）" if whose == "staff" else ""
    yield f"合计 sum {sums['confirmed']:g}{limit}   待查实 proposed {sums['proposed']:g}"
    for absence in result["absences"]:
        kind, _, key = absence["subject"].partition(":")
        yield f"  {absence['date']}  旷工半天 absent  {subject_text(kind, key)}  " + " ".join(
            f"#{number}" for number in absence["cards"]
        )
    longest = max((run["half_days"] for run in result["runs"]), default=0)
    yield (
        f"旷工半天 absent half days {result['counts']['absent']}（次 times {limits['absence_times']}）   "
        f"最长连续 longest run {longest}（{limits['absence_run_half_days']}）"
    )
    if whose == "staff":
        told = "  ".join(f"{month} {n}" for month, n in result["conduct"].items()) or "0"
        yield f"违反工作纪律 conduct（{limits['conduct_times']} 次/月）   {told}"
    for card in result["cards"]:
        yield f"#{card['number']}  {level_word(card['level'])}  {rule_title(card['rule'])}  {state_word(card['state'])}"
