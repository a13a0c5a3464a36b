"""`message_queue:` of a spec: Redis Streams with consumer groups; the broker is the line `<system>.queue`."""

from pydantic import Field

from connectors.spec_auth import Part, SecretName


class MessageQueueSpec(Part):
    """Topics, our group, and the account of the channel. Messages are signed by `connection.auth`."""

    request_topic: str = Field(min_length=1)
    response_topic: str = Field(min_length=1)
    group: str = "onewindow"
    field: str = "message"
    """The field of a stream entry that holds the message's bytes."""
    username: str | None = None
    password: SecretName | None = None
    take_over_seconds: float = Field(default=60.0, ge=0.1, le=86_400)
    """What another worker took and did not finish is taken over after so long (XAUTOCLAIM)."""
