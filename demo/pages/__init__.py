"""The page each simulated department opens for people: its own look, its own sign-in, what it received lately.

`app.create_pages(context, …)` gives one system's Starlette app. Systems whose entry says `sso: oidc` are ordinary relying
parties of the identity provider (`relying_party`, `sign_on`); the others have a local sign-in page of their own
(`local_sign_in`) until OneWindow speaks their protocol. Those without an interface also have a counter (`counter_page`).
Sessions live in this process and die with it: a department forgets who was in, never what it received.
"""
