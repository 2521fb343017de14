"""The cast at work under the loaded policy of 锦州."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from apps.filings.models import Filing
from apps.filings.models.catalogue import Variant
from apps.offices.models import Channel, Office
from tests import cast as casting
from tests.cast import Cast

PAPERS = {"1-social-card-insured": "original", "2-residence-permit-insured": "copy"}


@pytest.fixture
def policy(jinzhou_policy: None, cast: Cast) -> Cast:
    """锦州's rules; the invented offices answer for their areas in place of its own."""
    Office.objects.exclude(pk__in=[o.pk for o in cast.office.values()]).update(handles_cases=False)
    return cast


@pytest.fixture
def jinzhou(policy: Cast) -> Callable[..., Filing]:
    """Registers a filing of the loaded policy, judged like one at the window."""

    def register(code: str = "long-term-resident", **more: Any) -> Filing:
        values = {
            "office": policy.office["yixian"],
            "variant": Variant.objects.get(code=code),
            "channel": Channel.objects.get(code="window"),
            "name": "测试甲",
            "cert_no": casting.number(7),
            "insutype": "390",
            "insured_area": "210727",
            "destination": "310000",
            "start_on": timezone.localdate(),
            "handed": PAPERS,
            "residence": "浦东新区",
        }
        return Filing.register(by=policy.yixian, **(values | more))

    return register
