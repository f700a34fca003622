"""The certificate of the HTTPS listener (`[http] tls_cert, tls_key`): whether it can be served, and for how long."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

CERT: Final = "http.tls_cert"
KEY: Final = "http.tls_key"
MAKE: Final = "jiancha kiosk certificate --host NAME --out DIR"


class BadCertificate(ValueError):
    """Certificate or key that cannot be served; the text names the key of the settings and the way out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A certificate with its key: until when it holds (aware UTC), for which names and addresses."""

    cert: Path
    key: Path
    until: datetime
    names: tuple[str, ...]

    def covers(self, host: str) -> bool:
        """Whether a browser takes it for this name or address."""
        if _is_address(host):
            return host in self.names
        wild = "*." + host.partition(".")[2]
        return host.lower() in self.names or ("." in host and wild.lower() in self.names)


def read_pair(cert: Path, key: Path, now: datetime) -> Pair:
    """Read and check both: they are there, belong together, and hold now. Raises BadCertificate."""
    shown = _certificate(cert)
    text = _read(key, KEY)
    try:
        secret = load_pem_private_key(text, password=None)
    except (ValueError, TypeError) as error:
        raise BadCertificate(
            f"{KEY}: {key}: 不是未加密的 PEM 私钥 is no unencrypted key in PEM; 重新签发 make one: {MAKE}"
        ) from error
    if secret.public_key() != shown.public_key():
        raise BadCertificate(
            f"{KEY}: {key}: 与证书不配 does not fit the certificate {cert}: 请成对指定 name the two of one pair"
        )
    if not shown.not_valid_before_utc <= now < shown.not_valid_after_utc:
        when = f"{shown.not_valid_before_utc.isoformat()} – {shown.not_valid_after_utc.isoformat()}"
        raise BadCertificate(f"{CERT}: {cert}: 不在有效期内 does not hold now ({when}); 重新签发 renew it: {MAKE}")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key)
    except (ssl.SSLError, OSError) as error:
        raise BadCertificate(f"{CERT}: {cert}: 无法使用 cannot be used: {error}; {MAKE}") from error
    return Pair(cert=cert, key=key, until=shown.not_valid_after_utc, names=_names(shown))


def _certificate(path: Path) -> x509.Certificate:
    text = _read(path, CERT)
    try:
        return x509.load_pem_x509_certificate(text)
    except ValueError as error:
        raise BadCertificate(
            f"{CERT}: {path}: 不是 PEM 证书 is no certificate in PEM; 签发 make one: {MAKE}"
        ) from error


def _read(path: Path, key: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BadCertificate(f"{key}: {path}: 没有这个文件 no such file; 签发 make one: {MAKE}") from None
    except OSError as error:
        raise BadCertificate(
            f"{key}: {path}: 无法读取 cannot be read: {error.strerror}; 请授权 give this user the right to it"
        ) from error


def _names(shown: x509.Certificate) -> tuple[str, ...]:
    try:
        found = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    named = [name.lower() for name in found.get_values_for_type(x509.DNSName)]
    return (*named, *(str(address) for address in found.get_values_for_type(x509.IPAddress)))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
