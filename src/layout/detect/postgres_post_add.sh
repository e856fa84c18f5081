there=$(psql -Atc "SELECT count(*) FROM pg_database WHERE datname = 'tally_{ident}'" postgres)
if [ "$there" = 0 ]; then
    dropdb --if-exists --force tally_{ident}_new
    createdb tally_{ident}_new
    kept=$(git rev-parse --git-path database.dump)
    if [ -e "$kept" ]; then cat "$kept"; else pg_dump -Fc tally; fi |
        pg_restore --exit-on-error --no-owner -d tally_{ident}_new
    psql -qc 'ALTER DATABASE tally_{ident}_new RENAME TO tally_{ident}' postgres
else
    echo 'the database tally_{ident} was there already'
fi
