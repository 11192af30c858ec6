"""The settings: what may be said, and the sentence for what may not."""

from pathlib import Path

import pytest

from antifraud.foundation.clock import ControlledClock, SystemClock
from antifraud.foundation.settings import Settings, SettingsError, remembered_url_path

URL = "postgresql://owner:secret@db.example:5432/fraud?sslmode=require"


def read(**environ: str) -> Settings:
    return Settings.from_environment(environ)


def test_with_nothing_said_it_is_a_development_service_on_loopback() -> None:
    settings = read()
    assert (settings.host, settings.port, settings.public_url) == ("127.0.0.1", 8000, "http://127.0.0.1:8000")
    assert (settings.environment, settings.clock) == ("development", "system")
    assert settings.home.name == ".antifraud"
    assert isinstance(settings.build_clock(), SystemClock)


def test_the_port_moves_the_public_address_and_the_simulator() -> None:
    settings = read(ANTIFRAUD_PORT="9100")
    assert settings.public_url == "http://127.0.0.1:9100"
    assert settings.simulator_url == "http://127.0.0.1:9101"


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert read(ANTIFRAUD_PORT="", ANTIFRAUD_CLOCK=" ") == read()


def test_variables_of_others_are_none_of_our_business() -> None:
    assert read(PATH="/bin", ANTIVIRUS="1") == read()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ANTIFRAUD_PROT", "8000", "is not a setting"),
        ("ANTIFRAUD_PORT", "0", "from 1 to 65534"),
        ("ANTIFRAUD_PORT", "65535", "from 1 to 65534"),
        ("ANTIFRAUD_PORT", "８０００", "from 1 to 65534"),
        ("ANTIFRAUD_PORT", "80.5", "from 1 to 65534"),
        ("ANTIFRAUD_WORKERS", "-1", "from 1 to 64"),
        ("ANTIFRAUD_ENVIRONMENT", "prod", "development or production or test"),
        ("ANTIFRAUD_CLOCK", "fake", "system or controlled"),
        ("ANTIFRAUD_PUBLIC_URL", "centre.example", "address like https"),
        ("ANTIFRAUD_APP_DATABASE_URL", "mysql://x", "address like postgresql"),
        ("ANTIFRAUD_METRICS_TOKEN", "short", "at least 16 printable ASCII"),
        ("ANTIFRAUD_METRICS_TOKEN", "钥匙钥匙钥匙钥匙钥匙钥匙钥匙钥匙", "at least 16 printable ASCII"),
        ("ANTIFRAUD_DEADMAN_URL", "watch.example/ping", "address like https"),
        ("ANTIFRAUD_DEADMAN_URL", "https://watch.example:port/ping", "address like https"),
        ("ANTIFRAUD_DEADMAN_URL", "ftp://watch.example/ping", "address like https"),
        ("DATABASE_URL", "postgresql:", "address like postgresql"),
    ],
)
def test_a_wrong_variable_is_named_with_what_it_may_be(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as refused:
        read(**{name: value})
    assert name in str(refused.value)


def test_production_refuses_a_clock_that_can_be_moved() -> None:
    with pytest.raises(SettingsError, match="not for production"):
        read(ANTIFRAUD_ENVIRONMENT="production", ANTIFRAUD_CLOCK="controlled", ANTIFRAUD_PUBLIC_URL="https://a.example")


@pytest.mark.parametrize("environ", [{}, {"ANTIFRAUD_PUBLIC_URL": "http://centre.example"}])
def test_production_needs_an_address_that_banks_can_reach_safely(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="ANTIFRAUD_PUBLIC_URL"):
        read(ANTIFRAUD_ENVIRONMENT="production", **environ)


def test_the_controlled_clock_is_shared_through_the_home(tmp_path: Path) -> None:
    settings = read(ANTIFRAUD_CLOCK="controlled", ANTIFRAUD_HOME=str(tmp_path))
    clock = settings.build_clock()
    assert isinstance(clock, ControlledClock)
    clock.run_at(0)
    assert settings.clock_path == tmp_path / "clock.json"
    assert settings.build_clock().now() == clock.now()


def test_a_database_address_gets_the_driver_that_we_ship() -> None:
    assert read(DATABASE_URL=URL).database_url == URL.replace("postgresql://", "postgresql+psycopg://")


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text(URL + "\n")
    assert read(DATABASE_URL_FILE=str(secret)).database_url == read(DATABASE_URL=URL).database_url
    with pytest.raises(SettingsError, match="both set"):
        read(DATABASE_URL=URL, DATABASE_URL_FILE=str(secret))


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_a_file_without_a_secret_is_named(tmp_path: Path, content: str | None) -> None:
    secret = tmp_path / "url"
    if content is not None:
        secret.write_text(content)
    with pytest.raises(SettingsError, match="DATABASE_URL_FILE"):
        read(DATABASE_URL_FILE=str(secret))


def test_no_password_is_printed_with_the_settings() -> None:
    assert "secret" not in repr(read(DATABASE_URL=URL, ANTIFRAUD_APP_DATABASE_URL=URL))


def test_another_terminal_finds_the_database_of_the_running_service(tmp_path: Path) -> None:
    for name in ("DATABASE_URL", "ANTIFRAUD_APP_DATABASE_URL"):
        path = remembered_url_path(tmp_path, name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"postgresql+psycopg://{name.lower()}@/antifraud?host=/run\n")
    settings = read(ANTIFRAUD_HOME=str(tmp_path))
    assert settings.database_url == "postgresql+psycopg://database_url@/antifraud?host=/run"
    assert settings.app_database_url == "postgresql+psycopg://antifraud_app_database_url@/antifraud?host=/run"


def test_the_processes_role_is_derived_for_a_database_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "app-database-password").write_text("p/w@1\n")
    remembered_url_path(tmp_path, "ANTIFRAUD_APP_DATABASE_URL").write_text("postgresql+psycopg://left@/over\n")
    settings = read(ANTIFRAUD_HOME=str(tmp_path), DATABASE_URL=URL)
    assert settings.app_database_url == (
        "postgresql+psycopg://antifraud_app:p%2Fw%401@db.example:5432/fraud?sslmode=require"
    )


def test_a_web_process_holds_few_connections_however_many_threads_it_has() -> None:
    assert (read().web_threads, read().web_pool_size) == (256, 16)
    assert read(ANTIFRAUD_WEB_THREADS="1024").web_pool_size == 16
    assert read(ANTIFRAUD_WEB_THREADS="2").web_pool_size == 4


def test_the_monitors_token_may_come_from_a_file_and_is_in_no_repr(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a-token-from-a-file\n")
    settings = read(ANTIFRAUD_METRICS_TOKEN_FILE=str(tmp_path / "token"))
    assert settings.metrics_token == "a-token-from-a-file"
    assert "a-token-from-a-file" not in repr(settings)


def test_the_dead_mans_switch_may_come_from_a_file_and_is_in_no_repr_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "switch").write_text("https://watch.example/ping/name-of-ours?every=60\n")
    settings = read(ANTIFRAUD_DEADMAN_URL_FILE=str(tmp_path / "switch"))
    assert settings.deadman_url == "https://watch.example/ping/name-of-ours?every=60"
    assert "name-of-ours" not in repr(settings)
    with pytest.raises(SettingsError) as refused:
        read(ANTIFRAUD_DEADMAN_URL="watch.example/ping/name-of-ours")
    assert "name-of-ours" not in str(refused.value)
    assert read().deadman_url is None
