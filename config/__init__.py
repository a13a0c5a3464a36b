"""What differs between deployments, and the ground every package stands on.

Imports nothing of ours. Three kinds of things live here:

- `settings.py`: the environment, read once and typed; declared data lies beside it
  (`matters/`, `matters-ext/`, `systems/`, `bundles/`, `data_items.yaml`, `codes.yaml`).
- `state.py`, `clock.py`, `problems.py`, `language.py`, `logs.py`: small ports and values shared by all.
- `storage/`, `asgi/`: the SQL engine, the two state stores and the shell around every web app.
"""
