"""A department's page as rules read it: `body.text`, `body.fields`, `body.rows`, and the hidden fields of its form."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from lxml import etree, html

from connectors.outcomes import Answer
from connectors.spec_form_post import FormPostSpec
from connectors.transports.exchange import Raw
from connectors.transports.xml_reading import XmlRefused, decoded

MOST_TEXT_CHARACTERS: Final = 20_000
MOST_ROWS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page. `hidden` are the hidden fields of its forms (__VIEWSTATE and its kind), `inputs` the names of all."""

    answer: Answer
    hidden: Mapping[str, str] = field(default_factory=dict, repr=False)
    inputs: frozenset[str] = frozenset()
    next_path: str = ""


def read_page(raw: Raw, spec: FormPostSpec) -> Page:
    """Return the page in `raw`; what can't be read is a page whose answer has `error` set."""
    if raw.error:
        return Page(answer=raw.answer())
    try:
        text = decoded(raw.content, raw.headers.get("content-type", ""), otherwise=spec.charset)
        root = html.document_fromstring(text, parser=html.HTMLParser(no_network=True, huge_tree=False))
    except XmlRefused as refused:
        return Page(answer=raw.answer(refused.error))
    except (etree.LxmlError, ValueError):
        return Page(answer=raw.answer("not_html"))
    body = {"text": _text(root), "fields": _fields(root, spec), "rows": _rows(root, spec)}
    inputs = [e for e in root.iter("input") if e.get("name")]
    return Page(
        answer=replace(raw.answer(), body=body),
        hidden={e.get("name"): e.get("value") or "" for e in inputs if (e.get("type") or "").lower() == "hidden"},
        inputs=frozenset(e.get("name") for e in inputs),
        next_path=_next(root, spec),
    )


def _text(root: html.HtmlElement) -> str:
    for unseen in list(root.iter("script", "style", "noscript")):
        unseen.drop_tree()
    return " ".join(str(root.text_content()).split())[:MOST_TEXT_CHARACTERS]


def _fields(root: html.HtmlElement, spec: FormPostSpec) -> dict[str, str]:
    found = {name: root.get_element_by_id(id_, None) for name, id_ in spec.fields.items()}
    return {name: " ".join(str(e.text_content()).split()) for name, e in found.items() if e is not None}


def _rows(root: html.HtmlElement, spec: FormPostSpec) -> list[dict[str, str]]:
    page = spec.list_page
    table = root.get_element_by_id(page.table, None) if page is not None else None
    if page is None or table is None:
        return []
    lines = [[" ".join(str(cell.text_content()).split()) for cell in row.iter("th", "td")] for row in table.iter("tr")]
    if not lines:
        return []
    places = {name: lines[0].index(heading) for name, heading in page.columns.items() if heading in lines[0]}
    return [_row(line, places) for line in lines[1 : MOST_ROWS + 1] if len(line) == len(lines[0])]


def _row(line: list[str], places: Mapping[str, int]) -> dict[str, str]:
    digest = hashlib.sha256("\x1f".join(line).encode()).hexdigest()
    return {**{name: line[place] for name, place in places.items()}, "digest": digest}


def _next(root: html.HtmlElement, spec: FormPostSpec) -> str:
    wanted = spec.list_page.next_link if spec.list_page is not None else None
    link = root.get_element_by_id(wanted, None) if wanted else None
    path = str(link.get("href") or "") if link is not None else ""
    # Only a path of the same site: a page must not lead us elsewhere.
    return path if path.startswith("/") and not path.startswith("//") else ""
