"""The command line (DESIGN §7). Modules of this folder load the program's parts inside their commands, so that `--help`
and `--version` answer at once (everything imported takes 0.7 s, typer alone 0.15 s).
"""

from __future__ import annotations

import sys

from monitor.cli import (
    alerting,
    assess,
    audit,
    calendars,
    cards,
    config,
    daemon,
    demo,
    devices,
    faces,
    feeds,
    kiosks,
    months,
    ops,
    people,
    pins,
    plans,
    policy,
    preview,
    ratings,
    replay,
    reports,
    requests,
    screens,
    spots,
    terminal,
    watch,
)  # fmt: skip
from monitor.cli.common import app, run_app

PARTS = (
    daemon, demo, config, feeds, plans, calendars, cards, devices, ops, reports, months, requests, replay, policy,
    people, alerting, preview, audit, spots, faces, kiosks, pins, watch, terminal, ratings, screens,
    assess,
)  # fmt: skip
for part in PARTS:
    part.register(app)


def main() -> None:
    """Run the command line on sys.argv and exit: 0 done, 1 finding or failure, 2 bad input."""
    sys.exit(run_app(sys.argv[1:]))
