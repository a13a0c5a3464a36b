"""What must still happen before a request is answered: sign in, choose an account, agree, or nothing.

OpenID Connect Core §3.1.2.3 and §3.1.2.4. `decide` is pure; with prompt=none what would need a page is an error.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from idp.protocol.account import Account
from idp.protocol.authorization_request import AuthorizationRequest
from idp.protocol.claims import ACR_VALUES_SUPPORTED
from idp.protocol.errors import (
    AccessDenied,
    AccountSelectionRequired,
    ConsentRequired,
    LoginRequired,
    OAuthError,
    UnmetAuthenticationRequirements,
)
from idp.protocol.session import Session


class Step(StrEnum):
    """What the person does next."""

    SIGN_IN = "sign_in"
    CHOOSE_ACCOUNT = "choose_account"
    CONSENT = "consent"
    DONE = "done"  # nothing: the code may be issued


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """A pending request, kept server-side and bound to one browser by a cookie."""

    parameters: dict[str, str]
    browser_hash: str
    request_uri: str = ""  # of the pushed request behind it, used up when it is answered
    signed_in_sub: str = ""  # who gave a password for this very request
    account_chosen: bool = False
    consented_scope: tuple[str, ...] = field(default=())
    consented_sub: str = ""


_PROMPT_NONE_ERRORS: Final[dict[Step, type[OAuthError]]] = {
    Step.SIGN_IN: LoginRequired,
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
) -> Step:
    """Return the next step; `consented` is the scope the person agreed to before.

    Raises:
        OAuthError: prompt=none and a page would be needed, the client's policy refuses the person, or an
            essential acr is not reached.
    """
    step = _next(request, session, account, interaction, consented, hinted_sub, at)
    if step is not Step.DONE and "none" in request.prompt:
        raise _PROMPT_NONE_ERRORS[step]("Not possible without a page.")
    return step


def _next(
    request: AuthorizationRequest,
    session: Session | None,
    account: Account | None,
    interaction: Interaction | None,
    consented: frozenset[str],
    hinted_sub: str | None,
    at: datetime,
) -> Step:
    if session is None or account is None or _needs_fresh_sign_in(request, session, interaction, at):
        return Step.SIGN_IN
    wanted = request.claims.sub_required or hinted_sub
    if wanted and wanted != session.sub:
        # OpenID Connect Core §3.1.2.2: a positive answer only for the person the hint names.
        if _signed_in_for_this(session, interaction):
            raise LoginRequired("Another account signed in than the one asked for.")
        return Step.SIGN_IN
    if "select_account" in request.prompt and not (interaction and interaction.account_chosen):
        return Step.CHOOSE_ACCOUNT
    check_policy(request, account)
    if request.claims.acr_required and session.acr not in request.claims.acr_required & set(ACR_VALUES_SUPPORTED):
        raise UnmetAuthenticationRequirements("The essential acr was not reached.")
    return Step.CONSENT if _needs_consent(request, session, interaction, consented) else Step.DONE


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
        and set(request.scope) <= set(interaction.consented_scope)
    )
    if agreed_now:
        return False
    if "consent" in request.prompt:
        return True
    return not request.target.client.trusted and not set(request.scope) <= consented
