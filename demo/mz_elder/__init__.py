"""养老服务与尊老金发放系统: JSON over HTTPS, signed with HMAC, answers by callback.

A submission is checked and stored (status 10), reviewed (20) and decided (30 or 40) some minutes later. Its callbacks may
come before the answer, twice, and out of order; they are pushed until OneWindow answers 200 with code 0.
"""
