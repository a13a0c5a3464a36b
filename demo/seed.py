"""What a demo deployment starts with, as plain data: units, accounts, clients and the facts of `var/demo.json`.

Exists in demo mode only, which listens on loopback only: the one password below opens nothing anywhere else.
"""

import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.ground.entry import RECEIVERS, SystemEntry, every_entry, load_entries

DEMO_PASSWORD = "Yichuang-2026"  # noqa: S105 - printed by `make run`, good on loopback only
DEMO_TOTP_KEY = "YICHUANGDEMOYICHUANGDEMOYICHUANG"  # base32, likewise; for an authenticator app

API_SCOPES = ("guides:read", "cases:read", "cases:write")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """An organisation; `region` is a nine-digit township or a shorter prefix of codes."""

    id: str
    name: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Someone who can sign in at the identity provider."""

    username: str
    name: str
    roles: tuple[str, ...]
    unit: Unit
    real_name_level: int = 3  # 实名等级: everybody's papers were checked in person
    totp_key: str = ""  # key of one-time codes, where the account has them set up


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered client; `unit` and `roles` are what its own (client_credentials) tokens carry."""

    client_id: str
    name: str
    scopes: tuple[str, ...]
    grant_types: tuple[str, ...]
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str = ""
    trusted: bool = False
    unit: Unit | None = None
    roles: tuple[str, ...] = ()


CENTRE_A = Unit(id="320105007-bmfw", name="云桥街道便民服务中心", region="320105007")
CENTRE_B = Unit(id="320206003-bmfw", name="玉林镇便民服务中心", region="320206003")
COUNTY = Unit(id="320105-zwzx", name="示范区政务服务管理局", region="320105")
PROVINCE = Unit(id="32-sjj", name="示范省数据局", region="32")
UNITS = (CENTRE_A, CENTRE_B, COUNTY, PROVINCE)

ACCOUNTS = (
    Account(username="clerk", name="王晓芸", roles=("clerk",), unit=CENTRE_A),
    Account(username="clerk2", name="李建国", roles=("clerk",), unit=CENTRE_A),
    Account(username="clerk3", name="沈若兰", roles=("clerk",), unit=CENTRE_A, totp_key=DEMO_TOTP_KEY),
    Account(username="clerk-b", name="欧阳静", roles=("clerk",), unit=CENTRE_B),
    Account(username="editor", name="周文清", roles=("editor",), unit=CENTRE_A),
    Account(username="approver", name="陈国栋", roles=("approver",), unit=PROVINCE),
    Account(username="owner", name="孙丽萍", roles=("owner",), unit=PROVINCE),
    Account(username="manager", name="赵卫东", roles=("manager",), unit=CENTRE_A),
    Account(username="manager2", name="何志远", roles=("manager",), unit=COUNTY),
    Account(username="admin", name="吴海燕", roles=("admin",), unit=PROVINCE),
)


def system_address(first_port: int, index: int) -> str:
    """Return the base address of the system that stands at `index` in the catalogue."""
    return f"http://127.0.0.1:{first_port + index}"


def clients(first_port: int) -> tuple[Client, ...]:
    """Return the demo's clients: the departments that sign on by OpenID Connect, one for trials, one for the API."""
    return (*_department_clients(first_port), _trial_client(), _api_client())


def _department_clients(first_port: int) -> tuple[Client, ...]:
    addressed = ((entry, system_address(first_port, i)) for i, entry in enumerate(every_entry()))
    return tuple(
        Client(
            client_id=entry.id,
            name=entry.name,
            scopes=("openid", "profile", "unit"),
            grant_types=("authorization_code",),
            redirect_uris=(f"{address}/callback",),
            post_logout_redirect_uris=(f"{address}/",),
            backchannel_logout_uri=f"{address}/back-channel-logout",
            trusted=True,
        )
        for entry, address in addressed
        if entry.sso == "oidc"
    )


def _trial_client() -> Client:
    return Client(
        client_id="demo-rp",
        name="接入试验",
        scopes=("openid", "profile", "unit", "offline_access", *API_SCOPES),
        grant_types=("authorization_code", "refresh_token"),
        # Port 9 is discard: nothing listens there, so a trial reads its code from the address and no page ever gets it.
        redirect_uris=("http://127.0.0.1:9/cb",),
    )


def _api_client() -> Client:
    return Client(
        client_id="demo-api",
        name="接口示例",
        scopes=API_SCOPES,
        grant_types=("client_credentials",),
        unit=CENTRE_A,
        roles=("clerk",),
    )


def client_secret_name(client_id: str) -> str:
    """Return the name of the file in the secrets directory."""
    return f"{client_id}.client_secret"


def ensure_client_secrets(directory: Path, first_port: int) -> dict[str, str]:
    """Return each client's secret by client_id; one that has no file yet is drawn and kept, readable by its owner only."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    ids = (client.client_id for client in clients(first_port))
    return {client_id: _ensure(directory / client_secret_name(client_id)) for client_id in ids}


def _ensure(path: Path) -> str:
    if not path.exists():
        # Written beside and linked: whoever comes second, or a moment later, reads the whole first secret.
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(32))
        with contextlib.suppress(FileExistsError):
            os.link(beside, path)
        beside.unlink()
    return path.read_text("utf-8").strip()


def demo_json(*, base_url: str, issuer: str, first_port: int, client_secrets: Mapping[str, str]) -> dict[str, object]:
    """Return the demo facts, in the shape that design.md section 2 promises of `var/demo.json`.

    Its accounts sign in with the password alone; the one that owes a one-time code too is only printed.
    """
    return {
        "base_url": base_url,
        "issuer": issuer,
        "accounts": [_account_facts(account) for account in ACCOUNTS if not account.totp_key],
        "clients": [_client_facts(client, client_secrets) for client in clients(first_port)],
        "systems": [_system_facts(entry, system_address(first_port, i)) for i, entry in enumerate(load_entries())],
        "receivers": [
            _system_facts(entry, system_address(first_port, i))
            for i, entry in enumerate(load_entries(RECEIVERS), len(load_entries()))
        ],
    }


def _account_facts(account: Account) -> dict[str, object]:
    return {
        "username": account.username,
        "password": DEMO_PASSWORD,
        "name": account.name,
        "roles": list(account.roles),
        "unit": account.unit.id,
        "region": account.unit.region,
    }


def _client_facts(client: Client, client_secrets: Mapping[str, str]) -> dict[str, object]:
    return {
        "client_id": client.client_id,
        "client_secret": client_secrets[client.client_id],
        "redirect_uris": list(client.redirect_uris),
        "scopes": list(client.scopes),
        "grant_types": list(client.grant_types),
    }


def _system_facts(entry: SystemEntry, address: str) -> dict[str, object]:
    return {"id": entry.id, "base_url": address, "received_url": f"{address}/received"}
