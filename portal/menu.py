"""The main menu: what is offered to whom. It hides what a person has no use for, by the policy that is asked again when it is opened."""

from matters.policy import may_see_desk, may_see_events, may_see_results
from portal.people import Person
from portal.words import _

Entry = tuple[str, str, str, bool]
"""Address, text, icon, whether it is shown."""


def menu(person: Person) -> tuple[Entry, ...]:
    """Return the entries for `person`, in the language of this request."""
    clerk, actor = person.has_any("clerk"), person.actor
    return (
        ("/", _("首页"), "home", True),
        ("/matters", _("事项"), "list-details", True),
        ("/cases", _("我的办件") if clerk else _("本区域办件"), "files", clerk or person.has_any("manager")),
        ("/results", _("办理结果"), "clipboard-list", may_see_results(actor)),
        ("/events", _("联动"), "link", may_see_events(actor)),
        ("/desk", _("待办"), "inbox", may_see_desk(actor)),
        ("/systems", _("系统"), "device-desktop-analytics", person.has_any("owner", "manager", "admin")),
        ("/alerts", _("告警"), "alert-triangle", person.has_any("owner", "manager", "admin")),
    )
