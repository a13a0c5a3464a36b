"""What a department took in on one day, a page of it: what it is asked for when both sides compare their books."""

from datetime import date, datetime, time, timedelta
from typing import Final

from config.clock import SHANGHAI
from demo.ground import notices
from demo.ground.context import SystemContext
from demo.ground.received import Submission

PAGE: Final = 100


async def day_list(
    context: SystemContext, day: object, page: object = "1", *, of_notices: bool = False, most: int = PAGE
) -> list[Submission] | None:
    """Return the cases of that day (yyyyMMdd or yyyy-MM-dd), `most` of them; None when it can't be read.

    What other departments told it is none of its cases and stands in no list, but in that of notices.
    """
    try:
        begins = datetime.combine(date.fromisoformat(str(day)), time(), SHANGHAI)
        number = max(int(str(page)), 1)
    except ValueError:
        return None
    found = await context.store.accepted_between(begins, begins + timedelta(days=1))
    wanted = [each for each in found if notices.is_notice(each.operation) is of_notices]
    return wanted[(number - 1) * most : number * most]
