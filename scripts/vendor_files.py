"""Fetch the front-end files of others from npm into monitor/console/static/vendor, with name, version,
licence and checksum.

    python scripts/vendor_files.py          # needs npm; writes the files and vendored.json
    python scripts/vendor_files.py --check  # needs nothing: holds the files against vendored.json

Nothing is built. `tests/unit/test_vendored.py` runs the check.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

VENDOR: Final = Path(__file__).resolve().parent.parent / "monitor" / "console" / "static" / "vendor"
LIST: Final = VENDOR / "vendored.json"


class Wanted(NamedTuple):
    package: str
    version: str
    licence: str
    file: str
    """Inside the package."""
    name: str
    """In our folder."""


WANTED: Final = (
    # The npm `latest` of htmx is 4, with another inheritance of attributes: the version is named.
    Wanted("htmx.org", "2.0.11", "0BSD", "dist/htmx.min.js", "htmx.min.js"),
    Wanted("htmx-ext-sse", "2.2.4", "0BSD", "dist/sse.min.js", "htmx-sse.min.js"),
    # Bars and lines alone, loaded on the page of statistics.
    Wanted("echarts", "6.1.0", "Apache-2.0", "dist/echarts.simple.min.js", "echarts.min.js"),
    Wanted("bootstrap", "5.3.9", "MIT", "dist/css/bootstrap.min.css", "bootstrap.min.css"),
)


def fetch() -> None:
    rows = []
    VENDOR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "package.json").write_text('{"private": true}')
        packages = sorted({f"{w.package}@{w.version}" for w in WANTED})
        subprocess.run(["npm", "install", "--silent", "--ignore-scripts", *packages], cwd=folder, check=True)
        for one in WANTED:
            source = folder / "node_modules" / one.package / one.file
            shutil.copyfile(source, VENDOR / one.name)
            rows.append({**one._asdict(), "sha256": _digest(VENDOR / one.name)})
            for paper in papers(one):
                shutil.copyfile(folder / "node_modules" / one.package / paper, VENDOR / f"{one.package}.{paper}.txt")
    LIST.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def papers(one: Wanted) -> tuple[str, ...]:
    """What goes along with a file of somebody else's: the Apache licence asks for the notice, too (4d)."""
    return ("LICENSE", "NOTICE") if one.licence == "Apache-2.0" else ("LICENSE",)


def faults() -> list[str]:
    """What differs between the list and the folder; empty where nothing does."""
    rows = {row["name"]: row for row in json.loads(LIST.read_text(encoding="utf-8"))}
    licences = {f"{one.package}.{paper}.txt" for one in WANTED for paper in papers(one)}
    there = {path.name for path in VENDOR.iterdir()} - {LIST.name}
    missing = [f"{name}: the licence is not there" for name in sorted(licences - there)]
    there -= licences
    found = [f"{name}: listed, not there" for name in sorted(rows.keys() - there)]
    found += [f"{name}: there, not listed" for name in sorted(there - rows.keys())]
    found += [
        f"{name}: sha256 is {_digest(VENDOR / name)}, listed {rows[name]['sha256']}"
        for name in sorted(there & rows.keys())
        if _digest(VENDOR / name) != rows[name]["sha256"]
    ]
    wanted = {one.name: one._asdict() for one in WANTED}
    listed = {name: {key: row[key] for key in Wanted._fields} for name, row in rows.items()}
    return (
        missing
        + found
        + ([] if wanted == listed else ["vendored.json is not what scripts/vendor_files.py wants: run it"])
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only compare")
    if not parser.parse_args().check:
        fetch()
    found = faults()
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
