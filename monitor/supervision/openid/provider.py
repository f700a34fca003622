"""The provider as it describes itself: its addresses and keys, asked for when they are first needed, then kept.

Whoever cannot be reached is not asked again for RETRY_SECONDS: people who press the button meanwhile do not queue up.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from monitor.settings import OpenIdSettings, is_safe_address
from monitor.supervision.openid.faults import AWAY, SETUP, OpenIdFault

DISCOVERY: Final = "/.well-known/openid-configuration"
TIMEOUT_SECONDS: Final = 5.0
KEEP_SECONDS: Final = 3600.0
RETRY_SECONDS: Final = 5.0
FRESH_SECONDS: Final = 30.0
"""An unknown key is looked for anew no more often: tokens with made-up key ids would send us there each time."""
ANSWER_MOST: Final = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Metadata:
    """`client_auth`: how the client shows its secret; `names_itself`: each answer carries `iss` (RFC 9207)."""

    authorization: str
    token: str
    keys: str
    client_auth: str
    names_itself: bool
    pkce: bool


class Provider:
    """Asks the provider. Every method raises OpenIdFault; threads may share it. `monotonic` in seconds."""

    def __init__(self, settings: OpenIdSettings, monotonic: Callable[[], float]) -> None:
        assert settings.issuer is not None
        self.settings, self.issuer, self.monotonic = settings, settings.issuer, monotonic
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None
        self._failed: tuple[float, OpenIdFault] | None = None

    def metadata(self) -> Metadata:
        with self._lock:
            return self._current()

    def keys(self, *, fresh: bool = False) -> KeySet:
        """Its public keys; `fresh`: one was not among them, so they may have been changed."""
        with self._lock:
            age = self.monotonic() - self._keys[0] if self._keys is not None else KEEP_SECONDS
            if self._keys is None or age >= (FRESH_SECONDS if fresh else KEEP_SECONDS):
                body = self._asked(self._current().keys)
                try:
                    self._keys = self.monotonic(), KeySet.import_key_set(body)  # type: ignore[arg-type]
                except (JoseError, ValueError, KeyError, TypeError) as error:
                    raise OpenIdFault(SETUP, "keys", f"unreadable: {type(error).__name__}") from error
            return self._keys[1]

    def post(self, address: str, body: str, headers: Mapping[str, str]) -> httpx.Response:
        """A form to the provider."""
        try:
            with self._client() as http:
                return http.post(address, content=body, headers=dict(headers))
        except httpx.HTTPError as error:
            raise OpenIdFault(AWAY, "away", _of(error)) from error

    def _current(self) -> Metadata:
        now = self.monotonic()
        if self._metadata is None or now - self._metadata[0] >= KEEP_SECONDS:
            body = self._asked(self.issuer.rstrip("/") + DISCOVERY)
            self._metadata = now, read_metadata(body, self.issuer)
        return self._metadata[1]

    def _asked(self, address: str) -> dict[str, Any]:
        if self._failed is not None and self.monotonic() - self._failed[0] < RETRY_SECONDS:
            raise self._failed[1]
        try:
            return self._get(address)
        except OpenIdFault as fault:
            self._failed = self.monotonic(), fault
            raise

    def _get(self, address: str) -> dict[str, Any]:
        try:
            with self._client() as http:
                answer = http.get(address, headers={"Accept": "application/json"})
        except httpx.HTTPError as error:
            raise OpenIdFault(AWAY, "away", f"{address}: {_of(error)}") from error
        if answer.status_code != 200:
            text = AWAY if answer.status_code >= 500 else SETUP
            raise OpenIdFault(text, "discovery", f"{address}: HTTP {answer.status_code}")
        try:
            body = answer.json() if len(answer.content) <= ANSWER_MOST else None
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise OpenIdFault(SETUP, "discovery", f"{address}: no JSON object")
        return body

    def _client(self) -> httpx.Client:
        """Follows nobody elsewhere: what the provider says about itself is under its own name."""
        if self._context is None:
            self._context = ssl.create_default_context(cafile=self.settings.ca)
        return httpx.Client(timeout=TIMEOUT_SECONDS, verify=self._context, headers={"User-Agent": "jiancha"})


def read_metadata(body: Mapping[str, Any], issuer: str) -> Metadata:
    """What a discovery document says (OpenID Connect Discovery 1.0, 4.3). Raises OpenIdFault."""
    if body.get("issuer") != issuer:
        raise OpenIdFault(SETUP, "issuer", f"it calls itself {body.get('issuer')!r}, console.oidc.issuer is {issuer!r}")
    addresses = {key: body.get(key) for key in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    for key, address in addresses.items():
        if not isinstance(address, str) or not is_safe_address(address):
            raise OpenIdFault(SETUP, "discovery", f"{key}: {address!r} is no https address")
    taken = body.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    known = [method for method in ("client_secret_basic", "client_secret_post") if method in taken]
    if not known:
        raise OpenIdFault(SETUP, "discovery", f"it takes no client secret, only {taken}")
    return Metadata(
        authorization=str(addresses["authorization_endpoint"]),
        token=str(addresses["token_endpoint"]),
        keys=str(addresses["jwks_uri"]),
        client_auth=known[0],
        names_itself=body.get("authorization_response_iss_parameter_supported") is True,
        pkce="S256" in (body.get("code_challenge_methods_supported") or ()),
    )


def _of(error: httpx.HTTPError) -> str:
    return f"{type(error).__name__} {error}".strip()
