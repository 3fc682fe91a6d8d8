"""Asking a model: one conversation, with time limits, retries and a way to stop at once.

Whatever goes wrong becomes a `Failure` that says it in words. Nothing here believes what it hears.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import threading
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
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
LONGEST_REASON = 160
# What has to be sent in headers. The library adds the system's version, and whatever the
# environment sets for OpenAI (OPENAI_ORG_ID, OPENAI_CUSTOM_HEADERS), whoever is asked.
HEADERS = frozenset(
    {"host", "accept", "accept-encoding", "connection", "content-type", "content-length"}
)
# Shorter ones are no secrets, and would be found in words.
SHORTEST_SECRET = 8

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
        features = {"tools": tools, "required": must_call, "schema": schema is not None}
        used = {"reasoning", "limit", *(name for name, given in features.items() if given)}
        async with self._connection() as connection:
            while not tools or self.can.tools:
                try:
                    # The library's own limit is for every part of an answer.
                    async with asyncio.timeout(self.timeout):
                        if not self.model:
                            self.model = await self._first_model(connection)
                        request = self._request(messages, tools, must_call, schema)
                        reply = await connection.chat.completions.create(**request)
                    return self._answer(reply)
                except (openai.APITimeoutError, TimeoutError) as error:
                    raise Failure(
                        f"{self.name} gave no answer within {self.timeout:.0f} s"
                    ) from error
                except openai.APIError as error:
                    pause = self._pause(error, waits, used)
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

        key = self.key.value if self.key else "none"

        async def only_needed(request: Any) -> None:
            for name in set(request.headers) - HEADERS:
                del request.headers[name]
            request.headers |= {"authorization": f"Bearer {key}", "user-agent": "ifx-bridge"}

        # Neither a proxy nor a redirect takes what is said to a place that was not announced.
        direct = {"http://": None, "https://": None} if self.endpoint.is_local else None
        return openai.AsyncOpenAI(
            api_key=key,
            base_url=self.endpoint.provider.base_url,
            timeout=self.timeout,
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(
                follow_redirects=False, mounts=direct, event_hooks={"request": [only_needed]}
            ),
        )

    def _request(
        self,
        messages: Sequence[Message],
        tools: Sequence[Mapping[str, Any]],
        must_call: bool,
        schema: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        request: dict[str, Any] = {"model": self.model, "messages": list(messages)}
        if self.can.limit:
            request[self.can.limit] = ANSWER_TOKENS
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

    def _pause(self, error: openai.APIError, waits: list[float], used: Collection[str]) -> float:
        """Seconds to wait before trying again, or a `Failure` when it would be of no use."""
        import openai

        said = one_line(self._without_key(_message(error)), LONGEST_REASON)
        status = error.status_code if isinstance(error, openai.APIStatusError) else None
        bad_request = status in (400, 415, 422, 501)
        # Gemini calls a wrong key a bad request.
        if status in (401, 403) or (bad_request and re.search(r"api.?key", said, re.IGNORECASE)):
            where = f" (from the {self.key.source}, {self.key.masked})" if self.key else ""
            raise Failure(f"{self.name} refused the key{where}") from error
        if status == 402 or getattr(error, "code", None) == "insufficient_quota":
            raise Failure(f"the account at {self.name} has no credit left") from error
        if isinstance(error, openai.RateLimitError):
            asked = _retry_after(error)
            if asked is not None and asked > LONGEST_WAIT_SECONDS:
                raise Failure(
                    f"{self.name} asks to wait {asked:.0f} s (too many requests)"
                ) from error
            if not waits:
                raise Failure(f"{self.name} is too busy (too many requests)") from error
            default = waits.pop(0)
            return default if asked is None else asked
        if status is not None:
            weaker = self.can.without(str(error), used, only_named=not bad_request)
            if weaker is not None:
                self.can = weaker
                return 0.0
            if bad_request:
                raise Failure(f"{self.name} does not understand the request ({said})") from error
            if status == 404:
                raise Failure(f"{self.name} was not found there ({said})") from error
            if not waits or not (status >= 500 or status in (408, 409, 425)):
                raise Failure(f"{self.name} has a fault ({status}: {said})") from error
        elif not waits:
            raise Failure(f"{self.name} could not be reached, or broke off ({said})") from error
        return waits.pop(0)

    def _without_key(self, text: str) -> str:
        """What a server said; some repeat the key, and sessions are passed on."""
        if self.key is None or len(self.key.value) < SHORTEST_SECRET:
            return text
        return text.replace(self.key.value, self.key.masked)

    async def _first_model(self, connection: openai.AsyncOpenAI) -> str:
        listed = getattr(await connection.models.list(), "data", None)
        ids = [getattr(model, "id", None) for model in listed or ()]
        names = [self._without_key(name) for name in ids if isinstance(name, str) and name]
        if not names:
            raise Failure(f"{self.name} serves no model; load one there, or name one")
        # Those that only turn text into numbers are listed among the others.
        return next((name for name in names if "embed" not in name.lower()), names[0])

    def _answer(self, reply: object) -> Answer:
        """What is usable of a reply; providers leave out and add as they like."""
        self.usage += self._usage_of(getattr(reply, "usage", None))
        choices = getattr(reply, "choices", None)
        choice = choices[0] if isinstance(choices, list) and choices else None
        message = getattr(choice, "message", None)
        if message is None:
            fault = getattr(reply, "error", None)  # OpenRouter's, with a status of 200
            if isinstance(fault, Mapping) and isinstance(fault.get("message"), str):
                said = one_line(self._without_key(fault["message"]), LONGEST_REASON)
                raise Failure(f"{self.name} has a fault ({said})")
            raise Failure(f"{self.name} answered with something that is no chat completion")
        calls = []
        for call in getattr(message, "tool_calls", None) or ():
            function = getattr(call, "function", None)
            name, arguments = getattr(function, "name", None), getattr(function, "arguments", None)
            if isinstance(arguments, Mapping):  # some servers do not encode them
                arguments = json.dumps(arguments)
            if isinstance(name, str):
                text = arguments if isinstance(arguments, str) else ""
                text = self._without_key(text[:LONGEST_ANSWER])
                called_id = str(getattr(call, "id", "") or "")
                calls.append(Call(self._without_key(name), text, called_id))
        content, refusal = getattr(message, "content", None), getattr(message, "refusal", None)
        if isinstance(content, list):  # of parts
            parts = [part.get("text") for part in content if isinstance(part, Mapping)]
            content = "".join(part for part in parts if isinstance(part, str))
        text = content[-LONGEST_ANSWER:] if isinstance(content, str) else ""
        return Answer(
            text=self._without_key(text.rpartition("</think>")[2]),
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
    if cancelled():
        raise Cancelled
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
    if isinstance(body, list) and body:  # Gemini's
        body = body[0]
    for key in ("error", "message", "detail"):
        if isinstance(body, Mapping) and body.get(key):
            body = body[key]
    return body if isinstance(body, str) else error.message


def one_line(text: str, longest: int) -> str:
    """What a server or a model says, fit for a terminal and a file: printable, one line, short."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def _retry_after(error: openai.RateLimitError) -> float | None:
    """Seconds that the server asks for; None when it does not say."""
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        said = error.response.headers.get(name, "")
        try:
            seconds = float(said) * unit
        except ValueError:
            seconds = _until_date(said)  # absent, or a date
        if 0 <= seconds < 1e6:
            return seconds
    return None


def _until_date(text: str) -> float:
    """Seconds from now until an HTTP date, 0 when it is past; NaN when it is none."""
    try:
        then = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return math.nan
    now = datetime.now(UTC)
    return max(0.0, (then.replace(tzinfo=then.tzinfo or UTC) - now).total_seconds())
