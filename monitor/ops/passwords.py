"""Mosquitto's password file (口令文件): one line a user, `USER:$7$ITERATIONS$SALT$HASH` (Mosquitto 2).

Written here and not by `mosquitto_passwd`: the broker may stand on another machine, and a password on a command line is
seen by every user of the machine.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ITERATIONS: Final = 101
"""As `mosquitto_passwd` takes. Slow hashing protects guessable passwords; ours hold 144 random bits, and a hall's
devices that all come back at once should not wait for the broker to hash."""
SALT_BYTES: Final = 12
HASH_BYTES: Final = 64
PASSWORD_BYTES: Final = 18


class CannotWrite(OSError):
    """A file of credentials cannot be read or written; the text names it and the way out."""


def new_password() -> str:
    """24 letters of the URL alphabet, 144 bits."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def line_of(user: str, password: str) -> str:
    """The user's line of the password file, without its end."""
    salt = secrets.token_bytes(SALT_BYTES)
    hashed = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS, HASH_BYTES)
    return f"{user}:$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(hashed).decode()}"


def put(path: Path, line: str) -> None:
    """Add the line, in place of one of the same user; a file that is not there is made. Raises CannotWrite."""
    user = line.partition(":")[0]
    with _locked(path):
        kept = [old for old in _lines(path) if old.partition(":")[0] != user]
        _replace(path, [*kept, line])


def remove(path: Path, user: str) -> bool:
    """Take the user's line out; whether there was one. Raises CannotWrite."""
    with _locked(path):
        lines = _lines(path)
        kept = [old for old in lines if old.partition(":")[0] != user]
        if len(kept) < len(lines):
            _replace(path, kept)
    return len(kept) < len(lines)


def users(path: Path) -> set[str]:
    """Who has a line. Raises CannotWrite."""
    return {line.partition(":")[0] for line in _lines(path)}


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Two commands at once must not each write the file without the other's line: the folder is locked."""
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise CannotWrite(f"{path.parent}: {error.strerror}") from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise CannotWrite(
            f"{path}: 无法读取 cannot be read ({error}); 请以文件属主运行 run it as the user who owns the file"
        ) from error


def _replace(path: Path, lines: list[str]) -> None:
    """Write beside and rename: a broker that reads meanwhile sees the old file or the new one. Owner and mode stay."""
    beside = path.with_name(f".{path.name}.new")
    try:
        before = path.stat() if path.exists() else None
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        if before is not None:
            os.chmod(beside, before.st_mode & 0o7777)
            if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                os.chown(beside, before.st_uid, before.st_gid)
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CannotWrite(
            f"{path}: 无法写入 cannot be written ({error.strerror}); 请以属主运行 run it as the file's owner or root"
        ) from error
