"""残疾人两项补贴与儿童福利信息系统: a front database (前置库) with OUT_BIZ, which OneWindow writes, and IN_RESULT.

Rows with STATUS 0 are scanned every ten minutes of opening hours: taken (1), or wrong (9) without harm to the others.
Results are written later, some of them late, and rows marked as read are cleared now and then.
"""
