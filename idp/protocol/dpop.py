"""DPoP at the provider (RFC 9449): a proof that does not hold in the wire's words, and what is bound to a key.

The rules of a proof stand in `config.dpop`, for the API asks the same.
"""

import hmac
from collections.abc import Sequence
from datetime import datetime

from config import dpop
from config.dpop import Proof, ProofRefused
from idp.protocol.errors import InvalidDpopProof, InvalidGrant


def verify_proof(headers: Sequence[str], *, htm: str, htu: str, at: datetime, access_token: str = "") -> Proof:
    """Check the DPoP headers of one request; see `config.dpop.verify_proof`.

    Raises:
        InvalidDpopProof: §4.3, whatever does not hold.
    """
    try:
        return dpop.verify_proof(headers, htm=htm, htu=htu, at=at, access_token=access_token)
    except ProofRefused as refused:
        raise InvalidDpopProof(str(refused)) from None


def check_bound(bound_to: str, jkt: str) -> None:
    """Check that who redeems a code or refreshes a grant holds the key it is bound to, if to any (§5, §10).

    Raises:
        InvalidGrant: another key, or none.
    """
    if bound_to and not hmac.compare_digest(bound_to, jkt):
        raise InvalidGrant("The grant is bound to another DPoP key.")
