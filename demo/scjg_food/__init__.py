"""食品经营许可管理系统: an old interface signed with MD5, and a licence that takes its time.

What is sent is pre-accepted only (PRE_OK, preNo). Then it calls back: ACCEPT with the acceptance number, CHECK once or several
times while inspectors are at the site, CERT with the licence; now and then CERT again, correcting the licence's number.
BACK asks for a supplement; without one the pre-acceptance is withdrawn after five days (VOID, which is
no refusal: the applicant may apply again).
"""
