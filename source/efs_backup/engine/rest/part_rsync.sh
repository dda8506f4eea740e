#!/bin/sh
# The copy tool that fpsync calls for each part: rsync, and then a line that says how it ended. A part without that
# line was lost. Directories are made elsewhere: listed by name, rsync would also copy what is left out of them.
# Those that it makes on the way are private until they get their own modes.
umask 077
rsync "$@" --no-dirs
code=$?
echo "part ended with exit code $code"
exit $code
