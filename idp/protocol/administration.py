"""Who may change whose account.

An administrator's region is a prefix of the codes he looks after: `32` is a province, `3201` a city. Nobody changes
his own account here, so that neither the last administrator locks himself out nor anybody gives himself a role.
"""

from enum import StrEnum

from idp.protocol.account import Account


class Forbidden(StrEnum):
    """Why a change is refused; the page has a sentence for each."""

    ROLE = "role"  # not an administrator
    REGION = "region"  # the account, or where it would go, lies outside his region
    SELF = "self"
    HIGHER = "higher"  # a manager and an administrator's account


def is_administrator(actor: Account) -> bool:
    """Tell whether this person may see the account list at all."""
    return "admin" in actor.roles


def may_recover_people(actor: Account) -> bool:
    """Tell whether this person may act at the counter when somebody lost everything."""
    return bool(actor.roles & {"admin", "manager"})


def covers(actor: Account, region: str) -> bool:
    """Tell whether a region lies in the one this person looks after; an empty one covers nothing."""
    return bool(actor.region) and region.startswith(actor.region)


def refuses_change(actor: Account, account: Account) -> Forbidden | None:
    """Return why `actor` may not change `account`, or None."""
    if not is_administrator(actor):
        return Forbidden.ROLE
    if not covers(actor, account.region):
        return Forbidden.REGION
    return Forbidden.SELF if actor.sub == account.sub else None


def refuses_recovery(actor: Account, account: Account) -> Forbidden | None:
    """Return why `actor` may take no part in recovering `account`, or None."""
    if not may_recover_people(actor):
        return Forbidden.ROLE
    if not covers(actor, account.region):
        return Forbidden.REGION
    if actor.sub == account.sub:
        return Forbidden.SELF
    higher = account.roles & {"admin", "manager"} and not is_administrator(actor)
    return Forbidden.HIGHER if higher else None
