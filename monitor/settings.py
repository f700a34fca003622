"""Configuration: one TOML file and the environment → frozen models; unknown keys are refused (DESIGN §2, §7).

Every key can be set by the environment as JIANCHA_SECTION__KEY; secrets also as ..._FILE, the path of a file that holds
the value. The policy types are those of the domain folders and of `alerts.policy`.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime, time
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    InstanceOf,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from alerts.policy import AlertPolicy
from monitor.assessment.gamingpolicy import GamingPolicy
from monitor.attendance.facepolicy import FacePolicy
from monitor.attendance.policy import CheckinPolicy, PostPolicy, SlotPreset, parse_presets
from monitor.attendance.requestpolicy import RequestPolicy
from monitor.attendance.rosterpolicy import LeavePolicy, RosterPolicy
from monitor.attendance.tallypolicy import TallyPolicy
from monitor.clock import HOLD_SECONDS
from monitor.evaluators.policy import DevicePolicy, OperatorPolicy, RatingPolicy
from monitor.redact import SECRETS, passwords_in
from monitor.timeliness.policy import TimelinessPolicy
from monitor.values import known_zone
from monitor.wording.faults import FAULTS
from monitor.workcal import CalendarSpec, load_spec

ENV_PREFIX: Final = "JIANCHA_"
CONFIG_ENV: Final = "JIANCHA_CONFIG"


class SettingsError(ValueError):
    """A configuration that cannot be used; the text names the key and the way out."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StoreSettings(_Section):
    """`[store]`"""

    url: str = Field("sqlite:///jiancha.sqlite", description="SQLAlchemy URL of the database.")
    busy_seconds: float = Field(
        30, gt=0, le=300, description="How long SQLite waits for a lock of another process before it tries again."
    )


class MqttSettings(_Section):
    """`[mqtt]`: the broker that the devices publish to."""

    enabled: bool = Field(True, description="Whether `run` connects to the broker.")
    host: str = Field("127.0.0.1", description="Host name of the broker.")
    port: int = Field(1883, ge=1, le=65535, description="Port of the broker.")
    username: str | None = Field(None, description="User name at the broker.")
    password: SecretStr | None = Field(None, description="Password; better by JIANCHA_MQTT__PASSWORD_FILE.")
    client_id: str = Field(
        "jiancha",
        min_length=1,
        description="Stable client id, one a replica: the broker keeps its queue under this name.",
    )
    shared_group: str | None = Field(
        None,
        pattern=r"^[^/+#\s]+$",
        description="Replicas with this group share the events among them; unset: each hears all of them.",
    )
    takeover_seconds: float = Field(
        30,
        ge=0,
        description="Silence after which a member of the group counts as dead, and another takes what waits for it; "
        "at least 2, 0: never. The same in all replicas.",
    )
    version: Literal["5", "3.1.1"] = Field("5", description="Protocol version.")
    keepalive_seconds: int = Field(30, ge=5, description="Keep-alive of the connection.")
    session_expiry_days: int = Field(
        7, ge=7, description="How long the broker keeps the session of a stopped daemon (MQTT 5)."
    )
    batch_size: int = Field(1000, ge=1, le=5000, description="Most messages in one transaction.")
    tls_ca: str | None = Field(None, description="File with the certificate authority; set: TLS is used.")
    tls_cert: str | None = Field(None, description="Client certificate.")
    tls_key: str | None = Field(None, description="Key of the client certificate.")

    @field_validator("takeover_seconds")
    @classmethod
    def _not_in_haste(cls, value: float) -> float:
        if 0 < value < 2:
            raise ValueError("at least 2, or 0 for never")
        return value


class HttpSettings(_Section):
    """`[http]`: API, health and metrics."""

    enabled: bool = Field(True, description="Whether `run` serves HTTP.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8642, ge=0, le=65535, description="Port; 0 lets the system choose.")
    max_body_bytes: int = Field(8 * 1024 * 1024, ge=1024, description="Largest body of a request.")
    tls_host: str = Field("0.0.0.0", description="Address of the second listener, HTTPS, for kiosks in the hall.")
    tls_port: int | None = Field(
        None, ge=0, le=65535, description="Its port, such as 8643; 0 lets the system choose. Unset: there is none."
    )
    tls_cert: str | None = Field(
        None,
        description="Its certificate, PEM, with its chain. `jiancha kiosk certificate` makes one.",
    )
    tls_key: str | None = Field(None, description="Key of that certificate, readable by its owner alone.")

    @model_validator(mode="after")
    def _whole_tls(self) -> HttpSettings:
        if self.tls_port is not None and not (self.tls_cert and self.tls_key):
            missing = "tls_key" if self.tls_cert else "tls_cert"
            raise ValueError(f"tls_port needs {missing}: `jiancha kiosk certificate` makes both; or take tls_port away")
        return self


class ClockSettings(_Section):
    """`[clock]`: the program's one clock; real time unless `start` is set."""

    start: datetime | None = Field(None, description="Instant with offset that the clock shows at the anchor.")
    rate: float = Field(1.0, gt=0, description="How many times as fast as real time it runs.")
    anchor: datetime | None = Field(None, description="Real instant at which it shows `start`; default: process start.")
    hours: tuple[time, time] | None = Field(None, description="[from, to) of each day; the rest is jumped over.")
    zone: str = Field("Asia/Shanghai", description="Zone of `hours`.")
    hold_seconds: float = Field(
        HOLD_SECONDS, ge=0, description="How long a jump of the system clock is not followed; a restart follows."
    )

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        return known_zone(zone)

    @field_validator("hours")
    @classmethod
    def _some_time(cls, hours: tuple[time, time] | None) -> tuple[time, time] | None:
        if hours is not None and hours[1] <= hours[0]:
            raise ValueError(f"{hours[0]} to {hours[1]} holds no time; the end must come after the start")
        return hours

    @model_validator(mode="after")
    def _from_a_start(self) -> ClockSettings:
        if self.start is None and (self.rate != 1.0 or self.anchor is not None or self.hours is not None):
            raise ValueError("rate, anchor and hours need a start; set it, or leave them out")
        return self

    @field_validator("start", "anchor")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time with an offset is expected, such as 2026-03-02T08:00:00+08:00")
        return value


KEY_LEAST: Final = 32
"""Characters of a key of the audit: what `jiancha audit key` makes has 64."""


class AuditSettings(_Section):
    """`[audit]`: the key that seals the audit rows, kept outside the database (DESIGN §10)."""

    key: SecretStr | None = Field(
        None,
        description="Key of the seals; better by JIANCHA_AUDIT__KEY_FILE. `jiancha audit key -o FILE` makes one. "
        "Without it nothing is sealed.",
    )
    seal_seconds: float = Field(5, ge=1, le=3600, description="Real seconds between two rounds of sealing in `run`.")

    @field_validator("key")
    @classmethod
    def _long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < KEY_LEAST:
            raise ValueError(f"at least {KEY_LEAST} characters; `jiancha audit key -o FILE` makes one")
        return key

    @property
    def secret(self) -> bytes | None:
        """The key as HMAC takes it."""
        return self.key.get_secret_value().encode() if self.key is not None else None


class FaceSettings(_Section):
    """`[faces]`: where the keys of enrolled faces lie, outside the database (DESIGN §1F, docs/faces.md)."""

    keys: str | None = Field(
        None,
        description="File with one key a face, readable by its owner alone; never in the same backup as the database. "
        "The first enrolment makes it. Unset: nobody can be enrolled.",
    )


class OpenIdSettings(_Section):
    """`[console.oidc]`: signing in by an OpenID provider (统一身份认证), where `issuer` is set (docs/console.md)."""

    issuer: str | None = Field(
        None,
        description="The provider, just as it names itself; https, http only on this machine. Unset: passwords alone.",
    )
    client_id: str | None = Field(None, min_length=1, description="Under which id the provider knows this console.")
    client_secret: SecretStr | None = Field(
        None, min_length=1, description="Its secret; better by JIANCHA_CONSOLE__OIDC__CLIENT_SECRET_FILE."
    )
    name: str = Field("统一身份认证", min_length=1, max_length=40, description="What stands on the button.")
    scopes: str = Field(
        "openid profile", description="What is asked for, with blanks between; `openid` is one of them."
    )
    ca: str | None = Field(
        None, description="File with the certificate authority of the provider, where it is a private one."
    )

    @field_validator("issuer")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        if value is not None and (not is_safe_address(value) or any(sign in value for sign in "?#@")):
            raise ValueError("an address such as https://sso.example.gov.cn is expected; http only for 127.0.0.1")
        return value

    @field_validator("scopes")
    @classmethod
    def _with_openid(cls, value: str) -> str:
        if "openid" not in value.split():
            raise ValueError("`openid` is missing, without it nobody is named")
        return " ".join(value.split())

    @model_validator(mode="after")
    def _whole(self) -> OpenIdSettings:
        given = {key for key in ("issuer", "client_id", "client_secret") if getattr(self, key) is not None}
        missing = sorted({"issuer", "client_id", "client_secret"} - given)
        if given and missing:
            raise ValueError(f"{', '.join(missing)} missing: the provider's administrator gives them; or take all away")
        if self.ca is not None and not Path(self.ca).is_file():
            raise ValueError(f"ca: {self.ca}: 没有这个文件 there is no such file")
        return self


def is_safe_address(address: str) -> bool:
    """Whether what goes there is read by nobody on the way: HTTPS, or this machine itself."""
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and (
            parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))
        )
    except ValueError:
        return False


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


class ConsoleSettings(_Section):
    """`[console]`: how people sign in with a browser, and how long they stay (docs/console.md)."""

    session_hours: float = Field(12.0, gt=0, le=24 * 31, description="A session ends so long after signing in.")
    idle_minutes: float = Field(120.0, gt=0, description="And so long after it was last used.")
    renew_minutes: float = Field(60.0, gt=0, description="How old the cookie's secret becomes before it is renewed.")
    oidc: OpenIdSettings = OpenIdSettings()


class KioskSettings(_Section):
    """`[kiosk]`: check-in at a page on a tablet or PC (签到终端, docs/kiosk.md)."""

    enabled: bool = Field(False, description="Whether `run` serves kiosks: page, PIN, and faces where `faces.keys` is.")
    one_to_many: bool = Field(
        False, description="Whether a face is looked for among all whom the kiosk serves (1:N), without a staff number."
    )
    evidence_days: int = Field(
        0,
        ge=0,
        description="How many days the last frame of a check-in by face is kept, sealed (留证图像); 0: never any.",
    )


class ScreenSettings(_Section):
    """`[screen]`: what public screens show (电子显示屏, docs/screen.md). The defaults show the least."""

    show: tuple[Literal["promises", "praise", "leave", "circulars", "notices"], ...] = Field(
        ("promises", "notices"), description="Pages in their order: promises, praise, leave, circulars, notices."
    )
    names: Literal["full", "masked", "none"] = Field(
        "none", description="Names of people, in texts too: full, masked (张*) or none."
    )
    page_seconds: float = Field(12.0, gt=0, le=600, description="How long a page stands.")
    refresh_seconds: float = Field(60.0, gt=0, le=3600, description="How often a screen asks anew.")
    rows: int = Field(6, ge=1, le=12, description="Rows of a list on one page.")
    scale: float = Field(1.0, ge=0.5, le=2, description="Size of the letters; 1 is read from five metres on 55 inches.")
    stale_hours: float = Field(12.0, gt=0, le=24 * 7, description="Without the server for so long it shows nothing.")
    least_cases: int = Field(30, ge=1, description="With fewer cases no share and no average is shown.")

    @field_validator("show", mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        """The environment gives names with commas between."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class RetentionSettings(_Section):
    """`[retention]`: after how many days personal data goes; 0 keeps it for ever (docs/operations.md)."""

    payloads_days: int = Field(
        0, ge=0, description="Messages of devices as they came, and those in quarantine that are settled; facts stay."
    )
    comments_days: int = Field(0, ge=0, description="Free text of ratings (评价留言).")
    deliveries_days: int = Field(0, ge=0, description="Notices that were sent or given up: text, tries, results.")
    attachments_days: int = Field(0, ge=0, description="Files of answers, appeals and entries by hand; digests stay.")
    made_sheets_days: int = Field(
        7,
        ge=1,
        description="Sheets and reports made in the background (后台制作的报表), names included.",
    )
    notices_days: int = Field(0, ge=0, description="Title and text of public notices that are over.")
    sheets_days: int = Field(0, ge=0, description="Sheets kept of closed months (签核考勤表); their digests stay.")
    scores_days: int = Field(
        0,
        ge=0,
        description="Snapshots of closed assessment (考评结账), names included; words of entries by hand.",
    )
    requests_days: int = Field(
        0, ge=0, description="Reasons, letters and kinds of leave of requests (申请) that are decided; the rest stays."
    )
    assessment_words_days: int = Field(
        0, ge=0, description="Words of the cycle of assessment (考评周期): talks, patrols, feedback, reviews."
    )
    audit_days: int = Field(0, ge=0, description="Private values of audit rows (names, reasons); the rows stay sealed.")


class AdapterSettings(_Section):
    """`[adapters]`: vendors' devices that speak MQTT in their own words (docs/adapters.md)."""

    enabled: tuple[str, ...] = Field((), description="Shipped adapters to use, by name (config/adapters).")
    files: tuple[str, ...] = Field((), description="Adapter files of one's own.")

    @field_validator("enabled", "files", mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        """The environment gives names with commas between."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class FeedSettings(_Section):
    """`[[feeds]]`: an approval system that only offers a view, polled read-only (docs/adapters.md)."""

    id: str = Field(description="Id of the source: a device of kind cases in the registry.")
    url: SecretStr | None = Field(None, description="SQLAlchemy URL of the other system's database.")
    url_env: str | None = Field(None, description="Name of an environment variable that holds the URL.")
    url_file: str | None = Field(None, description="Path of a file that holds the URL.")
    map: str = Field(description="Columns → events: a shipped map (config/maps) or a file, as for `cases import`.")
    view: str | None = Field(None, description="Name of the view or table, with its schema where it needs one.")
    query: str | None = Field(None, description="A SELECT in place of `view`.")
    mark: str = Field(description="Column that only rises: the time of the last change, or a running number.")
    start: str | int | datetime | None = Field(None, description="First mark to read; without it everything.")
    overlap: int = Field(
        600, ge=0, description="Read again below the mark, for rows that come late: seconds, or running numbers."
    )
    page_rows: int = Field(1000, ge=1, le=100_000, description="Rows of one statement.")
    poll_seconds: float = Field(30, ge=1, description="Real seconds between two polls.")
    timeout_seconds: int = Field(60, ge=1, description="Longest wait for the other database.")

    @model_validator(mode="after")
    def _one_of_each(self) -> FeedSettings:
        for keys in (("url", "url_env", "url_file"), ("view", "query")):
            given = [key for key in keys if getattr(self, key)]
            if len(given) != 1:
                raise ValueError(f"give exactly one of {', '.join(keys)}; found {' and '.join(given) or 'none'}")
        return self


class CardPolicy(_Section):
    """`[policy.cards]`"""

    auto_close: bool = Field(
        False, description="Whether a cleared yellow or red on a person or unit closes by itself (DESIGN §6)."
    )


class Policy(_Section):
    """The ladders: one section per folder of rules. `version` changes with any value."""

    name: str = Field("default", description="Name of the preset, part of the version that cards print.")
    timeliness: TimelinessPolicy = TimelinessPolicy()
    checkin: CheckinPolicy = CheckinPolicy()
    post: PostPolicy = PostPolicy()
    leave: LeavePolicy = LeavePolicy()
    roster: RosterPolicy = RosterPolicy()
    requests: RequestPolicy = RequestPolicy()
    rating: RatingPolicy = RatingPolicy()
    device: DevicePolicy = DevicePolicy()
    operator: OperatorPolicy = OperatorPolicy()
    tally: TallyPolicy = TallyPolicy()
    face: FacePolicy = FacePolicy()
    cards: CardPolicy = CardPolicy()
    gaming: GamingPolicy = GamingPolicy()

    @model_validator(mode="after")
    def _one_band(self) -> Policy:
        """What a kiosk accepts and what the judge takes without doubt is one number, unless it is said twice."""
        if self.checkin.most_distance is None:
            own = self.checkin.model_copy(update={"most_distance": self.face.accept})
            object.__setattr__(self, "checkin", own)
        return self

    @property
    def version(self) -> str:
        """NAME@DIGEST over all values: equal values have equal versions."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return f"{self.name}@{hashlib.sha256(text.encode()).hexdigest()[:10]}"

    @staticmethod
    def section_of(rule: str) -> str:
        """The section that a rule reads."""
        sections = {"checkin": "checkin", "post": "post", "rating": "rating", "device": "device",
                    "unknown": "operator", "calendar": "operator", "attendance": "tally", "absence": "tally",
                    "conduct": "tally"}  # fmt: skip
        if rule == "feed.backlog":
            return "device"
        return sections.get(rule.split(".", 1)[0], "timeliness")


class AssessmentSettings(_Section):
    """`[assessment]`: when the daemon brings the ledgers up to date (考评核算), letters and circulars."""

    enabled: bool = Field(True, description="Whether `run` does it by itself; `jiancha assess run` does it by hand.")
    after_close_minutes: int = Field(
        30, ge=0, le=240, description="Each day so long after the hall's closing time; on days without work at noon."
    )
    pause_minutes: int = Field(
        10, ge=1, le=240, description="Least time between two runs of a hall that a decision or a closed card asks for."
    )
    closed_months: int = Field(
        2, ge=0, le=12, description="So many months that are signed off are looked at again; what changed in them is "
        "booked in the open month."
    )  # fmt: skip
    letters: str | None = Field(
        None, description="Folder of the hall's own circular.docx and feedback.docx; what it lacks is the shipped one."
    )
    circular_names: Literal["full", "masked", "none"] = Field(
        "masked", description="Names of people in circulars (通报): full, masked (张*) or none."
    )


class Settings(_Section):
    """The whole configuration."""

    store: StoreSettings = StoreSettings()
    mqtt: MqttSettings = MqttSettings()
    http: HttpSettings = HttpSettings()
    clock: ClockSettings = ClockSettings()
    adapters: AdapterSettings = AdapterSettings()
    audit: AuditSettings = AuditSettings()
    faces: FaceSettings = FaceSettings()
    kiosk: KioskSettings = KioskSettings()
    screen: ScreenSettings = ScreenSettings()
    retention: RetentionSettings = RetentionSettings()
    console: ConsoleSettings = ConsoleSettings()
    assessment: AssessmentSettings = AssessmentSettings()
    feeds: tuple[FeedSettings, ...] = ()
    policy: Policy = Policy()
    alerts: AlertPolicy = AlertPolicy()
    calendars: dict[str, InstanceOf[CalendarSpec]] = Field(default_factory=dict)
    presets: dict[str, SlotPreset] = Field(default_factory=dict)
    language: Literal["zh", "en"] = Field(
        "zh",
        description="Language of `explain`; other commands print Chinese first and English beside it.",
    )

    @model_validator(mode="after")
    def _default_calendar(self) -> Settings:
        if self.calendars and "default" not in self.calendars:
            raise ValueError("calendars: the calendar `default` is missing; keep config/calendar/default.toml")
        return self

    @model_validator(mode="after")
    def _feeds_beat(self) -> Settings:
        """A feed's polls are its heartbeats (ADR 0012): polled more rarely than devices beat, it would seem silent."""
        ids = [feed.id for feed in self.feeds]
        for n, feed in enumerate(self.feeds):
            if ids.index(feed.id) != n:
                raise ValueError(f"feeds.{n}.id: {feed.id!r} is there twice")
        _require_polls(self.feeds, self.policy)
        return self

    def under(self, policy: Policy) -> Settings:
        """These settings with another policy in force (ADR 0044). Raises ValueError naming the key that forbids it."""
        _require_polls(self.feeds, policy)
        return self.model_copy(update={"policy": policy})


def _require_polls(feeds: Iterable[FeedSettings], policy: Policy) -> None:
    beat = policy.device.heartbeat_seconds
    for n, feed in enumerate(feeds):
        if feed.poll_seconds > beat:
            raise ValueError(f"feeds.{n}.poll_seconds: at most policy.device.heartbeat_seconds, {beat:g}")


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings from built-in defaults, the file (`path`, else JIANCHA_CONFIG) and the environment, in this order.

    Raises SettingsError naming file and key.
    """
    env = os.environ if environ is None else environ
    chosen = path or (Path(env[CONFIG_ENV]) if env.get(CONFIG_ENV) else None)
    data = _read_toml(chosen) if chosen else {}
    given_by = _overlay_environment(data, env)
    base = chosen.parent if chosen else Path.cwd()
    calendars, presets = _shipped_calendars(), _shipped_presets()
    calendars |= _named_files(data.pop("calendar", {}), "calendar", base, _calendar_of)
    for loaded in _named_files(data.pop("attendance", {}), "attendance", base, lambda d, w: parse_presets(d)).values():
        presets |= loaded
    data["policy"] = _policy_data(data.get("policy", {}), base)
    _beside(data, base)
    try:
        read = Settings.model_validate({**data, "calendars": calendars, "presets": presets})
        _learn_secrets(read)
        return read
    except ValidationError as error:
        raise SettingsError(_explain(error, str(chosen or "environment"), given_by)) from error


def _learn_secrets(section: BaseModel) -> None:
    """What no log and no error may show, wherever it stands in the settings."""
    for name in type(section).model_fields:
        value = getattr(section, name)
        held = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else (value,)
        for one in held:
            if isinstance(one, SecretStr):
                SECRETS.learn_url(one.get_secret_value())
            elif isinstance(one, BaseModel):
                _learn_secrets(one)
    if isinstance(section, StoreSettings):
        SECRETS.learn(*passwords_in(section.url))


def _beside(data: dict[str, Any], base: Path) -> None:
    """Paths in the file (of keys, certificates, adapters, maps) are relative to it."""
    console = data.get("console")
    openid = console.get("oidc") if isinstance(console, dict) else None
    for given, key in (
        (data.get("faces"), "keys"), (data.get("http"), "tls_cert"), (data.get("http"), "tls_key"), (openid, "ca"),
        (data.get("assessment"), "letters"),
    ):  # fmt: skip
        if isinstance(given, dict) and isinstance(given.get(key), str):
            given[key] = str(base / given[key])
    adapters = data.get("adapters")
    if isinstance(adapters, dict) and isinstance(adapters.get("files"), list):
        adapters["files"] = [str(base / str(file)) for file in adapters["files"]]
    for feed in data.get("feeds", []) if isinstance(data.get("feeds"), list) else []:
        for key in ("map", "url_file"):
            if isinstance(feed, dict) and isinstance(feed.get(key), str) and (base / feed[key]).is_file():
                feed[key] = str(base / feed[key])


def config_dir() -> Path:
    """The shipped data: the package's `_config`, else the checkout's `config/`."""
    packaged = Path(str(resources.files("monitor"))) / "_config"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parent.parent / "config"


def faces_notice() -> str:
    """The notice that is given to people before they agree to be known by the face (docs/faces-notice.md)."""
    folder = config_dir()
    packaged = folder / "faces-notice.md"
    found = packaged if packaged.is_file() else folder.parent / "docs" / "faces-notice.md"
    return found.read_text(encoding="utf-8")


def _read_toml(path: Path, way_out: str = f"name one with --config or {CONFIG_ENV}") -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # as Windows' editors save it
    except FileNotFoundError:
        raise SettingsError(f"{path}: 没有这个文件 no such file; {way_out}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: 无法读取 cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: 不是合法的 TOML is no TOML: {error}") from error


def _policy_data(given: Any, base: Path) -> dict[str, Any]:
    """`[policy]`: `preset = NAME` takes config/policy/NAME.toml, `file = PATH` another; the other keys overrule it."""
    if not isinstance(given, Mapping):
        raise SettingsError("policy: 应为一节（表） a table is expected")
    own = dict(given)
    preset, file = own.pop("preset", None), own.pop("file", None)
    merged: dict[str, Any] = {}
    if preset is not None:
        folder = config_dir() / "policy"
        known = ", ".join(sorted(p.stem for p in folder.glob("*.toml") if not p.stem.startswith("presets-")))
        merged = read_policy(folder / f"{preset}.toml", f"policy.preset is one of {known}")
        merged.setdefault("name", preset)
    if file is not None:
        merged = _merge(merged, read_policy(base / str(file), "correct policy.file"))
    return _merge(merged, own)


def policy_presets() -> tuple[str, ...]:
    """Names of the shipped presets of the ladders, `default` first; the demo's stretched times are none for a hall."""
    names = {p.stem for p in (config_dir() / "policy").glob("*.toml") if not p.stem.startswith("presets-")}
    return ("default", *sorted(names - {"default", "demo"}))


def policy_faults(error: ValidationError) -> list[tuple[str, str]]:
    """What is wrong with a policy: (key below `policy`, Chinese and English sentence), one for each fault."""
    found = []
    for fault in error.errors():
        said = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            said = "unknown key; `jiancha config schema policy` lists the known ones"
        found.append((".".join(map(str, fault["loc"])), f"{FAULTS.get(fault['type'], '此值不可用')} {said}"))
    return found


def read_policy(path: Path, way_out: str = "name another file") -> dict[str, Any]:
    """The tables of a policy file as they stand; SettingsError where it cannot be read."""
    data = _read_toml(path, way_out)
    data.setdefault("name", path.stem)
    return data


def load_policy(name: str) -> Policy:
    """The policy of a file, or of a shipped preset by its name; what it leaves out has its default.

    Raises SettingsError naming file and key.
    """
    file, shipped = Path(name), config_dir() / "policy" / f"{name}.toml"
    if not file.is_file() and not ("/" not in name and shipped.is_file()):
        presets = sorted(p.stem for p in shipped.parent.glob("*.toml") if not p.stem.startswith("presets-"))
        raise SettingsError(f"{name}: 没有这个文件或预设 no such file, and no preset ({', '.join(presets)})")
    path = file if file.is_file() else shipped
    try:
        return Policy.model_validate(read_policy(path))
    except ValidationError as error:
        raise SettingsError(_explain(error, str(path), {})) from error


def _merge(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(low)
    for key, value in high.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _shipped_calendars() -> dict[str, CalendarSpec]:
    folder = config_dir() / "calendar"
    return {p.stem: load_spec(_read_toml(p), p.name) for p in sorted(folder.glob("*.toml"))}


def _shipped_presets() -> dict[str, SlotPreset]:
    path = config_dir() / "policy" / "presets-attendance.toml"
    return parse_presets(_read_toml(path)) if path.is_file() else {}


def _calendar_of(data: dict[str, Any], where: str) -> CalendarSpec:
    try:
        return load_spec(data, where)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def _named_files(section: Any, name: str, base: Path, parse: Any) -> dict[str, Any]:
    """`[calendar] files = [...]` and `[attendance] files = [...]`: more of what is shipped, by file name."""
    if not isinstance(section, Mapping) or set(section) - {"files"}:
        raise SettingsError(f"{name}: 这里只有 files 一键 only the key `files`, a list of paths, is known here")
    files = section.get("files", [])
    if isinstance(files, str):  # the environment gives names with commas between
        files = [part.strip() for part in files.split(",") if part.strip()]
    if not isinstance(files, list):
        raise SettingsError(f'{name}.files: 应为路径的列表 a list of paths is expected, such as ["own.toml"]')
    found: dict[str, Any] = {}
    for item in files:
        path = base / str(item)
        data = _read_toml(path, f"correct {name}.files")
        try:
            found[path.stem] = parse(data, str(path))
        except SettingsError:
            raise
        except ValueError as error:
            raise SettingsError(f"{path}: {error}") from error
    return found


def _overlay_environment(data: dict[str, Any], env: Mapping[str, str]) -> dict[str, str]:
    """JIANCHA_SECTION__KEY overrules the file; ..._FILE reads the value from a file (secrets) and goes before the same
    key without it: a unit's drop-in adds one and takes none away.

    Gives the variable of each key that one has set.
    """
    given_by: dict[str, str] = {}
    for variable, text in sorted(env.items(), key=lambda pair: pair[0].endswith("_FILE")):
        if not variable.startswith(ENV_PREFIX) or "__" not in variable:
            continue
        keys = variable.removeprefix(ENV_PREFIX).lower().split("__")
        if keys[-1].endswith("_file") and not _is_key(keys):
            keys[-1] = keys[-1].removesuffix("_file")
            text = _secret_file(variable, text)
        node = data
        for key in keys[:-1]:
            node = node.setdefault(key, {})
            if not isinstance(node, dict):
                raise SettingsError(f"{variable}: {key} 不是一节 is no section")
        node[keys[-1]] = text
        given_by[".".join(keys)] = variable
    return given_by


def _is_key(keys: list[str]) -> bool:
    section = Settings.model_fields.get(keys[0])
    model = section.annotation if section else None
    return len(keys) == 2 and isinstance(model, type) and issubclass(model, BaseModel) and keys[1] in model.model_fields


def _secret_file(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        raise SettingsError(f"{variable}: {path} 无法读取 cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{variable}: {path} 不是 UTF-8 文本 is no text in UTF-8: {error.reason}") from error


def _explain(error: ValidationError, file: str, given_by: Mapping[str, str]) -> str:
    """A line for each fault: the file, or the variable that set the key; the key; what is wrong and the way out."""
    lines = []
    for fault in error.errors():
        key = ".".join(str(part) for part in fault["loc"])
        where = next((by for name, by in given_by.items() if name == key or name.startswith(f"{key}.")), file)
        said = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            said = "unknown key; `jiancha config schema settings` lists the known ones"
        lines.append(f"{where}: {key}: {FAULTS.get(fault['type'], '此值不可用')} {said}")
    return "\n".join(lines)
