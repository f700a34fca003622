"""A closed period as it is kept: what is signed, and the names apart. Pure; whoever keeps gives the salts.

Signed is the snapshot with a salted digest in the place of each name. So the name of a person who is erased (DESIGN
§1F) can go, with its salt, and the signature still holds over all the rest.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from monitor.assessment.snapshot import Named, Snapshot, digest_of, from_json, to_json

ERASED: Final = "（已删除）"
"""What stands in the place of a name that is gone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Body:
    """`names`: by kind and id [salt, name], of those that are still there."""

    signed: str
    names: Mapping[Named, Mapping[str, tuple[str, str]]]


class Damaged(ValueError):
    """What is kept is not what was signed."""


def packed(snapshot: Snapshot, salt: Callable[[], str]) -> tuple[bytes, str]:
    """The body as it is kept, and the SHA-256 of what is signed, hex."""
    names: Mapping[Named, Mapping[str, tuple[str, str]]] = {
        kind: {key: (salt(), name) for key, name in sorted(mine.items())} for kind, mine in snapshot.names.items()
    }
    sealed: Mapping[Named, Mapping[str, str]] = {
        kind: {key: _sealed(*one) for key, one in mine.items()} for kind, mine in names.items()
    }
    signed = to_json(replace(snapshot, names=sealed))
    return _body(_Body(signed=signed.decode(), names=names)), digest_of(signed)


def unpacked(body: bytes, digest: str) -> Snapshot:
    """The snapshot that was kept, names filled in as far as they are there. Raises Damaged."""
    found = _read(body)
    signed = found.signed.encode()
    if digest_of(signed) != digest:
        raise Damaged("the kept snapshot is not what was signed")
    snapshot = from_json(signed)
    return replace(snapshot, names={kind: _opened(found, kind, mine) for kind, mine in snapshot.names.items()})


def without(body: bytes, kind: Named, key: str) -> bytes | None:
    """The body without the name of one; None where it has none. Raises Damaged."""
    found = _read(body)
    if key not in found.names.get(kind, {}):
        return None
    left = {name: one for name, one in found.names[kind].items() if name != key}
    return _body(replace(found, names={**found.names, kind: left}))


def _opened(found: _Body, kind: Named, sealed: Mapping[str, str]) -> Mapping[str, str]:
    names: dict[str, str] = {}
    for key, mark in sealed.items():
        one = found.names.get(kind, {}).get(key)
        if one is not None and _sealed(*one) != mark:
            raise Damaged(f"the name of {kind} {key} is not the one that was signed")
        names[key] = one[1] if one is not None else ERASED
    return names


def _sealed(salt: str, name: str) -> str:
    return hashlib.sha256(f"{salt}|{name}".encode()).hexdigest()


def _body(body: _Body) -> bytes:
    return zlib.compress(msgspec.json.encode(body, order="sorted"), 6)


def _read(body: bytes) -> _Body:
    try:
        return msgspec.json.decode(zlib.decompress(body), type=_Body)
    except (zlib.error, ValueError) as error:
        raise Damaged("the kept snapshot cannot be read") from error
