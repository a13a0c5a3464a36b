"""The shell around every web app of ours, in plain ASGI: no framework, so idp and portal share it.

One rule a file; `shell.py` applies them in one pass: request id → access log → security headers → fault barrier →
limits → origin check → app.
"""
