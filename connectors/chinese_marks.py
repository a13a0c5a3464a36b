"""Chinese punctuation where the language of a spec has its own: the slip of an input method, and hard to see. Pure."""

import re
from typing import Final

_MEANT: Final = {
    "：": ":", "，": ",", "、": ",", "；": ";", "“": '"', "”": '"', "‘": "'", "’": "'", "（": "(", "）": ")", "【": "[", "】": "]",
    "｛": "{", "｝": "}", "＃": "#", "｜": "|", "＝": "=", "＆": "&", "！": "!", "＜": "<", "＞": ">", "－": "-", "．": ".",
    "\u3000": "a blank",
}  # fmt: skip
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_MARK: Final = re.compile(f"[{''.join(_MEANT)}]")


def stray_mark(text: str) -> str | None:
    """Return what is to be told of the first Chinese mark in `text` outside quotation marks; None without one."""
    found = _MARK.search(_QUOTED.sub("''", text))
    return told(found[0]) if found else None


def told(mark: str) -> str:
    """Return the sentence for a mark that stands where another is meant."""
    shown = "blank (U+3000)" if mark == "\u3000" else mark
    return f"a Chinese {shown} stands here: expected {_MEANT[mark]}"


def quotes_key(key: str) -> str | None:
    """Return what is to be told of a name that stands in Chinese quotation marks, which would be part of it."""
    return told(key[0]) if key[:1] in ("“", "”", "‘", "’") and key[-1:] in ("“", "”", "‘", "’") else None
