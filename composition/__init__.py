"""Composition root: which parts run in a process, and on what. What a part needs of another is decided here and nowhere else.

`onewindow.py` is the command line over it and loads a file of this folder when a command needs it. A process that
serves goes through them in this order: `preparing` (the demo and `migrate` only), `trade` (guides and the way to the
departments), `web_app` (provider and portal behind one shell), `serving`; what runs as long as it does is `beside` it.
"""
