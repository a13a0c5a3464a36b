"""Windows open at a running OneWindow, and what became of all they were promised once everything has come to rest."""

from collections.abc import Sequence
from datetime import datetime
from itertools import count

from tests.faults import counting
from tests.faults.harm import WITH_A_PERSON, Harm, harm
from tests.faults.windows import Promised, Windows
from tests.servers.parts import Parts

MATTERS = (
    "05-elder-respect-allowance",  # REST, asked before a resend
    "09-resident-pension-enrolment",  # REST, dedupes by serial
    "04-temporary-assistance",  # SOAP
    "14-employment-registration",  # REST, dedupes by key
    "28-resident-insurance-payment",  # message queue
    "21-nonlocal-medical-filing",  # REST in sealed envelopes
    "06-disability-subsidies",  # exchange table
    "27-one-child-parent-reward",  # form post: somebody has to be at the desk for its log-in
    "25-birth-registration",  # REST, dedupes by certificate
    "17-social-security-card",  # batch files
    "E01-food-business-licence",  # REST, asked before a resend
    "E02-housing-fund-account",  # exchange table
)
_SETTLES_WITHIN_SECONDS = 150.0


def windows_of(parts: Parts, seeds: "count[int]", matters: Sequence[str] = MATTERS) -> Windows:
    client = parts.installation.client("demo-api")
    return Windows(
        api_url=f"{parts.address('web')}/api/v1/cases",
        token_url=f"{parts.address('idp' if parts.is_full else 'whole')}/idp/token",
        client_id=client["client_id"],
        client_secret=client["client_secret"],
        scope=" ".join(client["scopes"]),
        matters=matters,
        seeds=seeds,
    )


def settled_harm(parts: Parts, promised: Promised, *, since: datetime) -> tuple[Harm, counting.Kept]:
    """Let everything that was promised come to rest, and count."""
    numbers = [number for _, number in promised.numbers]
    unsettled = counting.settle(parts.database_url, numbers, within_seconds=_SETTLES_WITHIN_SECONDS)
    book = counting.kept(parts.database_url, numbers, since=since)
    elsewhere = {number for number, state in book.states.items() if state in (*WITH_A_PERSON, "refused")}
    wanted = [(system, number) for system, number in promised.numbers if number not in elsewhere]
    told = counting.received_once_scanned(_addresses_of(parts, promised.numbers), wanted)
    found = harm(
        promised.numbers, book.states, told,
        unsettled=unsettled, half_kept=book.others, unknown_of=book.unknown_of,
    )  # fmt: skip
    return found, book


def _addresses_of(parts: Parts, numbers: Sequence[tuple[str, str]]) -> dict[str, str]:
    return {system: parts.installation.system(system)["base_url"] for system in sorted({each for each, _ in numbers})}
