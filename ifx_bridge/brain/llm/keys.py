"""API keys: from the environment or the system's keyring, never from or to a file of ours."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Thread
from types import ModuleType

from ifx_bridge.brain.llm.providers import PROVIDERS, Provider
from ifx_bridge.errors import UserError

SERVICE = "ifx-bridge"
# A keyring that is locked can wait for a person for ever.
PATIENCE_SECONDS = 2.0


@dataclass(frozen=True)
class Key:
    """A secret; its value is not shown by `repr`.

    Attributes:
        value: The secret.
        source: Where it was found.
    """

    value: str = field(repr=False)
    source: str

    @property
    def masked(self) -> str:
        """For people: the last four characters of a long one."""
        return f"…{self.value[-4:]}" if len(self.value) >= 16 else "…"


def first() -> Provider | None:
    """The first provider that needs a key and whose key is there."""
    hosted = [provider for provider in PROVIDERS if provider.needs_key]
    for provider in hosted:
        if _in_environment(provider):
            return provider

    def first_stored() -> str | None:
        ring = _keyring()
        return next((p.id for p in hosted if ring.get_password(SERVICE, p.id)), None)

    stored = _patiently(first_stored)
    return next((p for p in hosted if p.id == stored), None)


def _in_environment(provider: Provider) -> Key | None:
    value = os.environ.get(provider.key_name, "").strip() if provider.key_name else ""
    return Key(value, f"environment variable {provider.key_name}") if value else None


def find(provider: Provider) -> Key | None:
    """The key for a provider: from its environment variable, else from the keyring."""
    if not provider.key_name:
        return None
    if key := _in_environment(provider):
        return key
    stored = _patiently(lambda: _keyring().get_password(SERVICE, provider.id))
    return Key(stored, "keyring") if isinstance(stored, str) and stored else None


def store(provider: Provider, value: str) -> None:
    """Keep a key in the system's keyring.

    Raises:
        UserError: The provider takes none, it is empty, or there is no keyring here.
    """
    value = value.strip()
    if not provider.key_name or not value:
        raise UserError("There is no key to keep.", next_step="Paste the key when asked for it.")
    try:
        _keyring().set_password(SERVICE, provider.id, value)
    except Exception as error:  # every backend has errors of its own
        raise UserError(
            f"There is no keyring on this machine that could keep it ({type(error).__name__}).",
            kept="Nothing was stored.",
            next_step=f"Set the environment variable {provider.key_name} instead.",
        ) from None


def forget(provider: Provider) -> None:
    """Delete a key from the keyring; one that is not there is no error."""
    _patiently(lambda: _keyring().delete_password(SERVICE, provider.id))


def _keyring() -> ModuleType:
    import keyring

    return keyring


def _patiently(ask: Callable[[], object]) -> object:
    """What the keyring answers; None when there is none, it refuses or takes too long."""
    found: list[object] = []

    def work() -> None:
        try:
            found.append(ask())
        except Exception:  # no keyring, no entry, not unlocked: no key
            return

    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    return found[0] if found else None
