"""The provider's HTTP side: one file per endpoint, in discovery's words, and the pages between them.

A handler parses, loads, lets a rule of `idp.protocol` decide, keeps, and answers.
"""
