"""The one search box: every public app's records, and the pages themselves."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from apps.filings import lookup as filings
from apps.institutions import lookup as institutions
from apps.institutions.models import DiseaseGroup
from apps.offices import lookup as offices
from apps.offices.matching import Entry, Hit, Word, asked, find, pieces
from apps.offices.page import kept

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
    Entry("公开数据下载", "/data/", (("页面", "公开数据下载"),)),
)


@dataclass(frozen=True)
class Section:
    name: str
    hits: list[Hit]
    more: int


def search(query: str, today: date) -> list[Section]:
    """The sections that found something; words typed without blanks are taken apart if need be."""
    words = asked(query)
    found = _sections(words, today)
    if not found and words:
        groups = DiseaseGroup.objects.vocabulary().names
        apart = pieces(words, (*GENERIC, *groups))
        found = _sections(apart, today) if len(apart) > len(words) else []
    return found


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
