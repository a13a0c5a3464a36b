"""Fills one form so that every constraint of the matter file holds: ages, order of dates, amounts, lists, visibility."""

import random
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from demo import form_values, identifiers
from demo.form_values import Field
from demo.people import AgeRule, Body, Person, make_body, make_person

MatterFile = Mapping[str, Any]
Form = dict[str, Any]

_ROLES = ("applicant", "claimant", "guardian", "mother", "legal_rep")
"""Who an account or an address belongs to, the first that appears on the form."""

_SEX = {"mother": False, "father": True}
_ABOUT = ("_id_number", "_name", "_gender", "_birth_date", "_phone", "_hukou_region", "_address")
_SELF = "01"
_TYPICAL_MINOR = 12


def fields(matter: MatterFile) -> Iterator[Field]:
    """Yield the form's fields, section by section."""
    for section in matter["form"]["sections"]:
        yield from section["fields"]


def is_visible(field: Field, situation: str, form: Mapping[str, Any]) -> bool:
    """Return whether the field is asked for, given the situation and what is filled in so far."""
    condition = field.get("visible_when")
    if condition is None:
        return True
    decider = situation if condition["field"] == "situation" else form.get(condition["field"])
    return decider in condition["in"]


def is_platforms(field: Field) -> bool:
    """Return whether the platform or the back office supplies the value: derived and read-only fields."""
    return "derived" in field["constraints"] or bool(field["constraints"].get("readonly"))


def make_form(matter: MatterFile, situation: str, *, rng: random.Random, at: date) -> Form:
    """Return a form that meets every constraint on the day `at`; the platform's own fields are left to it."""
    return _Filler(matter, situation, rng=rng, at=at).fill()


class _Filler:
    """Fills one form; a field another one depends on is settled first."""

    def __init__(self, matter: MatterFile, situation: str, *, rng: random.Random, at: date) -> None:
        self._fields: dict[str, Field] = {f["key"]: f for f in fields(matter)}
        self._situation, self._rng, self._at = situation, rng, at
        self._people: dict[str, Person] = {}
        self._body: Body = make_body(rng)
        self._form: Form = {}
        self._settled: set[str] = set()

    def fill(self) -> Form:
        for key in self._fields:
            self._settle(key)
        return {key: self._form[key] for key in self._fields if key in self._form}

    def _settle(self, key: str) -> None:
        if key in self._settled or key not in self._fields:
            return
        self._settled.add(key)
        field = self._fields[key]
        if condition := field["visible_when"]:
            self._settle(condition["field"])
        if self._is_filled(field):
            self._form[key] = self._value(field)

    def _is_filled(self, field: Field) -> bool:
        if is_platforms(field) or not is_visible(field, self._situation, self._form):
            return False
        if field["required"]:
            return True
        rule = field["constraints"].get("required_if_age")
        return self._is_minor(rule) if rule else self._rng.random() < 0.5

    def _is_minor(self, rule: Mapping[str, Any]) -> bool:
        subject = _subject(rule["of"])
        return self._person(subject).birth_date.year > self._at.year - int(rule["below"])

    def _other(self, field: Field, constraint: str) -> Any:
        key = field["constraints"].get(constraint)
        if key is None:
            return None
        self._settle(key)
        return self._form.get(key)

    def _person(self, subject: str) -> Person:
        if subject not in self._people:
            self._people[subject] = make_person(self._rng, age=self._age_rule(subject), is_male=_SEX.get(subject))
        return self._people[subject]

    def _age_rule(self, subject: str) -> AgeRule:
        own = self._fields.get(f"{subject}_id_number")
        if own is None:
            return AgeRule(at=self._at)
        constraints = own["constraints"]
        most = constraints.get("max_age")
        if most is None and self._may_be_minor(own["key"]) and self._rng.random() < 0.35:
            most = _TYPICAL_MINOR
        return AgeRule(at=self._at, least=constraints.get("min_age"), most=most)

    def _may_be_minor(self, key: str) -> bool:
        # Only there does a young applicant change what is asked: elsewhere births stay in 1900-1909.
        rules = (f["constraints"].get("required_if_age") for f in self._fields.values())
        return any(rule and rule["of"] == key for rule in rules)

    def _holder(self) -> Person:
        named = (role for role in _ROLES if f"{role}_id_number" in self._fields)
        return self._person(next(named, "applicant"))

    def _value(self, field: Field) -> Any:
        if field["type"] == "person_list":
            return self._rows(field)
        return self._single(field, self._person(_subject(field["key"])))

    def _single(self, field: Field, person: Person) -> Any:
        rng, at = self._rng, self._at
        match field["type"]:
            case "text" | "textarea":
                return self._text(field, person)
            case "id_card":
                return person.id_number
            case "uscc":
                return self._body.uscc
            case "phone":
                return person.phone
            case "bank_account":
                return self._holder().bank_account
            case "address":
                return form_values.address(rng, field, person=person, body=self._body)
            case "region":
                return form_values.region(rng, field, person)
            case "date":
                return self._date(field, person)
            case "datetime":
                return form_values.moment(rng, at=at)
            case "month":
                return form_values.month(rng, at=at, not_before=self._other(field, "gte_field"))
            case "year":
                return at.year
            case "integer":
                return form_values.integer(rng, field)
            case "money" | "number":
                return self._amount(field)
            case _:
                return self._choice(field, person)

    def _text(self, field: Field, person: Person) -> str:
        if field["key"] == "disability_cert_no":
            return self._disability_cert_no(person)
        return form_values.text(self._rng, field, person=person, holder=self._holder(), body=self._body)

    def _disability_cert_no(self, person: Person) -> str:
        for key in ("disability_type", "disability_level"):
            self._settle(key)
        return identifiers.disability_cert_no(
            self._holder().id_number,
            disability_type=self._form.get("disability_type", "4"),
            disability_level=self._form.get("disability_level", "2"),
        )

    def _date(self, field: Field, person: Person) -> str:
        if field["key"] == "birth_date" or (field["key"].endswith("_birth_date") and self._is_identified(field)):
            return person.birth_date.isoformat()
        after = self._other(field, "after_field")
        chosen = form_values.day(self._rng, field, at=self._at, after=date.fromisoformat(after) if after else None)
        return chosen.isoformat()

    def _is_identified(self, field: Field) -> bool:
        return f"{_subject(field['key'])}_id_number" in self._fields

    def _amount(self, field: Field) -> str | float:
        limit = self._other(field, "lte_field")
        amount = form_values.decimal(self._rng, field, at_most=Decimal(limit) if limit is not None else None)
        return str(amount) if field["type"] == "money" else float(amount)

    def _choice(self, field: Field, person: Person) -> Any:
        if field["key"].endswith("_gender") and self._is_identified(field):
            return person.gender
        codes = [option["code"] for option in field["options"]]
        match field["type"]:
            case "enum":
                return self._rng.choice(codes)
            case "multi_enum":
                return sorted(self._rng.sample(codes, k=self._rng.randint(1, len(codes))), key=codes.index)
            case "boolean":
                return field["constraints"].get("must_be", self._rng.random() < 0.5)
            case unknown:
                raise NotImplementedError(f"{field['key']}: no test value for a field of type {unknown}")

    def _rows(self, field: Field) -> list[Form]:
        least = field["constraints"].get("min_items", 0)
        count = self._rng.randint(least, least + 2)
        return [self._row(field, index) for index in range(count)]

    def _row(self, field: Field, index: int) -> Form:
        # The household list contains the applicant (the field's help says so), always in the first row.
        is_self = field["key"] == "household_members" and index == 0
        person = self._person("applicant" if is_self else f"{field['key']}/{index}")
        row = {c["key"]: self._single(_as_field(c), person) for c in field["columns"] if self._has_column(c)}
        if "relation" in row:
            row["relation"] = _SELF if is_self else self._relation(field)
        return row

    def _has_column(self, column: Field) -> bool:
        return column["required"] or self._rng.random() < 0.5

    def _relation(self, field: Field) -> str:
        options = next(c["options"] for c in field["columns"] if c["key"] == "relation")
        return str(self._rng.choice([o["code"] for o in options if o["code"] != _SELF]))


def _as_field(column: Field) -> Field:
    return {"visible_when": None, "columns": [], **column}


def _subject(key: str) -> str:
    return next((key.removesuffix(suffix) for suffix in _ABOUT if key.endswith(suffix)), "applicant")
