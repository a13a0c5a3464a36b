"""Problem details: one shape for every error an API answers (RFC 9457)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """What is wrong at one place of the body; `pointer` is a JSON Pointer (RFC 6901)."""

    pointer: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An RFC 9457 problem. `type` is a path below /problems/, `detail` says what to do."""

    media_type: ClassVar[str] = "application/problem+json"

    status: int
    type: str
    title: str
    detail: str = ""
    errors: Sequence[FieldProblem] = field(default_factory=tuple)
    headers: Mapping[str, str] = field(default_factory=dict)

    def document(self, *, base_url: str, request_id: str) -> dict[str, object]:
        """Return the JSON document, with the request id as `instance` so that it can be found in the log."""
        body: dict[str, object] = {
            "type": f"{base_url}/problems/{self.type}",
            "title": self.title,
            "status": self.status,
            "instance": f"urn:request:{request_id}",
        }
        if self.detail:
            body["detail"] = self.detail
        if self.errors:
            body["errors"] = [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in self.errors]
        return body
