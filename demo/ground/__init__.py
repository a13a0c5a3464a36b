"""What every simulated department system stands on.

A request passes through the same stages everywhere, and each stage is a file: opening hours (`hours`), fault switches
(`faults`), the latency of the day (`latency`), the department's own checks (`checks`, and `rules.py` of its folder),
then `received`, the store: a submission is durable before it is answered. What the department decides later is
planned in the same transaction (`results` carries it out) and told by `callbacks`. A system's folder gives
`create_api(context)`; `context.SystemContext` is all it gets to know of the world.

Nothing here knows connectors/ or matters/: a department meets OneWindow over HTTP only, and checks signatures by itself.
"""
