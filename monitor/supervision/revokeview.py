"""What taking a device out of service would mean (停用的影响), before anybody does: nothing is written."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import func, select

from monitor.model import KIND_CHANNELS, Registry
from monitor.store.cards import CARD
from monitor.store.casestats import STAT
from monitor.store.facts.look import Look
from monitor.store.facts.watchers import cameras_of, duty_carriers
from monitor.store.sql import prefix_end
from monitor.supervision.devices import ENDED
from monitor.supervision.refused import Refused


@dataclass(frozen=True, kw_only=True, slots=True)
class RevokePreview:
    """`unwatched`: windows that no other camera shows; `no_duty`: at which nothing else would tell of duty; `last_of`:
    channels that no other device of its hall uses. `cases`: open ones of its namespace; `other_sources`: devices that
    go on telling of these. `cards`: its own cards, which are closed.
    """

    device: str
    unwatched: tuple[str, ...]
    no_duty: tuple[str, ...]
    last_of: tuple[str, ...]
    cases: int
    other_sources: tuple[str, ...]
    cards: tuple[int, ...]


def preview(look: Look, device: str) -> RevokePreview:
    """By the registry as it would stand. Raises Refused for one that is out of service already."""
    known = look.registry.devices.get(device)
    if known is None:
        raise Refused(f"device {device}: 已停用 is out of service already", sort="state")
    left = {key: one for key, one in look.registry.devices.items() if key != device}
    after = replace(look.registry, devices=left)
    supposed = replace(look, registry=after, sources=look.sources.among(after), _remembered={})
    windows = sorted(window.id for window in look.registry.windows.values() if window.hall == known.hall)
    watched = [window for window in windows if device in cameras_of(look, window, ())]
    told = [window for window in windows if device in duty_carriers(look.registry, window, ())]
    mine = (CARD.c.kind == "device", CARD.c.key == device, CARD.c.state.not_in(ENDED))
    space = f"{known.case_namespace}/"
    is_source = known.allows("case")
    return RevokePreview(
        device=device,
        unwatched=tuple(window for window in watched if not cameras_of(supposed, window, ())),
        no_duty=tuple(window for window in told if not duty_carriers(after, window, ())),
        last_of=tuple(sorted(_channels(look.registry, device) - _of_hall(after, known.hall))),
        cases=_open_cases(look, space) if is_source else 0,
        other_sources=tuple(sorted(
            one.id for one in left.values() if one.allows("case") and one.case_namespace == known.case_namespace
        )) if is_source else (),
        cards=tuple(look.conn.execute(select(CARD.c.number).where(*mine).order_by(CARD.c.number)).scalars()),
    )  # fmt: skip


def _open_cases(look: Look, space: str) -> int:
    mine = (
        STAT.c.case_key >= space, STAT.c.case_key < prefix_end(space), STAT.c.ended_us.is_(None),
        STAT.c.historic.is_(False),
    )  # fmt: skip
    return int(look.conn.execute(select(func.count()).select_from(STAT).where(*mine)).scalar_one())


def _channels(registry: Registry, device: str) -> set[str]:
    known = registry.devices[device]
    return {channel for channel in KIND_CHANNELS.get(known.kind, ()) if known.allows(channel)}


def _of_hall(registry: Registry, hall: str) -> set[str]:
    return {channel for one in registry.devices.values() if one.hall == hall for channel in _channels(registry, one.id)}
