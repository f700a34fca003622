"""The file of a backup: a zip of `manifest.json` and `tables/NAME.jsonl`, one JSON array a row."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from monitor.ops.backup.rows import Summer, TableSum

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
MOST_MANIFEST: Final = 16 << 20
MOST_LINE: Final = 256 << 20
"""Bytes of one row: the largest files that are kept come to a tenth of it. What unpacks to more is no backup of ours,
and must not fill the memory.
"""
COMPRESSION: Final = 3
"""Half the time of the usual 6 for a tenth more space."""


class BadArchive(ValueError):
    """A file that is no backup, or a damaged one; the text names it."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a backup holds. `revision`: of the schema; `program`: the version that made it; `made`: aware UTC.

    `audit_head`: NO:MAC of the last seal in it (`jiancha audit verify --backup`); None where nothing was sealed.
    """

    revision: str
    program: str
    made: datetime
    database: str
    tables: Mapping[str, TableSum]
    audit_head: str | None = None

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())

    def to_json(self) -> dict[str, Any]:
        tables = {name: asdict(table) for name, table in self.tables.items()}
        return {
            "format": FORMAT,
            "revision": self.revision,
            "program": self.program,
            "made": self.made.isoformat(),
            "database": self.database,
            "audit_head": self.audit_head,
            "tables": tables,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Manifest:
        """Raises KeyError, TypeError or ValueError for what is none."""
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']} is not known here: take a newer program")
        tables = {
            name: TableSum(columns=tuple(table["columns"]), rows=int(table["rows"]), digest=str(table["digest"]))
            for name, table in data["tables"].items()
        }
        made = datetime.fromisoformat(data["made"])
        return cls(
            revision=data["revision"],
            program=data["program"],
            made=made,
            database=data["database"],
            tables=tables,
            audit_head=data.get("audit_head"),
        )


class Writer:
    """Writes an archive: tables first, the manifest last, so that a file cut short has none."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION)

    def table(self, name: str, columns: Iterable[str], lines: Iterable[bytes]) -> TableSum:
        summer = Summer(columns)
        with self._zip.open(_entry(name), "w", force_zip64=True) as out:
            for line in lines:
                summer.add(line)
                out.write(line + b"\n")
        return summer.sum()

    def manifest(self, manifest: Manifest) -> None:
        self._zip.writestr(MANIFEST, json.dumps(manifest.to_json(), ensure_ascii=False, indent=1))

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()


class Reader:
    """Reads an archive. Every method raises BadArchive for one that is damaged."""

    def __init__(self, path: Path, *, line_most: int = MOST_LINE) -> None:
        self.path, self._line_most = path, line_most
        try:
            self._zip = zipfile.ZipFile(path)
            if self._zip.getinfo(MANIFEST).file_size > MOST_MANIFEST:
                raise ValueError(f"{MANIFEST}: more than {MOST_MANIFEST >> 20} MB")
            self.manifest = Manifest.of(json.loads(self._zip.read(MANIFEST)))
        except FileNotFoundError:
            raise BadArchive(f"{path}: 没有此文件 no such file") from None
        except (
            OSError,
            zipfile.BadZipFile,
            zlib.error,
            KeyError,
            TypeError,
            ValueError,
            RuntimeError,
            RecursionError,
        ) as error:
            raise BadArchive(f"{path}: 不是完好的备份 is no whole backup ({error})") from error

    def lines(self, name: str) -> Iterator[bytes]:
        """The rows of a table; the zip's own check sum is held against them at their end."""
        try:
            with self._zip.open(_entry(name)) as file:
                while line := file.readline(self._line_most):
                    if len(line) == self._line_most:
                        raise ValueError(f"a row of more than {self._line_most >> 20} MB")
                    yield line.rstrip(b"\n")
        except (OSError, zipfile.BadZipFile, zlib.error, KeyError, ValueError, RuntimeError, EOFError) as error:
            raise BadArchive(f"{self.path}: 表 {name} 损坏 is damaged ({error})") from error

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()


def _entry(name: str) -> str:
    return f"tables/{name}.jsonl"
