"""`cards export`: one card's whole file as evidence (牌卷), JSON for programs and PDF for people.

`record` reads it, `page` words and lays it out (pure); both carry the SHA-256 of the same record.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from monitor.exports.card.page import Page, page_html
from monitor.exports.card.record import contents_of, digest_of, read_record
from monitor.exports.files import replace_file
from monitor.exports.pdf import as_pdf, require_pdf
from monitor.model import DEFAULT_ZONE
from monitor.wording import Lang

__all__ = ["BadExport", "card_file", "export_card"]

FORMAT: Final = "jiancha.card/1"


class BadExport(ValueError):
    """What cannot be exported; the text names it and the way out. Nothing was written."""


def export_card(
    conn: Connection,
    number: int,
    zones: dict[str, str],
    output: Path,
    *,
    now: datetime,
    actor: str,
    lang: Lang = "zh",
    with_files: bool = False,
) -> str:
    """Write the file of a card to `output` (.json or .pdf), whole or not at all; gives the record's SHA-256.

    JSON: {"format", "exported": {"at", "by"}, "sha256", "record", "contents"}; "contents" with `with_files` only.
    Raises BadExport, pdf.CannotPrint, OSError.
    """
    suffix = output.suffix.lower()
    if suffix not in (".json", ".pdf"):
        raise BadExport(f"--output {output}: 文件名应以 .json 或 .pdf 结尾 end the name in .json or .pdf")
    if with_files and suffix == ".pdf":
        raise BadExport("--with-files: 仅用于 .json，PDF 只列名称与摘要 is for .json; a PDF lists names and digests")
    content, digest = _content(conn, number, zones, suffix, now=now, actor=actor, lang=lang, with_files=with_files)
    replace_file(output, content)
    return digest


def card_file(
    conn: Connection, number: int, zones: dict[str, str], suffix: str, *, now: datetime, actor: str, lang: Lang
) -> bytes:
    """The same for a browser; `suffix` is pdf or json. Raises BadExport, pdf.CannotPrint."""
    return _content(conn, number, zones, f".{suffix}", now=now, actor=actor, lang=lang, with_files=False)[0]


def _content(
    conn: Connection, number: int, zones: dict[str, str], suffix: str, *, now: datetime, actor: str, lang: Lang,
    with_files: bool,
) -> tuple[bytes, str]:  # fmt: skip
    if suffix == ".pdf":
        require_pdf()
    record = read_record(conn, number, zones)
    if record is None:
        raise BadExport(f"第 {number} 号牌不存在 there is no card {number}; `jiancha cards list` 列出 lists all")
    digest = digest_of(record)
    if suffix == ".pdf":
        zone = zones.get(record["card"]["hall"] or "", DEFAULT_ZONE)
        return as_pdf(page_html(record, Page(lang=lang, zone=zone, digest=digest, now=now, actor=actor))), digest
    said: dict[str, Any] = {
        "format": FORMAT,
        "exported": {"at": now.isoformat(), "by": actor},
        "sha256": digest,
        "record": record,
    }
    if with_files:
        said["contents"] = contents_of(conn, number, record["files"])
    return json.dumps(said, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass"), digest
