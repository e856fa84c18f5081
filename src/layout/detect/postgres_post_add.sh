mark=$(git rev-parse --git-path database.id)
[ -s "$mark" ] || echo "$(date +%s)-$$" >"$mark"
id=$(cat "$mark")
whose=$(psql -XAtc "SELECT coalesce(shobj_description(oid, 'pg_database'), 'nobody')
    FROM pg_database WHERE datname = 'tally_{ident}'" postgres)
case $whose in
"")
    psql -Xqc 'SET client_min_messages = warning' -c '
        DROP DATABASE IF EXISTS "tally_{ident}-new" WITH (FORCE)' postgres
    createdb tally_{ident}-new "$id"
    kept=$(git rev-parse --git-path database.dump)
    if [ -e "$kept" ]; then cat "$kept"; else pg_dump -Fc tally; fi |
        pg_restore --exit-on-error --no-owner -d tally_{ident}-new
    psql -Xqc 'ALTER DATABASE "tally_{ident}-new" RENAME TO tally_{ident}' postgres
    ;;
"$id" | mine)
    psql -Xqc "COMMENT ON DATABASE tally_{ident} IS '$id'" postgres
    echo 'the database tally_{ident} was there already'
    ;;
*)
    echo "the database tally_{ident} is not marked as this session's: drop it, rename it, or" >&2
    echo "mark it in psql with: COMMENT ON DATABASE tally_{ident} IS 'mine';" >&2
    exit 1
    ;;
esac
