"""The file of a program that is a device: [mqtt], the environment's part of it, faults in words, secrets from files.

Such a program may stand on a machine of its own and needs nothing of the daemon's configuration.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from monitor.redact import SECRETS

DEVICE: Final = r"^[a-z0-9][a-z0-9-]{0,63}$"
ENVIRONMENT: Final = {
    "JIANCHA_MQTT__HOST": "host",
    "JIANCHA_MQTT__PORT": "port",
    "JIANCHA_MQTT__USERNAME": "username",
    "JIANCHA_MQTT__PASSWORD": "password",
    "JIANCHA_MQTT__PASSWORD_FILE": "password_file",
}
"""Variables that overrule the file's [mqtt]: those of the daemon, under the same names."""


class BadConfig(ValueError):
    """A file that cannot be used; the text names file and key, and the way out."""


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BrokerSection(Section):
    """`[mqtt]`"""

    host: str = Field("127.0.0.1", min_length=1, description="Host name of the broker.")
    port: int = Field(1883, ge=1, le=65535, description="Port of the broker.")
    username: str | None = Field(None, description="User name; unset: the device's id.")
    password: SecretStr | None = Field(None, description="Password; better by password_file.")
    password_file: Path | None = Field(None, description="File that holds the password.")
    version: Literal["5", "3.1.1"] = Field("5", description="Protocol version.")
    tls_ca: str | None = Field(None, description="File with the certificate authority; set: TLS is used.")
    tls_cert: str | None = Field(None, description="Client certificate.")
    tls_key: str | None = Field(None, description="Key of the client certificate.")


class ViewSection(Section):
    """`[view]`"""

    dark_level: float = Field(16, ge=0, le=255, description="Mean brightness (0–255) below which the view is `dark`.")
    covered_deviation: float = Field(
        6, ge=0, description="Standard deviation of brightness below which it is `covered`."
    )
    frozen_seconds: float = Field(30, ge=5, description="Equal frames for so long are `frozen`.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """Which program it is: `name` is its command and the section of its own keys, `channel` what it publishes, `page`
    what describes its file.
    """

    name: str
    channel: str
    page: str


T = TypeVar("T", bound=BaseModel)


def read(path: Path, model: type[T], kind: Kind, environ: Mapping[str, str] | None = None) -> T:
    """The file with the environment's [mqtt]. BadConfig names what is wrong."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadConfig(f"{path}: 没有这个文件 no such file; {kind.page} shows one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"{path}: 读不了 cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"{path}: 不是 TOML is no TOML: {error}") from error
    env = os.environ if environ is None else environ
    given = {key: env[name] for name, key in ENVIRONMENT.items() if env.get(name)}
    if given:
        own = data.get("mqtt", {})
        data["mqtt"] = {**own, **given} if isinstance(own, dict) else own
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise BadConfig(f"{path}: {_explained(error, kind)}") from error


def _explained(error: ValidationError, kind: Kind) -> str:
    """Each fault with its key, in the file's own words."""
    said = []
    for fault in error.errors():
        key = ".".join(str(part) for part in fault["loc"] if not str(part).startswith(("list[", "function")))
        if fault["type"] == "extra_forbidden":
            said.append(f"{key}: 没有这个键 no such key; {kind.page} lists them")
        elif fault["type"] == "missing":
            said.append(f"{key}: 缺少 is missing")
        else:
            said.append(f"{key}: {fault['msg']}" if key else fault["msg"])
    return "; ".join(dict.fromkeys(said))


def with_password(mqtt: BrokerSection, base: Path) -> BrokerSection:
    """The password read from its file, beside the configuration in `base`. BadConfig."""
    if mqtt.password_file is None:
        if mqtt.password is not None:
            SECRETS.learn(mqtt.password.get_secret_value())
        return mqtt
    text = secret(base / mqtt.password_file, "mqtt.password_file")
    return mqtt.model_copy(update={"password": SecretStr(text)})


def secret(path: Path, key: str) -> str:
    """The text of a file that `key` names. BadConfig."""
    try:
        text = path.read_text(encoding="utf-8").strip()
        SECRETS.learn_url(text)
        return text
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"{key}: {path}: 读不了 cannot be read: {error}") from error
