"""What keeps a daemon small and quiet: portions of a judging step, what it loads."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from types import SimpleNamespace
from typing import Any

from monitor.app.memory import start_sweeping
from monitor.supervision.loop import CLAIM, LAST, PORTIONS, portions


def claimed(**numbers: int) -> list[Any]:
    return [SimpleNamespace(kind=kind, id=f"{kind}-{n}") for kind, number in numbers.items() for n in range(number)]


def test_every_subject_is_in_one_portion_and_the_last_kinds_in_the_last() -> None:
    subjects = claimed(hall=1, slot=2500, post=90, case=40, device=130, tally=7)
    made = list(portions(subjects))
    assert sorted(s.id for portion in made for s in portion) == sorted(s.id for s in subjects)
    for kind, most in PORTIONS.items():
        sizes = [len(portion) for portion in made if {s.kind for s in portion} == {kind}]
        assert sum(sizes) == sum(s.kind == kind for s in subjects)
        assert max(sizes) == most
    assert set(LAST) <= {s.kind for s in made[-1]}
    assert list(portions([])) == []
    larger = list(portions(subjects, 16 * CLAIM))
    assert [len(portion) for portion in larger if {s.kind for s in portion} == {"post"}] == [90]


HEAVY = ("cryptography", "psycopg", "xlsxwriter", "openpyxl", "weasyprint", "docxtpl", "babel", "numpy", "cv2", "dlib")
"""What costs megabytes and is of no use to a daemon on SQLite, without HTTPS and faces, until somebody asks for it."""


def test_the_daemon_loads_none_of_the_heavy_ones() -> None:
    code = f"import sys, monitor.app.daemon; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"


SELDOM = ("monitor.console.assessment", "monitor.console.pages.assessment", "monitor.console.attendanceapi",
          "monitor.console.pages.attendance", "monitor.console.pages.people", "monitor.console.pages.policy",
          "monitor.console.pages.registry", "monitor.console.policyapi", "monitor.console.sheetsapi",
          "monitor.exports.attendance", "monitor.cli.parts", "monitor.agents")  # fmt: skip
"""What a daemon is spared until somebody opens such a page, or for good: 17 MB with what else they load."""


def test_the_daemon_loads_neither_other_commands_nor_pages_that_are_seldom_opened() -> None:
    code = f"""
import sys, monitor.cli.running, monitor.app.daemon
monitor.cli.running.daemon_alone()
from monitor.console.latemodel import LateModel
made = [one.__name__ for one in LateModel.__subclasses__() if one.__pydantic_complete__]
print([m for m in {SELDOM!r} if m in sys.modules], made)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[] []"


class Ring:
    """Is its own neighbour: nothing frees it but a search for rings. Tells when it is gone."""

    def __init__(self, gone: threading.Event) -> None:
        self.next = self
        weakref.finalize(self, gone.set)


def test_a_quiet_daemon_frees_rings_all_the_same() -> None:
    """Python itself looks for none before there are many new objects."""
    gone, thresholds = threading.Event(), gc.get_threshold()
    gc.set_threshold(50_000_000)
    try:
        Ring(gone)
        assert not gone.is_set()
        end = start_sweeping(0.01)
        try:
            assert gone.wait(30)
        finally:
            end()
        assert not any(thread.name == "memory" for thread in threading.enumerate())
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
