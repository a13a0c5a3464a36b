"""低收入人口动态监测和精准帮扶平台: takes results that flow back and compares them with what it knows.

It answers at once or later: MATCHED, NOT_MATCHED or REFUSED. What it verified it passes on to utilities itself. Deaths
that the police, funeral homes or hospitals report to it, it tells OneWindow by callback.
"""
