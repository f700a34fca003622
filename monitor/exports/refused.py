"""The refused rows of a case log (拒收清单) as CSV, written while the import runs and continued when it is resumed."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from monitor.ingest.account import Refusal
from monitor.ingest.spreadsheets import guarded
from monitor.wording import row_reason

COLUMNS: Final = ("行号 row", "办件 case", "原因 reason", "代码 code", "说明 detail")
_BOM: Final = b"\xef\xbb\xbf"


class RefusedCsv:
    """`RefusedList` as a file: UTF-8 with BOM, no cell that a spreadsheet would calculate.

    It may name cases, so only its owner may read it. Raises OSError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self) -> int:
        head = _BOM + _lines([COLUMNS])
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(head)
        return len(head)

    def resume(self, position: int) -> bool:
        try:
            return self.path.stat().st_size >= position
        except OSError:
            return False

    def add(self, position: int, refusals: Sequence[Refusal]) -> int:
        text = _lines([(r.place, r.case, row_reason(r.reason), r.reason, r.detail) for r in refusals])
        with self.path.open("r+b") as file:
            file.truncate(position)
            file.seek(position)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        return position + len(text)


def _lines(rows: Sequence[Sequence[str | int]]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written).writerows([guarded(str(cell)) for cell in row] for row in rows)
    return written.getvalue().encode()
