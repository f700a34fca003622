"""What the provider gives for a code: the exchange, and whether its ID token holds (OpenID Connect Core 1.0, 3.1.3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from urllib.parse import quote_plus

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from monitor.supervision.openid.faults import AWAY, SETUP, STALE, UNTRUE, OpenIdFault
from monitor.supervision.openid.provider import Provider

ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
"""Signatures by a key of the provider's own. `none` is no signature, HS256 one that whoever has our secret can make."""
LEEWAY_SECONDS: Final = 60
SUBJECT_MOST: Final = 255
OURS: Final = ("invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope")
"""Errors that lie in how we are set up there, not in the code (RFC 6749, 5.2)."""


def exchange(provider: Provider, code: str, verifier: str, redirect: str) -> str:
    """The ID token that the provider gives for the code. Raises OpenIdFault."""
    metadata, settings = provider.metadata(), provider.settings
    client_id, secret = (
        str(settings.client_id),
        settings.client_secret.get_secret_value() if settings.client_secret else "",
    )
    if metadata.client_auth == "client_secret_basic":  # both are encoded as in a form (RFC 6749, 2.3.1)
        client_id, secret = quote_plus(client_id), quote_plus(secret)
    body = prepare_token_request("authorization_code", redirect_uri=redirect, code=code, code_verifier=verifier)
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    way = ClientAuth(client_id, secret, metadata.client_auth)
    address, headers, body = way.prepare("POST", metadata.token, headers, body)
    answer = provider.post(address, body, headers)
    try:
        said = answer.json()
    except ValueError:
        said = None
    if answer.status_code >= 500 or not isinstance(said, dict):
        raise OpenIdFault(AWAY, "token", f"HTTP {answer.status_code}")
    if answer.status_code != 200 or "error" in said:
        error = str(said.get("error", ""))
        raise OpenIdFault(SETUP if error in OURS else STALE, "token", f"HTTP {answer.status_code} {error}")
    if not isinstance(said.get("id_token"), str):
        raise OpenIdFault(SETUP, "token", "no id_token came: is the scope `openid` allowed for this client?")
    return str(said["id_token"])


def subject_of(provider: Provider, token: str, nonce: str, now: datetime) -> str:
    """Whom the ID token names, once signature, issuer, audience, times and nonce hold. Raises OpenIdFault."""
    try:
        claims = _signed(provider, token)
        _registry(provider, nonce, now).validate(claims)
    except OpenIdFault:
        raise
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise OpenIdFault(UNTRUE, "id_token", _reason(error)) from error
    client, audience = provider.settings.client_id, claims["aud"]
    if claims.get("azp", client) != client or (
        isinstance(audience, list) and len(audience) > 1 and "azp" not in claims
    ):
        raise OpenIdFault(UNTRUE, "id_token", "azp: issued to another client")
    subject = str(claims["sub"])
    if len(subject) > SUBJECT_MOST:
        raise OpenIdFault(UNTRUE, "id_token", "sub: too long")
    return subject


def _signed(provider: Provider, token: str) -> dict[str, Any]:
    """The claims under a signature that holds; where its key is unknown, the keys are asked for once more."""
    try:
        return _read(token, provider.keys())
    except (InvalidKeyIdError, ValueError):
        return _read(token, provider.keys(fresh=True))


def _read(token: str, keys: KeySet) -> dict[str, Any]:
    return jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims


def _registry(provider: Provider, nonce: str, now: datetime) -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": str(provider.settings.client_id)},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )


def _reason(error: Exception) -> str:
    """The library's own word and the claim's name; never the token."""
    return f"{type(error).__name__}: {error}" if isinstance(error, JoseError) else type(error).__name__
