"""江苏省生育登记与全员人口信息系统: one resource, a fixed token and a list of addresses, answered at once.

A pregnancy (mother and parity) or a birth certificate is registered once; again gives 409 EXIST with the number there is.
Its answers carry an orgCode its documentation does not know. At 03:00 its backup makes everything slow.
"""
