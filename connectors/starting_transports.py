"""What a starting spec has of its own for each transport: its section, what its answers mean, how a result is heard. Pure."""

from collections.abc import Callable, Mapping
from typing import Final

from connectors.starting_rows import exchange_table, file_batch
from connectors.starting_words import (
    ADDRESS,
    BUTTON,
    BUTTON_TEXT,
    CALL,
    CASE_KEY,
    DIGEST,
    HEADING,
    HEADING_NUMBER,
    HEADING_OURS,
    LIST_ID,
    LOG_IN,
    LOGGED_IN,
    LOGGED_OUT,
    NAMED_STATUS,
    NAMESPACE,
    NUMBER,
    PAGE_ID,
    PASSWORD_FIELD,
    QUERY,
    REQUESTS,
    RESPONSES,
    SAVED,
    SECRET,
    STATUS,
    USER,
    USER_FIELD,
    Document,
    Inline,
    NewSystem,
    OfTransport,
    Say,
    rule,
)


def of_transport(system: NewSystem, say: Say, body: Document) -> OfTransport:
    """Return the part of `system.transport`; `body` is the message of the first operation."""
    return _PARTS[system.transport](system, say, body)


def _rest(system: NewSystem, say: Say, _body: Document) -> OfTransport:
    number, status = f"body.{say(NUMBER)}", f"body.{say(STATUS)}"
    return OfTransport(
        before={
            "connection": {"auth": Inline(kind="static_token", header="x-token", secret=say(SECRET))},
            "delivery": {"concurrency": 2, "resend_unknown": "probe"},
            "statuses": {say(NAMED_STATUS): "completed_approved"},
            "outcomes": [
                rule("status == 200 || status == 201", "accepted", department_number=number),
                rule("status == 409", "duplicate"),
                rule("status == 422", "refused"),
                rule("status == 400", "invalid"),
                rule("status == 401 || status == 403", "auth"),
                rule("status == 429", "throttled", retry_after="headers.retry-after"),
                rule("status == 503", "transient"),
            ],
        },
        request={"method": "POST", "path": f"/{say(ADDRESS)}"},
        after={
            "probe": {
                "request": _query(say),
                "found": "status == 200",
                "not_found": "status == 404",
                "department_number": number,
                "status": status,
            },
            "poll": {"request": _query(say), "found": "status == 200", "status": status, "every_seconds": 1800},
        },
        answer=Inline(status=200, body=Inline({say(NUMBER): "N-1"}), **{"class": "accepted"}),
    )


def _query(say: Say) -> Document:
    return {"method": "GET", "path": f"/{say(QUERY)}", "query": Inline({CASE_KEY: "case.number"})}


def _soap(system: NewSystem, say: Say, _body: Document) -> OfTransport:
    status = f"body.{say(STATUS)}"
    asked = {"call": say(CALL), "body": Inline({CASE_KEY: "case.number"})}
    return OfTransport(
        before={
            "connection": {"envelope": Inline(payload=Inline({"$payload": True}))},
            "soap": {
                "version": "1.1",
                "path": f"/{say(ADDRESS)}",
                "namespace": say(NAMESPACE),
                "wsdl": Inline(path=f"/{say(ADDRESS)}?wsdl", sha256=say(DIGEST)),
                "payload_root": "BIZ",
                "payload_charset": "GB18030",
                "result": "return",
                "username_token": Inline(username=say(USER), password=say(SECRET)),
            },
            "delivery": {"concurrency": 2, "resend_unknown": "probe"},
            "statuses": {say(NAMED_STATUS): "completed_approved"},
            "outcomes": [
                rule("body.RETCODE == '0000'", "accepted", department_number=f"body.{say(NUMBER)}"),
                rule("has(body.RETCODE)", "refused", message="body.RETMSG"),
            ],
        },
        request={"call": say(CALL)},
        after={
            "probe": {"request": asked, "found": f"has({status})", "not_found": f"!has({status})", "status": status},
            "poll": {"request": asked, "found": f"has({status})", "status": status, "every_seconds": 1800},
        },
        answer=Inline(body=Inline({"RETCODE": "0000", say(NUMBER): "N-1"}), **{"class": "accepted"}),
        inside="payload",
    )


def _message_queue(system: NewSystem, say: Say, _body: Document) -> OfTransport:
    header = Inline(corrId="delivery.serial", bizCode="operation", outNo="case.number")
    return OfTransport(
        before={
            "connection": {"envelope": {"header": header, "body": Inline({"$payload": True})}},
            "message_queue": {
                "request_topic": say(REQUESTS),
                "response_topic": say(RESPONSES),
                "group": "onewindow",
                "username": say(USER),
                "password": say(SECRET),
            },
            "delivery": {"concurrency": 2, "resend_unknown": "dedupe"},
            "statuses": {say(NAMED_STATUS): "completed_approved"},
            "outcomes": [rule("status == 202", "pending")],
        },
        request={},
        after={
            "results": {
                "event_id": "body.header.msgId",
                "our_number": "body.header.outNo",
                "status": f"body.body.{say(STATUS)}",
            }
        },
        answer=Inline(status=202, **{"class": "pending"}),
        inside="body",
    )


def _form_post(system: NewSystem, say: Say, _body: Document) -> OfTransport:
    return OfTransport(
        before={
            "form_post": {
                "charset": "gb2312",
                "fields": Inline(number=say(PAGE_ID)),
                "button": Inline({say(BUTTON): say(BUTTON_TEXT)}),
                "log_in": {
                    "path": f"/{say(LOG_IN)}",
                    "username": say(USER),
                    "password": say(SECRET),
                    "username_field": say(USER_FIELD),
                    "password_field": say(PASSWORD_FIELD),
                    "succeeded": f"body.text.contains('{say(LOGGED_IN)}')",
                    "needed": f"body.text.contains('{say(LOGGED_OUT)}')",
                },
                "list_page": {
                    "path": f"/{say(QUERY)}",
                    "table": say(LIST_ID),
                    "columns": Inline(number=say(HEADING_NUMBER), our_number=say(HEADING_OURS), status=say(HEADING)),
                },
            },
            "delivery": {"concurrency": 1, "resend_unknown": "never"},
            "statuses": {say(NAMED_STATUS): "completed_approved"},
            "outcomes": [
                rule(f"body.text.contains('{say(SAVED)}')", "accepted", department_number="body.fields.number")
            ],
        },
        request={"path": f"/{say(ADDRESS)}"},
        after={
            "results": {
                "event_id": "body.digest",
                "our_number": "body.our_number",
                "department_number": "body.number",
                "status": "body.status",
            }
        },
        answer=Inline(body=Inline(text=say(SAVED), fields=Inline(number="N-1")), **{"class": "accepted"}),
    )


_PARTS: Final[Mapping[str, Callable[[NewSystem, Say, Document], OfTransport]]] = {
    "rest_json": _rest,
    "soap": _soap,
    "exchange_table": exchange_table,
    "file_batch": file_batch,
    "message_queue": _message_queue,
    "form_post": _form_post,
}
TRANSPORTS: Final = (*_PARTS, "manual")
"""Every transport a starting spec can be made for."""
