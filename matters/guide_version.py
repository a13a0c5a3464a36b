"""Versions of a guide: a county drafts, the provincial department approves, a published version never changes.

draft → county_review → department_review → published → superseded; a review may send it back to draft.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class GuideStatus(StrEnum):
    DRAFT = "draft"  # the editor goes on writing
    COUNTY_REVIEW = "county_review"  # the pilot county looks
    DEPARTMENT_REVIEW = "department_review"  # the provincial department decides
    PUBLISHED = "published"  # in force; new cases are accepted under it
    SUPERSEDED = "superseded"  # older cases still are shown by it


GUIDE_TRANSITIONS: Mapping[GuideStatus, frozenset[GuideStatus]] = {
    GuideStatus.DRAFT: frozenset({GuideStatus.COUNTY_REVIEW}),
    GuideStatus.COUNTY_REVIEW: frozenset({GuideStatus.DEPARTMENT_REVIEW, GuideStatus.DRAFT}),
    GuideStatus.DEPARTMENT_REVIEW: frozenset({GuideStatus.PUBLISHED, GuideStatus.DRAFT}),
    GuideStatus.PUBLISHED: frozenset({GuideStatus.SUPERSEDED}),
    GuideStatus.SUPERSEDED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideVersion:
    """Who wrote and who published a version, and since when it holds."""

    matter_id: str
    version: int
    status: GuideStatus
    saved_by: str
    saved_at: datetime
    published_by: str | None
    effective_at: datetime | None
