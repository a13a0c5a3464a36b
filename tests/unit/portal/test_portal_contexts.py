"""Each page has one frozen dataclass as context, and no template asks for a name it does not get."""

import importlib
import pkgutil
import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from jinja2 import meta

import portal.pages
from portal import problems
from portal.assets import Assets
from portal.rendering import TEMPLATES, make_environment

ENVIRONMENT = make_environment(Assets(), list)
GIVEN = {"chrome", "request", *ENVIRONMENT.globals}
MODULES = [
    problems,
    *(importlib.import_module(f"portal.pages.{m.name}") for m in pkgutil.iter_modules(portal.pages.__path__)),
]


def contexts() -> dict[str, Any]:
    """Return the dataclass of every template, as its docstring names it."""
    found = {}
    for module in MODULES:
        for thing in vars(module).values():
            if isinstance(thing, type) and is_dataclass(thing) and (thing.__doc__ or "").startswith("Context of"):
                for name in re.findall(r"(?:pages|partials)/[\w-]+\.html", thing.__doc__ or ""):
                    found[name] = thing
    return found


def test_every_page_has_its_context() -> None:
    pages = {p.relative_to(TEMPLATES).as_posix() for p in (TEMPLATES / "pages").glob("*.html")}
    assert pages <= contexts().keys()


@pytest.mark.parametrize("template", sorted(contexts()))
def test_a_template_asks_for_nothing_its_context_lacks(template: str) -> None:
    context = contexts()[template]
    assert context.__dataclass_params__.frozen
    own = {field.name for field in fields(context)}
    source = (TEMPLATES / template).read_text("utf-8")
    asked = meta.find_undeclared_variables(ENVIRONMENT.parse(source))
    # Macros imported at the top are seen inside blocks; base.html brings `ui` along.
    imported = set(re.findall(r'{% import "[^"]+" as (\w+) %}', source))
    made = set(re.findall(r"{% (?:macro|set) (\w+)", source))
    assert asked - own - GIVEN - imported - made - {"ui"} == set()


@pytest.mark.parametrize("path", sorted((TEMPLATES).rglob("*.html")), ids=lambda path: path.name)
def test_every_template_compiles(path: Path) -> None:
    ENVIRONMENT.get_template(path.relative_to(TEMPLATES).as_posix())
