"""What the signed-out page says about each system; Chinese here, English in locale/en.po."""

from typing import Final

from idp.protocol.logout import Told


def _(message: str) -> str:
    """Mark a sentence for translation; it is translated where it is shown."""
    return message


TOLD_WORDS: Final[dict[Told, str]] = {
    Told.ENDED: _("已退出"),
    Told.WAITING: _("正在通知，尚未答复"),
    Told.REFUSED: _("系统拒绝了退出通知，请到该系统中退出"),
    Told.UNREACHABLE: _("暂时联系不上，将继续通知；请先关闭它的页面"),
    Told.IN_BROWSER: _("已通过本页面通知，系统不会回复"),
    Told.NOT_TOLD: _("该系统不接收退出通知，请到该系统中退出"),
}
