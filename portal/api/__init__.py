"""The HTTP API: what other systems may ask of OneWindow, and the addresses departments call back.

A call goes bearer → body → use case → answer:

1. `endpoint.py` wraps every handler: it finds the caller's language and turns each refusal into problem details.
2. `bearer.py` proves the access token (RFC 9068) and makes an `Actor` from its claims; nothing else makes one here.
3. `json_body.py` reads a body with a bound, strictly; `parameters.py` reads the rest.
4. `connectors.intake.Intake` decides and keeps; the API repeats none of its rules.
5. `views.py` shows cases and guides as JSON; `openapi.py` describes all of it from one place.

`state.ApiState` lists what the handlers need, `routes.routes()` is what `portal/app.py` puts into its table. The
lifespan of the portal yields the state under the key `api`.
"""
