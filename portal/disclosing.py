"""Looking at personal data in full, of a case or of its result: a reason first, and the look is kept before it is granted.

What can't be recorded is not shown.
"""

from typing import Final, Literal

from starlette.datastructures import FormData

from config.logs import get
from matters.disclosure import Disclosure
from portal.people import Person
from portal.sessions import hashed
from portal.state import PortalState
from portal.words import _

_log = get("portal.audit")
LEAST_REASON: Final = 4
LONGEST_REASON: Final = 200


def reason_of(form: FormData) -> str:
    """Return the reason as it was typed, cut to what is kept."""
    return str(form.get("reason") or "").strip()[:LONGEST_REASON]


async def disclose(
    portal: PortalState, person: Person, case_number: str, reason: str, *, of: Literal["case", "result"]
) -> str:
    """Keep that a person looks at a case's data in full; return what is wrong instead where nothing was kept."""
    if len(reason) < LEAST_REASON:
        return _("请写明查看完整信息的理由（至少4个字），会记录在案。")
    look = Disclosure(
        case_number=case_number, sub=person.sub, by=person.name, unit=person.unit, reason=reason, at=portal.clock()
    )
    await portal.disclosures.add(look)
    _log.info(f"{of}_unmasked", sub=person.sub, unit=person.unit, case_sha256=hashed(case_number))
    return ""
