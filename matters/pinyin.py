"""Chinese by sound: every reading of every character, surnames as they are really read, and matching by any prefix.

A query such as `linshi`, `lsjz`, `linshijz` or `ljiuz` is taken apart against the characters one by one: of each some
leading letters are typed, at least one.
"""

from functools import lru_cache
from typing import Any

from pypinyin import Style, lazy_pinyin, pinyin

# Surnames whose reading differs from the everyday one; as a surname only this reading is meant, so it stands first.
SURNAME_READINGS = {
    "单": "shan", "仇": "qiu", "区": "ou", "查": "zha", "解": "xie", "任": "ren", "曾": "zeng", "朴": "piao",
    "重": "chong", "盖": "ge", "折": "she", "员": "yun", "缪": "miao", "冼": "xian", "秘": "bi", "种": "chong",
    "华": "hua", "宁": "ning", "尉": "wei", "乐": "yue", "召": "shao", "逄": "pang", "繁": "po", "谌": "chen",
    "黑": "he", "哈": "ha", "那": "na", "能": "nai", "牟": "mu", "令": "ling", "祭": "zhai", "燕": "yan",
    "翟": "zhai", "覃": "qin", "薄": "bo", "卜": "bu", "车": "che", "俞": "yu", "曲": "qu", "纪": "ji",
    "句": "gou", "过": "guo", "葛": "ge", "隗": "wei", "晟": "cheng", "应": "ying", "洗": "xian", "褚": "chu",
    "柏": "bai", "鲍": "bao", "晁": "chao", "郗": "xi", "郇": "xun", "臧": "zang", "訾": "zi", "殷": "yin",
}  # fmt: skip

COMPOUND_SURNAME_READINGS = {
    "尉迟": ("yu", "chi"),
    "万俟": ("mo", "qi"),
    "单于": ("chan", "yu"),
    "长孙": ("zhang", "sun"),
    "澹台": ("tan", "tai"),
    "令狐": ("ling", "hu"),
    "宰父": ("zai", "fu"),
    "亓官": ("qi", "guan"),
    "闾丘": ("lv", "qiu"),
    "夏侯": ("xia", "hou"),
    "欧阳": ("ou", "yang"),
    "司徒": ("si", "tu"),
    "呼延": ("hu", "yan"),
    "皇甫": ("huang", "fu"),
    "公孙": ("gong", "sun"),
    "乐正": ("yue", "zheng"),
}

Readings = tuple[tuple[str, ...], ...]
"""For each character its readings, lower case without tones; a character that is not Chinese reads as itself."""


def _one_by_one(text: str) -> Any:
    """What is not Chinese reads as itself, a character at a time, so that places stay in step."""
    return list(text)


@lru_cache(maxsize=8192)
def character_readings(character: str) -> tuple[str, ...]:
    """Return all readings of one character; ü is typed v, u or yu."""
    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors=_one_by_one)
    readings = dict.fromkeys(reading.lower() for reading in found[0]) if found else {character.lower(): None}
    typed = (form for reading in readings for form in _typed_forms(reading))
    return tuple(dict.fromkeys(typed))


def _typed_forms(reading: str) -> tuple[str, ...]:
    if reading.isascii() and "v" in reading and len(reading) > 1:
        return reading, reading.replace("v", "u"), reading.replace("v", "yu")
    return (reading,)


@lru_cache(maxsize=2048)  # the matters' names and words: every look at the guides asks for them again
def readings(text: str) -> Readings:
    """Return the readings of a text; of polyphones the one that fits the word comes first, the others stay."""
    in_words = lazy_pinyin(text, style=Style.NORMAL, errors=_one_by_one)
    all_readings = [character_readings(character) for character in text]
    if len(in_words) != len(all_readings):
        return tuple(all_readings)
    return tuple(_first(word.lower(), every) for word, every in zip(in_words, all_readings, strict=True))


def name_readings(name: str) -> Readings:
    """Return the readings of a person's name: the surname as surnames are read, and only so."""
    compound = COMPOUND_SURNAME_READINGS.get(name[:2])
    if compound is not None and len(name) > 2:
        return (*((syllable,) for syllable in compound), *readings(name[2:]))
    surname = SURNAME_READINGS.get(name[:1])
    if surname is not None:
        return ((surname,), *readings(name[1:]))
    return readings(name)


def _first(preferred: str, every: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((preferred, *every)))


def sort_key(name: str) -> tuple[str, ...]:
    """Return the key that sorts names as a Chinese dictionary does, by sound of the surname first."""
    return tuple(every[0] for every in name_readings(name))


class SoundText:
    """A text ready to be searched by sound: its readings, and where each letter can begin."""

    def __init__(self, text: str, *, is_name: bool = False) -> None:
        self.readings = name_readings(text) if is_name else readings(text)
        self._starts: dict[str, list[int]] = {}
        for index, every in enumerate(self.readings):
            for letter in {reading[0] for reading in every if reading}:
                self._starts.setdefault(letter, []).append(index)

    def find(self, query: str, *, most_skipped: int = 0) -> int | None:
        """Return the first character the query (lower case letters) can be read from, None when it can't.

        With `most_skipped`, so many characters may be left out between two that are typed: 社保卡 for 社会保障卡.
        """
        for start in self._starts.get(query[0], ()):
            if _reads(query, 0, self.readings, start, most_skipped):
                return start
        return None


def _reads(query: str, position: int, text: Readings, index: int, most_skipped: int) -> bool:
    if position == len(query):
        return True
    for here in range(index, min(index + (most_skipped if position else 0) + 1, len(text))):
        for reading in text[here]:
            if reading[0] != query[position]:
                continue
            # The longest prefix first: most queries are whole syllables or initials, so one try is enough.
            for taken in range(_common(query, position, reading), 0, -1):
                if _reads(query, position + taken, text, here + 1, most_skipped):
                    return True
    return False


def _common(query: str, position: int, reading: str) -> int:
    length = 1
    while length < len(reading) and position + length < len(query) and query[position + length] == reading[length]:
        length += 1
    return length
