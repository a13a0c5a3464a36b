"""The trade itself, without a web framework and without I/O outside `storage/`.

A matter file (`guide.py`, `elements.py`, `form_fields.py`) holds the 12 elements of a service guide, the form and the
target. What a clerk typed goes `posted.parse_posted` → `form.check_form` (normal values, errors and warnings, each at
its field) and `material.check_materials`; a `Case` is then opened and only ever changed by `case.move`, which
gives back the next case and one append-only event. Words for the citizen (`citizen_words`), the deadline
(`deadline`), the receipt (`receipt`) and masked views (`masking`) are derived from these and stored nowhere.

Cases, guides, drafts and files are kept through the ports in `ports.py`; `storage/` implements them, and its
functions that write take the caller's connection, so that a case and its deliveries are one commit.
"""
