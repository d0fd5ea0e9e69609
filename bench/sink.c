/* A neutral target: accepts what comes, holds it, and closes a connection when its peer has.
 *
 *     sink ADDRESS [PORT]
 *
 * Prints the port it listens on (0, the default, takes a free one) and serves until it is killed. One thread, so that a
 * client on a machine of two cores has the other one to itself.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 512
#define BACKLOG 65535 /* the kernel lowers it to net.core.somaxconn */

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void raise_descriptor_limit(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void watch(int poll, int fd, unsigned events) {
    struct epoll_event interest = {.events = events, .data.fd = fd};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &interest) != 0)
        die("epoll_ctl");
}

static int listening(const char *address, int port) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t length = sizeof name;
    int reuse = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    if (inet_pton(AF_INET, address, &name.sin_addr) != 1 || bind(fd, (struct sockaddr *)&name, sizeof name) != 0)
        die("bind");
    if (listen(fd, BACKLOG) != 0 || getsockname(fd, (struct sockaddr *)&name, &length) != 0)
        die("listen");
    printf("%d\n", ntohs(name.sin_port));
    fflush(stdout);
    return fd;
}

static void accept_waiting(int poll, int listener) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            watch(poll, fd, EPOLLRDHUP | EPOLLET);
        else if (errno == EAGAIN)
            return;
        else if (errno != ECONNABORTED && errno != EINTR)
            die("accept4");
    }
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: sink ADDRESS [PORT]\n");
        return 64;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* whoever started it may be killed before it can end this */
    raise_descriptor_limit();
    int poll = epoll_create1(EPOLL_CLOEXEC);
    int listener = listening(argv[1], argc > 2 ? atoi(argv[2]) : 0);
    watch(poll, listener, EPOLLIN);
    for (;;) {
        struct epoll_event ready[EVENTS];
        int count = epoll_wait(poll, ready, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (ready[i].data.fd == listener)
                accept_waiting(poll, listener);
            else
                close(ready[i].data.fd);
        }
    }
}
