"""How a tile opens, in words: the kind of single sign-on a system has (domain.md d.1, item 8)."""

from portal.words import _, marked

_WORDS = {
    "oidc": marked("一次登录"),
    "cas": marked("CAS 登录"),
    "ticket": marked("票据登录"),
    "form_fill": marked("系统自有登录"),
}


def sso_words(kind: str) -> str:
    """Return the words for a kind of sign-on; an unknown kind is shown as it is called."""
    return _(_WORDS[kind]) if kind in _WORDS else kind
