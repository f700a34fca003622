"""`checkin.slot`: the sentences of DESIGN §5 about check-ins, one scenario each, and what holds for every day."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as replaced

from monitor.attendance.checkins import judge_slot
from monitor.attendance.facts import CheckIn, Closure, Leave, Outing, Slot, SlotFacts
from monitor.attendance.policy import CheckinPolicy, parse_presets
from monitor.attendance.proof import NOTHING_PROVEN
from monitor.attendance.slots import slots_on
from monitor.model import Hall, Registry, SourceState, Staff, Unit, Verdict, Wait
from monitor.workcal import build_calendar

FILE = Path(__file__).resolve().parents[2] / "config" / "policy" / "presets-attendance.toml"
PRESETS = parse_presets(tomllib.loads(FILE.read_text(encoding="utf-8")))
CALENDAR = build_calendar()
DAY = date(2026, 3, 4)
POLICY = CheckinPolicy()
REGISTRY = Registry(
    halls={"h": Hall(id="h")}, units={"u": Unit(id="u", hall="h")}, staff={"s": Staff(id="s", unit="u")}
)


def at(clock: str) -> datetime:
    """A local time of the day, `HH:MM` or `HH:MM:SS`, as UTC."""
    hour, minute, second = [*map(int, clock.split(":")), 0][:3]
    return datetime(2026, 3, 4, hour, minute, second, tzinfo=UTC) - timedelta(hours=8)


def told(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant.astimezone(CALENDAR.zone):%H:%M:%S}".removesuffix(":00")


def came(
    clock: str, direction: str | None = None, *, trusted: bool = True, received: str = "", n: int = 0, after: str = ""
) -> CheckIn:
    return CheckIn(
        id=f"t/{clock}{direction}{n}",
        staff="s",
        at=at(clock),
        received=at(received or clock),
        source="t",
        direction=direction,
        trusted=trusted,
        not_before=at(after) if after else None,
    )


def leave(start: str, end: str, *, approver: str | None = "boss", approved: str | None = "07:30") -> Leave:
    approved_at = at(approved) if approved else None
    return Leave(
        id="l", staff="s", kind="sick", start=at(start), end=at(end), approver=approver, approved_at=approved_at
    )


def slip(start: str, end: str) -> Outing:
    return Outing(id="o", staff="s", start=at(start), end=at(end))


def slots_of(preset: str = "tongshan") -> dict[str, Slot]:
    return {slot.name: slot for slot in slots_on(PRESETS[preset], DAY, CALENDAR)}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A scenario. `marks`: watermarks of the terminals (None: nothing proven); empty: all delivered up to `now`."""

    why: str
    now: str
    outcome: str
    slot: str = "am_in"
    preset: str = "tongshan"
    checkins: tuple[CheckIn, ...] = ()
    marks: tuple[str | None, ...] = ()
    sources: tuple[SourceState, ...] | None = None
    leaves: tuple[Leave, ...] = ()
    outings: tuple[Outing, ...] = ()
    closures: tuple[Closure, ...] = ()
    expected: bool = True
    published: bool = True
    watched_from: str | None = None
    levels: dict[str, str] = field(default_factory=dict)
    cleared: str | None = None
    waits: str | None = None
    next_check: str | None = None
    stale: str | None = None
    code: str | None = None

    def facts(self) -> SlotFacts:
        slots = slots_of(self.preset)
        slot = slots[self.slot]
        marks = self.marks or (self.now,)
        states = tuple(SourceState(id=f"t{i}", watermark=m and at(m)) for i, m in enumerate(marks))
        return SlotFacts(
            staff="s",
            date=DAY,
            slot=slot,
            session=tuple(s for s in slots.values() if s.session == slot.session),
            checkins=self.checkins,
            sources=states if self.sources is None else self.sources,
            leaves=self.leaves,
            outings=self.outings,
            closures=self.closures,
            registry=REGISTRY,
            expected=self.expected,
            published=self.published,
            watched_from=self.watched_from and at(self.watched_from),
        )

    def judge(self) -> Verdict:
        return judge_slot(self.facts(), POLICY, CALENDAR, at(self.now))


def lost(start: str, end: str, mark: str) -> tuple[SourceState, ...]:
    return (SourceState(id="t", watermark=at(mark), lost=((at(start), at(end)),)),)


def wrong_since(clock: str) -> tuple[SourceState, ...]:
    """A terminal that rebooted then, and whose clock has been wrong since; it delivers."""
    return (SourceState(id="t", watermark=at("19:00"), trusted=False, trusted_to=at(clock)),)


UNTRUSTED = (SourceState(id="t", watermark=at("19:00"), trusted=False),)
REMINDED = {"reminder": "08:30"}
YELLOW = REMINDED | {"yellow": "08:45"}
RED = YELLOW | {"red": "13:00"}

IN_SLOT = [
    Case(why="before due the slot is pending", now="08:00", outcome="pending", next_check="08:30"),
    Case(
        why="a silent terminal keeps nobody pending any less before due",
        now="08:00",
        marks=(None,),
        outcome="pending",
        next_check="08:30",
    ),
    Case(
        why="an on-time check-in settles the slot at once, without any watermark",
        now="08:26",
        checkins=(came("08:25"),),
        marks=(None,),
        outcome="ok",
    ),
    Case(why="a check-in at due itself is in time", now="08:30", checkins=(came("08:30"),), outcome="ok"),
    Case(
        why="before the slot opens a check-in does not count",
        now="08:30",
        checkins=(came("06:59", "in"),),
        outcome="reminder",
        levels=REMINDED,
        next_check="08:45",
    ),
    Case(
        why="due reached without check-in is a reminder, at due itself",
        now="08:30",
        outcome="reminder",
        levels=REMINDED,
        next_check="08:45",
    ),
    Case(
        why="no reminder goes beyond the watermark",
        now="08:31",
        marks=("08:29:59",),
        outcome="unknown",
        waits="08:30",
        next_check="08:45",
        stale="13:00",
    ),
    Case(
        why="the watermark is the lowest over the terminals that the person may use, and only that one is waited for",
        now="08:31",
        marks=("08:31", "08:20"),
        outcome="unknown",
        waits="08:30",
        next_check="08:45",
        stale="13:00",
    ),
    Case(
        why="late by up to 15 minutes is recorded and leaves no card (A03)",
        now="08:46",
        checkins=(came("08:45"),),
        outcome="late",
        levels=REMINDED,
        cleared="08:45",
    ),
    Case(
        why="late is late only up to the watermark, before that unknown",
        now="08:41",
        checkins=(came("08:40"),),
        marks=("08:29",),
        outcome="unknown",
        waits="08:30",
        stale="13:00",
        next_check="13:00",
    ),
    Case(
        why="late needs the watermark to reach due, no further",
        now="08:41",
        checkins=(came("08:40"),),
        marks=("08:30",),
        outcome="late",
        levels=REMINDED,
        cleared="08:40",
    ),
    Case(
        why="15 minutes after due without check-in is yellow, at that instant",
        now="08:45",
        outcome="yellow",
        levels=YELLOW,
        next_check="13:00",
    ),
    Case(
        why="a check-in later than 15 minutes clears the yellow at its own time; the verdict stays",
        now="10:00",
        checkins=(came("08:46", "in"),),
        outcome="yellow",
        levels=YELLOW,
        cleared="08:46",
    ),
    Case(
        why="a second past the quarter of an hour is later than 15 minutes",
        now="10:00",
        checkins=(came("08:45:01", "in"),),
        outcome="yellow",
        levels=YELLOW,
        cleared="08:45:01",
    ),
    Case(
        why="a late one is yellow only once the watermark proves the 15 minutes; its reminder is proven already",
        now="09:01",
        checkins=(came("09:00", "in"),),
        marks=("08:44",),
        outcome="unknown",
        levels=REMINDED,
        cleared="09:00",
        waits="08:45",
        stale="13:00",
        next_check="13:00",
    ),
    Case(
        why="once the watermark stops, the reminder that was proven stays",
        now="08:50",
        marks=("08:40",),
        outcome="unknown",
        levels=REMINDED,
        waits="08:45",
        stale="13:00",
        next_check="13:00",
    ),
    Case(
        why="the first in counts, not a later one",
        now="12:00",
        checkins=(came("09:30", "in"), came("08:20", "in")),
        outcome="ok",
    ),
    Case(
        why="no check-in in any slot of the session is red when its last slot closes (旷工半天, A07)",
        now="13:00",
        outcome="red",
        levels=RED,
    ),
    Case(
        why="until the session's last slot closes it is no more than yellow",
        now="12:59:59",
        outcome="yellow",
        levels=YELLOW,
        next_check="13:00",
    ),
    Case(
        why="the red too waits for the watermark",
        now="13:10",
        marks=("12:00",),
        outcome="unknown",
        levels=YELLOW,
        waits="13:00",
        stale="13:00",
    ),
    Case(
        why="with any check-in in the session the in-slot never exceeds yellow",
        now="14:00",
        checkins=(came("12:10", "out"),),
        outcome="yellow",
        levels=YELLOW,
    ),
    Case(
        why="a check-in at the session's very end still counts for the person",
        now="14:00",
        checkins=(came("13:00", "out"),),
        outcome="yellow",
        levels=YELLOW,
    ),
    Case(
        why="a check-in of the other half day does not save the session",
        now="14:00",
        checkins=(came("13:01", "in"),),
        outcome="red",
        levels=RED,
    ),
    Case(
        why="where nobody signs out, the session ends when its in-slot closes (Tianyang)",
        preset="tianyang",
        now="12:00",
        outcome="red",
        levels=YELLOW | {"red": "12:00"},
    ),
    Case(
        why="a check-in received after now does not count",
        now="08:40",
        checkins=(came("08:20", received="09:30"),),
        outcome="reminder",
        levels=REMINDED,
        next_check="08:45",
    ),
    Case(
        why="a check-in stored already with a time ahead of now counts from that time on",
        now="08:40",
        checkins=(came("08:41", received="08:40"),),
        outcome="reminder",
        levels=REMINDED,
        next_check="08:41",
    ),
    Case(
        why="the backlog of a silent terminal settles the slot afterwards",
        now="12:30",
        checkins=(came("08:20", received="12:00"),),
        marks=("12:30",),
        outcome="ok",
    ),
]

DIRECTION = [
    Case(
        why="without direction: in, while the in-slot is empty and less than half the session is gone",
        now="10:20",
        checkins=(came("10:14"),),
        outcome="yellow",
        levels=YELLOW,
        cleared="10:14",
    ),
    Case(
        why="without direction: out, once half of the session is gone, even if nobody came in",
        now="11:00",
        checkins=(came("10:15"),),
        outcome="yellow",
        levels=YELLOW,
    ),
    Case(
        why="without direction: out, once the in-slot is filled",
        slot="am_out",
        now="13:00",
        checkins=(came("08:20"), came("09:00")),
        outcome="yellow",
        levels={"yellow": "09:00"},
    ),
    Case(
        why="an in outside the in-slot's window leaves it empty for the next one",
        preset="haojob",
        now="09:10",
        checkins=(came("08:10"), came("08:50")),
        outcome="ok",
    ),
    Case(
        why="a check-in between two sessions belongs to neither",
        preset="haojob",
        slot="pm_in",
        now="13:00",
        checkins=(came("12:18"),),
        outcome="reminder",
        levels={"reminder": "13:00"},
        next_check="13:15",
    ),
    Case(
        why="a morning's check-in does not fill the afternoon's in-slot",
        slot="pm_in",
        now="14:00",
        checkins=(came("08:20"), came("12:05"), came("13:55")),
        outcome="ok",
    ),
    Case(
        why="a duplicate of a check-in without direction is not the way out",
        slot="am_out",
        now="13:00",
        checkins=(came("08:40"), came("08:40")),
        outcome="yellow",
        levels={"yellow": "13:00"},
    ),
]

OUT_SLOT = [
    Case(
        why="an out-slot is pending until it closes", slot="am_out", now="12:59", outcome="pending", next_check="13:00"
    ),
    Case(
        why="out at due or later settles the slot at once",
        slot="am_out",
        now="12:01",
        checkins=(came("08:20"), came("12:00")),
        marks=(None,),
        outcome="ok",
    ),
    Case(
        why="out before due is judged at closes, because the last out counts",
        slot="am_out",
        now="12:30",
        checkins=(came("08:20"), came("11:00")),
        outcome="pending",
        next_check="13:00",
    ),
    Case(
        why="the last out counts",
        slot="am_out",
        now="13:00",
        checkins=(came("08:20"), came("11:00"), came("12:30", "out")),
        outcome="ok",
    ),
    Case(
        why="out up to 15 minutes early is early and leaves no card (A04)",
        slot="am_out",
        now="13:00",
        checkins=(came("08:20"), came("11:45")),
        outcome="early",
    ),
    Case(
        why="out more than 15 minutes early is yellow since that check-out",
        slot="am_out",
        now="13:00",
        checkins=(came("08:20"), came("11:44:59")),
        outcome="yellow",
        levels={"yellow": "11:44:59"},
    ),
    Case(
        why="a late-coming backlog could hold a later out, so early waits for the watermark",
        slot="am_out",
        now="13:05",
        checkins=(came("08:20"), came("11:00")),
        marks=("12:00",),
        outcome="unknown",
        waits="13:00",
        stale="13:00",
    ),
    Case(
        why="a watermark just short of the session's end is on its way: operators are told three minutes later",
        slot="am_out",
        now="13:00",
        checkins=(came("08:20"),),
        marks=("12:59:30",),
        outcome="unknown",
        waits="13:00",
        stale="13:03",
        next_check="13:03",
    ),
    Case(
        why="none at closes is yellow since closes, if the person was there at all",
        slot="am_out",
        now="13:00",
        checkins=(came("08:20"),),
        outcome="yellow",
        levels={"yellow": "13:00"},
    ),
    Case(
        why="a session without check-in has one red, on the in-slot, and no card on the out-slot",
        slot="am_out",
        now="13:00",
        outcome="merged",
    ),
    Case(
        why="an out after closes does not count",
        slot="am_out",
        now="14:00",
        checkins=(came("08:20"), came("13:00:01", "out")),
        outcome="yellow",
        levels={"yellow": "13:00"},
    ),
]

EXCUSES = [
    Case(
        why="leave that covers due excuses the slot", now="14:00", leaves=(leave("08:00", "12:00"),), outcome="excused"
    ),
    Case(
        why="leave is [start, end): it excuses what is due at its start",
        now="09:00",
        leaves=(leave("08:30", "09:00"),),
        outcome="excused",
    ),
    Case(
        why="leave that ends at due does not cover it",
        now="08:30",
        leaves=(leave("07:00", "08:30"),),
        outcome="reminder",
        levels=REMINDED,
        next_check="08:45",
    ),
    Case(
        why="leave without approver does not count",
        now="08:45",
        leaves=(leave("08:00", "12:00", approver=None),),
        outcome="yellow",
        levels=YELLOW,
        next_check="13:00",
    ),
    Case(
        why="leave without a time of approval does not count",
        now="08:45",
        leaves=(leave("08:00", "12:00", approved=None),),
        outcome="yellow",
        levels=YELLOW,
        next_check="13:00",
    ),
    Case(
        why="leave approved afterwards counts from its approval on (B06 is another matter)",
        now="09:30",
        leaves=(leave("08:00", "12:00", approved="09:30"),),
        outcome="excused",
    ),
    Case(
        why="until it is approved the slot is judged, and looked at again at the approval",
        now="09:00",
        leaves=(leave("08:00", "12:00", approved="09:30"),),
        outcome="yellow",
        levels=YELLOW,
        next_check="09:30",
    ),
    Case(
        why="leave of somebody else excuses nobody",
        now="08:30",
        leaves=(replace(leave("08:00", "12:00"), staff="other"),),
        outcome="reminder",
        levels=REMINDED,
        next_check="08:45",
    ),
    Case(
        why="a closure that covers due excuses the slot",
        now="14:00",
        closures=(Closure(id="c", start=at("08:00"), end=at("09:00")),),
        outcome="excused",
    ),
    Case(
        why="excused needs no watermark",
        now="14:00",
        leaves=(leave("08:00", "12:00"),),
        marks=(None,),
        outcome="excused",
    ),
    Case(
        why="an outing slip moves the in-slot's due to its end",
        now="08:50",
        outings=(slip("08:20", "08:50"),),
        checkins=(came("08:50"),),
        outcome="ok",
    ),
    Case(
        why="an outing slip moves due at most 30 minutes after its own start, and the levels move along",
        now="09:05",
        outings=(slip("08:20", "10:00"),),
        outcome="yellow",
        levels={"reminder": "08:50", "yellow": "09:05"},
        next_check="13:00",
    ),
    Case(
        why="a slip whose 30 minutes are over before due moves nothing",
        now="08:30",
        outings=(slip("07:50", "09:00"),),
        outcome="reminder",
        levels=REMINDED,
        next_check="08:45",
    ),
    Case(
        why="leave that covers the planned due excuses, though a slip has moved it",
        now="14:00",
        leaves=(leave("08:00", "08:40"),),
        outings=(slip("08:20", "08:50"),),
        outcome="excused",
    ),
    Case(
        why="leave that covers the moved due excuses too",
        now="14:00",
        leaves=(leave("08:40", "12:00"),),
        outings=(slip("08:20", "08:50"),),
        outcome="excused",
    ),
    Case(
        why="out on a slip at the end of the session, the person may leave when it starts",
        slot="am_out",
        now="13:00",
        checkins=(came("08:20"), came("11:40")),
        outings=(slip("11:40", "12:10"),),
        outcome="ok",
    ),
    Case(
        why="leaving more than 15 minutes before the slip starts is leaving early",
        slot="am_out",
        now="13:00",
        checkins=(came("08:20"), came("11:20")),
        outings=(slip("11:40", "12:10"),),
        outcome="yellow",
        levels={"yellow": "11:20"},
    ),
]

DOUBT = [
    Case(
        why="a person whom no terminal in service serves is unwatched",
        now="14:00",
        sources=(),
        outcome="unwatched",
    ),
    Case(
        why="evidence of presence still counts where no terminal is in service",
        now="14:00",
        sources=(),
        checkins=(came("08:20"),),
        outcome="ok",
    ),
    Case(
        why="a slot of an unpublished year is unknown, and operators have the calendar's own reminder",
        now="14:00",
        published=False,
        outcome="unknown",
    ),
    Case(why="a slot that is no longer on the plan is closed", now="14:00", expected=False, outcome="closed"),
    Case(
        why="an untrusted time never proves lateness: review",
        now="09:00",
        checkins=(came("08:40", trusted=False),),
        outcome="review",
    ),
    Case(
        why="the review of an untrusted check-in waits for no watermark but that of its own source",
        now="09:00",
        checkins=(came("08:40", trusted=False),),
        sources=(SourceState(id="t", watermark=at("08:10")),),
        outcome="review",
        waits="08:40",
    ),
    Case(
        why="an untrusted check-in that would be in time counts as present",
        now="09:00",
        checkins=(came("08:20", trusted=False),),
        outcome="ok",
    ),
    Case(
        why="the first terminal was installed after the due time: nobody could have checked in",
        now="14:00",
        watched_from="08:30:01",
        outcome="unwatched",
    ),
    Case(
        why="installed at the due time: the slot is watched",
        now="09:00",
        watched_from="08:30",
        outcome="yellow",
        levels={"reminder": "08:30", "yellow": "08:45"},
        next_check="13:00",
    ),
    Case(
        why="a check-in in time settles the slot wherever it came from",
        now="14:00",
        slot="am_out",
        checkins=(came("12:10"),),
        watched_from="12:05",
        outcome="ok",
    ),
    Case(
        why="absence that rests on a terminal with an untrusted clock goes to review",
        now="09:00",
        sources=UNTRUSTED,
        outcome="review",
        waits="20:00",
    ),
    Case(
        why="so does the absence of a whole session",
        now="14:00",
        sources=UNTRUSTED,
        outcome="review",
        waits="20:00",
    ),
    Case(
        why="a trusted late check-in is not late while another terminal's clock is untrusted",
        now="09:00",
        checkins=(came("08:40"),),
        sources=(*UNTRUSTED, SourceState(id="t1", watermark=at("09:00"))),
        outcome="review",
        waits="20:00",
    ),
    Case(
        why="an untrusted clock does not make up for silence: beyond the watermark it is still unknown",
        now="09:00",
        sources=(SourceState(id="t", watermark=at("08:00"), trusted=False),),
        outcome="unknown",
        waits="08:30",
        stale="13:00",
        next_check="13:00",
    ),
    Case(
        why="an untrusted check-in received in the session may have been the missing one: review, no red",
        now="14:00",
        checkins=(came("03:00", trusted=False, received="08:20"),),
        outcome="review",
    ),
    Case(
        why="an untrusted check-in made after the boundary was not missing then; no red, for it was one",
        now="14:00",
        checkins=(came("12:05", trusted=False, after="11:50"),),
        outcome="yellow",
        levels={"reminder": "08:30", "yellow": "08:45"},
    ),
    Case(
        why="made after the due time, and perhaps within the fifteen minutes: review from there",
        now="14:00",
        checkins=(came("12:05", trusted=False, after="08:40"),),
        outcome="review",
        levels={"reminder": "08:30"},
        cleared="08:45",
    ),
    Case(
        why="an untrusted check-out received in the session leaves the in-slot at yellow",
        now="14:00",
        checkins=(came("03:00", "out", trusted=False, received="12:05"),),
        outcome="yellow",
        levels=YELLOW,
    ),
    Case(
        why="leaving early on an untrusted clock goes to review",
        slot="am_out",
        now="13:00",
        checkins=(came("08:20"), came("11:00", trusted=False)),
        outcome="review",
    ),
    Case(
        why="no check-out at a terminal with an untrusted clock goes to review",
        slot="am_out",
        now="13:00",
        checkins=(came("08:20"),),
        sources=UNTRUSTED,
        outcome="review",
        waits="20:00",
    ),
    Case(
        why="what was proven before a terminal's clock went wrong stands, the red beyond it is for review",
        now="14:00",
        sources=wrong_since("09:00"),
        outcome="review",
        levels={"reminder": "08:30", "yellow": "08:45"},
        waits="20:00",
    ),
    Case(
        why="a reminder ends where nothing more can be said by a wrong clock",
        now="09:00",
        sources=wrong_since("08:40"),
        outcome="review",
        levels={"reminder": "08:30"},
        cleared="08:45",
        waits="20:00",
    ),
    Case(
        why="a clock that goes wrong in the afternoon takes nothing from the morning: late",
        now="18:00",
        checkins=(came("08:40"),),
        sources=wrong_since("14:00"),
        outcome="late",
        levels={"reminder": "08:30"},
        cleared="08:40",
    ),
    Case(
        why="… the whole session absent",
        now="18:00",
        sources=wrong_since("13:00"),
        outcome="red",
        levels={"reminder": "08:30", "yellow": "08:45", "red": "13:00"},
    ),
    Case(
        why="… no check-out",
        now="18:00",
        slot="am_out",
        checkins=(came("08:20"),),
        sources=wrong_since("13:00"),
        outcome="yellow",
        levels={"yellow": "13:00"},
    ),
    Case(
        why="data declared lost over due yield no lateness and no absence: unproven",
        now="14:00",
        sources=lost("08:20", "08:40", "14:00"),
        outcome="unproven",
    ),
    Case(
        why="the loss of a boundary's very instant counts for the person",
        now="08:44",
        sources=lost("08:30", "08:40", "08:44"),
        outcome="unproven",
        next_check=None,
    ),
    Case(
        why="a loss that ended when the slot opened takes nothing away",
        now="14:00",
        sources=lost("05:00", "07:00", "14:00"),
        outcome="red",
        levels=RED,
    ),
    Case(
        why="a proven on-time check-in still wins over a loss",
        now="14:00",
        checkins=(came("08:10"),),
        sources=lost("08:20", "08:40", "14:00"),
        outcome="ok",
    ),
    Case(
        why="a loss between due and the yellow leaves the reminder that was proven, and ends it",
        now="14:00",
        sources=lost("08:35", "08:40", "14:00"),
        outcome="unproven",
        levels=REMINDED,
        cleared="08:45",
    ),
    Case(
        why="a loss later in the session takes the red away, not the yellow that was proven before it",
        now="14:00",
        sources=lost("10:00", "11:00", "14:00"),
        outcome="yellow",
        levels=YELLOW,
    ),
    Case(
        why="late by some minutes is late, whatever was lost afterwards",
        now="14:00",
        checkins=(came("08:40"),),
        sources=lost("10:00", "11:00", "14:00"),
        outcome="late",
        levels=REMINDED,
        cleared="08:40",
    ),
    Case(
        why="an out-slot without check-out is unproven where it may have been lost",
        slot="am_out",
        now="13:00",
        checkins=(came("08:20"),),
        sources=lost("11:00", "12:30", "13:00"),
        outcome="unproven",
    ),
    Case(
        why="a loss before the last out cannot hold a later one",
        slot="am_out",
        now="13:00",
        checkins=(came("08:20"), came("11:00")),
        sources=lost("09:00", "10:00", "13:00"),
        outcome="yellow",
        levels={"yellow": "11:00"},
    ),
]

CASES = [*IN_SLOT, *DIRECTION, *OUT_SLOT, *EXCUSES, *DOUBT]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.why)
def test_scenario(case: Case) -> None:
    verdict = case.judge()
    assert verdict.outcome.value == case.outcome, verdict.reason
    levels = {level.word: told(since) for spell in verdict.spells for level, since in spell.levels}
    assert levels == case.levels
    assert [told(s.cleared_at) for s in verdict.spells] == ([case.cleared] if case.levels else [])
    assert {told(w.until) for w in verdict.waits} == ({case.waits} if case.waits else set())
    assert told(verdict.next_check_at) == case.next_check
    assert told(verdict.stale_at) == case.stale
    assert verdict.rule == "checkin.slot"
    assert verdict.reason.code.startswith("checkin.slot.")


def test_no_two_scenarios_say_the_same() -> None:
    assert len({case.why for case in CASES}) == len(CASES)


def test_only_the_terminals_short_of_the_boundary_are_waited_for() -> None:
    verdict = Case(why="", now="08:31", marks=("08:31", "08:20", None), outcome="unknown").judge()
    assert verdict.waits == (Wait(source="t1", until=at("08:30")), Wait(source="t2", until=at("08:30")))


def test_the_card_stands_in_the_persons_unit_and_charges_the_person() -> None:
    (spell,) = Case(why="", now="08:45", outcome="yellow").judge().spells
    assert (spell.charge.hall, spell.charge.unit, spell.charge.staff) == ("h", "u", "s")
    assert (spell.began, spell.since) == (at("08:30"), at("08:45"))


def test_the_reason_gives_the_figures_as_json_values() -> None:
    verdict = Case(why="", now="09:00", checkins=(came("08:50:30", "in"),), outcome="yellow").judge()
    assert verdict.reason.code == "checkin.slot.very_late"
    assert verdict.reason.figures == {
        "staff": "s",
        "date": "2026-03-04",
        "slot": "am_in",
        "direction": "in",
        "due": "2026-03-04T00:30:00+00:00",
        "at": "2026-03-04T00:50:30+00:00",
        "evidence": "t/08:50:30in0",
        "minutes": 21,
    }


def test_a_moved_due_names_the_planned_one() -> None:
    verdict = Case(why="", now="08:55", outings=(slip("08:20", "08:50"),), outcome="reminder").judge()
    assert verdict.reason.figures["planned_due"] == at("08:30").isoformat()


def test_a_slip_moves_closes_along_where_the_window_would_be_shut_before_the_return() -> None:
    tight = replace(slots_of("tianyang")["am_in"], closes=at("08:30"))
    facts = replace(
        Case(why="", now="09:00", outcome="", preset="tianyang", outings=(slip("08:20", "08:50"),)).facts(),
        slot=tight,
        session=(tight,),
        checkins=(came("08:49"),),
    )
    assert judge_slot(facts, POLICY, CALENDAR, at("09:00")).outcome.value == "ok"


@pytest.mark.parametrize(
    ("case", "judged_to"),
    [
        pytest.param(Case(why="", now="09:00", marks=("08:50",), outcome=""), "08:50", id="up to the watermark"),
        pytest.param(Case(why="", now="09:00", marks=("09:30",), outcome=""), "09:00", id="never beyond now"),
        pytest.param(
            Case(why="", now="09:00", marks=("08:50",), leaves=(leave("08:00", "10:00"),), outcome=""),
            "09:00",
            id="all of it where leave excuses: no card ever held",
        ),
        pytest.param(
            Case(why="", now="09:00", marks=("07:00",), checkins=(came("08:00"),), outcome=""),
            "09:00",
            id="all of it where the person was in time",
        ),
        pytest.param(
            Case(why="", now="09:00", checkins=(came("08:40", trusted=False),), outcome=""),
            "08:29:59",
            id="short of due in a review: cards issued on better evidence are left to people",
        ),
    ],
)
def test_how_far_the_facts_carry(case: Case, judged_to: str) -> None:
    assert told(case.judge().judged_to.replace(microsecond=0)) == judged_to


def test_nothing_proven_withdraws_nothing() -> None:
    assert Case(why="", now="09:00", marks=(None,), outcome="").judge().judged_to == NOTHING_PROVEN


# --------------------------------------------------------------------------- properties

MINUTES = st.integers(6 * 60, 14 * 60).map(lambda m: f"{m // 60:02}:{m % 60:02}")
CHECKINS = st.lists(
    st.builds(
        came,
        MINUTES,
        st.sampled_from([None, None, "in", "out"]),
        trusted=st.sampled_from([True, True, True, False]),
        received=st.just("06:00"),
        n=st.integers(0, 1),
    ),
    max_size=4,
    unique_by=lambda c: c.id,
).map(tuple)
SPANS = st.tuples(MINUTES, MINUTES).filter(lambda s: s[0] < s[1])
GRAVITY = {"reminder": 1, "yellow": 2, "red": 3}


@st.composite
def days(draw: st.DrawFn) -> SlotFacts:
    """Facts of one slot, with every kind of evidence, loss and doubt."""
    spans = draw(st.lists(SPANS, max_size=1))
    sources = tuple(
        SourceState(
            id=f"t{i}",
            watermark=draw(st.none() | MINUTES.map(at)),
            trusted=draw(st.sampled_from([True, True, True, False])),
            lost=tuple((at(a), at(b)) for a, b in spans) if i == 0 else (),
        )
        for i in range(draw(st.integers(1, 2)))
    )
    case = Case(
        why="",
        now="06:00",
        outcome="",
        slot=draw(st.sampled_from(["am_in", "am_out"])),
        checkins=draw(CHECKINS),
        sources=sources,
        leaves=tuple(leave(a, b, approved="06:00") for a, b in draw(st.lists(SPANS, max_size=1))),
        outings=tuple(slip(a, b) for a, b in draw(st.lists(SPANS, max_size=1))),
    )
    return rostered(draw, case.facts())


def rostered(draw: st.DrawFn, facts: SlotFacts) -> SlotFacts:
    """The same under plans of every kind: flexible hours, a preset's own values, time off in lieu, a power cut of all
    terminals, an approved correction, windows of two sessions that overlap.
    """
    flex = draw(st.sampled_from([0, 0, 20]))
    cut = draw(st.lists(SPANS, max_size=1))
    facts = replace(
        facts,
        slot=replace(facts.slot, flex_minutes=flex if facts.slot.direction == "in" else 0),
        session=tuple(replace(s, flex_minutes=flex if s.direction == "in" else 0) for s in facts.session),
        own=draw(st.sampled_from([(), (("late_over_15", "absent"),), (("late_over_15", "absent_from"),)])),
        sources=tuple(replaced(s, lost=(*s.lost, *((at(a), at(b)) for a, b in cut))) for s in facts.sources),
        leaves=(*facts.leaves, *(replace(leave(a, b, approved="06:00"), id="v", kind="lieu")
                                 for a, b in draw(st.lists(SPANS, max_size=1)))),
    )  # fmt: skip
    if draw(st.booleans()):
        facts = replace(facts, slots=(*facts.session, *draw(st.sampled_from(OTHER_SESSIONS))))
    if draw(st.booleans()):
        slot = draw(st.sampled_from(facts.session))
        clock = draw(st.integers(0, int((slot.closes - slot.opens).total_seconds() // 60)))
        written = came("06:00", slot.direction, received="06:00", n=9)
        moment = slot.opens + timedelta(minutes=clock)
        facts = replace(facts, checkins=(*facts.checkins, replace(written, at=moment, slot=slot.name)))
    return facts


OTHER_SESSIONS = [
    tuple(s for s in slots_of("tongshan").values() if s.session == "pm"),
    tuple(replace(s, opens=s.opens - timedelta(hours=2)) for s in slots_of("tongshan").values() if s.session == "pm"),
]
"""The afternoon as it is, and as it would overlap the forenoon."""


def gravity(verdict: Verdict) -> int:
    return max((GRAVITY[s.level.word] for s in verdict.spells), default=0)


def essence(verdict: Verdict) -> tuple[object, ...]:
    return verdict.outcome, verdict.spells, verdict.waits, verdict.reason


def settled(facts: SlotFacts, now: datetime) -> SlotFacts:
    """The facts with only those check-ins that have happened by `now`, so that a later now brings no new one."""
    return replace(facts, checkins=tuple(c for c in facts.checkins if c.at <= now))


@settings(max_examples=150, deadline=None)
@given(days(), MINUTES, st.randoms(use_true_random=False))
def test_order_and_repetition_of_evidence_do_not_matter(facts: SlotFacts, now: str, random: object) -> None:
    shuffled = [*facts.checkins, *facts.checkins]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again = replace(facts, checkins=tuple(shuffled), sources=facts.sources[::-1])
    one, other = (judge_slot(f, POLICY, CALENDAR, at(now)) for f in (facts, again))
    assert (one.outcome, one.spells, set(one.waits), one.next_check_at) == (
        other.outcome,
        other.spells,
        set(other.waits),
        other.next_check_at,
    )


@settings(max_examples=150, deadline=None)
@given(days(), MINUTES, MINUTES)
def test_a_later_now_never_lowers_a_level(facts: SlotFacts, one: str, other: str) -> None:
    earlier, later = sorted((at(one), at(other)))
    facts = settled(facts, earlier)
    assert gravity(judge_slot(facts, POLICY, CALENDAR, later)) >= gravity(judge_slot(facts, POLICY, CALENDAR, earlier))


@settings(max_examples=150, deadline=None)
@given(days(), MINUTES)
def test_nothing_changes_before_the_next_check(facts: SlotFacts, now: str) -> None:
    verdict = judge_slot(facts, POLICY, CALENDAR, at(now))
    if verdict.next_check_at is not None:
        assert verdict.next_check_at > at(now)
    until = verdict.next_check_at or at("20:00")
    for moment in (at(now) + (until - at(now)) / 2, until - timedelta(microseconds=1)):
        assert essence(judge_slot(facts, POLICY, CALENDAR, moment)) == essence(verdict)


@settings(max_examples=150, deadline=None)
@given(days(), MINUTES, MINUTES)
def test_a_longer_watermark_lowers_no_level_and_accuses_only_of_absence(facts: SlotFacts, now: str, mark: str) -> None:
    longer = replace(
        facts,
        sources=tuple(replace(s, watermark=max(s.watermark or at(mark), at(mark))) for s in facts.sources),
    )
    before, after = (judge_slot(f, POLICY, CALENDAR, at(now)) for f in (facts, longer))
    if before.outcome.value != "review" and after.outcome.value != "review":
        assert gravity(after) >= gravity(before)
    if before.outcome.value in ("ok", "excused", "late", "early", "closed"):
        assert after.outcome is before.outcome


@settings(max_examples=150, deadline=None)
@given(days(), MINUTES)
def test_no_card_rests_on_silence_doubt_or_loss(facts: SlotFacts, now: str) -> None:
    """Each level's instant lies within every watermark, no source is doubted, nothing around it was lost."""
    verdict = judge_slot(facts, POLICY, CALENDAR, at(now))
    for spell in verdict.spells:
        slot = facts.slot
        start, needed = (slot.opens, spell.since)
        if slot.direction == "out":
            start, needed = (spell.since if spell.since < slot.closes else slot.opens), slot.closes
        assert all(s.watermark is not None and s.watermark >= needed for s in facts.sources)
        assert all(s.trusted for s in facts.sources)
        assert not any(lost_from <= needed and start < lost_to for s in facts.sources for lost_from, lost_to in s.lost)


@settings(max_examples=150, deadline=None)
@given(days(), MINUTES, MINUTES)
def test_one_more_check_in_never_makes_it_worse(facts: SlotFacts, now: str, clock: str) -> None:
    """Of an explicit `in` on an in-slot; the way out is another matter, where the last one counts. And not where coming
    late is counted as absence: only who has come has come late (docs/adr/0026).
    """
    if facts.own or facts.slot.direction == "out" or any(not c.trusted or c.direction is None for c in facts.checkins):
        return
    more = replace(facts, checkins=(*facts.checkins, came(clock, "in", received="06:00", n=7)))
    before, after = (judge_slot(f, POLICY, CALENDAR, at(now)) for f in (facts, more))
    assert gravity(after) <= gravity(before)
