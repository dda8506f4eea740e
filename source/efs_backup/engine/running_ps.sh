#!/bin/sh
# The ps that fpsync finds first in PATH: it asks five times a second for each copy under way whether that still runs, and
# the real one would read all of /proc for that.
case $# in
1) [ -d "/proc/$1" ] ;;
*) exec /bin/ps "$@" ;;
esac
