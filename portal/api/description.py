"""GET /api/v1/openapi.json: the description of the API, open to everybody, in the caller's language."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from config.language import Catalogue, Language, negotiate
from portal.api import openapi
from portal.api.prepared import Prepared
from portal.api.state import api_of


def prepare(*, base_url: str, issuer: str, catalogues: Mapping[Language, Catalogue]) -> Mapping[Language, Prepared]:
    """Return the description in each language as it goes out."""
    return {
        language: Prepared.of(openapi.document(base_url=base_url, token_url=f"{issuer}/token", catalogue=catalogue))
        for language, catalogue in catalogues.items()
    }


async def read_description(request: Request) -> Response:
    """Answer with the description."""
    language = negotiate(request.headers.get("accept-language"))
    response = api_of(request).description[language].answer(request)
    response.headers["vary"] = "accept-language"
    return response
