"""What comes in from outside, thrown at what reads it (Hypothesis): never an exception that nobody foresaw, always
taken or refused with a reason that names where, in bounded time. Short in every run, ten minutes in `make test-long`.

A target is a strategy and a check. The check lets through what is taken, swallows the one refusal that its reader
promises after having looked at its text, and lets anything else escape: that is a find, to be kept in FOUND.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st

from alerts.rendering import Style
from alerts.templates import EXAMPLE, BadTemplate, context, fill
from monitor.assessment.book import BadBook, read_book
from monitor.ingest.adapters import Adapters, BadAdapter, load_adapter, load_adapters
from monitor.ingest.adapters.expressions import Expression, Unreadable
from monitor.ingest.check import prepare
from monitor.ingest.decode import Message
from monitor.ingest.eventlog import BadLog, EventLog
from monitor.ingest.feed import BadFeed, parse_items
from monitor.ingest.maps import BadMap, load_map
from monitor.ingest.plans import check_plans
from monitor.ingest.registry import check_registry
from monitor.ingest.registry_checks import Known
from monitor.ingest.tables import InputErrors, tables_in
from monitor.model import Rejected
from monitor.settings import config_dir
from monitor.supervision.files import checked
from monitor.supervision.refused import Refused
from monitor.workcal.notice import notice_paper, parse_notice
from tests.bombs import packed, workbook
from tests.fuzzing_forms import FOUND as FOUND_FORMS
from tests.fuzzing_forms import forms, sent
from tests.ingest_world import GOOD, NINE, REGISTRY, SENDER, message
from tests.registry_rows import HALL_TOML

Check = Callable[[Any, Path], None]
"""(what comes in, a folder of one's own)"""


@dataclass(frozen=True)
class Target:
    name: str
    comes: st.SearchStrategy[Any]
    check: Check


# --------------------------------------------------------------------------- what comes in

NASTY: Final = st.sampled_from(
    ["", "\0", "\ufeff", "\u202e", "'", '"', "=1+1", "{{7*7}}", "<script>", "../../x", "${x}", "%s", "\\", "\r\n",
     "NaN", "1e999", "-0", "９", "2026-02-30", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00", "null", "true",
     "2026-03-02T09:00:00", "𠮷", "x" * 300, "9" * 400, "w1", "s1", "h1", "*", "a,b", "🙂" * 70]
)  # fmt: skip
TEXTS: Final = st.text(max_size=24) | NASTY
SCALARS: Final = (
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.integers(min_value=-(2**80), max_value=2**80)
)
JSON: Final = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)


def mangled(seeds: Iterable[bytes], at_most: int = 6) -> st.SearchStrategy[bytes]:
    """Good bytes with pieces taken out, put in, doubled and overwritten."""
    cut = st.tuples(
        st.floats(min_value=0, max_value=1, exclude_max=True), st.integers(0, 40),
        st.binary(max_size=12) | NASTY.map(str.encode), st.sampled_from("redd"),
    )  # fmt: skip

    def apply(given: tuple[bytes, list[tuple[float, int, bytes, str]]]) -> bytes:
        body, cuts = given
        for where, length, piece, how in cuts:
            at = int(where * (len(body) + 1))
            taken = body[at : at + length]
            body = body[:at] + {"r": piece, "e": taken + piece + taken, "d": b""}[how] + body[at + length :]
        return body

    return st.tuples(st.sampled_from(list(seeds)), st.lists(cut, max_size=at_most)).map(apply) | st.binary(max_size=200)


def changed(seed: Any) -> st.SearchStrategy[Any]:
    """A document with some of its values, at any depth, made something else."""
    if isinstance(seed, dict) and seed:
        kept = {key: st.just(value) | changed(value) for key, value in seed.items()}
        return st.builds(
            lambda made, more, gone: {k: v for k, v in {**made, **more}.items() if k not in gone},
            st.fixed_dictionaries(kept),
            st.dictionaries(st.sampled_from(sorted(seed)) | TEXTS, JSON, max_size=2),
            st.sets(st.sampled_from(sorted(seed)), max_size=1),
        ) | st.just(seed)
    if isinstance(seed, list):
        return st.lists(st.one_of([changed(one) for one in seed[:3]] or [JSON]), max_size=4) | JSON
    return SCALARS | JSON


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


@st.composite
def sheets(draw: st.DrawFn, tables: dict[str, list[dict[str, Any]]]) -> tuple[str, bytes]:
    """A table as a file of one of the formats, with cells, columns and bytes that are not as they should be."""
    name = draw(st.sampled_from(sorted(tables)))
    columns = draw(st.lists(st.sampled_from(sorted({k for row in tables[name] for k in row})) | TEXTS, max_size=7))
    rows = draw(st.lists(st.lists(TEXTS, max_size=8), max_size=4))
    form = draw(st.sampled_from(["csv", "xlsx", "json", "toml"]))
    if form == "csv":
        text = "\r\n".join(",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in r) for r in [columns, *rows])
        return f"{name}.csv", draw(mangled([text.encode(draw(st.sampled_from(["utf-8", "gb18030"])), "replace")], 2))
    if form == "xlsx":
        return "hall.xlsx", draw(books([columns, *rows], name))
    made = [dict(zip(columns, row, strict=False)) for row in rows]
    if form == "json":
        return "hall.json", draw(st.just(as_json({name: made})) | changed({**tables, name: made}).map(as_json))
    return "hall.toml", draw(mangled([HALL_TOML.encode()]))


@st.composite
def books(draw: st.DrawFn, rows: list[list[str]], name: str) -> bytes:
    """A workbook, whole or with one of its parts mangled, or the zip itself."""
    parts = dict(_parts())
    cells = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>'
    parts["xl/worksheets/sheet1.xml"] = sheet.encode("utf-8", "replace")
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b'"halls"', f'"{name}"'.encode())
    how = draw(st.sampled_from(["whole", "part", "zip", "gone"]))
    if how == "part":
        one = draw(st.sampled_from(sorted(parts)))
        parts[one] = draw(mangled([parts[one]]))
    elif how == "gone":
        parts.pop(draw(st.sampled_from(sorted(parts))))
    return draw(mangled([packed(parts)], 3)) if how == "zip" else packed(parts)


def _cell(text: str) -> str:
    kept = "".join(c for c in text if c >= " " or c in "\t\n").replace("&", "&amp;").replace("<", "&lt;")
    return f'<c t="inlineStr"><is><t>{kept}</t></is></c>'


@cache
def _parts() -> dict[str, bytes]:
    return workbook()


# --------------------------------------------------------------------------- who reads it


def told(error: Exception, *anything: str) -> None:
    """A refusal says something, and names one of these where it can."""
    text = str(error)
    assert text.strip(), f"{type(error).__name__} without a word"
    assert not anything or any(one in text for one in anything), text


def listed(error: InputErrors) -> None:
    """Each fault with its place, in both languages."""
    assert error.errors
    assert all(one.place and one.zh and one.en for one in error.errors)


def decoder(given: tuple[str, str, bytes], _folder: Path) -> None:
    device, channel, payload = given
    found = prepare(Message(device=device, channel=channel, payload=payload, received=NINE), REGISTRY).said
    if isinstance(found, Rejected):
        assert found.reason
        assert found.detail


@cache
def _adapters() -> Adapters:
    folder = config_dir() / "adapters"
    return Adapters(load_adapters([p.stem for p in sorted(folder.glob("*.toml"))], (), folder).values())


TOPICS: Final = (
    "evaluator/ev-1/evaluate", "evaluator/ev-1/heartbeat", "topic/face/capture/request/term-1",
    "jiancha/v1/ev-1/rating", "", "/", "evaluator/+/evaluate", "a/" * 40,
)  # fmt: skip


def adapters(given: tuple[str, bytes], _folder: Path) -> None:
    topic, payload = given
    made = _adapters().message(topic, payload, NINE)
    found = prepare(made, REGISTRY).said
    if isinstance(found, Rejected):
        assert found.detail


def adapter_file(body: bytes, folder: Path) -> None:
    (folder / "own.toml").write_bytes(body)
    try:
        made = load_adapter(folder / "own.toml")
    except BadAdapter as error:
        told(error, "own.toml")
    else:
        Adapters([made]).message("device/ev-1/up", b'{"id": 1, "time": "x", "a": [1, {"b": null}]}', NINE)


def expression(given: tuple[str, Any], _folder: Path) -> None:
    text, document = given
    try:
        compiled = Expression(text)
    except ValueError as error:
        told(error, "JMESPath")
        return
    list(compiled.names())
    try:
        compiled.of(document)
    except Unreadable as error:
        told(error)


def registry(given: tuple[str, bytes], _folder: Path) -> None:
    try:
        check_registry(tables_in(*given), Known(registry=REGISTRY, calendars=frozenset(), presets=frozenset()))
    except InputErrors as error:
        listed(error)


def plans(given: tuple[str, bytes], _folder: Path) -> None:
    try:
        check_plans(tables_in(*given), REGISTRY)
    except InputErrors as error:
        listed(error)


def case_log(given: tuple[str, bytes], folder: Path) -> None:
    form, body = given
    path = folder / f"log.{form}"
    path.write_bytes(body)
    try:
        log = EventLog(path, {"case:concept:name", "time:timestamp", "concept:name"})
        for row in log.rows():
            assert row.number > 1
            assert bool(row.reason) == bool(row.detail)
    except BadLog as error:
        told(error, "log.")


def case_map(body: bytes, folder: Path) -> None:
    (folder / "map.toml").write_bytes(body)
    try:
        made = load_map(folder / "map.toml")
    except BadMap as error:
        told(error, "map.toml")
    else:
        made.columns()


def calendar(value: Any, _folder: Path) -> None:
    notice_paper(value)
    try:
        assert parse_notice(value)
    except ValueError as error:
        told(error)


def rule_book(body: bytes, _folder: Path) -> None:
    try:
        read_book(body.decode("utf-8", "replace"))
    except BadBook as error:
        told(error)


def event_lines(body: bytes, _folder: Path) -> None:
    try:
        items = parse_items(body)
    except BadFeed as error:
        told(error)
        return
    for item in items:
        decoder((item.device, item.channel, bytes(item.payload)), _folder)


def attachment(given: tuple[str, bytes], _folder: Path) -> None:
    try:
        (file,) = checked([given])
    except Refused as error:
        told(error, "file")
    else:
        assert not set(file.name) & set('"\\/\r\n\0')


def template(source: str, _folder: Path) -> None:
    try:
        assert len(fill(source, context((EXAMPLE,), "firing", Style(), title="t", text="x"))) <= 200_000
    except BadTemplate as error:
        told(error)


# --------------------------------------------------------------------------- together

REGISTRY_ROWS: Final[dict[str, list[dict[str, Any]]]] = json.loads(json.dumps(tomllib.loads(HALL_TOML), default=str))
PLAN_ROWS: Final[dict[str, list[dict[str, Any]]]] = {
    "leave": [{"id": "l1", "staff": "s1", "kind": "sick", "from": "2026-03-02T09:00:00+08:00",
               "to": "2026-03-03T09:00:00+08:00", "approver": "s2", "approved_at": "2026-03-01T09:00:00+08:00"}],
    "outings": [{"id": "o1", "staff": "s1", "from": "2026-03-02T09:00:00+08:00", "to": "2026-03-02T09:20:00+08:00"}],
    "rota": [{"id": "r1", "date": "2026-03-02", "role": "lead", "staff": "s1"}],
    "closures": [{"id": "c1", "hall": "h1", "from": "2026-03-02T09:00:00+08:00", "to": "2026-03-02T10:00:00+08:00"}],
}  # fmt: skip
NOTICE: Final = {"year": 2027, "days": [{"name": "元旦", "date": "2027-01-01", "isOffDay": True}], "papers": ["x"]}
SHIPPED: Final = config_dir()
LOG: Final = "case:concept:name,concept:name,time:timestamp\nc1,受理,2026-03-02 09:00:00\nc2,办结,2026-03-03 09:00:00\n"
EVENTS: Final = [json.loads(message(channel).payload) for channel in GOOD]
JMES: Final = st.text(alphabet="abcd.[]*{}'`|&@()0123456789:,!=<>?\"-_ \\", max_size=40) | st.sampled_from(
    ["a.b", "a[*].b", "replace(a, 'x', b)", "lower(a)", "sum(a)", "max_by(a, &b)", "join(',', a)", "to_number(@)",
     "a[::0]", "sort_by(@, &a)", "`{`", "a || `1`", "merge(a, b)"]
)  # fmt: skip
DOCUMENTS: Final = [packed({"word/document.xml": b"<x/>", "word/媒体.xml": b"y"}), packed(workbook())]
PIECES: Final = st.sampled_from(
    ["{{ ", " }}", "{% for c in cards %}", "{% endfor %}", "{% if ", "{% set x = ", " %}", "cards[0]", ".charged",
     "title", "|upper", "|join(',')", "|format(9)", "|center(99999999)", " * 99999999", " ** ", "'a'", "9", "(", ")",
     "[", "]", "~",
     "c.__class__", "lipsum()", "range(9)", "|attr('x')", "|tojson", "|batch(2)", "|slice(3)", "|int", "{#", "#}",
     "|wordwrap(0)", "|indent(3)", "|truncate(1)", "|round(999)", "|filesizeformat", "|dictsort", "loop.index"]
)  # fmt: skip


def files(folder: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((SHIPPED / folder).glob("*.toml"))]


def vendors() -> list[Any]:
    """What vendors' devices send, as the shipped adapters know it."""
    return [
        {"affairSerialNo": "c1", "evalProcess": "2", "evalTime": "20260302090000", "affairDealNo": "S1",
         "evalStar": "5", "evalContent": "x", "phone": "13800000000"},
        {"device_no": "t", "sequence_no": 7, "cap_time": "2026/03/02 09:00:00.000", "match": {"person_id": "S1"},
         "closeup_pic": "aGVsbG8="},
    ]  # fmt: skip


def targets(sample: Path | None = None) -> list[Target]:
    """`sample`: a real log of cases, whose first lines are seeds too."""
    logs = [LOG.encode(), LOG.encode("gb18030")]
    if sample is not None:
        with sample.open("rb") as file:
            logs.append(b"".join(file.readline() for _ in range(12)))
    documents = st.one_of([changed(one) for one in EVENTS])
    payloads = documents.map(as_json) | mangled([as_json(one) for one in EVENTS])
    vendor = st.one_of([changed(one) for one in vendors()]).map(as_json) | mangled(map(as_json, vendors()))
    log_books = books([line.split(",") for line in LOG.splitlines()], "log").map(lambda b: ("xlsx", b))
    return [
        Target("decoder", st.tuples(st.sampled_from([*SENDER.values(), "", "X/é"]),
                                    st.sampled_from([*GOOD, "status", "heartbeat", "?"]), payloads), decoder),
        Target("adapters", st.tuples(st.sampled_from(TOPICS) | TEXTS, vendor), adapters),
        Target("adapter files", mangled(files("adapters")), adapter_file),
        Target("jmespath", st.tuples(JMES, changed({"a": [1, {"b": "x"}], "c": {"d": None}})), expression),
        Target("registry", sheets(REGISTRY_ROWS), registry),
        Target("plans", sheets(PLAN_ROWS), plans),
        Target("case logs", mangled(logs).map(lambda b: ("csv", b)) | log_books, case_log),
        Target("case maps", mangled(files("maps")), case_map),
        Target("calendar", changed(NOTICE) | JSON, calendar),
        Target("bodies of events", mangled([as_json([{"device": "ev-1", "channel": c, "payload": e}
                                                     for c, e in zip(GOOD, EVENTS, strict=True)])]), event_lines),
        Target("rule books", mangled(files("assessment")), rule_book),
        Target("attachments", st.tuples(TEXTS, mangled([*DOCUMENTS, b"%PDF-1.7 x", "正文".encode()])), attachment),
        Target("forms", forms(mangled), sent),
        Target("templates", st.lists(PIECES | TEXTS, max_size=12).map("".join), template),
    ]  # fmt: skip


def _emptied(part: str) -> tuple[str, bytes]:
    return "hall.xlsx", packed(workbook() | {part: b""})


def _to_come(document: bytes) -> bytes:
    """A zip whose last entry asks for a version of zip that there is not."""
    at = document.rindex(b"PK\x01\x02") + 6
    return document[:at] + b"\xff" + document[at + 1 :]


FOUND: Final[tuple[tuple[str, Any], ...]] = (
    # lxml's error is none of ElementTree's: an upload of such a workbook ended as HTTP 500
    ("registry", _emptied("[Content_Types].xml")),
    ("registry", _emptied("xl/workbook.xml")),
    ("plans", _emptied("xl/_rels/workbook.xml.rels")),
    ("plans", _emptied("xl/styles.xml")),
    ("case logs", ("xlsx", _emptied("[Content_Types].xml")[1])),
    # zipfile's errors of names that are no UTF-8 and of a version to come: an attachment ended as HTTP 500
    ("attachments", ("a.docx", DOCUMENTS[0].replace("媒".encode(), b"\xff\xff\xff"))),
    ("attachments", ("a.docx", _to_come(DOCUMENTS[0]))),
    *(("forms", form) for form in FOUND_FORMS),
)
"""(target, what came in): what was found once and mended."""
