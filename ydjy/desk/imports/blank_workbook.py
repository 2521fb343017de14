"""Blank lists to fill in 空白表, made from what the reader knows: drop-downs, hints, a sample row.

They come back as they are: the sample row begins with 示例 and is passed over, and the sheet
with the explanations is no list.
"""

from collections.abc import Sequence
from io import BytesIO

from ydjy.desk.imports.kinds import Guide, ListKind
from ydjy.lib import workbook

ROOM = 3_000  # rows below the header that have the drop-downs
_ANYTHING = Guide()


def blank(
    kind: ListKind, name: str = "", *, left_out: Sequence[str] = (), notes: Sequence[str] = ()
) -> tuple[str, bytes]:
    """Its file name and its bytes. ``left_out``: columns that this one does not need."""
    keys = [key for key in kind.columns if key not in left_out]
    guides = {key: kind.guide.get(key, _ANYTHING) for key in keys}
    header = [kind.columns[key][0] for key in keys]
    hints = {
        at: workbook.Hint(header[at], _words(kind, key, guides[key]), guides[key].choices)
        for at, key in enumerate(keys)
    }
    sample = [workbook.SAMPLE if key == "seq" else guides[key].sample for key in keys]
    explained = [
        [
            header[at],
            "必须有" if key in kind.required else "",
            hints[at].words,
            guides[key].sample,
            "、".join(kind.columns[key][1:]),
        ]
        for at, key in enumerate(keys)
    ]
    name = name or kind.label
    about = [[note] for note in (*notes, *_NOTES)]
    target = BytesIO()
    sheets = [
        workbook.SheetOut(name=name[:30], header=header, rows=[sample], hints=hints, room=ROOM),
        workbook.SheetOut(
            name="怎么填",
            header=["列", "必须有", "怎么填", "例子", "也认得的列名"],
            rows=[*explained, *about],
            widths=[20, 8, 50, 24, 50],
        ),
    ]
    workbook.write(target, sheets)
    return f"{name}-空白表.xlsx", target.getvalue()


_NOTES = (
    "第一行“示例”是给人看的，导入时会跳过，可以留着。",
    "所有格子都是文本格式，证件号码、编码照原样填，不会变成科学计数法。",
    "空着的格子不改动已有的资料；多出来的列不用管。",
)


def _words(kind: ListKind, key: str, guide: Guide) -> str:
    needed = "必须填。" if key in kind.required else ""
    offered = f"可以写：{'、'.join(guide.choices)}。" if guide.choices else ""
    return f"{needed}{guide.note}{offered}"
