"""The demo's facts have the promised shape, and its secrets are drawn once."""

import base64
import json
import stat
from pathlib import Path

from demo.seed import ACCOUNTS, API_SCOPES, UNITS, client_secret_name, clients, demo_json, ensure_client_secrets

FIRST_PORT = 8100


def facts(directory: Path) -> dict[str, object]:
    client_secrets = ensure_client_secrets(directory, FIRST_PORT)
    return demo_json(
        base_url="http://127.0.0.1:8000",
        issuer="http://127.0.0.1:8000/idp",
        first_port=FIRST_PORT,
        client_secrets=client_secrets,
    )


def test_the_facts_have_exactly_the_promised_keys(tmp_path: Path) -> None:
    found = json.loads(json.dumps(facts(tmp_path)))
    assert list(found) == ["base_url", "issuer", "accounts", "clients", "systems", "receivers"]
    assert {tuple(account) for account in found["accounts"]} == {
        ("username", "password", "name", "roles", "unit", "region")
    }
    assert {tuple(client) for client in found["clients"]} == {
        ("client_id", "client_secret", "redirect_uris", "scopes", "grant_types")
    }
    assert {tuple(system) for system in found["systems"]} == {("id", "base_url", "received_url")}


def test_the_thirteen_systems_listen_in_the_catalogues_order(tmp_path: Path) -> None:
    addresses = {system["id"]: system["base_url"] for system in json.loads(json.dumps(facts(tmp_path)))["systems"]}
    assert len(addresses) == 13
    assert addresses["mz-assist"] == "http://127.0.0.1:8100"
    assert addresses["rs-employment"] == "http://127.0.0.1:8105"
    assert addresses["gjj-core"] == "http://127.0.0.1:8112"


def test_departments_that_sign_on_by_openid_connect_are_clients_and_no_others() -> None:
    by_id = {client.client_id: client for client in clients(FIRST_PORT)}
    assert set(by_id) == {"mz-elder", "mz-monitor", "rs-employment", "wj-birth", "demo-rp", "demo-api"}
    assert by_id["wj-birth"].redirect_uris == ("http://127.0.0.1:8108/callback",)
    assert by_id["demo-rp"].redirect_uris == ("http://127.0.0.1:9/cb",)
    assert set(API_SCOPES) < set(by_id["demo-rp"].scopes)
    assert by_id["demo-api"].grant_types == ("client_credentials",)
    assert by_id["demo-api"].unit is not None


def test_secrets_are_drawn_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    first, second = (ensure_client_secrets(tmp_path / "secrets", FIRST_PORT) for _ in range(2))
    assert first == second
    assert len(set(first.values())) == len(first)
    for client in clients(FIRST_PORT):
        path = tmp_path / "secrets" / client_secret_name(client.client_id)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert len(path.read_text()) >= 43


def test_every_account_belongs_to_a_unit_and_every_role_is_somebodys() -> None:
    assert {account.unit for account in ACCOUNTS} == set(UNITS)
    roles = {role for account in ACCOUNTS for role in account.roles}
    assert roles == {"clerk", "editor", "approver", "owner", "manager", "admin"}


def test_one_account_is_ready_for_systems_that_ask_for_a_second_factor(tmp_path: Path) -> None:
    ready = [account for account in ACCOUNTS if account.totp_key]
    assert [(account.username, account.real_name_level) for account in ready] == [("clerk3", 3)]
    assert len(base64.b32decode(ready[0].totp_key)) == 20
    # Whoever reads the facts signs in with what they say.
    assert "clerk3" not in {account["username"] for account in facts(tmp_path)["accounts"]}
