"""The cast at work under the loaded policy of 锦州."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import Value
from django.db.models.functions import Concat
from django.utils import timezone

from apps.filings.catalogue import Variant
from apps.filings.models import Filing
from apps.institutions.reference import sync_disease_groups
from apps.offices.models import Channel, City, Office
from tests import cast as casting
from tests.cast import Cast

PAPERS = {"1-social-card-insured": "original", "2-residence-permit-insured": "copy"}


@pytest.fixture
def policy(cast: Cast) -> Cast:
    """锦州's rules beside the invented offices, whose codes step aside for them."""
    City.objects.all().delete()
    Office.objects.update(code=Concat(Value("cast-"), "code"))
    call_command("load_policy", "jinzhou", verbosity=0)
    sync_disease_groups()
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
        }
        return Filing.register(by=policy.yixian, **(values | more))

    return register
