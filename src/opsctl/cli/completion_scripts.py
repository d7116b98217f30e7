"""Completion scripts made from the command tree. They are tables: completing a word starts no Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from opsctl.cli.completion_templates import BASH, FISH, POWERSHELL, ZSH
from opsctl.cli.completion_tree import CompletionNode, CompletionOption

Tree = tuple[CompletionNode, ...]


def render_script(shell: str, tree: Tree) -> str:
    """The whole script of one shell. Raises `KeyError` for another."""
    return _RENDERERS[shell](tree)


def _render_bash(tree: Tree) -> str:
    words = [
        f"        {_quote(_key(node))}) words={_quote(' '.join(word.text for word in node.words))} ;;"
        for node in tree
        if node.words
    ]
    options = [
        f"        {_quote(_key(node))}) options={_quote(' '.join(_names(node)))} ;;" for node in tree if node.options
    ]
    return _fill(
        BASH,
        PATHS="|".join(_quote(_key(node)) for node in tree if node.path),
        TAKES_VALUE="|".join(_valued_names(tree)),
        WORDS="\n".join(words),
        OPTIONS="\n".join(options),
        VALUES=_value_cases(tree, _bash_value),
    )


def _render_zsh(tree: Tree) -> str:
    words, options = [], []
    for node in tree:
        if node.words:
            items = " ".join(_zsh_item(word.text, word.summary) for word in node.words)
            words.append(f"        {_quote(_key(node))}) words=({items}) ;;")
        items = " ".join(_zsh_item(name, option.summary) for option in node.options for name in option.names)
        options.append(f"        {_quote(_key(node))}) options=({items}) ;;")
    return _fill(
        ZSH,
        PATHS="|".join(_quote(_key(node)) for node in tree if node.path),
        TAKES_VALUE="|".join(_valued_names(tree)),
        WORDS="\n".join(words),
        OPTIONS="\n".join(options),
        VALUES=_value_cases(tree, _zsh_value),
    )


def _render_fish(tree: Tree) -> str:
    lines: list[str] = []
    for node in tree:
        condition = f"-n {_fish_quote('__opsctl_at ' + _fish_quote(_key(node)))}"
        lines += [
            f"complete -c opsctl {condition} -a {_fish_quote(word.text)} -d {_fish_quote(word.summary)}"
            for word in node.words
        ]
        for option in node.options:
            spellings = " ".join(
                f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names
            )
            lines.append(
                f"complete -c opsctl {condition} {spellings}{_fish_value(option)} -d {_fish_quote(option.summary)}"
            )
    return _fill(
        FISH,
        PATHS=" ".join(_fish_quote(_key(node)) for node in tree if node.path),
        TAKES_VALUE=" ".join(_valued_names(tree)),
        COMPLETIONS="\n".join(lines),
    )


def _render_powershell(tree: Tree) -> str:
    def table(entries: Mapping[str, list[str]]) -> str:
        return "\n".join(
            f"        {_ps_quote(key)} = @({', '.join(_ps_quote(item) for item in items)})"
            for key, items in entries.items()
        )

    values = {
        f"{_key(node)} {name}": list(option.choices)
        for node in tree
        for option in node.options
        if option.choices
        for name in option.names
    }
    return _fill(
        POWERSHELL,
        WORDS=table({_key(node): [word.text for word in node.words] for node in tree}),
        OPTIONS=table({_key(node): _names(node) for node in tree}),
        TAKES_VALUE=", ".join(_ps_quote(name) for name in _valued_names(tree)),
        VALUES=table(values),
    )


def _value_cases(tree: Tree, action: Callable[[CompletionOption], str | None]) -> str:
    """`case` lines for options with values; the same option may have other values in another command."""
    lines: list[str] = []
    for node in tree:
        for option in node.options:
            text = action(option)
            if text is not None:
                patterns = "|".join(_quote(f"{_key(node)} {name}") for name in option.names)
                lines.append(f"        {patterns}) {text} ;;")
    return "\n".join(lines)


def _bash_value(option: CompletionOption) -> str | None:
    actions: dict[str, str | None] = {
        "choices": f'_opsctl_reply {_quote(" ".join(option.choices))} "$current"',
        "file": '_opsctl_files -f "$current"',
        "folder": '_opsctl_files -d "$current"',
        "profile": '_opsctl_reply "$(_opsctl_profiles)" "$current"',
    }
    return actions.get(option.value)


def _zsh_value(option: CompletionOption) -> str | None:
    actions: dict[str, str | None] = {
        "choices": f"compadd -- {' '.join(_quote(choice) for choice in option.choices)}",
        "file": "_files",
        "folder": "_files -/",
        "profile": "compadd -- $(_opsctl_profiles)",
    }
    return actions.get(option.value)


def _zsh_item(text: str, summary: str) -> str:
    """`name:help` for `_describe`; a colon in the name would end it."""
    name = text.replace(":", "\\:")
    return _quote(f"{name}:{summary}" if summary else name)


def _fish_value(option: CompletionOption) -> str:
    actions = {
        "none": "",
        "choices": f" -x -a {_fish_quote(' '.join(option.choices))}",
        "file": " -r -F",
        "folder": " -x -a '(__fish_complete_directories (commandline -ct))'",
        "profile": " -x -a '(__opsctl_profiles)'",
        "text": " -x",
    }
    return actions[option.value]


def _key(node: CompletionNode) -> str:
    return " ".join(node.path)


def _names(node: CompletionNode) -> list[str]:
    return [name for option in node.options for name in option.names]


def _valued_names(tree: Tree) -> list[str]:
    found = {name: None for node in tree for option in node.options if option.value != "none" for name in option.names}
    return list(found)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish_quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _ps_quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _fill(template: str, **parts: str) -> str:
    for name, text in parts.items():
        template = template.replace(f"@{name}@", text)
    return template


_RENDERERS: dict[str, Callable[[Tree], str]] = {
    "bash": _render_bash,
    "zsh": _render_zsh,
    "fish": _render_fish,
    "powershell": _render_powershell,
}
