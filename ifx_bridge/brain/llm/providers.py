"""Who can be asked: addresses, default models, and what each of them can do.

Differences between providers stand here as data; nothing else tests a name. What an unknown server
cannot do is learned from its refusals.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

from ifx_bridge.errors import UserError

# The third is what llama.cpp's servers and some hosts understand instead of the second.
Schema = Literal["strict", "plain", "object with schema", "object", "none"]
# What a server may refuse, the rarest first.
FEATURES = ("reasoning", "limit", "schema", "required", "tools")
LONGEST_MODEL = 80


@dataclass(frozen=True)
class Capabilities:
    """What a server understands.

    Attributes:
        tools: Tools; without them the same choice is asked for as JSON.
        required: `tool_choice: "required"`.
        parallel: Several tool calls in one answer; without, it is asked until it calls no more.
        schema: How JSON is asked for: a strict schema, a plain one, any object, or only in words.
        reasoning: Value of `reasoning_effort`; empty: it is not sent.
        limit: Name of the limit on the answer's tokens; empty: it is not sent.
    """

    tools: bool = True
    required: bool = True
    parallel: bool = True
    schema: Schema = "plain"
    reasoning: str = ""
    limit: Literal["max_tokens", "max_completion_tokens", ""] = "max_tokens"

    def without(
        self, complaint: str, used: Collection[str] = FEATURES, only_named: bool = False
    ) -> Capabilities | None:
        """Less, after a server refused a request; None when nothing is left to give up.

        Args:
            complaint: What it said; what it names goes first, else the rarest feature.
            used: Features (names of attributes) that the request used.
            only_named: Give up nothing that it does not name.
        """
        weaker = {
            pattern: changed
            for name, (pattern, give_up) in _GIVE_UP.items()
            if name in used and (changed := give_up(self)) != self
        }
        named = [pattern for pattern in weaker if re.search(pattern, complaint, re.IGNORECASE)]
        order = named if only_named else [*named, *weaker]
        return weaker[order[0]] if order else None


def _weaker_schema(has: Capabilities) -> Capabilities:
    ladder: list[Schema] = ["strict", "plain", "object with schema", "object", "none"]
    return replace(has, schema=ladder[min(ladder.index(has.schema) + 1, len(ladder) - 1)])


def _other_limit(has: Capabilities) -> Capabilities:
    """By the other name; then none, for models with less room than the limit."""
    return replace(has, limit="max_completion_tokens" if has.limit == "max_tokens" else "")


# By feature: what servers call it, and how to give it up.
_GIVE_UP: dict[str, tuple[str, Callable[[Capabilities], Capabilities]]] = {
    "reasoning": (r"reasoning", lambda has: replace(has, reasoning="")),
    "limit": (r"max_(completion_)?tokens", _other_limit),
    "schema": (
        r"response_format|json_?schema|json_object|strict|additionalProperties",
        _weaker_schema,
    ),
    "required": (r"tool_choice|required", lambda has: replace(has, required=False)),
    "tools": (r"tools?\b|function", lambda has: replace(has, tools=False)),
}


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens."""

    sent: float
    received: float


@dataclass(frozen=True)
class Provider:
    """A place that serves models.

    Attributes:
        id: What `--brain` calls it.
        title: What a person calls it.
        base_url: Of its OpenAI-compatible API.
        model: The default one; empty: the first one that it serves.
        key_name: Environment variable with the key; empty: none is asked for.
        needs_key: Whether it answers nobody without a key.
        can: What it understands.
        models: Beginnings of the names of models that are meant to be asked there.
        prices: Of single models, where they are published.
    """

    id: str
    title: str
    base_url: str
    model: str = ""
    key_name: str = ""
    needs_key: bool = False
    can: Capabilities = Capabilities()
    models: tuple[str, ...] = ()
    prices: tuple[tuple[str, Price], ...] = ()


PROVIDERS = (
    Provider(
        "gemini",
        "Google Gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai/",
        model="gemini-3.1-pro-preview",
        key_name="GEMINI_API_KEY",
        needs_key=True,
        can=Capabilities(reasoning="low"),
        models=("gemini-",),
        # ai.google.dev/gemini-api/docs/pricing, prompts up to 200,000 tokens; 2026.
        prices=(("gemini-3.1-pro-preview", Price(2.0, 12.0)),),
    ),
    Provider(
        "openai",
        "OpenAI",
        "https://api.openai.com/v1",
        model="gpt-5.5",
        key_name="OPENAI_API_KEY",
        needs_key=True,
        can=Capabilities(schema="strict", reasoning="low", limit="max_completion_tokens"),
        models=("gpt-", "o3", "o4"),
    ),
    Provider(
        "openrouter",
        "OpenRouter",
        "https://openrouter.ai/api/v1",
        model="google/gemini-3.1-pro-preview",
        key_name="OPENROUTER_API_KEY",
        needs_key=True,
        can=Capabilities(reasoning="low"),
    ),
    # Ollama accepts tool_choice and ignores it.
    Provider("ollama", "Ollama", "http://localhost:11434/v1", can=Capabilities(required=False)),
    Provider("lmstudio", "LM Studio", "http://localhost:1234/v1"),
    # Several calls in one answer are off by default in llama.cpp's server.
    Provider("llamacpp", "llama.cpp", "http://localhost:8080/v1", can=Capabilities(parallel=False)),
    Provider("vllm", "vLLM", "http://localhost:8000/v1"),
)


@dataclass(frozen=True)
class Endpoint:
    """One model at one address.

    Attributes:
        provider: Where.
        model: Which; empty: the first one that is served.
    """

    provider: Provider
    model: str

    @property
    def name(self) -> str:
        """As in `session.json` and on the screen."""
        return f"{self.provider.id}:{short(self.model)}" if self.model else self.provider.id

    @property
    def price(self) -> Price | None:
        """Of the model, where it is known."""
        return dict(self.provider.prices).get(self.model)

    @property
    def is_local(self) -> bool:
        """Whether what is sent stays on this machine."""
        return _is_near(urlsplit(self.provider.base_url).hostname or "", only_here=True)


def short(model: str) -> str:
    """A model's name for people; local servers give the path of its file."""
    name = re.split(r"[/\\]", model)[-1] if model.endswith(".gguf") else model
    return "".join(sign for sign in name if sign.isprintable())[:LONGEST_MODEL]


def endpoint(spec: str) -> Endpoint:
    """Who is meant by `--brain`.

    Args:
        spec: A provider (`gemini`), a provider and a model (`ollama:qwen3`), a model
            (`gemini-3.1-pro-preview`, `vendor/model` for OpenRouter), or the URL of an
            OpenAI-compatible API, with `#model` where it serves several.

    Raises:
        UserError: Nobody is known by that name, or the URL is none.
    """
    spec = spec.strip()
    if "://" in spec:
        return _at_url(spec)
    known = {provider.id: provider for provider in PROVIDERS}
    place, _, model = spec.partition(":")
    if place in known:
        return Endpoint(known[place], model or known[place].model)
    for provider in PROVIDERS:
        if spec.startswith(provider.models or ("\0",)):
            return Endpoint(provider, spec)
    if re.fullmatch(r"[\w.-]+/[\w.:-]+", spec):
        return Endpoint(known["openrouter"], spec)
    raise UserError(
        f"No brain is known as {spec!r}.",
        next_step=f"Say offline, {', '.join(known)} (with :MODEL if you like), a model's name, or "
        "the URL of an OpenAI-compatible API.",
    )


def _at_url(spec: str) -> Endpoint:
    url, _, model = spec.partition("#")
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise UserError(
            f"{url!r} is not the address of a server.",
            next_step="It looks like http://localhost:8000/v1.",
        )
    if parts.username or parts.password:
        raise UserError(
            "The address carries a user name or password, which would end up in sessions.",
            next_step="Leave it out, and put the key into IFX_API_KEY or the keyring.",
        )
    if parts.scheme == "http" and not _is_near(parts.hostname or ""):
        raise UserError(
            f"{parts.hostname} would be asked over plain http, where anyone on the way can read.",
            next_step="Use https, or a server on this machine or in your own network.",
        )
    base = url if parts.path.strip("/") else f"{url.rstrip('/')}/v1"
    host = parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"
    return Endpoint(Provider(str(host), str(host), base, key_name="IFX_API_KEY"), model)


def _is_near(host: str, only_here: bool = False) -> bool:
    """Whether a host is this machine, or (unless `only_here`) one in a private network."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return not only_here and (
            "." not in host or host.endswith((".local", ".lan", ".home.arpa"))
        )
    return address.is_loopback or (not only_here and address.is_private)
