"""What must still happen before a request is answered: sign in, prove more, choose an account, agree, or nothing.

OpenID Connect Core §3.1.2.3 and §3.1.2.4. `decide` is pure; with prompt=none what would need a page is an error.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from idp.protocol import acr
from idp.protocol.account import Account
from idp.protocol.acr import Strength
from idp.protocol.authorization_request import AuthorizationRequest
from idp.protocol.errors import (
    AccessDenied,
    AccountSelectionRequired,
    ConsentRequired,
    InteractionRequired,
    LoginRequired,
    OAuthError,
    UnmetAuthenticationRequirements,
)
from idp.protocol.factors import NONE, Factors
from idp.protocol.session import Session

HALF_LIFETIME: Final = timedelta(minutes=5)


class Step(StrEnum):
    """What the person does next."""

    SIGN_IN = "sign_in"
    SECOND_FACTOR = "second_factor"  # the password was right, or the session is not strong enough for this system
    SET_UP = "set_up"  # the system asks for a factor the person does not have yet
    CHOOSE_ACCOUNT = "choose_account"
    CONSENT = "consent"
    DONE = "done"  # nothing: the code may be issued


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """A pending request, kept server-side and bound to one browser by a cookie."""

    parameters: dict[str, str]
    browser_hash: str
    request_uri: str = ""  # of the pushed request behind it, used up when it is answered
    signed_in_sub: str = ""  # who signed in for this very request
    half_sub: str = ""  # whose password was right, while the second factor is still owed: nobody is signed in yet
    half_at: datetime | None = None
    step_up_declined: bool = False  # the system would like more, the person went on without
    account_page: str = ""  # the page of one's own account this sign-in is for; `parameters` is empty then
    window: str | None = None  # the counter's name as typed for this sign-in; None: not asked
    account_chosen: bool = False
    consented_scope: tuple[str, ...] = field(default=())
    consented_sub: str = ""


_PROMPT_NONE_ERRORS: Final[dict[Step, type[OAuthError]]] = {
    Step.SIGN_IN: LoginRequired,
    Step.SECOND_FACTOR: LoginRequired,
    Step.SET_UP: InteractionRequired,
    Step.CHOOSE_ACCOUNT: AccountSelectionRequired,
    Step.CONSENT: ConsentRequired,
}


def decide(
    request: AuthorizationRequest,
    *,
    session: Session | None,
    account: Account | None,
    interaction: Interaction | None,
    consented: frozenset[str],
    hinted_sub: str | None,
    at: datetime,
    factors: Factors = NONE,
    subject: str | None = None,
) -> Step:
    """Return the next step; `consented` is the scope the person agreed to before.

    `factors` count only where `missing` says that the session is not strong enough.

    Raises:
        OAuthError: prompt=none and a page would be needed, the client's policy refuses the person, or an
            essential acr is not reached.
    """
    named = subject or (session.sub if session else "")
    step = _next(request, session, account, interaction, consented, hinted_sub, named, at, factors)
    if step is not Step.DONE and "none" in request.prompt:
        raise _PROMPT_NONE_ERRORS[step]("Not possible without a page.")
    return step


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What a session lacks for a request: `strength` None can't be reached by this account at all."""

    strength: Strength | None
    essential: bool


def missing(
    request: AuthorizationRequest, session: Session, account: Account, interaction: Interaction | None
) -> Missing | None:
    """Return what the request asks for beyond the session; what is only wished for stands back with prompt=none."""
    wanted = request.wanted_acr
    unmet = acr.unmet(wanted, session.acr, account)
    if unmet:
        needs = [acr.needed(choices, account) for choices in unmet]
        strongest = None if None in needs else max(need for need in needs if need is not None)
        return Missing(strength=strongest, essential=True)
    if "none" in request.prompt or (interaction is not None and interaction.step_up_declined):
        return None
    preferred = acr.unmet_voluntary(wanted, session.acr, account)
    return Missing(strength=acr.needed({preferred}, account), essential=False) if preferred else None


def owes_second_factor(interaction: Interaction | None, *, at: datetime) -> bool:
    """Tell whether a password was right a moment ago and the second factor is still to come."""
    half_at = interaction.half_at if interaction is not None and interaction.half_sub else None
    return half_at is not None and at - half_at <= HALF_LIFETIME


def _next(
    request: AuthorizationRequest,
    session: Session | None,
    account: Account | None,
    interaction: Interaction | None,
    consented: frozenset[str],
    hinted_sub: str | None,
    subject: str,
    at: datetime,
    factors: Factors,
) -> Step:
    if owes_second_factor(interaction, at=at):
        return Step.SECOND_FACTOR
    if session is None or account is None or _needs_fresh_sign_in(request, session, interaction, at):
        return Step.SIGN_IN
    wanted = request.claims.sub_required or hinted_sub
    if wanted and wanted != subject:
        # OpenID Connect Core §3.1.2.2: a positive answer only for the person the hint names.
        if _signed_in_for_this(session, interaction):
            raise LoginRequired("Another account signed in than the one asked for.")
        return Step.SIGN_IN
    if "select_account" in request.prompt and not (interaction and interaction.account_chosen):
        return Step.CHOOSE_ACCOUNT
    check_policy(request, account)
    more = _step_up(missing(request, session, account, interaction), factors)
    if more is not None:
        return more
    return Step.CONSENT if _needs_consent(request, session, interaction, consented) else Step.DONE


def _step_up(lacking: Missing | None, factors: Factors) -> Step | None:
    if lacking is None:
        return None
    if lacking.strength is None:
        if not lacking.essential:
            return None
        raise UnmetAuthenticationRequirements("This account can not reach the acr asked for.")
    if factors.strength >= lacking.strength:
        return Step.SECOND_FACTOR
    return Step.SET_UP if lacking.essential else None


def check_policy(request: AuthorizationRequest, account: Account) -> None:
    """The client's allowed roles; an empty list admits everyone.

    Raises:
        AccessDenied: the person has none of them.
    """
    allowed = request.target.client.allowed_roles
    if allowed and not allowed & account.roles:
        raise AccessDenied("This account may not use this client.")


def _needs_fresh_sign_in(
    request: AuthorizationRequest, session: Session, interaction: Interaction | None, at: datetime
) -> bool:
    if _signed_in_for_this(session, interaction):
        return False
    if "login" in request.prompt:
        return True  # OpenID Connect Core §3.1.2.1: prompt=login
    return request.max_age is not None and at - session.auth_time > request.max_age


def _signed_in_for_this(session: Session, interaction: Interaction | None) -> bool:
    return interaction is not None and interaction.signed_in_sub == session.sub


def _needs_consent(
    request: AuthorizationRequest, session: Session, interaction: Interaction | None, consented: frozenset[str]
) -> bool:
    agreed_now = (
        interaction is not None
        and interaction.consented_sub == session.sub
        and set(request.agreed_scope) <= set(interaction.consented_scope)
    )
    if agreed_now:
        return False
    if "consent" in request.prompt:
        return True
    return not request.target.client.trusted and not set(request.agreed_scope) <= consented
