"""A mistake in a spec, told to who made it: what was expected, in their language, and how to mend it. Pure.

The machinery of a spec tells its mistakes as `SpecProblem`, in English, for shells and logs. Here each of its sentences is
known by its shape (`connectors.spec_sentences`); one that is not stays as it is, so that nothing is ever hidden.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from connectors.errors import SpecProblem
from connectors.messages import N_
from connectors.spec_schema import place
from connectors.spec_sentences import SENTENCES

_CLOSE: Final = 0.6
_MOST_NAMED: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """`expected` and `mend` are Chinese msgids with {params}; `mend` is empty where nobody can say more."""

    expected: str
    mend: str
    params: Mapping[str, str] = field(default_factory=dict)


def advise(problem: SpecProblem, document: object = None) -> Advice:
    """Return what to tell of `problem`; `document` is the spec as far as it could be read."""
    for pattern, expected, mend in SENTENCES:
        if found := pattern.fullmatch(problem.expected):
            params = {name: text for name, text in found.groupdict().items() if text is not None}
            return _with_names(problem, document, Advice(expected=expected, mend=mend, params=params))
    return Advice(expected=problem.expected, mend="")


_NEAR: Final = N_("是不是想写 {near}？")
_ONE_OF: Final = N_("这里可以写：{names}")


def _with_names(problem: SpecProblem, document: object, advice: Advice) -> Advice:
    """Name the nearest of what may stand there, or all of it."""
    if advice.mend not in ("near", "keys", "value"):
        return advice
    words = problem.path.split(".")
    if advice.mend == "keys":
        around = place(words[:-1], document)
        names, word = list(around.keys) if around is not None else [], words[-1]
    elif advice.mend == "value":
        names = re.findall(r"'([^']*)'", advice.params["names"])
        word = advice.params.get("word") or str(_value(document, words) or "")
    else:
        names, word = advice.params["names"].split(", "), advice.params["word"]
    return _named(advice, names, word)


def _named(advice: Advice, names: list[str], word: str) -> Advice:
    # Of a path any one word may be the mistyped one.
    close = [near for each in (word, *word.split(".")) for near in get_close_matches(each, names, n=1, cutoff=_CLOSE)]
    if close:
        return Advice(expected=advice.expected, mend=_NEAR, params={**advice.params, "near": close[0]})
    if not names:
        return Advice(expected=advice.expected, mend="", params=advice.params)
    listed = ", ".join(names[:_MOST_NAMED]) + (" …" if len(names) > _MOST_NAMED else "")
    return Advice(expected=advice.expected, mend=_ONE_OF, params={**advice.params, "names": listed})


def _value(document: object, words: list[str]) -> object:
    for word in words:
        if isinstance(document, Mapping):
            document = document.get(word)
        elif isinstance(document, list) and word.isdigit() and int(word) < len(document):
            document = document[int(word)]
        else:
            return None
    return document
