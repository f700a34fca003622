"""Forms as an attacker sends them: bodies of several parts, good ones and ones that were tampered with, given to the
whole app in this process, with what the store holds before and after.
"""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st
from sqlalchemy import func, select

from monitor.store.audit import AUDIT
from monitor.store.engine import Store
from monitor.store.schema import Attachment, CardEvent, metadata
from monitor.store.sql import table_of
from tests.http_app import NOW
from tests.people_at_work import fill_people, put_card
from tests.signing_in import session
from tests.walked import whole_app

BOUNDARY: Final = "----WebKitFormBoundaryX7"
TYPE: Final = f"multipart/form-data; boundary={BOUNDARY}"
WHO: Final = {"answer": "window_lead", "import": "administrator", "draft": "supervision_head", "sign-in": ""}
"""Which form by whom: a card's answer with attachments, a registry's file, the policy's many fields, the open door."""
CSRF: Final = b"@csrf@"
"""In a body: in its place stands what the session's forms carry."""
HALLS: Final = b"id,name\nh1,\xe5\xa4\xa7\xe5\x8e\x85\n"


@dataclass(frozen=True)
class Sent:
    """One request: to which form, its header Content-Type (None: without one), its body in the pieces that arrive;
    `breaks`: whoever sends is gone after them.
    """

    form: str
    type: str | None
    pieces: Sequence[bytes]
    breaks: bool = False
    signed: bool = True


@dataclass(frozen=True)
class Came:
    status: int
    text: str
    wrote: int
    """Rows that were added: of the audit, of the card's steps and of attachments."""
    taken: int
    """Bytes that the app asked for."""


class Room:
    """The whole app over a small hall, one for all that is tried in this process."""

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="jiancha-forms-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        self.store = Store(f"sqlite:///{folder / 'forms.sqlite'}")
        with self.store.write() as conn:
            metadata.create_all(conn)
            fill_people(conn, NOW)
            card = put_card(conn, "here", NOW)
        parts = ExitStack()
        atexit.register(parts.close)
        self.deps, self.app = parts.enter_context(whole_app(self.store))
        self.paths = {"answer": f"/cards/{card}/answer", "import": "/registry/import", "draft": "/policy/draft",
                      "sign-in": "/sign-in"}  # fmt: skip
        self.sessions = {who: session(self.store, who, self.deps.clock.real_now) for who in WHO.values() if who}

    def rows(self) -> int:
        tables = (AUDIT, table_of(CardEvent), table_of(Attachment))
        with self.store.read() as conn:
            return sum(conn.execute(select(func.count()).select_from(table)).scalar_one() for table in tables)

    def send(self, sent: Sent) -> Came:
        """What the app answers. An exception that it lets through is the server's 500."""
        signed = self.sessions.get(WHO[sent.form]) if sent.signed else None
        headers = [(b"host", b"hall.test"), (b"accept", b"application/json")]
        if sent.type is not None:
            headers.append((b"content-type", sent.type.encode("latin-1", "replace")))
        if signed is not None:
            headers.append((b"cookie", f"jiancha={signed.secret}".encode()))
        csrf = signed.csrf.encode() if signed is not None else b""
        pieces = [piece.replace(CSRF, csrf) for piece in sent.pieces]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
            "path": self.paths[sent.form], "raw_path": self.paths[sent.form].encode(), "query_string": b"",
            "root_path": "", "headers": headers, "client": ("10.0.0.9", 1), "server": ("hall.test", 80),
        }  # fmt: skip
        before = self.rows()
        status, text, taken = asyncio.run(_asked(self.app, scope, pieces, sent.breaks))
        return Came(status=status, text=text, wrote=self.rows() - before, taken=taken)


async def _asked(app: Any, scope: dict[str, Any], pieces: list[bytes], breaks: bool) -> tuple[int, str, int]:
    waiting, status, body, taken = list(pieces), 0, bytearray(), 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        if not waiting:
            return {"type": "http.disconnect"}
        piece = waiting.pop(0)
        taken += len(piece)
        return {"type": "http.request", "body": piece, "more_body": bool(waiting) or breaks}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)
        body.extend(message.get("body", b""))

    await app(scope, receive, send)
    return status, body.decode(), taken


@cache
def room() -> Room:
    return Room()


# --------------------------------------------------------------------------- what is sent


def part(name: bytes, value: bytes, file: bytes | None = None, more: bytes = b"") -> bytes:
    """One part; `file`: its file's name, `more`: whole lines of its head."""
    told = b"" if file is None else b'; filename="' + file + b'"'
    head = b'Content-Disposition: form-data; name="' + name + b'"' + told + b"\r\n" + more
    return b"--" + BOUNDARY.encode() + b"\r\n" + head + b"\r\n" + value + b"\r\n"


END: Final = f"--{BOUNDARY}--\r\n".encode()
FORMS: Final[dict[str, list[bytes]]] = {
    "answer": [part(b"csrf", CSRF), part(b"reason", "系统故障".encode()),
               part(b"files", "截图".encode(), "证明.txt".encode()), part(b"files", b"%PDF-1.7 x", b"b.pdf")],
    "import": [part(b"csrf", CSRF), part(b"file", HALLS, b"halls.csv")],
    "draft": [part(b"csrf", CSRF), part(b"origin", b"present"), part(b"post.yellow_minutes", b"9")],
    "sign-in": [part(b"user", b"duty"), part(b"password", b"x"), part(b"next", b"/cards")],
}  # fmt: skip
"""A form as its page sends it, without its end."""


def whole(form: str) -> Sent:
    return Sent(form, TYPE, [b"".join(FORMS[form]) + END])


NAMES: Final = (b"../../etc/passwd", b"a\0.txt", b"a\rb.txt", b"C:\\x\\y.pdf", b"\xff\xfe", b"x" * 3000, b"", b"..",
                b"%00%0d%0a", "\u202etxt.exe".encode(), b"a\\\"; name=\\\"csrf")  # fmt: skip
TYPES: Final = (None, "", "multipart/form-data", "multipart/form-data; boundary=", f"{TYPE}; charset=undefined",
                f"{TYPE}; charset=idna", f"{TYPE}; charset=utf-16", 'multipart/form-data; boundary="a b"',
                "multipart/form-data; boundary=" + "x" * 300, "multipart/mixed; boundary=x", "text/plain",
                "application/json", "application/x-www-form-urlencoded",
                "application/x-www-form-urlencoded; charset=undefined", f"{TYPE}, {TYPE}")  # fmt: skip


def forms(cut: Callable[[Iterable[bytes]], st.SearchStrategy[bytes]]) -> st.SearchStrategy[Sent]:
    """`cut`: gives bytes with pieces taken out, put in and changed (`fuzzing.mangled`)."""
    names = st.sampled_from(sorted(FORMS))
    odd = st.builds(
        part, st.sampled_from([b"csrf", b"files", b"file", b"reason", b"", b"a\0b", b"user"]),
        st.binary(max_size=40) | st.just(CSRF), st.none() | st.sampled_from(NAMES),
        st.sampled_from([b"", b"Content-Type: text/plain; charset=undefined\r\n", b"X: y\r\n" * 9,
                         b"Content-Transfer-Encoding: base64\r\n", b"Content-Disposition: form-data\r\n"]),
    )  # fmt: skip

    @st.composite
    def made(draw: st.DrawFn) -> Sent:
        form = draw(names)
        parts = draw(st.permutations(FORMS[form] + draw(st.lists(odd, max_size=3))))
        body = b"".join(parts) + draw(st.sampled_from([END, END, END, b"", END[:-4], END + b"x" * 9, END * 2]))
        if draw(st.booleans()):
            body = draw(cut([body]))
        size = draw(st.sampled_from([1 << 30, 1, 7, 64, 1000]))
        size = max(size, len(body) // 200 + 1)
        pieces = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
        sort = draw(st.just(TYPE) | st.sampled_from(TYPES))
        return Sent(form, sort, pieces, draw(st.booleans()), draw(st.integers(0, 4)) > 0)

    return made()


FOUND: Final = (
    # letters that no text has: HTTP 500
    Sent("answer", f"{TYPE}; charset=undefined", [b"".join(FORMS["answer"]) + END]),
    # no end: taken, without its last attachment
    Sent("answer", TYPE, [b"".join(FORMS["answer"])]),
    # gone in the middle: a traceback in the log
    Sent("answer", TYPE, [b"".join(FORMS["answer"])], breaks=True),
)


# --------------------------------------------------------------------------- what has to come of it


def sent(given: Sent, _folder: Path) -> None:
    """Taken, or refused by a sentence that begins in Chinese; what is refused has left nothing behind."""
    came = room().send(given)
    assert came.status in (200, 303) or 400 <= came.status < 500, (came.status, came.text)
    if came.status >= 400:
        assert came.wrote == 0, f"{came.status}, and {came.wrote} rows were written"
        refused_in_words(given, came)
    if given.breaks and (given.signed or given.form == "sign-in"):  # others are led to the door, whatever they send
        assert came.status >= 400, "taken before its end had come"


def refused_in_words(given: Sent, came: Came) -> None:
    if given.breaks and not came.text:
        return  # nobody is there to read it
    first = came.text.removeprefix('{"detail":"') if came.text.startswith("{") else came.text
    assert any("一" <= c <= "鿿" for c in first[:2000]), came.text
