"""From a compiled request and a case's values to what goes on the wire, before it is signed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from connectors.errors import MappingRefused
from connectors.expression import look_up
from connectors.filters import KEEP, is_empty
from connectors.mapping import Values
from connectors.messages import N_
from connectors.system import Request

TOO_MANY: Final = N_("名单超过部门一次能收的行数，没有发送；请按人数分成几件重新受理，或与部门商定线下办理")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A request without its signature. `body` is a JSON value, or None."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: object


def render(request: Request, values: Values) -> Rendered:
    """Return `request` filled with `values`.

    Raises:
        MappingRefused: this case can't be put into the department's form; nothing has been sent.
    """
    return Rendered(
        method=request.method,
        path="".join(
            part if isinstance(part, str) else _segment(part.evaluate(values), part.source) for part in request.path
        ),
        query=_texts(request.query.render(values, "query")),
        headers={name: _header(text, name) for name, text in _texts(request.headers.render(values, "header")).items()},
        body=_body(request, values),
    )


def _body(request: Request, values: Values) -> object:
    if request.body is None:
        return None
    body = request.body.render(values, "")
    for field in request.required:
        if _lacks(body, field):
            raise MappingRefused(field, "the department needs this field and the case has no value for it")
    for place, most in request.most.items():
        rows = look_up(body, place.split("."))
        if isinstance(rows, list) and len(rows) > most:
            raise MappingRefused(place, TOO_MANY)
    if request.envelope is not None:
        return request.envelope.render({**values, "payload": body}, "")
    return body


def _lacks(body: object, field: str) -> bool:
    """Tell whether `field` is empty; `[].name` asks it of each row of a list, which must not be empty itself."""
    if not field.startswith("[]."):
        return is_empty(look_up(body, field.split(".")))
    rows = body if isinstance(body, list) else []
    return not rows or any(is_empty(look_up(row, field[3:].split("."))) for row in rows)


def _segment(value: object, source: str) -> str:
    if is_empty(value):
        raise MappingRefused("path", f"{source} has no value")
    text = str(value)
    if text in (".", ".."):
        raise MappingRefused("path", f"{source} would lead to another address")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise MappingRefused("path", f"{source} holds a character that no address can") from None


def _texts(rendered: object) -> Mapping[str, str]:
    if not isinstance(rendered, Mapping):
        return {}
    return {str(key): _text(value, str(key)) for key, value in rendered.items() if value is not KEEP}


def _text(value: object, target: str) -> str:
    if isinstance(value, dict | list):
        raise MappingRefused(target, "expected a single value")
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if "\r" in text or "\n" in text:
        raise MappingRefused(target, "a header or a parameter can't hold a line break")
    return text


def _header(text: str, target: str) -> str:
    """Return a header's value; HTTP has printable ASCII there (RFC 9110 §5.5), and names are rarely written in it."""
    if not text.isascii() or not text.isprintable():
        raise MappingRefused(target, "a header holds plain letters and digits only: put it into the message")
    return text


def to_json(value: object) -> bytes:
    """Return the JSON bytes that are signed and sent: UTF-8, no blanks, keys as mapped (RFC 8259)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
