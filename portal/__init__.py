"""Everything a person sees, and the HTTP API; an ordinary relying party of the identity provider.

    request → shell (config.asgi) → Visit (session, language) → guard (signed_in, checked_form) → page handler
      → matters / connectors do the work → a frozen dataclass of context → Renderer → page or partial

app.py wires; state.py is what handlers may reach; rendering.py makes answers; sessions.py and relying_party.py
know who is there; forms/ shows and reads the form of a guide; pages/ has one file per page with its `routes`.
"""
