"""The demo: 13 simulated department systems, the people who come to them, and what a demo deployment starts with.

`systems` is the program: one process, a port per department. Each department has its interface (a folder of its own,
`create_api`), on what all share (`ground/`), and a page people open (`pages/`); where it has no interface, people key
cases in at its counter (`desk/`). `people` and `forms` make applicants and complete applications that belong to nobody,
`seed` the accounts, clients and facts, `launch` what `onewindow demo` needs before it serves.

Nothing here imports more of OneWindow than `config`: departments meet it over HTTP and OpenID Connect only.
"""
