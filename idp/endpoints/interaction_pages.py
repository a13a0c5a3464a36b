"""Which page a step of an interaction shows, for a system's request or for a page of one's own account."""

from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints import cookies
from idp.endpoints.rendering import (
    AccountPage,
    ConsentPage,
    Page,
    PasskeyPrompt,
    SecondFactorPage,
    SetUpPage,
    SignInPage,
)
from idp.endpoints.state import IdpState, of
from idp.endpoints.words import DEVICE, OWN_ACCOUNT, SCOPE_WORDS
from idp.protocol.account import Account
from idp.protocol.acr import Strength
from idp.protocol.authorization_request import AuthorizationRequest, prove, read
from idp.protocol.interaction import Interaction, Missing, Step, missing, owes_second_factor
from idp.protocol.passkey import Passkey, request_options
from idp.protocol.redirect_uri import origin_of
from idp.protocol.session import Session

Live = tuple[Session, Account] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a person signs in for; `asked` is None for a page of one's own account."""

    client_name: str
    asked: AuthorizationRequest | None = None
    reader_locale: str = ""  # the account's own, once it is known who reads

    @property
    def ui_locales(self) -> str:
        """The reader's own language before those the system asked for."""
        return f"{self.reader_locale} {self.asked.ui_locales if self.asked else ''}"

    @property
    def form_action(self) -> str:
        """The origin a form's answer may end at, beside our own."""
        return origin_of(self.asked.target.redirect_uri) if self.asked else ""


def frame_of(asked: AuthorizationRequest) -> Frame:
    """Return the frame of a system's request."""
    return Frame(client_name=asked.target.client.client_name or asked.target.client.client_id, asked=asked)


async def framed(request: Request, pending: Interaction) -> Frame:
    """Return the frame of a pending interaction.

    Raises:
        NotRedirectable, OAuthError: the request does not hold any more.
    """
    idp = of(request)
    if pending.account_page:
        what = DEVICE if pending.account_page.startswith("/device") else OWN_ACCOUNT
        return Frame(client_name=idp.pages.say(request, what))
    client = await idp.clients.get(pending.parameters.get("client_id", ""))
    return frame_of(read(pending.parameters, prove(pending.parameters, client)))


async def page_for(
    request: Request,
    step: Step,
    frame: Frame,
    pending: tuple[str, Interaction],
    *,
    live: Live,
    username: str | None = None,
    error: str = "",
    status: int = 200,
) -> Response:
    """Return the page of a step; `username` and `error` come from an attempt that failed."""
    idp, (interaction_id, interaction) = of(request), pending
    frame = replace(frame, reader_locale=live[1].locale) if live else frame
    making = _Making(request=request, idp=idp, frame=frame, id=interaction_id, interaction=interaction, error=error)
    page: Page
    if step is Step.CONSENT and live is not None:
        page = making.consent(live[1])
    elif step is Step.CHOOSE_ACCOUNT and live is not None:
        page = making.choose_account(live[1])
    elif step is Step.SECOND_FACTOR:
        page = await making.second_factor(live)
    elif step is Step.SET_UP and live is not None:
        page = making.set_up(live)
    else:
        page = await making.sign_in(live, username)
    return idp.pages.render(
        request, page, status=status, ui_locales=frame.ui_locales, form_action=frame.form_action
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Making:
    request: Request
    idp: IdpState
    frame: Frame
    id: str
    interaction: Interaction
    error: str

    def consent(self, account: Account) -> ConsentPage:
        scope = self.frame.asked.agreed_scope if self.frame.asked else ()
        lines = tuple(
            self.idp.pages.say(self.request, SCOPE_WORDS[word], ui_locales=self.frame.ui_locales) for word in scope
        )
        return ConsentPage(
            client_name=self.frame.client_name, action=self._action("consent"), form_token=self._token,
            name=account.name, lines=lines,
        )  # fmt: skip

    def choose_account(self, account: Account) -> AccountPage:
        return AccountPage(
            client_name=self.frame.client_name, action=self._action("account"), form_token=self._token,
            name=account.name, username=account.username,
        )  # fmt: skip

    async def sign_in(self, live: Live, username: str | None) -> SignInPage:
        # Who locked the window, or left it alone for long, only has to give the password again.
        kept = live or await self.idp.sessions.kept(cookies.session(self.request, self.idp), at=self.idp.clock())
        asked_for = self.frame.asked.login_hint if self.frame.asked else ""
        hint = asked_for or (kept[1].username if kept and (live is None or self.frame.asked is None) else "")
        chosen = self.interaction.window
        return SignInPage(
            client_name=self.frame.client_name, action=self._action("sign-in"), form_token=self._token,
            username=hint if username is None else username, error=self.error, again=live is not None,
            locked_by=kept[1].name if kept and kept[0].locked_at else "",
            window=cookies.window(self.request, self.idp) if chosen is None else chosen,
            passkey=await self._passkey(()) if self.idp.second_factors.site.available else None,
        )  # fmt: skip

    async def second_factor(self, live: Live) -> SecondFactorPage:
        at = self.idp.clock()
        is_half = owes_second_factor(self.interaction, at=at)
        account = await self.idp.accounts.get(self.interaction.half_sub) if is_half else live[1] if live else None
        factors = await self.idp.second_factors.of(account.sub if account else "")
        asked = self.frame.asked
        lacking = missing(asked, *live, self.interaction) if asked and live and not is_half else None
        only_passkey = lacking is not None and lacking.strength is Strength.PASSKEY
        passkeys = await self.idp.second_factors.passkeys.of(account.sub) if account and factors.passkeys else ()
        return SecondFactorPage(
            client_name=self.frame.client_name, action=self._action("second-factor"), form_token=self._token,
            name=account.name if account else "", error=self.error,
            totp=factors.totp and not only_passkey, recovery=factors.recovery_codes > 0 and not only_passkey,
            step_up=not is_half, may_skip=lacking is not None and not lacking.essential,
            passkey=await self._passkey(passkeys) if passkeys else None,
        )  # fmt: skip

    def set_up(self, live: tuple[Session, Account]) -> SetUpPage:
        lacking: Missing | None = None
        if self.frame.asked is not None:
            lacking = missing(self.frame.asked, *live, replace(self.interaction, step_up_declined=True))
        only_passkey = lacking is not None and lacking.strength is Strength.PASSKEY
        return SetUpPage(
            client_name=self.frame.client_name, action=self._action("set-up"), form_token=self._token,
            totp="" if only_passkey else f"{self.idp.issuer}/account/totp?continue={self.id}",
            passkeys=f"{self.idp.issuer}/account/passkeys?continue={self.id}"
            if self.idp.second_factors.site.available else "",
        )  # fmt: skip

    async def _passkey(self, allowed: tuple[Passkey, ...]) -> PasskeyPrompt:
        bound_to = passkey_purpose(self.id, self._browser)
        challenge = await self.idp.second_factors.challenge(bound_to)
        options = request_options(self.idp.second_factors.site, challenge=challenge, allowed=allowed)
        return PasskeyPrompt(action=self._action("passkey"), form_token=self._token, options=options)

    @property
    def _browser(self) -> str:
        return cookies.browser(self.request, self.idp) or ""

    @property
    def _token(self) -> str:
        return cookies.form_token(self.idp, self.id, self._browser)

    def _action(self, step: str) -> str:
        return f"{self.idp.issuer}/interaction/{self.id}/{step}"


def passkey_purpose(interaction_id: str, browser: str) -> str:
    """Return what a challenge of a sign-in is bound to: this interaction in this browser."""
    return f"sign-in\x1f{interaction_id}\x1f{browser}"
