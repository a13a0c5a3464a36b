"""Marking Chinese sentences for translation: `matters/locale/en.po` holds the English of every marked one.

Sentences are msgids with {params}; whoever shows one translates it first and fills it in after.
"""

from collections.abc import Callable, Mapping


def N_(message: str) -> str:  # noqa: N802  # the name gettext's tools know
    """Return the message itself; extraction finds it by this call."""
    return message


def say(message: str, params: Mapping[str, object], gettext: Callable[[str], str] = str) -> str:
    """Return the sentence in the reader's language with its params filled in."""
    return gettext(message).format_map(params)
