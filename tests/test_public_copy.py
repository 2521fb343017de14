"""The look and the words of the public site, held without a browser: punctuation, banned words,
contrast of the colours, and nothing in the stylesheet that an old kernel would trip over."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
CSS = (ROOT / "ydjy/static/ydjy/public.css").read_text(encoding="utf-8")
TEMPLATES = sorted(
    [
        *(ROOT / "ydjy/templates/public").glob("*.html"),
        *(ROOT / "apps").glob("*/templates/[!a]*/*.html"),
    ]
)
MODULES = [
    ROOT / name
    for name in (
        *(
            "apps/offices/public/views.py",
            "apps/offices/public/page.py",
            "apps/offices/public/opening_hours.py",
        ),
        *(
            "apps/offices/public/search_entries.py",
            "apps/offices/public/search.py",
            "apps/offices/models/publishing.py",
        ),
        *("apps/offices/models/duty.py", "apps/offices/public/admin.py"),
        *("apps/institutions/public/views.py", "apps/institutions/public/querysets.py"),
        *(
            "apps/filings/public/views.py",
            "apps/filings/public/guide.py",
            "apps/filings/public/search_entries.py",
        ),
        *(
            "ydjy/public_site/views.py",
            "ydjy/public_site/open_data.py",
            "ydjy/public_site/search.py",
            "ydjy/public_site/middleware.py",
        ),
        *("ydjy/management/commands/public_role.py",),
        *("ydjy/management/commands/public_snapshot.py",),
    )
]
HAN = "一-鿿"
HALF = re.compile(rf"(?<=[{HAN}”》）])[,:;()!?]|[,;()!?](?=[{HAN}“《（])")
BANNED = re.compile(
    "非法|失败|系统繁忙|错误管理|票据号码有误|该用户|请勿|「|」|敬请|谢谢合作|温馨提示"
)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def words_of_template(path: Path) -> str:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"))
    return re.sub(r"\{%.*?%\}|\{\{.*?\}\}|</?[a-z][^>]*>", "⋄", text, flags=re.S)


def strings(path: Path) -> Iterator[str]:
    """Every text of a module with Chinese in it, docstrings left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in docs else None
        if isinstance(text, str) and re.search(f"[{HAN}]", text):
            yield text


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_template_speaks_with_full_width_marks_and_no_office_words(path: Path):
    words = words_of_template(path)
    assert HALF.findall(words) == []
    assert BANNED.findall(words) == []


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_speaks_with_full_width_marks_and_no_office_words(path: Path):
    for text in strings(path):
        if not text.startswith("《("):  # a pattern
            assert HALF.findall(text) == [], text
        assert BANNED.findall(text) == [], text


def test_half_width_marks_and_banned_words_would_be_found():
    assert HALF.findall("请选择,参保地:义县(市)")
    assert not HALF.findall("请打 0416-8904567 问。CSV 用 Excel 打开")
    assert BANNED.findall("操作失败")


def test_the_templates_are_found():
    assert len(TEMPLATES) > 25


# Colours -------------------------------------------------------------------------------------


def tokens(dark: bool) -> dict[str, str]:
    blocks = re.findall(r":root\{(.*?)\}", CSS, re.S)
    light = dict(re.findall(r"--([a-z0-9-]+):(#[0-9a-f]{3,6})", blocks[0]))
    return light | (dict(re.findall(r"--([a-z0-9-]+):(#[0-9a-f]{3,6})", blocks[1])) if dark else {})


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(d * 2 for d in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    r, g, b = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


PAIRS = [
    *((ink, paper) for ink in ("ink", "ink2", "brand", "brand-d") for paper in ("bg", "paper")),
    *(("ink", tint) for tint in ("brand-w", "ok-w", "warn-w", "bad-w")),
    ("ink2", "ok-w"), ("ink2", "brand-w"), ("brand", "brand-w"), ("brand-d", "brand-w"),
    ("brand", "ok-w"), ("brand", "warn-w"), ("ok", "ok-w"), ("ok", "bg"), ("warn", "warn-w"),
    ("bad", "bg"), ("on", "brand"), ("on", "brand-d"),
]  # fmt: skip


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_pair_of_colours_can_be_read(dark: bool):
    colour = tokens(dark)
    weak = {
        pair: round(ratio, 2)
        for pair in PAIRS
        if (ratio := contrast(colour[pair[0]], colour[pair[1]])) < 4.5
    }
    assert weak == {}
    assert contrast(colour["control"], colour["bg"]) >= 2.99
    assert contrast(tokens(False)["ink"], tokens(False)["focus"]) > 4.5


def test_the_formula_is_the_one_of_wcag():
    assert round(contrast("#000000", "#ffffff"), 1) == 21.0
    assert round(contrast("#777777", "#fff"), 2) == 4.48


# Old kernels (P19) -----------------------------------------------------------------------------

TOO_NEW = re.compile(
    r":(?:is|where|has|focus-visible)\b|aspect-ratio|\binset:|\b(?:clamp|min|max)\(|@layer|@container"
    r"|color-mix|accent-color|\d[ds]v[hw]\b|content-visibility|(?<!-)\bgap:|&:|@import|url\(|!important"
    r"|:not\([^)]*,|overflow-wrap:anywhere|(?:margin|padding|border|inset)-(?:inline|block)|::marker"
    r"|\brevert\b|overflow:clip|@property|[;{](?:translate|rotate|scale):|light-dark|oklch|\brem\("
)


def test_the_stylesheet_uses_nothing_newer_than_a_kernel_of_2018():
    assert TOO_NEW.findall(re.sub(r"/\*.*?\*/", "", CSS)) == []
    for bad in ("a:is(b)", "gap:1rem", "width:clamp(1px,2px,3px)", "inset:0", "a:not(b,c)",
                "overflow-wrap:anywhere", "margin-inline:1px"):  # fmt: skip
        assert TOO_NEW.search(bad)
    assert not TOO_NEW.search("grid-gap:1rem;grid-template-columns:minmax(0,1fr)")


def test_type_has_two_weights_and_no_tricks():
    assert set(re.findall(r"font-weight:(\w+)", CSS)) <= {"400", "700"}
    assert not re.search(r"letter-spacing|text-transform|font-style|@font-face", CSS)
    assert "1rem/1.7" in CSS
    sizes = re.findall(r"html(?:\.\w+)?\{font-size:(\d+)px", CSS)
    assert sizes == ["18", "24", "30"]
