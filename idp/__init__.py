"""The OpenID provider: who signs in, and what relying parties are told about it. Knows `config` and nothing else of ours.

One sign-in: `GET /authorize` → client and redirect_uri proven → checks one by one → `decide`: answer, or begin an
interaction → 303 `/interaction/{id}` → sign in, choose an account, agree → 303 to the client with code, state, iss →
`POST /token` → access token (RFC 9068), id_token → `GET /userinfo` → at the end `/end_session`.

    protocol/    the rules, without I/O; grants.py is the one place that knows Authlib's server side
    sessions.py sign_in.py tokens.py passwords.py          use cases over the ports
    accounts.py clients.py keys.py                         what operators do, as plain functions over the stores
    storage/     SQL: accounts, clients, keys, grants, refresh tokens, consents; state store: codes, sessions, …
    endpoints/   one file per endpoint, in discovery's words, and the pages between them
    app.py       wiring

Imports go app → endpoints, storage → use cases → protocol. A session, a code or an interaction that is lost signs
people out and lets nobody in; what was revoked in SQL stays revoked.
"""
