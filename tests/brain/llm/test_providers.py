from __future__ import annotations

import pytest

from ifx_bridge.brain.base import announcement, chosen
from ifx_bridge.brain.llm import keys
from ifx_bridge.brain.llm.providers import PROVIDERS, Capabilities, endpoint
from ifx_bridge.errors import UserError


@pytest.mark.parametrize(
    ("spec", "provider", "model"),
    [
        ("gemini", "gemini", "gemini-3.1-pro-preview"),
        ("gemini-2.5-flash", "gemini", "gemini-2.5-flash"),
        ("gpt-5.5", "openai", "gpt-5.5"),
        ("ollama", "ollama", ""),
        ("ollama:qwen3:8b", "ollama", "qwen3:8b"),
        ("anthropic/claude-sonnet-4.5", "openrouter", "anthropic/claude-sonnet-4.5"),
        ("http://localhost:9000", "localhost:9000", ""),
        ("https://example.org/api/v2#big", "example.org", "big"),
    ],
)
def test_who_is_meant(spec: str, provider: str, model: str) -> None:
    found = endpoint(spec)
    assert (found.provider.id, found.model) == (provider, model)


def test_urls_get_a_path_and_keep_theirs() -> None:
    assert endpoint("http://localhost:9000").provider.base_url == "http://localhost:9000/v1"
    assert endpoint("https://example.org/x#m").provider.base_url == "https://example.org/x"
    assert endpoint("http://192.168.1.20:11434#m").provider.base_url.endswith(":11434/v1")


@pytest.mark.parametrize(
    "spec", ["psychic", "", "http://", "ftp://x/y", "http://example.org/v1", "https://a:b@c.org/v1",
             "http://localhost:99999/v1", "http://[::1/v1"]
)  # fmt: skip
def test_what_nobody_is_known_by(spec: str) -> None:
    with pytest.raises(UserError):
        endpoint(spec)


def test_everything_can_be_given_up_and_then_there_is_nothing() -> None:
    has: Capabilities | None = Capabilities(schema="strict", reasoning="low")
    seen = []
    while has is not None:
        assert has not in seen
        seen.append(has)
        has = has.without("no")
    assert not seen[-1].tools and seen[-1].schema == "none" and not seen[-1].required
    assert Capabilities().without("the sky is blue", only_named=True) is None


def test_auto_takes_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen() == "offline" and chosen("ollama") == "ollama"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    assert chosen() == "openai"
    monkeypatch.setenv("IFX_BRAIN", "ollama:tiny")
    assert chosen() == "ollama:tiny"


def test_who_is_sent_what_is_said() -> None:
    assert announcement("offline") == ""
    assert "on this machine" in announcement("ollama")
    assert "at Google Gemini" in announcement("gemini") and "never audio" in announcement("gemini")


class Ring:
    """A keyring in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, name: str) -> str | None:
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, value: str) -> None:
        self.kept[service, name] = value

    def delete_password(self, service: str, name: str) -> None:
        del self.kept[service, name]


def test_keys_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    ring, gemini = Ring(), PROVIDERS[0]
    monkeypatch.setattr(keys, "_keyring", lambda: ring)
    assert keys.find(gemini) is None and keys.first() is None
    keys.store(gemini, " AIza-0123456789-wxyz ")
    found = keys.find(gemini)
    assert found is not None and found.masked == "…wxyz" and found.source == "keyring"
    assert "AIza" not in repr(found) and chosen() == "gemini"
    monkeypatch.setenv("GEMINI_API_KEY", "from-the-environment")
    again = keys.find(gemini)
    assert again is not None and again.value == "from-the-environment"
    monkeypatch.delenv("GEMINI_API_KEY")
    keys.forget(gemini)
    keys.forget(gemini)  # not there any more: no error
    assert keys.find(gemini) is None


def test_without_a_keyring_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring.backends.fail

    monkeypatch.setattr(keys, "_keyring", keyring.backends.fail.Keyring)
    assert keys.find(PROVIDERS[0]) is None and keys.first() is None
    with pytest.raises(UserError, match="no keyring") as caught:
        keys.store(PROVIDERS[0], "x")
    assert "GEMINI_API_KEY" in str(caught.value)
