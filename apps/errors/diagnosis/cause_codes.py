"""The causes 原因分类 that ship with the program, in two levels (feature E13).

The four of D-E03–D-E06 come first, in the order of the source; under them and under 其他 stand the
finer ones. ``template`` goes to the province and may hold {机构} {日期} {就医地}, and {来源}: ours,
or the platform's list of that day. It asserts only what a row or such a list shows; what somebody
did is the clerk's to add. ``note`` is for the clerk and for the public page on refused cards. Both
belong to the bureau once they are there; code, level and order belong to the program.
"""

from typing import NamedTuple

from apps.errors.models import CauseCode


class Cause(NamedTuple):
    code: str
    label: str
    parent: str
    facts: str
    template: str
    note: str


CAUSES: tuple[Cause, ...] = (
    Cause(
        "not_filed",
        "未办理备案登记",
        "",
        "D-E03",
        "{来源}没有查到参保人{日期}到{就医地}的异地就医备案。请参保人核对：没有办的请补办，结算前补办的可以直接结算，结算后补办的申请手工报销。",
        "怎么查：按证件号码查备案，看就医那天有没有。怎么办：告诉参保人现在就补办，开始日期要在入院日期当天或之前；结算前办好的仍可直接结算。",
    ),
    Cause(
        "not_uploaded",
        "备案未上报",
        "not_filed",
        "",
        "本系统有参保人已审核通过的备案，登记为没有上报国家平台，就医地查不到。上报以后请{机构}重新刷卡结算。",
        "怎么查：备案是“已通过”，上报状态是“未上报”。怎么办：当天上报国家平台，再请医院重新结算。",
    ),
    Cause(
        "filing_not_in_force",
        "备案不在有效期",
        "not_filed",
        "",
        "本系统登记的备案{日期}不在有效期内，没有查到当天有效的备案。请参保人重新备案后再结算；已经结算的申请手工报销。",
        "怎么查：看备案的开始日期、结束日期和就医日期。怎么办：还没有结算的，补办一个包含就医日期的备案；已经结算的，申请手工报销。",
    ),
    Cause(
        "wrong_place",
        "就医地不是备案登记的地区",
        "",
        "D-E04",
        "本系统登记的备案，就医地与实际就医地{就医地}不一致，没有查到到{就医地}的备案。请参保人变更就医地，办好后重新刷卡结算。",
        "怎么查：比较备案的就医地和工单的就医地，都看到地级市（北京、天津、上海、重庆、海南、西藏和兵团看到省一级）。怎么办：变更备案地，或者另办一个到就医地的备案。",
    ),
    Cause(
        "not_open",
        "机构未开通异地刷卡结算",
        "",
        "D-E05",
        "本系统没有查到{机构}{日期}开通这项异地就医直接结算。请就医地核实；没有开通的，请参保人先垫付，保留票据，回参保地按规定报销。",
        "怎么查：看机构的联网开通记录，要同时对上省内或跨省、住院或门诊，以及就医日期。怎么办：请就医地核实开通情况；没有开通的，换一家开通的医院，或者先垫付再报销。",
    ),
    Cause(
        "card",
        "未持统一制发的社会保障卡",
        "",
        "D-E06",
        "按报错信息，参保人用的可能不是统一制发的社会保障卡。请改用医保电子凭证或身份证；需要换卡的，回参保地办理。",
        "怎么查：问医院刷的是什么卡，卡面有没有“社会保障卡”字样和芯片。怎么办：改用医保电子凭证或身份证；要换卡的，回参保地办。",
    ),
    Cause(
        "lost_card",
        "社保卡遗失或非标准卡",
        "card",
        "D-E08",
        "按报错信息，参保人社会保障卡遗失或不是标准卡，不能在就医地补办。请先用医保电子凭证或身份证结算，再回参保地补办。",
        "怎么查：问参保人卡在不在、是不是省标准卡。怎么办：就医地不能补办，告诉参保人回参保地补办；这次先用医保电子凭证或身份证。",
    ),
    Cause(
        "other",
        "其他",
        "",
        "D-E07",
        "本系统没有查到备案、就医地、机构开通、社会保障卡方面的问题，需要逐级上报核实，有结果后再返回。",
        "怎么查：四种原因都排除以后，把身份证号和故障提示记全。怎么办：能归到下面几类的选下面的；处理不了的逐级上报，写明查过什么。",
    ),
    Cause(
        "insured_status",
        "参保状态异常",
        "other",
        "",
        "按报错信息，参保人{日期}的参保或待遇状态不正常，不能直接结算。状态恢复后可以重新结算，或按参保地规定报销。",
        "怎么查：看就医那天有没有参保、缴费有没有中断、待遇有没有开始。怎么办：告诉参保人去补缴或更正；恢复后请医院重新结算。",
    ),
    Cause(
        "mismatch",
        "信息不一致",
        "other",
        "",
        "按报错信息，医院上传的参保人信息与参保库不一致。请核对姓名、证件号码和险种，更正后重新读卡结算。",
        "怎么查：逐项比较姓名、证件类型、证件号码、人员编号、险种。怎么办：我们这里错的当天更正；医院录错的，请医院改好重新读卡。",
    ),
    Cause(
        "chronic",
        "门诊慢特病资格",
        "other",
        "",
        "按报错信息，没有查到参保人{日期}这个病种的门诊慢特病资格，或者该病种还不能异地直接结算。请先垫付，回参保地手工报销。",
        "怎么查：看有没有做过鉴定、病种和有效期对不对。怎么办：没有资格的，告诉参保人怎样申请鉴定；有资格的，先垫付再手工报销。",
    ),
    Cause(
        "med_type",
        "医疗类别不支持",
        "other",
        "",
        "按报错信息，{机构}上传的医疗类别不能异地直接结算。请医院核对医疗类别后重新上传，或由参保人垫付后回参保地报销。",
        "怎么查：看工单的医疗类别和交易类型对不对得上。怎么办：医院选错的，请医院改；确实不支持的，先垫付再报销。",
    ),
    Cause(
        "catalogue",
        "目录对照",
        "other",
        "",
        "按报错信息，{机构}有药品、项目或诊断没有对照医保编码。请医院完成对照并重新上传明细后结算。",
        "怎么查：看报错信息里是哪一个编码。怎么办：请就医地医院医保办完成目录对照，重新上传费用明细。",
    ),
    Cause(
        "timeout",
        "参保地超时",
        "other",
        "",
        "按报错信息，当时参保地系统返回超时。没有形成结算的，请{机构}重新结算；已经形成的，按单边账核对。",
        "怎么查：看报错时间前后有没有成批的超时，有没有形成结算。怎么办：没有形成结算的，请医院重新结算；形成了的，按单边账处理。",
    ),
    Cause(
        "one_sided",
        "单边账或冲正",
        "other",
        "",
        "按报错信息，这笔交易可能只有一方有结算记录。请{机构}核对，需要冲正的，冲正后重新结算。",
        "怎么查：用就诊ID、结算ID、报文ID对两边的记录。怎么办：请有记录的一方冲正，核对无误后重新结算。",
    ),
    Cause(
        "not_ours",
        "非本统筹区",
        "other",
        "",
        "按这一行的参保地区划，参保人不在本统筹区参保，请转给参保地处理。",
        "怎么查：看参保地区划，再查参保库。怎么办：写明查到的参保地，返回省里转办。",
    ),
    Cause(
        "duplicate",
        "重复",
        "other",
        "",
        "与本次另一条为同一笔报错，处理结果相同。",
        "怎么查：同一个人、同一家医院、同一笔就诊。怎么办：两条都要答复，结果写成一样。",
    ),
    Cause(
        "withdrawn",
        "已撤件",
        "other",
        "",
        "这条报错在后来的来件里没有了，按撤件处理。",
        "怎么查：更正的来件里没有这一条。怎么办：向省里或医院问清楚是撤了还是漏了，再选这一条。",
    ),
)


def sync_causes() -> int:
    """Make the missing causes and put level and order right. Returns the number of causes."""
    made: dict[str, CauseCode] = {}
    for order, cause in enumerate(CAUSES):
        owned = {"parent": made.get(cause.parent), "facts": cause.facts, "order": order * 10}
        words = {"label": cause.label, "template": cause.template, "note": cause.note}
        made[cause.code], _ = CauseCode.objects.update_or_create(
            code=cause.code, defaults=owned, create_defaults={**owned, **words}
        )
    return len(CAUSES)
