"""Asking a model: one conversation, with time limits, retries and a way to stop at once.

Whatever goes wrong becomes a `Failure` that says it in words. Nothing here believes what it hears.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from ifx_bridge.brain.llm.keys import Key
from ifx_bridge.brain.llm.providers import Capabilities, Endpoint, short
from ifx_bridge.brain.plan import Usage
from ifx_bridge.errors import Cancelled

if TYPE_CHECKING:
    import openai

# Asked this often whether the user wants to stop.
POLL_SECONDS = 0.05
# A server that asks for more patience than this is given up on.
LONGEST_WAIT_SECONDS = 20.0
RETRY_WAITS_SECONDS = (0.5, 2.0)
# Reasoning counts as part of the answer.
ANSWER_TOKENS = 8192
LONGEST_ANSWER = 200_000

Message = dict[str, Any]
T = TypeVar("T")


class Failure(Exception):
    """The model could not be asked, or said nothing usable; `str()` says why, for people."""


@dataclass(frozen=True)
class Call:
    """A tool call as it was received: nothing in it is checked."""

    name: str
    arguments: str
    id: str = ""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    refusal: str = ""
    cut_off: bool = False


@dataclass
class Client:
    """A conversation partner.

    Attributes:
        endpoint: Who is asked.
        key: Their key, where one is needed.
        can: What the server understands; less after it refused something.
        timeout: For one answer, in seconds.
        usage: What asking has taken so far.
    """

    endpoint: Endpoint
    key: Key | None
    can: Capabilities
    timeout: float = 60.0
    usage: Usage = field(init=False, default_factory=Usage)
    model: str = field(init=False)

    def __post_init__(self) -> None:
        self.model = self.endpoint.model

    async def ask(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        must_call: bool = False,
        schema: Mapping[str, Any] | None = None,
    ) -> Answer:
        """One answer; none at all when tools are given and the server turns out to take none.

        Args:
            messages: The conversation so far.
            tools: Functions that may be called, as JSON schemas.
            must_call: At least one has to be.
            schema: Shape of the JSON that the answer should be.

        Raises:
            Failure: There is none; what was tried is said.
        """
        import openai

        waits = list(RETRY_WAITS_SECONDS)
        async with self._connection() as connection:
            while not tools or self.can.tools:
                try:
                    if not self.model:
                        self.model = await self._first_model(connection)
                    request = self._request(messages, tools, must_call, schema)
                    reply = await connection.chat.completions.create(**request)
                    return self._answer(reply)
                except openai.APIError as error:
                    pause = self._pause(error, waits)
                    await asyncio.sleep(pause)
                except Failure:
                    raise
                except Exception as error:  # whatever the library makes of garbage
                    raise Failure(f"{self.name} answered with something unreadable") from error
        return Answer()

    @property
    def name(self) -> str:
        """Who is asked, for people."""
        title = self.endpoint.provider.title
        return f"{title} ({short(self.model)})" if self.model else title

    def _connection(self) -> openai.AsyncOpenAI:
        import openai

        return openai.AsyncOpenAI(
            api_key=self.key.value if self.key else "none",
            base_url=self.endpoint.provider.base_url,
            timeout=self.timeout,
            max_retries=0,
        )

    def _request(
        self,
        messages: Sequence[Message],
        tools: Sequence[Mapping[str, Any]],
        must_call: bool,
        schema: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self.model,
            "messages": list(messages),
            self.can.limit: ANSWER_TOKENS,
        }
        if tools:
            request["tools"] = list(tools)
            request["tool_choice"] = "required" if must_call and self.can.required else "auto"
        if schema is not None and self.can.schema == "object":
            request["response_format"] = {"type": "json_object"}
        elif schema is not None and self.can.schema == "object with schema":
            request["response_format"] = {"type": "json_object", "schema": schema}
        elif schema is not None and self.can.schema != "none":
            request["response_format"] = {
                "type": "json_schema",
                "json_schema": {
                    "name": "answer",
                    "strict": self.can.schema == "strict",
                    "schema": schema,
                },
            }
        if self.can.reasoning:
            request["reasoning_effort"] = self.can.reasoning
        return request

    def _pause(self, error: openai.APIError, waits: list[float]) -> float:
        """Seconds to wait before trying again, or a `Failure` when it would be of no use."""
        import openai

        said = _first_line(_message(error))
        if self.key is not None:  # some servers repeat it
            said = said.replace(self.key.value, self.key.masked)
        if isinstance(error, openai.APITimeoutError):
            raise Failure(f"{self.name} gave no answer within {self.timeout:.0f} s") from error
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            where = f" (from the {self.key.source}, {self.key.masked})" if self.key else ""
            raise Failure(f"{self.name} refused the key{where}") from error
        if isinstance(error, openai.RateLimitError):
            if getattr(error, "code", None) == "insufficient_quota":
                raise Failure(f"the account at {self.name} has no credit left") from error
            asked = _retry_after(error)
            if asked is not None and asked > LONGEST_WAIT_SECONDS:
                raise Failure(
                    f"{self.name} asks to wait {asked:.0f} s (too many requests)"
                ) from error
            if not waits:
                raise Failure(f"{self.name} is too busy (too many requests)") from error
            default = waits.pop(0)
            return default if asked is None else asked
        if isinstance(error, openai.NotFoundError):
            raise Failure(f"{self.name} was not found there ({said})") from error
        if isinstance(error, openai.APIStatusError):
            bad_request = error.status_code in (400, 415, 422, 501)
            weaker = self.can.without(str(error), only_named=not bad_request)
            if weaker is not None:
                self.can = weaker
                return 0.0
            if bad_request:
                raise Failure(f"{self.name} does not understand the request ({said})") from error
        if not waits:
            if isinstance(error, openai.APIStatusError):
                raise Failure(f"{self.name} has a fault ({error.status_code}: {said})") from error
            raise Failure(f"{self.name} could not be reached, or broke off ({said})") from error
        return waits.pop(0)

    async def _first_model(self, connection: openai.AsyncOpenAI) -> str:
        listed = await connection.models.list()
        for model in getattr(listed, "data", None) or ():
            if isinstance(getattr(model, "id", None), str) and model.id:
                return str(model.id)
        raise Failure(f"{self.name} serves no model; load one there, or name one")

    def _answer(self, reply: object) -> Answer:
        """What is usable of a reply; providers leave out and add as they like."""
        self.usage += self._usage_of(getattr(reply, "usage", None))
        choices = getattr(reply, "choices", None)
        choice = choices[0] if isinstance(choices, list) and choices else None
        message = getattr(choice, "message", None)
        if message is None:
            raise Failure(f"{self.name} answered with something that is no chat completion")
        calls = []
        for call in getattr(message, "tool_calls", None) or ():
            function = getattr(call, "function", None)
            name, arguments = getattr(function, "name", None), getattr(function, "arguments", None)
            if isinstance(arguments, Mapping):  # some servers do not encode them
                arguments = json.dumps(arguments)
            if isinstance(name, str):
                text = arguments if isinstance(arguments, str) else ""
                calls.append(Call(name, text[:LONGEST_ANSWER], str(getattr(call, "id", "") or "")))
        content, refusal = getattr(message, "content", None), getattr(message, "refusal", None)
        return Answer(
            text=content[:LONGEST_ANSWER] if isinstance(content, str) else "",
            calls=tuple(calls),
            refusal=refusal if isinstance(refusal, str) else "",
            cut_off=getattr(choice, "finish_reason", None) == "length",
        )

    def _usage_of(self, said: object) -> Usage:
        def count(name: str) -> int:
            value = getattr(said, name, None)
            return value if isinstance(value, int) and 0 <= value < 10**9 else 0

        sent, received = count("prompt_tokens"), count("completion_tokens")
        # Some count reasoning apart from the answer; the total shows it.
        received = max(received, count("total_tokens") - sent)
        cost = getattr(said, "cost", None)
        price = self.endpoint.price
        if isinstance(cost, int | float) and 0 <= cost < 1e6:
            cost_usd: float | None = float(cost)
        elif self.endpoint.is_local:
            cost_usd = 0.0
        elif price is not None:
            cost_usd = (sent * price.sent + received * price.received) / 1e6
        else:
            cost_usd = None
        return Usage(1, sent, received, cost_usd)


def run(work: Callable[[], Coroutine[Any, Any, T]], cancelled: Callable[[], bool]) -> T:
    """Run a coroutine in a loop of its own and return its result.

    Raises:
        Cancelled: `cancelled` said so; that takes a moment, whatever the other side does. The
            connection is then closed in the background.
    """
    found: list[T] = []
    raised: list[BaseException] = []
    stop, done = threading.Event(), threading.Event()

    async def watched() -> None:
        task = asyncio.ensure_future(_until(work(), stop))
        try:
            found.append(await task)
        except BaseException as error:
            raised.append(error)

    def thread() -> None:
        try:
            asyncio.run(watched())
        finally:
            done.set()

    threading.Thread(target=thread, daemon=True, name="language model").start()
    while not done.wait(POLL_SECONDS) and not found and not raised:
        if cancelled():
            stop.set()
            raise Cancelled
    if found:
        return found[0]
    raise raised[0] if raised else Failure("the request ended without an answer")


async def _until(work: Awaitable[T], stop: threading.Event) -> T:
    task = asyncio.ensure_future(work)
    while not task.done():
        await asyncio.wait({task}, timeout=POLL_SECONDS)
        if stop.is_set():
            task.cancel()
    return await task


def _message(error: openai.APIError) -> str:
    """What the server says, out of whatever it wraps it in."""
    body: object = error.body
    for key in ("error", "message", "detail"):
        if isinstance(body, Mapping) and body.get(key):
            body = body[key]
    return body if isinstance(body, str) else error.message


def _first_line(text: object) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= 160 else f"{line[:157]}..."


def _retry_after(error: openai.RateLimitError) -> float | None:
    """Seconds that the server asks for; None when it does not say."""
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            seconds = float(error.response.headers.get(name, "")) * unit
        except ValueError:
            continue  # absent, or a date
        if 0 <= seconds < 1e6:
            return seconds
    return None
