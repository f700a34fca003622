"""Every command, registered with one app."""

from __future__ import annotations

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
from monitor.cli.common import new_app

PARTS = (
    daemon, demo, config, feeds, plans, calendars, cards, devices, ops, reports, months, requests, replay, policy,
    people, alerting, preview, audit, spots, faces, kiosks, pins, watch, terminal, ratings, screens,
    assess,
)  # fmt: skip
app = new_app()
for part in PARTS:
    part.register(app)
