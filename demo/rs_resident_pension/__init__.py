"""城乡居民养老保险业务系统（省集中）: one address for all transactions, SM3-with-SM2 signatures, 人社 indicator codes.

Registrations (GRCBDJ, DYZG_RZ) are decided while the caller waits; benefits (DYSL, ZXDJ) later, told by callback. A serial number
(yzls) is good once: sent again, it gives the first result again, a refusal included. Open 07:00-21:30; from 18:00 on a
month's last day the monthly settlement refuses benefit transactions with E9002.
"""
