"""Reading a JSON object from bytes a stranger sent."""

import json


def json_object(raw: bytes) -> dict[str, object] | None:
    """Return the object, None when the bytes are no JSON object in UTF-8."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
