"""Which days a department's calendar closes on: the working calendar, with the holiday's name where it is known."""

from datetime import date

import chinese_calendar

from connectors.availability import MAKE_UP_DAY, HolidayOn
from matters.errors import CalendarUnknown
from matters.working_days import WorkingCalendar

# chinese_calendar's English names; a name in a spec is Chinese.
_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
}
_SATURDAY = 5


def holidays(calendar: WorkingCalendar) -> HolidayOn:
    """Return the function the opening hours ask.

    A year nobody announced has no holidays here: a message then goes out, and a closed department says so itself.
    """

    def holiday_on(day: date) -> str:
        try:
            is_working = calendar.is_working(day)
        except CalendarUnknown:
            return ""
        is_weekend = day.weekday() >= _SATURDAY
        if is_working:
            return MAKE_UP_DAY if is_weekend else ""
        name = _name(day)
        return name or ("" if is_weekend else "法定节假日")

    return holiday_on


def _name(day: date) -> str:
    try:
        is_holiday, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return _guess(day)
    return _NAMES.get(str(name), "") if is_holiday and name else ""


def _guess(day: date) -> str:
    """Return the name of a festival in a year that is entered but not in the library; its dates move little."""
    if day.month == 10 and day.day <= 8:
        return "国庆节"
    if (day.month == 1 and day.day >= 20) or (day.month == 2 and day.weekday() < _SATURDAY):
        return "春节"
    return ""
