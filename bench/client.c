/* The bare C loop that the engine is measured against: what any honest client must do per connection, and nothing else.
 *
 *     client [--dialling K] [--windows] [--rst] ADDRESS PORT CONNECTIONS
 *
 * socket, connect (non-blocking), epoll_ctl, and getsockopt(SO_ERROR) once writable; at most K connections dialling at
 * once. All are held until the last one is established, then closed. One line of JSON on stdout says what it took.
 *
 * --windows names each connection's source port, by a window of one (IP_LOCAL_PORT_RANGE, Linux 6.3). Without it the
 * second half of the ephemeral ports is slow: connect() tries one parity first, then walks the busy ports.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif
#define FIRST_EPHEMERAL_PORT 32768
#define EVENTS 512

static struct sockaddr_in target;
static long connections, max_dialling = 512;
static int name_ports, close_with_rst;

struct usage {
    double wall_s, user_s, system_s;
};

struct tally {
    long opened, settled, established, failed;
    int last_errno;
};

static void die(const char *what) {
    perror(what);
    exit(1);
}

static struct usage usage_now(void) {
    struct timespec now;
    struct rusage used;
    clock_gettime(CLOCK_MONOTONIC, &now);
    getrusage(RUSAGE_SELF, &used);
    return (struct usage){
        .wall_s = now.tv_sec + now.tv_nsec / 1e9,
        .user_s = used.ru_utime.tv_sec + used.ru_utime.tv_usec / 1e6,
        .system_s = used.ru_stime.tv_sec + used.ru_stime.tv_usec / 1e6,
    };
}

/* From the page tables: the counters behind statm are per CPU, and off by hundreds of KB. */
static long rss_bytes(void) {
    char line[128];
    long kb = -1;
    FILE *rollup = fopen("/proc/self/smaps_rollup", "r");
    while (rollup && kb < 0 && fgets(line, sizeof line, rollup))
        sscanf(line, "Rss: %ld kB", &kb);
    if (kb < 0)
        die("/proc/self/smaps_rollup");
    fclose(rollup);
    return kb * 1024;
}

static void raise_descriptor_limit(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* EINPROGRESS, or why not. */
static int dial(int fd) {
    return connect(fd, (struct sockaddr *)&target, sizeof target) == 0 ? EINPROGRESS : errno;
}

static int dial_from_next_port(int fd) {
    static unsigned port = FIRST_EPHEMERAL_PORT;
    for (; port <= 65535; port++) {
        unsigned window = port | port << 16;
        if (setsockopt(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &window, sizeof window) != 0)
            die("IP_LOCAL_PORT_RANGE (needs Linux 6.3)");
        int error = dial(fd);
        if (error != EADDRNOTAVAIL)
            return port++, error;
    }
    return EADDRNOTAVAIL;
}

static void settle(struct tally *tally, int error) {
    tally->settled++;
    if (error) {
        tally->failed++;
        tally->last_errno = error;
    } else {
        tally->established++;
    }
}

static void open_one(int poll, int *descriptors, struct tally *tally) {
    long index = tally->opened++;
    int fd = descriptors[index] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    int error = name_ports ? dial_from_next_port(fd) : dial(fd);
    if (error != EINPROGRESS) {
        settle(tally, error);
        return;
    }
    /* Edge-triggered and once for good: writable now, lost during the hold, without an EPOLL_CTL_MOD in between. */
    struct epoll_event interest = {.events = EPOLLOUT | EPOLLIN | EPOLLRDHUP | EPOLLET, .data.fd = fd};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &interest) != 0)
        die("epoll_ctl");
}

static void settle_ready(int poll, struct tally *tally) {
    struct epoll_event ready[EVENTS];
    int count = epoll_wait(poll, ready, EVENTS, 10000);
    if (count == 0)
        errno = ETIMEDOUT;
    if (count <= 0)
        die("epoll_wait");
    for (int i = 0; i < count; i++) {
        int error = 0;
        socklen_t length = sizeof error;
        getsockopt(ready[i].data.fd, SOL_SOCKET, SO_ERROR, &error, &length);
        settle(tally, error);
    }
}

static struct tally open_all(int poll, int *descriptors) {
    struct tally tally = {0};
    while (tally.settled < connections) {
        while (tally.opened < connections && tally.opened - tally.settled < max_dialling)
            open_one(poll, descriptors, &tally);
        if (tally.settled < tally.opened)
            settle_ready(poll, &tally);
    }
    return tally;
}

static void close_all(const int *descriptors) {
    const struct linger abort_now = {.l_onoff = 1, .l_linger = 0};
    for (long i = 0; i < connections; i++) {
        if (close_with_rst)
            setsockopt(descriptors[i], SOL_SOCKET, SO_LINGER, &abort_now, sizeof abort_now);
        close(descriptors[i]);
    }
}

static void parse(int argc, char **argv) {
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--rst") == 0)
            close_with_rst = 1;
        else if (strcmp(argv[i], "--windows") == 0)
            name_ports = 1;
        else if (strcmp(argv[i], "--dialling") == 0 && i + 1 < argc)
            max_dialling = atol(argv[++i]);
    }
    if (argc - i != 3) {
        fprintf(stderr, "usage: client [--dialling K] [--windows] [--rst] ADDRESS PORT CONNECTIONS\n");
        exit(64);
    }
    target.sin_family = AF_INET;
    target.sin_port = htons(atoi(argv[i + 1]));
    connections = atol(argv[i + 2]);
    if (inet_pton(AF_INET, argv[i], &target.sin_addr) != 1 || connections < 1 || max_dialling < 1)
        die("arguments");
}

int main(int argc, char **argv) {
    parse(argc, argv);
    raise_descriptor_limit();
    long rss_before = rss_bytes();
    int *descriptors = calloc(connections, sizeof *descriptors);
    int poll = epoll_create1(EPOLL_CLOEXEC);

    struct usage start = usage_now();
    struct tally tally = open_all(poll, descriptors);
    struct usage up = usage_now();
    long rss_after = rss_bytes();
    struct usage closing = usage_now();
    close_all(descriptors);
    struct usage closed = usage_now();

    printf("{\"connections\": %ld, \"established\": %ld, \"failed\": %ld, \"last_errno\": %d, \"seconds\": %.6f, "
           "\"user_s\": %.6f, \"system_s\": %.6f, \"rss_before\": %ld, \"rss_after\": %ld, \"close_seconds\": %.6f}\n",
           connections, tally.established, tally.failed, tally.last_errno, up.wall_s - start.wall_s,
           up.user_s - start.user_s, up.system_s - start.system_s, rss_before, rss_after, closed.wall_s - closing.wall_s);
    return tally.failed != 0;
}
