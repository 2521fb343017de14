"""Who may do what: one table, synchronised into Django's groups by ``sync_reference``.

Permissions are written as ``app.codename``. A role that is not named for a model may not even see
its page. Case sight is a second lock (``Staff.case_path``): permission opens the page, the office
decides which rows are on it.
"""

from apps.offices.models import Role

_LOOK = (
    "errors.view_batch",
    "errors.view_ticket",
    "errors.view_returnfile",
    "errors.view_notice",
    "filings.view_filing",
    "filings.view_inbound",
)
_REFERENCE = (
    "institutions.view_institution",
    "institutions.view_referralright",
    "institutions.view_networkopening",
    "institutions.view_diseasegroup",
    "offices.view_office",
    "offices.view_hotline",
    "offices.view_calendarday",
    "offices.view_channel",
    "offices.view_policydocument",
    "filings.view_category",
    "filings.view_variant",
    "filings.view_settlementrule",
    "filings.view_topic",
    "filings.view_formtemplate",
    "filings.view_fundingstandard",
    "filings.view_fieldrule",
    "filings.view_regionclass",
    "filings.view_material",
    "errors.view_causecode",
)
_WORK = (
    *_LOOK,
    *_REFERENCE,
    "errors.work_ticket",
    "errors.reveal_ticket",
    "filings.add_filing",
    "filings.change_filing",
    "filings.reveal_filing",
    "filings.add_inbound",
    "filings.change_inbound",
    "filings.reveal_inbound",
)
_DIRECTORY = tuple(
    f"{app}.{verb}_{model}"
    for app, models in {
        "institutions": ("institution", "referralright", "networkopening", "diseasegroup"),
        "offices": (
            "office",
            "hotline",
            "servicehours",
            "calendarday",
            "channel",
            "policydocument",
            "sitesettings",
            "notice",
            "specialhours",
            "synonym",
        ),
        "filings": (
            "category",
            "variant",
            "eligibility",
            "material",
            "materialrule",
            "channelrule",
            "settlementrule",
            "regionclass",
            "topic",
            "fundingstandard",
            "formtemplate",
            "officeservice",
            "fieldrule",
        ),
    }.items()
    for model in models
    for verb in ("view", "add", "change")
)

_LISTS = tuple(
    f"institutions.{code}"
    for code in (
        "view_listimport",
        "import_institution",
        "publish_institution",
        "check_institution",
        "export_institution",
    )
)

_OFFICE_LISTS = tuple(
    f"offices.{verb}_{model}"
    for model in ("office", "hotline", "calendarday")
    for verb in ("import", "export")
)

PERMISSIONS: dict[Role, tuple[str, ...]] = {
    Role.CLERK: _WORK,
    Role.REVIEWER: (*_WORK, "filings.decide_filing", "errors.sign_returnfile"),
    Role.COUNTY_LEAD: (*_WORK, "filings.decide_filing", "errors.assign_ticket"),
    Role.CITY_LEAD: (
        *_WORK,
        *_LISTS,
        *_OFFICE_LISTS,
        "desk.view_export",
        "desk.approve_export",
        "desk.view_exportrule",
        "desk.add_exportrule",
        "desk.change_exportrule",
        "desk.view_storagerule",
        "errors.assign_ticket",
        "errors.import_batch",
        "errors.export_batch",
        "errors.sign_returnfile",
        "errors.export_ticket",
        "errors.add_causecode",
        "errors.change_causecode",
        "errors.view_snippet",
        "errors.add_snippet",
        "errors.change_snippet",
        "errors.move_batch",
        "errors.view_filenamerule",
        "errors.add_filenamerule",
        "errors.change_filenamerule",
        "desk.view_upload",
        "errors.view_exchangesettings",
        "errors.add_exchangesettings",
        "errors.change_exchangesettings",
        "errors.view_routerule",
        "errors.add_routerule",
        "errors.change_routerule",
        "errors.view_reminderstep",
        "errors.add_reminderstep",
        "errors.change_reminderstep",
        "errors.view_archiverule",
        "errors.add_archiverule",
        "errors.change_archiverule",
        "filings.decide_filing",
        "filings.export_filing",
        "offices.view_weekrule",
        "offices.add_weekrule",
        "offices.change_weekrule",
        "offices.view_city",
        "offices.change_city",
        "offices.view_duty",
        "offices.add_duty",
        "offices.change_duty",
        "offices.view_notice",
        "offices.add_notice",
        "offices.change_notice",
        "offices.change_calendarday",
        "offices.add_calendarday",
    ),
    Role.HEAD: (*_LOOK, *_REFERENCE, "desk.view_export", "desk.approve_export"),
    Role.DIRECTORY: (
        *_REFERENCE,
        *_DIRECTORY,
        *_LISTS,
        *_OFFICE_LISTS,
        "desk.view_export",
    ),
    Role.OPERATOR: (
        "offices.view_staff",
        "offices.add_staff",
        "offices.change_staff",
        "offices.export_staff",
        "desk.view_export",
        "desk.view_storagerule",
        "desk.add_storagerule",
        "desk.change_storagerule",
        "offices.view_office",
        "offices.view_calendarday",
        "desk.view_upload",
    ),
    Role.AUDITOR: ("desk.view_change", "desk.view_reading", "offices.view_staff"),
}
