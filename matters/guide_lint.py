"""Guide lint: what no published guide may have (errors) and what an editor should look at again (warnings)."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from matters import lint_form
from matters.codes import Code, CodeTables
from matters.data_items import DataItems
from matters.elements import Duration
from matters.guide import ELEMENTS, Matter
from matters.lint_findings import Finding, error, warning
from matters.messages import N_

__all__ = ["Finding", "lint"]

_VAGUE = re.compile(
    r"其他材料|其它材料|相关(证明|材料|资料)|有关(证明|材料|资料)|法律法规规定的其他|无法.{0,20}获取的|等材料$|必要的?(证明|材料)$"
)
_INSTANT, _PROMISED = "1", "2"
_ELECTRONIC_ONLY = "2"

MAY_BE_EMPTY = frozenset(
    {
        "joint_departments", "national_catalog_code", "implementation_code", "power_source", "article", "doc_no",
        "items", "special_procedures", "intermediary_services", "excluded_periods", "deadline", "promised_override",
        "reference", "fill_notes", "description", "note", "basis", "sample",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a guide may refer to; without `systems` targets are not looked up."""

    items: DataItems
    codes: CodeTables
    systems: Collection[str] | None = None


Rule = Callable[[Matter, Known], Iterator[Finding]]


def lint(
    matter: Matter, *, items: DataItems, codes: CodeTables, systems: Collection[str] | None = None
) -> list[Finding]:
    """Return all findings, errors first; a guide with an error is not published."""
    known = Known(items=items, codes=codes, systems=systems)
    found = [finding for rule in RULES for finding in rule(matter, known)]
    found += lint_form.lint_form(matter, items)
    return sorted(found, key=lambda finding: finding.severity != "error")


def missing_elements(matter: Matter, _known: Known) -> Iterator[Finding]:
    """All 12 elements have content, down to every value that may not be left empty."""
    guide = matter.document()["guide"]
    for element in ELEMENTS:
        if not guide.get(element):
            yield error(f"guide/{element}", "element_empty", N_("要素“{element}”为空，请补全"), element=element)
        else:
            yield from _empty_values(guide[element], f"guide/{element}", element)


def _empty_values(value: object, place: str, key: str) -> Iterator[Finding]:
    if isinstance(value, dict):
        for name, inner in value.items():
            # Materials may be empty in `tolerance` alone: there it says that nothing may follow later.
            yield from _empty_values(
                inner, f"{place}/{name}", "items" if (key, name) == ("tolerance", "materials") else name
            )
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _empty_values(inner, f"{place}/{index}", key)
    elif (value is None or value in ("", [])) and key not in MAY_BE_EMPTY:
        yield error(place, "value_empty", N_("“{place}”没有填写，请补全"), place=place)


def vague_materials(matter: Matter, _known: Known) -> Iterator[Finding]:
    for index, material in enumerate(matter.guide.materials):
        if _VAGUE.search(material.name):
            message = N_("材料名称“{name}”不具体，请写明是什么证件或文书")
            yield error(f"guide/materials/{index}/name", "material_vague", message, name=material.name)


def time_limits(matter: Matter, _known: Known) -> Iterator[Finding]:
    """The promise keeps within the law's limit and the kind of the matter, in every situation."""
    limits = matter.guide.time_limits
    promises: list[tuple[str, Duration]] = [("guide/time_limits/promised", limits.promised)]
    for index, situation in enumerate(matter.guide.situations):
        if situation.promised_override is not None:
            promises.append((f"guide/situations/{index}/promised_override", situation.promised_override))
    for place, promised in promises:
        is_comparable = limits.statutory.unit == promised.unit != "none" and limits.statutory.value > 0
        if is_comparable and promised.value > limits.statutory.value:
            message = N_("承诺时限{promised}天长于法定时限{statutory}天，请缩短")
            yield error(place, "promise_too_long", message, promised=promised.value, statutory=limits.statutory.value)
        yield from _fits_handling_type(matter, place, promised)


def _fits_handling_type(matter: Matter, place: str, promised: Duration) -> Iterator[Finding]:
    handling = matter.guide.basic_info.handling_type.code
    if handling == _INSTANT and promised.value > 1:
        yield error(place, "instant_too_long", N_("即办件的承诺时限应为当日或次日"), promised=promised.value)
    if handling == _PROMISED and promised.value < 1:
        yield error(place, "promise_missing", N_("承诺件应写明承诺时限"), promised=promised.value)


def step_durations(matter: Matter, _known: Known) -> Iterator[Finding]:
    steps, promised = matter.guide.process.steps, matter.guide.time_limits.promised
    total = sum(s.duration.value for s in steps if s.counted_in_time_limit and s.duration.unit == promised.unit)
    if promised.unit != "none" and total > promised.value:
        message = N_("各环节合计{total}天，超过承诺时限{promised}天")
        yield error("guide/process/steps", "steps_too_long", message, total=total, promised=promised.value)
    if [step.seq for step in steps] != list(range(1, len(steps) + 1)):
        yield error("guide/process/steps", "step_numbers", N_("环节序号应从1开始连续编号"))


def situations_and_materials(matter: Matter, _known: Known) -> Iterator[Finding]:
    situations = [situation.id for situation in matter.guide.situations]
    yield from _repeated(situations, "guide/situations", N_("办理情形“{id}”重复"))
    yield from _repeated([m.id for m in matter.guide.materials], "guide/materials", N_("材料编号“{id}”重复"))
    for index, material in enumerate(matter.guide.materials):
        place = f"guide/materials/{index}"
        unknown = sorted(set(material.situations) - {"all", *situations})
        if unknown:
            message = N_("材料“{name}”写了没有的办理情形“{situation}”")
            yield error(f"{place}/situations", "situation_unknown", message, name=material.name, situation=unknown[0])
        is_electronic = material.format.code == _ELECTRONIC_ONLY
        if material.original_copies + material.duplicate_copies == 0 and not is_electronic:
            yield error(place, "no_copies", N_("材料“{name}”没有写明份数"), name=material.name)


def _repeated(ids: list[str], place: str, message: str) -> Iterator[Finding]:
    for repeated in sorted({one for one in ids if ids.count(one) > 1}):
        yield error(place, "id_repeated", message, id=repeated)


def tolerance(matter: Matter, _known: Known) -> Iterator[Finding]:
    rule, known = matter.guide.acceptance_criteria.tolerance, matter.materials_by_id
    place = "guide/acceptance_criteria/tolerance"
    for material in rule.materials:
        if material not in known:
            yield error(
                f"{place}/materials", "material_unknown", N_("容缺材料“{material}”不在材料清单中"), material=material
            )
    if rule.allowed and (not rule.materials or rule.deadline is None):
        yield error(place, "tolerance_incomplete", N_("允许容缺受理时，应写明容缺材料和补齐期限"))
    for index, material_spec in enumerate(matter.guide.materials):
        if material_spec.need.code == "3" and not (rule.allowed and material_spec.id in rule.materials):
            message = N_("材料“{name}”标为容缺后补，但容缺受理清单中没有它，窗口将按必要材料收取")
            yield warning(f"guide/materials/{index}/need", "tolerance_differs", message, name=material_spec.name)


def fees(matter: Matter, _known: Known) -> Iterator[Finding]:
    if matter.guide.fees.charged != bool(matter.guide.fees.items):
        yield error("guide/fees", "fees_differ", N_("是否收费与收费项目不一致"))


def legal_confidence(matter: Matter, _known: Known) -> Iterator[Finding]:
    for index, basis in enumerate(matter.guide.legal_basis):
        if basis.confidence != "high":
            message = N_("设定依据“{title}”尚待主管部门核实")
            yield warning(f"guide/legal_basis/{index}", "basis_unconfirmed", message, title=basis.title)


def code_pairs(matter: Matter, known: Known) -> Iterator[Finding]:
    """Every `{code, label}` stands in its table with that label."""
    for place, table, code in _coded(matter):
        label = known.codes[table].label(code.code) if table in known.codes else None
        if label != code.label:
            message = N_("代码“{pair}”不在代码表“{table}”中")
            yield error(place, "code_unknown", message, pair=f"{code.code} {code.label}", table=table)


def _coded(matter: Matter) -> Iterator[tuple[str, str, Code]]:
    info, place = matter.guide.basic_info, "guide/basic_info"
    for name, table, code in (
        ("matter_type", "matter_type", info.matter_type),
        ("handling_type", "handling_type", info.handling_type),
        ("implementing_body_nature", "body_nature", info.implementing_body_nature),
        ("exercise_level", "exercise_level", info.exercise_level),
        ("handling_scope", "handling_scope", info.handling_scope),
        ("online_depth", "online_depth", info.online_depth),
        ("status", "matter_status", info.status),
        ("power_source", "power_source", info.power_source),
    ):
        if code is not None:
            yield f"{place}/{name}", table, code
    for index, code in enumerate(info.service_objects):
        yield f"{place}/service_objects/{index}", "service_object", code
    for index, code in enumerate(matter.guide.channels.forms):
        yield f"guide/channels/forms/{index}", "channel_form", code
    yield "guide/result/result_type", "result_type", matter.guide.result.result_type
    for index, material in enumerate(matter.guide.materials):
        place = f"guide/materials/{index}"
        for name in ("need", "kind", "format", "source"):
            yield f"{place}/{name}", f"material_{name}", getattr(material, name)
        exemption = Code(code=material.exemption.method, label=material.exemption.label)
        yield f"{place}/exemption", "exemption_method", exemption


def reflux(matter: Matter, known: Known) -> Iterator[Finding]:
    for item in matter.guide.result.data_reflux.fields:
        if item not in known.items.by_id:
            message = N_("数据回流项“{item}”不在共享数据项中")
            yield error("guide/result/data_reflux/fields", "item_unknown", message, item=item)


def target(matter: Matter, known: Known) -> Iterator[Finding]:
    if known.systems is not None and matter.target.system not in known.systems:
        message = N_("没有登记的业务系统“{system}”")
        yield error("target/system", "system_unknown", message, system=matter.target.system)
    if matter.target.department != matter.department.id:
        yield error("target/department", "department_differs", N_("推送部门与事项主管部门不一致"))
    if (matter.target.mode == "sync") != (matter.target.result_via == "sync"):
        yield error("target/result_via", "result_via_differs", N_("推送方式与结果返回方式不一致"))


RULES: tuple[Rule, ...] = (
    missing_elements,
    vague_materials,
    time_limits,
    step_durations,
    situations_and_materials,
    tolerance,
    fees,
    legal_confidence,
    code_pairs,
    reflux,
    target,
)
