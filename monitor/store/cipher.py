"""Biometric data under AES-256-GCM: sealed with the key of one face, and bound to whose it is."""

from __future__ import annotations

import secrets
from typing import Final

NONCE_BYTES: Final = 12


class Unreadable(ValueError):
    """What this key does not open, or not for whom it was sealed."""


def sealed(key: bytes, plain: bytes, bound: bytes) -> bytes:
    """`plain` behind a nonce of its own; opens with `key` for the same `bound` alone."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 7 MB, which a hall without faces does without

    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound)


def opened(key: bytes, box: bytes, bound: bytes) -> bytes:
    """What was sealed. Raises Unreadable."""
    from cryptography.exceptions import InvalidTag  # as above
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], bound)
    except (InvalidTag, ValueError) as error:
        raise Unreadable("密钥打不开 the key does not open it") from error
