"""What of MQTT 5's properties is read: the user property `traceparent` of a message."""

from __future__ import annotations

from typing import Final

TRACEPARENT: Final = b"traceparent"
_USER: Final = 0x26
_FIXED: Final = {0x01: 1, 0x02: 4, 0x23: 2}
"""Bytes of those of a PUBLISH that have a fixed length: format, expiry, alias."""
_COUNTED: Final = frozenset({0x03, 0x08, 0x09})
"""Those that begin with their length: content type, response topic, correlation data."""
_SUBSCRIPTION: Final = 0x0B


def traceparent(properties: bytes) -> str:
    """Its value; empty where there is none, or the properties cannot be read: a message is not refused for that."""
    if TRACEPARENT not in properties:
        return ""
    at = 0
    while at < len(properties):
        kind = properties[at]
        at += 1
        if kind in _FIXED:
            at += _FIXED[kind]
        elif kind in _COUNTED:
            _, at = _counted(properties, at)
        elif kind == _SUBSCRIPTION:
            while at < len(properties) and properties[at] >= 128:
                at += 1
            at += 1
        elif kind == _USER:
            name, at = _counted(properties, at)
            value, at = _counted(properties, at)
            if name == TRACEPARENT:
                return value.decode("ascii", "replace")
        else:
            return ""
    return ""


def _counted(data: bytes, at: int) -> tuple[bytes, int]:
    end = at + 2 + int.from_bytes(data[at : at + 2], "big")
    return data[at + 2 : end], end
