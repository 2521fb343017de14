"""Lists of institutions that wait: for whoever checks them, and for the second who publishes."""

from apps.institutions.models import ListImport
from ydjy.desk.waiting_work import WaitingKind

State = ListImport.State
KINDS = (
    WaitingKind(
        "publish_list",
        "待发布的机构名单",
        ("institutions.publish_institution",),
        ListImport,
        lambda rows, staff, now: rows.to_publish_by(staff),
        "institutions_listimport_changelist",
        "?state__exact=draft",
        scoped=False,
    ),
    WaitingKind(
        "check_list",
        "待核对的机构名单",
        ("institutions.import_institution",),
        ListImport,
        lambda rows, staff, now: rows.filter(state=State.STAGED),
        "institutions_listimport_changelist",
        "?state__exact=staged",
        scoped=False,
    ),
)
