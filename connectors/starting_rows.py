"""Starting specs of the transports that put rows down: exchange tables and batch files. Pure."""

from typing import Final

from connectors.starting_words import (
    CASE_KEY,
    NAMED_STATUS,
    RESULT_TABLE,
    SECRET,
    TABLE,
    USER,
    Document,
    Inline,
    NewSystem,
    OfTransport,
    Say,
    rule,
)

_OWN_COLUMNS: Final[Document] = {
    "ROW_ID": "delivery.key",
    "WRITTEN_AT": "delivery.created_at | date('yyyy-MM-dd HH:mm:ss')",
}


def exchange_table(system: NewSystem, say: Say, body: Document) -> OfTransport:
    moment = Inline(moment=True)
    out = {
        "table": say(TABLE),
        "key": "ROW_ID",
        "case": CASE_KEY,
        "written_at": "WRITTEN_AT",
        "status": Inline(column="STATUS", waiting="0", failed=["9"]),
        "columns": {
            "ROW_ID": Inline(characters=36),
            "WRITTEN_AT": moment,
            "STATUS": Inline(characters=1),
            **{name: Inline(characters=200) for name in body},
        },
    }
    back = {
        "table": say(RESULT_TABLE),
        "key": ["ROW_ID"],
        "answered": "RESULT",
        "time": "RESULT_AT",
        "columns": {
            "ROW_ID": Inline(characters=36),
            "CASE_NO": Inline(characters=50),
            "RESULT": Inline(characters=20),
            "RESULT_AT": moment,
        },
    }
    account = {"user": say(USER), "password": say(SECRET), "charset": "utf-8"}
    return OfTransport(
        before={
            "exchange_table": {**account, "out": out, "back": back},
            "delivery": {"concurrency": 2, "resend_unknown": "probe"},
            **_put_down("written", say),
        },
        request={},
        after={
            "probe": _looked_up("written"),
            "results": {"event_id": "body.ROW_ID", "our_number": "body.CASE_NO", "status": "body.RESULT"},
        },
        answer=_taken("written"),
        body=_OWN_COLUMNS,
    )


def file_batch(system: NewSystem, say: Say, body: Document) -> OfTransport:
    return OfTransport(
        before={
            "file_batch": {
                "user": say(USER),
                "key": f"{system.id}.sftp-key",
                "host_key": f"{system.id}.sftp-host-key",
                "folder": "in",
                "prefix": "ZK_",
                "charset": "gbk",
                "separator": "|",
                "fields": [Inline(name=name, bytes=200) for name in body],
                "receipt": {
                    "folder": "out",
                    "prefix": "HZ_",
                    "fields": ["seq", "code", "message"],
                    "row": "seq",
                    "due": "09:00",
                },
            },
            "delivery": {"concurrency": 500, "resend_unknown": "probe"},
            **_put_down("placed", say),
        },
        request={},
        after={
            "probe": _looked_up("placed"),
            "results": {
                "event_id": "body.event",
                "our_number": "body.case",
                "status": "body.code",
                "message": "body.message",
            },
        },
        answer=_taken("placed"),
    )


def _put_down(word: str, say: Say) -> Document:
    """Return what the answers of our own hand mean: a row or a line is there now, or was already."""
    return {
        "statuses": {say(NAMED_STATUS): "completed_approved"},
        "outcomes": [
            rule(f"body.result == '{word}'", "accepted", department_number="body.number"),
            rule("body.result == 'already'", "duplicate", department_number="body.number"),
        ],
    }


def _looked_up(word: str) -> Document:
    return {"request": Inline(), "found": f"body.result == '{word}'", "not_found": "body.result == 'absent'"}


def _taken(word: str) -> Document:
    return Inline(body=Inline(result=word, number="N-1"), **{"class": "accepted"})
