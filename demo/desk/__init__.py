"""What people in a department do by hand: key in a case from the printed pack, look for doubles, move it on.

`entry_form` says per system which fields there are and what counts as the same application; `entry` checks what was
typed; `counter` keeps it in the system's own received store and moves it along; `progress` knows the statuses.
Only the systems without an interface OneWindow can deliver to have such a form: elsewhere the interface does it.
"""
