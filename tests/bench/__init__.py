"""`make bench`: how long pages take and what a sign-on costs, as tables."""
