"""The route table of the API and of the callbacks."""

from starlette.routing import BaseRoute, Route

from portal.api import callbacks, cases, description, materials, matters, status
from portal.api.endpoint import answering, endpoint, nothing_here

V1 = "/api/v1"


def routes() -> list[BaseRoute]:
    """Return every address below /api/v1 and /callbacks; what is not listed answers with problem details."""
    return [
        Route(f"{V1}/openapi.json", endpoint(get=description.read_description), methods=_ALL),
        Route(f"{V1}/matters", endpoint(get=matters.list_matters), methods=_ALL),
        Route(f"{V1}/matters/{{id}}", endpoint(get=matters.read_matter), methods=_ALL),
        Route(f"{V1}/cases", endpoint(get=cases.list_cases, post=cases.submit), methods=_ALL),
        Route(f"{V1}/cases/{{number}}", endpoint(get=cases.read), methods=_ALL),
        Route(f"{V1}/cases/{{number}}/withdraw", endpoint(post=cases.withdraw), methods=_ALL),
        Route(f"{V1}/cases/{{number}}/materials/{{material}}", endpoint(put=materials.put_material), methods=_ALL),
        Route(f"{V1}/status", endpoint(get=status.read_status), methods=_ALL),
        Route("/callbacks/{system}", endpoint(post=callbacks.take_callback), methods=_ALL),
        Route("/api/{rest:path}", answering(nothing_here), methods=_ALL),
    ]


# `endpoint` answers other methods itself, with problem details.
_ALL = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
