"""What the room plays instead of running it: programs that change a whole system. Each looks at what it is asked.

Every exception to "the command is run as it stands" is one row of PLAYED; the guide has no other.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests import forked
from tests.guide.mapping import Mapping
from tests.guide.services import Failed, Services

PLAYED: Final = {
    "jiancha": "the program itself, as a fork of one that has imported it; the long test runs the installed one",
    "python3 -m venv": "within the wheelhouse, in the short form: pip by a link in place of ensurepip's own",
    "make": "`make --dry-run` of the target: it would fetch from an index, or play for minutes",
    "apt-get": "nothing is installed here; every package has to be one of DEBIAN_12, every file to be there",
    "useradd": "no user is made; its name is kept, and later asked for by install, chown, runuser and the units",
    "chown": "no owner is changed; user, group and file have to be there",
    "install": "run without owner and group, which have to be there",
    "runuser": "the command is run as whoever runs the tests; the user has to be there",
    "systemctl": "units are run as they say, without what they forbid (tests/guide/services.py)",
    "journalctl": "what a unit of the room has said",
    "timedatectl": "the clock of the tests' machine is nobody's to look after: answers that it is synchronised",
    "nft": "`nft --check` needs rights that tests do not have: the file's braces and ports are looked at",
    "cp": "run; what it copies to /etc or /usr of the room is then moved to the room's paths and ports",
}
"""Program: what is done instead, and why."""

BROUGHT: Final = {
    "mosquitto": ("mosquitto", "mosquitto"),
    "nginx": ("nginx", "www-data"),
    "prometheus": ("", "prometheus"),
    "postgresql": ("", "postgres"),
}
"""Package: the service and the user that it brings."""
STOPPED_WITHIN: Final = 600.0
"""Seconds that a program in the foreground of a chapter may run at most."""
DEBIAN_12: Final = {
    "python3-venv", "mosquitto", "mosquitto-clients", "nginx-light", "chrony", "nftables", "curl", "postgresql",
    "prometheus", "prometheus-alertmanager", "libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0",
    "fonts-wqy-microhei", "openssl",
}  # fmt: skip
"""What the pages may name. This machine's lists are not asked: they may be another Debian's, or just being renewed."""
PACKAGE: Final = re.compile(r"[a-z0-9][a-z0-9.+-]+")


@dataclass(frozen=True, kw_only=True)
class Asked:
    program: str
    words: list[str]
    cwd: str
    env: dict[str, str]
    pid: int


@dataclass(frozen=True, kw_only=True)
class Told:
    """`instead`: the words of a command that the asking process becomes, with these variables more."""

    status: int = 0
    out: str = ""
    err: str = ""
    instead: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)


class Machine:
    """Users, packages and services of the room."""

    def __init__(self, mapping: Mapping, services: Services, environment: Dict[str, str], *, real: bool) -> None:
        self._mapping = mapping
        self._services = services
        self._environment = environment
        self._real = real
        self.groups = {"root", "mosquitto", "www-data", "prometheus"}

    def answer(self, asked: Asked, runs: Callable[[int], None]) -> Told:
        """`runs` is told the number of a process that runs on before it is waited for."""
        if asked.program == "jiancha":
            return self._jiancha(asked, runs)
        play: Callable[[Asked], Told] = getattr(self, f"_{asked.program.replace('-', '_')}")
        return play(asked)

    # ------------------------------------------------------------------ the program

    def _jiancha(self, asked: Asked, runs: Callable[[int], None]) -> Told:
        env = {**asked.env, **self._environment}
        if "run" in asked.words[:3]:
            child = forked.start(asked.words, env=env, log=Path(f"/proc/{asked.pid}/fd/2"), cwd=Path(asked.cwd))
            runs(child.pid)
            return Told(status=child.wait(STOPPED_WITHIN))
        done = forked.run(asked.words, env=env, cwd=Path(asked.cwd))
        return Told(status=done.returncode, out=done.stdout, err=done.stderr)

    def _make(self, asked: Asked) -> Told:
        done = subprocess.run(
            ["/usr/bin/make", "--dry-run", *asked.words], cwd=asked.cwd, env=asked.env, capture_output=True, text=True
        )
        return Told(status=done.returncode, err="" if done.returncode == 0 else done.stderr)

    # ------------------------------------------------------------------ packages

    def _apt_get(self, asked: Asked) -> Told:
        names = [word for word in asked.words[1:] if PACKAGE.fullmatch(word)]
        files = [Path(asked.cwd, word) for word in asked.words[1:] if word.endswith(".deb")]
        if lost := [str(path) for path in files if not path.exists()]:
            return Told(status=100, err=f"E: Unsupported file {lost[0]}\n")
        match asked.words[:1]:
            case ["update"]:
                return Told()
            case ["install" | "download"]:
                pass
            case _:
                return Told(status=100, err=f"E: Invalid operation {asked.words}\n")
        names += [path.name.split("_")[0] for path in files]
        wrong = " ".join(sorted(set(names) - DEBIAN_12)) or ("" if names else "(none named)")
        if wrong:
            return Told(status=100, err=f"E: Unable to locate package {wrong}\n")
        if asked.words[0] == "download":
            for name in names:
                Path(asked.cwd, f"{name}_1_all.deb").touch()
            return Told()
        for name in names:
            service, user = BROUGHT.get(name, ("", ""))
            self._services.users |= {user} - {""}
            if service:
                self._services.enabled.add(service)
        return Told()

    # ------------------------------------------------------------------ users and owners

    def _useradd(self, asked: Asked) -> Told:
        *options, name = asked.words
        known = {"--system", "--home-dir", "--shell", "--no-create-home", "--user-group"}
        if strange := [word for word in options if word.startswith("-") and word not in known]:
            return Told(status=2, err=f"useradd: unrecognized option '{strange[0]}'\n")
        if name in self._services.users:
            return Told(status=9, err=f"useradd: user '{name}' already exists\n")
        self._services.users.add(name)
        self.groups.add(name)
        return Told()

    def _owner(self, text: str) -> str:
        """What is wrong with `user:group`, or nothing."""
        user, _, group = text.partition(":")
        if user and user not in self._services.users | {"root"}:
            return f"invalid user: '{user}'"
        return f"invalid group: '{group}'" if group and group not in self.groups else ""

    def _chown(self, asked: Asked) -> Told:
        owner, *files = [word for word in asked.words if not word.startswith("-")]
        wrong = self._owner(owner)
        lost = [name for name in files if not Path(asked.cwd, name).exists()]
        if wrong or lost or not files:
            return Told(status=1, err=f"chown: {wrong or f'cannot access {lost}'}\n")
        return Told()

    def _install(self, asked: Asked) -> Told:
        words: list[str] = []
        left = iter(asked.words)
        for word in left:
            if word in ("-o", "-g"):
                given = next(left)
                wrong = self._owner(given if word == "-o" else f":{given}")
                if wrong:
                    return Told(status=1, err=f"install: {wrong}\n")
            else:
                words.append(word)
        return self._copied(["/usr/bin/install", *words], asked.cwd)

    def _cp(self, asked: Asked) -> Told:
        return self._copied(["/bin/cp", *asked.words], asked.cwd)

    def _copied(self, words: list[str], cwd: str) -> Told:
        done = subprocess.run(words, cwd=cwd, capture_output=True, text=True)
        target = Path(cwd, words[-1])
        if done.returncode == 0 and str(target).startswith((f"{self._mapping.root}/etc", f"{self._mapping.root}/usr")):
            for path in [target] if target.is_file() else [one for one in target.rglob("*") if one.is_file()]:
                text = path.read_bytes()
                moved = self._mapping.here(text.decode(errors="surrogateescape")).encode(errors="surrogateescape")
                if moved != text:
                    path.write_bytes(moved)
        return Told(status=done.returncode, out=done.stdout, err=done.stderr)

    def _runuser(self, asked: Asked) -> Told:
        match asked.words:
            case ["-u", user, "--", *command] if user in self._services.users and command:
                return Told(instead=command)
            case ["-u", user, *_]:
                return Told(status=1, err=f"runuser: user {user} does not exist or no command\n")
        return Told(status=1, err="runuser: the pages use runuser -u USER -- COMMAND\n")

    # ------------------------------------------------------------------ services

    def _systemctl(self, asked: Asked) -> Told:
        words = [word for word in asked.words if not word.startswith("-")]
        options = {word for word in asked.words if word.startswith("-")}
        if options - {"--now", "--no-block", "--failed", "--no-legend", "--no-pager", "--quiet"}:
            return Told(status=1, err=f"systemctl: unrecognized option '{options}'\n")
        if "--failed" in options:
            return Told(out="".join(f"{name}.service\n" for name in self._services.failed))
        try:
            return self._on_units(words[0], [name.removesuffix(".service") for name in words[1:]], options)
        except Failed as error:
            return Told(status=1, err=f"{error}\n")

    def _on_units(self, verb: str, names: list[str], options: set[str]) -> Told:
        block = "--no-block" not in options
        match verb:
            case "daemon-reload":
                return Told()
            case "is-active":
                states = [self._services.state(name) for name in names]
                return Told(status=0 if set(states) == {"active"} else 3, out="".join(f"{one}\n" for one in states))
            case "enable":
                for name in names:
                    self._services.enabled.add(name)
                    if "--now" in options:
                        self._services.start(name, block=block)
            case "start":
                for name in names:
                    self._services.start(name, block=block)
            case "stop":
                for name in names:
                    self._services.stop(name)
            case "restart":
                for name in names:
                    self._services.stop(name)
                    self._services.start(name, block=block)
            case "reload":
                for name in names:
                    self._services.reload(name)
            case _:
                return Told(status=1, err=f"Unknown command verb {verb}.\n")
        return Told()

    def _journalctl(self, asked: Asked) -> Told:
        options = dict(zip(asked.words[::2], asked.words[1::2], strict=True))
        if set(options) - {"-u", "-o", "--since", "--grep", "-n"} or "-u" not in options:
            return Told(status=1, err=f"journalctl: {asked.words}\n")
        log = self._services.log(options["-u"])
        lines = log.read_text().splitlines() if log.exists() else []
        if "--grep" in options:
            lines = [line for line in lines if re.search(options["--grep"], line)]
        if "-n" in options:
            lines = lines[-int(options["-n"]) :]
        return Told(out="".join(f"{line}\n" for line in lines))

    # ------------------------------------------------------------------ the system around

    def _timedatectl(self, asked: Asked) -> Told:
        return Told(out="NTPSynchronized=yes\n" if asked.words == ["show", "-p", "NTPSynchronized"] else "")

    def _nft(self, asked: Asked) -> Told:
        text = Path(asked.words[-1]).read_text()
        return Told() if text.count("{") == text.count("}") > 0 else Told(status=1, err="nft: syntax error\n")
