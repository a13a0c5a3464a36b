"""Settings: what holds is kept, what does not is refused by name."""

from pathlib import Path

import pytest

from config.settings import Settings, SettingsRefused

SECRET = "Zq3vT8yLw1Kx5Rb9Nf2Hc6Jd0Gm4Ps7uVaEoIi"
GIVEN = {"ONEWINDOW_SECRET_KEY": SECRET}


def _refusal(**changes: str) -> str:
    with pytest.raises(SettingsRefused) as refused:
        Settings.from_env(GIVEN | {f"ONEWINDOW_{name}": value for name, value in changes.items()})
    return str(refused.value)


def test_a_secret_key_is_all_that_is_needed() -> None:
    settings = Settings.from_env(GIVEN)
    assert settings.issuer == "http://127.0.0.1:8000/idp"
    assert settings.materials_url == (Path("var").absolute() / "materials").as_uri()
    assert settings.database_url.get_secret_value().startswith("sqlite+aiosqlite://")
    assert settings.redis_url.get_secret_value() == ""
    assert not settings.demo


def test_the_issuer_follows_the_base_url_and_trailing_slashes_go() -> None:
    settings = Settings.from_env(GIVEN | {"ONEWINDOW_BASE_URL": "https://yichuang.example.gov.cn/"})
    assert settings.base_url == "https://yichuang.example.gov.cn"
    assert settings.issuer == "https://yichuang.example.gov.cn/idp"


def test_an_issuer_of_its_own_is_kept() -> None:
    settings = Settings.from_env(
        GIVEN | {"ONEWINDOW_BASE_URL": "https://a.example", "ONEWINDOW_ISSUER": "https://sso.example"}
    )
    assert settings.issuer == "https://sso.example"


def test_other_variables_of_the_environment_are_none_of_our_business() -> None:
    assert Settings.from_env(GIVEN | {"PATH": "/bin", "onewindow_port": "1"}).port == 8000


def test_a_mistyped_variable_is_refused_by_name() -> None:
    assert "ONEWINDOW_DATABSE_URL: there is no such setting" in _refusal(DATABSE_URL="x")


def test_every_wrong_variable_is_named_at_once() -> None:
    lines = _refusal(PORT="eighty", LOG_LEVEL="loud").splitlines()
    assert any(line.startswith("ONEWINDOW_PORT:") for line in lines)
    assert any(line.startswith("ONEWINDOW_LOG_LEVEL:") for line in lines)


@pytest.mark.parametrize("port", ["0", "65536", "-1", ""])
def test_a_port_out_of_range_is_refused(port: str) -> None:
    assert "ONEWINDOW_PORT:" in _refusal(PORT=port)


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("", "is required"),
        ("Zq3vT8yLw1Kx5Rb9", "needs at least 32 characters"),
        ("a" * 40, "looks like a default"),
        ("please-change-me-please-change-me-please", "looks like a default"),
        ("my-very-own-Secret-my-very-own-Secret-42", "looks like a default"),
        ("abababababababababababababababababab", "looks like a default"),
    ],
)
def test_an_empty_short_or_default_secret_is_refused_and_never_repeated(secret: str, reason: str) -> None:
    refusal = _refusal(SECRET_KEY=secret)
    assert f"ONEWINDOW_SECRET_KEY: {reason}" in refusal
    assert not secret or secret not in refusal


@pytest.mark.parametrize(
    "url", ["yichuang.example", "ftp://a.example", "https://", "https://a.example?x=1", "https://a.example#top"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    assert "ONEWINDOW_BASE_URL: expected http(s)://" in _refusal(BASE_URL=url)


@pytest.mark.parametrize("name", ["BASE_URL", "ISSUER"])
def test_plain_http_is_for_loopback_only(name: str) -> None:
    assert f"ONEWINDOW_{name}: plain http is allowed on loopback only" in _refusal(**{name: "http://10.0.0.5:8000"})


def test_demo_mode_listens_on_loopback_only() -> None:
    assert "ONEWINDOW_HOST: demo mode listens on loopback only" in _refusal(DEMO="true", HOST="0.0.0.0")  # noqa: S104
    assert Settings.from_env(GIVEN | {"ONEWINDOW_DEMO": "true"}).demo


def test_the_departments_clock_moves_in_demo_mode_only() -> None:
    assert "ONEWINDOW_DEPARTMENT_CLOCK_OFFSET_SECONDS: demo mode only" in _refusal(
        DEPARTMENT_CLOCK_OFFSET_SECONDS="3600"
    )
    shifted = Settings.from_env(
        GIVEN | {"ONEWINDOW_DEMO": "true", "ONEWINDOW_DEPARTMENT_CLOCK_OFFSET_SECONDS": "-3600"}
    )
    assert shifted.department_clock_offset_seconds == -3600


def test_secrets_are_not_shown() -> None:
    shown = repr(
        Settings.from_env(GIVEN | {"ONEWINDOW_DATABASE_URL": "postgresql+asyncpg://ow:Geheim7@db/ow"}),
    )
    assert SECRET not in shown
    assert "Geheim7" not in shown


def test_settings_do_not_change_once_read() -> None:
    settings = Settings.from_env(GIVEN)
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 9000  # type: ignore[misc]


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
