"""住房公积金综合服务系统: a front database with T_WB_KH, in whose rows the results are written back.

Polled every thirty minutes of opening hours. An account that exists is answered with its number, not with an error; a base
above the cap is cut without a word; attachments are named only, their files come by another way.
"""
