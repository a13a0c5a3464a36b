"""The form of a guide as a page: what is shown of a field, what was typed, what is wrong with it."""
