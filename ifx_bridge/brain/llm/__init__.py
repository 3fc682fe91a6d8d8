"""The brain that asks a language model, through any OpenAI-compatible API.

`providers` says who can be asked and what they can do, `keys` finds their keys, `client` asks,
`prompts` words the questions, `tools` and `answers` turn what comes back into a plan, `agent` puts
it together.
"""
