"""A province on this machine: 120 halls, 6,000 windows, two replicas, one PostgreSQL (docs/scaling.md).

    python -m scale [--halls N] [--windows N] [--rate N] [--minutes N] [--burst N] [--burst-seconds N] [--write]

Events a second for minutes, then a burst; heartbeats of every device beside them. Prints what was measured, the model
beside it and what other places would need; `--write` puts it into docs/scaling.json and docs/scaling.md. Ends with 1
where an event is lost, doubled or without its fact; speeds are told, not judged.
"""

from __future__ import annotations

import argparse
import json
import platform
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.__main__ import machine, versions
from scale.play import Script, play, say
from scale.province import Province
from tests.postgres import programs

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "scripts"))


def postgres_version() -> str:
    found = programs()
    if found is None:
        return ""
    said = subprocess.run([found / "postgres", "--version"], stdout=subprocess.PIPE, text=True, check=False).stdout
    return said.strip()


def faults(found: Mapping[str, Any]) -> list[str]:
    """What may not be: an event that is lost, doubled or half stored."""
    told = []
    if found["lost"] > found["quarantined"]:
        told.append(f"{found['lost']} events are lost or doubled, {found['quarantined']} of them in quarantine")
    if found["stored"] + found["quarantined"] != found["sent"]:
        told.append(f"{found['stored']} events stored and {found['quarantined']} held of {found['sent']}")
    if any(found["without_fact"].values()):
        told.append(f"events without their fact: {found['without_fact']}")
    if found["beats_stored"] != found["beats"]:
        told.append(f"{found['beats_stored']} heartbeats of {found['beats']}")
    return told


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--halls", type=int, default=120)
    parser.add_argument("--windows", type=int, default=50, help="in a hall")
    parser.add_argument("--rate", type=float, default=1_000, help="events a second, heartbeats beside them")
    parser.add_argument("--minutes", type=float, default=3, help="of the steady flow")
    parser.add_argument("--burst", type=float, default=10_000, help="events a second of the burst")
    parser.add_argument("--burst-seconds", type=float, default=5)
    parser.add_argument("--write", action="store_true", help="docs/scaling.json, and the tables made of it")
    given = parser.parse_args()
    script = Script(
        province=Province(halls=given.halls, windows=given.windows), rate=given.rate, minutes=given.minutes,
        burst_rate=given.burst, burst_seconds=given.burst_seconds,
    )  # fmt: skip
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    ran_on = machine()
    found = {
        "made": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", "machine": ran_on,
        "versions": f"{versions()}, {postgres_version()}, {platform.system()}", **play(script),
    }  # fmt: skip
    text = json.dumps(found, ensure_ascii=False, indent=1)
    if given.write:
        (ROOT / "docs" / "scaling.json").write_text(text + "\n", encoding="utf-8")
        import docs_tables  # of scripts/; reads what was just written
        import scaling

        docs_tables.main()
        for table in (scaling.run_table, scaling.parts_table, scaling.check_table, scaling.needs_table):
            print(table())
    else:
        print(text)
    wrong = faults(found)
    for line in wrong:
        say(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
