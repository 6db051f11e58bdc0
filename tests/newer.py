"""What browsers of office PCs may not know: syntax, properties and functions newer than Chromium 86."""

from __future__ import annotations

import re

OLDEST = 86

_STYLES = (
    (87, r"(?<![\w-])inset(-\w+)*\s*:", "a { inset: 0 }"),
    (87, r"(margin|padding)-(inline|block)\s*:", "a { margin-inline: 0 }"),
    (88, r":(is|where)\(", ":is(a, b) { }"),
    (88, r":not\([^)]*[ ,>+~]", "a:not(.b, .c) { }"),
    (88, r"aspect-ratio\s*:", "a { aspect-ratio: 1 }"),
    (89, r"text-decoration\s*:[^;}]*\d", "a { text-decoration: underline 2px }"),
    (89, r"forced-colors", "@media (forced-colors: active) { }"),
    (90, r"overflow(-[xy])?\s*:\s*clip|overflow-clip", "a { overflow: clip }"),
    (93, r"accent-color", "a { accent-color: red }"),
    (94, r"scrollbar-(gutter|width|color)", "a { scrollbar-gutter: stable }"),
    (99, r"@layer", "@layer a { }"),
    (101, r"hwb\(|(?<![\w-])(ok)?(lab|lch)\(|color-mix\(|(?<![\w-])color\(|light-dark\(", "a { color: oklch(0 0 0) }"),
    (104, r"(?<![\w-])(translate|rotate|scale)\s*:", "a { scale: 2 }"),
    (104, r"@media[^{]*[<>]", "@media (width >= 1px) { }"),
    (105, r":has\(|:modal|::highlight", "a:has(b) { }"),
    (105, r"@container|container-(type|name)", "@container (min-width: 1px) { }"),
    (108, r"\d[dsl]v[hwib]", "a { height: 100dvh }"),
    (109, r"\d(lh|rlh|cap|ric|rex)\b", "a { height: 1lh }"),
    (111, r"(?<![\w-])(sin|cos|tan|round|mod|abs|sign|linear)\(", "a { width: round(1px, 2px) }"),
    (112, r"&", "a { & b { } }"),
    (113, r"(?<!-webkit-)(?<![\w-])image-set\(", "a { background: image-set(none) }"),
    (114, r"text-wrap|popover", "a { text-wrap: balance }"),
    (118, r"@scope|@starting-style", "@scope (a) { }"),
    (119, r":user-(in)?valid", "a:user-valid { }"),
    (120, r"(?<![\w-])mask(-\w+)?\s*:", "a { mask: none }"),
    (123, r"field-sizing|interpolate-size|anchor\(", "a { field-sizing: content }"),
    (131, r"@(top|bottom|left|right)-\w+\s*\{|::details-content", "@page { @top-center { } }"),
)  # fmt: skip

_SCRIPTS = (
    (87, r"Intl\.Segmenter", "new Intl.Segmenter()"),
    (90, r"userAgentData", "navigator.userAgentData"),
    (91, r"#\w+ in ", "#a in b"),
    (92, r"\.at\(", "a.at(-1)"),
    (92, r"randomUUID", "crypto.randomUUID()"),
    (93, r"Object\.hasOwn\(|\bcause\s*:", "Object.hasOwn(a, b)"),
    (94, r"\bstatic\s*\{", "class A { static { } }"),
    (97, r"\.findLast(Index)?\(", "a.findLast(b)"),
    (98, r"structuredClone", "structuredClone(a)"),
    (99, r"showPicker", "a.showPicker()"),
    (102, r"\.inert\b|[\"']inert[\"']", "a.inert = true"),
    (103, r"AbortSignal\.", "AbortSignal.timeout(1)"),
    (105, r"checkVisibility", "a.checkVisibility()"),
    (110, r"\.to(Sorted|Reversed|Spliced)\(|\.with\(", "a.toSorted()"),
    (111, r"startViewTransition|\.(is|to)WellFormed\(", "document.startViewTransition(a)"),
    (114, r"[pP]opover", "a.showPopover()"),
    (117, r"\.groupBy\(", "Object.groupBy(a, b)"),
    (119, r"\.withResolvers\(|Promise\.try\(", "Promise.withResolvers()"),
    (120, r"\.canParse\(", "URL.canParse(a)"),
    (121, r"\.fromAsync\(", "Array.fromAsync(a)"),
    (
        122,
        r"\.(union|intersection|difference|symmetricDifference|isSubsetOf|isSupersetOf|isDisjointFrom)\(",
        "a.union(b)",
    ),
    (124, r"setHTML(Unsafe)?\(|parseHTMLUnsafe", "a.setHTMLUnsafe(b)"),
    (133, r"\.moveBefore\(", "a.moveBefore(b, c)"),
    (136, r"RegExp\.escape|Math\.sumPrecise", "RegExp.escape(a)"),
)
"""Version that has it first, how it is told, and an example."""


def examples() -> list[tuple[str, str]]:
    """Every feature once: kind (``css``, ``js``) and a text that uses it."""
    return [(kind, text) for kind, table in (("css", _STYLES), ("js", _SCRIPTS)) for _, _, text in table]


def newer_than_oldest(kind: str, text: str) -> list[str]:
    """Return what a style sheet or a script uses that `OLDEST` does not know, with the version that does."""
    bare = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    table = _STYLES if kind == "css" else _SCRIPTS
    return [f"{found[0]!r} is of Chromium {version}" for version, how, _ in table for found in re.finditer(how, bare)]
