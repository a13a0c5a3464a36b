"""Accounts as operators handle them: create, password, stop, roles. Plain functions over the store.

Each change that narrows what an account may do moves `valid_from`, so sessions and grants begun before are dead
in every process, whatever the state store remembers.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from secrets import token_urlsafe
from typing import Final

from idp.passwords import Passwords
from idp.protocol.account import Account
from idp.protocol.ports import AccountStore, ClientStore

ROLES: Final = frozenset({"clerk", "editor", "approver", "owner", "manager", "admin"})


class AccountRefused(ValueError):
    """The account can't be made or changed this way; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """What an operator gives for an account; `region` is a 2, 4, 6 or 9 digit code."""

    username: str
    name: str
    unit: str
    unit_name: str
    region: str
    roles: frozenset[str]
    locale: str = "zh-Hans"


async def create(
    accounts: AccountStore, clients: ClientStore, passwords: Passwords, new: NewAccount, *, password: str, at: datetime
) -> Account:
    """Create an account with a fresh `sub` and return it.

    Raises:
        AccountRefused: a role or region that doesn't exist.
        PasswordRefused, UsernameTaken: see there.
    """
    return await _save(accounts, clients, passwords, token_urlsafe(16), new, password, at, valid_from=at)


async def put(
    accounts: AccountStore,
    clients: ClientStore,
    passwords: Passwords,
    new: NewAccount,
    *,
    sub: str,
    password: str,
    at: datetime,
) -> Account:
    """Make the account with this `sub` be so, whether it exists or not; an unchanged one is left alone."""
    existing = await accounts.get(sub)
    if existing is not None and _from(new, existing) == existing:
        found = await accounts.by_username(existing.username)
        if found is not None and await passwords.is_right(password, found[1]):
            return existing
    return await _save(
        accounts, clients, passwords, sub, new, password, at, valid_from=existing.valid_from if existing else at
    )


async def set_password(
    accounts: AccountStore, passwords: Passwords, username: str, password: str, *, at: datetime
) -> Account:
    """Set a new password; everything begun with the old one ends."""
    account = await _known(accounts, username)
    changed = replace(account, valid_from=at)
    await accounts.save(changed, password_hash=await passwords.hash(password), at=at)
    return changed


async def disable(accounts: AccountStore, username: str, *, at: datetime) -> Account:
    """Stop an account: nothing answers it any more, anywhere."""
    changed = replace(await _known(accounts, username), disabled=True, valid_from=at)
    await accounts.save(changed, password_hash=None, at=at)
    return changed


async def enable(accounts: AccountStore, username: str, *, at: datetime) -> Account:
    """Let a stopped account sign in again; what ended stays ended."""
    changed = replace(await _known(accounts, username), disabled=False, valid_from=at)
    await accounts.save(changed, password_hash=None, at=at)
    return changed


async def set_roles(accounts: AccountStore, username: str, roles: Iterable[str], *, at: datetime) -> Account:
    """Give the account exactly these roles; sessions begun with others end.

    Raises:
        AccountRefused: an unknown role or user name.
    """
    account = await _known(accounts, username)
    changed = replace(account, roles=_checked_roles(frozenset(roles)), valid_from=at)
    await accounts.save(changed, password_hash=None, at=at)
    return changed


async def _known(accounts: AccountStore, username: str) -> Account:
    found = await accounts.by_username(username)
    if found is None:
        raise AccountRefused(f"there is no account {username!r}")
    return found[0]


async def _save(
    accounts: AccountStore,
    clients: ClientStore,
    passwords: Passwords,
    sub: str,
    new: NewAccount,
    password: str,
    at: datetime,
    *,
    valid_from: datetime,
) -> Account:
    _checked_roles(new.roles)
    if not new.username.strip() or len(new.username) > 64 or not new.name.strip():
        raise AccountRefused("an account needs a user name of at most 64 characters and a name")
    if not new.region.isdigit() or len(new.region) not in (2, 4, 6, 9):
        raise AccountRefused(f"{new.region!r}: a region code has 2, 4, 6 or 9 digits")
    if await clients.get(sub) is not None:
        raise AccountRefused(f"{sub!r} is a client_id")  # RFC 9700 §4.15
    blank = Account(
        sub=sub, username="", name="", unit="", unit_name="", region="", roles=frozenset(), locale="",
        disabled=False, valid_from=valid_from,
    )  # fmt: skip
    account = _from(new, blank)
    await accounts.save(account, password_hash=await passwords.hash(password), at=at)
    return account


def _from(new: NewAccount, account: Account) -> Account:
    return replace(
        account, username=new.username.strip(), name=new.name.strip(), unit=new.unit, unit_name=new.unit_name,
        region=new.region, roles=new.roles, locale=new.locale, disabled=False,
    )  # fmt: skip


def _checked_roles(roles: frozenset[str]) -> frozenset[str]:
    if unknown := roles - ROLES:
        raise AccountRefused(f"unknown role {sorted(unknown)}; there are {sorted(ROLES)}")
    return roles
