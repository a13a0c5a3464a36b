"""国家医疗保障信息平台（江苏）经办子系统: a gateway with x-tif headers, sealed and signed messages behind it.

The gateway's answer says only that a message was let in; what became of it is the infcode inside. A msgid is good once:
with the same content it gives the first result again, with another it is refused. Enrolments are answered at once
(filings in other provinces sometimes later), recognitions and reimbursements later, by a sealed message of the same make.
"""
