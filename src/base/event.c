#include "flexsync/event.h"

const struct event_kind event_kinds[EVENT_COUNT] = {
    [EVENT_STARTED] = {"76e9497557d676576edf764edd0f5702", "started", LOG_LEVEL_INFO},
    [EVENT_STOPPED] = {"acf34093874db220a48a38906ac13577", "stopped", LOG_LEVEL_INFO},
    [EVENT_CYCLE_BEGUN] = {"a9c611f113569242412fa8d34535829a", "cycle-begun", LOG_LEVEL_INFO},
    [EVENT_CYCLE_DONE] = {"f7d6f5b3cf9b4ea605522f4e9295f181", "cycle-done", LOG_LEVEL_INFO},
    [EVENT_CYCLE_PARTIAL] = {"193bd59591a305f080fd7b4caa90541a", "cycle-partial", LOG_LEVEL_WARN},
    [EVENT_CYCLE_FAILED] = {"a5daf21bcb2fb1fd0e90b28f84e0d871", "cycle-failed", LOG_LEVEL_ERROR},
    [EVENT_CYCLE_DETAIL] = {"d98e49feb9a3789cf51dca81f0d9f2e7", "cycle-detail", LOG_LEVEL_DEBUG},
    [EVENT_LISTING_ODD] = {"2195c71e7d1222ac8151d89b2cae965f", "listing-odd", LOG_LEVEL_WARN},
    [EVENT_VANISHED_DOUBTED] = {"24945530fa2c97778961248b0b3b8a69", "vanished-doubted", LOG_LEVEL_ERROR},
    [EVENT_FINDINGS] = {"d8f20b0992e952f4ece0a76ae5dcb67d", "findings", LOG_LEVEL_INFO},
    [EVENT_THROTTLED] = {"551e2e5e6bf601e99fea4a15f31feb1a", "throttled", LOG_LEVEL_WARN},
    [EVENT_KEY_REFUSED] = {"a46f76cf2e5a41ce394bec6df536d6f9", "key-refused", LOG_LEVEL_ERROR},
    [EVENT_STORE_TROUBLE] = {"7e1c4b0ef8f9dde88d9ac62df0f5b1fb", "store-trouble", LOG_LEVEL_ERROR},
    [EVENT_STORE_CORRUPT] = {"e5b22e9440c726b4c54cf96adee7ac4c", "store-corrupt", LOG_LEVEL_ERROR},
    [EVENT_MIGRATED] = {"c0220dadf9dfbee8899e256804a4bf6c", "migrated", LOG_LEVEL_INFO},
    [EVENT_INTERRUPTED] = {"acd92a8a2ab4290e63e352a257de609c", "interrupted", LOG_LEVEL_WARN},
    [EVENT_RELOADED] = {"896399df995e9e3ce2022ac41c8ec8b1", "reloaded", LOG_LEVEL_INFO},
    [EVENT_RELOAD_REFUSED] = {"10353380a79e8528d2223f83bc16b826", "reload-refused", LOG_LEVEL_ERROR},
    [EVENT_STATUS] = {"a303e70fa7d50a0f2e573c76afd64bad", "status", LOG_LEVEL_INFO},
    [EVENT_FEED] = {"6066ff057cc74eebac10859e6997b904", "feed", LOG_LEVEL_INFO},
};
