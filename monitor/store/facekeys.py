"""The key store (密钥库): one key a face, in a file that is never in the database or its backups (DESIGN §1F).

A text file of fixed records, `NAME KEY` in hex, so that a key is destroyed by writing over it where it lies. On disks
that write elsewhere (SSD, copy-on-write) old blocks may outlive that until they are reused: docs/faces.md says so.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

HEAD: Final = b"jiancha face keys 1\n"
NAME_BYTES: Final = 16
KEY_BYTES: Final = 32
NAME: Final = re.compile(r"[0-9a-f]{32}")
RECORD: Final = 2 * NAME_BYTES + 1 + 2 * KEY_BYTES + 1
BLANK: Final = b"-" * (2 * KEY_BYTES)
OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class BadKeyStore(ValueError):
    """A key store that cannot be used; the text names the file and the way out."""


class KeyStore:
    """The keys in a file, read anew at each call: other commands write it too. Every method raises BadKeyStore."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def exists(self) -> bool:
        return self.path.exists()

    def create(self) -> None:
        """Make an empty store that only its owner may read; one that is there stays as it is."""
        if self.exists:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(HEAD)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:  # another command was faster
            return
        except OSError as error:
            raise self._bad(f"无法建立 cannot be made: {error.strerror}") from error

    def make(self) -> tuple[str, bytes]:
        """A new key and its name, on the disk before they are given."""
        name, key = secrets.token_hex(NAME_BYTES), secrets.token_bytes(KEY_BYTES)
        with self._opened(writing=True) as number:
            whole = (os.fstat(number).st_size - len(HEAD)) // RECORD  # what a crash left of a record is written over
            os.pwrite(number, f"{name} {key.hex()}\n".encode(), len(HEAD) + whole * RECORD)
            os.fsync(number)
        return name, key

    def get(self, name: str) -> bytes | None:
        """The key of that name; None where it was destroyed, or never lay here."""
        return self.all().get(name)

    def all(self) -> dict[str, bytes]:
        """Every key that is still there, by name."""
        with self._opened(writing=False) as number:
            return {found: bytes.fromhex(key.decode()) for _, found, key in self._records(number) if key != BLANK}

    def destroy(self, name: str) -> bool:
        """Write over the key and read it back; gives whether there was one."""
        with self._opened(writing=True) as number:
            places = [at for at, found, key in self._records(number) if found == name and key != BLANK]
            for place in places:
                os.pwrite(number, BLANK, place + 2 * NAME_BYTES + 1)
            os.fsync(number)
            if any(found == name and key != BLANK for _, found, key in self._records(number)):
                raise self._bad(f"密钥 {name} 未能销毁 could not be destroyed")
        return bool(places)

    def _records(self, number: int) -> Iterator[tuple[int, str, bytes]]:
        """(place in the file, name, key in hex) of each whole record."""
        body = os.pread(number, os.fstat(number).st_size, 0)
        if not body.startswith(HEAD):
            raise self._bad("不是密钥库 is no key store")
        for place in range(len(HEAD), len(body) - RECORD + 1, RECORD):
            name, _, key = body[place : place + RECORD - 1].partition(b" ")
            if not NAME.fullmatch(name.decode(errors="replace")) or (key != BLANK and not _is_key(key)):
                raise self._bad(f"第 {place} 字节处损坏 is damaged at byte {place}: 请恢复副本 put a copy back")
            yield place, name.decode(), key

    @contextmanager
    def _opened(self, *, writing: bool) -> Iterator[int]:
        try:
            number = os.open(self.path, os.O_RDWR if writing else os.O_RDONLY)
        except OSError as error:
            raise self._bad(f"无法打开 cannot be opened: {error.strerror}") from error
        try:
            if os.fstat(number).st_mode & OTHERS:
                raise self._bad("他人可读写 others may read or write it: chmod 600")
            fcntl.flock(number, fcntl.LOCK_EX if writing else fcntl.LOCK_SH)
            yield number
        finally:
            os.close(number)

    def _bad(self, why: str) -> BadKeyStore:
        return BadKeyStore(f"faces.keys: {self.path}: {why}")


def _is_key(text: bytes) -> bool:
    return re.fullmatch(rb"[0-9a-f]{64}", text) is not None
