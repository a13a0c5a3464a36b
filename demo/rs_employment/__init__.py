"""公共就业服务信息系统: resources over JSON, OAuth 2 client credentials, 20 requests a second.

Registrations are answered at once; a recognition of hardship is PENDING and has to be asked for. Who registers twice gets 409
with the number there is; the same Idempotency-Key gives the first answer again.
"""
