"""How a case moves through a department: its own status codes, in the order of what they mean to the platform."""

from collections.abc import Mapping

_RANK = {
    "submitted": 0,
    "queued": 0,
    "accepted": 1,
    "backend_accepted": 1,
    "in_review": 2,
    "suspended": 3,
    "publicity": 3,
    "supplement_required": 3,
    "completed_approved": 4,
    "completed_refused": 4,
    "returned": 4,
    "error": 4,
}
_WORDS = {
    "submitted": "已提交",
    "queued": "排队",
    "accepted": "受理",
    "backend_accepted": "受理",
    "in_review": "审核",
    "suspended": "暂停",
    "publicity": "公示",
    "supplement_required": "待补正",
    "completed_approved": "办结（通过）",
    "completed_refused": "办结（不通过）",
    "returned": "退回",
    "error": "数据错误",
}
_DECIDED = 4


def first_status(status_map: Mapping[str, str]) -> str:
    """Return the code a case starts with: the earliest there is."""
    return min(status_map, key=lambda code: _RANK[status_map[code]])


def next_statuses(status_map: Mapping[str, str], current: str) -> tuple[str, ...]:
    """Return the codes a person may set now: later ones only, none once it is decided."""
    if is_decided(status_map, current):
        return ()
    order = sorted(status_map, key=lambda code: _RANK[status_map[code]])  # stable: the entry's order within a rank
    return tuple(order[order.index(current) + 1 :]) if current in order else tuple(order)


def is_decided(status_map: Mapping[str, str], code: str) -> bool:
    """Return whether nothing follows that status."""
    return _RANK.get(status_map.get(code, ""), 0) == _DECIDED


def words_for(status_map: Mapping[str, str], code: str) -> str:
    """Return the status in plain words with the system's own code, as its screens show it: `公示 GS`."""
    meaning = _WORDS.get(status_map.get(code, ""), "")
    return f"{meaning} {code}".strip() if meaning else code
