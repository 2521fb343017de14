"""Categories and guide topics as the public search knows them."""

from collections.abc import Iterator
from datetime import date

from apps.filings.models.catalogue import Topic
from apps.filings.public import guide
from apps.offices.public.page import shown
from apps.offices.public.search import Entry


def entries(today: date) -> Iterator[Entry]:
    variants = list(guide.variants_of(None, today).prefetch_related("materials__material"))
    for category in guide.categories(today):
        own = [v for v in variants if v.category_id == category.pk]
        materials = {rule.material.name for v in own for rule in v.materials.all()}
        texts = (
            ("名称", f"{category.name}备案"),
            ("情形", "、".join(v.name for v in own if v.name)),
            ("分组", guide.situation_of(category).words),
            ("人员范围", category.people),
            ("材料", "、".join(sorted(materials))),
        )
        yield Entry(
            f"{category.name}：要带什么", f"/guide/c/{category.code}/", texts, category.people
        )
    for topic in shown(Topic.objects.all(), today):
        texts = (("标题", topic.title), ("内容", topic.body))
        yield Entry(topic.title, f"/topics/{topic.code}/", texts)
