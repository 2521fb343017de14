"""Offices and telephones as the public search knows them."""

from collections.abc import Iterator
from datetime import date

from apps.offices.models import Hotline, Office
from apps.offices.public.page import shown
from apps.offices.public.search import Entry


def entries(today: date) -> Iterator[Entry]:
    for line in shown(Hotline.objects.select_related("office"), today):
        uses = "、".join(line.use_labels)
        area = line.office.area_name if line.office else ""
        url = f"/offices/{line.office_id}/" if line.office_id else "/offices/"
        texts = (
            ("名称", line.name),
            ("服务地区", area),
            ("用途", f"{uses}电话"),
            ("号码", line.display),
        )
        yield Entry(line.name, url, texts, tel=f"{line.tel}|{line.display}")
    for office in shown(Office.objects.all(), today):
        texts = (
            ("名称", office.name),
            ("服务地区", office.area_name),
            ("地址", office.address),
            ("类别", "经办机构电话和地点"),
        )
        yield Entry(office.name, f"/offices/{office.pk}/", texts, says=office.address)
