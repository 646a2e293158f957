#include "survey/metrics.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The whole answer to one request, headers and all. */
static const char *ask(unsigned port, const char *request) {
    static char text[8192];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    char line[256];
    int n =
        snprintf(line, sizeof line, "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", request);
    cr_assert_eq(write(fd, line, (size_t)n), n);
    size_t used = 0;
    for (ssize_t got; (got = read(fd, text + used, sizeof text - 1 - used)) > 0;) {
        used += (size_t)got;
    }
    text[used] = '\0';
    close(fd);
    return text;
}

static struct ls_metrics *serve(void) {
    struct ls_metrics *metrics = NULL;
    struct ls_err err = {0};
    cr_assert_eq(ls_metrics_create(&metrics, "127.0.0.1:0", &err), LS_OK, "%s", err.text);
    return metrics;
}

Test(metrics, answers_what_was_set_last) {
    struct ls_metrics *metrics = serve();
    unsigned port = ls_metrics_port(metrics);
    cr_assert_gt(port, 0);
    cr_expect_not_null(strstr(ask(port, "GET /healthz"), "503"), "nothing is known yet");
    cr_assert_eq(ls_metrics_set(metrics, "lineside_up 1\n", "ok\n", true), LS_OK);
    const char *answer = ask(port, "GET /metrics");
    cr_expect_not_null(strstr(answer, "200 OK"));
    cr_expect_not_null(strstr(answer, "text/plain; version=0.0.4"));
    cr_expect_not_null(strstr(answer, "\r\n\r\nlineside_up 1\n"));
    cr_expect_not_null(strstr(ask(port, "GET /healthz"), "200 OK"));
    cr_assert_eq(ls_metrics_set(metrics, "", "stream fail\n", false), LS_OK);
    answer = ask(port, "GET /healthz");
    cr_expect_not_null(strstr(answer, "503"));
    cr_expect_not_null(strstr(answer, "stream fail\n"));
    ls_metrics_destroy(metrics);
}

Test(metrics, refuses_what_is_not_there) {
    struct ls_metrics *metrics = serve();
    unsigned port = ls_metrics_port(metrics);
    cr_expect_not_null(strstr(ask(port, "GET /"), "404"));
    cr_expect_not_null(strstr(ask(port, "POST /metrics"), "405"));
    ls_metrics_destroy(metrics);
}

Test(metrics, a_port_in_use_is_named) {
    struct ls_metrics *metrics = serve();
    struct ls_metrics *second = NULL;
    struct ls_err err = {0};
    char where[64];
    snprintf(where, sizeof where, "127.0.0.1:%u", ls_metrics_port(metrics));
    cr_expect_eq(ls_metrics_create(&second, where, &err), LS_ERR_BUSY);
    cr_expect_not_null(strstr(err.text, where), "%s", err.text);
    cr_expect_null(second);
    ls_metrics_destroy(metrics);
    cr_expect_eq(ls_metrics_create(&second, where, &err), LS_OK, "free again: %s", err.text);
    ls_metrics_destroy(second);
}
