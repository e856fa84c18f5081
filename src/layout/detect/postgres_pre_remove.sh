mark=$(git rev-parse --git-path database.id)
kept=$(git rev-parse --git-path database.dump)
whose=$(psql -XAtc "SELECT coalesce(shobj_description(oid, 'pg_database'), 'nobody')
    FROM pg_database WHERE datname = 'tally_{ident}'" postgres)
case $whose in
"") ;;
"$(cat "$mark" 2>/dev/null)" | mine)
    pg_dump -Fc -f "$kept" tally_{ident}
    dropdb --force tally_{ident}
    ;;
*)
    echo "the database tally_{ident} stays, as it is not marked as this session's: to have"
    echo 'it dropped, type in psql: DROP DATABASE tally_{ident};'
    ;;
esac
psql -Xqc 'SET client_min_messages = warning' -c '
    DROP DATABASE IF EXISTS "tally_{ident}-new" WITH (FORCE)' postgres
