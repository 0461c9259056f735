"""What a page may hold of somebody else's text: read as a browser reads it."""

from html.parser import HTMLParser

from tierwatch.dashboard.texts.markdown import ATTRIBUTES, SCHEMES, TAGS

# What the trees and the macros add, with the attributes that they write.
OURS = {
    "ul": {"class"}, "li": {"class"}, "span": {"class", "dir"}, "details": {"open", "class"},
    "summary": set[str](), "pre": {"class", "dir", "tabindex"},
}  # fmt: skip


class _Finder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        allowed = set(ATTRIBUTES.get(tag, ())) | OURS.get(tag, set())
        if tag not in TAGS | set(OURS):
            self.wrong.append(tag)
        for name, value in attrs:
            if name == "href":
                scheme = (value or "").partition(":")[0].lower()
                self.wrong += [] if scheme in SCHEMES else [f"{tag} href={value}"]
            elif name == "rel":
                self.wrong += [] if "noopener" in (value or "") else [f"{tag} rel={value}"]
            elif name not in allowed:
                self.wrong.append(f"{tag} {name}={value}")

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"comment {data}")

    def handle_decl(self, decl: str) -> None:
        self.wrong.append(f"declaration {decl}")

    def handle_pi(self, data: str) -> None:
        self.wrong.append(f"instruction {data}")

    def unknown_decl(self, data: str) -> None:
        self.wrong.append(f"declaration {data}")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def not_allowed(markup: str) -> list[str]:
    """Elements, attributes and addresses in a markup that none of ours may have."""
    finder = _Finder()
    finder.feed(markup)
    finder.close()
    return finder.wrong


def text_of(markup: str) -> str:
    """What a reader sees of a markup."""
    finder = _Finder()
    finder.feed(markup)
    finder.close()
    return "".join(finder.text)


ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href='javascript:alert(1)'>a</a>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](java&#10;script:alert(1))",
    "[a](&#x6A;avascript:alert(1))",
    "[a](vbscript:x) [b](file:///etc/passwd) [c](data:text/html,<script>1</script>)",
    "[a](data:image/svg+xml;base64,PHN2Zz48c2NyaXB0Pg==)",
    "![a](https://evil.example/pixel.png) ![b](data:image/png;base64,AAAA)",
    '![a" onerror="alert(1)](x)',
    '[a](https://a.example "x\\" onmouseover=\\"alert(1)")',
    '[a](https://a.example/" onmouseover="alert(1))',
    "[a](/logout) [b](//evil.example) [c](?x) [d](#x)",
    "<https://a.example/?q=<script>alert(1)</script>>",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    "```html\n</code></pre><script>alert(1)</script>\n```",
    '```" onmouseover="alert(1)\nx\n```',
    "`<script>alert(1)</script>`",
    "> - > <script>alert(1)</script>",
    "| <script>alert(1)</script> | b |\n|---|:-:|\n| `<img onerror=1>` | [a](javascript:1) |",
    "<style>body{display:none}</style><link rel=stylesheet href=//evil.example>",
    "<form action=/proposals/1/approve method=post><button>x</button></form>",
    "<base href=//evil.example><meta http-equiv=refresh content=0>",
    "<!-- --><!--><script>alert(1)</script>--><![CDATA[<script>]]><?php ?>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "</div></main></html><script>alert(1)</script>",
    "<table><td><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;script&#62;",
    "<p id=csrf_token name=csrf_token class=note style='position:fixed'>x</p>",
    "{{ 7 * 7 }}{% raw %}",
    "\x00<scr\x00ipt>alert(1)</scr\x00ipt>",
    "\u202e\u2066<b>evil</b>\u2069",
)
