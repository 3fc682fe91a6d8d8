"""What an instruction says about the user's plugins, by their names: "my reverb is ZamVerb".

What it says beside is left for the grammar, with the name of a plugin that stands for an effect of
ours replaced by that effect's ("less ZamVerb" is "less reverb").
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ifx_bridge.brain.draft import TITLES, Draft
from ifx_bridge.brain.phrases import EFFECT_NAMES
from ifx_bridge.brain.plan import Owned

_KINDS = {name: fx for fx, names in EFFECT_NAMES.items() for name in names}
KIND = "|".join(re.escape(name) for name in sorted(_KINDS, key=len, reverse=True))
# Marks a plugin while sentences are looked at; nobody types it.
MARK = "\x01{}\x02"
NAMED = "\x01(?P<plugin>\\d+)\x02"
PLUGIN_WORD = r"(?:\s+plug-?in)?"
PLACE = (
    r"(?:\s+(?:right\s+)?(?:(?P<where>after|before|behind|in front of)\s+(?:the\s+)?"
    rf"(?P<other>{KIND})"
    r"|(?P<end>first|last|at the (?:end|beginning|start|front))))?"
)
USE, ADD = r"(?:use|take|with)", r"(?:use|with|add|insert|put|load|try|through)"
# A name that no plugin here has, written as names of plugins are.
FOREIGN = r"(?P<foreign>[A-Z][\w-]*(?:\s+[A-Z0-9][\w-]*)*)"
JOINT = r"^[\s,.;:]*(?:(?:and|then|but|to|so that|for)\b)?[\s,.;:]*"


def carry_out(instruction: str, draft: Draft) -> str:
    """Write what the instruction says about plugins, and give back the rest of it."""
    owned = {plugin.id: plugin for plugin in draft.context.owned}
    numbers = list(owned.values())
    text = instruction
    for number, plugin in enumerate(numbers):
        text = re.sub(_pattern(plugin.title), MARK.format(number), text, flags=re.IGNORECASE)
    for pattern, act in _SENTENCES:
        while match := re.search(pattern, text, re.IGNORECASE):
            if not act(draft, match, numbers):
                break
            text = text[: match.start()] + " " + text[match.end() :]
            text = re.sub(JOINT, "", text, flags=re.IGNORECASE)
            text = re.sub(r"[\s,.;:]+(?:and|then|but)?[\s,.;:]*$", "", text, flags=re.IGNORECASE)
    if text == instruction or "\x01" in text:
        text = re.sub(NAMED, lambda match: _called(draft, numbers[int(match[1])]), text)
    if foreign := re.search(_FOREIGN, text):
        draft.misunderstood.append(
            f"There is no plugin called {foreign['foreign']} here; 'ifx-bridge plugins scan' looks "
            "for those that are installed."
        )
        text = text[: foreign.start()] + text[foreign.end() :]
    return text.strip()


def _pattern(title: str) -> str:
    """A name as people type it: spaces where it has none, or none where it has."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", title) or [title]
    return r"(?<!\w)" + r"[\s_-]*".join(re.escape(word) for word in words) + r"(?!\w)"


def _called(draft: Draft, plugin: Owned) -> str:
    use = draft.uses.get(plugin.id)
    fx = use.fx if use is not None else plugin.fx
    return EFFECT_NAMES[fx][0] if fx in TITLES else plugin.title


Act = Callable[[Draft, "re.Match[str]", list[Owned]], bool]


def _stands_for(draft: Draft, match: re.Match[str], plugins: list[Owned]) -> bool:
    draft.use(plugins[int(match["plugin"])], _KINDS[match["kind"].lower()], always=False)
    return True


def _replaces(draft: Draft, match: re.Match[str], plugins: list[Owned]) -> bool:
    draft.put_away(plugins[int(match["plugin"])], effect_too=False)
    return True


def _adds(draft: Draft, match: re.Match[str], plugins: list[Owned]) -> bool:
    place = ""
    if match["other"]:
        side = "after" if match["where"].lower() in ("after", "behind") else "before"
        place = f"{side}:{_KINDS[match['other'].lower()]}"
    elif match["end"]:
        place = "last" if match["end"].lower() in ("last", "at the end") else "first"
    draft.use(plugins[int(match["plugin"])], place=place)
    return True


def _removes(draft: Draft, match: re.Match[str], plugins: list[Owned]) -> bool:
    draft.put_away(plugins[int(match["plugin"])])
    return True


def _locks(draft: Draft, match: re.Match[str], plugins: list[Owned]) -> bool:
    plugin = plugins[int(match["plugin"])]
    use = draft.uses.get(plugin.id)
    if use is None or use.fx in draft.chain:
        return False  # said of the effect that it stands for
    lock = match["verb"].lower()
    (draft.unlock if lock == "unlock" else draft.lock if lock == "lock" else draft.hold)(
        [plugin.id]
    )
    return True


_SENTENCES: tuple[tuple[str, Act], ...] = (
    (
        r"\b(?:do not|don'?t|no longer|stop)\s+(?:use|using)\s+(?:the\s+|my\s+)?" + NAMED
        + PLUGIN_WORD + rf"(?:\s+(?:as|for)\s+(?:the\s+|my\s+)?(?:{KIND})\b)?", _replaces,
    ),
    (
        r"\b(?:remove|delete|drop|lose|take out|get rid of|put away)\s+(?:the\s+|my\s+)?" + NAMED
        + PLUGIN_WORD, _removes,
    ),
    (rf"\b(?:my|the)\s+(?P<kind>{KIND}){PLUGIN_WORD}\s+is\s+(?:the\s+|called\s+)?{NAMED}",
     _stands_for),
    (rf"{NAMED}\s+is\s+(?:my|the)\s+(?P<kind>{KIND})\b{PLUGIN_WORD}", _stands_for),
    (
        rf"\b{USE}\s+(?:the\s+|my\s+)?{NAMED}{PLUGIN_WORD}\s+(?:as|for|instead of)\s+"
        rf"(?:a\s+|the\s+|my\s+)?(?P<kind>{KIND})\b", _stands_for,
    ),
    (rf"\b{ADD}\s+(?:the\s+|my\s+|a\s+)?{NAMED}{PLUGIN_WORD}{PLACE}(?=$|\W)", _adds),
    (
        rf"\b(?P<verb>lock|unlock|leave)\s+(?:the\s+|my\s+)?{NAMED}{PLUGIN_WORD}(?:\s+alone)?",
        _locks,
    ),
)  # fmt: skip
_AS_KIND = rf"\s+(?i:as|for)\s+(?i:my|the)\s+(?i:{KIND})\b"
_FOREIGN = (
    rf"\b(?:(?i:my\s+(?:{KIND}){PLUGIN_WORD}\s+is)\s+(?:(?i:called)\s+)?"
    rf"|(?i:use)\s+(?={FOREIGN.replace('?P<foreign>', '?:')}{_AS_KIND})){FOREIGN}(?:{_AS_KIND})?"
)
