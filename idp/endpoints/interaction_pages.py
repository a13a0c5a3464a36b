"""Which page a step of an interaction shows."""

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints import cookies
from idp.endpoints.rendering import AccountPage, ConsentPage, Page, SignInPage
from idp.endpoints.state import of
from idp.endpoints.words import SCOPE_WORDS
from idp.protocol.account import Account
from idp.protocol.authorization_request import AuthorizationRequest
from idp.protocol.interaction import Step
from idp.protocol.redirect_uri import origin_of


def page_for(
    request: Request,
    step: Step,
    asked: AuthorizationRequest,
    interaction_id: str,
    *,
    account: Account | None,
    username: str | None = None,
    error: str = "",
    status: int = 200,
) -> Response:
    """Return the page of a step; `username` and `error` come from an attempt that failed."""
    idp = of(request)
    action = f"{idp.issuer}/interaction/{interaction_id}"
    token = cookies.form_token(idp, interaction_id, cookies.browser(request, idp) or "")
    client_name = asked.target.client.client_name or asked.target.client.client_id
    page: Page
    if step is Step.CONSENT and account is not None:
        lines = tuple(idp.pages.say(request, SCOPE_WORDS[word], ui_locales=asked.ui_locales) for word in asked.scope)
        page = ConsentPage(
            client_name=client_name, action=f"{action}/consent", form_token=token, name=account.name, lines=lines
        )
    elif step is Step.CHOOSE_ACCOUNT and account is not None:
        page = AccountPage(
            client_name=client_name,
            action=f"{action}/account",
            form_token=token,
            name=account.name,
            username=account.username,
        )
    else:
        page = SignInPage(
            client_name=client_name,
            action=f"{action}/sign-in",
            form_token=token,
            username=asked.login_hint if username is None else username,
            error=error,
            again=account is not None,
        )
    return idp.pages.render(
        request,
        page,
        status=status,
        ui_locales=asked.ui_locales,
        form_action=origin_of(asked.target.redirect_uri),
    )
