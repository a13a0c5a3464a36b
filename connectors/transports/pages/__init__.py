"""Old web applications: their pages read, their forms filled, one session per account, a person for the captcha."""
