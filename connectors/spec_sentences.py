"""The sentences in which a spec's mistakes are told, by their shape: what was expected, and the mend, for people.

`near`, `keys` and `value` as a mend mean: name what may stand there (`connectors.mending`).
"""

import re
from typing import Final

from connectors.messages import N_

Sentence = tuple[re.Pattern[str], str, str]

_QUOTE: Final = N_('给这个值加上双引号，例如 "30"')
_ADD: Final = N_("加上这一项")
_REMOVE: Final = N_("删去这一项，或改用与之相配的设置")


def _told(pattern: str, expected: str, mend: str = "") -> Sentence:
    return re.compile(pattern, re.DOTALL), expected, mend


SENTENCES: Final[tuple[Sentence, ...]] = (
    # ---- blanks, fields, the file ----
    _told(
        r"a blank is left: (?P<blank>.*)",
        N_("还有一处空没有填写：{blank}"),
        N_("用部门接口文档中的内容替换《？…》，连书名号一起换掉"),
    ),
    _told(
        r"no guide has the field '(?P<word>[^']*)': there are (?P<names>.*)",
        N_("办事指南的表单中没有字段 {word}"),
        "near",
    ),
    _told(
        r"YAML: .*",
        N_("这里不是有效的 YAML"),
        N_("看这一行和上一行：缩进是否用空格对齐，冒号后是否有空格，引号和括号是否成对；值中有冒号或井号时加双引号"),
    ),
    _told(
        r"a tab stands here: expected blanks",
        N_("行首有制表符（Tab）"),
        N_("把它换成空格，每层缩进两格"),
    ),
    _told(
        r"a Chinese (?P<mark>.*) stands here: expected (?P<meant>.*)",
        N_("这里的 {mark} 是中文符号"),
        N_("换成英文符号：{meant}"),
    ),
    _told(
        r"expected UTF-8, this is (?P<found>.*)",
        N_("文件不是 UTF-8 编码，看起来是 {found}"),
        N_("在编辑器中另存为 UTF-8"),
    ),
    _told(
        r"there is no such file, or it can't be opened",
        N_("没有这个文件，或打不开"),
        N_("核对文件名和目录；对接说明的文件名以 .yaml 结尾"),
    ),
    _told(
        r"a character that no file may hold: (?P<code>.*)",
        N_("这里有一个看不见的控制字符（{code}）"),
        N_("删去这一行重新输入"),
    ),
    _told(
        r"an alias \(\*\) that holds itself: .*",
        N_("有一处引用（*）引用了自己"),
        N_("去掉引用，写出内容"),
    ),
    _told(
        r"Input should be a valid dictionary or instance of SystemSpec",
        N_("文件是空的，或最外层不是“名称: 值”"),
        N_("从另一个系统的对接说明复制一份开始，例如 config/systems/mz-elder.yaml"),
    ),
    _told(r"stands here twice", N_("同一层有两个相同的名称"), N_("删去或改名其中一个")),
    _told(r"fewer levels in one another", N_("层级太深"), N_("减少嵌套的层数")),
    _told(r"a word as key", N_("冒号前应为一个名称"), N_("把冒号前的列表或对象改为一个名称")),
    _told(r"a document a person can read", N_("内容太多"), N_("删去重复引用的内容")),
    _told(r"the id is the file's name: (?P<id>.*)", N_("编号应为 {id}"), N_("把 id 改为 {id}")),
    _told(r"the id of the system it is registered for: (?P<id>.*)", N_("编号应为 {id}"), N_("把 id 改为 {id}")),
    # ---- shapes ----
    _told(r"there is no such key here", N_("这里没有这一项"), "keys"),
    _told(r"Field required", N_("缺少必须有的一项"), _ADD),
    _told(r"Input should be a valid string.*", N_("应为文字"), _QUOTE),
    _told(r"Input should be a valid (?:integer|number).*", N_("应为数字"), N_("写成不加引号的数字")),
    _told(r"Input should be a valid boolean.*", N_("应为 true 或 false"), N_("写成 true 或 false，不加引号")),
    _told(
        r"Input should be a valid (?:dictionary|mapping).*",
        N_("应为下一层的若干项（名称: 值）"),
        N_("在下一行缩进写“名称: 值”"),
    ),
    _told(r"Input should be a valid (?:tuple|list).*", N_("应为列表"), N_("写成 [甲, 乙]，或每行以“- ”开头")),
    _told(r"Input should be (?P<names>'.*)", N_("这个值不在可用的值之中"), "value"),
    _told(r"Input should be (?P<number>-?[\d.]+)", N_("应为 {number}"), N_("改为 {number}")),
    _told(r"Input should be greater than or equal to (?P<number>.*)", N_("不能小于 {number}"), N_("改大一些")),
    _told(r"Input should be greater than (?P<number>.*)", N_("应大于 {number}"), N_("改大一些")),
    _told(r"Input should be less than or equal to (?P<number>.*)", N_("不能大于 {number}"), N_("改小一些")),
    _told(
        r"String should match pattern '(?P<pattern>.*)'",
        N_("写法不对，应符合 {pattern}"),
        N_("路径以斜杠开头；编号用小写字母、数字和连字符；时间写成 08:30"),
    ),
    _told(r"String should have at least (?P<number>\d+) characters?", N_("至少 {number} 个字"), _ADD),
    _told(r"String should have at most (?P<number>\d+) characters?", N_("最多 {number} 个字"), N_("写短一些")),
    _told(r"(?:Tuple|List|Dictionary) should have at least (?P<number>\d+) items?.*", N_("至少要有 {number} 项"), _ADD),
    _told(
        r"Input tag '(?P<word>[^']*)' found using 'kind' .* tags: (?P<names>.*)", N_("没有 {word} 这种方式"), "value"
    ),
    _told(r"Unable to extract tag using discriminator 'kind'", N_("没有写明用哪种方式（kind）"), N_("加上 kind")),
    # ---- expressions ----
    _told(r"unknown path '(?P<word>[^']*)': it begins with one of (?P<names>.*)", N_("没有 {word} 这个来源"), "near"),
    _told(r"unknown path '(?P<word>[^']*)': \w+ has (?P<names>.*)", N_("没有 {word} 这个来源"), "near"),
    _told(
        r"unknown path '(?P<word>[^']*)': nothing follows (?P<root>.*)", N_("{root} 后面不再有别的"), N_("只写 {root}")
    ),
    _told(r"unknown filter '(?P<word>[^']*)': there are (?P<names>.*)", N_("没有 {word} 这种处理"), "near"),
    _told(
        r"'(?P<word>.*)' is not a path; a constant text stands in single quotes",
        N_("{word} 不是来源"),
        N_("固定的文字放在单引号中，外面再加双引号"),
    ),
    _told(r"expected an expression, got nothing", N_("缺少来源"), N_("写上取自哪里，例如 form.applicant_name")),
    _told(r"expected an expression", N_("应写明取自哪里"), N_("写上取自哪里，例如 form.applicant_name")),
    _told(r"expected a path or a 'text', got .*", N_("应写明取自哪里"), N_("写上取自哪里，例如 form.applicant_name")),
    _told(r"can't be read from (?P<rest>.*) on", N_("从 {rest} 起读不懂"), N_("检查引号、括号和竖线")),
    _told(
        r"expected \| and a filter, got (?P<rest>.*)",
        N_("{rest} 前应有竖线"),
        N_("处理之间用竖线隔开，例如 form.x | upper"),
    ),
    _told(r"a bracket is not closed", N_("括号没有配对"), N_("补上右括号")),
    _told(r"arguments are separated by commas", N_("参数之间应有逗号"), N_("用逗号隔开参数")),
    _told(
        r"(?P<name>\w+)\(table\) names one of the spec's tables: (?P<names>.*)",
        N_("{name} 应写明用哪张代码表（codes 中的名称）"),
        N_("可用的代码表：{names}"),
    ),
    _told(
        r"(?P<name>\w+) takes (?P<least>\d+) to (?P<most>\d+) arguments, got (?P<given>\d+)",
        N_("{name} 有 {least} 至 {most} 个参数，写了 {given} 个"),
        N_("改正参数的个数"),
    ),
    _told(
        r"(?:date|parse_date): expected a pattern .*, got (?P<given>.*)",
        N_("{given} 不是时间的写法"),
        N_("用这些字母：yyyy MM dd HH mm ss SSS（区分大小写），或 epoch、epoch_ms；引号用英文单引号"),
    ),
    _told(
        r"\w+: expected a character set, got (?P<given>.*)",
        N_("没有 {given} 这种字符集"),
        N_("写成 'utf-8'、'gb18030' 或 'gbk'"),
    ),
    _told(
        r"(?P<name>\w+): expected (?P<wanted>a .*|'refuse' or 'cut'), got (?P<given>.*)",
        N_("{name} 的参数 {given} 不对"),
        N_("改为：{wanted}"),
    ),
    _told(
        r"not a CEL expression: (?P<why>.*)",
        N_("条件写得不对：{why}"),
        N_("条件的写法例如 status == 200 && body.code == 0；文字放在单引号中"),
    ),
    _told(r"unknown variable '(?P<word>[^']*)': there are (?P<names>.*)", N_("条件中没有 {word} 这个名称"), "near"),
    # ---- mappings ----
    _told(r"a mapping holds texts, .*", N_("这里只能写文字、数字、列表或下一层"), N_("日期请加双引号")),
    _told(
        r"(?P<word>\$\w+) stands with (?P<names>.*) only, not (?P<more>.*)",
        N_("{word} 只能与 {names} 同用"),
        N_("把 {more} 移到别处"),
    ),
    _told(r"unknown word: there are (?P<names>.*)", N_("没有这个 $ 词"), N_("可用的有：{names}")),
    _told(
        r"unknown fragment (?P<word>.*): there are (?P<names>.*)",
        N_("没有 {word} 这个片段（fragments）"),
        N_("可用的有：{names}"),
    ),
    _told(
        r"expected a shorter expression: at most (?P<most>\d+) characters",
        N_("条件太长，最多 {most} 个字符"),
        N_("分成几条规则来写"),
    ),
    _told(
        r"expected fewer lists in one expression: at most (?P<most>\d+) of .*",
        N_("一个条件中最多用 {most} 次 all、exists、map 或 filter"),
        N_("分成几条规则来写"),
    ),
    _told(
        r"expected all\( or exists\(: map and filter .*",
        N_("条件中不能用 map 和 filter"),
        N_("改用 all 或 exists"),
    ),
    _told(
        r"expected only what belongs to the row within .*",
        N_("all 和 exists 的括号中只能写这一行的内容"),
        N_("把与整个应答有关的条件写在括号外面，用 && 连接"),
    ),
    _told(
        r"expected plain texts in quotation marks beside .*",
        N_("all 和 exists 旁边只能写普通文字，不能有注释"),
        N_("文字放在一对引号中，去掉注释"),
    ),
    _told(r"fragment (?P<word>.*) uses itself", N_("片段 {word} 引用了自己"), N_("去掉其中一处引用")),
    _told(
        r"fragment (?P<word>.*) is not an object",
        N_("片段 {word} 应为若干项（名称: 值）"),
        N_("在片段下缩进写“名称: 值”"),
    ),
    _told(
        r"\$payload stands in the envelope only",
        N_("$payload 只能写在 connection.envelope 中"),
        N_("移到 connection.envelope"),
    ),
    _told(r"expected a list", N_("应为列表"), N_("写成 [甲, 乙]，或每行以“- ”开头")),
    # ---- between the parts ----
    _told(r"expected outcome rules, here or for the whole system", N_("没有说明应答是什么意思"), N_("加上 outcomes")),
    _told(
        r"resend_unknown is probe: expected a probe section",
        N_("resend_unknown 为 probe 时要有 probe 一节"),
        N_("加上 probe，或改为 never"),
    ),
    _told(
        r"expected rows and our_number together: .*",
        N_("一次问多件时，rows（结果各行在哪里）和 our_number（每一行是哪一件）要一起写"),
        _ADD,
    ),
    _told(
        r"expected rows: only a question about many cases is asked of several at once",
        N_("at_once 只用于一次问多件：还要写 rows 和 our_number"),
        _ADD,
    ),
    _told(
        r"one question about many cases is asked by rest_json and soap only",
        N_("只有 rest_json 和 soap 能一次问多件"),
        _REMOVE,
    ),
    _told(
        r"an async operation needs a poll, a callback or a results section to hear its result",
        N_("结果稍后返回的操作要说明怎样知道结果"),
        N_("加上 poll、callback 或 results，或把 mode 改为 sync"),
    ),
    _told(
        r"manual sends nothing: operations of it have no request",
        N_("人工送达的系统不发送内容"),
        N_("去掉各操作的 request，或改 transport"),
    ),
    _told(
        r"transport (?P<kind>\w+): expected a section of this name",
        N_("transport 为 {kind} 时要有 {kind} 一节"),
        N_("加上 {kind} 一节"),
    ),
    _told(
        r"this section stands with transport: (?P<kind>\w+) only", N_("只有 transport 为 {kind} 时才有这一节"), _REMOVE
    ),
    _told(
        r"files are handed over by rest_json, soap and form_post only",
        N_("只有 rest_json、soap 和 form_post 能传附件"),
        _REMOVE,
    ),
    _told(
        r"expected upload with rest_json and soap, form_field with form_post",
        N_("附件怎样送出没有写对"),
        N_("transport 为 rest_json 或 soap 时写 upload，为 form_post 时写 form_field，两者只写一个"),
    ),
    _told(
        r"no operation reads attachments: expected one that names the files",
        N_("没有操作用到 attachments，附件不会发送"),
        N_("在操作的报文中用 $each: attachments 列出附件，用 row.ref 写部门给的编号"),
    ),
    _told(
        r"expected a request, or manual: true without one",
        N_("要么有 request，要么写 manual: true"),
        N_("加上 request，或改为 manual: true"),
    ),
    _told(r"there is no operation '(?P<word>[^']*)'", N_("没有 {word} 这个操作"), N_("改为 operations 中的名称")),
    _told(r"unknown operation '(?P<word>[^']*)'", N_("没有 {word} 这个操作"), N_("改为 operations 中的名称")),
    _told(r"sm2_body signs no time of its own: .*", N_("这种签名不含时间，要写明 sent_at"), N_("加上 sent_at")),
    _told(
        r"expected a path below the department's address: .*",
        N_("这里写部门地址之下的路径"),
        N_("以一个斜杠开头，例如 /api/cases；不含 ..、反斜杠和井号；主机地址由运维人员写入地址文件"),
    ),
    _told(
        r"expected the name of a header of the department's own: .*",
        N_("这里写部门自己的报文头名称"),
        N_("用字母、数字和连字符；Host、Content-Length 等由系统自己填写"),
    ),
    _told(
        r"a secret in clear: .*",
        N_("这里像是凭据本身"),
        N_("把凭据存成文件，在 connection.auth 中只写文件名；写过的凭据请立即更换"),
    ),
    _told(
        r"expected the NAME of a file .*",
        N_("这里写凭据文件的名称，绝不写凭据本身"),
        N_("把凭据存成文件，这里只写文件名（小写字母、数字、点、横线）；写过的凭据请立即更换"),
    ),
    _told(
        r"our_number or department_number: .*",
        N_("要写明怎样知道是哪个办件"),
        N_("加上 our_number 或 department_number"),
    ),
    _told(
        r"'(?P<word>.*)' is not among the declared columns or fields",
        N_("{word} 不在声明的列或字段之中"),
        N_("在 columns 或 fields 中加上，或改名"),
    ),
    _told(
        r"(?:back: )?(?P<word>\w+) is not among the (?:columns|fields)",
        N_("{word} 不在声明的列或字段之中"),
        N_("在 columns 或 fields 中加上，或改名"),
    ),
    _told(
        r"(?:back: )?(?P<word>\w+) is when .* was written: expected a moment",
        N_("{word} 应为时间列"),
        N_("把这一列声明为时间列（moment）"),
    ),
    _told(
        r"expected one of bytes, characters, decimals, moment",
        N_("每列恰有 bytes、characters、decimals、moment 之一"),
        N_("只留一个"),
    ),
    _told(r"back: a read flag belongs to a table of results", N_("读取标记只用于结果表"), _REMOVE),
    _told(
        r"at most (?P<most>\d+): only batch files take more together",
        N_("最多 {most}；只有批次文件可以更多"),
        N_("改小一些"),
    ),
    _told(r"a password needs a user", N_("有密码就要有账号"), N_("加上 user")),
    _told(r"each field has a name of its own", N_("字段名称不能重复"), N_("改名其中一个")),
    _told(r"our files and theirs need .*", N_("我方与对方的文件须用不同的前缀或目录"), N_("改 prefix 或 folder")),
    _told(r"the filter sm4 seals columns of exchange tables only", N_("sm4 只用于交换表的列"), N_("去掉 sm4")),
    _told(
        r"expected one of day, nth with weekday, last_working_days",
        N_("写明每月的哪一天"),
        N_("day、nth 加 weekday、last_working_days 三者选一"),
    ),
    # ---- WSDL ----
    _told(
        r"there is no wsdl/(?P<file>.*) beside the spec",
        N_("没有找到 WSDL 文件 {file}"),
        N_("请运维人员把文件放入 config/systems/wsdl，或去掉 file"),
    ),
    _told(r"not a WSDL that can be read", N_("WSDL 文件读不了"), N_("请部门重新提供 WSDL")),
    _told(
        r"the contract changed: .* pin (?P<digest>\w+)",
        N_("WSDL 与登记的指纹不一致：部门改动了接口"),
        N_("核对改动、修改对接说明后，把 sha256 改为 {digest}"),
    ),
    _told(r"the WSDL has no call '(?P<word>[^']*)': there are (?P<names>.*)", N_("WSDL 中没有方法 {word}"), "near"),
    _told(
        r"(?P<call>\w+) has no argument '(?P<word>[^']*)': there are (?P<names>.*)",
        N_("方法 {call} 没有参数 {word}"),
        "near",
    ),
)
