"""Files of closed months, for pages and the API: a version as it was signed, byte for byte what the command gives."""

from __future__ import annotations

import zlib
from typing import Final, Literal, TypeAlias

from fastapi import HTTPException, Response

from monitor.access import Principal
from monitor.console.cards import to_be_saved
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.supervision.refused import Refused

KeptSuffix: TypeAlias = Literal["xlsx", "pdf", "csv", "json"]
MEDIA: Final[dict[str, str]] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}


def kept_file(deps: Deps, who: Principal, hall: str, month: str, version: int, suffix: KeptSuffix) -> Response:
    """The file to be saved. `json` is what was kept itself: its SHA-256 is the version's digest.

    404 for a hall beyond reach and a version that there is not, or whose sheet is past its retention; 503 where nothing
    can print a PDF.
    """
    from monitor.exports.attendance import (  # here: what makes files is loaded when asked
        BadExport,
        kept_tables,
        written,
    )
    from monitor.exports.attendance.signed import require_hall
    from monitor.exports.pdf import CannotPrint
    from monitor.store import months

    with looked(deps) as look:
        require_hall(look, who, hall)
        try:
            tables = kept_tables(look, month, hall, version)
        except BadExport as error:
            raise Refused(str(error), sort="missing") from error
        body = months.sheet(look.conn, hall, month, version)
    if tables is None or body is None:
        raise Refused(f"{hall} {month}: 没有第 {version} 版 there is no such version", sort="missing")
    try:
        content = zlib.decompress(body) if suffix == "json" else written(tables, f".{suffix}")
    except CannotPrint as error:
        raise HTTPException(503, str(error)) from None
    return to_be_saved(content, f"attendance-{hall}-{month}-v{version}.{suffix}", MEDIA[suffix])
