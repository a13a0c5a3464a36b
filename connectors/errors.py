"""What can be wrong with a connector.

ConnectorError
├─ SpecRefused       a system's YAML does not hold: found when it is loaded, never while delivering
├─ MappingRefused    this case can't be put into the department's form: nothing has left the house
├─ SecretMissing     a spec names a secret that the secrets directory does not have
└─ EnvelopeRefused   what a department sent is not signed, sealed or shaped as its spec says
"""

from collections.abc import Sequence
from dataclasses import dataclass


class ConnectorError(Exception):
    """The root; its text names no person and no value of a form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecProblem:
    """One thing wrong in a spec: where (`operations.ZLJ_APPLY.request.body.idNumber`) and what was expected."""

    file: str
    line: int
    path: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.path}: {self.expected}"


class SpecRefused(ConnectorError):
    """Carries every problem of the file or directory, so that one run shows all there is to mend."""

    def __init__(self, problems: Sequence[SpecProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class MappingRefused(ConnectorError):
    """`target` is the department's field, `reason` a sentence for the person who has to mend it; no value is quoted."""

    def __init__(self, target: str, reason: str) -> None:
        super().__init__(f"{target}: {reason}")
        self.target = target
        self.reason = reason


class SecretMissing(ConnectorError):
    """The secret's name is no secret; its value never reaches an exception."""


class EnvelopeRefused(ConnectorError):
    """`reason` is one word for logs: signature, stale, shape, seal."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
