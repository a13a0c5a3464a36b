"""The routes of administrators' pages, of invitations and of recoveries."""

from starlette.routing import Route

from idp.endpoints.admin import accounts, entrances, imports, recoveries


def admin_routes() -> list[Route]:
    """Return them, below the issuer's path."""
    one = "/admin/accounts/{sub}"
    job = f"{imports.PATH}/{{job_id}}"
    return [
        Route("/admin/accounts", accounts.accounts, methods=["GET"]),
        Route(one, accounts.account, methods=["GET"]),
        Route(one, accounts.change, methods=["POST"]),
        Route(f"{one}/unlocked", accounts.unlocked, methods=["GET"]),
        Route(imports.PATH, imports.upload_page, methods=["GET"]),
        Route(imports.PATH, imports.look_through, methods=["POST"]),
        Route(f"{imports.PATH}/template.csv", imports.template, methods=["GET"]),
        Route(job, imports.job, methods=["GET"]),
        Route(job, imports.begin, methods=["POST"]),
        Route(f"{job}/invitations.csv", imports.links, methods=["GET"]),
        Route("/admin/recoveries", recoveries.recoveries, methods=["GET"]),
        Route("/admin/recoveries", recoveries.start, methods=["POST"]),
        Route("/admin/recoveries/{recovery_id}", recoveries.decide, methods=["POST"]),
        Route("/admin/recoveries/{recovery_id}", recoveries.back, methods=["GET"]),
        Route("/invitation", entrances.invitation, methods=["GET"]),
        Route("/invitation", entrances.accept_invitation, methods=["POST"]),
        Route("/recovery", entrances.recovery, methods=["GET"]),
        Route("/recovery", entrances.recover, methods=["POST"]),
        Route("/welcome", entrances.welcome, methods=["GET"]),
    ]
