/*
 * Asks a socketmap from one thread, one question in flight on each connection, and times every answer.
 *
 *   load PORT CONNECTIONS SECONDS KEYS [once]
 *
 * Keys are d0.example up to dKEYS-1.example, in an order of chance that is the same in every run; with "once" each is
 * asked once, whatever the time. Prints one object of JSON. Every answer must begin with "OK ".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { buckets = 2000000, most = 4096 };

struct client {
  int fd;
  int length;
  int64_t asked;
  char answer[16384];
};

static struct client clients[most];
static uint32_t times[buckets];
static uint64_t chance = 88172645463325252u;

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void fail(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void ask(struct client *client, long key) {
  char name[64], question[96];
  int length = snprintf(name, sizeof name, "QUERY d%ld.example", key);
  length = snprintf(question, sizeof question, "%d:%s,", length, name);
  client->asked = now();
  client->length = 0;
  if (write(client->fd, question, length) != length) fail("write");
}

/* Whether the whole answer is there; ends the program when it is not the one that was to be. */
static int answered(struct client *client) {
  client->answer[client->length] = 0;
  char *colon = memchr(client->answer, ':', client->length);
  if (colon == NULL) return 0;
  long size = strtol(client->answer, NULL, 10);
  if (client->length < colon + 1 + size + 1 - client->answer) return 0;
  if (strncmp(colon + 1, "OK ", 3) != 0) {
    fprintf(stderr, "load: answered %s\n", client->answer);
    exit(1);
  }
  return 1;
}

static long quantile(long count, double part) {
  long rest = (long)(count * part);
  for (long at = 0; at < buckets; at++) {
    rest -= times[at];
    if (rest < 0) return at;
  }
  return buckets;
}

int main(int count, char **arguments) {
  if (count < 5) return 64;
  int connections = atoi(arguments[2]);
  double seconds = atof(arguments[3]);
  long keys = atol(arguments[4]), next = 0, done = 0, open = 0;
  int once = count > 5;
  int poll = epoll_create1(0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1]))};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connections < 1 || connections > most) return 64;
  for (int at = 0; at < connections; at++) {
    int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    clients[at].fd = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[at]};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
  }
  int64_t start = now(), end = start + (int64_t)(seconds * 1e9);
#define NEXT() (once ? next++ : (chance ^= chance << 13, chance ^= chance >> 7, chance ^= chance << 17, (long)(chance % keys)))
  for (int at = 0; at < connections && (!once || next < keys); at++, open++) ask(&clients[at], NEXT());
  while (open > 0) {
    struct epoll_event events[256];
    int ready = epoll_wait(poll, events, 256, 60000);
    if (ready <= 0) fail("no answer in a minute");
    for (int at = 0; at < ready; at++) {
      struct client *client = events[at].data.ptr;
      ssize_t got = read(client->fd, client->answer + client->length, sizeof client->answer - 1 - client->length);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0) fail("read");
      client->length += got;
      if (!answered(client)) continue;
      int64_t time = now();
      int64_t took = (time - client->asked) / 1000;
      times[took < buckets ? took : buckets - 1]++;
      done++;
      if (once ? next < keys : time < end) ask(client, NEXT());
      else open--;
    }
  }
  double took = (now() - start) / 1e9;
  printf("{\"questions\":%ld,\"seconds\":%.6f,\"p50\":%ld,\"p99\":%ld,\"most\":%ld}\n", done, took, quantile(done, 0.5),
         quantile(done, 0.99), quantile(done, 0.999999));
  return 0;
}
