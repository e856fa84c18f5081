there=$(psql -Atc "SELECT count(*) FROM pg_database WHERE datname = 'tally_{ident}'" postgres)
kept=$(git rev-parse --git-path database.dump)
[ "$there" = 0 ] || pg_dump -Fc -f "$kept" tally_{ident}
dropdb --if-exists --force tally_{ident}
dropdb --if-exists --force tally_{ident}_new
