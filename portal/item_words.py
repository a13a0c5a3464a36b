"""Values of shared data items as people read them: labels of codes, masked by the item's rule unless shown in full."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from matters.form_fields import Option
from matters.guide import Matter
from matters.masking import HIDDEN, MaskRule, mask
from portal.library import Library, local
from portal.words import _


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLine:
    """One data item with its value; `is_masked` when something of it is hidden."""

    id: str
    label: str
    value: str = field(repr=False)
    is_masked: bool


class ItemWords:
    """Knows what the codes of each data item are called, from the forms that offer them."""

    def __init__(self, matters: Sequence[Matter], library: Library) -> None:
        self._library = library
        self._options: dict[str, dict[str, Option]] = {}
        for matter in matters:
            for each in matter.form.all_fields():
                for column in (each, *each.columns):
                    if column.source and column.options:
                        known = self._options.setdefault(column.source, {})
                        for option in column.options:
                            known.setdefault(option.code, option)

    def lines(self, items: Mapping[str, object], *, in_full: bool = False) -> tuple[ItemLine, ...]:
        """Return the items in their order, masked unless `in_full`."""
        labels = self._library.item_names(list(items))
        return tuple(self._line(item, label, items[item], in_full) for item, label in zip(items, labels, strict=True))

    def names(self, items: Iterable[str]) -> str:
        """Return the labels of data items, for a sentence."""
        return "、".join(self._library.item_names(list(items)))

    def _line(self, item: str, label: str, value: object, in_full: bool) -> ItemLine:
        text = self._text(item, value)
        rule = MaskRule.NONE if in_full else self._library.mask_rules.get(item, MaskRule.NONE)
        if _holds_people(value) and not in_full:
            return ItemLine(id=item, label=label, value=_("%(count)s人", count=len(_list(value))), is_masked=True)
        shown = "、".join(mask(rule, part) for part in _parts(text)) if rule is not MaskRule.NONE else text
        return ItemLine(id=item, label=label, value=shown or HIDDEN, is_masked=shown != text)

    def _text(self, item: str, value: object) -> str:
        if _holds_people(value):
            return "；".join(str(row.get("name", "")) for row in _list(value) if isinstance(row, Mapping))
        known = self._options.get(item, {})
        return "、".join(
            local(known[str(each)], "label") if str(each) in known else str(each)
            for each in (value if isinstance(value, list) else [value])
        )


def _parts(text: str) -> list[str]:
    return text.split("、")


def _holds_people(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(row, Mapping) for row in value)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
