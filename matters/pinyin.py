"""Chinese by sound: every reading of every character, surnames as they are really read, and matching by any prefix.

A query such as `linshi`, `lsjz`, `linshijz` or `ljiuz` is taken apart against the characters one by one: of each some
leading letters are typed, at least one.
"""

from collections.abc import Sequence
from functools import lru_cache

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


@lru_cache(maxsize=8192)
def character_readings(character: str) -> tuple[str, ...]:
    """Return all readings of one character; ü is typed v, u or yu."""
    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors=lambda text: list(text))
    readings = dict.fromkeys(reading.lower() for reading in found[0]) if found else {character.lower(): None}
    typed = (form for reading in readings for form in _typed_forms(reading))
    return tuple(dict.fromkeys(typed))


def _typed_forms(reading: str) -> tuple[str, ...]:
    if reading.isascii() and "v" in reading and len(reading) > 1:
        return reading, reading.replace("v", "u"), reading.replace("v", "yu")
    return (reading,)


def readings(text: str) -> Readings:
    """Return the readings of a text; of polyphones the one that fits the word comes first, the others stay."""
    in_words = lazy_pinyin(text, style=Style.NORMAL, errors=lambda rest: list(rest))
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


def find(query: str, text: Readings) -> int | None:
    """Return the first character the query can be read from, None when it can't; the query is lower case letters."""
    for start in range(len(text)):
        if _reads(query, 0, text, start):
            return start
    return None


def _reads(query: str, position: int, text: Sequence[tuple[str, ...]], index: int) -> bool:
    if position == len(query):
        return True
    if index == len(text):
        return False
    for reading in text[index]:
        length = _common(query, position, reading)
        # The longest prefix first: most queries are whole syllables or initials, so one try is enough.
        if any(_reads(query, position + taken, text, index + 1) for taken in range(length, 0, -1)):
            return True
    return False


def _common(query: str, position: int, reading: str) -> int:
    length = 0
    while length < len(reading) and position + length < len(query) and query[position + length] == reading[length]:
        length += 1
    return length
