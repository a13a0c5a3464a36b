"""The rules of the OpenID provider, one file a subject, without I/O, web framework or database.

Each rule cites its section. `grants.py` is the one place that knows Authlib's server side; `ports.py` says what
the rules need kept; what a rule decides is a value or an error of `errors.py` in the wire's own word.
"""
