"""One app below a path, everything else to another one."""

from config.asgi.types import App, Receive, Scope, Send


def prefixed(prefix: str, app: App, others: App) -> App:
    """Return an app that hands requests below `prefix` ("/idp") to `app`, as Starlette's Mount would, but at once.

    Lifespan, websockets and every other path go to `others`; with an empty prefix so does everything.
    """
    if not prefix:
        return others
    below = f"{prefix}/"

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(below):
            root_path = scope.get("root_path", "")
            scope["app_root_path"] = scope.get("app_root_path", root_path)
            scope["root_path"] = root_path + prefix
            await app(scope, receive, send)
        else:
            await others(scope, receive, send)

    return dispatch
