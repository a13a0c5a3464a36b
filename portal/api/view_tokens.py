"""Lets an open status page look again without the query code: a short-lived token that names one case.

The code is checked once; afterwards the page holds this token in a form field, never in an address. It reads the
status of that one case and does nothing else, and it ends after `LIVES`.
"""

from datetime import timedelta

from itsdangerous import BadSignature, URLSafeTimedSerializer

LIVES = timedelta(minutes=30)
_LONGEST = 400


class ViewTokens:
    """Signs with a key derived from the installation's secret, under a salt of its own."""

    def __init__(self, secret_key: str) -> None:
        self._serializer = URLSafeTimedSerializer(secret_key, salt="onewindow-status-view")

    def issue(self, number: str) -> str:
        """Return a token for the case."""
        return self._serializer.dumps(number)

    def number(self, token: str) -> str | None:
        """Return the case the token names; None when it is not ours or too old."""
        if not token or len(token) > _LONGEST:
            return None
        try:
            number = self._serializer.loads(token, max_age=int(LIVES.total_seconds()))
        except BadSignature:
            return None
        return number if isinstance(number, str) else None
