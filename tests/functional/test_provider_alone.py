"""A provider that runs alone, at an address of its own: it takes forms from its own pages and from nobody else's."""

from pathlib import Path

import httpx2
import pytest

from composition.part import Part
from composition.web_app import compose
from config.settings import Settings
from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine

PORTAL, PROVIDER = "https://one.example", "https://login.example"


@pytest.mark.parametrize(
    ("origin", "is_ours"), [(PROVIDER, True), (PORTAL, False), ("https://elsewhere.example", False)]
)
async def test_forms_are_taken_from_the_providers_own_address(tmp_path: Path, origin: str, is_ours: bool) -> None:
    settings = Settings.from_env(
        {
            "ONEWINDOW_SECRET_KEY": "q7Zp2kX9vL4mB8nT1wR6yC3jH5gD0fSaUeIo",
            "ONEWINDOW_VAR_DIR": str(tmp_path),
            "ONEWINDOW_BASE_URL": PORTAL,
            "ONEWINDOW_ISSUER": f"{PROVIDER}/idp",
        }
    )
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'onewindow.db'}")
    app = await compose(settings, engine, MemoryStateStore(), only=Part.IDP)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=PROVIDER) as visitor:
        # As a browser that tells only where a form comes from.
        answer = await visitor.post(
            "/idp/no-such-page", data={"username": "clerk"}, headers={"origin": origin, "cookie": "a=b"}
        )
    await engine.dispose()
    assert answer.status_code == (404 if is_ours else 403)
