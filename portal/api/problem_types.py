"""Every kind of problem the API answers, in one table: the wire, OpenAPI and /problems/{type} are made from it.

Source: RFC 9457 §3 (type, title), §4 (a type is documented at its address).
"""

from dataclasses import dataclass

from portal.words import marked as _


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemType:
    """`slug` is the last part of the type's address; the three texts are msgids."""

    slug: str
    status: int
    title: str
    meaning: str
    remedy: str


INVALID_JSON = ProblemType(
    slug="invalid-json",
    status=400,
    title=_("请求内容不是有效的 JSON"),
    meaning=_("请求正文无法按 JSON 读取：语法有误、编码不是 UTF-8、键重复、层次过深，或含有不允许的字符。"),
    remedy=_("按 RFC 8259 生成 JSON，使用 UTF-8 编码，每个键只出现一次，层次不超过 24 层，然后重新发送。"),
)
INVALID_REQUEST = ProblemType(
    slug="invalid-request",
    status=400,
    title=_("请求参数有误"),
    meaning=_("地址、请求头或参数缺少一项，或者某一项的格式不对。"),
    remedy=_("查看 detail 与 errors 指出的参数，对照 /api/v1/openapi.json 改正后重新发送。"),
)
INVALID_TOKEN = ProblemType(
    slug="invalid-token",
    status=401,
    title=_("访问令牌缺失或无效"),
    meaning=_("请求没有带访问令牌，或者令牌已过期、签名不对、不是发给本接口的。"),
    remedy=_("向统一身份认证取一个新的访问令牌，放在请求头 Authorization: Bearer 中重新发送；令牌不能放在地址里。"),
)
INSUFFICIENT_SCOPE = ProblemType(
    slug="insufficient-scope",
    status=403,
    title=_("访问令牌的范围不够"),
    meaning=_("令牌有效，但没有这一操作需要的范围。"),
    remedy=_("取令牌时申请 WWW-Authenticate 响应头中 scope 所列的范围；没有资格申请时，请管理员为应用开通。"),
)
NOT_PERMITTED = ProblemType(
    slug="not-permitted",
    status=403,
    title=_("没有权限"),
    meaning=_("调用者的角色或单位不允许做这一操作。"),
    remedy=_("请管理员为账号或应用设置所属单位与角色（受理办件需要综窗人员角色）。"),
)
NOT_FOUND = ProblemType(
    slug="not-found",
    status=404,
    title=_("没有找到"),
    meaning=_("地址有误，或者所指的事项、办件、材料不存在，或者不在调用者的单位与区划范围内。"),
    remedy=_("核对编号；事项编号见 /api/v1/matters，办件编号见受理时的回执。"),
)
METHOD_NOT_ALLOWED = ProblemType(
    slug="method-not-allowed",
    status=405,
    title=_("此地址不支持该方法"),
    meaning=_("地址存在，但不接受这一 HTTP 方法。"),
    remedy=_("使用响应头 Allow 中列出的方法。"),
)
CASE_STATE = ProblemType(
    slug="case-state",
    status=409,
    title=_("办件现在的状态不允许这样做"),
    meaning=_("办件已经办结、撤回或退件，不能再撤回或补交材料。"),
    remedy=_("先查看办件的当前状态；需要时重新提交一份申请。"),
)
DUPLICATE_CASE = ProblemType(
    slug="duplicate-case",
    status=409,
    title=_("同一申请正在办理"),
    meaning=_("这位申请人的同一事项已有一个办件正在办理，没有产生新的办件。"),
    remedy=_("查看 detail 中所指的办件，不必重复申请；确需重新申请时，先撤回它。"),
)
IN_PROGRESS = ProblemType(
    slug="in-progress",
    status=409,
    title=_("同一请求正在处理"),
    meaning=_("同一 Idempotency-Key 的请求正在处理，尚无结果。"),
    remedy=_("稍等片刻，用同一个键和同样的内容再发一次，会得到同一个结果。"),
)
TOO_LARGE = ProblemType(
    slug="too-large",
    status=413,
    title=_("内容过大"),
    meaning=_("请求正文超过上限：申请表 512 KB，单份材料 10 MB，部门回调 256 KB。"),
    remedy=_("缩短文字，或把文件压缩、拆分后再发送；大的内容请作为材料上传，不要写进表单。"),
)
UNSUPPORTED_MEDIA_TYPE = ProblemType(
    slug="unsupported-media-type",
    status=415,
    title=_("不支持的内容类型"),
    meaning=_("Content-Type 不是该操作接受的类型，或者文件的真实类型不被接受。"),
    remedy=_("申请与撤回使用 application/json；材料使用 image/jpeg、image/png 或 application/pdf。"),
)
INVALID_APPLICATION = ProblemType(
    slug="invalid-application",
    status=422,
    title=_("申请内容需要修改"),
    meaning=_("申请没有受理：errors 逐项列出每个有问题的字段或材料。没有产生办件。"),
    remedy=_("按 errors 中每一项的 pointer 找到字段，照 detail 修改后重新提交。"),
)
INVALID_FILE = ProblemType(
    slug="invalid-file",
    status=422,
    title=_("文件不能接收"),
    meaning=_("文件的内容与它的类型或名称不符，或者文件是空的、已损坏。文件没有保存。"),
    remedy=_("换成内容与类型一致的 JPG、PNG 或 PDF 文件后重新上传。"),
)
KEY_REUSED = ProblemType(
    slug="idempotency-key-reused",
    status=422,
    title=_("Idempotency-Key 已用于另一份申请"),
    meaning=_("这个键之前随另一份内容提交过。为防止重复或混淆，没有产生新的办件。"),
    remedy=_("新的申请使用新的键；重发同一份申请时内容必须完全相同。"),
)
TOO_MANY_REQUESTS = ProblemType(
    slug="too-many-requests",
    status=429,
    title=_("查询过于频繁"),
    meaning=_("短时间内查询次数过多，已暂停，以防有人试猜查询码。"),
    remedy=_("等到响应头 Retry-After 所示的秒数之后再查；急用可拨打 12345 或到窗口查询。"),
)
UNAVAILABLE = ProblemType(
    slug="unavailable",
    status=503,
    title=_("系统暂时不可用"),
    meaning=_("所依赖的部分暂时没有应答：请求没有执行，或者已经执行而结果没能确认。"),
    remedy=_("稍后用同一个 Idempotency-Key 重试。"),
)
STORAGE_FULL = ProblemType(
    slug="storage-full",
    status=503,
    title=_("存储空间已满"),
    meaning=_("没有空间保存，请求没有执行，也没有留下任何一部分。已经受理的办件不受影响。"),
    remedy=_("请告知管理员；腾出空间后，用同一个 Idempotency-Key 重试。"),
)

PROBLEM_TYPES: tuple[ProblemType, ...] = (
    INVALID_JSON,
    INVALID_REQUEST,
    INVALID_TOKEN,
    INSUFFICIENT_SCOPE,
    NOT_PERMITTED,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    CASE_STATE,
    DUPLICATE_CASE,
    IN_PROGRESS,
    TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    INVALID_APPLICATION,
    INVALID_FILE,
    KEY_REUSED,
    TOO_MANY_REQUESTS,
    UNAVAILABLE,
    STORAGE_FULL,
)
BY_SLUG = {kind.slug: kind for kind in PROBLEM_TYPES}
