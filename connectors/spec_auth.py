"""How a message proves who sent it: a closed set of kinds. Secrets appear by name only.

The same kinds serve both ways: `connection.auth` for what we send, `callback.auth` for what a department sends us.
`docs/connectors.md` gives each kind's exact bytes.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from connectors.secrets_in_clear import looks_like_a_secret
from connectors.spec_addresses import HeaderName, PathBelow

_SECRET_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


def _secret_name(name: str) -> str:
    if not _SECRET_NAME.fullmatch(name) or looks_like_a_secret(name):
        raise ValueError(
            "expected the NAME of a file in the secrets directory (a-z 0-9 . _ -), never the secret itself"
        )
    return name


SecretName = Annotated[str, AfterValidator(_secret_name)]
TimestampUnit = Literal["seconds", "milliseconds"]
Place = Literal["body", "query", "header"]


class Part(BaseModel):
    """The ground of every piece of a spec: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class NoAuth(Part):
    """Nothing is proven; for a system inside the same room only."""

    kind: Literal["none"]


class StaticToken(Part):
    """A fixed token in a header."""

    kind: Literal["static_token"]
    secret: SecretName
    header: HeaderName = "authorization"
    prefix: str = ""


class HmacSha256(Part):
    """HMAC-SHA256 over `signed`, joined by `separator`, in a header."""

    kind: Literal["hmac_sha256"]
    app_id: str
    secret: SecretName
    app_id_header: HeaderName = "x-app-id"
    timestamp_header: HeaderName = "x-timestamp"
    nonce_header: HeaderName = "x-nonce"
    signature_header: HeaderName = "x-signature"
    signed: tuple[Literal["app_id", "timestamp", "nonce", "method", "path", "body"], ...] = (
        "timestamp",
        "nonce",
        "body",
    )
    separator: str = ""
    timestamp_unit: TimestampUnit = "seconds"
    encoding: Literal["hex", "base64"] = "hex"
    skew_seconds: int = Field(default=180, ge=1, le=3600)


class Sm2Body(Part):
    """SM3-with-SM2 signature of the message in a field of the message (`sign`, `header.sign`)."""

    kind: Literal["sm2_body"]
    private_key: SecretName
    public_key: SecretName
    field: str = "sign"
    canonical: Literal["sorted_json", "sorted_params"] = "sorted_json"
    encoding: Literal["base64", "hex"] = "base64"
    answers_signed: bool = False


class OAuth2ClientCredentials(Part):
    """RFC 6749 §4.4: a bearer token fetched with our client's credentials, kept until it ends, fetched again on 401.

    `token_path` lies below the system's address: our credentials go to no other host.
    """

    kind: Literal["oauth2_client_credentials"]
    token_path: PathBelow
    client_id: str
    client_secret: SecretName
    scope: str = ""
    client_auth: Literal["basic", "post"] = "basic"


class TifEnvelope(Part):
    """The healthcare gateway: x-tif headers with SHA-256, the payload sealed with SM4-CBC and signed with SM2."""

    kind: Literal["tif_envelope"]
    paas_id: str
    token: SecretName
    app_code: str
    version: str = "1.0.0"
    sm4_key: SecretName
    private_key: SecretName
    public_key: SecretName
    skew_seconds: int = Field(default=180, ge=1, le=3600)


class Md5Sorted(Part):
    """MD5 over the sorted parameters and a secret; kept for old interfaces that have nothing better."""

    kind: Literal["md5_sorted"]
    app_key: str
    secret: SecretName
    app_key_field: str = "appKey"
    timestamp_field: str = "timestamp"
    sign_field: str = "sign"
    place: Place = "body"
    timestamp_unit: TimestampUnit = "milliseconds"
    upper: bool = False
    skew_seconds: int = Field(default=180, ge=1, le=3600)


Auth = Annotated[
    NoAuth | StaticToken | HmacSha256 | Sm2Body | OAuth2ClientCredentials | TifEnvelope | Md5Sorted,
    Field(discriminator="kind"),
]
CallbackAuth = Annotated[
    StaticToken | HmacSha256 | Sm2Body | TifEnvelope | Md5Sorted,
    Field(discriminator="kind"),
]
"""A callback without proof is refused by the language itself: `none` and OAuth tokens are not among these."""
