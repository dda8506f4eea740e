#!/bin/sh
# The ls that fpsync finds first in PATH: the real one, but in a queue without a job only after a while. fpsync asks its
# queue by ls for the next part, and as long as it may start another one it asks again and again without a pause; that
# would cost processor time that the copies need. What is in the queue beside the jobs is a file `info`.
is_waiting() {
    set -- *
    [ "$*" = info ]
}
for _ in 1 2 3 4 5 6; do
    is_waiting || break
    sleep 0.05
done
exec /bin/ls "$@"
