"""The figures of a finished pair of runs, as text."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Final

import psutil

from tests.postgres import programs
from torture.play import Tortured

SHOWN: Final = 60
"""So many differences are printed."""


def report(played: Tortured) -> str:
    """Figures first, then what differs, or that nothing does."""
    figures = "\n".join(f"{name:<12}{text}" for name, text in _figures(played) if text)
    return f"\n{figures}\n\n{_verdict(played.compared.differences)}"


def _verdict(differences: list[str]) -> str:
    if not differences:
        return "全部一致 EQUAL"
    more = len(differences) - SHOWN
    shown = [*differences[:SHOWN], *([f"… {more} more"] if more > 0 else [])]
    return "\n".join([f"不一致 {len(differences)} DIFFERENCES:", *shown])


def _figures(played: Tortured) -> Iterator[tuple[str, str]]:
    torn, shape, compared, plan = played.torn, played.shape, played.compared, played.plan
    outcome = torn.outcome
    yield "run", f"seed {plan.seed}, {plan.store}, {shape.size.days} day(s), clock {shape.rate:.0f} times as fast"
    yield "machine", machine()
    yield "versions", versions()
    yield "took", f"undisturbed {played.calm.seconds:.0f} s, disturbed {torn.seconds:.0f} s, all {played.seconds:.0f} s"
    yield "faults", f"{sum(plan.counted().values()) - torn.not_reached}: {_counts(torn.done)}"
    yield "not reached", f"{torn.not_reached} faults" if torn.not_reached else ""
    yield "left out", _counts(torn.left_out)
    yield "events", f"{len(torn.events)} of devices, each stored once; {torn.again} sent again on purpose"
    yield "broker", f"{torn.given_back} acknowledged and lost by it when killed, given back from the devices' journals"
    yield "malformed", f"{len(torn.bad)}, all in quarantine; {torn.replayed} of a wrong host clock replayed from there"
    yield (
        "people",
        f"{sum(torn.people.values())} steps: {_counts(torn.people)}; tried in vain: {_counts(torn.refused_steps)}",
    )
    apart = f"times at most {compared.farthest.total_seconds():.1f} s apart"
    yield (
        "cards",
        f"{compared.cards} about people, windows and cases, {apart}; {compared.withdrawn} withdrawn by system",
    )
    yield "machines", f"cards about machines: {_counts(compared.machine_cards) or 'none'}"
    failed = f"receivers failed {torn.refused_messages} tries"
    yield (
        "notices",
        f"{compared.told} at the webhook, {compared.repeated} again; {failed}; {compared.by_digest} for a digest",
    )
    ledgers = f"{len(outcome.entries)} entries, {len(outcome.proposals)} proposals"
    yield "sheets", f"attendance {len(outcome.attendance)} bytes; ledgers {ledgers}"
    yield "audit", f"{outcome.audit['rows']} rows verified, with the heads that the daemons told"


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counted.items()))


def machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}"


def versions() -> str:
    return f"jiancha {version('jiancha')}, Python {sys.version.split()[0]}, {_broker()}, {_database()}"


def _broker() -> str:
    said = subprocess.run(["mosquitto", "-h"], check=False, capture_output=True, text=True).stdout
    found = re.search(r"version (\S+)", said)
    return f"Mosquitto {found[1] if found else '?'}"


def _database() -> str:
    folder = programs()
    if folder is None:
        return "no PostgreSQL"
    said = subprocess.run([folder / "postgres", "--version"], check=False, capture_output=True, text=True).stdout
    return f"PostgreSQL {said.split()[-1] if said else '?'}"
