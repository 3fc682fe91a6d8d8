"""The agent: choose effects, then values and meaning; the offline brain stands behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ifx_bridge.brain.draft import TITLES, Draft, listed
from ifx_bridge.brain.llm import answers, client, keys, prompts, tools
from ifx_bridge.brain.llm.client import Answer, Client, Failure, Message
from ifx_bridge.brain.llm.providers import Endpoint
from ifx_bridge.brain.plan import Brain, Context, Plan, never
from ifx_bridge.errors import UserError

# Rounds of a selector that is given one call at a time.
MOST_ROUNDS = 8


class Agent:
    """A brain that asks a language model, and the brain behind it when that fails.

    Three layers, after InstructFX2FX: the selector chooses effects by tool calls, the draft merges
    them with the session's chain, and the parser asks once for the values of the missing ones and
    for what the words mean.
    """

    def __init__(self, endpoint: Endpoint, behind: Brain, timeout: float = 60.0) -> None:
        """Ask an endpoint.

        Args:
            endpoint: The model.
            behind: Answers when the model does not.
            timeout: For one answer, in seconds.
        """
        import openai  # noqa: F401  # slow to import: while things load, not in the first turn

        self.endpoint = endpoint
        self.behind = behind
        self.timeout = timeout
        # What it understands, less after it refused something.
        self.can = endpoint.provider.can

    @property
    def name(self) -> str:
        """See `Brain`."""
        return self.endpoint.name

    def plan(
        self, instruction: str, context: Context, cancelled: Callable[[], bool] = never
    ) -> Plan:
        """See `Brain`; what the model gets wrong is repaired or answered by the brain behind."""
        asked = self._client()
        if isinstance(asked, str):
            return self._from_behind(instruction, context, cancelled, asked)
        try:
            plan = client.run(lambda: _Turn(asked, instruction, context).plan(), cancelled)
            self.can = asked.can
            return plan
        except Failure as failure:
            plan = self._from_behind(instruction, context, cancelled, str(failure))
            return replace(plan, usage=asked.usage)

    def check(self, cancelled: Callable[[], bool] = never) -> str:
        """Ask for one tool call and say how it went.

        Raises:
            UserError: The model does not answer as it has to.
        """
        asked = self._client()
        if isinstance(asked, str):
            raise UserError(f"{self.endpoint.name} cannot be asked: {asked}.", next_step=_KEY_HELP)
        turn = _Turn(asked, "make it sound like a church", Context())
        try:
            outcome = client.run(turn.select, cancelled)
        except Failure as failure:
            raise UserError(
                f"{failure}.",
                next_step="Check the address, the model's name and the key, then try again.",
            ) from None
        chosen = listed([TITLES[fx] for fx in outcome.added]) if outcome.added else "no effect"
        how = "tools" if asked.can.tools else "tools written as text"
        return f"{asked.name} answers: {chosen} for a church ({how}; {asked.usage.text})."

    def _client(self) -> Client | str:
        """The client, or why there is none."""
        provider = self.endpoint.provider
        key = keys.find(provider)
        if key is None and provider.needs_key:
            return f"there is no key for {provider.title} ({provider.key_name} is not set)"
        return Client(self.endpoint, key, self.can, self.timeout)

    def _from_behind(
        self, instruction: str, context: Context, cancelled: Callable[[], bool], why: str
    ) -> Plan:
        plan = self.behind.plan(instruction, context, cancelled)
        why = why[0].upper() + why[1:]
        return replace(
            plan, notes=(*plan.notes, f"{why}, so the {self.behind.name} brain answered.")
        )


_KEY_HELP = "Store one with `ifx-bridge brain key PROVIDER`, or set its environment variable."


class _Turn:
    """One instruction's conversation."""

    def __init__(self, asked: Client, instruction: str, context: Context) -> None:
        self.client = asked
        self.instruction = instruction
        self.draft = Draft(context)
        self.problems: list[str] = []

    async def plan(self) -> Plan:
        """Both questions, and what comes of them."""
        outcome = await self.select()
        draft = self.draft
        if not draft.misunderstood and len(draft.chain) and outcome.shapes_sound:
            await self._parse(outcome.added)
        if not draft.said and not draft.misunderstood:
            draft.say(self._in_short(outcome.added))
        notes = []
        if self.problems:
            left_out = "; ".join(dict.fromkeys(self.problems))
            notes.append(f"Left out of the model's answer: {left_out}.")
        return draft.plan(self.instruction, brain=self._name, notes=notes, usage=self.client.usage)

    @property
    def _name(self) -> str:
        return replace(self.client.endpoint, model=self.client.model).name

    def _in_short(self, added: Sequence[str]) -> str:
        if added:
            return f"Added for this: {listed([TITLES[fx] for fx in added])}."
        return "The effects stay; their knobs are re-tuned."

    async def select(self) -> tools.Outcome:
        """The first question: which effects, which commands."""
        first = not len(self.draft.chain)
        offered = tools.offered(self.draft)
        messages: list[Message] = [
            {"role": "system", "content": prompts.FIRST_TURN if first else prompts.LATER_TURN},
            {"role": "user", "content": prompts.session(self.draft, self.instruction, False)},
        ]
        calls: list[client.Call] = []
        for _ in range(MOST_ROUNDS):
            answer = await self._choose(messages, offered, must_call=first and not calls)
            calls += answer.calls
            if self.client.can.parallel or not answer.calls or not self.client.can.tools:
                break
            messages += _heard(answer)
        outcome = tools.apply(calls, self.draft)
        if not outcome.done and (first or outcome.problems):
            outcome = await self._again(messages, offered, outcome)
        self.problems += outcome.problems
        if set(outcome.done) - {"not_understood"}:
            self.draft.misunderstood.clear()  # it did understand something
        return outcome

    async def _again(
        self, messages: list[Message], offered: Sequence[tools.Tool], outcome: tools.Outcome
    ) -> tools.Outcome:
        """A second chance, with what was wrong."""
        wrong = "; ".join(outcome.problems) or "nothing was called"
        names = ", ".join(tool.name for tool in offered)
        repair = f"That cannot be used: {wrong}. Call one or more of: {names}."
        if not outcome.problems:  # some servers take tools and ignore them: ask without
            self.client.can = replace(self.client.can, tools=False)
        asked = [*messages, {"role": "user", "content": repair}]
        answer = await self._choose(asked, offered, must_call=True)
        second = tools.apply(answer.calls, self.draft)
        if not second.done:
            raise Failure(f"{self.client.name} chose nothing that exists here ({wrong})")
        return second

    async def _choose(
        self, messages: Sequence[Message], offered: Sequence[tools.Tool], must_call: bool
    ) -> Answer:
        """Tool calls; from a server without tools, or in text, those that were written out."""
        if self.client.can.tools:
            answer = await self.client.ask(
                messages, tools=[tool.schema for tool in offered], must_call=must_call
            )
        if not self.client.can.tools:
            words = prompts.tools_in_words(offered)
            answer = await self.client.ask(
                [*messages, {"role": "user", "content": words}],
                schema=prompts.calls_schema(offered),
            )
        if answer.refusal:
            raise Failure(f"{self.client.name} declined to answer")
        if not answer.calls and answer.text:
            names = {tool.name for tool in offered}
            written = answers.calls_in(answer.text)
            if not self.client.can.tools or any(call.name in names for call in written):
                answer = replace(answer, calls=written)
        if answer.cut_off and not answer.calls:
            raise Failure(f"{self.client.name} was cut off before it said anything")
        return answer

    async def _parse(self, added: Sequence[str]) -> None:
        """The second question: values of what is new, and what the words mean."""
        shape = answers.schema(self.draft, added)
        content = f"{prompts.session(self.draft, self.instruction, True)}\n{prompts.chosen(added)}"
        if self.client.can.schema in ("object", "none"):
            content += f"\n{prompts.schema_in_words(shape)}"
        messages: list[Message] = [
            {"role": "system", "content": prompts.PARSER},
            {"role": "user", "content": content},
        ]
        answer = await self.client.ask(messages, schema=shape)
        data = answers.object_in(answer.text)
        if data is None:
            if answer.refusal:
                raise Failure(f"{self.client.name} declined to answer")
            repair = f"That was no JSON object. {prompts.schema_in_words(shape)}"
            messages += [
                {"role": "assistant", "content": answer.text[:2000]},
                {"role": "user", "content": repair},
            ]
            data = answers.object_in((await self.client.ask(messages, schema=shape)).text)
        if data is None:
            raise Failure(f"{self.client.name} did not answer with JSON")
        self.problems += answers.take(data, self.draft, added)


def _heard(answer: Answer) -> list[Message]:
    """The conversation's next lines after calls, for a model that makes one at a time."""
    rows = [
        {"id": c.id or f"call_{i}", "type": "function",
         "function": {"name": c.name, "arguments": c.arguments or "{}"}}
        for i, c in enumerate(answer.calls)
    ]  # fmt: skip
    results = [{"role": "tool", "tool_call_id": row["id"], "content": "done"} for row in rows]
    return [{"role": "assistant", "content": None, "tool_calls": rows}, *results]
