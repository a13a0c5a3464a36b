"""The shell around every web app of ours, in plain ASGI: no framework, so idp and portal share it.

From outside in: request id → access log → fault barrier → security headers → body limit → origin check → app.
`shell()` puts them on in that order.
"""
