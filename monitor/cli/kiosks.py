"""`kiosk certificate|token|list`: check-in at a page (签到终端, docs/kiosk.md)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from monitor.cli.common import BadInput, actor, print_json, program

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from monitor.settings import HttpSettings

kiosk_app = typer.Typer(no_args_is_help=True, help="签到终端 kiosks (docs/kiosk.md)")
STEM: Final = "kiosk"
DAYS: Final = 825
"""The longest that every browser takes from an authority of one's own."""
TRUST: Final = """\
让签到终端信任此证书机构，只装 ca.crt，不装 ca.key
make each kiosk trust the authority, by {ca} alone (docs/kiosk.md):
  Windows    certutil -addstore -f Root ca.crt          (管理员 as administrator; 或 or: mmc, 证书 Certificates)
  Debian     certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n Jiancha -i ca.crt     (Chromium; apt install libnss3-tools)
  Android    设置 → 安全 → 加密与凭据 → 安装证书 → CA 证书  Settings, Security, Install a certificate, CA"""


def register(app: typer.Typer) -> None:
    app.add_typer(kiosk_app, name="kiosk")


@kiosk_app.command("certificate")
def certificate(
    hosts: list[str] = typer.Option([], "--host", metavar="NAME", help="Name under which kiosks reach it; repeat it."),
    addresses: list[str] = typer.Option([], "--ip", metavar="IP", help="Address under which they do; repeat it."),
    out: Path = typer.Option(..., "--out", metavar="DIR", help="Folder of the authority; or that of `device ca`."),
    days: int = typer.Option(DAYS, "--days", min=1, help="How long the certificate holds."),
) -> None:
    """签发 HTTPS 证书 Make the certificate of the HTTPS listener, and the authority that kiosks trust.

    The same again renews the certificate; an authority that is there stays, so that no kiosk need be visited.

    Example: jiancha kiosk certificate --host kaoqin.hall.local --ip 192.168.10.5 --out /etc/jiancha/ca
    """
    import ipaddress

    from monitor.clock import Clock
    from monitor.ops.authority import Authority
    from monitor.ops.passwords import CannotWrite

    if not hosts and not addresses:
        raise BadInput("kiosk certificate: 至少一个 at least one of --host, --ip: 终端以何名访问 how kiosks reach it")
    for address in addresses:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise BadInput(f"--ip: {address!r} 不是地址 is no address; 名称用 a name goes to --host") from None
    authority, now = Authority(out), Clock().now()
    try:
        made = authority.make(now)
        shown, key = authority.issue_server(STEM, [*hosts, *addresses], now, days)
    except CannotWrite as error:
        raise BadInput(str(error)) from error
    typer.echo(f'[http]\ntls_port = 8643\ntls_cert = "{shown.resolve()}"\ntls_key = "{key.resolve()}"')
    if made:
        typer.echo(TRUST.format(ca=authority.certificate), err=True)
        typer.echo(f"私钥留在此处 keep {out / 'ca.key'} here, on no kiosk", err=True)
    else:
        typer.echo(
            "证书机构沿用，终端无需改动；重启程序后生效 the authority is the same, kiosks need nothing; "
            "restart the daemon to show the new certificate",
            err=True,
        )


ITSELF: Final = ("localhost", "127.0.0.1")


@kiosk_app.command("token")
def token(
    device: str = typer.Option(..., "--device", metavar="ID", help="A terminal in the registry."),
    host: str | None = typer.Option(None, "--host", metavar="NAME", help="Name in the address; default: the first."),
) -> None:
    """签发终端令牌 Make the token of one kiosk, and print once the address that its browser opens.

    Its one scope is `kiosk`. `jiancha user revoke` ends it.

    Example: jiancha kiosk token --device t-01
    """
    from monitor.supervision.tokens import create_kiosk_token

    with program() as opened:
        base = address_of(opened.settings.http, host, opened.clock.real_now())
        if not opened.settings.kiosk.enabled:
            typer.echo("kiosk.enabled = false: 尚未启用 set it to true, then start the daemon again", err=True)

        def step(conn: Connection) -> str:
            registry = opened.registry.get(conn)
            return create_kiosk_token(conn, registry, device, now=opened.clock.now(), actor=actor())

        try:
            text = opened.store.step(step)
        except ValueError as error:
            raise BadInput(str(error).replace("devices:", "--device:", 1)) from error
    typer.echo(f"{base}/kiosk#token={text}")
    typer.echo("仅此一次 shown once: 在该终端的浏览器中打开 open it in the browser of that kiosk", err=True)


def address_of(http: HttpSettings, host: str | None, now: Any) -> str:
    """https://NAME:PORT; BadInput where the listener is not set up, or its certificate does not hold.

    A browser on the server itself gives a camera to plain http, too, by the names of the machine for itself.
    """
    from monitor.ops.certificates import BadCertificate, read_pair

    if host in ITSELF and http.tls_port is None:
        return f"http://{host}:{http.port}"
    if http.tls_port is None or not http.tls_cert or not http.tls_key:
        raise BadInput(
            "http.tls_port: 未设 HTTPS is not set: 浏览器只在 HTTPS 下开放摄像头 a browser gives a camera only there: "
            "jiancha kiosk certificate; 浏览器就在服务器上时 for a browser on the server itself: --host localhost"
        )
    try:
        pair = read_pair(Path(http.tls_cert), Path(http.tls_key), now)
    except BadCertificate as error:
        raise BadInput(str(error)) from error
    name = host or (pair.names[0] if pair.names else "")
    if not name or not pair.covers(name):
        known = ", ".join(pair.names) or "-"
        raise BadInput(f"--host: {name!r} 不在证书之内 is none of the certificate's names: {known}")
    shown = f"[{name}]" if ":" in name else name
    return f"https://{shown}" if http.tls_port == 443 else f"https://{shown}:{http.tls_port}"


@kiosk_app.command("list")
def list_kiosks(as_json: bool = typer.Option(False, "--json", help="JSON on stdout.")) -> None:
    """列出签到终端 List the kiosks that have a token: last heartbeat, what they keep, skew of their clock.

    Example: jiancha kiosk list --json
    """
    from monitor.supervision.devices import device_rows
    from monitor.supervision.tokens import kiosk_tokens

    with program(writing=False) as opened, opened.store.read() as conn:
        known = {row["id"]: row for row in device_rows(opened.judge().look(conn, opened.clock.now()))}
        keys = ("hall", "last_heartbeat", "queue", "skew_seconds", "revoked_at")
        rows = [
            {"device": device, "token": number, **{key: known.get(device, {}).get(key) for key in keys}}
            for number, device in kiosk_tokens(conn)
        ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        skew = f"{row['skew_seconds']:+.1f} s" if row["skew_seconds"] is not None else "-"
        queue = row["queue"] if row["queue"] is not None else "-"
        gone = f"  已停用 revoked {row['revoked_at']}" if row["revoked_at"] else ""
        typer.echo(
            f"{row['device']}  {row['hall'] or '-'}  令牌 token {row['token']}  心跳 heartbeat "
            f"{row['last_heartbeat'] or '-'}  暂存 keeps {queue}  时差 skew {skew}{gone}"
        )
