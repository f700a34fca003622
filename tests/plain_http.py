"""Clients of servers on this machine, over plain HTTP. By itself httpx reads all certificates that a system trusts, for
each client and each single request: a fiftieth of a second of processor, more than most answers take.
"""

from __future__ import annotations

import ssl
from typing import Any, Final

import httpx

TRUSTS_NOBODY: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def client(**options: Any) -> httpx.Client:
    return httpx.Client(verify=TRUSTS_NOBODY, **options)


def get(url: str, **options: Any) -> httpx.Response:
    return httpx.get(url, verify=TRUSTS_NOBODY, **options)


def post(url: str, **options: Any) -> httpx.Response:
    return httpx.post(url, verify=TRUSTS_NOBODY, **options)
