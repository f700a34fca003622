"""Where messages may go (SSRF, docs/security.md): every HTTP connection of a channel is made here.

Addresses of receivers come from the settings alone, yet a name in them may be made to point elsewhere. A name is
resolved once, what it resolves to is judged, and the connection goes to that very address; redirects are not followed.
Private addresses are legitimate in an intranet and are taken; so is this machine where the settings name it themselves.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias
from urllib.request import getproxies, proxy_bypass

import httpx

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

Lookup: TypeAlias = Callable[..., Sequence[tuple[Any, ...]]]
"""As `socket.getaddrinfo`."""

METADATA: Final = frozenset(map(ipaddress.ip_address, ("100.100.100.200", "fd00:ec2::254")))
"""Of clouds, where it is not link-local: who asks there is given the machine's credentials."""
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
KEY: Final = "alerts.allow_addresses"


class NotAllowed(httpx.UnsupportedProtocol):
    """A receiver whose address is none that messages may go to; the text names the address and the key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """`allowed`: networks that are taken whatever they are. `lookup`: the system's name service."""

    allowed: tuple[Network, ...] = ()
    lookup: Lookup = socket.getaddrinfo

    @classmethod
    def of(cls, texts: Iterable[str], lookup: Lookup = socket.getaddrinfo) -> Reach:
        """Raises ValueError."""
        return cls(allowed=tuple(ipaddress.ip_network(text, strict=False) for text in texts), lookup=lookup)

    def refusal(self, host: str, address: Address) -> str | None:
        """Why nothing goes to the address that the host stands for; None: it may."""
        plain = _unwrapped(address)
        if any(plain.version == network.version and plain in network for network in self.allowed):
            return None
        if plain.is_loopback:
            return None if _names_this_machine(host) else _said(host, plain, "本机 this machine")
        if plain.is_link_local or plain in METADATA:
            return _said(host, plain, "链路本地或云元数据 link-local, or metadata of a cloud")
        if plain.is_unspecified or plain.is_multicast or plain == ipaddress.ip_address("255.255.255.255"):
            return _said(host, plain, "不是单一主机 no single host")
        return None

    def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a host, all of them fit to be connected to. Raises NotAllowed, OSError."""
        bare = host.strip("[]")
        found = self.lookup(bare, port, type=socket.SOCK_STREAM)
        texts = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for text in texts:
            no = self.refusal(bare, ipaddress.ip_address(text.partition("%")[0]))
            if no is not None:
                raise NotAllowed(no)
        return texts


def _said(host: str, address: Address, what: str) -> str:
    return f"{host} ({address}): {what}; 若确属收件方 if it is a receiver all the same, name it in {KEY}"


def _unwrapped(address: Address) -> Address:
    """An IPv4 address that an IPv6 one stands for."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _names_this_machine(host: str) -> bool:
    """Whether it is this machine by its word alone, and no name that somebody points there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


class Guarded(httpx.BaseTransport):
    """HTTP to checked addresses. Where the environment names a proxy for the host, the proxy decides, as it has to."""

    def __init__(self, reach: Reach, **options: Any) -> None:
        self._reach, self._options = reach, options
        self._direct = httpx.HTTPTransport(**options)
        self._proxied: dict[str, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        proxy = _proxy_for(request.url.scheme, host)
        if proxy is not None:
            if proxy not in self._proxied:
                self._proxied[proxy] = httpx.HTTPTransport(proxy=proxy, **self._options)
            return self._proxied[proxy].handle_request(request)
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        try:
            addresses = self._reach.resolve(host, port)
        except OSError as error:
            raise httpx.ConnectError(str(error), request=request) from error
        for last, address in enumerate(addresses, 1 - len(addresses)):
            # the name goes on in the `Host` header that is there already, and for the certificate
            pinned = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
            try:
                return self._direct.handle_request(pinned)
            except httpx.ConnectError:
                if last == 0:
                    raise
        raise httpx.ConnectError(f"{host}: 没有地址 has no address", request=request)

    def close(self) -> None:
        for transport in (self._direct, *self._proxied.values()):
            transport.close()


def _proxy_for(scheme: str, host: str) -> str | None:
    proxies = getproxies()
    found = proxies.get(scheme) or proxies.get("all")
    return found if found and not proxy_bypass(host) else None


TRUSTED: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")


@cache
def _trust(verify: bool, file: str | None, folder: str | None) -> ssl.SSLContext:
    """Whom a connection trusts, read once: reading the authorities anew took 30 ms of each client. `file` and `folder`
    are what the environment says.
    """
    return httpx.create_ssl_context(verify=verify)


def client(reach: Reach, *, timeout: float | httpx.Timeout, verify: bool = True) -> httpx.Client:
    """For one receiver; it follows no redirect. `verify`: whether its certificate has to be trusted."""
    trust = _trust(verify, *map(os.environ.get, TRUSTED))
    return httpx.Client(transport=Guarded(reach, verify=trust), timeout=timeout, headers={"User-Agent": "jiancha"})
