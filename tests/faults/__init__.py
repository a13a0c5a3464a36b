"""`make faults`: OneWindow and its departments are harmed on purpose while applications come in, and the harm is counted.

A part is a module with `main(report, size)`:

hostile      every way a department can misbehave (`demo/faults`), on every transport at once
kills        kill -9 of the processes, the database and Redis, every few seconds
full_disk    no room under the database, the papers, the department's files
cut_network  every line cut in every way
clock_jump   the clock jumps by hours
ten_days     a department away for ten days, on a simulated clock (F1)
isolation    what others feel of a sick department (F8)

`ways` are the two ways to run, `windows` and `uploads` take in, `counting` reads what came of it, `harm` and `figures`
decide what was harmed and bring it together, `report` tells. Nothing of OneWindow is patched.
"""
