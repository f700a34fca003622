"""What waits for a person, and what was entered by hand, at each place: for `tests.walked`."""

from __future__ import annotations

from sqlalchemy import Connection, select

from monitor.store.ledgers import ENTRY, PROPOSAL
from monitor.store.markfiles import FILE
from monitor.store.marks import MARK, OWNER, TEXT
from tests.http_app import NOW
from tests.people_at_work import PLACES

BOOK = "tianyang@walked"


def put_mark(conn: Connection, place: str) -> str:
    """A mark about the person at the place, with a file; its number."""
    at = PLACES[place]
    number = 820_000 + 1000 * list(PLACES).index(place)
    row = {
        "row": "A15",
        "rung": "",
        "event": "",
        "amount_cents": 100,
        "date": NOW.date(),
        "document": f"{place}-letter",
    }
    conn.execute(MARK.insert().values(id=number, entered_by="duty_supervisor", entered_at=NOW, **row, **at))
    conn.execute(TEXT.insert().values(owner=f"{OWNER}{number}", name="text", text=f"«{place}»", salt="00"))
    file = {"name": f"{place}-file.txt", "media_type": "text/plain", "length": 1, "digest": "d", "content": b"x"}
    conn.execute(FILE.insert().values(id=number, mark=number, added_at=NOW, **file))
    return str(number)


def put_proposal(conn: Connection, place: str) -> str:
    """A proposal that charges the person at the place for a mark, and an entry of it; its number."""
    at = PLACES[place]
    number = 830_000 + 1000 * list(PLACES).index(place)  # what a review decides takes the next ones
    if conn.execute(select(PROPOSAL.c.id).where(PROPOSAL.c.id == number)).first() is None:
        key = {"ledger": "staff", "whom": at["staff"], "row": "A15", "source": "mark", "fact": f"mark:{place}-waits"}
        fact = {"points_cents": -100, "at": NOW, "date": NOW.date(), "month": f"{NOW:%Y-%m}", "cards": [], "book": BOOK,
                "figures": {"event": f"{place}-event"}, "proposer": "somebody"}  # fmt: skip
        row = {"id": number, **key, **fact, **at}
        conn.execute(PROPOSAL.insert().values(state="open", why_open="unconfirmed", proposed_at=NOW, **row))
        posted = {"revision": 0, "of_month": fact["month"], "posted_at": NOW, "posted_by": "system"}
        conn.execute(ENTRY.insert().values(**row, **posted))
    return str(number)


def put_entry(conn: Connection, place: str) -> str:
    """The entry of that; its number."""
    return put_proposal(conn, place)
