"""Problem pages: what happened and what to do now, in the reader's language, with nothing from the inside."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portal.refusals import Refusal
from portal.state import portal_of
from portal.words import _, marked

_TITLES = {
    400: marked("请求不完整"),
    403: marked("没有权限"),
    404: marked("没有找到"),
    405: marked("不能这样操作"),
    409: marked("现在不能这样做"),
    410: marked("已经不在了"),
    413: marked("内容过大"),
    422: marked("内容无法识别"),
    429: marked("操作过于频繁"),
    500: marked("系统出错"),
    503: marked("暂时无法使用"),
}
_ADVICE = {
    400: marked("请返回上一页重新操作；如果仍不成功，请重新登录。"),
    403: marked("您的岗位或所属区域不能打开此页。如需办理，请联系本中心管理员。"),
    404: marked("网址可能有误，或者内容不在您的办理范围内。请从首页重新查找。"),
    405: marked("请回到页面，使用页面上的按钮操作。"),
    409: marked("情况刚刚发生了变化。请刷新页面，查看最新状态后再操作。"),
    410: marked("您要找的内容已被删除或已经提交。请从首页或“我的办件”重新查找。"),
    413: marked("请缩短文字，或将文件压缩到10 MB以内后再试。"),
    422: marked("请检查填写的内容后重新提交。"),
    429: marked("请稍等几分钟后再试。"),
    500: marked("错误已记录，不是您的操作问题。请稍后再试；如果仍不成功，请报下面的编号。"),
    503: marked("系统暂时繁忙，您已保存的内容不会丢失。请稍后再试。"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemPage:
    """Context of pages/problem.html."""

    status: int
    title: str
    advice: str
    detail: str


def problem_page(request: Request, status: int, detail: str = "") -> Response:
    """Answer with the page for `status`."""
    known = status if status in _TITLES else (400 if status < 500 else 500)
    context = ProblemPage(status=status, title=_(_TITLES[known]), advice=_(_ADVICE[known]), detail=detail)
    headers = {"HX-Retarget": "body", "HX-Reswap": "outerHTML"} if "hx-request" in request.headers else None
    return portal_of(request).renderer.page(request, "pages/problem.html", context, status=status, headers=headers)


async def answer_refusal(request: Request, error: Exception) -> Response:
    """Handler for `Refusal`."""
    assert isinstance(error, Refusal)  # noqa: S101  Starlette hands over what it was registered for
    return problem_page(request, error.status, error.public)


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """Handler for Starlette's own HTTPException (unknown path, wrong method)."""
    assert isinstance(error, HTTPException)  # noqa: S101  as above
    response = problem_page(request, error.status_code)
    response.headers.update(error.headers or {})
    return response
