// Sleeps as they are. libfaketime 0.9.10 refuses absolute ones, which Python 3.11 and newer ask for, where it leaves the monotonic
// clock alone; and where it does not, a wait with a timeout never ends.
#define _GNU_SOURCE
#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left) {
    return syscall(SYS_clock_nanosleep, clock, flags, until, left) == 0 ? 0 : errno;
}
