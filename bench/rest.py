"""Resident memory of the daemon at rest with the demo hall: registry imported, broker connected, HTTP scraped.

    python bench/rest.py [--seconds N] [--json]

The figure is the highest resident set seen over the seconds after the daemon is ready and has judged all that is
expected. No face model is loaded (there is none yet). Goal: at most 150 MB.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
from pathlib import Path

import httpx
import psutil

from monitor.agents.children import Broker, Daemon, find_mosquitto, free_port
from monitor.agents.madeup import made_up_halls
from monitor.agents.tomlfile import toml_text
from monitor.clock import Clock
from monitor.ingest.registry import import_registry
from monitor.settings import load
from monitor.store import migrate
from monitor.store.engine import Store

GOAL = 150.0
DEMO_CONFIG = "[mqtt]\nusername = 'jiancha'\n"


def measure(seconds: int = 20) -> dict[str, object]:
    programs = find_mosquitto()
    if programs is None:
        raise SystemExit("bench/rest.py: no mosquitto; `make packages` installs it where apt can")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'jiancha.sqlite'}"
        _register(folder, url)
        broker = Broker(programs, folder / "broker", [])
        config = folder / "jiancha.toml"
        config.write_text(DEMO_CONFIG)
        port = free_port()
        running = broker.start()
        daemon = Daemon(
            config,
            port,
            {
                "JIANCHA_STORE__URL": url,
                "JIANCHA_MQTT__PORT": str(broker.port),
                "JIANCHA_MQTT__PASSWORD": broker.passwords["jiancha"],
                "JIANCHA_HTTP__PORT": str(port),
            },
        )
        try:
            daemon.wait_until_ready(threading.Event())
            peak = _peak_mb(psutil.Process(daemon.child.pid), daemon.url, seconds)
        finally:
            daemon.child.end()
            running.end()
    return {
        "bench": "rest",
        "seconds": seconds,
        "ratio": round(peak, 1),
        "figures": f"{peak:.1f} MB",
        "goal": GOAL,
        "goal_is": "at most",
        "met": peak <= GOAL,
    }


def _register(folder: Path, url: str) -> None:
    file = folder / "registry.toml"
    file.write_text(toml_text(made_up_halls().tables()), encoding="utf-8")
    settings = load(environ={})
    store = Store(url)
    migrate.ensure(store)
    import_registry(store, file, calendars=settings.calendars, presets=settings.presets, now=Clock().now())
    store.close()


def _peak_mb(process: psutil.Process, url: str, seconds: int) -> float:
    peak = 0.0
    for _ in range(seconds):
        httpx.get(f"{url}/metrics")
        peak = max(peak, process.memory_info().rss / 1e6)
        threading.Event().wait(1)
    return peak


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="the JSON line alone")
    options = parser.parse_args()
    result = measure(options.seconds)
    if not options.json:
        print("resident at rest with the demo hall: {ratio} MB (goal {goal_is} {goal})".format(**result))
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
