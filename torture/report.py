"""The figures of a finished pair of runs, as text."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Final

import psutil

from torture.play import Tortured

SHOWN: Final = 60
"""So many differences are printed."""


def report(played: Tortured) -> str:
    return "\n".join(_lines(played))


def _lines(played: Tortured) -> Iterator[str]:
    torn, calm, compared, shape = played.torn, played.calm, played.compared, played.shape
    yield ""
    yield f"seed {played.plan.seed}  store {played.plan.store}  rate {shape.rate:.0f} (undisturbed {shape.calm_rate:.0f})"
    yield f"machine: {machine()}"
    yield f"versions: {versions()}"
    yield f"took: undisturbed {calm.seconds:.0f} s, disturbed {torn.seconds:.0f} s, all {played.seconds:.0f} s"
    yield f"faults: {_counts(torn.done)}"
    if torn.left_out:
        yield f"left out here: {_counts(torn.left_out)}"
    yield (
        f"events: {len(torn.events)} sent, {sum(torn.outcome.events.values())} stored; {torn.given_back} given back from "
        f"journals, {torn.replayed} replayed from quarantine; {len(torn.bad)} malformed held back"
    )
    yield f"steps of people: {_counts(torn.people)}; not answered or refused: {_counts(torn.refused_steps)}"
    yield (
        f"cards: {compared.cards} about people, windows and cases, equal in both runs but for {compared.farthest} at most; "
        f"about machines: {_counts(compared.machine_cards) or 'none'}"
        if not compared.differences
        else f"cards: {compared.cards}; about machines: {_counts(compared.machine_cards) or 'none'}"
    )
    yield (
        f"notices: {compared.told} arrived at the webhook, {compared.repeated} of them again; {torn.refused_messages} tries "
        f"failed at receivers; {compared.by_digest} wait for a digest"
    )
    yield f"attendance: {len(torn.outcome.attendance)} bytes; ledgers: {len(torn.outcome.entries)} entries, {len(torn.outcome.proposals)} proposals"
    yield f"audit: {torn.outcome.audit['rows']} rows verified; doctor finds {len(torn.outcome.doctor)} things, as undisturbed"
    yield ""
    if not compared.differences:
        yield "EQUAL: 全部一致"
        return
    yield f"{len(compared.differences)} DIFFERENCES 不一致:"
    yield from compared.differences[:SHOWN]


def _counts(counted: Mapping[str, int] | Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counted.items()))


def machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}"


def versions() -> str:
    broker = subprocess.run(["mosquitto", "-h"], check=False, capture_output=True, text=True).stdout.split("\n")[0]
    return f"jiancha {version('jiancha')}, Python {sys.version.split()[0]}, {broker}, PostgreSQL 18"
