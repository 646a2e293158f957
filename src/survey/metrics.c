#include "survey/metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/units.h"
#include "base/util.h"

struct ls_metrics {
    struct MHD_Daemon *daemon;
    pthread_mutex_t lock; /* of what follows */
    char *text;
    char *health;
    bool healthy;
};

/* --- answers --- */

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status,
                                   const char *type, const char *text) {
    union {
        const char *in;
        void *out; /* copied, not written to */
    } body = {.in = text};
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), body.out, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) {
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", type);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_bytes, void **request) {
    struct ls_metrics *metrics = context;
    (void)version;
    (void)data;
    (void)request;
    *data_bytes = 0;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain", "GET only\n");
    }
    enum MHD_Result result;
    pthread_mutex_lock(&metrics->lock);
    if (strcmp(url, "/metrics") == 0) {
        result = answer_text(connection, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8",
                             metrics->text == NULL ? "" : metrics->text);
    } else if (strcmp(url, "/healthz") == 0) {
        result = answer_text(
            connection, metrics->healthy ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
            "text/plain; charset=utf-8", metrics->health == NULL ? "starting\n" : metrics->health);
    } else {
        result = answer_text(connection, MHD_HTTP_NOT_FOUND, "text/plain",
                             "there are /metrics and /healthz\n");
    }
    pthread_mutex_unlock(&metrics->lock);
    return result;
}

/* --- the object --- */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int take_address(const char *listen, union address *ret, socklen_t *ret_size,
                        struct ls_err *err) {
    const char *colon = strrchr(listen, ':');
    char host[64] = "";
    size_t port = 0;
    memset(ret, 0, sizeof *ret);
    if (colon != NULL && (size_t)(colon - listen) < sizeof host &&
        ls_count_parse(colon + 1, "port", 0, 65535, &port, NULL) == LS_OK) {
        memcpy(host, listen, (size_t)(colon - listen));
    }
    if (strcmp(host, "[::1]") == 0) {
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_addr = in6addr_loopback;
        ret->v6.sin6_port = htons((uint16_t)port);
        *ret_size = sizeof ret->v6;
        return LS_OK;
    }
    ret->v4.sin_family = AF_INET;
    ret->v4.sin_port = htons((uint16_t)port);
    *ret_size = sizeof ret->v4;
    if (inet_pton(AF_INET, host, &ret->v4.sin_addr) != 1) {
        return ls_err_set(err, LS_ERR_ARG, "'%.64s' is no address: write 127.0.0.1:9477", listen);
    }
    return LS_OK;
}

/* A socket of our own, so that "in use" and other reasons can be told apart. -1 and errno. */
static int listen_at(const union address *address, socklen_t size) {
    int one = 1;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, &address->any, size) != 0 || listen(fd, 16) != 0) {
        int e = errno;
        close(fd);
        errno = e;
        return -1;
    }
    return fd;
}

static int start(struct ls_metrics *metrics, const char *where, struct ls_err *err) {
    union address address;
    socklen_t size;
    int code = take_address(where, &address, &size, err);
    if (code != LS_OK) {
        return code;
    }
    int fd = listen_at(&address, size);
    if (fd < 0) {
        return ls_err_set(err, errno == EADDRINUSE ? LS_ERR_BUSY : LS_ERR_IO,
                          "cannot serve metrics at '%.64s': %s%s", where, strerror(errno),
                          errno == EADDRINUSE ? ": choose another port in 'metrics.listen'" : "");
    }
    metrics->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | (address.any.sa_family == AF_INET6 ? MHD_USE_IPv6 : 0), 0,
        NULL, NULL, answer, metrics, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, 16U,
        MHD_OPTION_CONNECTION_TIMEOUT, 10U, MHD_OPTION_END);
    if (metrics->daemon == NULL) {
        close(fd);
        return ls_err_set(err, LS_ERR_IO, "cannot start the server of metrics at '%.64s'", where);
    }
    return LS_OK;
}

int ls_metrics_create(struct ls_metrics **ret, const char *listen, struct ls_err *err) {
    struct ls_metrics *metrics = calloc(1, sizeof *metrics);
    if (metrics == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    pthread_mutex_init(&metrics->lock, NULL);
    int code = start(metrics, listen, err);
    if (code != LS_OK) {
        ls_metrics_destroy(metrics);
        return code;
    }
    *ret = metrics;
    return LS_OK;
}

void ls_metrics_destroy(struct ls_metrics *metrics) {
    if (metrics == NULL) {
        return;
    }
    if (metrics->daemon != NULL) {
        MHD_stop_daemon(metrics->daemon);
    }
    pthread_mutex_destroy(&metrics->lock);
    free(metrics->text);
    free(metrics->health);
    free(metrics);
}

unsigned ls_metrics_port(const struct ls_metrics *metrics) {
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(metrics->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info == NULL ? 0 : info->port;
}

int ls_metrics_set(struct ls_metrics *metrics, const char *text, const char *health, bool healthy) {
    char *new_text = strdup(text);
    char *new_health = strdup(health);
    if (new_text == NULL || new_health == NULL) {
        free(new_text);
        free(new_health);
        return LS_ERR_NOMEM;
    }
    pthread_mutex_lock(&metrics->lock);
    free(metrics->text);
    free(metrics->health);
    metrics->text = new_text;
    metrics->health = new_health;
    metrics->healthy = healthy;
    pthread_mutex_unlock(&metrics->lock);
    return LS_OK;
}
