"""Accessibility by axe-core: every rule of the WCAG 2.2 A and AA tags, none skipped."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route

AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_ADDRESS = "/__axe__/axe.min.js"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One rule broken; `places` are selectors with what axe says of them."""

    rule: str
    impact: str
    help: str
    places: tuple[str, ...]

    def __str__(self) -> str:
        shown = "\n".join(f"    {place}" for place in self.places[:5])
        return f"{self.rule} ({self.impact}): {self.help}\n{shown}"


def violations(page: Page) -> list[Violation]:
    """Return what axe finds on the page as it stands.

    The script comes from the page's own origin, for the content security policy lets no other in and is
    part of what is tested.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.route(f"**{_ADDRESS}", _serve)
        page.add_script_tag(url=_ADDRESS)
    report: dict[str, Any] = json.loads(
        page.evaluate(
            """async tags => {
                const report = await axe.run(document, {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]});
                return JSON.stringify({violations: report.violations, passes: report.passes.length});
            }""",
            TAGS,
        )
    )
    # A page on which nothing at all could be checked has not been looked at.
    assert report["passes"] > 0
    return [_violation(found) for found in report["violations"]]


def accessible(page: Page) -> None:
    """Fail with what axe says and where; nothing may need sideways scrolling either (WCAG 1.4.10)."""
    found, size = violations(page), page.viewport_size
    assert not found, f"{page.url} in {size}\n" + "\n".join(map(str, found))
    too_wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert too_wide <= 0, f"{page.url} is {too_wide} pixels wider than the screen of {size}"


def _serve(route: Route) -> None:
    route.fulfill(path=AXE, content_type="text/javascript")


def _violation(found: dict[str, Any]) -> Violation:
    places = tuple(
        f"{' '.join(map(str, node['target']))}: {' '.join(str(node.get('failureSummary', '')).split())}"
        for node in found["nodes"]
    )
    return Violation(rule=found["id"], impact=str(found["impact"]), help=found["help"], places=places)
