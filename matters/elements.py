"""The 12 elements of a service guide (办事指南), as typed objects; field names and order as in the matter files.

Coded values are `{code, label}` from config/codes.yaml (most are GB/T 39046-2020 Annex A).
"""

from typing import Literal

from matters.codes import Code
from matters.declared import Declared

Unit = Literal["working_day", "natural_day", "none"]


class Duration(Declared):
    """A number of days; `none` says that no uniform limit exists."""

    value: int
    unit: Unit


class ExplainedDuration(Duration):
    explanation: str


class BasicInfo(Declared):
    """Element 1, 基本信息. National codes are opaque strings, null until assigned."""

    item_code: str
    national_catalog_code: str | None
    implementation_code: str | None
    name: str
    matter_type: Code
    handling_type: Code
    service_objects: tuple[Code, ...]
    provincial_department: str
    implementing_body: str
    implementing_body_nature: Code
    commissioned_body: str
    joint_departments: tuple[str, ...]
    exercise_level: Code
    power_source: Code | None
    topic: str
    handling_scope: Code
    online_depth: Code
    on_site_visits: int
    quantity_limit: str
    version: int
    status: Code


class LegalBasis(Declared):
    """Element 2, 设定依据: `gist` is a paraphrase, `article` null when it was not confirmed."""

    title: str
    doc_no: str | None
    article: str | None
    issuer: str
    gist: str
    confidence: Literal["high", "medium", "low"]


class Supplement(Declared):
    one_time_notice: bool
    deadline: Duration
    timeout_outcome: str


class Tolerance(Declared):
    """容缺受理: which materials may follow later, and until when."""

    allowed: bool
    materials: tuple[str, ...]
    deadline: Duration | None


class Commitment(Declared):
    """告知承诺: which proofs a written commitment replaces."""

    allowed: bool
    items: tuple[str, ...]


class AcceptanceCriteria(Declared):
    """Element 3, 受理标准; `review_points` are for the clerk."""

    conditions: tuple[str, ...]
    rejection_cases: tuple[str, ...]
    review_points: tuple[str, ...]
    acceptance_decision_limit: Duration
    supplement: Supplement
    tolerance: Tolerance
    commitment: Commitment


class Situation(Declared):
    """Element 4, 办理情形: materials, limits and form hang on it."""

    id: str
    name: str
    name_en: str
    condition: str
    promised_override: Duration | None


class WarningLights(Declared):
    yellow_remaining_working_days: int
    red: str


class TimeLimits(Declared):
    """Element 5, 办理时限: what the law allows and what is promised."""

    statutory: ExplainedDuration
    promised: ExplainedDuration
    excluded_periods: tuple[str, ...]
    warning: WarningLights


class Step(Declared):
    seq: int
    code: str
    name: str
    actor: str
    duration: Duration
    counted_in_time_limit: bool
    output: str
    description: str


class SpecialProcedure(Declared):
    """特别程序: type 1 prolongs the review, 2 is anything else (GB/T 39046 A.7)."""

    type: Literal["1", "2"]
    name: str
    max_duration: Duration
    counted: bool
    basis: str


class Process(Declared):
    """Element 6, 受理流程."""

    steps: tuple[Step, ...]
    special_procedures: tuple[SpecialProcedure, ...]
    intermediary_services: tuple[str, ...]


class FeeItem(Declared):
    name: str
    standard: str
    basis: str
    reducible: bool


class Fees(Declared):
    """Element 7, 收费信息; contributions are not fees."""

    charged: bool
    items: tuple[FeeItem, ...]
    online_payment: bool
    note: str


class Exemption(Declared):
    """免提交: how a material need not be handed in; `reference` says from where it is read."""

    method: Literal["e_license", "data_share", "commitment", "generated", "reuse", "none"]
    label: str
    reference: str | None


class Material(Declared):
    """Element 8, 材料清单: one named material."""

    id: str
    name: str
    name_en: str
    need: Code
    kind: Code
    format: Code
    original_copies: int
    duplicate_copies: int
    source: Code
    issuer: str
    exemption: Exemption
    situations: tuple[str, ...]
    acceptance_standard: str
    fill_notes: str | None
    blank_form: bool

    def applies_to(self, situation: str) -> bool:
        """Tell whether the material belongs to the situation."""
        return "all" in self.situations or situation in self.situations


class DataReflux(Declared):
    """数据回流: data item ids handed back to the townships that produced them."""

    fields: tuple[str, ...]
    consumers: tuple[str, ...]
    trigger: str


class Result(Declared):
    """Element 9, 审批结果."""

    result_type: Code
    name: str
    sample: str
    e_license: bool
    validity: str
    delivery: tuple[str, ...]
    data_reflux: DataReflux


class Channels(Declared):
    """Element 10, 办理渠道. A county may set location, service_hours and online_entry, nothing else."""

    forms: tuple[Code, ...]
    location: str
    service_hours: str
    online_entry: str
    appointment: bool
    express_delivery: bool
    self_service_terminal: bool
    assisted_handling: bool
    village_acceptance: bool
    proxy_allowed: bool


class Contact(Declared):
    kind: str
    value: str


class Remedy(Declared):
    kind: str
    body: str
    time_limit: str


class Supervision(Declared):
    """Element 11, 咨询监督与救济."""

    consultation: tuple[Contact, ...]
    complaint: tuple[Contact, ...]
    evaluation: str
    rights: tuple[str, ...]
    obligations: tuple[str, ...]
    remedies: tuple[Remedy, ...]


class Question(Declared):
    """Element 12, 常见问题."""

    question: str
    answer: str
