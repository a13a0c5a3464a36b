"""`file_batch:` of a spec: files of many cases, put down and fetched over SFTP.

The address is the line `<system>.files` of the endpoints file: `sftp://host:22/`.
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from connectors.spec_auth import Part, SecretName
from connectors.spec_exchange_table import Charset, Name

ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Prefix = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,20}_$")]
Folder = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./-]{0,99}$")]


class FieldSpec(Part):
    """A field of a line, in the order they stand; `bytes` in the file's charset. A value too long is refused."""

    name: Name
    bytes: int = Field(ge=1, le=2_000)
    required: bool = False


class RestateSpec(Part):
    """What a receipt line really says: `when` is CEL over `body`, `status` what it is then taken for."""

    when: str
    status: str = Field(min_length=1, max_length=40)


class ReceiptSpec(Part):
    """The files the department puts down: one line per row of ours; `row` is the field with its position in our file."""

    folder: Folder = "out"
    prefix: Prefix = "HZ_"
    fields: tuple[Name, ...] = Field(min_length=2)
    row: Name
    due: ClockTime = "09:00"
    """On the next working day of the department; a batch without its receipt by then is reported to the owner."""
    look_back_days: int = Field(default=40, ge=2, le=400)
    most_bytes: int = Field(default=5_000_000, ge=1_000, le=50_000_000)
    restate: tuple[RestateSpec, ...] = ()

    @model_validator(mode="after")
    def _known_row(self) -> Self:
        if self.row not in self.fields:
            raise ValueError(f"{self.row} is not among the fields")
        return self


class FileBatchSpec(Part):
    """Account, names and lines. The server proves itself by `host_key`, we by `key`; both are secrets' names."""

    user: str = Field(min_length=1, max_length=60)
    key: SecretName
    host_key: SecretName
    """The server's public key as OpenSSH writes it (`ssh-ed25519 AAAA…`); no other server gets a byte."""
    folder: Folder = "in"
    prefix: Prefix = "ZK_"
    charset: Charset = "gbk"
    separator: Annotated[str, Field(pattern=r"^[|,;\t]$")] = "|"
    fields: tuple[FieldSpec, ...] = Field(min_length=1)
    window_seconds: float = Field(default=2.0, ge=0.0, le=60.0)
    """How long the first case of a file waits for others."""
    most_rows: int = Field(default=500, ge=1, le=9_999)
    """Of one file; its lines are numbered with four digits. More than `delivery.concurrency` never wait together."""
    receipt: ReceiptSpec

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        if len({field.name for field in self.fields}) != len(self.fields):
            raise ValueError("each field has a name of its own")
        if self.prefix == self.receipt.prefix and self.folder == self.receipt.folder:
            raise ValueError("our files and theirs need different prefixes or folders")
        return self
