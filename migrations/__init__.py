"""One history of the SQL schema for all packages, run by `onewindow migrate`.

Changes come in two steps so that old and new processes can run side by side: add first, remove in a later release.
"""
