"""Where the processor's time goes in ingest and in judging, on SQLite, for docs/profiles.md.

    python bench/profiles.py [--messages N] [--cases N] [--write]

Both run in this process as in the daemon: batches of messages decoded, stored, marked and committed; due cases claimed,
read, judged and written. The interpreter is interrupted after every four milliseconds of processor time and asked where
it is: in which functions of ours, and in whose code at that moment. What C does counts for who called it. `--write`
writes the page; without it the tables are printed.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Final

import hall
import judging

from monitor.agents.tomlfile import toml_text
from monitor.app.program import open_program
from monitor.ingest.check import prepare
from monitor.ingest.decode import Message
from monitor.ingest.marks import Boots
from monitor.ingest.registry import import_registry
from monitor.ingest.subscriber import BATCH
from monitor.ingest.writer import Writing, write_prepared
from monitor.settings import load

EVERY: Final = 0.004
"""Seconds of processor time between two looks; a kernel that counts in ticks of 4 ms gives no shorter ones."""
TOLD: Final = 16
PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "profiles.md"
OWNERS: Final = (
    ("DefaultDialect.do_commit", "SQLite（提交 commits）"),
    ("DefaultDialect.do_", "SQLite（语句 statements）"),
    ("CursorFetchStrategy.", "SQLite（取数 rows）"),
    ("/sqlalchemy/", "SQLAlchemy"),
    *((f"/monitor/{name}/", f"monitor.{name}") for name in ("store", "ingest", "supervision", "timeliness", "workcal")),
    ("/monitor/", "monitor, else"),
)
"""Whose code it is, by the first that stands in a frame's file and function."""
ELSE: Final = "Python, msgspec, json, else"


@dataclass
class Profile:
    """Samples of what ran between `watching` and its end. `inside`: by function of ours; `owner`: by whose code ran."""

    samples: int = 0
    inside: Counter[str] = field(default_factory=Counter)
    owner: Counter[str] = field(default_factory=Counter)

    def look(self, _signal: int, frame: FrameType | None) -> None:
        self.samples += 1
        seen: set[str] = set()
        innermost = ""
        while frame is not None:
            code = frame.f_code
            _, found, module = code.co_filename.partition("/monitor/")
            innermost = innermost or f"{code.co_filename}:{code.co_qualname}"
            if found:
                seen.add(f"{module.removesuffix('.py').replace('/', '.')} `{code.co_qualname}`")
            frame = frame.f_back
        self.inside.update(seen)
        self.owner[_owner(innermost)] += 1

    @contextmanager
    def watching(self) -> Iterator[None]:
        before = signal.signal(signal.SIGPROF, self.look)
        signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)

    def tables(self) -> list[str]:
        """Two: whose code ran, and within which functions."""
        lines = ["| whose code | share |", "|---|---|"]
        lines += [
            f"| {name} | {self._share(count)} |" for name, count in self.owner.most_common() if self._counts(count)
        ]
        lines += ["", "| within | share |", "|---|---|"]
        told = [(name, count) for name, count in self.inside.most_common() if "<lambda>" not in name]
        return [*lines, *(f"| {name} | {self._share(count)} |" for name, count in told[:TOLD])]

    def _counts(self, count: int) -> bool:
        return count >= self.samples / 100

    def _share(self, count: int) -> str:
        return f"{100 * count / self.samples:.0f} %"


def _owner(innermost: str) -> str:
    return next((name for part, name in OWNERS if part in innermost), ELSE)


def ingest(profile: Profile, messages: int) -> tuple[float, str]:
    """Messages a second of processor time, and in words what was done."""
    with tempfile.TemporaryDirectory() as name:
        settings = load(environ={"JIANCHA_STORE__URL": f"sqlite:///{name}/ingest.sqlite"})
        program = open_program(settings)
        registry = Path(name) / "registry.toml"
        registry.write_text(toml_text(hall.REGISTRY), encoding="utf-8")
        now = datetime.now(UTC)
        import_registry(program.store, registry, now=now, calendars=settings.calendars, presets=settings.presets)
        with program.store.read() as conn:
            known = program.registry.get(conn)
        made = [hall.message(n, now.isoformat()) for n in range(messages)]
        boots = Boots()

        def store(some: Sequence[tuple[str, bytes]]) -> None:
            said = (Message(device=hall.DEVICE, channel=c, payload=body, received=now) for c, body in some)
            prepared = [prepare(one, known) for one in said]
            how = Writing(due=now, boots=boots)
            program.store.step(lambda conn: write_prepared(conn, prepared, known, how), first=True)

        store(made[:BATCH])  # statements are made and prepared by the first batch
        began = time.process_time()
        with profile.watching():
            for start in range(BATCH, messages, BATCH):
                store(made[start : start + BATCH])
        spent = time.process_time() - began
        program.close()
    return (messages - BATCH) / spent, f"{messages - BATCH:,} messages in batches of {BATCH}"


def judge(profile: Profile, cases: int) -> tuple[float, str]:
    """Cases judged a second of processor time, and in words what was done."""
    with judging.filled(cases) as program:
        judges = program.judge()
        began = time.process_time()
        with profile.watching():
            applied = judges.run_until_nothing_due(judging.NOW)
        spent = time.process_time() - began
    return applied.judged / spent, f"{applied.judged:,} due cases, {applied.issued:,} cards"


PARTS: Final[dict[str, tuple[str, str, Callable[[Profile, int], tuple[float, str]]]]] = {
    "messages": ("接收入库 · Ingest", "messages", ingest),
    "cases": ("判定 · Judging", "cases", judge),
}


def page(numbers: dict[str, int]) -> str:
    lines = [
        "# 性能剖析 · Profiles",
        "",
        f"Written by `python bench/profiles.py --write` on {datetime.now(UTC):%Y-%m-%d}, "
        f"Python {sys.version.split()[0]}, "
        "SQLite. Where the processor's time goes; how long things take: [performance](performance.md). A sample "
        f"is taken every {EVERY * 1000:.0f} ms of processor time; what C does counts for who called it. `within`: a "
        "function of ours, with all that it calls.",
        "",
    ]
    for key, (title, unit, work) in PARTS.items():
        profile = Profile()
        rate, said = work(profile, numbers[key])
        lines += [
            f"## {title}",
            f"{said}; {rate:,.0f} {unit} a second of processor time, {profile.samples:,} samples.",
            "",
        ]
        lines += [*profile.tables(), ""]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--cases", type=int, default=30_000)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    if given.messages <= BATCH:
        parser.error(f"--messages: more than a batch, {BATCH}")
    made = page({"messages": given.messages, "cases": given.cases})
    if given.write:
        PAGE.write_text(made, encoding="utf-8")
    else:
        print(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
