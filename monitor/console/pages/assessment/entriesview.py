"""Entries of the ledgers in the words of their page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from monitor.assessment.book import RuleBook
from monitor.assessment.sources import SOURCES
from monitor.console.pages.actors import Who, actors
from monitor.console.pages.assessment.explainview import page_of
from monitor.console.pages.assessment.scoreview import address_of, signed_points
from monitor.console.pages.cardview import Words, words_for
from monitor.console.pages.languages import Language
from monitor.model import Registry
from monitor.supervision.assessment.books import book_of_version
from monitor.wording.render import pick
from monitor.wording.scores import LEDGERS, fact_word, figures_text


@dataclass(frozen=True, kw_only=True)
class Said:
    """What turns entries into words: names, rule books by version, users."""

    words: Words
    books: Mapping[str, RuleBook]
    actor: Who

    @property
    def language(self) -> Language:
        return self.words.language

    def row(self, row: str, version: str) -> tuple[str, str]:
        """Article and name; of a row that the book has no more, nothing and its id."""
        known = self.books[version].row(row) if version in self.books else None
        return (known.article, pick((known.name.zh, known.name.en), self.language)) if known is not None else ("", row)


def said_of(
    conn: Connection, registry: Registry, hall: str, rows: Iterable[Mapping[str, Any]], language: Language
) -> Said:
    """Everything named in the rows."""
    kept = list(rows)
    people = {row[name] for row in kept for name in ("staff", "whom")}
    people |= {value for row in kept for key, value in row["figures"].items() if key == "staff"}
    books = {version: book_of_version(conn, hall, version) for version in {row["book"] for row in kept}}
    return Said(
        words=words_for(conn, registry, language, [one for one in people if isinstance(one, str)]),
        books={version: book for version, book in books.items() if book is not None}, actor=actors(conn, language),
    )  # fmt: skip


def entry_view(row: Mapping[str, Any], said: Said) -> dict[str, Any]:
    """A line of the list. `row`: as `ledgerlist.list_entries` gives it."""
    words, language = said.words, said.language
    kind = "window" if row["ledger"] == "window" else "staff"
    article, name = said.row(row["row"], row["book"])
    known = SOURCES.get(row["source"])
    figures = {
        k: v for k, v in row["figures"].items() if k not in ("staff", "window", "case") or "code" in row["figures"]
    }
    return {
        "number": row["number"], "date": row["date"], "month": row["month"],
        "of_month": row["of_month"] if row["of_month"] != row["month"] else "",
        "ledger": pick(LEDGERS[row["ledger"]], language), "whom": row["whom"], "who": words.name(kind, row["whom"]),
        "address": address_of(row["ledger"], row["whom"]),
        "row": row["row"], "article": article, "name": name, "points": signed_points(Decimal(row["points"])),
        "source": pick(known.name, language) if known is not None else row["source"],
        "fact": fact_word(row["fact"], words.named, language), "fact_page": page_of(row["fact"]),
        "figures": figures_text(figures, language, words.zone(row["hall"]), words.named), "cards": row["cards"],
        "proposer": said.actor(row["proposer"]), "confirmer": said.actor(row["confirmer"]),
        "posted_by": said.actor(row["posted_by"]), "posted_at": datetime.fromisoformat(row["posted_at"]),
        "takes_back": row["reverses_number"], "taken_back_by": row["reversed_by"],
    }  # fmt: skip
