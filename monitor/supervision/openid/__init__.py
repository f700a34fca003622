"""Signing in by an OpenID provider (统一身份认证): OpenID Connect Core 1.0, authorization code with PKCE (ADR 36)."""

from __future__ import annotations

from monitor.supervision.openid.faults import OpenIdFault
from monitor.supervision.openid.flow import FLOW_SECONDS, OpenId, Started, Vouched
from monitor.supervision.openid.provider import Provider

__all__ = ["FLOW_SECONDS", "OpenId", "OpenIdFault", "Provider", "Started", "Vouched"]
