"""社会保障卡持卡库管理系统: a file area over SFTP. OneWindow puts ZK_ files into `in`, receipts HZ_ lie in `out`.

Files are looked for every five minutes; one counts once its `.ok` is there and describes it. Receipts come the day after,
a marker now and then before its file.
"""
