"""Same person, same matter, in flight: the key that finds the case already there without keeping the number.

The key is an HMAC over the matter and the parts that make two applications the same: the person (or body), and what
the target's duplicate key adds to it, so that a second invoice or another year is not called a duplicate.
"""

import hashlib
import hmac
from collections.abc import Mapping

from matters.conditions import SITUATION
from matters.guide import Matter

# Whom a case is about, the first that the form has; for a child it is the child, for a death the deceased.
SUBJECT_FIELDS = (
    "child_id_number",
    "deceased_id_number",
    "patient_id_number",
    "payee_id_number",
    "applicant_id_number",
    "mother_id_number",
    "enterprise_uscc",
)

NAME_FIELDS = (
    "applicant_name",
    "claimant_name",
    "guardian_name",
    "mother_name",
    "enterprise_name",
    "legal_rep_name",
)

# What `target.idempotency` adds to the person, as field keys of the matter; `situation` stands for 办理情形.
PARTS_OF_MATTER: Mapping[str, tuple[str, ...]] = {
    "04": ("difficulty_cause",),
    "06": (SITUATION,),
    "12": (SITUATION, "employees", "insurance_types", "enrol_month"),
    "14": ("start_date", "enterprise_uscc"),
    "20": ("enterprise_uscc", "enrol_month"),
    "21": ("filing_region", "valid_from"),
    "22": ("disease_name",),
    "23": ("hospital", "start_date", "end_date", "total_amount"),
    "24": ("beneficiary_category", "total_amount"),
    "25": ("registration_stage", "parity"),
    "26": ("declare_year", "assistance_category"),
    "28": (SITUATION, "insurance_year"),
    "29": ("pay_period", "insurance_types"),
    "30": ("period_from", "period_to", "insurance_types", "enterprise_uscc"),
    "E01": ("site_address",),
    "E02": (SITUATION, "employees"),
}


def subject_key(matter: Matter, situation: str, values: Mapping[str, object], *, secret: bytes) -> str | None:
    """Return the key in hex over normal values; None when the form names nobody.

    `secret` keeps the key from being guessed back to a number: the space of identity numbers is small.
    """
    subject = next((str(values[key]) for key in SUBJECT_FIELDS if values.get(key)), None)
    if subject is None:
        return None
    given = {**values, SITUATION: situation}
    parts = [matter.id, subject, *(_part(given.get(key)) for key in PARTS_OF_MATTER.get(matter.number, ()))]
    return hmac.new(secret, "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()


def _part(value: object) -> str:
    if isinstance(value, list):
        return ",".join(sorted(_part(each) for each in value))
    if isinstance(value, Mapping):
        return str(value.get("id_number", ""))
    return "" if value is None else str(value)


def applicant_name(values: Mapping[str, object]) -> str:
    """Return the name a case is listed under (masked wherever it is shown), empty when the form has none."""
    return next((str(values[key]) for key in NAME_FIELDS if values.get(key)), "")
