"""Bring the pages' Chinese catalogue up to date with the texts of templates and code: new ones come in empty, those
that are gone go. `make docs` calls it; `tests/unit/test_pages_languages.py` fails on an empty one.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT: Final = Path(__file__).resolve().parent.parent
PAGES: Final = ROOT / "monitor" / "console"
FILE: Final = PAGES / "locale" / "zh" / "LC_MESSAGES" / "messages.po"
METHODS: Final = [("pages/**.py", "python"), ("templates/**.html", "jinja2")]
HEAD: Final = """# The pages in Chinese. `make docs` adds what is new, empty until written, and drops what is gone.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Language: zh\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"
"""


def found() -> list[str]:
    """Every text of templates and code, in order."""
    options = {"templates/**.html": {"trimmed": "true", "silent": "false"}}
    rows = extract_from_dir(str(PAGES), METHODS, options_map=options, keywords={"_": None, "gettext": None})
    return sorted({row[2] for row in rows if isinstance(row[2], str)})


def known() -> Catalog:
    with FILE.open("rb") as file:
        return read_po(file, locale="zh", charset="utf-8")


def text() -> str:
    """The catalogue as it should stand in the file."""
    catalogue = known()
    lines = [HEAD]
    for msgid in found():
        message = catalogue.get(msgid)
        said = str(message.string) if message is not None and message.string else ""
        lines.append(f"msgid {_quoted(msgid)}\nmsgstr {_quoted(said)}\n")
    return "\n".join(lines)


def _quoted(said: str) -> str:
    escaped = said.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def untranslated() -> list[str]:
    catalogue = known()
    return [msgid for msgid in found() if not (catalogue.get(msgid) and catalogue[msgid].string)]


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    missing = untranslated()
    if missing:
        sys.exit("messages.po: no Chinese yet for:\n" + "\n".join(missing))
