"""/account/sessions: where one is signed in, "end this one" and "end all others"."""

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.account.overview import notice
from idp.endpoints.account.pages import SessionLine, SessionsPage
from idp.endpoints.account.visitor import Visitor, done, moment, own_form, own_page
from idp.endpoints.words import ACR_WORDS
from idp.protocol.session import Ending, Session


@own_page("/sessions")
async def sessions(request: Request, visitor: Visitor) -> Response:
    """List the person's sessions, this browser's first."""
    idp = visitor.idp
    found = await idp.sessions.of_account(visitor.sub, at=visitor.at)
    names = {client.client_id: client.client_name or client.client_id for client in await idp.client_store.all()}
    lines = [_line(request, visitor, session, names) for session in found]
    page = SessionsPage(
        form_token=visitor.form_token, sessions=tuple(sorted(lines, key=lambda line: not line.here)),
        notice=notice(request, visitor),
    )  # fmt: skip
    return idp.pages.render(request, page)


@own_page("/sessions")
async def end(request: Request, visitor: Visitor) -> Response:
    """End one other session of the person, or all but this browser's; systems used there are told."""
    idp, form = visitor.idp, await own_form(request, visitor)
    if form.get("end") == "others":
        await idp.sessions.end_all(visitor.sub, Ending.ENDED_ELSEWHERE, at=visitor.at, but=visitor.session.sid)
        return done(visitor, "/sessions", "sessions")
    own = {session.sid for session in await idp.sessions.of_account(visitor.sub, at=visitor.at)}
    sid = form.get("end", "")
    if sid in own - {visitor.session.sid}:  # never somebody else's, whatever the form says
        await idp.sessions.end(sid, Ending.ENDED_ELSEWHERE, at=visitor.at)
    return done(visitor, "/sessions", "session")


def _line(request: Request, visitor: Visitor, session: Session, names: dict[str, str]) -> SessionLine:
    return SessionLine(
        sid=session.sid, here=session.sid == visitor.session.sid, window=session.window,
        began=moment(session.auth_time), used=moment(session.used_at),
        how=visitor.idp.pages.say(request, ACR_WORDS[session.acr]) if session.acr in ACR_WORDS else "",
        systems=tuple(names.get(client_id, client_id) for client_id in session.clients),
    )  # fmt: skip
