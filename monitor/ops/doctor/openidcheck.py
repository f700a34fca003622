"""Signing in by an OpenID provider: whether it is reached, is who it should be, knows us, and lets somebody in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from monitor.clock import Clock
from monitor.ops.doctor.finding import Finding, bad, good
from monitor.settings import Settings
from monitor.store import signin

PROVIDER: Final = "oidc.provider"
CLIENT: Final = "oidc.client"
LINKED: Final = "oidc.linked"
NO_CODE: Final = "jiancha-doctor"
"""A code that nobody gave: whoever knows the client refuses the code, whoever does not the client."""


def check_openid(conn: Connection, settings: Settings) -> Iterator[Finding]:
    """Nothing where `console.oidc.issuer` is not set. Asks the provider three times at most, five seconds each."""
    openid = settings.console.oidc
    if openid.issuer is None:
        return
    from monitor.supervision.openid import OpenIdFault, Provider
    from monitor.supervision.openid.faults import AWAY, SETUP
    from monitor.supervision.openid.tokens import exchange

    provider = Provider(openid, Clock().monotonic)
    try:
        proof = "" if provider.metadata().pkce else "; 未声明 PKCE S256 is not named"
        count = len(provider.keys().keys)
        yield good(PROVIDER, f"{openid.issuer}: {count} 把公钥 public keys{proof}")
    except OpenIdFault as fault:
        fix = "检查网络、时间与证书 network, clock, certificate (ca)" if fault.text == AWAY else "[console.oidc] issuer"
        yield bad(PROVIDER, f"{openid.issuer}: {fault}", fix)
        return
    try:
        exchange(provider, NO_CODE, NO_CODE * 4, f"http://{settings.http.host}:{settings.http.port}/sign-in/oidc/back")
    except OpenIdFault as fault:
        if fault.text in (AWAY, SETUP):
            fix = "[console.oidc] client_id, client_secret; 向认证方核对 compare them with the provider's"
            yield bad(CLIENT, f"{openid.client_id}: {fault}", fix)
        else:
            yield good(CLIENT, f"{openid.client_id}: 认证方已登记 known to the provider")
    yield _linked(conn, openid.issuer)


def _linked(conn: Connection, issuer: str) -> Finding:
    users = signin.count_identities(conn, issuer)
    if not users:
        why = "没有账户关联此认证方，无人能用它登录 no user is linked to it: nobody is let in"
        return bad(LINKED, why, f"jiancha user link USER --issuer {issuer} --subject SUB")
    return good(LINKED, f"{users} 个账户已关联 users are linked")
