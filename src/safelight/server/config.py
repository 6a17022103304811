"""Every setting of the server, in one place: a TOML file, then the environment, both validated.

The file is ``server.toml`` in the workspace (or ``SAFELIGHT_CONFIG``). An environment variable wins over it:
``SAFELIGHT_PORT=8400``, nested as ``SAFELIGHT_LIMITS__BODY_MIB=64``. ``docs/operator/settings.md`` documents
each; a test fails when one is missing there.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from safelight.errors import UsageError
from safelight.types import ListClass
from safelight.workspace.workspace import default_directory

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class Limits(BaseModel):
    """What one request may cost."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    body_mib: int = Field(256, ge=1, le=65_536, description="largest request body, in MiB")
    inline_mib: int = Field(
        8, ge=1, le=256, description="files larger than this are accepted as jobs, in MiB"
    )
    body_seconds: int = Field(60, ge=1, le=3_600, description="longest time for a body to arrive, in seconds")
    body_rate_kib: int = Field(
        16, ge=0, le=65_536, description="least rate of an arriving body, in KiB/s; 0 asks for none"
    )
    bodies_at_once: int = Field(
        64, ge=1, le=4_096, description="bodies that one web process takes in at once"
    )
    batch_files: int = Field(32, ge=1, le=256, description="most files in one request of many")


class Answers(BaseModel):
    """What keys for uploaders are answered, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    alike_seconds: float = Field(
        2.0,
        ge=0.1,
        le=30.0,
        description="everything but *clear* is answered this long after it came, or up to a tenth later",
    )


class KeyLimits(BaseModel):
    """What one key may send, unless something else was said when it was made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rate_per_minute: int = Field(6_000, ge=0, description="requests a minute of one key; 0 sets no limit")
    daily_budget: int = Field(
        1_000_000, ge=0, description="files and look-ups of one key a day, in UTC; 0 sets no limit"
    )
    probing_minutes: int = Field(60, ge=1, le=1_440, description="over how long a key's hits are looked at")
    probing_least_hits: int = Field(
        50, ge=0, description="fewer hits than this never suspend a key; 0 never suspends one"
    )
    probing_share_percent: int = Field(
        50, ge=1, le=100, description="a greater share of hits than this suspends a key"
    )
    probing_variants: int = Field(
        20, ge=2, description="so many different files that the same entries match suspend a key"
    )


class Retention(BaseModel):
    """How long things are kept. ``docs/operator/evidence.md`` names the duties behind the defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preserve_days: int = Field(
        366, ge=1, description="after a finished report (18 U.S.C. 2258A(h): a year), in days"
    )
    complaint_days: int = Field(
        184, ge=1, description="dismissed evidence is kept this long (DSA Art. 20(1): six months), in days"
    )
    undecided_alarm_days: int = Field(7, ge=1, description="undecided evidence raises an alarm after this")
    unfinished_alarm_days: int = Field(1, ge=1, description="an unfinished report raises an alarm after this")
    bundle_days: int = Field(
        14, ge=1, description="a bundle lies here to be fetched by who may export, in days"
    )
    awaited_hours: int = Field(
        24, ge=1, le=720, description="files that matched by hash alone are to be delivered within this"
    )
    seen_days: int = Field(
        90, ge=0, description="hashes of past files are kept to re-check them; 0 keeps none"
    )


_Priority = Annotated[int, Field(ge=0, le=100)]


class Priority(BaseModel):
    """How urgent a new matter is, 0 to 100: the highest of what speaks for it. Nothing ever lowers it.

    Where a file comes from, from a generator or not, is not among what is asked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    match: _Priority = Field(80, description="what matched")
    hold: _Priority = Field(60, description="what is held for review")
    police_request: _Priority = Field(90, description="an authority asks")
    trusted_flagger: _Priority = Field(80, description="a trusted flagger told it")
    user_report: _Priority = Field(60, description="a user told it")
    public_url_report: _Priority = Field(60, description="somebody reported an address")
    text: _Priority = Field(60, description="a text that the platform sent in")
    by_hand: _Priority = Field(60, description="entered by hand")
    upload: _Priority = Field(50, description="an upload for any other reason")
    lists: dict[str, _Priority] = Field({}, description="what a list of that name matched, by its name")


class Cases(BaseModel):
    """What is decided without a person, and how soon a complaint is answered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    confirm_lists: tuple[str, ...] = Field(
        (), description="lists whose hash-confirmed files are confirmed by policy, unseen; none by default"
    )
    complaint_answer_days: int = Field(14, ge=1, description="a complaint is answered within, in days")


_Opinions = Literal["none", "second", "blind", "three"]


class Assessing(BaseModel):
    """How many people assess what, which lists' facts are taken over, and how far decisions reach."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    opinions: _Opinions = Field(
        "none", description="who else assesses: none, second, blind, or three for adding to a list"
    )
    opinions_of: dict[str, _Opinions] = Field(
        {}, description="the same for a class of lists, by its name; unlisted is what no list matched"
    )
    trusted_lists: dict[str, str] = Field(
        {}, description="lists whose facts prefill assessments, with the scheme of their classifications"
    )
    stacks_across_cases: bool = Field(
        False, description="offer a decision for the same file in other cases, and tell of alike ones there"
    )
    near_bits: int = Field(
        31, ge=0, le=64, description="pictures that differ by at most so many of 256 bits are stacked"
    )

    @field_validator("opinions_of")
    @classmethod
    def _classes(cls, told: dict[str, str]) -> dict[str, str]:
        known = {*(one.value for one in ListClass), "unlisted"}
        if wrong := sorted(set(told) - known):
            raise ValueError(f"there is no class {wrong[0]}; there are {', '.join(sorted(known))}")
        return told


class Provenance(BaseModel):
    """Of which files evidence of origin is looked for, and what of it is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    examine: Literal["matched", "always", "never"] = Field(
        "matched", description="files that are looked at: those that match or are held, all, or none"
    )
    prompts: bool = Field(
        False, description="keep prompt texts, sealed, for assessment; a prompt can itself be abuse"
    )


class Recheck(BaseModel):
    """How much of the past one entry may bring into the queue at once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    entry_cap: int = Field(
        100, ge=0, description="past occurrences that one entry brings into cases; more wait for a person"
    )
    list_cap: int = Field(
        1_000, ge=0, description="past occurrences that one list brings into cases a day; more wait"
    )


class Oidc(BaseModel):
    """The operator's own identity provider. Only invited people can sign in by it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str = Field(description="the provider's address; https, or http on this machine")
    client_id: str = Field(min_length=1, description="this server's name at the provider")
    client_secret: SecretStr = Field(description="this server's secret at the provider")
    name: str = Field("single sign-on", description="what the sign-in page calls the provider")
    trust_email: bool = Field(
        False, description="the provider vouches for every address, although it sends no email_verified"
    )

    @field_validator("issuer")
    @classmethod
    def _encrypted_or_local(cls, issuer: str) -> str:
        url = urlsplit(issuer)
        if url.scheme != "https" and not (url.scheme == "http" and url.hostname in _LOOPBACK):
            raise ValueError("the issuer must begin with https:// (or http:// on this machine)")
        return issuer.rstrip("/")


class Mail(BaseModel):
    """The operator's mail server, for alerts. What is sent names no case, list, account or file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(min_length=1, description="the mail server's name")
    port: int = Field(587, ge=1, le=65_535, description="its port")
    encryption: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="how the connection is encrypted; none only on this machine"
    )
    username: str = Field("", description="this server's name there; empty means no sign-in")
    password: SecretStr = Field(SecretStr(""), description="its password there")
    sender: str = Field(min_length=3, description="the address that alerts come from")
    recipients: tuple[str, ...] = Field(min_length=1, description="the addresses that alerts go to")

    @field_validator("sender", "recipients")
    @classmethod
    def _one_line(cls, told: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for address in (told,) if isinstance(told, str) else told:
            if "@" not in address or not address.isprintable() or " " in address:
                raise ValueError(f"{address!r} is not a mail address")
        return told

    @model_validator(mode="after")
    def _encrypted_or_local(self) -> Self:
        if self.encryption == "none" and self.host not in _LOOPBACK:
            raise ValueError("a mail server elsewhere needs encryption: starttls or tls")
        return self


class Alerts(BaseModel):
    """From when on something alarms."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    queue_hours: int = Field(24, ge=1, description="a case has waited this long, in hours")
    unscanned: int = Field(100, ge=1, description="this many files wait to be scanned after all")
    index_behind: int = Field(1_000, ge=1, description="searches lack this many changes of the lists")
    unreported_hours: int = Field(
        24, ge=1, description="something confirmed is not handed over to its hotline, in hours"
    )
    disk_mib: int = Field(2_048, ge=512, description="less than this is free for the workspace, in MiB")


class Fetching(BaseModel):
    """What the server may fetch by itself. Nothing, unless the operator says from where."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hosts: tuple[str, ...] = Field((), description="hosts that files are fetched from; none by default")
    ports: tuple[int, ...] = Field((443,), description="ports of theirs; 80 allows http as well")
    buckets: tuple[str, ...] = Field(
        (), description="buckets that s3:// references may name; none by default"
    )
    max_mib: int = Field(64, ge=1, le=4_096, description="largest file that is fetched, in MiB")
    seconds: int = Field(20, ge=1, le=600, description="longest time for one fetch, redirects included")

    @field_validator("hosts")
    @classmethod
    def _names(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not re.fullmatch(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*", host):
                raise ValueError(f"{host!r} is not a full host name in lower case, such as media.example.org")
        return hosts


class Cybertipline(BaseModel):
    """NCMEC's CyberTipline, with the name and password that NCMEC gave for the environment that is named.

    Production needs two people besides: ``docs/operator/hotlines.md`` says how.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    environment: Literal["mock", "test", "production"] = Field(
        "test", description="where reports go: a mock on this machine, NCMEC's test service, or production"
    )
    username: str = Field("mock", min_length=1, description="the name that NCMEC gave for it")
    password: SecretStr = Field(SecretStr("mock"), description="its password")
    mock_url: str = Field("http://localhost:8410/ispws", description="where the mock listens")

    @field_validator("mock_url")
    @classmethod
    def _on_this_machine(cls, address: str) -> str:
        if urlsplit(address).hostname not in _LOOPBACK:
            raise ValueError("a mock hotline is on this machine: http://localhost:…")
        return address.rstrip("/")


class Reporting(BaseModel):
    """Who reports, as whom, and by which duties. ``docs/operator/reports.md`` says more."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: str = Field("us", description="the jurisdiction profile: a shipped one, or a path of your own")
    email: str = Field("", max_length=255, description="the reporting person's address; hotlines need one")
    first_name: str = Field("", max_length=100, description="the reporting person's first name")
    last_name: str = Field("", max_length=100, description="the reporting person's last name")
    contact_email: str = Field("", max_length=255, description="where an investigator can write to")
    contact_phone: str = Field("", max_length=50, description="where an investigator can call")
    platform: str = Field("", max_length=256, description="the full name of your application")
    service: str = Field("", max_length=100, description="the part of it that accounts belong to")
    legal_url: str = Field("", max_length=2083, description="your page for legal process")
    terms_of_service: str = Field("", description="the part of your terms that is broken")
    shares_hashes: bool = Field(False, description="you signed NCMEC's Industry Hash Sharing agreement")


class Webhooks(BaseModel):
    """Where messages may go besides public addresses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    internal: tuple[str, ...] = Field(
        (), description="receivers in the operator's own network, as host:port; none by default"
    )

    @field_validator("internal")
    @classmethod
    def _host_and_port(cls, told: tuple[str, ...]) -> tuple[str, ...]:
        for place in told:
            host, _colon, port = place.rpartition(":")
            if not host or not port.isdigit() or not 1 <= int(port) <= 65_535:
                raise ValueError(f"{place!r} is not host:port")
        return told


class Review(BaseModel):
    """When people are at work, what is unusual, and whom to call."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    time_zone: str = Field("UTC", description="the time zone in which a reviewer's day begins")
    hours_from: int = Field(0, ge=0, le=23, description="looking before this hour is unusual")
    hours_to: int = Field(24, ge=1, le=24, description="looking from this hour on is unusual")
    unusual_views: int = Field(
        60, ge=1, description="so many views of one person from level 3 on, in an hour, are unusual"
    )
    unusual_passes: int = Field(
        10, ge=1, description="so many cases of one person looked into and passed on, in a day, are unusual"
    )
    country: str = Field("", pattern=r"^([A-Z]{2})?$", description="the operator's country, two letters")
    emergency_steps: Path | None = Field(
        None, description="the operator's own file of emergency steps; it comes before the shipped one"
    )

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ValueError, OSError):
            raise ValueError(f"{name!r} is no time zone of the IANA database, such as Europe/Paris") from None
        return name


class Config(BaseSettings):
    """The server's settings."""

    model_config = SettingsConfigDict(
        env_prefix="SAFELIGHT_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    workspace: Path = Field(default_factory=default_directory, description="the workspace directory")
    port: int = Field(8400, ge=1, le=65_535, description="the port on the loopback interface")
    database_url: str = Field("", description="postgresql://… ; empty means SQLite inside the workspace")
    evidence_url: str = Field("", description="s3://bucket/prefix ; empty means files inside the workspace")
    destruction_log: Path | None = Field(
        None, description="the log of destroyed evidence; beside the workspace unless set, never inside it"
    )
    web_workers: int = Field(2, ge=1, le=64, description="web processes")
    web_threads: int = Field(8, ge=2, le=256, description="requests that one web process serves at once")
    single_operator: bool = Field(False, description="one person runs everything; shown on every page")
    demo: bool = Field(False, description="a demo workspace: loopback, class test only, never convertible")
    accept_partial_sandbox: bool = Field(
        False, description="start although this machine lacks one of the sandbox's protections"
    )
    unsupported: Literal["unscanned", "digests"] = Field(
        "unscanned",
        description="what a file is that holds a format not decoded here: unscanned, or clear by its digests",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level logged")
    log_format: Literal["console", "json"] = Field("console", description="how log lines are written")
    heads_directory: Path | None = Field(None, description="a second place for the ledger's signed heads")
    oidc: Oidc | None = Field(None, description="sign-in by an identity provider; none by default")
    mail: Mail | None = Field(None, description="the mail server for alerts; none by default")
    alerts: Alerts = Alerts()
    fetching: Fetching = Fetching()
    webhooks: Webhooks = Webhooks()
    cybertipline: Cybertipline | None = Field(None, description="the CyberTipline; none by default")
    reporting: Reporting = Reporting()
    limits: Limits = Limits()
    answers: Answers = Answers()
    key_limits: KeyLimits = KeyLimits()
    retention: Retention = Retention()
    priority: Priority = Priority()
    cases: Cases = Cases()
    assessment: Assessing = Assessing()
    recheck: Recheck = Recheck()
    provenance: Provenance = Provenance()
    review: Review = Review()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic passes all of them by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over what :func:`load` read from the file."""
        return env_settings, init_settings

    @property
    def public_url(self) -> str:
        """The only address that is printed and answered: browsers refuse passkeys on ``127.0.0.1``."""
        return f"http://localhost:{self.port}"


def load(workspace: Path | None = None, *, port: int | None = None) -> Config:
    """Read the file and the environment; what is given here wins over both.

    Raises :class:`UsageError` that names the setting to mend.
    """
    root = workspace or Path(os.environ.get("SAFELIGHT_WORKSPACE", "") or default_directory())
    path = Path(os.environ.get("SAFELIGHT_CONFIG", "") or root / "server.toml")
    values: dict[str, Any] = {"workspace": root}
    try:
        values |= tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        if "SAFELIGHT_CONFIG" in os.environ:
            raise UsageError(f"SAFELIGHT_CONFIG names {path}, which does not exist.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        read = Config(**values)
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False)]
        raise UsageError(
            f"The server's settings ({path} and the environment) are not valid:\n" + "\n".join(lines)
        ) from None
    given = {"workspace": root} | ({} if port is None else {"port": port})
    return read.model_copy(update=given)
