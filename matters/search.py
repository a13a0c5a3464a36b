"""Finding a matter: by Chinese, pinyin, initials, English, number (4, 04, E01) or short code (MZ004).

What people call a matter (社保卡, 低保) leaves characters out; when nothing fits as typed, that is tried too.
"""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from matters.guide import Matter
from matters.pinyin import SoundText

LONGEST_QUERY = 40
MOST_WORDS = 4
MOST_SKIPPED = 3
LEAST_ABBREVIATED = 2

_EXACT, _NAME, _START, _INSIDE, _SOUND_START, _SOUND_INSIDE, _AROUND, _ENGLISH = range(8)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    matter: Matter
    name: str
    name_sound: SoundText
    codes: frozenset[str]
    around: str
    around_sound: SoundText
    english: str


class MatterIndex:
    """Built once from the published matters; a search takes well under a millisecond and changes nothing."""

    def __init__(self, matters: Iterable[Matter]) -> None:
        self._entries = tuple(_entry(matter) for matter in matters)

    def search(self, query: str) -> tuple[Matter, ...]:
        """Return the matters that fit every word of the query, the best first; all of them for an empty query."""
        words = _words(query)
        return self._ranked(words, _rank) or self._ranked(words, _abbreviated_rank)

    def _ranked(self, words: list[str], rank: Callable[[str, _Entry], int | None]) -> tuple[Matter, ...]:
        found: list[tuple[int, int]] = []
        for place, entry in enumerate(self._entries):
            ranks = [rank(word, entry) for word in words]
            if None not in ranks:
                found.append((sum(one for one in ranks if one is not None), place))
        return tuple(self._entries[place].matter for _, place in sorted(found))


def _words(query: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", query[: LONGEST_QUERY * 2]).lower()[:LONGEST_QUERY]
    return plain.replace("'", "").split()[:MOST_WORDS]


def _entry(matter: Matter) -> _Entry:
    situations = [situation.name for situation in matter.guide.situations]
    around = "\n".join([matter.guide.basic_info.topic, matter.department.name, *situations])
    english = [matter.name_en, matter.department.name_en, *(one.name_en for one in matter.guide.situations)]
    return _Entry(
        matter=matter,
        name=unicodedata.normalize("NFKC", matter.name).lower(),
        name_sound=SoundText(matter.name),
        codes=frozenset(_codes(matter)),
        around=around.lower(),
        around_sound=SoundText(around),
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
    if _is_sound(word):
        return _sound_rank(word, entry)
    return _AROUND if word in entry.around or _is_abbreviation(word, entry.name) else None


def _is_sound(word: str) -> bool:
    return word.isascii() and word.isalpha()


def _sound_rank(word: str, entry: _Entry) -> int | None:
    start = entry.name_sound.find(word)
    if start is not None:
        return _SOUND_START if start == 0 else _SOUND_INSIDE
    # A single letter around the name would find everything.
    if len(word) > 1 and entry.around_sound.find(word) is not None:
        return _AROUND
    return _ENGLISH if len(word) > 2 and word in entry.english else None


def _is_abbreviation(word: str, name: str) -> bool:
    """Tell whether the word is characters of the name in their order, with a few left out between two."""
    place = name.find(word[0])
    while place != -1:
        if _continues(word, 1, name, place):
            return len(word) >= LEAST_ABBREVIATED
        place = name.find(word[0], place + 1)
    return False


def _continues(word: str, position: int, name: str, place: int) -> bool:
    while position < len(word):
        place = name.find(word[position], place + 1, place + MOST_SKIPPED + 2)
        if place == -1:
            return False
        position += 1
    return True


def _abbreviated_rank(word: str, entry: _Entry) -> int | None:
    if _is_sound(word) and len(word) > LEAST_ABBREVIATED:
        start = entry.name_sound.find(word, most_skipped=MOST_SKIPPED)
        return None if start is None else _ENGLISH + start
    return _rank(word, entry)
