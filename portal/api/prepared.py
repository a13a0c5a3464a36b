"""Answers prepared once: bytes with an ETag, so that asking again costs a comparison (RFC 9110 §8.8.3, §13.1.2)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from matters.guide import Matter
from matters.search import MatterIndex
from portal.api.answers import JSON, encode
from portal.api.matter_views import summary, whole
from portal.api.named import Named

# The caller may keep it but asks each time whether it still holds: a guide may be superseded at any minute.
_ASK_AGAIN = "private, no-cache"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A JSON document as it goes out."""

    body: bytes
    etag: str

    @classmethod
    def of(cls, document: object) -> "Prepared":
        body = encode(document)
        return cls(body, f'"{sha256(body).hexdigest()[:32]}"')

    def answer(self, request: Request) -> Response:
        """Return 304 when the caller has this very document, else 200 with it."""
        headers = {"etag": self.etag, "cache-control": _ASK_AGAIN}
        if _holds(request.headers.getlist("if-none-match"), self.etag):
            return Response(status_code=304, headers=headers)
        return Response(self.body, media_type=JSON, headers=headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edition:
    """Everything prepared from one set of published guides."""

    matters: Sequence[Matter]
    by_id: Mapping[str, Matter]
    summaries: Mapping[str, dict[str, object]]
    each: Mapping[str, Prepared]
    all: Prepared
    index: MatterIndex


class PreparedGuides:
    """The published guides; prepared again when `published` gives another set."""

    def __init__(self, published: Callable[[], Sequence[Matter]]) -> None:
        self._published = published
        self._edition: _Edition | None = None

    def list(self) -> Prepared:
        """Return the list of all matters."""
        return self._current().all

    def matching(self, q: str) -> Prepared:
        """Return the list of the matters that `q` finds, best first."""
        edition = self._current()
        found = [edition.summaries[matter.id] for matter in edition.index.search(q)]
        return Prepared.of({"matters": found})

    def whole(self, matter_id: str) -> Prepared | None:
        """Return one matter, None when no published guide has that id."""
        return self._current().each.get(matter_id)

    def matter(self, matter_id: str) -> Matter | None:
        """Return the published guide of a matter, None when there is none."""
        return self._current().by_id.get(matter_id)

    def name(self, matter_id: str, otherwise: str) -> Named:
        """Return the name of a matter, `otherwise` when it is published no longer."""
        found = self._current().summaries.get(matter_id)
        return Named(zh=str(found["name"]), en=str(found["name_en"])) if found else Named(zh=otherwise, en=otherwise)

    def _current(self) -> _Edition:
        matters = self._published()
        if self._edition is None or self._edition.matters is not matters:
            self._edition = _prepare(matters)
        return self._edition


def _prepare(matters: Sequence[Matter]) -> _Edition:
    summaries = {matter.id: summary(matter) for matter in matters}
    return _Edition(
        matters=matters,
        by_id={matter.id: matter for matter in matters},
        summaries=summaries,
        each={matter.id: Prepared.of(whole(matter)) for matter in matters},
        all=Prepared.of({"matters": list(summaries.values())}),
        index=MatterIndex(matters),
    )


def _holds(conditions: Sequence[str], etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for line in conditions for tag in line.split(",")]
    return etag in tags or "*" in tags
