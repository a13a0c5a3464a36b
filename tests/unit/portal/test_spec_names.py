"""What a spec calls its system, read from a text that need not be valid, by whoever may see the page."""

import pytest

from portal.registering import names_in


def test_the_names_are_read_as_they_first_stand() -> None:
    assert names_in('id: a\nname: "高龄津贴"\nname_en: Old age # note\nname: again\n') == {
        "name": "高龄津贴",
        "name_en": "Old age",
    }


@pytest.mark.parametrize(
    "written",
    ["[&a [x, x], &b [*a, *a], &c [*b, *b]]", "{a: &a [x], b: [*a, *a]}", '"open', "*nobody", "[" * 900, "x" * 2000],
)
def test_what_is_no_name_is_left_out_and_never_written_out(written: str) -> None:
    assert names_in(f"name: {written}\n") == {}


@pytest.mark.parametrize("written", ['!!int ""', "!!bool maybe", "!!timestamp someday", "2026-99-99"])
def test_a_name_is_a_text_whatever_it_looks_like(written: str) -> None:
    assert names_in(f"name: {written}\n") == {"name": written.split(maxsplit=1)[-1].strip('"')}
