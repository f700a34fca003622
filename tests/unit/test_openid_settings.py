"""`[console.oidc]`: what is refused before anybody presses a button, each with the key and the way out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.settings import SettingsError, is_safe_address, load

WHOLE = {
    "JIANCHA_CONSOLE__OIDC__ISSUER": "https://sso.example.gov.cn/realms/county",
    "JIANCHA_CONSOLE__OIDC__CLIENT_ID": "jiancha",
    "JIANCHA_CONSOLE__OIDC__CLIENT_SECRET": "s3cret",
}


def test_the_secret_may_lie_in_a_file_and_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    given = {**WHOLE, "JIANCHA_CONSOLE__OIDC__CLIENT_SECRET_FILE": str(tmp_path / "secret")}
    del given["JIANCHA_CONSOLE__OIDC__CLIENT_SECRET"]
    openid = load(environ=given).console.oidc
    assert openid.client_secret is not None
    assert openid.client_secret.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(openid)
    assert openid.name == "统一身份认证"


def test_the_authority_lies_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x")
    (tmp_path / "jiancha.toml").write_text('[console.oidc]\nca = "ca.pem"\n')
    assert load(tmp_path / "jiancha.toml", environ=WHOLE).console.oidc.ca == str(tmp_path / "ca.pem")


def test_unset_there_is_none() -> None:
    assert load(environ={}).console.oidc.issuer is None


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("ISSUER", "http://sso.example.gov.cn", "JIANCHA_CONSOLE__OIDC__ISSUER: console.oidc.issuer: 此值不可用"),
        ("ISSUER", "sso.example.gov.cn", "an address such as https://"),
        ("ISSUER", "https://sso.example.gov.cn?x=1", "an address such as https://"),
        ("ISSUER", "https://li:pw@sso.example.gov.cn", "an address such as https://"),
        ("ISSUER", "https://[::1", "an address such as https://"),
        ("SCOPES", "profile email", "`openid` is missing"),
        ("CA", "/no/such/ca.pem", "没有这个文件"),
        ("CLIENT_ID", "", "console.oidc.client_id"),
        ("ISSUERS", "https://sso.example.gov.cn", "未知的键"),
    ],
)
def test_what_cannot_be_used_is_named(key: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)):
        load(environ={**WHOLE, f"JIANCHA_CONSOLE__OIDC__{key}": value})


@pytest.mark.parametrize("missing", ["ISSUER", "CLIENT_ID", "CLIENT_SECRET"])
def test_a_part_of_it_says_what_is_missing(missing: str) -> None:
    given = {name: value for name, value in WHOLE.items() if not name.endswith(f"__{missing}")}
    with pytest.raises(SettingsError, match=rf"console\.oidc: .*{missing.lower()} missing"):
        load(environ=given)


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://sso.example.gov.cn", True), ("http://127.0.0.1:3000", True), ("http://localhost:3000", True),
        ("http://[::1]:3000", True), ("http://10.0.0.5", False), ("http://localhost.example.com", False),
        ("ftp://127.0.0.1", False), ("https://", False), ("", False), ("//127.0.0.1", False),
    ],
)  # fmt: skip
def test_what_goes_in_the_clear_stays_on_this_machine(address: str, safe: bool) -> None:
    assert is_safe_address(address) is safe
