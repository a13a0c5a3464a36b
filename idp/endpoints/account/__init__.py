"""One's own account: how one signs in, where one is signed in, and the password.

Every page needs the session's cookie; a page that changes how the account signs in needs a sign-in of the last five
minutes with everything the account has set up (`visitor.own_page`). All of it works without scripts but adding a
passkey, which browsers give to scripts only.
"""
