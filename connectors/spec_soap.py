"""`soap:` of a spec: document/literal calls whose payload is an XML text inside one argument (SOAP 1.1 and 1.2)."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from connectors.spec_addresses import PathBelow
from connectors.spec_auth import Part, SecretName

XmlName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,99}$")]
CHARSETS = re.compile(r"^(utf-8|gb18030|gbk|gb2312)$", re.IGNORECASE)


class WsdlSpec(Part):
    """The contract as it was when the spec was written. Another hash: nothing is sent and the owner is told."""

    path: PathBelow
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    file: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]{1,100}$")
    """Our copy of it in `wsdl/` beside the spec: read at load, so that calls and arguments are checked against it."""


class UsernameTokenSpec(Part):
    """WS-Security UsernameToken Profile 1.1.1 §3.1 with a password digest: Base64(SHA-1(nonce + created + password))."""

    username: str
    password: SecretName


class LogInSpec(Part):
    """A call that gives a session. `session` leads to it in the answer; mappings read it as the path `session`."""

    call: XmlName
    username: str
    password: SecretName
    username_argument: XmlName = "userName"
    password_argument: XmlName = "password"  # noqa: S105 - the name of an argument
    succeeded: str
    session: str
    lasts_seconds: float = Field(default=1500.0, ge=1, le=86_400)
    expired: str
    """CEL over an answer: the session was refused before anything was done with the request."""


class SoapSpec(Part):
    """One service. What an argument's value is an object becomes an XML document of its own, as CDATA."""

    version: Literal["1.1", "1.2"]
    path: PathBelow
    namespace: str = Field(min_length=1)
    wsdl: WsdlSpec
    actions: Mapping[XmlName, str] = Field(default_factory=dict)
    """SOAPAction (1.1 §6.1.1) or action (1.2 Part 2 §6.5.3) by call; none: empty."""
    payload_root: XmlName = "BIZ"
    payload_charset: str = Field(default="GB18030", pattern=CHARSETS)
    result: XmlName = "return"
    """The element of the answer that holds their payload as text."""
    lists: tuple[str, ...] = ()
    """Places of their payload that are lists even when there is one (`rows.row`)."""
    username_token: UsernameTokenSpec | None = None
    log_in: LogInSpec | None = None
