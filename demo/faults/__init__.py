"""The hostile side of the simulated departments: what each does when it is told to misbehave.

`switch` has the ways to fail and the switch that every department has, set by `POST /faults`; what becomes of a good
answer then stands by what carries it: over HTTP in `answers`, a message in `messages`, a row of an exchange table in
`rows`, a receipt file in `files`. A captcha, opening hours and other nuisances of good days are the departments' own.
"""
