"""An invalid setting ends the start with one line that names it."""

from __future__ import annotations

from pathlib import Path

import pytest
import shop_modules

shop_modules.use()

from sockshop import settings
from sockshop.cards import masked


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "80.5"),
        ("PORT", "0"),
        ("FAIL_PERCENT", "101"),
        ("SLOW_MS", "nan"),
        ("SLOW_PERCENT", "x"),
        ("ZIPKIN", "zipkin:9411"),
    ],
)
def test_an_invalid_value_is_reported(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        settings.read_settings()
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith(f"{name}: found {value!r}; allowed: ") and message.count("\n") == 1


def test_the_endpoint_of_the_mesh_takes_precedence_and_may_be_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZIPKIN", "http://zipkin:9411/api/v2/spans")
    assert settings.read_settings().spans_url == "http://zipkin:9411/api/v2/spans"
    monkeypatch.setenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT", "")
    assert settings.read_settings().spans_url == ""


def test_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.address("STORE", "store", 1) == ("store", 1)
    monkeypatch.setenv("STORE", "other:2")
    assert settings.address("STORE", "store", 1) == ("other", 2)
    monkeypatch.setenv("STORE", "other:x")
    with pytest.raises(SystemExit):
        settings.address("STORE", "store", 1)


def test_the_file_of_a_secret_takes_precedence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORD", "variable")
    assert settings.secret("WORD", "") == "variable"
    (tmp_path / "word").write_text("file\n")
    monkeypatch.setenv("WORD_FILE", str(tmp_path / "word"))
    assert settings.secret("WORD", "") == "file"
    monkeypatch.setenv("WORD_FILE", str(tmp_path / "none"))
    with pytest.raises(SystemExit):
        settings.secret("WORD", "")


@pytest.mark.parametrize(
    ("number", "masked_number"),
    [("5544154011345918", "************5918"), ("************5918", "************5918"), ("12345678", "********"), ("", "")],
)
def test_card_numbers_show_only_their_last_digits(number: str, masked_number: str) -> None:
    assert masked(number) == masked_number
