"""Names that are declared in both languages, not translated: of matters, of department systems."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A name in Chinese and in English."""

    zh: str
    en: str

    def read(self, language: str) -> str:
        """Return the name in `language`."""
        return self.en if language == "en" else self.zh
