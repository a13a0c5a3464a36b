"""Which character set bytes are in, where what they call themselves is not to be believed. Pure."""


def is_utf8_instead(content: bytes) -> bool:
    """Tell whether bytes meant to be GB2312, GBK or GB18030 are UTF-8: those often decode too, into other characters."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    wide = [character for character in text if ord(character) > 127]
    # Two GBK bytes that happen to be UTF-8 give Greek or Cyrillic, hardly ever Chinese.
    return bool(wide) and all(character >= "\u2e80" for character in wide)
