"""Settings: what wins over what, where each value came from, and messages that say where to look."""

from __future__ import annotations

from pathlib import Path

import pytest

from inferloop_synthetic.settings import Settings, SettingsError, load_settings, variable


def test_every_setting_of_the_issue_has_its_variable():
    names = {variable(field) for field in Settings.model_fields}
    asked = [
        "LOG_LEVEL", "MAX_CONCURRENT_GENERATIONS", "DEFAULT_TIMEOUT", "RATE_LIMIT_REQUESTS_PER_MINUTE", "MAX_RECORDS_PER_GENERATION",
        "ENABLE_INPUT_SANITIZATION", "MAX_MEMORY_USAGE_MB", "ENABLE_RESOURCE_MONITORING", "CACHE_ENABLED", "TEMP_DIR", "METRICS_ENABLED",
        "ENABLE_AUDIT_LOGGING", "POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD", "REDIS_HOST",
        "REDIS_PORT", "REDIS_DB", "REDIS_PASSWORD",
    ]  # fmt: skip
    assert {f"GUARDIAN_{name}" for name in asked} <= names


def test_options_win_over_variables_over_the_file_over_defaults(tmp_path: Path):
    file = tmp_path / "settings.yaml"
    file.write_text("port: 1001\nmax_rows: 5\nworkers: 3\n")
    environ = {"GUARDIAN_CONFIG_FILE": str(file), "GUARDIAN_PORT": "1002", "GUARDIAN_MAX_ROWS": "6"}
    loaded = load_settings(environ, options={"port": 1003, "host": None})
    assert (loaded.settings.port, loaded.settings.max_rows, loaded.settings.workers) == (1003, 6, 3)
    assert loaded.sources["port"] == "option --port"
    assert loaded.sources["max_rows"] == "variable GUARDIAN_MAX_ROWS"
    assert loaded.sources["workers"] == f"file {file}:3"
    assert loaded.sources["host"] == "default"


def test_names_in_the_file_may_be_written_as_the_variables_are(tmp_path: Path):
    file = tmp_path / "settings.yaml"
    file.write_text("GUARDIAN_LOG_LEVEL: debug\n")
    assert load_settings({}, file).settings.log_level == "DEBUG"


def test_service_may_be_named_without_the_prefix_and_the_prefixed_one_wins():
    assert load_settings({"SERVICE": "syndoc"}).settings.service == "syndoc"
    assert load_settings({"SERVICE": "syndoc", "GUARDIAN_SERVICE": "textnlp"}).settings.service == "textnlp"


@pytest.mark.parametrize(
    ("environ", "ratio", "source"),
    [
        (
            {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.05"},
            0.05,
            "variable OTEL_TRACES_SAMPLER_ARG",
        ),
        (
            {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.2"},
            0.2,
            "variable OTEL_TRACES_SAMPLER_ARG",
        ),
        (
            {"OTEL_TRACES_SAMPLER": "parentbased_always_off", "OTEL_TRACES_SAMPLER_ARG": "0.2"},
            0.0,
            "variable OTEL_TRACES_SAMPLER",
        ),
        ({"OTEL_TRACES_SAMPLER": "always_on"}, 1.0, "variable OTEL_TRACES_SAMPLER"),
        ({"OTEL_TRACES_SAMPLER_ARG": "0.05"}, 1.0, "default"),
        (
            {"OTEL_TRACES_SAMPLER": "always_off", "GUARDIAN_TRACE_SAMPLE_RATIO": "0.5"},
            0.5,
            "variable GUARDIAN_TRACE_SAMPLE_RATIO",
        ),
    ],
)
def test_the_variables_of_opentelemetry_set_where_traces_go_and_how_many(
    environ: dict[str, str], ratio: float, source: str
):
    loaded = load_settings(
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_SERVICE_NAME": "shop", **environ}
    )
    assert loaded.settings.trace_service == "shop"
    assert loaded.settings.otlp_endpoint == "http://collector:4318"
    assert (loaded.settings.trace_sample_ratio, loaded.sources["trace_sample_ratio"]) == (ratio, source)


def test_a_wrong_ratio_of_opentelemetry_names_its_variable():
    with pytest.raises(SettingsError, match=r"variable OTEL_TRACES_SAMPLER_ARG"):
        load_settings({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "often"})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("prot: 1\n", ":1: prot is no setting; did you mean port?"),
        ("port: 1\nGUARDIAN_PORT: 2\n", ":2: GUARDIAN_PORT is set twice"),
        ("- a\n", "names and values"),
        ("a: [\n", "cannot be read"),
        ("a: &a [*a]\n", "is no setting"),
        ("? [a]\n: 1\n", "cannot be read"),
    ],
)
def test_a_wrong_file_is_refused_with_the_line(tmp_path: Path, text: str, wanted: str):
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings({}, file)
    assert wanted in str(caught.value)


def test_all_wrong_values_are_reported_together_with_where_they_stand(tmp_path: Path):
    file = tmp_path / "settings.yaml"
    file.write_text("workers: none\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(
            {"GUARDIAN_PORT": "70000", "GUARDIAN_LOG_LEVEL": "loud", "GUARDIAN_CORS_ORIGINS": "example.com"}, file
        )
    text = str(caught.value)
    for word in (
        "GUARDIAN_WORKERS",
        f"{file}:1",
        "GUARDIAN_PORT",
        "variable GUARDIAN_PORT",
        "GUARDIAN_LOG_LEVEL",
        "no origin",
    ):
        assert word in text


def test_a_variable_that_means_nothing_is_a_warning_that_names_the_nearest():
    assert load_settings({"GUARDIAN_MAX_ROW": "1"}).warnings == (
        "GUARDIAN_MAX_ROW is no setting; did you mean GUARDIAN_MAX_ROWS?",
    )


def test_secrets_are_read_from_files_and_never_shown(tmp_path: Path):
    secret = tmp_path / "password"
    secret.write_text("hunter2\n")
    environ = {
        "GUARDIAN_POSTGRES_PASSWORD_FILE": str(secret), "GUARDIAN_REDIS_PASSWORD": "hunter3", "GUARDIAN_API_KEY_PEPPERS": "hunter4,hunter5",
        "GUARDIAN_DATABASE_URL": "postgresql://u:hunter6@h/d",
    }  # fmt: skip
    loaded = load_settings(environ)
    assert loaded.settings.postgres_password is not None
    assert loaded.settings.postgres_password.get_secret_value() == "hunter2"
    assert [p.get_secret_value() for p in loaded.settings.api_key_peppers] == ["hunter4", "hunter5"]
    printed = repr(loaded.lines()) + repr(loaded.settings)
    assert "hunter" not in printed
    assert str(secret) in loaded.sources["postgres_password"]
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings({"GUARDIAN_POSTGRES_PASSWORD_FILE": str(tmp_path / "none")})


def test_a_wrong_secret_is_not_repeated_in_the_message():
    with pytest.raises(SettingsError) as caught:
        load_settings({"GUARDIAN_REDIS_PORT": "hunter2", "GUARDIAN_DATABASE_URL": "x", "GUARDIAN_POSTGRES_HOST": "h"})
    assert "hunter2" not in str(caught.value)


def test_addresses_of_servers_are_put_together():
    plain = load_settings({"GUARDIAN_DATA_DIR": "/data"}).settings
    assert plain.database == "sqlite:////data/inferloop.db"
    assert plain.results == "/data/results"
    assert plain.redis_url is None
    environ = {
        "GUARDIAN_POSTGRES_HOST": "db", "GUARDIAN_POSTGRES_USER": "a b", "GUARDIAN_POSTGRES_PASSWORD": "p", "GUARDIAN_POSTGRES_SSLMODE": "require",
        "GUARDIAN_REDIS_HOST": "cache", "GUARDIAN_REDIS_PASSWORD": "p@ss", "GUARDIAN_REDIS_TLS": "true", "GUARDIAN_REDIS_DB": "3",
    }  # fmt: skip
    served = load_settings(environ).settings
    assert served.database == "postgresql://a%20b@db:5432/inferloop?sslmode=require"
    assert served.redis_url == "rediss://:p%40ss@cache:6379/3"


def test_two_databases_are_refused():
    with pytest.raises(SettingsError, match="give one of them"):
        load_settings({"GUARDIAN_DATABASE_URL": "sqlite:///x", "GUARDIAN_POSTGRES_HOST": "h"})


def test_rows_answered_at_once_are_never_more_than_rows_allowed():
    assert load_settings({"GUARDIAN_MAX_RECORDS_PER_GENERATION": "10"}).settings.synchronous_records == 10


@pytest.mark.parametrize(
    ("environ", "warned"),
    [
        ({}, "jobs and API keys and results are kept in /tmp/x/data, below the temporary folder /tmp"),
        ({"GUARDIAN_DATA_DIR": "/tmp/kept"}, "are kept in /tmp/kept"),
        ({"GUARDIAN_RESULTS_URL": "s3://bucket/x"}, "jobs and API keys are kept in"),
        ({"GUARDIAN_DATABASE_URL": "postgresql://db/x"}, "results are kept in"),
        ({"GUARDIAN_DATA_DIR": "/var/lib/inferloop"}, None),
        ({"GUARDIAN_TEMP_DIR": "/scratch"}, None),
        ({"GUARDIAN_POSTGRES_HOST": "db", "GUARDIAN_RESULTS_URL": "s3://bucket/x"}, None),
    ],
)
def test_what_is_kept_below_the_temporary_folder_is_a_warning(environ: dict[str, str], warned: str | None):
    found = load_settings({"GUARDIAN_TEMP_DIR": "/tmp/x"} | environ).settings.fleeting(Path("/tmp"))
    assert (warned is None) == (found is None)
    if warned is not None:
        assert warned in str(found)
        assert "GUARDIAN_DATA_DIR" in str(found)
