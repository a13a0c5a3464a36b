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
from idp.protocol.account_ports import AccountStore
from idp.protocol.audit import COMMAND_LINE, AuditEvent, AuditKind
from idp.protocol.client_ports import ClientStore
from idp.protocol.contact import Contact, ContactRefused
from idp.protocol.contact import check as check_contact

REAL_NAME_LEVELS: Final = range(4)
REGION_DIGITS: Final = (2, 4, 6, 9)
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
    real_name_level: int = 0  # 实名等级, 0 to 3


async def create(
    accounts: AccountStore,
    clients: ClientStore,
    passwords: Passwords,
    new: NewAccount,
    *,
    password: str,
    at: datetime,
    by: str = COMMAND_LINE,
) -> Account:
    """Create an account with a fresh `sub` and return it; `by` is who did it, for the audit.

    Raises:
        AccountRefused: a role or region that doesn't exist.
        PasswordRefused, UsernameTaken: see there.
    """
    sub = token_urlsafe(16)
    event = AuditEvent(
        kind=AuditKind.ACCOUNT_CREATED, sub=sub, by=by, detail={"roles": sorted(new.roles)}, at=at
    )  # fmt: skip
    return await _save(accounts, clients, passwords, sub, new, password, event, valid_from=at)


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
    kind = AuditKind.ACCOUNT_CHANGED if existing else AuditKind.ACCOUNT_CREATED
    event = AuditEvent(kind=kind, sub=sub, by=COMMAND_LINE, detail={"roles": sorted(new.roles)}, at=at)
    return await _save(
        accounts, clients, passwords, sub, new, password, event, valid_from=existing.valid_from if existing else at
    )


async def set_password(
    accounts: AccountStore, passwords: Passwords, username: str, password: str, *, at: datetime, by: str = COMMAND_LINE
) -> Account:
    """Set a new password; everything begun with the old one ends."""
    account = await _known(accounts, username)
    changed = replace(account, valid_from=at)
    event = AuditEvent(kind=AuditKind.PASSWORD_CHANGED, sub=account.sub, by=by, at=at)
    await accounts.save(changed, password_hash=await passwords.hash(password), at=at, audited=(event,))
    return changed


async def disable(accounts: AccountStore, username: str, *, at: datetime, by: str = COMMAND_LINE) -> Account:
    """Stop an account: nothing answers it any more, anywhere."""
    account = await _known(accounts, username)
    event = AuditEvent(kind=AuditKind.ACCOUNT_DISABLED, sub=account.sub, by=by, at=at)
    return await _change(accounts, replace(account, disabled=True, valid_from=at), event)


async def enable(accounts: AccountStore, username: str, *, at: datetime, by: str = COMMAND_LINE) -> Account:
    """Let a stopped account sign in again; what ended stays ended."""
    account = await _known(accounts, username)
    event = AuditEvent(kind=AuditKind.ACCOUNT_ENABLED, sub=account.sub, by=by, at=at)
    return await _change(accounts, replace(account, disabled=False, valid_from=at), event)


async def set_roles(
    accounts: AccountStore, username: str, roles: Iterable[str], *, at: datetime, by: str = COMMAND_LINE
) -> Account:
    """Give the account exactly these roles; sessions begun with others end.

    Raises:
        AccountRefused: an unknown role or user name.
    """
    account = await _known(accounts, username)
    given = _checked_roles(frozenset(roles))
    detail = {"roles": sorted(given), "roles_before": sorted(account.roles)}
    event = AuditEvent(kind=AuditKind.ACCOUNT_CHANGED, sub=account.sub, by=by, detail=detail, at=at)
    return await _change(accounts, replace(account, roles=given, valid_from=at), event)


async def set_contact(
    accounts: AccountStore, username: str, contact: Contact, *, at: datetime, by: str = COMMAND_LINE
) -> Account:
    """Set how the person is reached; sessions go on.

    Raises:
        AccountRefused: an unknown user name, or something that can't be an address or a number.
    """
    account = await _known(accounts, username)
    try:
        check_contact(contact)
    except ContactRefused as error:
        raise AccountRefused(str(error)) from error
    event = AuditEvent(kind=AuditKind.ACCOUNT_CHANGED, sub=account.sub, by=by, detail={"fields": ["contact"]}, at=at)
    return await _change(accounts, replace(account, contact=contact), event)


async def set_real_name_level(
    accounts: AccountStore, username: str, level: int, *, at: datetime, by: str = COMMAND_LINE
) -> Account:
    """Note how surely the person is known (实名等级, 0 to 3); a lower level ends sessions begun with the higher one.

    Raises:
        AccountRefused: an unknown user name or level.
    """
    account = await _known(accounts, username)
    if level not in REAL_NAME_LEVELS:
        raise AccountRefused(f"{level}: a real-name level is 0 to 3")
    event = AuditEvent(
        kind=AuditKind.ACCOUNT_CHANGED, sub=account.sub, by=by, detail={"fields": ["real_name_level"]}, at=at
    )
    valid_from = at if level < account.real_name_level else account.valid_from
    return await _change(accounts, replace(account, real_name_level=level, valid_from=valid_from), event)


async def set_unit(
    accounts: AccountStore, username: str, *, unit: str, unit_name: str, region: str, at: datetime, by: str
) -> Account:
    """Move the account to another unit; sessions begun at the old one end.

    Raises:
        AccountRefused: an unknown user name, no unit, or a region that doesn't exist.
    """
    account = await _known(accounts, username)
    unit, unit_name, region = unit.strip(), unit_name.strip(), region.strip()
    if not 0 < len(unit) <= 64 or not 0 < len(unit_name) <= 200:
        raise AccountRefused("a unit needs an id of at most 64 characters and a name of at most 200")
    _check_region(region)
    changed = replace(account, unit=unit, unit_name=unit_name, region=region, valid_from=at)
    event = AuditEvent(
        kind=AuditKind.ACCOUNT_CHANGED, sub=account.sub, by=by, detail={"fields": ["unit", "unit_name", "region"]}, at=at
    )  # fmt: skip
    return await _change(accounts, changed, event)


async def end_sessions(accounts: AccountStore, username: str, *, at: datetime, by: str) -> Account:
    """End everything the account has begun; it may sign in anew at once."""
    account = await _known(accounts, username)
    event = AuditEvent(
        kind=AuditKind.SESSION_ENDED, sub=account.sub, by=by, detail={"reason": "administrator"}, at=at
    )  # fmt: skip
    return await _change(accounts, replace(account, valid_from=at), event)


async def _change(accounts: AccountStore, changed: Account, event: AuditEvent) -> Account:
    await accounts.save(changed, password_hash=None, at=event.at, audited=(event,))
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
    event: AuditEvent,
    *,
    valid_from: datetime,
) -> Account:
    _checked_roles(new.roles)
    if not new.username.strip() or len(new.username) > 64 or not new.name.strip():
        raise AccountRefused("an account needs a user name of at most 64 characters and a name")
    _check_region(new.region)
    if await clients.get(sub) is not None:
        raise AccountRefused(f"{sub!r} is a client_id")  # RFC 9700 §4.15
    blank = Account(
        sub=sub, username="", name="", unit="", unit_name="", region="", roles=frozenset(), locale="",
        disabled=False, valid_from=valid_from,
    )  # fmt: skip
    account = _from(new, blank)
    await accounts.save(account, password_hash=await passwords.hash(password), at=event.at, audited=(event,))
    return account


def _from(new: NewAccount, account: Account) -> Account:
    return replace(
        account, username=new.username.strip(), name=new.name.strip(), unit=new.unit, unit_name=new.unit_name,
        region=new.region, roles=new.roles, locale=new.locale, disabled=False, real_name_level=new.real_name_level,
    )  # fmt: skip


def _checked_roles(roles: frozenset[str]) -> frozenset[str]:
    if unknown := roles - ROLES:
        raise AccountRefused(f"unknown role {sorted(unknown)}; there are {sorted(ROLES)}")
    return roles


def _check_region(region: str) -> None:
    if not region.isascii() or not region.isdigit() or len(region) not in REGION_DIGITS:
        raise AccountRefused(f"{region!r}: a region code has 2, 4, 6 or 9 digits")
