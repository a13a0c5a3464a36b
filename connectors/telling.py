"""A spec's mistakes as a shell tells them: where, what was expected, and the mend in both languages."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from config.language import Catalogue, load_catalogues
from connectors.errors import SpecProblem, SpecRefused
from connectors.mending import advise
from connectors.yaml_source import parse, read_text


def told(problems: Sequence[SpecProblem], directory: Path | None = None) -> Iterator[str]:
    """Give two lines for each problem; files of `directory` are read for what may stand in a problem's place."""
    documents: dict[str, object] = {}
    for problem in problems:
        if problem.file not in documents:
            documents[problem.file] = _document(directory / problem.file) if directory is not None else None
        advice = advise(problem, documents[problem.file])
        yield str(problem)
        if advice.mend:
            mend, english = (_filled(text, advice.params) for text in (advice.mend, _english().gettext(advice.mend)))
            yield f"  改法 mend: {mend}　{english}"


@cache
def _english() -> Catalogue:
    return load_catalogues([Path(__file__).parent / "locale"])["en"]


def _document(file: Path) -> object:
    try:
        return parse(read_text(file), file.name).document
    except SpecRefused:
        return None


def _filled(sentence: str, params: Mapping[str, str]) -> str:
    for name, value in params.items():
        sentence = sentence.replace("{" + name + "}", value)
    return sentence
