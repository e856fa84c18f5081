# Commits rows 1, 2, 3 … to a database, one every few milliseconds, and says each number once it is committed.
import sqlite3
import sys
import time

path, mode = sys.argv[1:]
database = sqlite3.connect(path, timeout=60, isolation_level=None)
database.execute("PRAGMA journal_mode = wal" if mode == "wal" else "PRAGMA journal_mode = delete")
database.execute("CREATE TABLE row (n INTEGER PRIMARY KEY, padding BLOB)")


def insert(number):
    database.execute("INSERT INTO row VALUES (?, randomblob(2000))", (number,))


def say(number):
    print(number, flush=True)


insert(1)
if mode == "locked":
    database.execute("BEGIN EXCLUSIVE")
    say(1)
elif mode == "spill":
    # A small cache: what is not committed goes to the file, and what it replaces to the journal.
    database.execute("PRAGMA cache_size = 5")
    database.execute("BEGIN IMMEDIATE")
    for number in range(2, 2000):
        insert(number)
    say(1)
else:
    number = 1
    while True:
        say(number)
        number += 1
        insert(number)
        time.sleep(0.002)
while True:
    time.sleep(60)
