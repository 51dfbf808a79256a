"""Sample data for every kind of document; ``many`` makes the tables long enough to break over pages."""

from typing import Any

ROOT = "3f" * 32
HASH = "9c1e" * 16
SUPPLIERS = (
    "昆明滇池信息技术有限公司",
    "云南红土数据工程有限公司",
    "大理苍山软件股份有限公司",
    "云南省数字经济产业投资集团智慧科技有限公司",
    "曲靖珠江源系统集成有限公司",
    "玉溪抚仙网络科技有限公司",
)
EXPERTS = ("陈雅琴", "李建国", "王䶮", "赵思源", "周梅")


def signer(person_id: str, name: str, role: str, organisation: str = "") -> dict[str, str]:
    return {"person_id": person_id, "name": name, "role": role, "organisation": organisation}


def head(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "case": {
            "project_number": "KMZC2026-G1-00128",
            "project_name": "昆明市第三中学智慧校园建设项目",
            "lot_number": "01 包",
            "lot_name": "网络与机房设备",
            "method": "公开招标",
            "purchaser": "昆明市第三中学",
            "agency": "云南正信招标代理有限公司",
        },
        "rehearsal": False,
        "record": {"entries": 128, "root": ROOT},
        "issued_at": "2026-11-20T02:15:30.000Z",
        "signers": [signer("p1", "李明", "主持人", "云南正信招标代理有限公司")],
    }
    return base | changes


def money(number: int) -> dict[str, str]:
    words = ("玖佰捌拾万元整", "壹仟零贰拾伍万捌仟元整", "玖佰叁拾陆万伍仟肆佰元伍角整", "壹仟壹佰万零伍佰元整")
    figures = ("9800000.00", "10258000.00", "9365400.50", "11000500.00")
    return {"figures": figures[number % 4], "words": words[number % 4]}


def opening_record(variant: str = "tender", suppliers: int = 3, **changes: Any) -> dict[str, Any]:
    tender = variant == "tender"
    names = [SUPPLIERS[i % 6] + (f"（{i + 1}）" if i > 5 else "") for i in range(suppliers)]
    bids = [
        {
            "supplier": name,
            "uscc": f"91530100MA6K{i:05d}X",
            "representative": "张晓峰",
            "sign_in": "机构证书 09:12 签到",
            "received_at": "2026-11-19T08:30:12.000Z",
            "receipt_hash": HASH,
            "seal_state": "与回执一致",
            "outcome": "已解密",
            "price": money(i) if tender else None,
            "declared": [{"name": "交货期", "value": "合同签订后 30 日"}, {"name": "质保期", "value": "3 年"}]
            if tender
            else [],
            "confirmation": "已确认" if tender else "",
        }
        for i, name in enumerate(names)
    ]
    bids[-1] |= {
        "outcome": "解密失败（供应商原因）",
        "outcome_reason": "规定时间内未能使用加密所用证书完成解密，按招标文件视为撤销。",
        "price": None,
        "declared": [],
        "confirmation": "",
        "signing": "未参加开标，视同认可开标结果",
    }
    data = head(
        signers=[
            signer("officer", "李明", "主持人", "云南正信招标代理有限公司"),
            signer("clerk", "杨丽", "记录人", "云南正信招标代理有限公司"),
        ]
        + [signer(f"supplier-{i}", "张晓峰", "供应商代表", name) for i, name in enumerate(names[:-1])]
        + [signer("supervisor", "和志强", "监督人员", "昆明市财政局")]
    )
    data |= {
        "variant": variant,
        "place": "昆明市呈贡区公共资源交易中心三楼第二开标室（远程）",
        "deadline": "2026-11-20T01:30:00.000Z",
        "opened_at": "2026-11-20T01:30:00.000Z",
        "officer": "李明",
        "clerk": "杨丽",
        "supervisors": ["和志强"],
        "opening_policy": "供应商密钥与开标人 2/3 共同解密",
        "ceiling": {"figures": "12000000.00", "words": "壹仟贰佰万元整"},
        "bids": bids,
        "objections": [
            {
                "supplier": names[0],
                "at": "2026-11-20T01:58:00.000Z",
                "text": "请确认交货期自合同签订之日起算。",
                "answer": "以招标文件第三章第 4.2 条为准，自合同签订之日起算。",
                "answered_at": "2026-11-20T02:01:10.000Z",
            }
        ],
        "incidents": [{"at": "2026-11-20T01:41:05.000Z", "text": f"{names[-1]}解密窗口延长 10 分钟，理由：网络中断。"}],
        "waivers": [],
    }
    if not tender:
        data["case"] = data["case"] | {"method": "竞争性磋商"}
    return data | changes


def bid_receipt(**changes: Any) -> dict[str, Any]:
    return (
        head(
            act="submitted",
            supplier=SUPPLIERS[0],
            uscc="91530100MA6K00001X",
            envelope_id="7d" * 16,
            header_hash=HASH,
            size=209715200,
            received_at="2026-11-19T08:30:12.000Z",
            deadline="2026-11-20T01:30:00.000Z",
            seal_state="加密完整，未开启",
            host_fingerprint="SHA256:" + "4af0" * 16,
            signers=[signer("host", "开评标室主机", "签收方", "云南正信招标代理有限公司")],
        )
        | changes
    )


def commitment(**changes: Any) -> dict[str, Any]:
    return (
        head(
            member="王䶮",
            role="评审专家",
            organisation="云南大学",
            suppliers=list(SUPPLIERS[:3]),
            read_seconds=42,
            signers=[signer("e3", "王䶮", "评审专家", "云南大学")],
        )
        | changes
    )


def clarification_letter(answered: bool = True, **changes: Any) -> dict[str, Any]:
    return (
        head(
            number="澄清〔2026〕第 1 号",
            supplier=SUPPLIERS[1],
            asked_at="2026-11-20T06:00:00.000Z",
            answer_by="2026-11-20T06:30:00.000Z",
            questions=[
                {"reference": "技术部分第 46 页", "text": "核心交换机型号前后表述不一致，请明确实际投标型号。"},
                {"reference": "开标一览表", "text": "分项报价合计与总价相差 200.00 元，请确认以单价计算的总价为准。"},
            ],
            answer={
                "answered_at": "2026-11-20T06:21:09.000Z",
                "answered_by": "钱坤",
                "answers": ["实际投标型号为 S12700E-8，第 46 页为笔误。", "确认。以单价计算的总价为准。"],
                "attachments": [{"name": "产品参数确认函.pdf", "value": HASH}],
            }
            if answered
            else None,
            signers=[signer("leader", "陈雅琴", "评审委员会组长")]
            + ([signer("s2", "钱坤", "供应商代表", SUPPLIERS[1])] if answered else []),
        )
        | changes
    )


CRITERIA = (
    ("商务", "类似项目业绩", "6", True, "2023 年以来同类项目，每个 2 分，最高 6 分。"),
    ("商务", "质量管理体系认证", "4", True, "具备得 4 分。"),
    ("技术", "总体方案", "20", False, "方案完整、针对性强 15～20 分；一般 8～14 分；较差 0～7 分。"),
    ("技术", "实施计划", "15", False, ""),
    ("技术", "技术参数响应", "15", True, "全部满足得 15 分，每负偏离一项扣 1 分。"),
    ("服务", "售后服务", "10", False, ""),
)


def criteria(count: int) -> list[dict[str, Any]]:
    chosen = [CRITERIA[i % 6] for i in range(count)]
    return [
        {"code": f"C{i + 1}", "group": g, "name": n, "maximum": m, "objective": o, "standard": s}
        for i, (g, n, m, o, s) in enumerate(chosen)
    ]


def score_sheet(suppliers: int = 3, rows: int = 6, **changes: Any) -> dict[str, Any]:
    return (
        head(
            member="陈雅琴",
            role="评审专家",
            suppliers=[SUPPLIERS[i % 6] for i in range(suppliers)],
            criteria=criteria(rows),
            marks=[
                [{"score": "12.50", "reason": "方案针对性强" if (r + s) % 5 == 0 else ""} for s in range(suppliers)]
                for r in range(rows)
            ],
            totals=["56.50"] * suppliers,
            sealed_hash=HASH,
            signers=[signer("e1", "陈雅琴", "评审专家", "昆明理工大学")],
        )
        | changes
    )


def review(suppliers: int, items: int = 5) -> dict[str, Any]:
    names = ("营业执照", "依法缴纳税收和社会保障资金的良好记录", "无重大违法记录声明函", "信用查询记录", "特定资格：无")
    return {
        "reviewers": ["李明（代理机构）", "何静（采购人）"],
        "items": [
            {"code": f"Q{i}", "name": names[i % 5], "requirement": "提供证明材料并加盖电子印章" if i % 2 else ""}
            for i in range(items)
        ],
        "findings": [
            [
                {"passed": not (i == 3 and s == 1), "note": "查询记录过期" if (i == 3 and s == 1) else ""}
                for s in range(suppliers)
            ]
            for i in range(items)
        ],
        "conclusions": [
            {
                "supplier": SUPPLIERS[s % 6],
                "passed": s != 1,
                "reason": "信用查询记录不符合要求" if s == 1 else "",
                "votes": "",
            }
            for s in range(suppliers)
        ],
    }


def qualification_record(suppliers: int = 3, items: int = 5, **changes: Any) -> dict[str, Any]:
    return (
        head(
            reviewed_at="2026-11-20T03:10:00.000Z",
            review=review(suppliers, items),
            qualified=suppliers - 1,
            minimum=3,
            signers=[
                signer("officer", "李明", "资格审查人（代理机构）", "云南正信招标代理有限公司"),
                signer("purchaser", "何静", "资格审查人（采购人）", "昆明市第三中学"),
            ],
        )
        | changes
    )


def evaluation_report(suppliers: int = 3, rows: int = 6, **changes: Any) -> dict[str, Any]:
    names = [SUPPLIERS[i % 6] for i in range(suppliers)]
    scores = [
        {
            "supplier": n,
            "quote": money(i),
            "evaluation_price": "8820000.00",
            "score": f"{30 - i}.00",
            "steps": [
                {"name": "报价修正", "value": "无"},
                {"name": "小微企业扣除 10%", "value": "9,800,000.00 × (1 − 10%) = 8,820,000.00"},
                {"name": "价格分", "value": "8,820,000.00 ÷ 8,820,000.00 × 30 = 30.00"},
            ],
        }
        for i, n in enumerate(names)
    ]
    data = head(signers=[signer(f"e{i}", name, "组长" if i == 0 else "评审专家", "") for i, name in enumerate(EXPERTS)])
    data |= {
        "announcements": [
            {
                "media": "中国政府采购网",
                "published_at": "2026-10-30T01:00:00.000Z",
                "title": "智慧校园建设项目公开招标公告",
            },
            {"media": "云南省政府采购网", "published_at": "2026-10-30T01:00:00.000Z"},
        ],
        "opened_at": "2026-11-20T01:30:00.000Z",
        "opening_place": "昆明市呈贡区公共资源交易中心三楼第二开标室",
        "started_at": "2026-11-20T05:00:00.000Z",
        "ended_at": "2026-11-20T09:26:40.000Z",
        "place": "昆明市呈贡区公共资源交易中心五楼第四评标室",
        "method": (
            "综合评分法。满分 100 分：价格 30 分，商务 10 分，技术 50 分，服务 10 分。"
            "评标基准价为满足招标文件要求的最低评审价。\n各成员独立评分，取算术平均值，保留两位小数。"
        ),
        "bidders": [
            {"supplier": n, "uscc": f"91530100MA6K{i:05d}X", "outcome": "已解密", "price": money(i)}
            for i, n in enumerate(names)
        ],
        "committee": [
            {
                "name": n,
                "role": "评审专家" if i < 4 else "采购人代表",
                "organisation": "云南省综合评标专家库" if i < 4 else "昆明市第三中学",
                "leader": i == 0,
            }
            for i, n in enumerate(EXPERTS)
        ],
        "opening": (
            f"截止时间前共收到 {suppliers} 家供应商提交的加密投标文件，全部与回执摘要一致并解密成功，"
            "当众唱标，各供应商确认报价，无异议。开标记录表已由全体参加人员签章。"
        ),
        "qualification": review(suppliers),
        "conformity": review(suppliers),
        "invalid": [
            {
                "supplier": names[1],
                "ground": "信用查询记录不符合招标文件资格要求。",
                "article": "87号令第六十三条第三项",
            }
        ],
        "low_price": [
            {
                "supplier": names[0],
                "quote": "4200000.00",
                "triggers": ["投标报价低于全部通过符合性审查供应商投标报价平均值的 50%", "投标报价低于最高限价的 45%"],
                "explanation": "供应商于 30 分钟内提交书面说明与进货合同，证明主要设备为库存。",
                "ruling": "说明合理，证明材料充分，不作为无效投标处理。",
                "votes": "通过 5 票，不通过 0 票",
            }
        ],
        "scoring": {
            "suppliers": names,
            "rows": [
                {"criterion": f"{c['group']}　{c['name']}", "maximum": c["maximum"], "scores": ["11.80"] * suppliers}
                for c in criteria(rows)
            ],
            "members": [{"member": n, "totals": ["56.50"] * suppliers} for n in EXPERTS],
            "price": ["30.00"] * suppliers,
            "totals": ["86.50"] * suppliers,
            "notes": ["客观分各成员一致；无超过均值 20% 的主观分偏离。"],
        },
        "price_scores": {
            "formula": "价格分 =（评标基准价 ÷ 评审价）× 30",
            "base": "8820000.00",
            "weight": "30",
            "scores": scores,
        },
        "ranking": [
            {
                "rank": i + 1,
                "supplier": n,
                "total": f"{92 - i}.35",
                "quote": money(i)["figures"],
                "recommended": i < 3,
                "note": "得分相同，按报价由低到高排列" if i == 1 else "",
            }
            for i, n in enumerate(names)
        ],
        "clarifications": [
            {
                "at": "2026-11-20T06:00:00.000Z",
                "supplier": names[1],
                "question": "核心交换机型号前后不一致，请明确。",
                "answer": "实际投标型号为 S12700E-8。",
            }
        ],
        "member_changes": [],
        "dissents": [
            {
                "member": EXPERTS[3],
                "opinion": "不同意对供应商甲总体方案的多数评分。",
                "reason": "其方案未说明与现有系统的对接方式。",
            }
        ],
        "deemed_agreed": [],
        "other": ["代理机构已核对评审数据，未发现第六十四条所列情形。"],
        "result": f"评审委员会一致推荐{names[0]}为第一中标候选人。",
    }
    return data | changes


def result_notice(**changes: Any) -> dict[str, Any]:
    return (
        head(
            published_at="2026-11-24T01:00:00.000Z",
            notice_until="2026-11-25T10:00:00.000Z",
            awards=[
                {
                    "supplier": SUPPLIERS[0],
                    "uscc": "91530100MA6K00001X",
                    "address": "昆明市五华区学府路 253 号",
                    "amount": money(0),
                    "score": "92.35",
                    "subject": "核心交换机 2 台、接入交换机 60 台、机房精密空调 4 台，规格见附件。",
                }
            ],
            committee=list(EXPERTS),
            fee="按国家计委计价格〔2002〕1980 号文收取，94,000.00 元。",
            announcements=[
                {"media": "中国政府采购网", "published_at": "2026-10-30T01:00:00.000Z", "title": "公开招标公告"}
            ],
            contacts=[
                {"name": "采购人", "value": "昆明市第三中学，何老师，0871-65000000"},
                {"name": "代理机构", "value": "云南正信招标代理有限公司，李明，0871-65111111"},
            ],
            signers=[signer("agency", "李明", "代理机构", "云南正信招标代理有限公司")],
        )
        | changes
    )


def acceptance_certificate(**changes: Any) -> dict[str, Any]:
    return (
        head(
            supplier=SUPPLIERS[0],
            contract_number="KMSZ-2026-118",
            contract_date="2026-11-30T01:00:00.000Z",
            accepted_at="2026-12-28T02:30:00.000Z",
            place="昆明市第三中学信息楼一层机房",
            amount=money(0),
            items=[
                {
                    "name": name,
                    "required": "规格、数量与合同附件一一致，整机原厂质保 3 年",
                    "found": found,
                    "passed": found == "与约定一致",
                }
                for name, found in (
                    ("核心交换机 2 台", "与约定一致"),
                    ("接入交换机 60 台", "与约定一致"),
                    ("机房精密空调 4 台", "到货 3 台，1 台待补"),
                    ("施工安全与用电安全", "与约定一致"),
                )
            ],
            conclusion="partly",
            opinion="待补的 1 台于十个工作日内到货并安装，届时再行验收。",
            signers=[
                signer("p1", "何志强", "采购人", "昆明市第三中学"),
                signer("s1", "张晓峰", "供应商", SUPPLIERS[0]),
            ],
        )
        | changes
    )
