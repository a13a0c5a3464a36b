"""A starting spec: commented YAML an owner goes on from, who has never seen YAML. Pure.

What it holds is `connectors.starting_document`; which words and numbers may stand at a place comes from the language's
own schema, so that it is never told otherwise than it is checked.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from connectors.messages import N_
from connectors.spec_schema import place
from connectors.starting_document import starting_document
from connectors.starting_words import Inline, NewSystem
from matters.guide import Matter

_COMMENTS: Final[Mapping[str, str]] = {
    "id": N_("系统编号，定下后不再改"),
    "version": N_("这份对接说明的版本，由您编写"),
    "name": N_("窗口人员看到的名称"),
    "protocol": N_("部门系统用什么方式对接"),
    "transport": N_("本平台怎样送达；manual 为人工送达"),
    "sso": N_("窗口人员怎样登录这个系统；path 是图标打开的地址"),
    "latency": N_("部门说明的响应时间，单位毫秒；超过 timeout_ms 视为没有答复"),
    "availability": N_("开放时间；此外的时间办件等待，不会丢失"),
    "connection": N_("怎样连接。地址不写在这里，由运维人员配置"),
    "connection.auth": N_("怎样证明是我们发的；secret 只写凭据文件的名称，绝不写凭据本身"),
    "connection.envelope": N_("每份报文的外层；$payload 处放业务内容"),
    "delivery": N_("怎样发送"),
    "delivery.concurrency": N_("同时最多发送几件"),
    "delivery.resend_unknown": N_("没有收到答复时：probe 先查对方是否已有，dedupe 对方会去重可以重发，never 由人核实"),
    "statuses": N_("部门的状态值: 我们的状态。把部门会返回的每个状态都写上"),
    "outcomes": N_("部门的应答是什么意思；自上而下，先符合的为准"),
    "operations": N_("操作：每种业务一个，名称与办事指南中的 operation 一致"),
    "operations.*.mode": N_("async 为结果稍后返回，sync 为当场返回结果"),
    "operations.*.request": N_("发送什么"),
    "operations.*.request.body": N_("左边是部门的字段名，请改成对方接口文档中的名称；右边是取自哪里"),
    "operations.*.request.required": N_("部门要求必有的字段；缺少时不发送，由人补齐"),
    "probe": N_("怎样问“你们有没有这个办件”"),
    "poll": N_("怎样问“办到哪一步了”"),
    "poll.every_seconds": N_("多少秒问一次"),
    "results": N_("部门返回的结果怎样读"),
    "soap": N_("SOAP 服务；按部门提供的 WSDL 填写"),
    "soap.wsdl": N_("WSDL 的地址和指纹；对方改动接口时停止发送并提醒"),
    "exchange_table": N_("前置库交换表"),
    "exchange_table.out": N_("我们写入的表"),
    "exchange_table.out.columns": N_("表的各列；characters 为最多字符数，bytes 为最多字节数"),
    "exchange_table.back": N_("部门写入结果的表"),
    "file_batch": N_("批次文件，经 SFTP 交换"),
    "file_batch.fields": N_("每行的字段，按顺序；bytes 为最多字节数"),
    "file_batch.receipt": N_("部门返回的回执文件"),
    "message_queue": N_("消息队列的主题和账号"),
    "form_post": N_("老旧网页系统：像人一样登录、填表、看列表"),
    "form_post.log_in": N_("登录页"),
    "form_post.list_page": N_("列出办件状态的页面"),
    "examples": N_("约定的例子：给出什么，应发送什么；部门手册中的每种应答都加上一个"),
}
_HEADINGS: Final[Mapping[str, str]] = {
    "schema_version": N_("一、这是什么系统"),
    "connection": N_("二、怎样连接和发送"),
    "exchange_table": N_("二、怎样连接和发送"),
    "file_batch": N_("二、怎样连接和发送"),
    "form_post": N_("二、怎样连接和发送"),
    "statuses": N_("三、部门的应答是什么意思"),
    "operations": N_("四、发送什么"),
    "probe": N_("五、怎样知道结果"),
    "results": N_("五、怎样知道结果"),
    "examples": N_("六、约定的例子"),
}
_INTRODUCTION: Final = (
    N_("《？…》是要填写的空，填写时连书名号一起换掉。"),
    N_("井号后面是说明，可以保留，也可以删去。缩进表示从属，请用空格，不要用制表符。"),
)
_SAFE: Final = re.compile(
    r"(?![\d.+-]|true$|false$|null$|yes$|no$|on$|off$)[^\s:#{}\[\],&*!|>'\"%@`?~-][^\n:#{}\[\],]*"
)
_MOST_COMMENTED: Final = 9


def starting_spec(system: NewSystem, matter: Matter | None, *, say: Callable[[str], str]) -> str:
    """Return the text of a starting spec, its comments and blanks in the language of `say`."""
    document = starting_document(system, matter, say)
    labels = _labels(matter, say)
    lines = [f"# {say(line)}" for line in _INTRODUCTION]
    told: set[str] = set()
    for key, value in document.items():
        heading = _HEADINGS.get(key)
        if heading is not None and heading not in told:
            told.add(heading)
            lines += ["", f"# {say(heading)}"]
        lines += _entry(key, value, (key,), document, say, labels)
    return "\n".join(lines) + "\n"


def _labels(matter: Matter | None, say: Callable[[str], str]) -> Mapping[str, str]:
    if matter is None:
        return {}
    must = say(N_("必填"))
    return {
        f.key: f"{f.label}（{must}）" if f.required and f.visible_when is None else f.label
        for f in matter.form.all_fields()
    }


def _entry(
    key: str,
    value: object,
    path: tuple[str, ...],
    document: object,
    say: Callable[[str], str],
    labels: Mapping[str, str],
) -> Iterator[str]:
    indent = "  " * (len(path) - 1)
    comment = _comment(path, value, document, say)
    if path[-2:-1] == ("body",) and path[0] == "operations":
        comment = labels.get(key, comment)
    note = f"  # {comment}" if comment else ""
    if isinstance(value, Inline) or not isinstance(value, dict | list) or not value or _is_short(value):
        yield f"{indent}{_scalar(key)}: {_flow(value)}{note}"
        return
    yield f"{indent}{_scalar(key)}:{note}"
    if isinstance(value, dict):
        for inner, content in value.items():
            yield from _entry(str(inner), content, (*path, str(inner)), document, say, labels)
        return
    for number, item in enumerate(value):
        yield from _item(item, (*path, str(number)), document, say, labels)


def _item(
    item: object, path: tuple[str, ...], document: object, say: Callable[[str], str], labels: Mapping[str, str]
) -> Iterator[str]:
    indent = "  " * (len(path) - 1)
    if isinstance(item, Inline) or not isinstance(item, dict):
        yield f"{indent}- {_flow(item)}"
        return
    inner = [line for k, v in item.items() for line in _entry(str(k), v, (*path, str(k)), document, say, labels)]
    # The first key of an item stands beside its dash, the others below it.
    yield f"{indent}- {inner[0][len(indent) + 2 :]}"
    yield from inner[1:]


def _is_short(value: object) -> bool:
    return isinstance(value, list) and all(not isinstance(item, dict | list) for item in value)


def _comment(path: tuple[str, ...], value: object, document: object, say: Callable[[str], str]) -> str:
    name = ".".join(("operations", "*", *path[2:]) if path[0] == "operations" and len(path) > 2 else path)
    words = [say(_COMMENTS[name])] if name in _COMMENTS else []
    known = place(path, document)
    if known is not None and 1 < len(known.choices) <= _MOST_COMMENTED and not isinstance(value, dict):
        words.append(say(N_("可选")) + " " + " ".join(known.choices))
    return "；".join(words)


def _flow(value: object) -> str:
    match value:
        case Mapping():
            return "{" + ", ".join(f"{_scalar(str(k))}: {_flow(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(_flow(item) for item in value) + "]"
        case str():
            return _scalar(value)
        case _:
            return json.dumps(value)


def _scalar(text: str) -> str:
    # What will stand in place of a blank may be `30` or hold a colon: in quotes it stays a text.
    plain = _SAFE.fullmatch(text) and text == text.strip() and "《" not in text
    return text if plain else json.dumps(text, ensure_ascii=False)
