"""How a file that goes back is called (E7): a pattern of the bureau's, filled in for each file.

Pure: takes texts, returns texts or what is wrong with them. A name must tell two files of a week
apart, and a later version from the first, so that neither is written over the other.
"""

import re
from collections.abc import Mapping

STANDARD = "{来件}-处理结果{版}"
PARTS = {
    "来件": "收到的文件的名字",
    "序号": "这一周的第几个来件",
    "城市": "统筹区的名称",
    "年": "周次的年份",
    "周": "第几周，两位数",
    "日期": "生成的日期，例如 20261120",
    "版": "第一版不写，以后写“-第2版”",
}
# Bytes that every file system takes, leaving room for the week, the suffix and ".part".
LONGEST = 220
_PART = re.compile(r"\{([^{}]*)\}")
_BAD = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]')
_SUFFIX = re.compile(r"\.(xlsx|xls|xlsm|csv|tsv|et)$", re.IGNORECASE)


def complaint(pattern: str) -> str:
    """What is wrong with it and how to mend it; blank for a good one."""
    names = _PART.findall(pattern)
    plain = _PART.sub("", pattern)
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        return f"“{{{unknown[0]}}}”不认识，可以写的有{'、'.join(f'{{{name}}}' for name in PARTS)}。"
    if "{" in plain or "}" in plain:
        return "大括号要成对，例如 {来件}。"
    if found := _BAD.search(plain):
        sign = found[0] if found[0].isprintable() else "看不见的符号"
        return f"文件名里不能有“{sign}”，请删去。"
    if _SUFFIX.search(plain):
        return "不用写 .xlsx 这样的后缀，会按来件的格式自动加上。"
    if pattern != pattern.strip() or pattern.startswith("."):
        return "开头和结尾不能是空格，开头也不能是点。"
    if not {"来件", "序号"} & set(names):
        return "一周收到几个文件时，返回的名字要分得开，请写上 {来件} 或 {序号}。"
    if "版" not in names:
        return "第二版不能和第一版同名，请写上 {版}。"
    return ""


def filled(pattern: str, values: Mapping[str, str], version: int, mark: str) -> str:
    """The name without suffix. One that is too long loses the end of the received file's name, and
    ``mark`` (of its bytes) says which it was."""
    texts = {**values, "版": f"-第{version}版" if version > 1 else ""}
    name = _PART.sub(lambda part: texts[part[1]], pattern)
    over = len(name.encode()) - LONGEST
    if over > 0:
        kept = texts["来件"].encode()[: -over - len(mark) - 1].decode(errors="ignore")
        texts["来件"] = f"{kept}-{mark}"
        name = _PART.sub(lambda part: texts[part[1]], pattern)
    return _BAD.sub("_", name)
