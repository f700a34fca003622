"""One sign-in on its way: begun here, gone through the provider, finished here, in one and the same browser.

What must be known at the end (state, nonce, the verifier of PKCE, where to go) travels in a cookie that is sealed under
the client's secret: it holds over a restart and for every replica, nobody can make one, and there is no table to fill.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import OctKey

from monitor.settings import OpenIdSettings
from monitor.supervision.openid.faults import REFUSED, SETUP, STALE, UNTRUE, OpenIdFault
from monitor.supervision.openid.provider import Provider
from monitor.supervision.openid.tokens import exchange, subject_of

FLOW_SECONDS: Final = 600
"""How long somebody may take at the provider, with a password and a code on the telephone."""
SEAL: Final = {"alg": "dir", "enc": "A256GCM"}
NEXT_MOST: Final = 1000
DENIED: Final = (
    "access_denied",
    "login_required",
    "interaction_required",
    "consent_required",
    "account_selection_required",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """Where the browser goes, and what it keeps meanwhile."""

    address: str
    cookie: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Vouched:
    """For whom the provider vouches, and where they wanted to go."""

    issuer: str
    subject: str
    next: str


class OpenId:
    """The way in by the provider. Every method raises OpenIdFault. `now` is the wall's time."""

    def __init__(self, settings: OpenIdSettings, monotonic: Callable[[], float]) -> None:
        self.provider = Provider(settings, monotonic)
        self._settings = settings

    @property
    def name(self) -> str:
        return self._settings.name

    def begin(self, redirect: str, next: str, now: datetime) -> Started:
        """`redirect`: the address of ours that the provider sends the browser back to."""
        metadata = self.provider.metadata()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        address = prepare_grant_uri(
            metadata.authorization,
            client_id=self._settings.client_id,
            response_type="code",
            redirect_uri=redirect,
            scope=self._settings.scopes,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        kept = {
            "state": state, "nonce": nonce, "verifier": verifier, "next": next if len(next) <= NEXT_MOST else "/",
            "exp": int(now.timestamp()) + FLOW_SECONDS,
        }  # fmt: skip
        return Started(address=address, cookie=jwt.encode(SEAL, kept, self._key, registry=JWERegistry()))

    def finish(self, cookie: str, answer: Mapping[str, str], redirect: str, now: datetime) -> Vouched:
        """`answer`: the parameters that the browser came back with."""
        kept = self._opened(cookie, now)
        if not hmac.compare_digest(kept["state"].encode(), answer.get("state", "").encode()):
            raise OpenIdFault(STALE, "state", "not that of this browser")
        self._require_issuer(answer)
        if "error" in answer:
            denied = answer["error"] in DENIED
            raise OpenIdFault(REFUSED if denied else SETUP, "refused", answer["error"])
        if not answer.get("code"):
            raise OpenIdFault(STALE, "code", "none came")
        token = exchange(self.provider, answer["code"], kept["verifier"], redirect)
        subject = subject_of(self.provider, token, kept["nonce"], now)
        return Vouched(issuer=self.provider.issuer, subject=subject, next=kept["next"])

    def _require_issuer(self, answer: Mapping[str, str]) -> None:
        """RFC 9207: an answer that another provider gave is not taken to this one."""
        given = answer.get("iss")
        if given is None and not self.provider.metadata().names_itself:
            return
        if given != self.provider.issuer:
            raise OpenIdFault(UNTRUE, "issuer", "the answer is another provider's")

    def _opened(self, cookie: str, now: datetime) -> dict[str, Any]:
        try:
            kept = jwt.decode(cookie, self._key, algorithms=list(SEAL.values()), registry=JWERegistry()).claims
        except (JoseError, ValueError, TypeError) as error:
            raise OpenIdFault(STALE, "cookie", "none, or not ours") from error
        if kept["exp"] <= now.timestamp():
            raise OpenIdFault(STALE, "cookie", "over")
        return kept

    @cached_property
    def _key(self) -> OctKey:
        """Slow to make, so that a cookie is no way to guess a short secret."""
        assert self._settings.client_secret is not None
        salt = f"jiancha.oidc\n{self._settings.issuer}\n{self._settings.client_id}".encode()
        secret = self._settings.client_secret.get_secret_value().encode()
        return OctKey.import_key(hashlib.scrypt(secret, salt=salt, n=2**14, r=8, p=1, dklen=32))
