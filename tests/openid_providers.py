"""OpenID providers for tests: the real one (npm oidc-provider, a process of its own), and one of our own that can be
told to misbehave. tests/integration/test_openid.py holds both to the same scenes where they behave.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import unquote_plus, urlencode, urljoin

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from monitor.console.server import HttpServer
from tests.webtools import NAMED, web_tools

CLIENT: Final = "jiancha"
SECRET: Final = "a secret+/% of the tests alone"
"""With characters that a form encodes."""


class AnyProvider(Protocol):
    issuer: str

    def stop(self) -> None: ...


class RealProvider:
    """`redirects`: where it may send browsers back to."""

    def __init__(self, port: int, redirects: list[str]) -> None:
        # `localhost` is another site than 127.0.0.1, as a provider is in life.
        self.issuer = f"http://localhost:{port}"
        given = {
            "tools": str(web_tools()), "issuer": self.issuer, "port": port, "client": CLIENT, "secret": SECRET,
            "redirects": redirects,
        }  # fmt: skip
        words = ["node", str(NAMED / "provider.mjs"), json.dumps(given)]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        assert "listening" in self._process.stdout.readline(), "the provider did not start"

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=10)


def _key(name: str = "k1") -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"}, private=True)


@dataclass
class OwnProvider:
    """It lets in whoever comes as `login`, at once. `claims` and `header` go over what a right ID token has (None takes
    away), `sign` makes another signature, `answers[path]` another answer, `discovery` another description.
    """

    login: str = "10086"
    claims: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str] | None = None
    answers: dict[str, Response] = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    comes_back: dict[str, str | None] = field(default_factory=dict)
    now: Callable[[], float] = time.time
    asked: list[str] = field(default_factory=list)
    issuer: str = ""
    tls: tuple[Path, Path] | None = None
    """Certificate and key; with them it speaks HTTPS."""

    def __post_init__(self) -> None:
        self.key = _key()
        self._codes: dict[str, Mapping[str, str]] = {}
        app = FastAPI()
        app.add_api_route("/.well-known/openid-configuration", self._describe)
        app.add_api_route("/jwks", self._keys)
        app.add_api_route("/auth", self._authorize)
        app.add_api_route("/token", self._token, methods=["POST"])
        app.middleware("http")(self._answered)
        self._server = HttpServer(app, tls=self.tls)
        self._server.start()
        self.issuer = f"{'https' if self.tls else 'http'}://localhost:{self._server.port}"

    def stop(self) -> None:
        self._server.stop()

    def behave(self) -> None:
        self.login, self.sign = "10086", None
        for told in (self.claims, self.answers, self.discovery, self.comes_back, self.asked):
            told.clear()

    def new_key(self) -> None:
        self.key = _key(f"k{secrets.token_hex(4)}")

    async def _answered(self, request: Request, go_on: Any) -> Response:
        self.asked.append(request.url.path)
        given: Response | None = self.answers.get(request.url.path)
        return given if given is not None else await go_on(request)

    def _describe(self) -> dict[str, Any]:
        here = self.issuer
        usual = {
            "issuer": here, "authorization_endpoint": f"{here}/auth", "token_endpoint": f"{here}/token",
            "jwks_uri": f"{here}/jwks", "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }  # fmt: skip
        return {**usual, **self.discovery}

    def _keys(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}

    def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        right = {"response_type": "code", "client_id": CLIENT, "code_challenge_method": "S256"}
        if any(asked.get(name) != value for name, value in right.items()) or "openid" not in asked.get("scope", ""):
            return HTMLResponse("wrong request", 400)
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.issuer, **self.comes_back}
        there = urlencode({name: value for name, value in back.items() if value is not None})
        return RedirectResponse(f"{asked['redirect_uri']}?{there}", 303)

    async def _token(self, request: Request) -> Response:
        given = {name: str(value) for name, value in (await request.form()).items()}
        if self._who(request, given) != (CLIENT, SECRET):
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = self._codes.pop(given.get("code", ""), None)
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or proof != asked["code_challenge"] or given["redirect_uri"] != asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        body = {"access_token": "at", "token_type": "Bearer", "id_token": self._id_token(asked["nonce"])}
        return JSONResponse(body)

    def _who(self, request: Request, given: Mapping[str, str]) -> tuple[str, str]:
        if "client_secret_basic" not in self._describe()["token_endpoint_auth_methods_supported"]:
            return given.get("client_id", ""), given.get("client_secret", "")
        scheme, _, told = request.headers.get("authorization", "").partition(" ")
        name, _, secret = base64.b64decode(told).decode().partition(":")
        return (unquote_plus(name), unquote_plus(secret)) if scheme == "Basic" else ("", "")

    def _id_token(self, nonce: str) -> str:
        now = int(self.now())
        right = {"iss": self.issuer, "aud": CLIENT, "sub": self.login, "iat": now, "exp": now + 300, "nonce": nonce}
        claims = {name: value for name, value in {**right, **self.claims}.items() if value is not None}
        return self.sign(claims) if self.sign is not None else self.signed(claims)

    def signed(self, claims: dict[str, Any], key: RSAKey | None = None, **header: str) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid, **header}, claims, key or self.key)


def by_secret(claims: dict[str, Any]) -> str:
    """Signed with what the client knows as well."""
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET), algorithms=["HS256"])


def without_signature(claims: dict[str, Any]) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts) + "."


def through(browser: httpx.Client, start: httpx.Response, login: str = "10086") -> httpx.Response:
    """Follow a redirect to the provider and sign in there as `login` ("": say no there): the redirect back, which is
    not followed yet.
    """
    answer = start
    for _ in range(12):
        if answer.is_redirect:
            there = urljoin(str(answer.url), answer.headers["location"])
            if "/sign-in/oidc/back" in there:
                return answer
            answer = browser.get(there)
            continue
        assert "<form" in answer.text, answer.text
        data = {"login": login, "password": "any"} if login else {"denied": "1"}
        answer = browser.post(str(answer.url), data=data)
    raise AssertionError("the provider went round in circles")
