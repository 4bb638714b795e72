/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_net_options.c - the options of -netdev user, checked: addresses of the network, names, forwarded ports. */
#include <arpa/inet.h>
#include <json-c/json.h>
#include <libslirp.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "host/host_internal.h"
#include "host/host_net.h"

#define DEFAULT_NET  0x0a000200u /* 10.0.2.0 */
#define DEFAULT_MASK 0xffffff00u
#define HOST_NUMBER  0x0202u /* within the network, as far as its mask leaves room */
#define DNS_NUMBER   0x0203u
#define DHCP_NUMBER  0x020fu
#define IPV6_PREFIX  "fec0::"
#define IPV6_HOST    "fec0::2"
#define IPV6_DNS     "fec0::3"
#define IPV6_BITS    64

struct host_net_settings {
    SlirpConfig config;
    uint32_t net, mask;  /* in the host's order */
    GPtrArray *searches; /* const char *, borrowed from the options, NULL-terminated */
    GPtrArray *forwards; /* the same, without an end */
};

static const char *const known_options[] = {
    "type",      "id",       "ipv4",      "ipv6",
    "net",       "host",     "restrict",  "hostname",
    "dhcpstart", "dns",      "dnssearch", "domainname",
    "tftp",      "bootfile", "hostfwd",   "tftp-server-name",
    NULL,
};

static bool refuse(const char *key, const char *value, const char *expected, GError **error)
{
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                "Parameter '%s' does not accept value '%s'; expected %s", key, value, expected);
    return false;
}

static bool options_are_known(const struct json_object *options, GError **error)
{
    json_object_object_foreach((struct json_object *)options, key, value)
    {
        (void)value;
        if (!g_strv_contains(known_options, key)) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "Parameter '%s' is unexpected",
                        key);
            return false;
        }
    }
    return true;
}

/* ---- addresses ---- */

static bool parse_address(const char *text, uint32_t *out_address)
{
    struct in_addr address;

    if (inet_pton(AF_INET, text, &address) != 1) {
        return false;
    }
    *out_address = ntohl(address.s_addr);
    return true;
}

/* The network class of old, for an address without a mask. */
static uint32_t class_mask(uint32_t net)
{
    return (net & 0x80000000u) == 0             ? 0xff000000u
           : (net & 0xc0000000u) == 0x80000000u ? 0xffff0000u
           : (net & 0xe0000000u) == 0xc0000000u ? 0xffffff00u
                                                : 0xf0000000u;
}

/* Bits or dotted; ones, then zeros. */
static bool parse_mask(const char *text, uint32_t *out_mask)
{
    guint64 bits;

    if (strchr(text, '.') != NULL) {
        return parse_address(text, out_mask) && (~*out_mask & (~*out_mask + 1)) == 0;
    }
    if (!g_ascii_string_to_unsigned(text, 10, 1, 32, &bits, NULL)) {
        return false;
    }
    *out_mask = UINT32_MAX << (32 - bits);
    return true;
}

static bool read_net(struct host_net_settings *settings, const struct json_object *options,
                     GError **error)
{
    const char *text = options_text(options, "net");
    g_auto(GStrv) parts = text != NULL ? g_strsplit(text, "/", 2) : NULL;

    settings->net = DEFAULT_NET;
    settings->mask = DEFAULT_MASK;
    if (text == NULL) {
        return true;
    }
    if (parts[0] == NULL || !parse_address(parts[0], &settings->net)) {
        return refuse("net", text, "an address such as 10.0.2.0/24", error);
    }
    settings->mask = class_mask(settings->net);
    if (parts[1] != NULL && !parse_mask(parts[1], &settings->mask)) {
        return refuse("net", text, "an address such as 10.0.2.0/24", error);
    }
    settings->net &= settings->mask;
    return true;
}

static bool read_address(const struct host_net_settings *settings,
                         const struct json_object *options, const char *key, uint32_t number,
                         struct in_addr *out_address, GError **error)
{
    const char *text = options_text(options, key);
    uint32_t address = settings->net | (number & ~settings->mask);

    if (text != NULL &&
        (!parse_address(text, &address) || (address & settings->mask) != settings->net)) {
        return refuse(key, text, "an address inside the network", error);
    }
    out_address->s_addr = htonl(address);
    return true;
}

static bool read_addresses(struct host_net_settings *settings, const struct json_object *options,
                           GError **error)
{
    SlirpConfig *config = &settings->config;

    if (!read_net(settings, options, error) ||
        !read_address(settings, options, "host", HOST_NUMBER, &config->vhost, error) ||
        !read_address(settings, options, "dhcpstart", DHCP_NUMBER, &config->vdhcp_start, error) ||
        !read_address(settings, options, "dns", DNS_NUMBER, &config->vnameserver, error)) {
        return false;
    }
    config->vnetwork.s_addr = htonl(settings->net);
    config->vnetmask.s_addr = htonl(settings->mask);
    if (config->vhost.s_addr == config->vnameserver.s_addr ||
        config->vhost.s_addr == config->vdhcp_start.s_addr) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "the addresses of host, dns and dhcpstart must differ");
        return false;
    }
    (void)inet_pton(AF_INET6, IPV6_PREFIX, &config->vprefix_addr6); /* They are well-formed. */
    (void)inet_pton(AF_INET6, IPV6_HOST, &config->vhost6);
    (void)inet_pton(AF_INET6, IPV6_DNS, &config->vnameserver6);
    config->vprefix_len = IPV6_BITS;
    return true;
}

/* ---- the rest ---- */

static bool read_switches(SlirpConfig *config, const struct json_object *options, GError **error)
{
    bool is_restricted = false;

    config->in_enabled = true;
    if (!options_switch(options, "ipv4", &config->in_enabled, error) ||
        !options_switch(options, "ipv6", &config->in6_enabled, error) ||
        !options_switch(options, "restrict", &is_restricted, error)) {
        return false;
    }
    config->restricted = is_restricted;
    if (!config->in_enabled && !config->in6_enabled) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "IPv4 and IPv6 disabled: expected one of them");
        return false;
    }
    return true;
}

/* A text, an array of texts, or QMP's array of {"str": text}. */
static void read_list(GPtrArray *out, const struct json_object *options, const char *key)
{
    struct json_object *value = NULL;

    (void)json_object_object_get_ex(options, key, &value); /* absent: NULL */
    if (!json_object_is_type(value, json_type_array)) {
        if (value != NULL) {
            g_ptr_array_add(out, (gpointer)json_object_get_string(value));
        }
        return;
    }
    for (size_t i = 0; i < json_object_array_length(value); i++) {
        struct json_object *entry = json_object_array_get_idx(value, i);
        struct json_object *text = NULL;

        if (!json_object_object_get_ex(entry, "str", &text)) {
            text = entry;
        }
        g_ptr_array_add(out, (gpointer)(text != NULL ? json_object_get_string(text) : ""));
    }
}

static void read_names(struct host_net_settings *settings, const struct json_object *options)
{
    SlirpConfig *config = &settings->config;

    config->vhostname = options_text(options, "hostname");
    config->vdomainname = options_text(options, "domainname");
    config->tftp_path = options_text(options, "tftp");
    config->tftp_server_name = options_text(options, "tftp-server-name");
    config->bootfile = options_text(options, "bootfile");
    read_list(settings->forwards, options, "hostfwd");
    read_list(settings->searches, options, "dnssearch");
    if (settings->searches->len > 0) {
        g_ptr_array_add(settings->searches, NULL);
        config->vdnssearch = (const char **)settings->searches->pdata;
    }
}

struct host_net_settings *host_net_settings_read(const struct json_object *options, GError **error)
{
    struct host_net_settings *settings = g_new0(struct host_net_settings, 1);

    settings->config.version = 1;
    settings->forwards = g_ptr_array_new();
    settings->searches = g_ptr_array_new();
    if (!options_are_known(options, error) || !read_addresses(settings, options, error) ||
        !read_switches(&settings->config, options, error)) {
        host_net_settings_free(settings);
        return NULL;
    }
    read_names(settings, options);
    return settings;
}

const SlirpConfig *host_net_settings_config(const struct host_net_settings *settings)
{
    return &settings->config;
}

void host_net_settings_free(struct host_net_settings *settings)
{
    g_ptr_array_unref(settings->forwards);
    g_ptr_array_unref(settings->searches);
    g_free(settings);
}

/* ---- forwarded ports ---- */

struct forward {
    bool is_udp;
    struct in_addr host, guest;
    int host_port, guest_port;
};

static bool parse_port(const char *text, unsigned least, int *out_port)
{
    guint64 port;

    if (!g_ascii_string_to_unsigned(text, 10, least, UINT16_MAX, &port, NULL)) {
        return false;
    }
    *out_port = (int)port;
    return true;
}

/* An address that may be left out, a colon, a port. */
static bool parse_end(const char *text, unsigned least, struct in_addr *address, int *out_port)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", 2);

    return g_strv_length(parts) == 2 &&
           (parts[0][0] == '\0' || inet_pton(AF_INET, parts[0], address) == 1) &&
           parse_port(parts[1], least, out_port);
}

/* [tcp|udp]:[address]:port-[address]:port; the guest's address is the first that DHCP gives. */
static bool parse_forward(const char *rule, struct forward *out)
{
    g_auto(GStrv) ends = g_strsplit(rule, "-", 2);
    const char *colon = strchr(rule, ':');

    if (g_strv_length(ends) != 2 || colon == NULL || strchr(ends[0], ':') == NULL) {
        return false;
    }
    out->is_udp = g_str_has_prefix(rule, "udp:");
    if (!out->is_udp && rule[0] != ':' && !g_str_has_prefix(rule, "tcp:")) {
        return false;
    }
    return parse_end(strchr(ends[0], ':') + 1, 0, &out->host, &out->host_port) &&
           parse_end(ends[1], 1, &out->guest, &out->guest_port);
}

bool host_net_settings_forward(const struct host_net_settings *settings, Slirp *slirp,
                               GError **error)
{
    for (guint i = 0; i < settings->forwards->len; i++) {
        const char *rule = g_ptr_array_index(settings->forwards, i);
        struct forward forward = { .guest = settings->config.vdhcp_start };

        forward.host.s_addr = htonl(INADDR_ANY);
        if (!parse_forward(rule, &forward)) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                        "Invalid host forwarding rule '%s'; expected "
                        "[tcp|udp]:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT",
                        rule);
            return false;
        }
        if (slirp_add_hostfwd(slirp, forward.is_udp, forward.host, forward.host_port, forward.guest,
                              forward.guest_port) != 0) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO,
                        "Could not set up host forwarding rule '%s'", rule);
            return false;
        }
    }
    return true;
}
