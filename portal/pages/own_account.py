"""/my-account: on to the provider's page of one's own account, wherever the provider says that it is."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from config.logs import get
from portal.problems import problem_page
from portal.relying_party import ProviderUnreachable
from portal.state import portal_of
from portal.words import _

_log = get("portal.own_account")


async def own_account(request: Request) -> Response:
    """Send the browser there; a provider that names no such page is said to have none."""
    try:
        address = await portal_of(request).relying_party.account_address()
    except ProviderUnreachable:
        _log.error("provider_unreachable")
        return problem_page(request, 503, _("统一身份认证暂时没有响应，请稍后再试。"))
    if not address:
        return problem_page(request, 404, _("统一身份认证没有提供账号页面。修改密码请联系管理员。"))
    return RedirectResponse(address, status_code=303)


routes: list[BaseRoute] = [Route("/my-account", own_account, name="own_account")]
