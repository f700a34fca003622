"""Places at which a test kills the process: between any two steps of DESIGN §1B.

`JIANCHA_FAILPOINT=NAME` kills at the first passing of NAME, `NAME:3` at the third. Nothing is done without it.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import Final

VARIABLE: Final = "JIANCHA_FAILPOINT"
_lock = threading.Lock()
_passed = 0


def hit(name: str) -> None:
    """Pass the point `name`: SIGKILL of this process when the variable asks for it here."""
    global _passed
    wanted, _, nth = os.environ.get(VARIABLE, "").partition(":")
    if wanted != name:
        return
    with _lock:
        _passed += 1
        if _passed == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)
