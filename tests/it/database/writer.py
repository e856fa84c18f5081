# Commits rows 1, 2, 3 … to a database, one every few milliseconds, and says each number once it is committed.
import sqlite3
import sys
import time

path, mode = sys.argv[1:]
database = sqlite3.connect(path, timeout=60, isolation_level=None)
database.execute("PRAGMA journal_mode = wal" if mode == "wal" else "PRAGMA journal_mode = delete")
# The last number stands at the file's beginning, the rows at its end, and between them lies what takes a copy its time.
database.execute("CREATE TABLE last (n INTEGER)")
database.execute("INSERT INTO last VALUES (0)")
database.execute("CREATE TABLE large (padding BLOB)")
database.execute("INSERT INTO large VALUES (zeroblob(20000000))")
database.execute("CREATE TABLE row (n INTEGER PRIMARY KEY, padding BLOB)")


def commit(number):
    database.execute("BEGIN IMMEDIATE")
    database.execute("INSERT INTO row VALUES (?, randomblob(2000))", (number,))
    database.execute("UPDATE last SET n = ?", (number,))
    database.execute("COMMIT")
    print(number, flush=True)


number = 1
commit(number)
if mode == "locked":
    database.execute("BEGIN EXCLUSIVE")
elif mode == "spill":
    # A small cache: what is not committed goes to the file, and what it replaces to the journal.
    database.execute("PRAGMA cache_size = 5")
    database.execute("BEGIN IMMEDIATE")
    database.execute("UPDATE row SET n = 7")
    database.execute("UPDATE last SET n = 7")
    for _ in range(3):
        database.execute("UPDATE large SET padding = randomblob(20000000)")
    print(2, flush=True)
else:
    while True:
        number += 1
        commit(number)
        time.sleep(0.002)
while True:
    time.sleep(60)
