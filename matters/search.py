"""Finding a matter: by Chinese, pinyin, initials, English, number (4, 04, E01) or short code (MZ004)."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from matters import pinyin
from matters.guide import Matter

LONGEST_QUERY = 40
MOST_WORDS = 4

_EXACT, _NAME, _START, _INSIDE, _SOUND_START, _SOUND_INSIDE, _AROUND, _ENGLISH = range(8)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    matter: Matter
    name: str
    name_sound: pinyin.Readings
    codes: frozenset[str]
    around: str
    around_sound: tuple[pinyin.Readings, ...]
    english: str


class MatterIndex:
    """Built once from the published matters; a search takes well under a millisecond and changes nothing."""

    def __init__(self, matters: Iterable[Matter]) -> None:
        self._entries = tuple(_entry(matter) for matter in matters)

    def search(self, query: str) -> tuple[Matter, ...]:
        """Return the matters that fit every word of the query, the best first; all of them for an empty query."""
        words = _words(query)
        ranked: list[tuple[int, int]] = []
        for place, entry in enumerate(self._entries):
            ranks = [_rank(word, entry) for word in words]
            if all(rank is not None for rank in ranks):
                ranked.append((sum(rank for rank in ranks if rank is not None), place))
        return tuple(self._entries[place].matter for _, place in sorted(ranked))


def _words(query: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", query[: LONGEST_QUERY * 2]).lower()[:LONGEST_QUERY]
    return plain.replace("'", "").split()[:MOST_WORDS]


def _entry(matter: Matter) -> _Entry:
    situations = [situation.name for situation in matter.guide.situations]
    around = [matter.guide.basic_info.topic, matter.department.name, *situations]
    english = [matter.name_en, matter.department.name_en, *(one.name_en for one in matter.guide.situations)]
    return _Entry(
        matter=matter,
        name=matter.name.lower(),
        name_sound=pinyin.readings(matter.name),
        codes=frozenset(_codes(matter)),
        around="\n".join(around).lower(),
        around_sound=tuple(pinyin.readings(text) for text in around),
        english="\n".join(english).lower(),
    )


def _codes(matter: Matter) -> set[str]:
    number = matter.number.lower()
    item_code = matter.guide.basic_info.item_code.lower()
    return {number, number.lstrip("0"), matter.short_code.lower(), item_code, matter.id.lower()}


def _rank(word: str, entry: _Entry) -> int | None:
    if word in entry.codes:
        return _EXACT
    if word == entry.name:
        return _NAME
    if word in entry.name:
        return _START if entry.name.startswith(word) else _INSIDE
    if word.isascii() and word.isalpha():
        return _sound_rank(word, entry)
    return _AROUND if word in entry.around else None


def _sound_rank(word: str, entry: _Entry) -> int | None:
    start = pinyin.find(word, entry.name_sound)
    if start is not None:
        return _SOUND_START if start == 0 else _SOUND_INSIDE
    # A single letter around the name would find everything.
    if len(word) > 1 and any(pinyin.find(word, sound) is not None for sound in entry.around_sound):
        return _AROUND
    return _ENGLISH if len(word) > 2 and word in entry.english else None
