# One tmux call that makes a session's five windows and sends all their keys. Called in the main checkout.
open_windows() { # <name> <worktree> <backend port> <frontend port>
    tmux new-session -d -s "tally-$1" -n "backend:$3" -c "$2" \
        -e "TALLY_SESSION=$1" -e "BACKEND_PORT=$3" -e "FRONTEND_PORT=$4" -e "VITE_API_URL=http://localhost:$3" \; \
        send-keys "workon tally && cd $2/backend && python manage.py runserver $3" Enter \; \
        new-window -n "frontend:$4" -c "$2" \; \
        send-keys "workon tally && cd $2/frontend && npm run dev -- --port $4" Enter \; \
        new-window -n claude -c "$2" \; send-keys "workon tally && cd $2 && claude --name tally-$1" Enter \; \
        new-window -n shell -c "$2" \; send-keys "workon tally && cd $2" Enter \; \
        new-window -n cli -c "$2" \; send-keys "workon tally && cd $2/backend" Enter \; \
        send-keys "python manage.py "
}
