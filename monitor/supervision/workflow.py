"""The card's state machine (监察工作流): what people may do to a card, from where, and what it then is. Pure.

`open → acknowledged → answered → closed`, or `withdrawn` after an appeal (DESIGN §6); beside the state a card may carry
a supervision order (督办, H15), an appeal (申诉, G15, G16) and, for a bad rating (差评), the steps of its follow-up
(国办发〔2019〕51号: verify → rectify → call back; misjudged and malicious ones are set aside).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from monitor.access import Principal, Target, refusal
from monitor.model import Level, Reason

STANDING: Final = ("open", "acknowledged", "answered")
ENDED: Final = ("closed", "withdrawn")
ORDER_KINDS: Final = ("on_site", "meeting", "instruction", "media")
"""现场督办, 会议集中督办, 领导批示督办, 媒体跟踪 (H15)."""
RESULTS: Final = ("rectified", "explained", "founded", "unfounded", "other")
"""已整改, 说明成立, 属实, 不属实, 其他: with what a card is closed."""
FINDINGS: Final = ("founded", "misjudged", "malicious")
"""属实, 误评, 恶意: what the verification of a bad rating finds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """A card as its workflow sees it. `place` says where it stands and who answers for it."""

    number: int
    rule: str
    level: Level
    state: str
    place: Target
    issuer: str | None = None
    appeal: str | None = None
    appellant: str | None = None
    followup: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """A step that is allowed: the columns that it changes on the card, and what its history keeps of it."""

    values: Mapping[str, Any]
    body: Mapping[str, Any] = field(default_factory=dict)


Given = Mapping[str, Any]
"""What a step is given beside its reason: `promised_at`, `result`, `kind`, `due` … (instants aware)."""
Guard = Callable[[Work, Principal, Given, datetime], "Reason | None"]
Effect = Callable[[Work, Given], Done]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing that people do to a card. `takes`: what it may be given; `guards` are asked after role and state."""

    action: str
    states: tuple[str, ...]
    effect: Effect
    takes: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()


def take(work: Work, step: str, who: Principal, given: Given, now: datetime) -> Done | Reason:
    """What the step does to the card, or why it is refused (a reason that `wording` renders).

    Asked in this order: may this role do it here, does the state allow it, is the card of that sort, is what was given
    of use. ValueError for a step that there is not, or something given that it does not take.
    """
    found = STEPS[step]
    strange = sorted(set(given) - set(found.takes))
    if strange:
        raise ValueError(f"{step}: takes no {', '.join(strange)}")
    no = refusal(who, found.action, work.place)
    if no is not None:
        return no
    if work.state not in found.states:
        return _no("state", work, step=step, state=work.state, states=list(found.states))
    for guard in found.guards:
        no = guard(work, who, given, now)
        if no is not None:
            return no
    return found.effect(work, given)


def possible(work: Work, who: Principal) -> list[str]:
    """The steps that role and state allow this person now, in the order of `STEPS`; for pages that show no others."""
    return [
        name
        for name, step in STEPS.items()
        if refusal(who, step.action, work.place) is None
        and work.state in step.states
        and not any(guard in _OF_THE_CARD and guard(work, who, {}, _NEVER) is not None for guard in step.guards)
    ]


def _no(code: str, work: Work, **figures: Any) -> Reason:
    return Reason(code=f"work.{code}", figures={"number": work.number, **figures})


# --------------------------------------------------------------------------- guards


def _is_bad_rating(work: Work, who: Principal, given: Given, now: datetime) -> Reason | None:
    return None if work.rule == "rating.bad" else _no("no_rating", work, rule=work.rule)


def _is_founded(work: Work, who: Principal, given: Given, now: datetime) -> Reason | None:
    return None if work.followup == "founded" else _no("not_founded", work)


def _is_rectified(work: Work, who: Principal, given: Given, now: datetime) -> Reason | None:
    return None if work.followup == "rectified" else _no("not_rectified", work)


def _follow_up_is_whole(work: Work, who: Principal, given: Given, now: datetime) -> Reason | None:
    """A verification that was begun is carried to its end; a rating that nobody verified is closed on one's word."""
    return _no("follow_up_open", work, followup=work.followup) if work.followup in ("founded", "rectified") else None


def _is_a_card(work: Work, who: Principal, given: Given, now: datetime) -> Reason | None:
    return _no("reminder", work) if work.level is Level.REMINDER else None


def _no_appeal_pends(work: Work, who: Principal, given: Given, now: datetime) -> Reason | None:
    return _no("appeal_pending", work) if work.appeal == "pending" else None


def _not_appealed_before(work: Work, who: Principal, given: Given, now: datetime) -> Reason | None:
    return _no("appealed_before", work, appeal=work.appeal) if work.appeal is not None else None


def _appeal_pends(work: Work, who: Principal, given: Given, now: datetime) -> Reason | None:
    return None if work.appeal == "pending" else _no("no_appeal", work)


def _grants_one_that_pends(work: Work, who: Principal, given: Given, now: datetime) -> Reason | None:
    """`appeal` given: the withdrawal is meant to grant one."""
    return _appeal_pends(work, who, given, now) if given.get("appeal") else None


def _is_another(work: Work, who: Principal, given: Given, now: datetime) -> Reason | None:
    """The reviewer is neither who issued the card, nor who appeals, nor who is charged (G16)."""
    if who.id in (work.issuer, work.appellant) or (who.staff is not None and who.staff == work.place.staff):
        return _no("own_case", work, who=who.id)
    return None


FARTHEST: Final = timedelta(days=366)
"""A promise or a deadline beyond that is a slip of the pen."""


def _later(name: str) -> Guard:
    def is_later(work: Work, who: Principal, given: Given, now: datetime) -> Reason | None:
        at = given.get(name)
        if at is None or now < at <= now + FARTHEST:
            return None
        return _no("past" if at <= now else "far", work, key=name, at=at.isoformat())

    return is_later


def _one_of(name: str, known: tuple[str, ...], required: bool = True) -> Guard:
    def is_known(work: Work, who: Principal, given: Given, now: datetime) -> Reason | None:
        value = given.get(name)
        if (value is None and not required) or value in known:
            return None
        return _no("none_of", work, key=name, value=value or "", known=list(known))

    return is_known


def _in_its_hall(work: Work, who: Principal, given: Given, now: datetime) -> Reason | None:
    """`lies_in`: the hall of each unit, window or person that is named; a card stays with the hall it was issued in."""
    hall = work.place.hall
    strange = [(key, its) for key, its in given.get("lies_in", {}).items() if hall is not None and its != hall]
    if not strange:
        return None
    key, its = strange[0]
    return _no("other_hall", work, key=key, value=given.get(key), other=its, hall=hall)


def _somebody(work: Work, who: Principal, given: Given, now: datetime) -> Reason | None:
    return None if any(given.get(k) for k in ("unit", "window", "staff")) else _no("nobody", work)


_OF_THE_CARD: Final = (
    _is_bad_rating, _is_founded, _is_rectified, _follow_up_is_whole, _is_a_card, _no_appeal_pends,
    _not_appealed_before, _appeal_pends, _is_another,
)  # fmt: skip
"""Guards that need nothing given."""
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


# --------------------------------------------------------------------------- effects


def _becomes(state: str, *kept: str) -> Effect:
    """The card comes to the state; `kept` names what of the given the history keeps."""

    def effect(work: Work, given: Given) -> Done:
        return Done(values={"state": state}, body=_kept(given, kept))

    return effect


def _kept(given: Given, names: tuple[str, ...]) -> dict[str, Any]:
    found = {name: given[name] for name in names if given.get(name) is not None}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items()}


def _acknowledge(work: Work, given: Given) -> Done:
    at = given.get("promised_at")
    return Done(values={"state": "acknowledged", "promised_at": at}, body=_kept(given, ("promised_at",)))


def _order(work: Work, given: Given) -> Done:
    """An answer that an order follows did not do: the card has to be answered again."""
    values = {"state": "acknowledged"} if work.state == "answered" else {}
    return Done(values=values, body=_kept(given, ("kind", "due")))


def _appeal(work: Work, given: Given) -> Done:
    return Done(values={"appeal": "pending", "appellant": given["by"]})


def _uphold(work: Work, given: Given) -> Done:
    return Done(values={"appeal": "upheld"})


def _withdraw(work: Work, given: Given) -> Done:
    granted = {"appeal": "granted"} if work.appeal == "pending" else {}
    return Done(values={"state": "withdrawn", "withdrawn_by": given["by"], **granted}, body=dict(granted))


def _attribute(work: Work, given: Given) -> Done:
    to = {name: given.get(name) or None for name in ("unit", "window", "staff")}
    was = {name: getattr(work.place, name) for name in to}
    return Done(values={**to, "attributed": True}, body={"was": was, "now": to})


def _verify(work: Work, given: Given) -> Done:
    finding = given["finding"]
    if finding == "founded":
        return Done(values={"followup": finding}, body={"finding": finding})
    values = {"followup": finding, "state": "withdrawn", "withdrawn_by": given["by"]}
    return Done(values=values, body={"finding": finding})


def _rectify(work: Work, given: Given) -> Done:
    return Done(values={"followup": "rectified", "state": "answered"})


def _call_back(work: Work, given: Given) -> Done:
    """Who is not satisfied has the unit rectify again."""
    if given["satisfied"] == "yes":
        return Done(values={"followup": "called_back"}, body={"satisfied": "yes"})
    return Done(values={"followup": "founded", "state": "acknowledged"}, body={"satisfied": "no"})


STEPS: Final[Mapping[str, Step]] = {
    "acknowledged": Step(
        action="cards:acknowledge", states=("open",), effect=_acknowledge, takes=("promised_at",),
        guards=(_later("promised_at"),),
    ),
    "answered": Step(action="cards:answer", states=("open", "acknowledged"), effect=_becomes("answered")),
    "sent_back": Step(action="cards:order", states=("answered",), effect=_becomes("acknowledged")),
    "ordered": Step(
        action="cards:order", states=STANDING, effect=_order, takes=("kind", "due"),
        guards=(_is_a_card, _no_appeal_pends, _one_of("kind", ORDER_KINDS), _later("due")),
    ),
    "verified": Step(
        action="cards:follow", states=STANDING, effect=_verify, takes=("finding", "by"),
        guards=(_is_bad_rating, _one_of("finding", FINDINGS)),
    ),
    "rectified": Step(
        action="cards:answer", states=("open", "acknowledged"), effect=_rectify, guards=(_is_bad_rating, _is_founded)
    ),
    "called_back": Step(
        action="cards:follow", states=("answered",), effect=_call_back, takes=("satisfied",),
        guards=(_is_bad_rating, _is_rectified, _one_of("satisfied", ("yes", "no"))),
    ),
    "attributed": Step(
        action="cards:attribute", states=STANDING, effect=_attribute, takes=("unit", "window", "staff", "lies_in"),
        guards=(_is_a_card, _somebody, _in_its_hall),
    ),
    "appealed": Step(
        action="cards:appeal", states=(*STANDING, "closed"), effect=_appeal, takes=("by",),
        guards=(_is_a_card, _not_appealed_before),
    ),
    "upheld": Step(
        action="cards:review", states=(*STANDING, "closed"), effect=_uphold, guards=(_appeal_pends, _is_another)
    ),
    "closed": Step(
        action="cards:close", states=STANDING, effect=_becomes("closed", "result"), takes=("result",),
        guards=(_no_appeal_pends, _follow_up_is_whole, _one_of("result", RESULTS, required=False)),
    ),
    "withdrawn": Step(
        action="cards:review", states=(*STANDING, "closed"), effect=_withdraw, takes=("by", "appeal"),
        guards=(_grants_one_that_pends, _is_another),
    ),
}  # fmt: skip
"""Every step of a person, by the event that it leaves in the card's history."""
