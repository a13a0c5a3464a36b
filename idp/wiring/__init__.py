"""Putting the provider together, for its web app and for commands: stores first, then the use cases over them.

`stores.py` says which store is which, `provider.py` which use case stands on what, `people.py` and `background.py` the
same for what administrators do and for what runs beside the web app. Nothing connects before it is used.
"""
