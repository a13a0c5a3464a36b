"""The provider's pages in a browser; most files open an installation of their own."""

from collections.abc import Iterator

import pytest

from tests.doubles.running_provider import Running, provider_at


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The provider alone, listening at an address in numbers."""
    with provider_at("127.0.0.1", tmp_path_factory.mktemp("idp")) as running:
        yield running
