"""What can go wrong in the trade.

MatterError
├── DeclaredDataInvalid     a file under config/ does not hold; nothing starts
├── UnknownMatter           no published guide of that id
├── UnknownSituation        the guide has no such situation (办理情形)
├── IllegalTransition       a case or guide may not go from where it is to there
├── CaseConflict            somebody else moved the case first
├── CaseUnknown             no such case, or not one this person may see
├── DuplicateCase           the same person has the same matter in flight
├── DraftUnknown            no such draft of this clerk
├── DraftConflict           the draft was saved elsewhere since it was read
├── GuideImmutable          a published version never changes
├── FileRefused             an uploaded file is too big or is not what its name says
└── CalendarUnknown         nobody announced the working days of that year yet
"""

from collections.abc import Mapping
from typing import ClassVar

from matters.messages import N_


class MatterError(Exception):
    """`public` is a Chinese msgid with {params} for the person; `detail` goes to the log and names nobody."""

    code: ClassVar[str] = "matter_error"
    public: ClassVar[str] = N_("没有办成，请稍后再试")

    def __init__(self, detail: str = "", **params: object) -> None:
        super().__init__(detail or type(self).code)
        self.detail = detail
        self.params = params


class DeclaredDataInvalid(MatterError):
    """One line a place, `file: path: what was expected`, in `lines`."""

    code = "declared_data_invalid"
    public = N_("系统配置有误，请联系管理员")

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class UnknownMatter(MatterError):
    code = "unknown_matter"
    public = N_("没有这个事项，请从事项列表中选择")


class UnknownSituation(MatterError):
    code = "unknown_situation"
    public = N_("请选择本事项的办理情形")


class IllegalTransition(MatterError):
    code = "illegal_transition"
    public = N_("当前状态不能这样办理，请刷新后再看")


class CaseConflict(MatterError):
    code = "case_conflict"
    public = N_("办件刚刚有了新进展，请刷新后再操作")


class CaseUnknown(MatterError):
    code = "case_unknown"
    public = N_("查不到这个办件，请核对办件编号")


class DuplicateCase(MatterError):
    """`params["number"]` is the case already in flight."""

    code = "duplicate_case"
    public = N_("该申请人的同一事项正在办理（{number}），请查看已有办件，不必重复申请")


class DraftUnknown(MatterError):
    code = "draft_unknown"
    public = N_("找不到这份暂存，可能已经提交或删除")


class DraftConflict(MatterError):
    code = "draft_conflict"
    public = N_("这份暂存已在另一处保存，请先查看最新内容再继续")


class GuideImmutable(MatterError):
    code = "guide_immutable"
    public = N_("已发布的办事指南不能修改，请新建一个版本")


FILE_REASONS: Mapping[str, str] = {
    "empty": N_("文件是空的，请重新选择"),
    "too_large": N_("文件超过 10 MB，请压缩或分成几份后再上传"),
    "name": N_("文件名后缀应为 .jpg、.png 或 .pdf，请另存后再上传"),
    "kind_unknown": N_("文件打不开或不是 JPG、PNG、PDF，请重新扫描或拍照后再上传"),
    "kind_differs": N_("文件内容与文件名后缀不一致，请用原来的格式重新保存后再上传"),
}


class FileRefused(MatterError):
    """`reason` is one of `FILE_REASONS`, and `sentence` what the person is told."""

    code = "file_refused"
    public = N_("请上传 JPG、PNG 或 PDF 文件，不超过 10 MB")

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sentence = FILE_REASONS[reason]


class CalendarUnknown(MatterError):
    code = "calendar_unknown"
    public = N_("{year}年的工作日安排尚未录入，请联系管理员")
