"""What administrators do with accounts, and what two people do at the counter for a third.

Every page needs a session of somebody with the role; a change needs a sign-in of the last five minutes with everything
the administrator's own account has set up. A region bounds what is seen. All of it works without scripts.
"""
