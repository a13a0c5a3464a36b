"""Settings: read once from the environment at the entry, typed, refused at start with the variable's name."""

import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "ONEWINDOW_"
LEAST_SECRET_CHARACTERS = 32
_WELL_KNOWN_SECRETS = re.compile(r"^(.)\1*$|secret|change|default|example|password|123456", re.IGNORECASE)


class SettingsRefused(Exception):
    """One line per variable that does not hold; printed and nothing is started."""


def _no_trailing_slash(value: object) -> object:
    return value.rstrip("/") if isinstance(value, str) else value


Origin = Annotated[str, BeforeValidator(_no_trailing_slash)]


class Settings(BaseSettings):
    """Every variable OneWindow knows; `onewindow settings` prints this table."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    base_url: Origin = Field(
        default="http://127.0.0.1:8000", description="Address people and systems reach this installation at."
    )
    issuer: Origin = Field(
        default="",
        description="Issuer of the OpenID provider; base_url + /idp unless set (OpenID Connect Discovery §3).",
    )
    host: str = Field(default="127.0.0.1", description="Address the server listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port the server listens on.")
    database_url: SecretStr = Field(
        default=SecretStr("sqlite+aiosqlite:///var/onewindow.db"),
        description="sqlite+aiosqlite:///file or postgresql+asyncpg://user:password@host/name.",
    )
    redis_url: SecretStr = Field(
        default=SecretStr(""), description="redis://… of the shared state store; empty keeps state in this process."
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description=f"At least {LEAST_SECRET_CHARACTERS} random characters; encrypts keys at rest and signs form tokens.",
    )
    previous_secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="Secrets in use before secret_key, oldest first, with commas; still open what was sealed under them.",
    )
    signing_key_days: int = Field(
        default=90,
        ge=0,
        le=3650,
        description="Days a signing key signs before the next takes over; 0: only by command.",
    )
    require_pushed_authorization_requests: bool = Field(
        default=False, description="Every client must push its authorization requests (RFC 9126 §5)."
    )
    shift_ends: str = Field(
        default="",
        description="Times of day in Shanghai at which shifts and everybody's sessions end, with commas: 12:00,17:30.",
    )
    var_dir: Path = Field(default=Path("var"), description="Directory for what this installation keeps in files.")
    materials_url: str = Field(
        default="",
        description="Where uploaded materials are kept: file:///dir or s3://bucket; var_dir/materials unless set.",
    )
    secrets_dir: Path | None = Field(
        default=None, description="Directory with one file per connector secret, named as the spec refers to it."
    )
    endpoints_file: Path | None = Field(
        default=None, description="YAML file giving the base address of each department system: {system id: url}."
    )
    portal_client_id: str = Field(default="onewindow-portal", description="The portal's client_id at the provider.")
    portal_client_secret: SecretStr = Field(
        default=SecretStr(""), description="The portal's client_secret; derived from secret_key unless set."
    )
    demo: bool = Field(default=False, description="Demo mode: known accounts, loopback only.")
    department_clock_offset_seconds: float = Field(
        default=0.0, description="Demo mode only: how far the clock for opening hours runs ahead of the real one."
    )
    egress_networks: str = Field(
        default="",
        description=(
            "Private networks that addresses given by clients (jwks_uri, back-channel logout) may lie in, with commas: "
            "10.20.0.0/16,2001:db8::/48; demo mode adds loopback."
        ),
    )
    metrics_token: SecretStr = Field(
        default=SecretStr(""), description="Bearer token for /metrics from elsewhere; empty: this machine only."
    )
    audit_unwritable: Literal["refuse", "flag"] = Field(
        default="refuse",
        description="Sign-ins while the audit can't be written: refuse them, or let people in and tell the gap later.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Least level logged.")
    log_format: Literal["json", "text"] = Field(
        default="json", description="One JSON object a line, or text for people."
    )
    forwarded_allow_ips: str = Field(
        default="", description="Addresses of proxies whose X-Forwarded-For and -Proto are believed, with commas."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # `from_env` hands the environment over, so that tests build settings without touching the process.
        return (init_settings,)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Return the settings in `environ`; unknown ONEWINDOW_ variables are refused, so that a typo is seen.

        Raises:
            SettingsRefused: with one line per variable, each naming the variable and what was expected.
        """
        given = {k.removeprefix(PREFIX).lower(): v for k, v in environ.items() if k.startswith(PREFIX)}
        try:
            return cls(**given)  # type: ignore[arg-type]
        except ValidationError as error:
            raise SettingsRefused("\n".join(_explain(error))) from None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.issuer:
            object.__setattr__(self, "issuer", f"{self.base_url}/idp")
        if not self.materials_url:
            object.__setattr__(self, "materials_url", (self.var_dir / "materials").absolute().as_uri())
        for name, url in (("base_url", self.base_url), ("issuer", self.issuer)):
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
                raise ValueError(f"{PREFIX}{name.upper()}: expected http(s)://host[:port][/path], got {url!r}")
            if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
                raise ValueError(f"{PREFIX}{name.upper()}: plain http is allowed on loopback only, use https")
        if self.demo:
            if self.host not in ("127.0.0.1", "localhost", "::1"):
                raise ValueError(f"{PREFIX}HOST: demo mode listens on loopback only")
            if self.require_pushed_authorization_requests:
                name = f"{PREFIX}REQUIRE_PUSHED_AUTHORIZATION_REQUESTS"
                raise ValueError(f"{name}: not in demo mode, the simulated departments do not push")
        elif self.department_clock_offset_seconds:
            raise ValueError(f"{PREFIX}DEPARTMENT_CLOCK_OFFSET_SECONDS: demo mode only")
        _check_networks(self.egress_networks)
        _check_secret("SECRET_KEY", self.secret_key.get_secret_value())
        for earlier in filter(None, self.previous_secret_key.get_secret_value().split(",")):
            _check_secret("PREVIOUS_SECRET_KEY", earlier)
        _check_shifts(self.shift_ends)
        return self


def _check_networks(networks: str) -> None:
    for word in filter(None, networks.split(",")):
        try:
            ip_network(word)
        except ValueError as error:
            raise ValueError(f"{PREFIX}EGRESS_NETWORKS: expected networks with commas: {error}") from None


def _check_shifts(text: str) -> None:
    for word in filter(None, (word.strip() for word in text.split(","))):
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", word):
            raise ValueError(f"{PREFIX}SHIFT_ENDS: expected times of day with commas, like 12:00,17:30, got {word!r}")


def _check_secret(variable: str, secret: str) -> None:
    name = f"{PREFIX}{variable}"
    if not secret:
        raise ValueError(
            f"{name}: is required; make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    if len(secret) < LEAST_SECRET_CHARACTERS:
        raise ValueError(f"{name}: needs at least {LEAST_SECRET_CHARACTERS} characters, got {len(secret)}")
    if _WELL_KNOWN_SECRETS.search(secret) or len(set(secret)) < 10:
        raise ValueError(f"{name}: looks like a default or a word; use random characters")


def _explain(error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        name = PREFIX + "_".join(str(part) for part in problem["loc"]).upper() if problem["loc"] else ""
        if problem["type"] == "extra_forbidden":
            lines.append(f"{name}: there is no such setting; `onewindow settings` lists them")
        else:
            message = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{name}: {message}" if name else message)
    return lines
