"""`device add|bridge|revoke|list|lost|ca`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from monitor.cli.common import BadInput, actor, instant, print_json, program

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.app import Program
    from monitor.ops.authority import Authority

device_app = typer.Typer(no_args_is_help=True, help="设备 devices")
ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
DAEMON: Final = "jiancha"
RELOAD: Final = "sudo systemctl reload mosquitto (SIGHUP)"
RESTART: Final = "sudo systemctl restart mosquitto"

_DEVICE = typer.Argument(..., help="Id of the device.")
_PASSWORDS = typer.Option(None, "--password-file", metavar="F", help="The broker's password file.")
_CA = typer.Option(None, "--ca", metavar="DIR", help="Folder of the certificate authority, made by `device ca`.")
_DAYS = typer.Option(1825, "--days", min=1, help="How long the certificate holds.")


def register(app: typer.Typer) -> None:
    app.add_typer(device_app, name="device")


@device_app.command("add")
def add(
    device: str = _DEVICE,
    password_file: Path | None = _PASSWORDS,
    ca: Path | None = _CA,
    days: int = _DAYS,
) -> None:
    """新增设备凭据 Make a device's credentials at the broker; also the daemon's own, by its user name
    ([mqtt] username).

    Without --ca a password, printed once on stdout; with it a certificate whose CN is the id. A device that was revoked
    comes back into service. Without --password-file the line for a broker that stands elsewhere is printed.

    Example: jiancha device add ev-01 --password-file /etc/mosquitto/jiancha.passwd
    """
    from monitor.ops.passwords import CannotWrite

    if not ID.fullmatch(device):
        raise BadInput(
            f"设备 device {device!r}: 编号应写作 an id is written {ID.pattern}, "
            "即服务器上的用户名 and is the user name at the broker"
        )
    if ca is not None and password_file is not None:
        raise BadInput(
            "device add: --password-file 与 --ca 两者择一 not both: a listener that takes certificates asks no password"
        )
    with program() as opened:
        try:
            if ca is not None:
                _add_certificate(opened, device, ca, days)
            else:
                _add_password(opened, device, password_file)
        except CannotWrite as error:
            raise BadInput(str(error)) from error


def _add_password(opened: Program, device: str, file: Path | None) -> None:
    from monitor.ops import passwords

    password = passwords.new_password()
    line = passwords.line_of(device, password)
    _admit(opened, device, "password", lambda: passwords.put(file, line) if file is not None else None)
    typer.echo(f"设备 device {device} 的口令，仅此一次 its password, shown once:", err=True)
    typer.echo(password)
    if file is None:
        typer.echo(f"将此行加入服务器的口令文件 add this line to the broker's password_file:\n{line}", err=True)
    else:
        typer.echo(f"已写入 written to {file}", err=True)
    typer.echo(f"令服务器重读 make the broker read it: {RELOAD}", err=True)


def _add_certificate(opened: Program, device: str, folder: Path, days: int) -> None:
    from monitor.clock import Clock
    from monitor.ops.authority import Authority

    authority, now = Authority(folder), Clock().now()
    authority.require()
    made: list[Path] = []

    def issue() -> None:
        made[:] = authority.issue_device(device, now, days)

    _admit(opened, device, "certificate", issue)
    for path in (*made, authority.certificate):
        typer.echo(str(path))
    typer.echo(
        "将以上三个文件装入设备，私钥不留副本 put these three on the device and keep no copy of the key; "
        f"服务器须信任 the broker trusts it by: cafile {authority.certificate}",
        err=True,
    )


def _admit(opened: Program, device: str, by: str, write: Any) -> None:
    """The row first, the file inside its transaction: what cannot be written is not recorded either."""
    from monitor.store import audit
    from monitor.supervision.devices import admit
    from monitor.supervision.refused import Refused

    daemon = opened.settings.mqtt.username or DAEMON
    now = opened.clock.now()

    def step(conn: Any) -> bool:
        if device == daemon:
            if device in opened.registry.get(conn).devices:
                raise Refused(
                    f"设备 device {device}: 与守护进程同名 has the daemon's user name, which may read everything; "
                    "rename the device, or [mqtt] username"
                )
            audit.record(conn, now, actor(), "daemon.admit", "user", device, {"by": by})
            back = False
        else:
            back = admit(conn, device, by=by, actor=actor(), now=now)
        write()
        return back

    try:
        back = opened.store.step(step)
    except Refused as error:
        raise BadInput(str(error)) from error
    if back:
        typer.echo(f"设备 device {device} 恢复启用 is in service again", err=True)


@device_app.command("bridge")
def bridge(hall: str = typer.Argument(..., help="Id of the hall.")) -> None:
    """桥接权限 What the city's broker lets the bridge of a hall's own broker publish: the section of its ACL file.

    One line for each device of the hall in service, from the registry; write it anew when the hall gets another device.

    Example: jiancha device bridge h1 >> /etc/mosquitto/jiancha.acl
    """
    with program() as opened, opened.store.read() as conn:
        registry = opened.registry.get(conn)
    if hall not in registry.halls:
        raise BadInput(f"大厅 hall {hall!r}: 台账没有 is not in the registry")
    typer.echo(f"\nuser bridge-{hall}\ntopic write jiancha/bridge/{hall}/state")
    for device in sorted(d.id for d in registry.devices_of(hall)):
        typer.echo(f"topic write jiancha/v1/{device}/#")
    typer.echo(f"令服务器重读 make the broker read it: {RELOAD}", err=True)


@device_app.command("revoke")
def revoke(
    device: str = _DEVICE,
    reason: str = typer.Option(..., "--reason", help="Why; kept in the audit."),
    password_file: Path | None = _PASSWORDS,
    ca: Path | None = _CA,
) -> None:
    """停用设备 Take a device out of service: what it still sends is quarantined; then say what remains to be done.

    Example: jiancha device revoke ev-01 --reason 失窃 --password-file /etc/mosquitto/jiancha.passwd
    """
    from monitor.clock import Clock
    from monitor.ops.authority import Authority
    from monitor.ops.passwords import CannotWrite, remove
    from monitor.supervision.devices import revoke as revoked
    from monitor.supervision.refused import Refused

    with program() as opened:
        now = opened.clock.now()
        try:
            done = opened.store.step(lambda conn: revoked(conn, device, actor=actor(), why=reason, now=now))
        except Refused as error:
            raise BadInput(str(error)) from error
    typer.echo(f"设备 device {device} 已停用 {'revoked' if done else 'was revoked before'}")
    try:
        dropped = password_file is not None and remove(password_file, device)
        listed = ca is not None and _off_the_list(Authority(ca), device, Clock().now())
    except CannotWrite as error:
        raise BadInput(f"台账已停用，凭据未除 revoked here, but its credentials stand: {error}") from error
    for line in _remaining(device, password_file, dropped, ca, listed):
        typer.echo(f"- {line}")


def _off_the_list(authority: Authority, device: str, now: datetime) -> bool:
    authority.require()
    return authority.revoke(device, now)


def _remaining(device: str, password_file: Path | None, dropped: bool, ca: Path | None, listed: bool) -> list[str]:
    """What is left to a person after a revocation, a line each."""
    left: list[str] = []
    if dropped:
        left.append(f"口令已除 its password is gone from {password_file}; 令服务器重读 {RELOAD}")
    elif password_file is not None:
        left.append(f"{password_file}: 无此用户 has no line of it")
    if listed and ca is not None:
        left.append(
            f"证书已吊销 its certificate is revoked: copy {ca / 'ca.crl'} to the broker (crlfile), then {RESTART}"
        )
    elif ca is not None:
        left.append(f"{ca}: 无其证书 has no certificate of it")
    if password_file is None and ca is None:
        left.append(
            "凭据未动，仍可连接 its credentials stand, it may still connect: run it again with --password-file or --ca"
        )
    left.append(f"断开其连接 an open connection lasts until {RESTART}; what it sends meanwhile is quarantined")
    left.append(
        f"清除保留状态 clear its retained status: mosquitto_pub -u {device} -t jiancha/v1/{device}/status -r -n "
        "(以其旧凭据，或在停用凭据之前 before its credentials are gone)"
    )
    left.append(
        "时段未送达的数据 if data of its last days never came: jiancha device lost …; 台账 registry: windows it served"
    )
    return left


@device_app.command("list")
def list_devices(as_json: bool = typer.Option(False, "--json", help="JSON on stdout.")) -> None:
    """列出设备 List the devices of the registry: last heartbeat, skew, queue, status, revoked or not.

    Example: jiancha device list --json
    """
    from monitor.supervision.devices import device_rows

    with program(writing=False) as opened, opened.store.read() as conn:
        rows = device_rows(opened.judge().look(conn, opened.clock.now()))
    if as_json:
        print_json(rows)
        return
    for row in rows:
        skew = f"{row['skew_seconds']:+.1f} s" if row["skew_seconds"] is not None else "-"
        state = f"已停用 revoked {row['revoked_at']}" if row["revoked_at"] else row["status"] or "-"
        place = row["window"] or row["hall"]
        queue = row["queue"] if row["queue"] is not None else "-"
        typer.echo(f"{row['id']}  {row['kind']}  {place}  {row['last_heartbeat'] or '-'}  {skew}  {queue}  {state}")


@device_app.command("ca")
def make_authority(
    folder: Path = typer.Argument(..., metavar="DIR", help="Folder of the certificate authority."),
    hosts: list[str] = typer.Option(..., "--host", metavar="NAME", help="Name or address of the broker; repeat it."),
    days: int = _DAYS,
) -> None:
    """建立证书机构 Make a certificate authority, and the broker's certificate under the names by which devices
    reach it.

    Example: jiancha device ca /etc/jiancha/ca --host mqtt.hall.local --host 192.168.10.5
    """
    from monitor.clock import Clock
    from monitor.ops.authority import Authority
    from monitor.ops.passwords import CannotWrite

    authority, now = Authority(folder), Clock().now()
    try:
        authority.make(now)
        certificate, key = authority.issue_broker(hosts, now, days)
    except CannotWrite as error:
        raise BadInput(str(error)) from error
    for setting, path in (
        ("cafile", authority.certificate),
        ("certfile", certificate),
        ("keyfile", key),
        ("crlfile", authority.revoked),
    ):
        typer.echo(f"{setting} {path}")
    typer.echo(f"私钥留在此处 keep {folder / 'ca.key'} here, on no broker and no device", err=True)


@device_app.command("lost")
def lost(
    device: str = typer.Argument(..., help="Id of the device."),
    start: str = typer.Option(..., "--from", metavar="T", help="RFC 3339 with offset."),
    end: str = typer.Option(..., "--to", metavar="T", help="RFC 3339 with offset, exclusive."),
    reason: str = typer.Option(..., "--reason", help="Why; kept in the audit."),
) -> None:
    """声明数据丢失 Declare a device's data of a span lost: no absence and no lateness rests on it (不予认定).

    Example: jiancha device lost t-01 --from 2026-03-02T09:00:00+08:00 --to 2026-03-02T12:00:00+08:00 --reason 硬盘坏
    """
    from monitor.supervision.losses import declare_lost
    from monitor.supervision.refused import Refused

    begin, stop = instant(start, "--from"), instant(end, "--to")
    with program() as opened:
        now = opened.clock.now()
        try:
            opened.store.step(lambda conn: declare_lost(conn, device, begin, stop, actor=actor(), why=reason, now=now))
        except Refused as error:
            raise BadInput(str(error)) from error
    typer.echo(f"{device}: {begin.isoformat()} – {stop.isoformat()} 已登记为数据丢失 declared lost")
