"""The hostile side of the simulated departments: what they answer when they are told to misbehave.

`demo.ground.faults` has the switch of each system; here is what it does to an answer over HTTP (`answers.py`).
"""
