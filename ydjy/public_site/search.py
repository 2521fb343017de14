"""The one search box: every public app's records, and the pages themselves."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from apps.filings.public import search_entries as filings
from apps.institutions.models import DiseaseGroup
from apps.institutions.public import querysets as institutions
from apps.offices.models import Office
from apps.offices.public import search_entries as offices
from apps.offices.public.page import furniture, kept, shown
from apps.offices.public.search import Entry, Hit, Word, asked, find, pieces
from ydjy.lib import divisions

MOST = 10  # of each section; the rest is a matter of better words
GENERIC = ("转诊", "备案", "材料", "电话", "医院", "刷卡", "报销", "结算", "急诊", "住院", "药店")
PAGES = (
    Entry("办备案要带什么", "/guide/", (("页面", "办备案要带什么材料"),)),
    Entry("哪家医院能开转诊", "/referral/", (("页面", "哪家医院能开转诊证明"),)),
    Entry("办事电话和地点", "/offices/", (("页面", "办事电话和地点 经办机构 上班时间"),)),
    Entry("刷卡没成功怎么办", "/card-failed/", (("页面", "刷卡没成功怎么办 社会保障卡 报错"),)),
    Entry("查备案进度", "/progress/", (("页面", "查备案进度"),)),
    Entry(
        "在外地哪里能刷卡", "/settlement/", (("页面", "在外地哪里能刷卡 直接结算 药店 门诊 住院"),)
    ),
    Entry("工作日怎么算", "/workdays/", (("页面", "工作日怎么算 放假 调休"),)),
    Entry(
        "空白的备案登记表（打印）", "/print/filing/", (("页面", "空白的备案登记表 备案表 申请表"),)
    ),
    Entry("空白的个人承诺书（打印）", "/print/promise/", (("页面", "空白的个人承诺书"),)),
    Entry("电话单（打印，贴公告栏）", "/print/phones/", (("页面", "打印电话单 公告栏"),)),
    Entry("公开数据下载", "/data/", (("页面", "公开数据下载"),)),
)


@dataclass(frozen=True)
class Section:
    name: str
    hits: list[Hit]
    more: int | str


def search(query: str, today: date) -> list[Section]:
    """The sections that found something; words typed without blanks are taken apart if need be."""
    words = asked(query)
    found = _sections(words, today)
    if not found and words:
        known = {*GENERIC, *kept("vocabulary", DiseaseGroup.objects.vocabulary).names}
        apart = pieces(words, known)
        found = _sections(apart, today) if len(apart) > len(words) else []
        if not found:  # 妈妈精神病: what we know of it, rather than nothing
            told = [word for word in apart if len(word.means) > 1 or word.typed in known]
            found = _sections(told, today) if told else []
    if straight := [*_who_refers(words, today), *_elsewhere(words)]:
        found.insert(0, Section("直接去看", straight, 0))
    return found


def _who_refers(words: list[Word], today: date) -> list[Hit]:
    """A disease, with or without a county, is the question of who may refer."""
    vocabulary = kept("vocabulary", DiseaseGroup.objects.vocabulary)
    line = " ".join(" ".join(word.means) for word in words)
    named = [g for g in (*vocabulary.names, *vocabulary.aliases) if len(g) > 1 and g in line]
    group = vocabulary.find(max(named, key=len)) if named else None
    if group is None:
        return []
    asks = {"group": group}
    title = f"{group}：哪家医院能开转诊"
    for code, place in kept("areas", lambda: _areas(today)):
        if place in line:
            asks, title = {"area": code, **asks}, f"{place}参保，{title}"
            break
    return [Hit(Entry(title, f"/referral/?{urlencode(asks)}"), f"“{group}”是一类病", 0)]


def _areas(today: date) -> list[tuple[str, str]]:
    offices_ = shown(Office.objects.exclude(area="").filter(handles_cases=True), today)
    return [(o.area, o.area_name) for o in offices_ if o.area_name and o.parent_id]


def _elsewhere(words: list[Word]) -> list[Hit]:
    """A place outside: what people ask there is what to bring, and whether the card works."""
    city = furniture().city
    for word in words:
        found = [d for d in divisions.find(word.typed) if d.level < 3] if city else []
        if found and not divisions.contains(city.area, found[0].code):
            why = f"“{word.typed}”是外地的地名"
            return [
                Hit(Entry(f"到{found[0].name}看病，备案要带什么", "/guide/"), why, 0),
                Hit(Entry(f"在{found[0].name}哪里能刷卡", "/settlement/"), why, 1),
            ]
    return []


def _sections(words: list[Word], today: date) -> list[Section]:
    """The pages, the institutions, the guide, the telephones: those that have a hit."""
    made = [
        _section("页面", find(PAGES, words)),
        Section("医院和药店", *institutions.hits(today, words, MOST)),
        _section("办备案", find(_kept_entries("guide", filings.entries, today), words)),
        _section("电话和地点", find(_kept_entries("offices", offices.entries, today), words)),
    ]
    return [section for section in made if section.hits]


def _kept_entries(
    name: str, entries: Callable[[date], Iterable[Entry]], today: date
) -> list[Entry]:
    return kept(f"{name} entries", lambda: list(entries(today)))


def _section(name: str, hits: list[Hit]) -> Section:
    return Section(name, hits[:MOST], max(0, len(hits) - MOST))
