"""The two README files inside every archive: for a reader years later, who has only the file."""

README_ZH = """\
开评标室 · 采购项目归档

这个文件是一个采购项目开标、评审全过程的归档。它是不压缩的 tar 包, 任何解包工具都能打开。

里面有什么
  MANIFEST.jsonl      清单: 项目、版本(edition)、条目数与根哈希; 每个文件的大小和 SHA-256
  entries.jsonl       全部记录条目, 一行一条; 部分版本中不对读者公开的条目只留叶哈希 {"leaf":…}
  checkpoints.jsonl   主机签名的检查点 (C2SP checkpoint)
  cosignatures.jsonl  到场各方对检查点的联署
  stamps.jsonl        时间戳 (RFC 3161)
  certificates/       证书和吊销信息
  blobs/              投标文件、签署文件、录像分段等, 文件名就是 SHA-256
  sealed/             仍用项目密钥加密的文件
  rulepack.json       本项目所用的规则包
  bidverify.py        独立的校验程序 (只需要 Python 3.11 和 cryptography)

怎样校验
  python bidverify.py 归档文件 --trust 根证书.pem --expect 条目数:根哈希

  请不要用包里的 bidverify.py 作最后结论: 包被人改过的话, 它也可能被改过。请另行取得一份, 并核对随版本公布的摘要。
  根证书应从电子认证服务机构取得; “条目数:根哈希”印在签署的开标记录和评审报告上。两者都必须来自包外。

  结果: 0 通过; 1 不通过, 并指出第一处问题; 2 无法判断, 例如没有给出根证书。
"""

README_EN = """\
Bidroom: the archive of one procurement case

This file is the record of one case, from the opening of bids to the signed report. It is an uncompressed tar; any tool
that reads tar opens it.

What is inside
  MANIFEST.jsonl      case, edition, number of entries and root; size and SHA-256 of every other file
  entries.jsonl       all entries of the log, one a line; where the edition hides one, its leaf hash {"leaf":...}
  checkpoints.jsonl   heads of the log signed by the host (C2SP checkpoint)
  cosignatures.jsonl  cosignatures of those heads by the people who were present
  stamps.jsonl        RFC 3161 timestamps
  certificates/       certificates and revocation evidence
  blobs/              bids, signed documents, recorded segments and more, named by their SHA-256
  sealed/             files still encrypted under the key of the case
  rulepack.json       the rule pack that the case used
  bidverify.py        an independent verifier (needs Python 3.11 and the package cryptography)

How to verify
  python bidverify.py ARCHIVE --trust roots.pem --expect N:R

  Do not rest your verdict on the copy of bidverify.py in here: whoever changed the archive may have changed it too. Get
  one separately and compare it with the digest published with its release. Get the root certificates from the
  certification authorities, and N:R (number of entries, root) from a signed opening record or evaluation report. Both
  must come from outside the archive.

  Exit codes: 0 passed; 1 failed, naming the first bad thing; 2 could not tell, for instance without root certificates.
"""
