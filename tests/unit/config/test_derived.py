"""What follows from the one secret stays the same at a change of it where something is kept under it."""

from hashlib import sha256

from config.derived import derived_secret, lasting_secret
from config.settings import Settings

FIRST, SECOND, THIRD = (sha256(each).hexdigest() for each in (b"1", b"2", b"3"))


def _settings(secret: str, *earlier: str) -> Settings:
    return Settings.from_env(
        {
            "ONEWINDOW_SECRET_KEY": secret,
            "ONEWINDOW_PREVIOUS_SECRET_KEY": ",".join(earlier),
        }
    )


def test_people_are_known_by_the_same_key_after_another_secret_key() -> None:
    """Else a death is heard twice, and nobody's earlier results are found by their identity number."""
    before = lasting_secret(_settings(FIRST), "subject-key")
    assert before == derived_secret(_settings(FIRST), "subject-key")
    assert lasting_secret(_settings(SECOND, FIRST), "subject-key") == before
    assert lasting_secret(_settings(THIRD, FIRST, SECOND), "subject-key") == before
    assert derived_secret(_settings(SECOND, FIRST), "subject-key") != before
