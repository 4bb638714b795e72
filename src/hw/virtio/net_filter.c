/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net_filter.c - receive modes and the table of addresses. */
#include "hw/virtio/net_filter.h"

#include <string.h>

#include "base/bytes.h"

#define MULTICAST_BIT 1u

STATE_DESCRIBE(net_filter_desc, struct net_filter_state, NET_FILTER_FIELDS);

void net_filter_reset(struct net_filter_state *filter, const uint8_t *mac)
{
    *filter = (struct net_filter_state){ .promiscuous = true };
    memcpy(filter->mac, mac, NET_MAC_BYTES);
}

static bool is_in_table(const struct net_filter_state *filter, const uint8_t *mac, unsigned first,
                        unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        if (memcmp(&filter->macs[i * NET_MAC_BYTES], mac, NET_MAC_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

bool net_filter_accepts(const struct net_filter_state *filter, const uint8_t *frame)
{
    static const uint8_t broadcast[NET_MAC_BYTES] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

    if (filter->promiscuous) {
        return true;
    }
    if (memcmp(frame, broadcast, NET_MAC_BYTES) == 0) {
        return !filter->no_broadcast;
    }
    if ((frame[0] & MULTICAST_BIT) != 0) {
        return !filter->no_multicast &&
               (filter->all_multicast || filter->multicast_overflow ||
                is_in_table(filter, frame, filter->unicast_count, filter->multicast_count));
    }
    return !filter->no_unicast && (filter->all_unicast || filter->unicast_overflow ||
                                   memcmp(frame, filter->mac, NET_MAC_BYTES) == 0 ||
                                   is_in_table(filter, frame, 0, filter->unicast_count));
}

static bool set_mode(struct net_filter_state *filter, uint8_t command, const uint8_t *data,
                     size_t bytes)
{
    bool *const modes[] = { &filter->promiscuous,  &filter->all_multicast, &filter->all_unicast,
                            &filter->no_multicast, &filter->no_unicast,    &filter->no_broadcast };

    if (command >= G_N_ELEMENTS(modes) || bytes != 1) {
        return false;
    }
    *modes[command] = data[0] != 0;
    return true;
}

/* A count (32 bits) and its addresses; moves *data and *bytes behind them. */
static bool take_table(const uint8_t **data, size_t *bytes, const uint8_t **out_macs,
                       uint32_t *out_count)
{
    uint32_t count;

    if (*bytes < 4) {
        return false;
    }
    count = bytes_load_le32(*data);
    if (count > (*bytes - 4) / NET_MAC_BYTES) {
        return false;
    }
    *out_macs = *data + 4;
    *out_count = count;
    *data += 4 + (size_t)count * NET_MAC_BYTES;
    *bytes -= 4 + (size_t)count * NET_MAC_BYTES;
    return true;
}

static bool set_table(struct net_filter_state *filter, const uint8_t *data, size_t bytes)
{
    const uint8_t *unicast, *multicast;
    uint32_t unicasts, multicasts;

    if (!take_table(&data, &bytes, &unicast, &unicasts) ||
        !take_table(&data, &bytes, &multicast, &multicasts) || bytes != 0) {
        return false;
    }
    filter->unicast_overflow = unicasts > NET_FILTER_MACS_MAX;
    filter->unicast_count = filter->unicast_overflow ? 0 : (uint8_t)unicasts;
    filter->multicast_overflow = multicasts > NET_FILTER_MACS_MAX - filter->unicast_count;
    filter->multicast_count = filter->multicast_overflow ? 0 : (uint8_t)multicasts;
    memset(filter->macs, 0, sizeof(filter->macs));
    memcpy(filter->macs, unicast, (size_t)filter->unicast_count * NET_MAC_BYTES);
    memcpy(&filter->macs[(size_t)filter->unicast_count * NET_MAC_BYTES], multicast,
           (size_t)filter->multicast_count * NET_MAC_BYTES);
    return true;
}

static bool set_address(struct net_filter_state *filter, const uint8_t *data, size_t bytes)
{
    if (bytes != NET_MAC_BYTES) {
        return false;
    }
    memcpy(filter->mac, data, NET_MAC_BYTES);
    return true;
}

bool net_filter_command(struct net_filter_state *filter, uint8_t class, uint8_t command,
                        const uint8_t *data, size_t bytes)
{
    if (class == NET_CONTROL_RX) {
        return set_mode(filter, command, data, bytes);
    }
    if (class != NET_CONTROL_MAC) {
        return false;
    }
    return command == NET_CONTROL_MAC_TABLE     ? set_table(filter, data, bytes)
           : command == NET_CONTROL_MAC_ADDRESS ? set_address(filter, data, bytes)
                                                : false;
}
