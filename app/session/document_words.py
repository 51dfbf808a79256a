"""The Chinese words of the signed documents 文书用语: documents are Chinese by law, whatever language a desk shows.

Codes of the record become words here, beside the templates; a code without a word is printed as it is.
"""

from collections.abc import Mapping
from string import Formatter

from app.procurement.data import Step
from app.session.rules.people import Level, Role

ROLES: dict[Role, str] = {
    Role.OFFICER: "主持人",
    Role.CLERK: "记录人",
    Role.SUPPLIER: "供应商代表",
    Role.PURCHASER: "采购人代表",
    Role.OPENER: "开标人",
    Role.EXPERT: "评审专家",
    Role.MEMBER: "评审成员",
    Role.SUPERVISOR: "监督人员",
    Role.ENGINEER: "设备专员",
}
LEVELS: dict[Level, str] = {
    Level.PERSONAL_TOKEN: "个人证书",
    Level.ORGANISATION_TOKEN: "机构证书",
    Level.STAFF_VERIFIED: "工作人员核验身份",
}
SEALS: dict[str, str] = {
    "": "未核对",
    "matched": "与回执一致",
    "mismatch": "与回执不一致，待处理",
    "confirmed": "与回执一致，供应商已确认",
    "default": "与回执一致，逾期未提出异议",
}
CONFIRMATIONS: dict[str, str] = {
    "": "",
    "confirmed": "已确认",
    "default": "逾期未确认，视同认可",
    "disputed": "有异议",
}
ATTRIBUTIONS: dict[str, str] = {
    "supplier": "解密失败（供应商原因），视为撤销{bid}",
    "platform": "解密失败（非供应商原因），视为撤回{bid}",
    "ruled": "解密失败，按裁定处理",
}
CAUSES: dict[str, str] = {
    "decryption.supplier_silent": "供应商未在规定时间内解密",
    "decryption.supplier_absent": "供应商未参加，未在规定时间内解密",
    "decryption.opener_silent": "开标人未在规定时间内放行",
    "bid.other_supplier": "文件内的供应商与递交人不一致",
    "bid.other_lot": "文件不属于本项目或本采购包",
    "bid.documents_differ": "文件内容与其清单不一致",
    "envelope.damaged": "文件已损坏",
    "envelope.too_few_shares": "开标份额不足",
    "backup.malformed": "备用文件不完整",
    "backup.not_committed": "备用文件与递交时的承诺不一致",
    "backup.foreign": "备用文件不属于本投标文件",
    "backup.digest": "备用文件中的文件与清单不一致",
}
REFUSALS: dict[str, str] = {
    "bid.unsealed": "未按要求加密",
    "bid.damaged": "文件已损坏",
    "bid.foreign": "不属于本项目",
    "bid.late": "超过截止时间",
    "bid.not_receiving": "不在接收时间",
    "bid.not_registered": "未登记",
    "bid.superseded": "已被替换的文件",
    "bid.copied": "含有他人文件的密文",
    "bid.replace_needs_receipt": "替换未指明原回执",
    "bid.nothing_to_replace": "没有可替换的文件",
}
PHASES: dict[str, str] = {
    "announced": "公告",
    "receiving": "接收文件",
    "gathering": "签到",
    "discipline": "宣布纪律",
    "seal_check": "密封核对",
    "decrypting": "解密",
    "reading": "唱标",
    "objections": "异议",
    "signing": "签署开启记录",
    "opening_closed": "开标（开启）结束",
    "qualification": "资格审查",
    "assembling": "评审成员签到",
    "commitment": "签署承诺书",
    "leader": "推选组长",
    "conformity": "符合性审查",
    "talks": "磋商",
    "quoting": "最后报价",
    "low_price": "报价审查",
    "scoring": "评分",
    "summary": "汇总",
    "agency_check": "核对",
    "report": "签署评审报告",
    "evaluation_closed": "评审结束",
    "closed": "归档",
    "failed": "终止",
}
CLOCKS: dict[str, str] = {
    "seal_check": "密封核对",
    "decrypt": "解密",
    "decrypting": "解密",
    "confirm": "报价确认",
    "objections": "异议",
    "sign": "签署开启记录",
    "signing": "签署开启记录",
    "commitment": "签署承诺书",
    "leader": "推选组长",
    "review": "审查",
    "qualification": "资格审查",
    "conformity": "符合性审查",
    "clarify": "澄清",
    "talk": "磋商",
    "resubmit": "重新提交响应",
    "quote": "最后报价",
    "quoting": "最后报价",
    "explanation": "成本说明",
    "low_price": "成本说明",
    "scoring": "评分",
    "summary": "偏差说明",
    "report": "签署评审报告",
}
GATES: dict[str, str] = {
    "not_earlier_than_lead": "未到可进入时间",
    "site_checked_or_waived": "场地检查",
    "recording_runs": "音视频录制",
    "recusals_ruled": "回避申请处理",
    "seals_match_or_ruled": "密封核对",
    "objections_settled": "异议答复",
    "undone_accepted": "未尽事项",
    "opening_closed": "开标（开启）结束",
    "place_held": "评审场所核验",
    "members_present": "评审成员到齐",
    "all_committed": "签署承诺书",
    "talks_held": "与所有供应商磋商",
    "low_price_ruled": "异常低价认定",
}
GROUNDS: dict[str, str] = {
    "correction_unconfirmed": "报价出现算术错误，供应商未确认修正后的报价",
    "no_explanation": "报价可能影响质量或诚信履约，供应商未在规定时间内作出书面说明",
    "low_price_unexplained": "报价可能影响质量或诚信履约，供应商的书面说明未能证明其报价合理性",
    "quote.not_positive": "报价不是正数",
    "quote.over_limit": "报价超过采购预算或者最高限价",
    "quote.unreadable": "最后报价无法开启",
    "response": "重新提交的响应未通过审查",
}
ARTICLES: dict[str, dict[str, str]] = {
    "public_tender": {
        "qualification": "87号令第44条、第63条",
        "conformity": "87号令第50条、第63条",
        "correction_unconfirmed": "87号令第59条",
        "no_explanation": "87号令第60条",
        "low_price_unexplained": "87号令第60条",
        "quote.not_positive": "87号令第63条",
        "quote.over_limit": "87号令第63条第四项",
    },
    "competitive_consultation": {
        "qualification": "财库〔2014〕214号第16条",
        "conformity": "财库〔2014〕214号第16条",
        "response": "财库〔2014〕214号第20条",
        "quote.unreadable": "财库〔2014〕214号第21条",
        "no_explanation": "财库〔2026〕2号",
        "low_price_unexplained": "财库〔2026〕2号",
    },
}
STAGES: dict[str, str] = {"qualification": "资格审查", "conformity": "符合性审查"}
TIES: dict[str, str] = {
    "quote_asc": "得分相同，按报价由低到高排列",
    "technical_desc": "得分和报价相同，按技术指标优劣排列",
    "tie": "按规则仍不能区分，名次并列",
}
REDO: dict[str, str] = {
    "qualification_error": "资格性审查认定错误",
    "summing_error": "分值汇总计算错误",
    "score_out_of_range": "分项评分超出评分标准范围",
    "objective_unequal": "客观评审因素评分不一致",
    "abnormal_agreed": "评分畸高、畸低，经评审成员一致认定",
}
WITHDRAWALS: dict[str, str] = {
    "quote_missed": "未在规定时间内提交最后报价",
    "resubmit_missed": "未在规定时间内重新提交响应",
}
ABSENCES: dict[str, str] = {
    "review_missed": "未在规定时间内提交审查意见",
    "member_lost": "未在规定时间内签署承诺书",
    "vote_missed": "未在规定时间内投票",
    "sheet_missed": "未在规定时间内提交评分",
    "deviation_unexplained": "未在规定时间内说明评分偏差理由",
    "talk_missed": "未在规定时间内参加磋商",
}
RECORDING_STOPS: dict[str, str] = {
    "recording.closing": "案卷关闭前结束录制",
    "recording.disk_full": "主机磁盘已满",
}
PLACES: dict[str, str] = {"equipped_site": "评审场所", "sub_venues": "主副场", "dispersed": "分散评审"}
ASPECTS: dict[str, str] = {"business": "商务", "technical": "技术", "price": "价格"}
DELIVERY: dict[str, str] = {"goods": "交货期", "services": "服务期", "works": "工期"}
FORMULAS: dict[str, str] = {
    "ratio_then_weight": "价格分 =（评标基准价 ÷ 评审价）× 100 × 价格权值（87号令第55条）",
    "weight_inside": "价格分 =（磋商基准价 ÷ 评审价）× 价格权值 × 100（财库〔2014〕214号第24条）",
}

STEPS: dict[str, tuple[str, str]] = {
    "correction.words_unreadable": ("报价修正", "大写金额无法辨认，以小写金额为准，由供应商确认"),
    "correction.schedule_over_body": ("报价修正", "投标函 {body} 元与一览表 {schedule} 元不一致，以一览表为准"),
    "correction.words_over_figures": ("报价修正", "大写 {words}（{amount} 元）与小写 {figures} 元不一致，以大写为准"),
    "correction.unit_price_slip": ("报价修正", "{item}：单价 {written} 小数点明显错位，修正为 {meant}"),
    "correction.line_total": ("报价修正", "{item}：分项合计 {written} 元，按单价计算为 {computed} 元"),
    "correction.unit_price_over_total": ("报价修正", "总价 {written} 元，按单价汇总为 {computed} 元，以单价计算为准"),
    "deduction.quote": ("报价", "{quote} 元"),
    "deduction.domestic": ("本国产品扣除", "{base} × {percent}% = {amount} 元"),
    "deduction.small": ("小微企业扣除", "{base} × {percent}% = {amount} 元"),
    "deduction.joint": ("联合体（分包）扣除", "{base} × {percent}% = {amount} 元"),
    "deduction.price": ("评审价", "{price} 元"),
    "price_score.base": ("基准价", "最低评审价 {base} 元"),
    "price_score.ratio": ("价格比", "{base} ÷ {price} × 100 = {ratio}"),
    "price_score.ratio_then_weight": ("价格分", "{base} ÷ {price} × {weight} = {score}"),
    "price_score.weight_inside": ("价格分", "{base} ÷ {price} × {weight} = {score}"),
    "low_price.mean": ("低于平均值", "报价 {quote} 元，低于全部报价平均值 {reference} 元的 {percent}%（{bound} 元）"),
    "low_price.second_lowest": ("低于次低价", "报价 {quote} 元，低于次低价 {reference} 元的 {percent}%（{bound} 元）"),
    "low_price.committee": ("评审小组判断", "评审小组认为报价可能影响质量或诚信履约，经表决启动审查"),
    "low_price.limit": ("低于限价", "报价 {quote} 元，低于最高限价（预算）{reference} 元的 {percent}%（{bound} 元）"),
}  # fmt: skip


def word(table: Mapping[str, str], code: str) -> str:
    """The word of a code; the code itself where there is none."""
    return table.get(code, code)


def sentence(step: Step) -> tuple[str, str]:
    """Name and figures of a step of a derivation; a step without words shows its code and facts."""
    found = STEPS.get(step.code)
    if found is None or not {name for _, name, _, _ in Formatter().parse(found[1]) if name} <= step.facts.keys():
        return step.code, "，".join(f"{name} {value}" for name, value in step.facts.items())
    return found[0], found[1].format(**step.facts)


def ground_words(ground: str, items: Mapping[str, str]) -> str:
    """Why a bid is invalid: ``conformity.signed,conformity.format``, or one code.

    Args:
        items: ``<stage>.<item>`` → the text of the review item.
    """
    said = []
    for code in ground.split(","):
        stage, _, item = code.partition(".")
        if code in items:
            said.append(f"{STAGES[stage]}不合格：{items[code]}")
        elif code in GROUNDS:
            said.append(GROUNDS[code])
        elif stage == "response":
            said.append(GROUNDS["response"] + (f"（{item}）" if item else ""))
        elif stage == "quote":
            said.append(f"{GROUNDS['quote.unreadable']}（{item}）")
        else:
            said.append(code)
    return "；".join(said)


def article_words(method: str, ground: str) -> str:
    """The article behind a ground, as far as the law names one for this method."""
    table = ARTICLES.get(method, {})
    found = []
    for code in ground.split(","):
        key = code if code in table else code.partition(".")[0]
        if key == "quote" and code not in table:
            key = "quote.unreadable"
        found.append(table.get(key, ""))
    return "；".join(dict.fromkeys(item for item in found if item))
