"""A small certificate authority (证书颁发机构) in a folder, for a hall that has none.

    ca.key  ca.crt  ca.crl          the authority; its key stays here and goes to no broker and no device
    broker.key  broker.crt          what the broker shows
    kiosk.key   kiosk.crt           what the HTTPS listener shows to kiosks
    devices/ID.key  devices/ID.crt  CN = the device's id, which the broker takes as its user name

Elliptic keys (P-256): small, quick on a terminal's processor, and known to every TLS 1.2 library.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from monitor.ops.passwords import CannotWrite

CA_DAYS: Final = 20 * 365
"""Replacing it means a visit to every device. The revocation list lives as long: an expired one shuts everybody out."""
BACK: Final = timedelta(days=1)
"""Certificates hold from a day before they are made: a device's clock may be behind."""
_PEM: Final = serialization.Encoding.PEM


class Authority:
    """The authority in a folder. Every method raises CannotWrite for files that cannot be read or written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def certificate(self) -> Path:
        """What broker and devices trust (`cafile`, `[mqtt] tls_ca`)."""
        return self.folder / "ca.crt"

    @property
    def revoked(self) -> Path:
        """The revocation list (`crlfile`)."""
        return self.folder / "ca.crl"

    def exists(self) -> bool:
        return self.certificate.exists()

    def require(self) -> None:
        """CannotWrite where the folder holds no authority: a second one, made by mistake, lets no device in."""
        if not self.exists():
            raise CannotWrite(
                f"{self.folder}: 此处没有证书机构 holds no certificate authority; "
                f"建立一个 make one: jiancha device ca {self.folder} --host BROKER"
            )

    def make(self, now: datetime) -> bool:
        """Make key, certificate and an empty revocation list unless they are there; whether they were made."""
        with _files():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.exists():
                return False
            key = ec.generate_private_key(ec.SECP256R1())
            name = _name("Jiancha CA")
            made = (
                _builder(name, name, key.public_key(), now, CA_DAYS)
                .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
                .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
                .sign(key, hashes.SHA256())
            )
            _write_key(self.folder / "ca.key", key)
            _write(self.revoked, _signed_list([], made, key, now), 0o644)
            # last: a folder with a certificate is one that is whole
            _write(self.certificate, made.public_bytes(_PEM), 0o644)
            return True

    def issue_broker(self, hosts: Sequence[str], now: datetime, days: int) -> tuple[Path, Path]:
        """(certificate, key) of the broker under these host names and addresses."""
        return self.issue_server("broker", hosts, now, days)

    def issue_server(self, stem: str, hosts: Sequence[str], now: datetime, days: int) -> tuple[Path, Path]:
        """(certificate, key) of a server, `stem`.crt and `stem`.key, under these host names and addresses."""
        names = x509.SubjectAlternativeName([_host(host) for host in hosts])
        return self._issue(stem, hosts[0], ExtendedKeyUsageOID.SERVER_AUTH, now, days, names)

    def issue_device(self, device: str, now: datetime, days: int) -> tuple[Path, Path]:
        """(certificate, key) of a device, the older ones kept revoked: one device, one certificate."""
        self.revoke(device, now)
        return self._issue(f"devices/{device}", device, ExtendedKeyUsageOID.CLIENT_AUTH, now, days)

    def revoke(self, device: str, now: datetime) -> bool:
        """Put the device's certificate on the revocation list and remove it and its key; whether there was one."""
        certificate, key = self._paths(f"devices/{device}")
        with _files():
            if not certificate.exists():
                return False
            ca, ca_key = self._load()
            listed = x509.load_pem_x509_crl(self.revoked.read_bytes())
            old = x509.load_pem_x509_certificate(certificate.read_bytes())
            entry = x509.RevokedCertificateBuilder().serial_number(old.serial_number).revocation_date(now).build()
            _write(self.revoked, _signed_list([*listed, entry], ca, ca_key, now), 0o644)
            certificate.unlink()
            key.unlink(missing_ok=True)
            return True

    def _paths(self, stem: str) -> tuple[Path, Path]:
        return self.folder / f"{stem}.crt", self.folder / f"{stem}.key"

    def _load(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key = serialization.load_pem_private_key((self.folder / "ca.key").read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise CannotWrite(
                f"{self.folder / 'ca.key'}: 不是 not a key that `jiancha device` made; 另指文件夹 another folder"
            )
        return x509.load_pem_x509_certificate(self.certificate.read_bytes()), key

    def _issue(
        self,
        stem: str,
        common: str,
        purpose: x509.ObjectIdentifier,
        now: datetime,
        days: int,
        names: x509.SubjectAlternativeName | None = None,
    ) -> tuple[Path, Path]:
        certificate, key_file = self._paths(stem)
        with _files():
            ca, ca_key = self._load()
            key = ec.generate_private_key(ec.SECP256R1())
            builder = (
                _builder(_name(common), ca.subject, key.public_key(), now, days)
                .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                .add_extension(_usage(digital_signature=True), critical=True)
                .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
            )
            if names is not None:
                builder = builder.add_extension(names, critical=False)
            certificate.parent.mkdir(mode=0o700, exist_ok=True)
            _write_key(key_file, key)
            _write(certificate, builder.sign(ca_key, hashes.SHA256()).public_bytes(_PEM), 0o644)
        return certificate, key_file


@contextlib.contextmanager
def _files() -> Iterator[None]:
    try:
        yield
    except CannotWrite:
        raise
    except OSError as error:
        raise CannotWrite(
            f"{error.filename}: {error.strerror}; 请以文件夹的属主运行 run it as the user who owns the folder"
        ) from error
    except ValueError as error:  # a file that is there and is no key, certificate or list
        raise CannotWrite(f"证书机构的文件无法读取 the authority's files cannot be read: {error}") from error


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACK)
        .not_valid_after(now + timedelta(days=days))
    )


def _signed_list(
    entries: Iterable[x509.RevokedCertificate], ca: x509.Certificate, key: ec.EllipticCurvePrivateKey, now: datetime
) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.subject)
        .last_update(now - BACK)
        .next_update(now + timedelta(days=CA_DAYS))
    )
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(key, hashes.SHA256()).public_bytes(_PEM)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    text = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(path, text, 0o600)


def _write(path: Path, text: bytes, mode: int) -> None:
    beside = path.with_name(f".{path.name}.new")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
