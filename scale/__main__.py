"""A province on this machine: 120 halls, 6,000 windows, two replicas, one PostgreSQL.

python -m scale [--halls N] [--windows N] [--rate N] [--minutes N] [--burst N] [--burst-seconds N] [--json]
"""

from __future__ import annotations

import argparse
import json
import signal
import sys

from scale.play import Script, play
from scale.province import Province


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--halls", type=int, default=120)
    parser.add_argument("--windows", type=int, default=50, help="in a hall")
    parser.add_argument("--rate", type=float, default=1_000, help="events a second, heartbeats beside them")
    parser.add_argument("--minutes", type=float, default=3, help="of the steady flow")
    parser.add_argument("--burst", type=float, default=10_000, help="events a second of the burst")
    parser.add_argument("--burst-seconds", type=float, default=5)
    given = parser.parse_args()
    script = Script(
        province=Province(halls=given.halls, windows=given.windows), rate=given.rate, minutes=given.minutes,
        burst_rate=given.burst, burst_seconds=given.burst_seconds,
    )  # fmt: skip
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    found = play(script)
    print(json.dumps(found, ensure_ascii=False, indent=1))
    return 1 if found["lost"] or found["devices_short"] else 0


if __name__ == "__main__":
    sys.exit(main())
